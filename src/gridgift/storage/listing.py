"""Keyset lists from a declaration: which orders and filters there are; the SQL is in ``queries/``.

A listing's template is a statement with up to six more fragments::

    -- listing: cards_of_owner
    SELECT {owned_card} FROM gift_cards {index}
    WHERE store_id = :store_id AND owner_uuid = :owner_uuid {filters} {seek}
    ORDER BY {order} LIMIT :rows

- ``{order}`` is the columns of the order, each with its direction; ``{keys}`` only the columns.
- ``{seek}`` is ``AND (created_at, id) > (:seek_created_at, :seek_id)``; nothing at either edge.
- ``{until}`` is ``AND created_at <= :until``, the far end of what is read (``>=`` downwards).
- ``{filters}`` is ``AND (...)`` for each filter that is chosen, from the ``-- filter:`` sections.
- ``{index}`` is what SQLite walks along.

Every part of a statement is a name from the declaration; a caller gives values, never SQL.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final, Literal, Protocol

from msgspec import Struct

from gridgift.storage.queries import LIBRARY, Library, Query

KeyType = Literal["uuid", "integer", "text"]
KeyValue = str | int

MAX_STATEMENTS: Final = 512  # of one listing, that are kept compiled

_NAME = re.compile(r"[a-z_]+")
_NO_FILTERS: Final[frozenset[str]] = frozenset()


class Key(Struct, frozen=True):
    """A column that a list is ordered by, or an SQL expression with a name.

    ``sql`` is for a column that may be NULL, which no comparison finds: an expression that never
    is, with an index on it, such as ``COALESCE(expires_at, 9223372036854775807)``. Or it names what
    the statement itself computes.
    """

    name: str
    type: KeyType
    nullable: bool = False
    sql: str = ""

    @property
    def expression(self) -> str:
        """Return what stands in a statement."""
        return self.sql or self.name


class Order(Struct, frozen=True):
    """An order: its keys, of which the last ones tell any two rows apart, and SQLite's index."""

    keys: tuple[Key, ...]
    index: str = ""

    @property
    def types(self) -> tuple[KeyType, ...]:
        """Return the types of the keys, as a cursor has to have them."""
        return tuple(key.type for key in self.keys)


class Boundary(Protocol):
    """A place between rows of a list: rows follow it or, ``backward``, come before it.

    ``keys`` are those of the row beside it, in the order's sequence. Without keys it is the list's
    start or, ``backward``, its end.
    """

    @property
    def keys(self) -> tuple[KeyValue, ...]:
        """Return the values of the order's keys."""

    @property
    def backward(self) -> bool:
        """Tell which way is read from here."""


