"""Finding a store's customers: by name, by credit, by their newest cards; and one of them, whole.

A list finds who is on a page, and looks the rest of each up. So the lists cost a grant nothing:
what they walk along is there for other reasons, or is written with a customer's credit (decision
37).
"""

from collections.abc import Sequence
from typing import Any, Final, Literal

from msgspec import Struct, structs

from gridgift.domain import naming, residents
from gridgift.domain.customers import Customer
from gridgift.domain.failures import CustomerNotFound
from gridgift.domain.ids import parse_uuid
from gridgift.domain.paging import KeyType, Page, Position, page_of
from gridgift.domain.residents import Identifier
from gridgift.storage.database import Row, Tx
from gridgift.storage.listing import (
    CUSTOMERS_BY_ACTIVITY,
    CUSTOMERS_BY_CARD,
    CUSTOMERS_BY_CARDS,
    CUSTOMERS_BY_CREDIT,
    CUSTOMERS_BY_UUID,
    CUSTOMERS_ENDING,
    Listing,
)

COUNTED: Final = 1_000  # of a customer's newest cards

ENDING_KEYS: Final = CUSTOMERS_ENDING.types()

Order = Literal["uuid", "name", "credit", "card", "cards", "activity"]


class Wanted(Struct, frozen=True):
    """Which customers, in which order: those whose usernames begin with a prefix.

    By credit only those who have any, by their newest cards only those who have had one, by the
    number of cards only those who have some now, and by activity those to whose cards or credit
    anything has happened. By UUID it is everybody, whatever the prefix.
    """

    order: Order = "uuid"
    descending: bool = False
    prefix: str = ""

    @property
    def filters(self) -> tuple[str, ...]:
        """Return the filters of the order's listing that leave out whoever is called otherwise."""
        if not self.prefix or self.order in {"uuid", "name"}:
            return ()
        return ("owner_named" if self.order in {"card", "cards"} else "customer_named",)

    @property
    def is_over_all(self) -> bool:
        """Whether a page looks at all customers or cards: then it is to be run as a snapshot."""
        return self.order in {"cards", "activity"} or bool(self.filters)

    @property
    def key_types(self) -> tuple[KeyType, ...]:
        """Return the types of the order's keys."""
        return naming.KEY_TYPES if self.order == "name" else _LISTINGS[self.order].types()


class Found(Struct, frozen=True):
    """A customer, and when the newest of the customer's cards was granted (milliseconds).

    ``cards`` is how many there are, in a list by that; ``active_at`` is when anything happened last
    to them or to the credit (milliseconds), in a list by that. Elsewhere they are None.
    """

    customer: Customer
    last_card_at: int | None
    cards: int | None = None
    active_at: int | None = None

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> "Found":
        """Read the columns of ``customers_find``."""
        *columns, last_card_at = row
        return cls(Customer(*columns), last_card_at)


class Ending(Struct, frozen=True):
    """A customer, and how much of the store credit ends in a time, in L$."""

    found: Found
    amount: int


class Cards(Struct, frozen=True):
    """Of a customer's newest cards, ``COUNTED`` at most: how many, and how many are usable now.

    Usable are active cards that are neither redeemed nor expired; ``credit`` is theirs, in L$.
    """

    count: int
    usable: int
    credit: int

    @property
    def capped(self) -> bool:
        """Tell whether there may be older ones."""
        return self.count == COUNTED


async def list_of(
    tx: Tx, store_id: str, wanted: Wanted, position: Position, limit: int
) -> Page[Found]:
    """Return a page of at most ``limit`` customers.

    By name, and by card, it may have fewer although there are more: a thousand names or cards are
    looked at for a page.
    """
    if wanted.order in {"cards", "activity"}:
        return await _list_counted(tx, store_id, wanted, position, limit)
    page = await _page(tx, store_id, wanted, position, limit)
    found = await find_each(tx, store_id, page.rows)
    return Page([found[uuid] for uuid in page.rows if uuid in found], page.next, page.previous)


async def list_ending(
    tx: Tx, store_id: str, begins_at: int, ends_at: int, position: Position, limit: int
) -> Page[Ending]:
    """Return those whose store credit ends after one instant and up to another (milliseconds).

    Whose ends first comes first. To be run as a snapshot.
    """
    rows = await tx.all(
        CUSTOMERS_ENDING.statement(position),
        store_id=store_id, begins_at=begins_at, ends_at=ends_at,
        **CUSTOMERS_ENDING.values(position, limit),
    )  # fmt: skip
    page = page_of(rows, position, limit, lambda row: (row[1], row[0]))
    found = await find_each(tx, store_id, [row[0] for row in page.rows])
    return page.map(lambda row: Ending(found[row[0]], row[2]))


