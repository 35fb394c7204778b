"""Named SQL: every statement names its store, and its columns are the struct's fields."""

import asyncio
import re
from importlib.resources import files
from typing import Any

import pytest

from gridgift.domain.actions import Action
from gridgift.domain.bulk_changes import BulkChange
from gridgift.domain.deliveries import Delivery
from gridgift.domain.imports import Import
from gridgift.domain.model import Entry, GiftCard, Hold, Key, Lot, OwnedCard, Store, Token
from gridgift.domain.operators import Operator
from gridgift.domain.saved_views import SavedView
from gridgift.domain.second_factor import SecondFactor
from gridgift.domain.sendings import Sending
from gridgift.domain.sessions import Session
from gridgift.domain.verifications import Verification
from gridgift.domain.webhooks import Webhook
from gridgift.storage.queries import LIBRARY, MACROS, QUERIES, Query, load
from tests.domain.fixture import bare_sql, columns_of
from tests.storage.calls import LISTINGS, STATEMENTS, declared_as
from tests.walks import check_each

FILES = sorted((files("gridgift.storage") / "queries").iterdir(), key=lambda file: file.name)
TEXTS = {file.name: file.read_text(encoding="utf-8") for file in FILES}
FRAGMENTS = {
    name: text.strip()
    for whole in TEXTS.values()
    for name, text in re.findall(r"^-- fragment: (\w+)\n(.*?)(?=^--|\Z)", whole, re.M | re.S)
}
TABLES = {
    "changed_card": "gift_cards",
    "store": "stores s JOIN residents r ON r.uuid = s.owner_uuid",
}
TABLES |= {"key": "api_keys", "entry": "entries", "lot": "credit_lots", "hold": "holds"}
TABLES |= {
    "action": "operator_actions",
    "verification": "verifications",
    "operator": "operators o",
    "session": "operator_sessions s",
    "second_factor": "operator_second_factors f",
}
TABLES |= {"token": "customer_tokens", "owned_card": "gift_cards", "import": "imports"}
TABLES |= {"webhook": "webhooks", "delivery": "webhook_deliveries", "sending": "sendings"}
TABLES |= {"saved_view": "saved_views", "bulk_change": "bulk_changes"}
STRUCTS: dict[str, Any] = {"changed_card": GiftCard, "store": Store, "key": Key, "entry": Entry}
STRUCTS |= {"owned_card": OwnedCard, "lot": Lot, "hold": Hold, "token": Token, "import": Import}
STRUCTS |= {"webhook": Webhook, "delivery": Delivery, "sending": Sending}
STRUCTS |= {"action": Action, "operator": Operator, "session": Session}
STRUCTS |= {"second_factor": SecondFactor, "verification": Verification}
STRUCTS |= {"saved_view": SavedView, "bulk_change": BulkChange}
# What looks at the names of residents, and at the store for each.
OF_THE_GRID = {"residents_by_name": "known_here", "residents_by_prefix": "noted_here"}
# What looks residents up, who belong to no store.
RESIDENTS_ONLY = (
    FRAGMENTS["owner_username"],
    FRAGMENTS["customer_username"],
    FRAGMENTS["payer_username"],
    Query.parse("begins", FRAGMENTS["owner_begins"], FRAGMENTS).sqlite,
    "(SELECT r.username FROM residents r WHERE r.uuid = gift_cards.owner_uuid)",
    LIBRARY.filters["customer_named"],
    LIBRARY.filters["owner_named"],
)
RENAMED = {"username": "owner_username"}


def test_the_fragments_are_known() -> None:
    assert set(FRAGMENTS) == {
        *STRUCTS, "card", "card_active_at", "cards_then", "credit_active_at", "customer",
        "customer_username", "event", "found_cards", "has_member", "held_by_accounts", "held_now",
        "imported", "known_here", "labelled", "last_card", "leads_here", "looked_at", "lot_end",
        "matching", "member", "moved", "never", "newest_hash", "next_position", "noted",
        "noted_here", "open_credit", "owned_cards", "owner_begins", "owner_username",
        "payer_username", "quarter_hour", "refund", "silent", "source", "told_card", "unit",
    }  # fmt: skip
    assert FRAGMENTS["card"] == "{changed_card}, {hex:substr({newest_hash}, 1, 16)}"
    assert FRAGMENTS["owned_cards"].strip() == "{json_rows:{owned_card}}"