class Listing:
    """A list that can be read page by page, both ways, by any of its orders and filters.

    Raises ``ValueError`` at its declaration for an order that a keyset can't follow, for a template
    or filter that is not in the library, or for one that does not compile.
    """

    def __init__(
        self,
        name: str,
        *,
        table: str,
        orders: Mapping[str, Order],
        filters: Collection[str] = (),
        library: Library = LIBRARY,
    ) -> None:
        """Declare a listing of rows of ``table``; the first order is the default.

        ``name`` is that of its template, ``filters`` are the names of those that it can combine.
        """
        self.name = name
        self.table = table
        self.orders = dict(orders)
        self.filters = tuple(filters)
        self._library = library
        self._default = next(iter(self.orders), "")
        self._seeks = {
            order: [f"seek_{key.name}" for key in declared.keys]
            for order, declared in self.orders.items()
        }
        self._compiled = lru_cache(MAX_STATEMENTS)(self._compile)
        self._check()

    def types(self, order: str = "") -> tuple[KeyType, ...]:
        """Return the types of an order's keys."""
        return self.orders[order or self._default].types

    def statement(
        self,
        boundary: Boundary,
        *,
        order: str = "",
        descending: bool = False,
        filters: Collection[str] = (),
    ) -> Query:
        """Return the statement for the rows on one side of a boundary, nearest first.

        Its parameters are those of the template and the filters, and what ``values`` returns.
        Raises ``ValueError`` for an order or a filter that the listing does not have.
        """
        return self._compiled(
            order or self._default,
            descending is not boundary.backward,
            bool(boundary.keys),
            frozenset(filters) if filters else _NO_FILTERS,
        )

    def values(self, boundary: Boundary, limit: int, *, order: str = "") -> dict[str, Any]:
        """Return a new dictionary: ``rows``, one more than ``limit``, and the seek's values."""
        if not boundary.keys:
            return {"rows": limit + 1}
        names = self._seeks[order or self._default]
        return {"rows": limit + 1, **dict(zip(names, boundary.keys, strict=True))}

    def statements(self) -> Iterator[Query]:
        """Yield a bounded set of the statements there can be.

        Each order, both ways, from a key and from the edge, with no filter, with each filter alone
        and with all of them.
        """
        chosen = {_NO_FILTERS, frozenset(self.filters), *(frozenset({one}) for one in self.filters)}
        for order in self.orders:
            for descending in (False, True):
                for seeks in (True, False):
                    for filters in sorted(chosen, key=sorted):
                        yield self._compiled(order, descending, seeks, filters)

    def _compile(self, order: str, descending: bool, seeks: bool, filters: frozenset[str]) -> Query:
        unknown = {order} - self.orders.keys() | filters.difference(self.filters)
        if unknown:
            raise ValueError(f"listing {self.name} has no order or filter {min(unknown)!r}")
        declared = self.orders[order]
        ordered = [name for name in self.filters if name in filters]
        parts = {
            "index": f"{{index:{declared.index}}}" if declared.index else "",
            "filters": " ".join(f"AND ({self._library.filters[name]})" for name in ordered),
            "seek": _seek(declared, descending) if seeks else "",
            "until": f"AND {declared.keys[0].expression} {'>=' if descending else '<='} :until",
            "order": _sorted(declared, descending),
            "keys": ", ".join(key.expression for key in declared.keys),
        }
        name = "/".join(
            [self.name, order, "desc" if descending else "asc", "seek" if seeks else "edge"]
            + ["+".join(ordered)] * bool(ordered)
        )
        template = self._library.listings[self.name]
        return Query.parse(name, template, self._library.fragments | parts)

    def _check(self) -> None:
        """Refuse a declaration that can't be read from; compile each part of it once."""
        template = self._library.listings.get(self.name)
        missing = set(self.filters) - self._library.filters.keys()
        if template is None or missing:
            raise ValueError(f"listing {self.name} lacks its text or that of {sorted(missing)}")
        needed = ["seek", "order"] + ["filters"] * bool(self.filters)
        needed += ["index"] * any(order.index for order in self.orders.values())
        if absent := [part for part in needed if f"{{{part}}}" not in template]:
            raise ValueError(f"listing {self.name} has no {{{absent[0]}}} in its text")
        if not self.orders:
            raise ValueError(f"listing {self.name} has no order")
        for name, order in self.orders.items():
            _check_order(f"listing {self.name}, order {name}", order)
            statement = self._compile(name, False, True, frozenset(self.filters))
            if not {"store_id", "rows"} <= set(statement.parameters):
                raise ValueError(f"listing {self.name} must name its store and limit its rows")


def _check_order(where: str, order: Order) -> None:
    names = [key.name for key in order.keys]
    if not names or len(set(names)) < len(names):
        raise ValueError(f"{where}: it needs keys, each once")
    for key in order.keys:
        if not _NAME.fullmatch(key.name):
            raise ValueError(f"{where}: {key.name!r} is no name of a key")
        if key.nullable and not key.sql:
            raise ValueError(
                f"{where}: {key.name} may be NULL, and no comparison finds the rows where it is; "
                "order by an expression that is never NULL, and index it"
            )


def _sorted(order: Order, descending: bool) -> str:
    return ", ".join(
        f"{key.expression} DESC" if descending else key.expression for key in order.keys
    )


def _seek(order: Order, descending: bool) -> str:
    sign = "<" if descending else ">"
    columns = ", ".join(key.expression for key in order.keys)
    marks = ", ".join(f":seek_{key.name}" for key in order.keys)
    return f"AND ({columns}) {sign} ({marks})"


_BY_ID: Final = Key("id", "uuid")

