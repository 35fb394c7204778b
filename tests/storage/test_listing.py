"""Declared listings: pages by any order, both ways, on both engines; bad declarations fail."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from gridgift.domain.paging import Keys, Page, Position, page_of
from gridgift.storage.database import Tx
from gridgift.storage.listing import Key, KeyType, Listing, Order
from gridgift.storage.queries import load
from tests.api import KELLY
from tests.domain.fixture import DomainFixture
from tests.domain.test_paging import Read, walk, walk_back
from tests.storage import probes
from tests.storage.calls import LISTINGS
from tests.storage.filled import uuid

NOBODY = uuid(9, 9)


class Card(Struct, frozen=True):
    """A row of the test's listing, and what sets it apart."""

    id: str
    credit: int
    created_at: int
    expires_at: int | None
    active: bool

    @property
    def expiry(self) -> int:
        """Its expiry, where none is later than any."""
        return probes.FAR if self.expires_at is None else self.expires_at


few = st.integers(0, 3)
rows = st.tuples(few, few, st.none() | few, st.booleans())
drawn_cards = st.lists(rows, max_size=12).flatmap(st.permutations).map(
    lambda drawn: [Card(uuid(5, number), *row) for number, row in enumerate(drawn)]
)  # fmt: skip
some = settings(max_examples=30)
KEYS_OF: Mapping[str, Callable[[Any], Keys]] = {
    "created": lambda card: (card.created_at, card.id),
    "credit": lambda card: (card.credit, card.id),
    "expiry": lambda card: (card.expiry, card.id),
}
KEEPS: Mapping[str, Callable[[Card], bool]] = {
    "active": lambda card: card.active,
    "at_least": lambda card: card.credit >= 2 or card.credit == 0,
    "owned": lambda _: True,
}


def store_cards(domain: DomainFixture, cards: list[Card]) -> None:
    """Let the store have these cards and no others."""
    domain.sql("DELETE FROM gift_cards")
    values = ", ".join(
        f"('{domain.store.id}', '{card.id}', '{KELLY.uuid}', {card.credit}, {card.active}, "
        f"FALSE, FALSE, FALSE, {'NULL' if card.expires_at is None else card.expires_at}, 1, "
        f"{card.created_at}, 1)"
        for card in cards
    )
    if values:
        domain.sql(
            "INSERT INTO gift_cards (store_id, id, owner_uuid, credit, active, redeemed, "
            "transfer, purchased, expires_at, version, created_at, updated_at) "
            f"VALUES {values}"
        )


def reader(
    domain: DomainFixture,
    listing: Listing,
    keys_of: Callable[[Any], Keys],
    limit: int,
    make: Callable[..., Any] = tuple,
    values: Mapping[str, Any] | None = None,
    **options: Any,
) -> Read:
    """Read pages of a listing by the statements that it makes."""
    order = options["order"]

    async def read(tx: Tx, position: Position) -> Page[Any]:
        found = await tx.all(
            listing.statement(position, **options),
            store_id=domain.store.id,
            **listing.values(position, limit, order=order),
            **(values or {}),
        )
        return page_of([make(row) for row in found], position, limit, keys_of)

    return lambda position: domain.read(read, position)


@some
@given(
    cards=drawn_cards,
    limit=st.integers(1, 5),
    order=st.sampled_from(sorted(KEYS_OF)),
    descending=st.booleans(),
    filters=st.sets(st.sampled_from(sorted(KEEPS))),
)
def test_forward_and_backward_are_the_sorted_rows(
    domain: DomainFixture,
    cards: list[Card],
    limit: int,
    order: str,
    descending: bool,
    filters: Collection[str],
) -> None:
    domain.grant(credit=1)  # Kelly is a customer then
    store_cards(domain, cards)
    kept = [card for card in cards if all(KEEPS[name](card) for name in filters)]
    expected = sorted(kept, key=KEYS_OF[order], reverse=descending)
    read = reader(
        domain, probes.CARDS, KEYS_OF[order], limit,
        lambda row: Card(*row[:4], bool(row[4])),
        values={"least": 2, "exactly": 0, "owners": [NOBODY, KELLY.uuid]},
        order=order, descending=descending, filters=filters,
    )  # fmt: skip
    forward, last = walk(read)
    assert forward == expected
    assert walk_back(read, last) == expected
    end = read(Position(backward=True))
    assert list(end.rows) == expected[-limit:]


names = st.text("abcAB_-é", min_size=3, max_size=5)


@some
@given(drawn=st.lists(names, max_size=9, unique=True), limit=st.integers(1, 4), down=st.booleans())
def test_texts_are_walked_in_the_engines_order(
    domain: DomainFixture, drawn: list[str], limit: int, down: bool
) -> None:
    domain.sql("DELETE FROM api_keys")
    empty = "x''" if domain.engine == "sqlite" else "''"
    for number, name in enumerate(drawn):
        domain.sql(
            "INSERT INTO api_keys (store_id, id, name, hash, preview, scopes, created_at) VALUES "
            f"('{domain.store.id}', '{uuid(3, number)}', '{name}', {empty}, '', '', 1)"
        )
    options: Any = {"order": "name", "descending": down}
    keys_of: Callable[[Any], Keys] = lambda row: (row[1], row[0])  # noqa: E731
    read = reader(domain, probes.KEYS, keys_of, limit, **options)
    whole = list(reader(domain, probes.KEYS, keys_of, 100, **options)(Position()).rows)
    assert sorted(name for _, name in whole) == sorted(drawn)
    if domain.engine == "sqlite":  # which compares bytes
        assert [name for _, name in whole] == sorted(drawn, reverse=down)
    forward, last = walk(read)
    assert forward == whole
    assert walk_back(read, last) == whole