def test_a_fragments_columns_are_its_structs_fields(database_url: str) -> None:
    for fragment, struct in STRUCTS.items():
        columns = [column.removeprefix("(") for column in columns_of(FRAGMENTS[fragment])]
        names = [re.findall(r"(?:SELECT )?(?:\w\.)?(\w+)", column)[0] for column in columns]
        fields = [RENAMED.get(name, name) for name in names]
        assert fields == [name for name in struct.__struct_fields__ if name != "head"]
        statement = f"SELECT {FRAGMENTS[fragment]} FROM {TABLES[fragment]}"
        asyncio.run(bare_sql(database_url, statement))  # each of them is there on this engine


def test_every_statement_filters_by_its_store() -> None:
    check_each(sorted(STATEMENTS), filters_by_its_store)


def filters_by_its_store(name: str) -> None:
    """Check that a statement that has a store looks at nothing of another one."""
    sql = STATEMENTS[name].sqlite
    if "store_id" not in STATEMENTS[name].parameters:
        headings = [text for text in TEXTS.values() if f"-- name: {name} (any store)\n" in text]
        assert len(headings) == 1
        return
    if sql.startswith("INSERT"):
        columns, values = re.findall(r"(?:INTO \w+ |VALUES )\(([^,]*),", sql)
        first = columns.strip(), values.strip()
        assert first in {("store_id", ":store_id"), ("id", ":store_id")}
        return
    if declared_as(name) in OF_THE_GRID:
        table = re.findall(r"\nFROM (\w+)(?: n)?\nWHERE ", sql)
        assert table == ["resident_names"]
        assert FRAGMENTS[OF_THE_GRID[declared_as(name)]] in sql
        return
    for of_the_grid in RESIDENTS_ONLY:
        sql = sql.replace(of_the_grid, "username")
    sql = sql.partition("RETURNING")[0]
    conditions = re.split(r"\nWHERE |(?<= )WHERE ", sql)[1:]
    for condition in conditions if "/" in name else conditions[-1:]:
        assert re.match(r"((\w\.)?store_id|s\.id|id) = :store_id\b", condition), sql
        assert re.match(r"(\w\.)?store_id", condition) or "stores" in sql
        assert " OR " not in outside_parentheses(condition)


# What passes over a bounded number of rows, however deep in a list they are.
BOUNDED_OFFSETS = {
    "cards_of_store": "the 250 cards that are looked at",
    "cards_by_credit_ending": "the 1,000 cards whose ends are looked at",
    "cards_of_store_beyond": "the 10,000 cards of a capped count",
    "notes_of_each": "the 20 notes of a card that are shown",
}


def outside_parentheses(condition: str) -> str:
    """Return what stands in none, up to the end of the subquery that a condition is of."""
    before = ""
    while condition != before:
        before, condition = condition, re.sub(r"\([^()]*\)", "", condition)
    return re.split("[()]", condition)[0]


def test_every_statement_is_one_for_both_engines(engine: str, database_url: str) -> None:
    for query in STATEMENTS.values():
        assert ";" not in query.sqlite, query.name
        if declared_as(query.name) not in BOUNDED_OFFSETS:
            assert "OFFSET" not in query.sqlite.upper(), query.name
        assert "{" not in query.sqlite, query.name
        statement = f"PREPARE it AS {query.postgres}"
        if engine == "sqlite":
            nothing = re.sub(r"(?<![:\w]):[a-z_]+", "NULL", query.sqlite)
            statement = f"EXPLAIN {nothing}"
        asyncio.run(bare_sql(database_url, statement))