# A resident's cards at a store.
CARDS_OF_OWNER: Final = Listing(
    "cards_of_owner",
    table="gift_cards",
    orders={"created": Order((_BY_ID,), index="gift_cards_by_owner")},
    filters=("shown", "in_states"),
)
FAR: Final = 9_223_372_036_854_775_807  # in milliseconds: where a card that never expires stands
_CREATED: Final = (Key("created_at", "integer"), _BY_ID)
_CREDIT: Final = (Key("credit", "integer"), _BY_ID)
_UPDATED: Final = (Key("updated_at", "integer"), _BY_ID)
# All cards of a store. In the order of their ends those that have none are read for themselves:
# ``{until}`` leaves them out of the others, and they have an end in no index.
_WALKS: Final = {
    "created": Order(_CREATED, index="gift_cards_by_creation"),
    "credit": Order(_CREDIT, index="gift_cards_by_credit"),
    "updated": Order(_UPDATED, index="gift_cards_by_change"),
    "dated": Order(
        (Key("expires_at", "integer", nullable=True, sql="expires_at"), _BY_ID),
        index="gift_cards_by_end",
    ),
}
CARDS_OF_STORE: Final = Listing(
    "cards_of_store", table="gift_cards", orders=_WALKS | {"undated": Order((_BY_ID,))}
)
# Those that end in a time, by their credit.
CARDS_BY_CREDIT_ENDING: Final = Listing(
    "cards_by_credit_ending", table="gift_cards", orders={"credit": _WALKS["credit"]}
)
# The same without filters.
CARDS_UNFILTERED: Final = Listing("cards_unfiltered", table="gift_cards", orders=_WALKS)
_END: Final = f"COALESCE(expires_at, CAST({FAR} AS bigint))"
# Some of them, by their ids.
CARDS_AMONG: Final = Listing(
    "cards_among",
    table="gift_cards",
    orders={
        "created": Order(_CREATED),
        "credit": Order(_CREDIT),
        "updated": Order(_UPDATED),
        "expiry": Order((Key("expires_at", "integer", nullable=True, sql=_END), _BY_ID)),
    },
)
# The ledger entries of an account.
ENTRIES_OF_ACCOUNT: Final = Listing(
    "entries_of_account",
    table="entries",
    orders={"written": Order((Key("seq", "integer"),))},
)
# Entries by time; those of one instant are told apart by their accounts.
_BY_TIME: Final = (Key("created_at", "integer"), Key("account_id", "uuid"), Key("seq", "integer"))
ENTRIES_OF_RESIDENT: Final = Listing(
    "entries_of_resident", table="entries", orders={"happened": Order(_BY_TIME)}
)
# What took from cards and credit, or was changed by hand.
ENTRIES_MOVED: Final = Listing(
    "entries_moved", table="entries", orders={"happened": Order(_BY_TIME, index="entries_moved")}
)
# What people noted on a card: those of its entries that are notes.
NOTES_OF_CARD: Final = Listing("notes_of_card", table="entries", orders={
    "written": Order((Key("seq", "integer"),), index="entries_noted"),
})  # fmt: skip
# What happened in a store. The whole key: one transaction's events may have one position.
EVENTS_OF_STORE: Final = Listing(
    "events_of_store",
    table="events",
    orders={
        "told": Order(
            (
                Key("position", "integer", sql="e.position"),
                Key("account_kind", "text", sql="e.account_kind"),
                Key("account_id", "uuid", sql="e.account_id"),
                Key("seq", "integer", sql="e.seq"),
            )
        )
    },
)
_BY_RESIDENT: Final = Key("resident_uuid", "uuid")

