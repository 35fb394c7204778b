"""Hash-partitioned by store, every statement of a request touches one partition of each table.

That is the condition under which a sharded engine sends it to one node.
"""

import asyncio
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import asyncpg
import pytest

from tests import databases
from tests.storage import filled
from tests.storage.calls import IN_FUNCTIONS, STATEMENTS, calls
from tests.storage.partitioned import PARTITIONS, REFERENCE, migrate_partitioned
from tests.storage.plans import explain, walk
from tests.storage.test_migrations import postgres_tables
from tests.walks import check_each

# Of any store: not in the path of a request, or of tables that every node has.
ANY_STORE: Final = {
    "answers_at_work": "gridgift resident erase looks at who is at work on this node",
    "answers_by_age": "gridgift resident erase looks at every store",
    "answers_old": "housekeeping looks for old answers; each is then forgotten by its store",
    "cards_count": "gridgift verify looks at everything",
    "cards_expired": "housekeeping looks for what has expired; each is then noted by its store",
    "cards_expiring": "housekeeping looks for what will expire; each is then noted by its store",
    "customers_count": "gridgift verify looks at everything",
    "events_ends": "gridgift serve looks at every store",
    "events_newest": "one look for all who wait, each of its own store",
    "deliveries_of_deleted": "housekeeping looks for them; each is then deleted by its store",
    "deliveries_ahead": "after the clock was set back; each is then changed by its store",
    "deliveries_old": "housekeeping looks for old ones; each is then deleted by its store",
    "deliveries_overdue": "/metrics tells how late the latest of all is",
    "feed_advance": "the feed is of no store",
    "feed_begin": "the feed is of no store",
    "feed_claim": "the feed is of no store",
    "feed_raise": "the feed is of no store",
    "holds_lapsed": "housekeeping looks for what has lapsed; each is then noted by its store",
    "lots_expired": "housekeeping looks for what has expired; each is then settled by its store",
    "newest_cards": "gridgift doctor looks at every store",
    "resident_by_uuid": "residents are on every node",
    "names_of_resident": "residents are on every node",
    "resident_add": "residents are on every node",
    "resident_call": "residents are on every node",
    "resident_claim": "residents are on every node",
    "resident_names_forget": "residents are on every node",
    "resident_keep": "residents are on every node",
    "resident_name_add": "residents are on every node",
    "resident_name_holder": "residents are on every node",
    "resident_name_keep": "residents are on every node",
    "resident_name_move": "residents are on every node",
    "resident_names_known": "residents are on every node",
    "resident_rename": "residents are on every node",
    "residents_all": "residents are on every node",
    "residents_anywhere": "residents are on every node",
    "residents_by_uuid": "residents are on every node",
    "keys_end": "gridgift secret replace ends the keys of every store",
    "secret_known": "a start, and what makes keys or links, asks whether there are any",
    "secret_note": "the secret is of no store",
    "secret_replace": "the secret is of no store",
    "tokens_end": "gridgift secret replace ends the tokens of every store",
    "resident_name_note": "residents are on every node",
    "stores_two": "stores are on every node; it looks at two",
    "stores_all": "stores are on every node; commands list them",
    "store_of_origin": "stores are on every node",
    "units_fallen_silent": "housekeeping looks for them; each is then told of by its store",
    "units_silent": "gridgift doctor looks at every store",
    "units_end": "gridgift secret replace ends the objects of every store's units",
    "unit_store_add": "which store a unit is of is on every node",
    "store_of_unit": "which store a unit is of is on every node",
    "stores_verified": "gridgift verify looks at everything",
    "stores_unverified": "gridgift doctor looks at every store",
    **dict.fromkeys(
        [
            "operator_by_login",
            "operator_by_id",
            "operator_add",
            "operator_lock",
            "operator_password",
            "member_put",
            "member_drop",
            "members_of_store",
            "member_everywhere",
            "stores_of_operator",
            "link_put",
            "link_holder",
            "link_use",
            "link_drop",
            "session_add",
            "session_by_hash",
            "sessions_of_operator",
            "session_seen",
            "session_choose",
            "session_end",
            "sessions_end",
            "sessions_forget",
            "second_factor_of",
            "second_factor_add",
            "second_factor_right",
            "second_factor_wrong",
            "second_factor_drop",
            "recovery_code_add",
            "recovery_code_use",
            "recovery_codes_drop",
            "recovery_codes_left",
            "sign_in_add",
            "sign_in_holder",
            "sign_in_use",
            "sign_ins_drop",
            "sign_ins_forget",
        ],
        "operators, and how and where they sign in, are on every node",
    ),
    "webhooks_any": "whoever delivers asks whether there is anything to deliver at all",
    "webhooks_at_work": "whoever delivers looks for work; each webhook's is then done by its store",
    "second_factors_count": "gridgift secret replace looks at every operator's",
    "webhooks_count": "gridgift secret replace looks at every store's",
    "webhooks_forget": "housekeeping deletes those that have no deliveries left",
    "webhooks_in_trouble": "gridgift doctor looks at every store",
    "actions_old": "housekeeping looks for old records; each is then forgotten by its store",
    "bulk_changes_old": "housekeeping looks for old changes; each is then forgotten by its store",
    "bulk_changes_unchecked": "housekeeping looks for them; each is then looked at by its store",
    "bulk_changes_unfinished": "housekeeping looks for them; each is then done by its store",
    "sendings_old": "housekeeping looks for old sendings; each is then forgotten by its store",
    "sendings_unfinished": "housekeeping looks for them; each is then sent by its store",
    "tokens_old": "housekeeping looks for old tokens; each is then forgotten by its store",
}
COMMAND: Final = r"gridgift [a-z ]+?(?= looks| ends)"
PAGE: Final = (Path(__file__).parents[2] / "docs" / "scaling.md").read_text(encoding="utf-8")
OF_A_STORE: Final = sorted(query for query in STATEMENTS if query not in ANY_STORE)