def test_the_statements_are_a_bounded_set() -> None:
    statements = list(probes.CARDS.statements())
    each_single_none_and_all = 3 + 2
    assert len(statements) == 3 * 2 * 2 * each_single_none_and_all
    assert len({statement.name for statement in statements}) == len(statements)
    for listing in LISTINGS.values():
        chosen = len(listing.filters) + 2 if len(listing.filters) > 1 else len(listing.filters) + 1
        assert len(list(listing.statements())) == len(listing.orders) * 4 * chosen


def test_what_is_asked_for_is_among_them() -> None:
    found = set(probes.CARDS.statements())
    position = Position((7, NOBODY), backward=True)
    for order in probes.CARDS.orders:
        for filters in ((), ("active",), ["owned", "active", "at_least"]):
            for boundary in (position, Position(), Position(backward=True)):
                assert probes.CARDS.statement(boundary, order=order, filters=filters) in found


def test_the_sequence_of_filters_does_not_matter() -> None:
    one, other = (
        probes.CARDS.statement(Position(), filters=filters)
        for filters in (("active", "owned"), ("owned", "active"))
    )
    assert one is other
    assert one.name == "cards_of_store/created/asc/edge/active+owned"


def test_the_first_order_is_the_default() -> None:
    position = Position((7, NOBODY))
    named = probes.CARDS.statement(position, order="created")
    assert probes.CARDS.statement(position) is named
    assert probes.CARDS.types() == ("integer", "uuid")
    values = {"rows": 6, "seek_created_at": 7, "seek_id": NOBODY}
    assert probes.CARDS.values(position, 5) == values
    assert set(values) <= set(named.parameters)


def test_only_declared_names_make_sql() -> None:
    for options in ({"order": "id; DROP TABLE stores"}, {"filters": ["active", "1 = 1) --"]}):
        with pytest.raises(ValueError, match="has no order or filter"):
            probes.CARDS.statement(Position(), **options)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        probes.CARDS.values(Position((7,)), 5)


def declare(
    text: str = "SELECT 1 FROM t WHERE store_id = :store_id {filters} {seek} "
    "ORDER BY {order} LIMIT :rows",
    *keys: Key,
    index: str = "",
    filters: tuple[str, ...] = ("good",),
) -> Listing:
    library = load([f"-- listing: l\n{text}\n-- filter: good\na\n-- filter: bad\n{{b}}\n"])
    orders = {"o": Order(keys or (Key("id", "uuid"),), index)}
    return Listing("l", table="t", orders=orders, filters=filters, library=library)


def test_a_good_declaration() -> None:
    statement = declare().statement(Position(("x",), backward=True), filters=("good",))
    assert statement.sqlite == (
        "SELECT 1 FROM t WHERE store_id = :store_id AND (a) AND (id) < (:seek_id) "
        "ORDER BY id DESC LIMIT :rows"
    )


ALL = "{filters} {seek} {order} :rows"


@pytest.mark.parametrize(
    ("made", "complaint"),
    [
        (lambda: declare(f":store_id {ALL}", Key("a", "integer", nullable=True)), "may be NULL"),
        (lambda: declare(f":store_id {ALL}", Key("a b", "integer")), "no name of a key"),
        (lambda: declare(f":store_id {ALL}", Key("a", "uuid"), Key("a", "uuid")), "each once"),
        (lambda: declare(ALL), "must name its store"),
        (lambda: declare(":store_id {filters} {seek} {order}"), "limit its rows"),
        (lambda: declare(":store_id :rows {filters} {order}"), r"has no \{seek\}"),
        (lambda: declare(":store_id :rows {filters} {seek}"), r"has no \{order\}"),
        (lambda: declare(":store_id :rows {order} {seek}"), r"has no \{filters\}"),
        (lambda: declare(f":store_id {ALL}", index="i"), r"has no \{index\}"),
        (lambda: declare(f":store_id {ALL} {{x}}"), r"query l/o/asc/seek/good uses \{x\}"),
        (lambda: declare(filters=("missing",)), r"lacks its text or that of \['missing'\]"),
        (lambda: declare(filters=("good", "bad")), r"query l/o/asc/seek/good\+bad uses \{b\}"),
        (lambda: Listing("none", table="t", orders={}), "listing none lacks its text"),
        (
            lambda: Listing("cards_of_store", table="t", orders={}, library=probes.LIBRARY),
            "has no order",
        ),
    ],
)
def test_a_declaration_that_can_not_be_read_from(
    made: Callable[[], Listing], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        made()


TYPES: Mapping[str, set[KeyType]] = {
    "uuid": {"uuid"}, "integer": {"integer"}, "bigint": {"integer"}, "text": {"text", "uuid"},
}  # fmt: skip


@pytest.mark.parametrize("listing", LISTINGS.values(), ids=lambda listing: listing.name)
def test_keys_are_columns_that_are_never_null(domain: DomainFixture, listing: Listing) -> None:
    if domain.engine == "sqlite":
        columns = domain.sql(
            f"SELECT name, type, \"notnull\" FROM pragma_table_info('{listing.table}')"
        )
    else:
        columns = domain.sql(
            "SELECT attname, format_type(atttypid, NULL), attnotnull FROM pg_attribute "
            f"WHERE attrelid = '{listing.table}'::regclass AND attnum > 0"
        )
    described = {name: (kind.lower(), bool(never)) for name, kind, never in columns}
    for order in listing.orders.values():
        for key in order.keys:
            if not key.sql:
                kind, never_null = described[key.name]
                assert key.type in TYPES[kind]
                assert never_null != key.nullable
