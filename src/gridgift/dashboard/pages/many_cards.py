"""Many gift cards at once: they are chosen, what would come of it is shown, then it is done."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode

from msgspec import Meta

from gridgift.dashboard.acting import act
from gridgift.dashboard.forms import EMPTY, Draft, read_pairs
from gridgift.dashboard.page import Page
from gridgift.dashboard.pages.cards import CARDS, ROWS, CardsQuery
from gridgift.dashboard.render import render
from gridgift.domain import many
from gridgift.domain.actions import About
from gridgift.domain.days import end_of, parse_day
from gridgift.domain.failures import Failure, ValidationFailed
from gridgift.domain.many import MAX_CHOSEN, Action, Done, Outcome
from gridgift.domain.search import Filters
from gridgift.domain.texts import counted
from gridgift.fields import Tag, Text
from gridgift.http.edge.decode import decode_texts
from gridgift.http.edge.refusals import SelectionDiffers, TooManyGiftCards
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.session import OperatorRequest, Session
from gridgift.selection import find_all

MANY: Final = f"{CARDS}/many"
LISTED: Final = 200  # rows that a page shows of each kind
DO: Final = {
    "off": "Switch them off",
    "on": "Switch them on",
    "extend": "Let them end later",
    "tag": "Give them a tag",
    "untag": "Take a tag away",
}
DONE: Final = {
    "off": "switched off",
    "on": "switched on",
    "extend": "end later",
    "tag": "given a tag",
    "untag": "without a tag",
}

What = Literal["off", "on", "extend", "tag", "untag"]
Ids = Annotated[list[str], Meta(max_length=ROWS)]


class Chosen(CardsQuery, frozen=True):
    """Which cards: those with ``ids``, or ``every`` one that the list's query finds."""

    ids: Ids = []  # noqa: RUF012 - a struct copies it
    every: bool = False

    @property
    def fields(self) -> list[tuple[str, str | int | None]]:
        """What a form carries of it."""
        if self.every:
            return [("every", "true"), *self.parameters().items()]
        return [("ids", card_id) for card_id in self.ids]

    def export(self, kind: str) -> str:
        """Return the address of these cards as a file."""
        if self.every:
            return super().export(kind)
        return f"{CARDS}/export.{kind}?{urlencode({'ids': self.ids}, doseq=True)}"


class Wanted(Chosen, frozen=True, kw_only=True):
    """The form: what to do to the cards, and why.

    ``selection`` names the cards that were shown beforehand.
    """

    what: What
    last_day: (
        Annotated[str, Meta(extra={"says": "must be a date like 2027-01-31", "parse": parse_day})]
        | None
    ) = None
    label: Tag | None = None
    reason: Text | None = None
    selection: str | None = None

    def about(self, outcomes: Sequence[Outcome]) -> About | None:
        """Say of how many cards what was done, if it was of any."""
        changed = sum(many.word(outcome) == "changed" for outcome in outcomes)
        return About(text=f"{counted(changed, 'card')} {DONE[self.what]}") if changed else None

    def action(self, zone: str) -> Action:
        """Return what to do. Raises ``ValidationFailed``."""
        why = self.reason or ""
        if self.what in {"on", "off"}:
            return many.switching(active=self.what == "on", reason=why)
        if self.what == "extend":
            if self.last_day is None or (day := parse_day(self.last_day)) is None:
                raise ValidationFailed({"last_day": ["is required"]})
            return many.extending_to(end_of(day, zone), why)
        if self.label is None:
            raise ValidationFailed({"label": ["is required"]})
        add, remove = ([self.label], []) if self.what == "tag" else ([], [self.label])
        return many.tagging(add, remove, why)


async def choose_what(request: OperatorRequest[Chosen, None]) -> Reply[None]:
    """Ask what to do to the cards."""
    return await _ask(request, request.query, EMPTY)


async def ask_again(request: OperatorRequest[None, Any], draft: Draft) -> Reply[None]:
    """Ask again, with what is wrong."""
    return await _ask(request, decode_texts(_shown(request), Chosen), draft)


