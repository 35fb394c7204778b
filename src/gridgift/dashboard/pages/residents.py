"""Residents: the store's customers, and all there is of one; and what was redeemed lately."""

import secrets
from collections.abc import Mapping
from typing import Any, Final, Literal, Self, get_args
from urllib.parse import urlencode

from msgspec import Struct, structs

from gridgift.dashboard.acting import act
from gridgift.dashboard.actors import names_of
from gridgift.dashboard.forms import NoFields
from gridgift.dashboard.page import Page
from gridgift.dashboard.pages.cards import FAR, Day, instant_of
from gridgift.dashboard.render import base_address, render
from gridgift.dashboard.timeline import credit_moments, others_in, who_did
from gridgift.domain import (
    credit,
    customer_search,
    ledger,
    notes,
    redemptions,
    residents,
    search,
    stores,
    tokens,
)
from gridgift.domain.actions import About
from gridgift.domain.card_filters import Filters
from gridgift.domain.customer_search import COUNTED, Cards, Found, Order, Wanted
from gridgift.domain.days import end_of, start_of
from gridgift.domain.failures import CustomerNotFound
from gridgift.domain.ids import new_id, parse_uuid
from gridgift.domain.instants import DAY, HOUR
from gridgift.domain.keys import RANDOM_BYTES, NewCredential
from gridgift.domain.ledger import reason_of
from gridgift.domain.model import ActorKind, Entry
from gridgift.domain.paging import Page as Rows
from gridgift.domain.paging import Position
from gridgift.domain.redemptions import Redeemed
from gridgift.domain.residents import Identifier, parse_prefix
from gridgift.domain.search import Search
from gridgift.fields import Cursor
from gridgift.http.edge.customer_token import CUSTOMER_TOKEN
from gridgift.http.edge.path import id_parameter
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.session import OperatorRequest, Session
from gridgift.storage.database import Tx
from gridgift.views import CARD_EXAMPLE

RESIDENTS: Final = "/dashboard/residents"
REDEMPTIONS: Final = "/dashboard/redemptions"
ROWS: Final = 50
REDEEMED: Final = 25  # redemptions on a page
CARDS: Final = 20  # of a resident's cards, the newest
NOTES: Final = 20  # on these cards, the newest
ENTRIES: Final = 50  # of a resident's account, on a page
LOTS: Final = 50  # of a resident's credit, those that end first
NEWEST: Final = Position(backward=True)
SOON: Final = 30 * DAY

RESIDENT: Final = id_parameter("uuid", "A customer.", CARD_EXAMPLE["ownerUuid"], CustomerNotFound)


Show = Literal["all", "credit", "expired"]
SHOWN: Final[Mapping[Show, str]] = {
    "all": "All",
    "credit": "With store credit",
    "expired": "Store credit has expired",
}
assert set(SHOWN) == set(get_args(Show))
# By the newest card, or the number of cards; else by name or, where none is typed, the newest card.
Sort = Literal["", "-card", "-cards", "cards"]
_ORDERS: Final[Mapping[Sort, Order]] = {
    "": "name", "-card": "card", "-cards": "cards", "cards": "cards",
}  # fmt: skip


class ResidentsQuery(Struct, frozen=True):
    """Which residents: ``q`` is the beginning of a name, or a UUID."""

    q: str = ""
    cursor: Cursor | None = None

    @property
    def who(self) -> tuple[str | None, str | None]:
        """The UUID that was typed, and the beginning of a name; neither, of what is none."""
        typed = self.q.strip()
        return parse_uuid(typed), parse_prefix(typed) if typed else None

    @property
    def finds_nobody(self) -> bool:
        """Whether what was typed is neither a UUID nor the beginning of a name."""
        return bool(self.q.strip()) and self.who == (None, None)

    def export(self, kind: str) -> str:
        """Return the address of these redemptions as a file."""
        return f"{REDEMPTIONS}/export.{kind}?{urlencode({'q': self.q})}"