def test_placeholders_are_numbered_once() -> None:
    query = Query.parse("q", "SELECT CAST(:b AS text), :a, :b, x::text WHERE y = ':no' || :a_b")
    assert query.parameters[:3] == ("b", "a", "no")
    assert query.postgres.startswith("SELECT CAST($1 AS text), $2, $1, x::text")


def test_rows_without_names_have_the_order_of_the_placeholders() -> None:
    query = Query.parse("q", "SELECT :b, :a FROM t WHERE x {any:b}")
    assert query.numbered == "SELECT ?1, ?2 FROM t WHERE x IN (SELECT value FROM json_each(?1))"
    assert query.postgres == "SELECT $1, $2 FROM t WHERE x = ANY($1)"
    assert QUERIES["entry_add"].parameters == Entry.__struct_fields__
    fields = set(GiftCard.__struct_fields__) - {"owner_username", "held_until", "head"}
    assert set(QUERIES["card_put"].parameters) == fields | {"hash"}


def test_a_statement_that_forgets_its_store_does_not_load() -> None:
    with pytest.raises(ValueError, match="query q must either name its store"):
        load(["-- name: q\nSELECT * FROM gift_cards WHERE id = :id\n"])


def test_a_statement_that_says_any_store_and_names_one_does_not_load() -> None:
    with pytest.raises(ValueError, match="query q must either name its store"):
        load(["-- name: q (any store)\nSELECT 1 WHERE store_id = :store_id\n"])


def test_a_name_is_given_once() -> None:
    one = "-- name: q (any store)\nSELECT 1\n"
    with pytest.raises(ValueError, match="query q is there twice"):
        load([one, one])


def test_fragments_are_put_in_and_comments_left_out() -> None:
    text = (
        "-- fragment: f\na, b\n\n-- why it is so\n-- name: q\n"
        "SELECT {f} -- all\nFROM t WHERE store_id = :store_id;\n-- a last word\n"
    )
    query = load([text]).queries["q"]
    assert query.sqlite == "SELECT a, b -- all\nFROM t WHERE store_id = :store_id"
    assert query.parameters == ("store_id",)


# What only one engine understands, or what the other one has another word for.
DIALECT = re.compile(
    r"\bANY\(|\bFOR (NO KEY )?UPDATE\b|\bSKIP LOCKED\b|\bINDEXED BY\b|\bjsonb?_\w+\(|\w_in_turn\("
    r"|\b(?:encode|hex)\(|/\*|\bpg_|::|\bGLOB\b|~ :|LIKE :|\b(?:strpos|instr)\(",
    re.IGNORECASE,
)


@pytest.mark.parametrize("file", sorted(TEXTS))
def test_the_text_is_of_no_engine(file: str) -> None:
    assert not DIALECT.search(TEXTS[file])


def test_the_dialects_stand_in_the_macros() -> None:
    written = [text for macro in MACROS.values() for text in (macro.postgres, macro.sqlite)]
    understood = {MACROS[name].postgres for name in ("as_sorted", "unindexed")}  # by SQLite too
    understood |= {MACROS["then_join"].postgres, MACROS["then_join"].sqlite}
    assert all(DIALECT.search(text) for text in written if text not in {"", "{}"} | understood)
    used = {name for text in TEXTS.values() for name in re.findall(r"\{(\w+)", text)}
    assert used == MACROS.keys() | FRAGMENTS.keys() | {
        "seek",
        "order",
        "filters",
        "until",
        "keys",
    }


def test_every_listing_and_filter_in_the_files_is_declared() -> None:
    for listing in LISTINGS.values():
        assert f"-- listing: {listing.name}\n" in "".join(TEXTS.values())
    declared = {name for listing in LISTINGS.values() for name in listing.filters}
    assert (set(LIBRARY.listings), set(LIBRARY.filters)) == (set(LISTINGS), declared)


