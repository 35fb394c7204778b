"""Two people who change one thing of a store: the second is told what the first has changed.

Units, webhooks, keys, the team and the settings have no version. So each form about one carries
what its page showed of it. If that is another by then, nothing is changed: the page is shown again,
with what is different. A field that the person had left as it was has what there is now; only what
they typed stays.
"""

import hashlib
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from typing import Any, Concatenate, Final, Generic, Literal, TypeVar
from urllib.parse import parse_qs, urlencode

from msgspec import Struct

from gridgift.dashboard.editing import Difference
from gridgift.dashboard.forms import Draft
from gridgift.domain.failures import PreconditionFailed
from gridgift.http.edge.session import OperatorRequest
from gridgift.storage.database import P, Tx

S = TypeVar("S")
T = TypeVar("T")
Facts = Mapping[str, Sequence[str]]  # texts by the forms' names of their fields; none is empty

BRIEF: Final = 120  # characters of a text that a form carries
LABELS: Final = {
    "name": "Name",
    "credit": "L$ of each card",
    "texture": "Picture",
    "group_only": "Only for the group",
    "transferable": "Cards may be passed on",
    "first_day": "First day",
    "last_day": "Last day",
    "max_cards": "Cards in all",
    "max_cards_a_day": "Cards a day",
    "max_credit": "L$ in all",
    "min_account_days": "Age of accounts in days",
    "usernames": "Only for these residents",
    "paused": "Paused",
    "round_number": "Round",
    "object_uuid": "Object",
    "url": "Address",
    "format": "For",
    "types": "Only these events",
    "active": "Switched on",
    "secret_version": "Number of its secret",
    "scopes": "May do",
    "works_until": "Works until",
    "revoked": "Revoked",
    "works_as": "Works as",
    "has_second_factor": "Second factor",
    "time_zone": "Time zone",
    "logo": "Logo",
    "location_slurl": "Place on the map",
    "contact": "Contact",
    "customer_origin": "Page of residents",
    "card_lifetime": "Days that a card is good for",
}
_BOXES: Final = frozenset(
    {"group_only", "transferable", "paused", "active", "revoked", "has_second_factor"}
)
_NOTHING: Final = (None, "", (), frozenset[str]())


class SeenForm(Struct, frozen=True):
    """A form about something as it was shown; without what was seen it fits nothing."""

    seen: str = ""


class SwitchForm(SeenForm, frozen=True, kw_only=True):
    """The form that has something pause, or go on."""

    to: Literal["on", "off"]


class Changed(Struct, frozen=True):
    """What is another than a form had it, and how; ``what`` names it."""

    what: str
    differences: Sequence[Difference]


class Seen(Struct, Generic[S], frozen=True):
    """How things of a kind are seen.

    ``lock`` reads one, by the ids of its store and its own, and nobody else changes it until the
    transaction's end. ``name`` is what people call it. ``values`` are what its page shows in a time
    zone, by the forms' names; what changes without anybody's doing is not among them.
    """

    lock: Callable[[Tx, str, str], Coroutine[Any, Any, S]]
    name: Callable[[S], str]
    values: Callable[[S, str], Mapping[str, object]]

    def written(self, thing: S, zone: str) -> str:
        """Write what a page shows as its forms carry it."""
        return _written(self._facts(thing, zone))

    def only(
        self,
        request: OperatorRequest[Any, Any],
        thing_id: str,
        operation: Callable[Concatenate[Tx, P], Coroutine[Any, Any, T]],
    ) -> Callable[Concatenate[Tx, P], Coroutine[Any, Any, T]]:
        """Return an operation on what a form is about, as it was seen.

        It raises ``PreconditionFailed`` if that is another by now, and what ``lock`` raises.
        """
        store_id, zone, seen = request.store_id, request.principal.zone, request.body.seen

        async def checked(tx: Tx, /, *args: P.args, **kwargs: P.kwargs) -> T:
            if self.written(await self.lock(tx, store_id, thing_id), zone) != seen:
                raise PreconditionFailed(seen)
            return await operation(tx, *args, **kwargs)

        return checked

    def compared(self, draft: Draft, thing: S | None, zone: str) -> tuple[Draft, Changed | None]:
        """Return a draft as it is to be shown, and what has changed since its form was shown.

        A form that is only a button has no text of the page's other forms; one that is about no
        thing yet is as it was.
        """
        if thing is None:
            return draft, None
        now = self._facts(thing, zone)
        values = {} if draft.values.keys().isdisjoint(now) else draft.values
        before = parse_qs(draft.value("seen"))
        if not before or draft.value("seen") == _written(now):
            return Draft(values, draft.errors, draft.message), None
        names = before.keys() | now.keys() | values.keys() if values else ()
        merged = {name: _shown(values.get(name, ()), before.get(name, []), now.get(name, [""]))
                  for name in names}  # fmt: skip
        return Draft(merged, draft.errors), Changed(self.name(thing), [*_differences(before, now)])

    def _facts(self, thing: S, zone: str) -> Facts:
        return {
            name: sorted(value) if isinstance(value, tuple | frozenset) else [_text(value)]
            for name, value in self.values(thing, zone).items()
            if value is not False and value not in _NOTHING
        }


def _written(facts: Facts) -> str:
    return urlencode([(name, [*map(_brief, facts[name])]) for name in sorted(facts)], doseq=True)


def _differences(before: Facts, now: Facts) -> Iterator[Difference]:
    for name, label in LABELS.items():
        then, since = before.get(name, []), [*map(_brief, now.get(name, []))]
        if then != since:
            yield Difference(label, _words(name, then), _words(name, since))


def _shown(typed: Sequence[str], before: Sequence[str], now: Sequence[str]) -> Sequence[str]:
    """Return what a field has when it is shown again: what was typed, unless that was there."""
    same = sorted(_brief(text.strip()) for text in typed if text.strip()) == before
    return now if same else typed or [""]


def _words(name: str, texts: Sequence[str]) -> str:
    if name in _BOXES:
        return "yes" if texts else "no"
    return ", ".join(texts) or "none"


def _text(value: object) -> str:
    return "true" if value is True else str(value)


def _brief(text: str) -> str:
    """Return the beginning of a long text, with what tells it from others that begin so."""
    if len(text) <= BRIEF:
        return text
    return f"{text[:BRIEF]}… ({hashlib.sha256(text.encode()).hexdigest()[:16]})"