class CustomersQuery(ResidentsQuery, frozen=True):
    """Which customers, and in which order: unless somebody is typed, those with store credit that
    can be used or has expired, or whose credit ends from a day of the store's on, or by one.
    """

    show: Show = "all"
    ends_from: Day | None = None
    ends_by: Day | None = None
    sort: Sort = ""

    def address(self, cursor: str | None = None, sort: Sort | None = None) -> str:
        """Return the address of the list, from its beginning or from somewhere on."""
        order = self.order if sort is None else sort
        chosen = {
            "q": self.q,
            "show": "" if self.show == "all" else self.show,
            "ends_from": self.ends_from,
            "ends_by": self.ends_by,
            "sort": "" if order == self.usual_order else order,
            "cursor": cursor,
        }
        given = {name: text for name, text in chosen.items() if text}
        return f"{RESIDENTS}?{urlencode(given)}" if given else RESIDENTS

    @property
    def usual_order(self) -> Sort:
        """The order that the list has unless another one is asked for."""
        return "" if self.q.strip() else "-card"

    @property
    def order(self) -> Sort:
        """The order that the list has, of those that it can be asked for."""
        return (self.is_sorted and self.sort) or self.usual_order

    @property
    def is_sorted(self) -> bool:
        """Whether the list is in the order that was asked for: of all, or of those of a name."""
        if self.q.strip():
            return bool(self.who[1])
        return self.show == "all" and not self.ends

    @property
    def wanted(self) -> Wanted:
        """Which customers are asked for, unless it is one, or those whose credit ends."""
        _, prefix = self.who
        if self.show == "credit" and not self.q.strip():
            return Wanted("credit", descending=True)
        return Wanted(_ORDERS[self.order], self.order.startswith("-"), prefix or "")

    def ending(self, now: int, zone: str) -> tuple[int, int] | None:
        """Return after when and up to when the credit ends, in milliseconds; None: any does."""
        if self.q.strip() or (self.show != "expired" and not self.ends):
            return None
        if self.show == "expired":
            return 0, now
        begins = instant_of(start_of, self.ends_from, zone, 0)
        return max(now, begins), instant_of(end_of, self.ends_by, zone, FAR)

    @property
    def ends(self) -> str:
        """From and by when the credit is to end, in words."""
        days = {"from": self.ends_from, "by": self.ends_by}
        return " ".join(f"{word} {day}" for word, day in days.items() if day)


class ResidentQuery(Struct, frozen=True):
    """Which page of what happened to the credit; the newest if none is said."""

    cursor: Cursor | None = None


class Row(Struct, frozen=True):
    """A customer in the list; ``amount`` is how much of the store credit it is about, in L$.

    ``cards`` is how many there are; if they were not all counted, they are ``COUNTED`` at most.
    """

    found: Found
    amount: int
    cards: int = 0

    @property
    def capped(self) -> bool:
        """Whether there may be more cards."""
        return self.found.cards is None and self.cards == COUNTED

    @classmethod
    def of(cls, found: Found) -> Self:
        """Show a customer with all store credit that can be used."""
        return cls(found, found.customer.credit + found.customer.restricted_credit)


class Listed(Struct, frozen=True):
    """A page of the list, and the cursors of those beside it (None: there is none).

    ``busy``: nothing was counted, for it is done for somebody else at this moment.
    """

    rows: list[Row]
    next: str | None = None
    previous: str | None = None
    busy: bool = False


class Whole(Struct, frozen=True):
    """All that is shown of a customer: the newest cards and the notes on them, and entries."""

    found: Found
    counted: Cards
    credit: credit.Credit
    cards: list[search.Found]
    notes: list[Entry]
    entries: Rows[Entry]
    names: dict[str, str]


async def list_residents(request: OperatorRequest[CustomersQuery, None]) -> Reply[None]:
    """Show a page of the customers: who was given a card last, or those who are looked for."""
    query = request.query
    ending = query.ending(request.received_at, request.principal.zone)
    page = await (_list(request) if ending is None else _list_ending(request, *ending))
    uuids = [row.found.customer.uuid for row in page.rows if row.found.cards is None]
    counts = await request.operations.read(customer_search.count_cards, request.store_id, uuids)
    rows = [
        structs.replace(row, cards=counts.get(row.found.customer.uuid, row.found.cards or 0))
        for row in page.rows
    ]
    return render(
        request, "residents.html",
        query=query, found=rows, shown=SHOWN, next=page.next, previous=page.previous,
        busy=page.busy,
    )  # fmt: skip


async def _list(request: OperatorRequest[CustomersQuery, None]) -> Listed:
    query, wanted, (uuid, prefix) = request.query, request.query.wanted, request.query.who
    store_id, order = request.store_id, f"{wanted.order} {wanted.descending}"
    cursors = request.services.cursors.of(
        f"dashboard residents {store_id} {prefix} {order}", wanted.key_types
    )
    if uuid is not None:
        found = await request.operations.read(customer_search.by_uuid, store_id, uuid)
        return Listed([Row.of(each) for each in found])
    if query.finds_nobody:
        return Listed([])
    page = await _page(request, wanted, cursors.read(query.cursor))
    if page is None:
        return Listed([], busy=True)
    rows = [Row.of(each) for each in page.rows]
    if wanted.order == "credit":  # not those of whose credit all has just expired
        rows = [row for row in rows if row.amount]
    return Listed(rows, cursors.write(page.next), cursors.write(page.previous))


async def _page(
    request: OperatorRequest[CustomersQuery, None], wanted: Wanted, position: Position
) -> Rows[Found] | None:
    """Return a page of the customers; None: all of the store's are looked at for somebody else."""
    store_id, operations = request.store_id, request.operations
    if not wanted.is_over_all:
        return await operations.read(customer_search.list_of, store_id, wanted, position, ROWS)
    with request.services.reports.taken(store_id) as free:
        if not free:
            return None
        return await operations.snapshot(customer_search.list_of, store_id, wanted, position, ROWS)