async def check_many(request: OperatorRequest[None, Wanted]) -> Reply[None]:
    """Show what would come of the cards; nothing is changed."""
    action, ids, matching = await _find(request, request.body)
    outcomes: list[Outcome] = []
    for some in many.in_parts(ids):
        async with request.services.bulk_turn:
            outcomes += await request.operations.read(
                many.act_on_each, request.caller, some, action, matching, dry=True
            )
    sent = [(name, text) for name, text in _shown(request) if name != "selection"]
    return _show(request, ids, outcomes, [*sent, ("selection", many.digest(ids))])


async def change_many(request: OperatorRequest[None, Wanted]) -> Reply[None]:
    """Change the cards, a hundred in a transaction; doing it twice changes nothing more."""
    action, ids, matching = await _find(request, request.body)
    if request.body.selection != many.digest(ids):
        raise SelectionDiffers(len(ids))
    outcomes: list[Outcome] = []
    for some in many.in_parts(ids):
        async with request.services.bulk_turn:
            changed: list[Outcome] = await act(
                request, "cards_changed", request.body.about, many.act_on_each,
                request.caller, some, action, matching,
            )  # fmt: skip
            outcomes += changed
    return _show(request, ids, outcomes, None)


def _show(
    request: OperatorRequest[None, Wanted],
    ids: Sequence[str],
    outcomes: Sequence[Outcome],
    fields: Sequence[tuple[str, str]] | None,
) -> Reply[None]:
    """Show what came of the cards, or (``fields`` of the next form) what would come of them."""
    done = [outcome for outcome in outcomes if isinstance(outcome, Done)]
    pairs = zip(ids, outcomes, strict=True)
    return render(
        request, "many_done.html",
        what=DO[request.body.what], count=len(ids), listed=LISTED, fields=fields,
        changed=[each for each in done if each.changed],
        unchanged=[each for each in done if not each.changed],
        refused=[(card_id, said) for card_id, said in pairs if isinstance(said, Failure)],
        back=_back(request.body),
    )  # fmt: skip


async def _ask(request: OperatorRequest[Any, Any], chosen: Chosen, draft: Draft) -> Reply[None]:
    ids, _ = await _cards(request, chosen)
    return render(
        request, "many.html",
        count=len(ids), chosen=chosen, actions=DO, draft=draft, back=_back(chosen),
    )  # fmt: skip


async def _find(
    request: OperatorRequest[None, Wanted], form: Wanted
) -> tuple[Action, Sequence[str], Filters | None]:
    """Return what to do, to which cards, and by what they were found, if not by their ids."""
    action = form.action(request.principal.zone)
    return action, *await _cards(request, form)


async def _cards(
    request: OperatorRequest[Any, Any], chosen: Chosen
) -> tuple[Sequence[str], Filters | None]:
    if not chosen.every:
        return list(dict.fromkeys(chosen.ids)), None
    filters = chosen.filters(request.received_at, request.principal.zone)
    ids = await find_all(request.operations, request.store_id, filters, MAX_CHOSEN)
    if len(ids) > MAX_CHOSEN:
        raise TooManyGiftCards(MAX_CHOSEN)
    return ids, filters


def _shown(request: OperatorRequest[Any, Any]) -> list[tuple[str, str]]:
    """Return what the form had, but for its token, which every form has of its own."""
    names = Wanted.__struct_fields__
    return [(name, text) for name, text in read_pairs(request.raw_body) if name in names and text]


def _back(chosen: Chosen) -> str:
    """Return the address of the list that the cards were chosen from."""
    return chosen.address() if chosen.every else CARDS


_CLERK: Final = Session("clerk")
PAGES: Final = (
    Page("GET", MANY, _CLERK, choose_what, query=Chosen),
    Page("POST", f"{MANY}/check", _CLERK, check_many, body=Wanted, again=ask_again),
    Page("POST", f"{MANY}/change", _CLERK, change_many, body=Wanted, again=ask_again),
)