@pytest.fixture(scope="module")
def place(postgres: databases.Postgres) -> str:
    """A partitioned database with many rows, for all workers."""

    def make(url: str) -> None:
        migrate_partitioned(url)
        filled.fill(url)

    return postgres.url_of(postgres.template("partitioned_filled", make))


@pytest.fixture(scope="module")
def partitions(place: str) -> dict[str, str]:
    """Which table each partition is of."""
    rows = filled.run(
        place,
        "SELECT inhrelid::regclass::text, inhparent::regclass::text "
        "FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE relkind = 'r'",
    )
    return dict(rows)


Nodes = Callable[[str, dict[str, Any]], list[dict[str, Any]]]


@contextmanager
def planner(url: str, mode: str) -> Iterator[Nodes]:
    """Yield what returns the nodes of a statement's plan.

    All statements have one connection: a new one has to read what all the partitions are like.
    """
    with asyncio.Runner() as runner:
        settings = {"plan_cache_mode": mode}
        connection = runner.run(asyncpg.connect(url, server_settings=settings))

        async def nodes(name: str, values: dict[str, Any]) -> list[dict[str, Any]]:
            await connection.execute(f"PREPARE it AS {STATEMENTS[name].postgres}")
            try:
                return list(walk(await explain(connection, STATEMENTS[name], values)))
            finally:
                await connection.execute("DEALLOCATE it")

        yield lambda name, values: runner.run(nodes(name, values))
        runner.run(connection.close())


def test_every_table_is_partitioned_or_a_reference(place: str, partitions: dict[str, str]) -> None:
    tables = asyncio.run(postgres_tables(place)).keys() - partitions.keys() - {"migrations"}
    assert tables - set(partitions.values()) == REFERENCE
    for table in tables - REFERENCE:
        assert list(partitions.values()).count(table) == PARTITIONS


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
def test_one_partition_of_each_table(place: str, partitions: dict[str, str], mode: str) -> None:
    def check(name: str) -> None:
        for values in calls(name):
            touched: dict[str, set[str]] = {}
            for node in nodes_of(name, values):
                relation = node.get("Relation Name", "")
                # An update's own node names the parent; what it changes is in the scans below it.
                if relation in partitions:
                    touched.setdefault(partitions[relation], set()).add(relation)
            assert all(len(found) == 1 for found in touched.values()), touched
            assert touched or is_insert(name) or stores_only(name) or calls_a_function(name)

    with planner(place, mode) as nodes_of:
        check_each(OF_A_STORE, check)


def is_insert(name: str) -> bool:
    """Tell whether a statement only adds one row, whose store decides where."""
    return STATEMENTS[name].postgres.startswith("INSERT")


def stores_only(name: str) -> bool:
    """Tell whether a statement is about stores, which are on every node."""
    return name in {"keys_lock", "store_by_id", "store_update"}


def calls_a_function(name: str) -> bool:
    """Tell whether a statement reads by way of a function, whose own statement is tried."""
    return any(f"FROM {function}(" in STATEMENTS[name].postgres for function in IN_FUNCTIONS)


@pytest.mark.parametrize("name", IN_FUNCTIONS)
def test_functions_run_what_is_tried(place: str, name: str) -> None:
    ((source,),) = filled.run(place, f"SELECT prosrc FROM pg_proc WHERE proname = '{name}'")
    assert IN_FUNCTIONS[name].postgres in source


def test_exemptions_are_of_statements_that_are_there() -> None:
    without = {name for name, query in STATEMENTS.items() if "store_id" not in query.parameters}
    assert without == ANY_STORE.keys()


def test_several_partitions_would_be_seen(place: str, partitions: dict[str, str]) -> None:
    with planner(place, "force_custom_plan") as nodes_of:
        nodes = nodes_of("cards_count", {})
    seen = {node["Relation Name"] for node in nodes if "Relation Name" in node}
    assert len(seen & partitions.keys()) == PARTITIONS


def test_the_page_spreads_every_table(partitions: dict[str, str]) -> None:
    spread = re.findall(
        r"^SELECT create_(reference|distributed)_table\('(\w+)'", PAGE, re.MULTILINE
    )
    of_stores = [("distributed", table) for table in sorted(set(partitions.values()))]
    assert sorted(spread) == sorted(of_stores + [("reference", table) for table in REFERENCE])


def test_the_page_tells_who_asks_all_nodes() -> None:
    (told,) = re.findall(r"^- \*\*Across stores\*\*(.*?)^\S", PAGE, re.MULTILINE | re.DOTALL)
    commands = {found for why in ANY_STORE.values() for found in re.findall(COMMAND, why)}
    assert commands <= set(re.findall(r"`(.+?)`", told))


def test_the_page_names_the_statements_that_may_be_in_the_way() -> None:
    """Those that lock rows across stores, or beside a subquery, and those in functions."""
    texts = {name: query.postgres for name, query in STATEMENTS.items()}
    locking = {name for name, text in texts.items() if re.search(r"FOR (NO KEY )?UPDATE", text)}
    nested = {name for name in locking if texts[name].count("SELECT") > 1}
    (told,) = re.findall(r"^- \*\*Expected to be.*?^- ", PAGE, re.MULTILINE | re.DOTALL)
    named = set(re.findall(r"`(\w+)`", told)) & (texts.keys() | IN_FUNCTIONS.keys())
    assert named == nested | (locking & ANY_STORE.keys()) | IN_FUNCTIONS.keys()