async def _list_ending(
    request: OperatorRequest[CustomersQuery, None], begins_at: int, ends_at: int
) -> Listed:
    query, store_id = request.query, request.store_id
    cursors = request.services.cursors.of(
        f"dashboard residents {store_id} {query.address()}", customer_search.ENDING_KEYS
    )
    page = await request.operations.snapshot(
        customer_search.list_ending, store_id, begins_at, ends_at, cursors.read(query.cursor), ROWS
    )
    rows = [Row(each.found, each.amount) for each in page.rows]
    return Listed(rows, cursors.write(page.next), cursors.write(page.previous))


async def show_resident(request: OperatorRequest[Any, object], link: str = "") -> Reply[None]:
    """Show one resident; ``link`` was just made, and is shown this once."""
    query = request.query if isinstance(request.query, ResidentQuery) else ResidentQuery()
    store_id, uuid = request.store_id, RESIDENT.of(request)
    at = request.services.cursors.of(f"dashboard resident {store_id} {uuid}", ledger.KEY_TYPES)
    position = at.read(query.cursor) if query.cursor else NEWEST
    whole = await request.operations.read(_read, store_id, uuid, position)
    undated = whole.credit.total + whole.credit.restricted
    undated -= sum(lot.remaining for lot in whole.credit.lots)
    return render(
        request, "resident.html",
        whole=whole, customer=whole.found.customer, undated=undated, link=link, soon=SOON,
        moments=credit_moments(whole.entries.rows, whole.names, request.principal)[::-1],
        older=at.write(whole.entries.previous), lots=LOTS, text=reason_of,
        who=lambda each: who_did(*_actor(each), request.principal, whole.names),
        newer=None if position == NEWEST else at.write(whole.entries.next),
        hours=request.services.settings.token_hours,
    )  # fmt: skip


async def make_link(request: OperatorRequest[None, NoFields]) -> Reply[None]:
    """Make a link to the resident's own page, and show it."""
    services, uuid = request.services, RESIDENT.of(request)
    store = await request.operations.read(stores.read, request.store_id)
    await request.operations.read(_read, request.store_id, uuid, NEWEST)  # none for a stranger
    minted = await act(
        request, "resident_link_made", lambda minted: About(minted.stored.resident_uuid),
        tokens.mint, request.caller, services.credentials.of(CUSTOMER_TOKEN).signer,
        Identifier(uuid=uuid), services.settings.token_hours * HOUR,
        NewCredential(new_id(), secrets.token_bytes(RANDOM_BYTES)),
    )  # fmt: skip
    return await show_resident(
        request, tokens.page_address(store, base_address(request), minted.token)
    )


async def list_redemptions(request: OperatorRequest[ResidentsQuery, None]) -> Reply[None]:
    """Show a page of redemptions, the last one first."""
    query, (uuid, prefix) = request.query, request.query.who
    cursors = request.services.cursors.of(
        f"dashboard redemptions {request.store_id} {uuid} {prefix}", search.KEY_TYPES
    )
    found, following, previous = [], None, None
    if not query.finds_nobody:
        page = await request.operations.read(
            redemptions.list_of, request.store_id, redemptions.Wanted(uuid, prefix),
            cursors.read(query.cursor), REDEEMED,
        )  # fmt: skip
        found, following, previous = [*page.rows], page.next, page.previous
    names = await request.operations.read(
        names_of, request.store_id, [_actor(each) for each in found]
    )
    return render(
        request, "redemptions.html",
        query=query, found=found,
        who=lambda each: who_did(*_actor(each), request.principal, names),
        next=cursors.write(following), previous=cursors.write(previous),
    )  # fmt: skip


async def _read(tx: Tx, store_id: str, uuid: str, position: Position) -> Whole:
    found, counted = await customer_search.read(tx, store_id, Identifier(uuid=uuid))
    wanted = Search(Filters(owner_uuid=uuid), "created", True, Position(), CARDS)
    cards = await search.search(tx, store_id, wanted)
    noted = await notes.newest_on(tx, store_id, [each.card.id for each in cards.rows], NOTES)
    account = await credit.read_of(tx, store_id, Identifier(uuid=uuid))
    entries = await ledger.list_of(tx, store_id, "credit", uuid, position, ENTRIES)
    names = await residents.shown_names(tx, sorted(others_in(entries.rows) | {uuid}))
    names |= await names_of(tx, store_id, [_actor(each) for each in (*entries.rows, *noted)])
    return Whole(found, counted, account, [*cards.rows], noted, entries, names)


def _actor(each: Entry | Redeemed) -> tuple[ActorKind, str]:
    return each.actor_kind, each.actor_id


_CLERK: Final = Session("clerk")

PAGES: Final[tuple[Page[Any, Any, Any], ...]] = (
    Page("GET", RESIDENTS, _CLERK, list_residents, query=CustomersQuery),
    Page(
        "GET", f"{RESIDENTS}/{{uuid}}", _CLERK, show_resident, query=ResidentQuery,
        path_parameters=(RESIDENT,),
    ),
    Page(
        "POST", f"{RESIDENTS}/{{uuid}}/link", _CLERK, make_link, body=NoFields,
        path_parameters=(RESIDENT,),
    ),
    Page("GET", REDEMPTIONS, _CLERK, list_redemptions, query=ResidentsQuery),
)  # fmt: skip
