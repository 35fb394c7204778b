"""Gift cards: the list of the store's, searched, sorted, and written as a file."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Annotated, Any, Final, Literal, cast, get_args
from urllib.parse import urlencode

import msgspec
from msgspec import UNSET, Meta, Struct

from gridgift.dashboard.forms import EMPTY, Draft, decode_fields, read_pairs
from gridgift.dashboard.page import Page
from gridgift.dashboard.render import redirect, render
from gridgift.domain import giftcards, saved_views, search, texts
from gridgift.domain.card_filters import NO_FILTERS, Filters
from gridgift.domain.days import end_of, parse_day, start_of
from gridgift.domain.failures import GiftCardNotFound
from gridgift.domain.ids import parse_uuid
from gridgift.domain.instants import DAY
from gridgift.domain.model import MAX_CREDIT
from gridgift.domain.residents import parse_prefix
from gridgift.domain.search import Search, SortBy
from gridgift.fields import Cursor, Text
from gridgift.http.edge.decode import decode_texts
from gridgift.http.edge.path import id_parameter
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.session import OperatorRequest, Session
from gridgift.storage.database import Tx
from gridgift.views import CARD_EXAMPLE

CARDS: Final = "/dashboard/cards"
ROWS: Final = 50
SOON: Final = 30 * DAY
FAR: Final = NO_FILTERS.created_to  # later than anything

CARD: Final = id_parameter("id", "A gift card.", CARD_EXAMPLE["id"], GiftCardNotFound)

Show = Literal["all", "usable", "soon", "off", "used", "expired"]
Sort = Literal[
    "-created", "created", "-credit", "credit", "-expiry", "expiry", "-updated", "updated"
]
SHOWN: Final[Mapping[Show, str]] = {
    "all": "All",
    "usable": "Usable",
    "soon": "Ends in 30 days",
    "off": "Switched off",
    "used": "Used up",
    "expired": "Expired",
}
assert set(SHOWN) == set(get_args(Show))
LEFT_OUT: Final = "The address has something that this list does not know. It was left out."
Source = Literal["key", "operator", "unit", "resident", "system", "reissue"]
# Who granted cards, in the words of a shopkeeper.
SOURCES: Final[Mapping[str, str]] = {
    "key": "Your shop's programs",
    "operator": "Your team",
    "unit": "Units in Second Life",
    "resident": "Residents",
    "system": "The server",
    "reissue": "In place of another card",
}
assert set(SOURCES) == set(get_args(Source))


Day = Annotated[str, Meta(extra={"says": "must be a date like 2027-01-31", "parse": parse_day})]
Least = Annotated[int, Meta(ge=0, le=MAX_CREDIT, extra={"says": "must be a whole number of L$"})]


Digest = Annotated[str, Meta(pattern="^[0-9a-f]{64}$", extra={"says": "must be of a sending"})]


class CardsQuery(Struct, frozen=True):
    """Which cards: ``q`` is what was typed, an owner's name, a card's id or a tag.

    ``least`` is the credit that each has at least, in L$; days are the store's, and both ends
    count. ``sent`` is the digest of what they were sent with, ``noted`` what a note on each has.
    """

    q: str = ""
    show: Show = "all"
    least: Least = 0
    ends_from: Day | None = None
    ends_by: Day | None = None
    given_from: Day | None = None
    given_to: Day | None = None
    source: Source | None = None
    sent: Digest | None = None
    noted: Text | None = None
    sort: Sort = "-created"
    cursor: Cursor | None = None

    def filters(self, now: int, zone: str) -> Filters:
        """Return what to look for; a text that no name begins with is a tag.

        What is not printable is in neither, and PostgreSQL takes no NUL.
        """
        typed = texts.kept(self.q, len(self.q)).strip()
        uuid, prefix = parse_uuid(typed), parse_prefix(typed)
        is_tag = bool(typed) and uuid is None and (typed[0] == "#" or prefix is None)
        return msgspec.structs.replace(
            _IN_STATE[self.show],
            owner_uuid=uuid,
            owner_prefix=prefix if typed and uuid is None and not is_tag else None,
            tag=typed.removeprefix("#") if is_tag else None,
            expiring_from=self._ends_from(zone),
            expiring_before=self._ends_before(now, zone),
            credit_from=self.least,
            created_from=instant_of(start_of, self.given_from, zone, NO_FILTERS.created_from),
            created_to=instant_of(end_of, self.given_to, zone, FAR + 1) - 1,
            source=self.source,
            imported=bytes.fromhex(self.sent) if self.sent else None,
            note=self.noted or UNSET,
        )

    def _ends_from(self, zone: str) -> int | None:
        begins = instant_of(start_of, self.ends_from, zone, FAR)
        return None if begins == FAR else begins + 1  # what ends then ended with the day before

    def _ends_before(self, now: int, zone: str) -> int | None:
        soon = now + SOON if self.show == "soon" else FAR
        ends = min(soon, instant_of(end_of, self.ends_by, zone, FAR) + 1)
        return None if ends >= FAR else ends

    @property
    def chosen(self) -> dict[str, str]:
        """What is looked for besides the text and the state, in words, each by its field."""
        return {
            name: words.format(SOURCES[value] if name == "source" else value)
            for name, words in _CHOSEN.items()
            if (value := getattr(self, name))
        }

    @property
    def wanted(self) -> tuple[SortBy, bool]:
        """What the cards are sorted by, and whether downwards."""
        return cast("SortBy", self.sort.removeprefix("-")), self.sort.startswith("-")

    @classmethod
    def of(cls, encoded: str) -> "CardsQuery":
        """Read the query of an address, but for its page.

        Raises ``BodyMalformed``, ``ValidationFailed``.
        """
        read = decode_texts(read_pairs(encoded.encode()), cls)
        return msgspec.structs.replace(read, cursor=None)

    @property
    def encoded(self) -> str:
        """What stands behind the question mark of the list's address; "": all is as usual."""
        return urlencode(self.parameters())

    def export(self, kind: str) -> str:
        """Return the address of these cards as a file."""
        return self.address().replace(CARDS, f"{CARDS}/export.{kind}", 1)

    def address(self, **other: str | int | None) -> str:
        """Return the address of the list with some of this changed."""
        chosen = self.parameters(**other)
        return f"{CARDS}?{urlencode(chosen)}" if chosen else CARDS

    @property
    def address_of_all(self) -> str:
        """The address at which all cards are chosen that the list has, on all of its pages."""
        return f"{CARDS}/many?{urlencode({'every': 'true', **self.parameters()})}"

    def parameters(self, **other: str | int | None) -> dict[str, str | int | None]:
        """Return what of this is not as usual, with some of it changed; no page in particular."""
        fields = CardsQuery.__struct_fields__
        now = {name: getattr(self, name) for name in fields} | {"cursor": None} | other
        usual = msgspec.structs.asdict(CardsQuery())
        return {name: value for name, value in now.items() if value != usual.get(name)}


