"""Two people who change one card: what the second one is told, and what is kept of what they typed.

Every form about a card has the ETag of the card as it was shown. If the card is another one by
then, nothing is changed: the form is shown again, with what happened since. A field that the person
had left as it was has what the card has now; only what they typed stays.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Final, TypeVar

from msgspec import UNSET, Struct, UnsetType

from gridgift.dashboard.filters import money
from gridgift.dashboard.forms import Draft
from gridgift.dashboard.timeline import Moment
from gridgift.domain.card_life import Life
from gridgift.domain.days import day_of, end_of, parse_day
from gridgift.domain.giftcards import Patch, expecting, patching
from gridgift.domain.ledger import read_card_state
from gridgift.domain.locked import LockedCard, Rule
from gridgift.domain.model import (
    NO_LABELS,
    Caller,
    CardChange,
    CardState,
    GiftCard,
    Labels,
)

R = TypeVar("R")
Fields = Mapping[str, str]

LABELS: Final = {
    "owner": "Owner",
    "credit": "Credit",
    "expires_at": "Last day",
    "texture": "Picture",
    "transfer": "May be passed on",
    "active": "Switched on",
    "redeemed": "Used up",
    "tags": "Tags",
    "reference": "Order",
}
LATER: Final = (30, 90, 365)  # days
_BOXES: Final = ("transfer", "active", "redeemed")
_EMPTY: Final = {"expires_at": "never", "texture": "none", "tags": "none", "reference": "none"}


class CardForm(Struct, frozen=True):
    """A form about a card as it was shown, which its ETag names; without one it fits no card."""

    etag: str = ""


class Difference(Struct, frozen=True):
    """What a field was when the form was shown, and what it is now."""

    label: str
    before: str
    after: str


class Meanwhile(Struct, frozen=True):
    """What happened to a card since a form was shown: its sentences, and each field's change."""

    moments: Sequence[Moment]
    differences: Sequence[Difference]
    before: Fields


def fields_of(
    card: GiftCard | CardState, credit: int, zone: str, labels: Labels = NO_LABELS
) -> Fields:
    """Return what the forms have for a card, as texts; a box that is not ticked has none.

    The last day that there is counts as none: by that day programs say "never".
    """
    last = date.max if card.expires_at is None else day_of(card.expires_at - 1, zone)
    return {
        "owner": card.owner_uuid, "credit": str(credit),
        "expires_at": "" if last == date.max else last.isoformat(),
        "texture": card.texture or "",
        **{name: "true" if getattr(card, name) else "" for name in _BOXES},
        "tags": ", ".join(labels.tags), "reference": labels.reference or "",
    }  # fmt: skip


def meanwhile(
    since: Life, life: Sequence[Moment], now: Fields, names: Mapping[str, str], zone: str
) -> Meanwhile:
    """Return what happened since an entry, and what is another now; ``life`` tells of ``since``."""
    assert since.before is not None, "it has the card as the form had it"
    seen = since.before
    then = fields_of(read_card_state(seen.state), seen.balance_after, zone, since.labels)
    return Meanwhile(
        life,
        [
            Difference(label, _words(name, then[name], names), _words(name, now[name], names))
            for name, label in LABELS.items()
            if then[name] != now[name]
        ],
        then,
    )


def shown(now: Fields, before: Fields, draft: Draft) -> Fields:
    """Return what the forms have when they are shown again: what was typed, and else what is now.

    A box that is not ticked is not sent; a text that is not sent is another form's.
    """
    if not draft.values:
        return now
    typed = {
        name: str(draft.value(name)) for name in now if name in _BOXES or draft.values.get(name)
    }
    return {**now, **{name: text for name, text in typed.items() if text.strip() != before[name]}}


def as_seen(rule: Rule[R], etag: str) -> Rule[R]:
    """Return a rule for the card as it was shown; it raises ``PreconditionFailed`` for another."""
    return expecting(frozenset({etag}), rule)


def switching(active: bool, etag: str) -> Rule[CardChange]:
    """Return the rule that switches a card on or off.

    One that is so by now stays as it is, whatever else has changed: nothing of that is overwritten.
    It raises what those of ``as_seen`` and ``patching`` do.
    """

    def rule(locked: LockedCard, caller: Caller) -> CardChange:
        if locked.card.active == active:
            return locked.unchanged()
        return as_seen(patching(Patch(active=active)), etag)(locked, caller)

    return rule


def editing(wanted: Fields, etag: str, zone: str) -> Rule[CardChange]:
    """Return the rule that sets those fields that are another text than the card has.

    So an end within a day stays as it is, unless another day is wanted. It raises what that of
    ``patching`` does, ``PreconditionFailed`` for a card that has another ETag.
    """

    def rule(locked: LockedCard, caller: Caller) -> CardChange:
        present = fields_of(locked.card, locked.card.credit, zone)
        expires_at: int | None | UnsetType = UNSET
        if wanted["expires_at"] != present["expires_at"]:
            day = parse_day(wanted["expires_at"])
            expires_at = None if day in {None, date.max} else end_of(day, zone)
        changes = Patch(
            credit=int(wanted["credit"]),
            texture=wanted["texture"] or None,
            transfer=bool(wanted["transfer"]),
            active=bool(wanted["active"]),
            expires_at=expires_at,
        )
        return as_seen(patching(changes), etag)(locked, caller)

    return rule


def later_days(card: GiftCard, now: int, zone: str) -> list[tuple[int, date]]:
    """Return by how many days a card may end later, each with its last day then.

    Of a card that has ended they count from today; one that never ends, or is used up, has none.
    """
    if card.expires_at is None or card.redeemed:
        return []
    last = max(day_of(card.expires_at - 1, zone), day_of(now, zone))
    return [(days, last + timedelta(days)) for days in LATER if days < (date.max - last).days]


def _words(name: str, text: str, names: Mapping[str, str]) -> str:
    """Say what a field has."""
    if name == "owner":
        return names.get(text, text)
    if name == "credit":
        return money(int(text))
    if name in _EMPTY:
        return text or _EMPTY[name]
    return "yes" if text else "no"