async def _list_counted(
    tx: Tx, store_id: str, wanted: Wanted, position: Position, limit: int
) -> Page[Found]:
    """Return a page by what is found out about all customers, with what that is of each."""
    listing = _LISTINGS[wanted.order]
    rows = await tx.all(
        listing.statement(position, descending=wanted.descending, filters=wanted.filters),
        store_id=store_id,
        **naming.bounds(wanted.prefix),
        **listing.values(position, limit),
    )
    page = page_of(rows, position, limit, lambda row: (row[1], row[0]))
    found = await find_each(tx, store_id, [row[0] for row in page.rows])
    name = "cards" if wanted.order == "cards" else "active_at"
    return page.map(lambda row: structs.replace(found[row[0]], **{name: row[1]}))


async def _page(tx: Tx, store_id: str, wanted: Wanted, position: Position, limit: int) -> Page[str]:
    """Return the UUIDs of the customers of a page."""
    if wanted.order == "name":
        names = await naming.look(tx, store_id, wanted.prefix, _is_customers, position, limit)
        return names.map(lambda row: row[1])
    listing = _LISTINGS[wanted.order]
    rows = await tx.all(
        listing.statement(position, descending=wanted.descending, filters=wanted.filters),
        store_id=store_id,
        **naming.bounds(wanted.prefix),
        **listing.values(position, naming.LOOKED_AT if wanted.order == "card" else limit),
    )
    if wanted.order == "card":
        return naming.chosen_page(rows, _is_newest, position, limit).map(lambda row: row[1])
    page = page_of(rows, position, limit, lambda row: tuple(row)[::-1])  # (balance, uuid), or uuid
    return page.map(lambda row: row[0])


def _is_customers(row: Row) -> bool:
    """Tell whether a name is the one that is shown of a customer."""
    name, _, shown, _, is_customer = row
    return name == shown and bool(is_customer)


def _is_newest(row: Row) -> bool:
    """Tell whether a card is the newest of its owner."""
    return bool(row[2])


_LISTINGS: Final[dict[str, Listing]] = {
    "uuid": CUSTOMERS_BY_UUID,
    "credit": CUSTOMERS_BY_CREDIT,
    "card": CUSTOMERS_BY_CARD,
    "cards": CUSTOMERS_BY_CARDS,
    "activity": CUSTOMERS_BY_ACTIVITY,
}


async def find_each(tx: Tx, store_id: str, uuids: Sequence[str]) -> dict[str, Found]:
    """Return the customers among some residents, by UUID."""
    if not uuids:
        return {}
    rows = await tx.all("customers_find", store_id=store_id, uuids=list(uuids), now=tx.now())
    return {row[0]: Found.from_row(row) for row in rows}


async def count_cards(tx: Tx, store_id: str, uuids: Sequence[str]) -> dict[str, int]:
    """Return how many gift cards each of some customers has now, ``COUNTED`` at most."""
    if not uuids:
        return {}
    counts = "customers_card_counts"
    rows = await tx.all(counts, store_id=store_id, uuids=list(uuids), rows=COUNTED)
    return {row[0]: row[1] for row in rows}


async def by_uuid(tx: Tx, store_id: str, uuid: str) -> list[Found]:
    """Return the customer with a UUID, if there is one."""
    return [*(await find_each(tx, store_id, [uuid])).values()]


async def read(tx: Tx, store_id: str, identifier: Identifier) -> tuple[Found, Cards]:
    """Return a customer, and what the cards amount to.

    Raises ``ResidentNotFound``, and ``CustomerNotFound`` for one who is not the store's.
    """
    resident = await residents.find(tx, store_id, identifier)
    found = await by_uuid(tx, store_id, resident.uuid)
    if not found:
        raise CustomerNotFound(resident.username)
    row = await tx.one(
        "customer_cards", store_id=store_id, owner_uuid=resident.uuid, rows=COUNTED, now=tx.now()
    )
    assert row is not None
    return found[0], Cards(*row)


def read_search(text: str) -> tuple[str | None, str]:
    """Read what a search is for: a UUID, or the beginning of a username.

    Raises ``ValidationFailed``.
    """
    uuid = parse_uuid(text)
    return uuid, "" if uuid is not None else naming.read_prefix(text, "search")
