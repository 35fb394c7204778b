"""Many gift cards at once: they are chosen, with what is to be done to them."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from msgspec import Meta

from gridgift.dashboard.forms import EMPTY, Draft, read_pairs
from gridgift.dashboard.page import Page
from gridgift.dashboard.pages.cards import CARDS, ROWS, CardsQuery
from gridgift.dashboard.render import redirect, render
from gridgift.domain import bulk_changes
from gridgift.domain.bulk_changes import Terms, What
from gridgift.domain.days import end_of, parse_day
from gridgift.domain.failures import ValidationFailed
from gridgift.domain.ids import new_id, parse_uuid
from gridgift.domain.many import MAX_CHOSEN
from gridgift.domain.search import Filters
from gridgift.fields import Tag, Text
from gridgift.http.edge.answers import write
from gridgift.http.edge.decode import decode_texts
from gridgift.http.edge.refusals import TooManyGiftCards
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.session import OperatorRequest, Session
from gridgift.selection import find_all

MANY: Final = f"{CARDS}/many"
LATELY: Final = 10  # changes
DO: Final[Mapping[What, str]] = {
    "off": "Switch them off",
    "on": "Switch them on",
    "extend": "Let them end later",
    "tag": "Give them a tag",
    "untag": "Take a tag away",
}

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
    """The form: what to do to the cards, and why."""

    what: What
    last_day: (
        Annotated[str, Meta(extra={"says": "must be a date like 2027-01-31", "parse": parse_day})]
        | None
    ) = None
    label: Tag | None = None
    reason: Text | None = None

    def terms(self, zone: str, matching: Filters | None) -> Terms:
        """Return what to do. Raises ``ValidationFailed``."""
        why = self.reason or ""
        if self.what in {"on", "off"}:
            return Terms(self.what, reason=why, matching=matching)
        if self.what == "extend":
            if self.last_day is None or (day := parse_day(self.last_day)) is None:
                raise ValidationFailed({"last_day": ["is required"]})
            return Terms(self.what, end_of(day, zone), reason=why, matching=matching)
        if self.label is None:
            raise ValidationFailed({"label": ["is required"]})
        return Terms(self.what, tag=self.label, reason=why, matching=matching)


async def choose_what(request: OperatorRequest[Chosen, None]) -> Reply[None]:
    """Ask what to do to the cards, and show what was done to many lately."""
    return await _ask(request, request.query, EMPTY)


async def ask_again(request: OperatorRequest[None, Any], draft: Draft) -> Reply[None]:
    """Ask again, with what is wrong."""
    names = Wanted.__struct_fields__
    sent = [(name, text) for name, text in read_pairs(request.raw_body) if name in names and text]
    return await _ask(request, decode_texts(sent, Chosen), draft)


async def prepare(request: OperatorRequest[None, Wanted]) -> Reply[None]:
    """Keep what is to be done to which cards, and show what would come of it."""
    ids, matching = await _cards(request, request.body)
    return await keep(request, request.body.terms(request.principal.zone, matching), ids)


async def keep(
    request: OperatorRequest[None, Any], terms: Terms, ids: Sequence[str]
) -> Reply[None]:
    """Keep a change that is to be looked at, and lead to its page."""
    change_id = new_id()
    await write(request, bulk_changes.add, request.caller, change_id, terms, ids)
    return redirect(request, f"{MANY}/{change_id}")


async def _ask(request: OperatorRequest[Any, Any], chosen: Chosen, draft: Draft) -> Reply[None]:
    ids, _ = await _cards(request, chosen)
    lately = await request.operations.read(bulk_changes.list_of, request.store_id, LATELY)
    return render(
        request, "many.html",
        count=len(ids), chosen=chosen, actions=DO, draft=draft, lately=lately,
        back=chosen.address() if chosen.every else CARDS,
    )  # fmt: skip


async def _cards(
    request: OperatorRequest[Any, Any], chosen: Chosen
) -> tuple[Sequence[str], Filters | None]:
    """Return the ids of the cards, and by what they were found, if not by their ids."""
    if not chosen.every:
        named = (parse_uuid(text) for text in chosen.ids)
        return list(dict.fromkeys(card_id for card_id in named if card_id)), None
    filters = chosen.filters(request.received_at, request.principal.zone)
    ids = await find_all(request.operations, request.store_id, filters, MAX_CHOSEN)
    if len(ids) > MAX_CHOSEN:
        raise TooManyGiftCards(MAX_CHOSEN)
    return ids, filters


_CLERK: Final = Session("clerk")
PAGES: Final = (
    Page("GET", MANY, _CLERK, choose_what, query=Chosen),
    Page("POST", MANY, _CLERK, prepare, body=Wanted, again=ask_again),
)