# A store's customers.
CUSTOMERS_OF_STORE: Final = Listing(
    "customers_of_store", table="customers", orders={"uuid": Order((_BY_RESIDENT,))}
)
# Those of them who spent more than a sum.
CUSTOMERS_BY_SPENT: Final = Listing(
    "customers_by_spent",
    table="customers",
    orders={"spent": Order((Key("spent", "integer"), _BY_RESIDENT), index="customers_by_spent")},
    filters=("spent_more",),
)
# The same, of whom the rest is looked up.
CUSTOMERS_BY_UUID: Final = Listing(
    "customers_by_uuid", table="customers", orders={"uuid": Order((_BY_RESIDENT,))}
)
# Those of them who have credit.
CUSTOMERS_BY_CREDIT: Final = Listing("customers_by_credit", table="customers", orders={
    "balance": Order((Key("balance", "integer"), _BY_RESIDENT), index="customers_by_balance"),
}, filters=("customer_named",))  # fmt: skip
# The store's cards, of which those are looked for that are the newest of their owners.
CUSTOMERS_BY_CARD: Final = Listing(
    "customers_by_card", table="gift_cards", orders={"granted": Order((_BY_ID,))},
    filters=("owner_named",),
)  # fmt: skip
CUSTOMERS_BY_CARDS: Final = Listing("customers_by_cards", table="gift_cards", orders={
    "cards": Order((Key("cards", "integer", sql="cards"), Key("owner_uuid", "uuid"))),
}, filters=("owner_named",))  # fmt: skip
CUSTOMERS_BY_ACTIVITY: Final = Listing("customers_by_activity", table="customers", orders={
    "active": Order((Key("active_at", "integer", sql="active_at"), _BY_RESIDENT)),
}, filters=("customer_named",))  # fmt: skip
# Those whose store credit ends in a time.
CUSTOMERS_ENDING: Final = Listing("customers_ending", table="credit_lots", orders={
    "ends": Order((Key("ends_at", "integer", sql="ends_at"), _BY_RESIDENT)),
})  # fmt: skip
# Usernames, of which those are shown that lead to residents whom a store knows.
RESIDENTS_BY_NAME: Final = Listing(
    "residents_by_name",
    table="resident_names",
    orders={"username": Order((Key("username", "text"),))},
)
# The holds of a card.
HOLDS_OF_CARD: Final = Listing("holds_of_card", table="holds", orders={"placed": Order((_BY_ID,))})
# A store's holds in one state.
HOLDS_OF_STORE: Final = Listing("holds_of_store", table="holds", orders={
    "end": Order((Key("expires_at", "integer"), _BY_ID), index="holds_by_end"),
})  # fmt: skip
# A store's webhooks.
WEBHOOKS_OF_STORE: Final = Listing(
    "webhooks_of_store", table="webhooks", orders={"made": Order((_BY_ID,))}
)
# What was, or is to be, delivered to one of them.
DELIVERIES_OF_WEBHOOK: Final = Listing(
    "deliveries_of_webhook", table="webhook_deliveries", orders={"made": Order((_BY_ID,))}
)
# Those of them that are in one state.
DELIVERIES_IN_STATE: Final = Listing("deliveries_in_state", table="webhook_deliveries", orders={
    "made": Order((_BY_ID,), index="webhook_deliveries_by_state"),
})  # fmt: skip
# A store's units.
UNITS_OF_STORE: Final = Listing(
    "units_of_store", table="units", orders={"created": Order((_BY_ID,))}
)
# What a unit has given: cards' ids are in the order in which they were granted.
CLAIMS_OF_UNIT: Final = Listing(
    "claims_of_unit",
    table="unit_claims",
    orders={
        "granted": Order((Key("card_id", "uuid", sql="c.card_id"),), index="unit_claims_by_card")
    },
)
_BY_PAYMENT: Final = (Key("created_at", "integer"), Key("unit_id", "uuid"), Key("nonce", "uuid"))
_NOTED: Final = {"noted": Order(_BY_PAYMENT, index="refunds_by_age")}
_NOTED_OWED: Final = {"noted": Order(_BY_PAYMENT, index="refunds_owed")}
_NOTED_OF_UNIT: Final = {"noted": Order(_BY_PAYMENT[::2], index="unit_refunds")}

# Payments to a store's vendors that go back, or went.
REFUNDS_OF_STORE: Final = Listing(
    "refunds_of_store", table="unit_purchases", orders=_NOTED, filters=("refund_state",)
)
# Those of them that have not gone back yet.
REFUNDS_OWED: Final = Listing("refunds_owed", table="unit_purchases", orders=_NOTED_OWED)
# Those of one vendor.
REFUNDS_OF_UNIT: Final = Listing(
    "refunds_of_unit", table="unit_purchases", orders=_NOTED_OF_UNIT, filters=("refund_state",)
)
# What the people of a store did on the dashboard.
ACTIONS_OF_STORE: Final = Listing(
    "actions_of_store", table="operator_actions", orders={"done": Order((_BY_ID,))}
)
