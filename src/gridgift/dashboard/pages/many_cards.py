"""Many gift cards at once: they are chosen, with what is to be done to them."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode

from msgspec import Meta

from gridgift import changing
from gridgift.dashboard.forms import EMPTY, Draft, Errors, read_pairs
from gridgift.dashboard.page import Page
from gridgift.dashboard.pages.cards import CARDS, ROWS, CardsQuery
from gridgift.dashboard.render import redirect, render
from gridgift.domain import bulk_changes, search
from gridgift.domain.bulk_changes import BulkChange, Terms, What
from gridgift.domain.card_filters import Filters
from gridgift.domain.days import end_of, parse_day
from gridgift.domain.failures import ValidationFailed
from gridgift.domain.ids import new_id, parse_uuid
from gridgift.domain.search import Count
from gridgift.fields import Tag, Text
from gridgift.http.edge.answers import write
from gridgift.http.edge.decode import decode_texts
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.session import OperatorRequest, Session

MANY: Final = f"{CARDS}/many"
LATELY: Final = 10  # changes
DO: Final[Mapping[What, str]] = {
    "off": "Switch them off",
    "on": "Switch them on",
    "extend": "Let them end later",
    "tag": "Give them a tag",
    "untag": "Take a tag away",
    "shorten": "Let them end as before",
}
DONE: Final[Mapping[What, str]] = {
    "off": "Switched off",
    "on": "Switched on",
    "extend": "Made to end later",
    "tag": "Given a tag",
    "untag": "A tag taken away",
    "shorten": "Made to end as before",
}
Wish = Literal["off", "on", "extend", "tag", "untag"]  # what a form asks for

Ids = Annotated[list[str], Meta(max_length=ROWS)]


class Chosen(CardsQuery, frozen=True):
    """Which cards: those with ``ids``, or ``every`` one that the list's query finds."""

    ids: Ids = []  # noqa: RUF012 - a struct copies it
    every: bool = False

    @property
    def named(self) -> tuple[str, ...]:
        """The ids that are some, each once."""
        return tuple(dict.fromkeys(found for text in self.ids if (found := parse_uuid(text))))

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

    what: Wish
    last_day: (
        Annotated[str, Meta(extra={"says": "must be a date like 2027-01-31", "parse": parse_day})]
        | None
    ) = None
    label: Tag | None = None
    reason: Text | None = None

    def terms(self, now: int, zone: str) -> Terms:
        """Return what to do, and to which cards. Raises ``ValidationFailed`` if they are none."""
        which: dict[str, Any] = (
            {"matching": self.filters(now, zone)} if self.every else {"ids": self.named}
        )
        if not self.every and not self.named:
            raise ValidationFailed({"ids": ["must name a card"]})
        which["reason"] = self.reason or ""
        if self.what in {"on", "off"}:
            return Terms(self.what, **which)
        if self.what == "extend":
            day = parse_day(self.last_day or "")
            assert day is not None, "it was checked when the form was decoded"
            return Terms(self.what, end_of(day, zone), **which)
        return Terms(self.what, tag=self.label or "", **which)

    @classmethod
    def complaints(cls, typed: Mapping[str, str]) -> Errors:
        """Say what is missing for what is to be done."""
        needed = {"extend": "last_day", "tag": "label", "untag": "label"}.get(typed.get("what", ""))
        return {needed: ["is required"]} if needed and needed not in typed else {}


def said(change: BulkChange) -> str:
    """Say what is to be done to cards, or what was."""
    was_done = change.done_at is not None and change.started_at is not None
    return (DONE if was_done else DO)[change.asked.what]


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
    return await keep(request, request.body.terms(request.received_at, request.principal.zone))


async def keep(request: OperatorRequest[None, Any], terms: Terms) -> Reply[None]:
    """Keep a change that is to be looked at, find its first cards, and lead to its page."""
    change_id = new_id()
    await write(request, bulk_changes.add, request.caller, change_id, terms)
    await changing.look(request.services.operations, request.store_id, change_id)
    return redirect(request, f"{MANY}/{change_id}")


async def _ask(request: OperatorRequest[Any, Any], chosen: Chosen, draft: Draft) -> Reply[None]:
    lately = await request.operations.read(bulk_changes.list_of, request.store_id, LATELY)
    return render(
        request, "many.html",
        count=await _count(request, chosen), chosen=chosen, actions=DO, said=said, draft=draft,
        lately=lately,
        back=chosen.address() if chosen.every else CARDS,
    )  # fmt: skip


async def _count(request: OperatorRequest[Any, Any], chosen: Chosen) -> Count:
    """Return how many cards are chosen."""
    if not chosen.every:
        return Count(len(chosen.named), exact=True)
    filters: Filters = chosen.filters(request.received_at, request.principal.zone)
    return await request.operations.read(search.count, request.store_id, filters, exact=False)


_CLERK: Final = Session("clerk")
PAGES: Final = (
    Page("GET", MANY, _CLERK, choose_what, query=Chosen),
    Page("POST", MANY, _CLERK, prepare, body=Wanted, again=ask_again),
)