@pytest.mark.parametrize(
    ("macro", "sqlite", "postgres"),
    [
        ("SELECT 1 FROM t {lock}", "SELECT 1 FROM t", "SELECT 1 FROM t FOR NO KEY UPDATE"),
        ("SELECT 1 FROM t {claim}", "SELECT 1 FROM t", "SELECT 1 FROM t FOR UPDATE SKIP LOCKED"),
        ("SELECT 1 FROM t {index:i}", "SELECT 1 FROM t INDEXED BY i", "SELECT 1 FROM t"),
        ("SELECT {hex:x} FROM t", "SELECT lower(hex(x)) FROM t", "SELECT encode(x, 'hex') FROM t"),
        ("x {any:ids}", "x IN (SELECT value FROM json_each(:ids))", "x = ANY($1)"),
        (
            "SELECT {json_rows:{f}} FROM t",
            "SELECT json_group_array(json_array(a, b)) FROM t",
            "SELECT json_agg(json_build_array(a, b)) FROM t",
        ),
    ],
)
def test_a_macro_on_each_engine(macro: str, sqlite: str, postgres: str) -> None:
    query = Query.parse("q", macro, {"f": "a, b"})
    assert (query.sqlite, query.postgres) == (sqlite, postgres)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("SELECT {missing} FROM t", r"query q uses \{missing\}: no macro or fragment"),
        ("SELECT 1 FROM t {missing:x}", r"query q uses \{missing:x\}: no macro or fragment"),
        ("SELECT {f:x} FROM t", r"query q uses \{f:x\}: no macro or fragment"),
        ("SELECT 1 FROM t {lock:x}", r"query q uses \{lock:x\}: that macro takes no argument"),
        ("SELECT 1 FROM t WHERE x {any}", r"query q uses \{any\}: that macro takes an argument"),
        ("SELECT '{}'", "query q has a brace that belongs to no macro"),
        ("SELECT {json_rows:{f} FROM t", "query q has a brace that belongs to no macro"),
    ],
)
def test_a_macro_that_is_unknown_or_misused_does_not_load(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        load([f"-- fragment: f\na, b\n-- name: q (any store)\n{text}\n"])


@pytest.mark.parametrize("name", ["lock", "f"])
def test_a_fragment_has_a_name_of_its_own(name: str) -> None:
    with pytest.raises(
        ValueError, match=f"fragment {name} (is there twice|has the name of a macro)"
    ):
        load([f"-- fragment: f\na\n-- fragment: {name}\nb\n"])


def test_fragments_that_contain_each_other_do_not_load() -> None:
    text = "-- fragment: f\n{g}\n-- fragment: g\n{f}, a\n-- name: q (any store)\nSELECT {f}\n"
    with pytest.raises(ValueError, match="query q has fragments that contain each other"):
        load([text])


def test_a_row_is_repeated_with_numbers_that_go_on() -> None:
    query = Query.parse("q", "INSERT INTO t (a, b) VALUES {row:(:a, f(:b), 1)} ON CONFLICT DO x")
    assert query.sqlite == "INSERT INTO t (a, b) VALUES (:a, f(:b), 1) ON CONFLICT DO x"
    assert query.postgres == "INSERT INTO t (a, b) VALUES ($1, f($2), 1) ON CONFLICT DO x"
    assert query.for_rows(1) == query.numbered
    rows = "(?1, f(?2), 1), (?3, f(?4), 1)"
    assert query.for_rows(2) == f"INSERT INTO t (a, b) VALUES {rows} ON CONFLICT DO x"
    assert Query.parse("q", "INSERT INTO t VALUES (:a)").for_rows(2) is None


@pytest.mark.parametrize(
    "text",
    [
        "INSERT INTO t VALUES {row:(:a)} RETURNING :b",
        "WITH w AS (SELECT :b) INSERT INTO t VALUES {row:(:a)}",
        "INSERT INTO t VALUES {row:(:a)}, {row:(:b)}",
    ],
)
def test_a_row_that_can_not_be_repeated_does_not_load(text: str) -> None:
    with pytest.raises(ValueError, match="query q: all placeholders must stand in one"):
        Query.parse("q", text)