async def list_cards(request: OperatorRequest[CardsQuery, None]) -> Reply[None]:
    """Show a page of the store's cards, or the one whose id was typed."""
    named = parse_uuid(request.query.q.strip())
    if named is not None and await request.operations.read(_is_card, request.store_id, named):
        return redirect(request, f"{CARDS}/{named}")
    return await show_list(request, request.query)


async def ask_again(request: OperatorRequest[Any, Any], draft: Draft) -> Reply[None]:
    """Show the first page without what is wrong in the list's address, and say what that is."""
    right = [(name, text) for name, found in draft.values.items() for text in found
             if name not in {"cursor", *draft.errors}]  # fmt: skip
    at_its_field = bool(draft.errors) and draft.errors.keys() <= _CHOSEN.keys()
    said = msgspec.structs.replace(draft, message="" if at_its_field else LEFT_OUT)
    return await show_list(request, decode_fields(right, CardsQuery), filtered=said)


async def show_list(
    request: OperatorRequest[Any, Any],
    query: CardsQuery,
    draft: Draft = EMPTY,
    filtered: Draft = EMPTY,
) -> Reply[None]:
    """Show a page of the store's cards.

    ``draft`` is of a view that was not saved, ``filtered`` of an address that is wrong.
    """
    store_id, operations = request.store_id, request.operations
    me = request.principal.signed_in.operator
    filters = query.filters(request.received_at, request.principal.zone)
    asked = query.address()
    cursors = request.services.cursors.of(f"dashboard cards {store_id} {asked}", search.KEY_TYPES)
    wanted = Search(filters, *query.wanted, cursors.read(query.cursor), ROWS)
    page = await operations.read(search.search, store_id, wanted)
    count = await operations.read(search.count, store_id, filters, exact=False)
    views = await operations.read(saved_views.list_of, store_id, me.id)
    return render(
        request, "cards.html",
        path=CARDS, query=query, found=page.rows, count=count, shown=SHOWN, soon=SOON, draft=draft,
        filtered=filtered, sources=SOURCES,
        here=query.address(cursor=query.cursor), views=views,
        view=next((view for view in views if view.query == query.encoded), None),
        next=cursors.write(page.next), previous=cursors.write(page.previous),
    )  # fmt: skip


def instant_of(edge: Callable[[date, str], int], day: str | None, zone: str, otherwise: int) -> int:
    """Return the instant at one edge of a day that was checked."""
    found = parse_day(day or "")
    return otherwise if found is None else edge(found, zone)


async def _is_card(tx: Tx, store_id: str, card_id: str) -> bool:
    try:
        await giftcards.read(tx, store_id, card_id)
    except GiftCardNotFound:
        return False
    return True


_IN_STATE: Final[Mapping[Show, Filters]] = {
    "all": Filters(),
    "usable": Filters(active=True, redeemed=False, expired=False),
    "soon": Filters(active=True, redeemed=False, expired=False),
    "off": Filters(active=False, redeemed=False, expired=False),
    "used": Filters(redeemed=True),
    "expired": Filters(redeemed=False, expired=True),
}
_CHOSEN: Final = {
    "least": "From L$\N{NO-BREAK SPACE}{:,}",
    "ends_from": "Ends from {}",
    "ends_by": "Ends by {}",
    "given_from": "Given from {}",
    "given_to": "Given up to {}",
    "source": "Given by: {}",
    "sent": "Sent together",
    "noted": "Note: {}",
}
_CLERK: Final = Session("clerk")

PAGES: Final = (Page("GET", CARDS, _CLERK, list_cards, query=CardsQuery, again=ask_again),)
