"""Every statement of a request finds its rows by an index, and sorts nothing without a bound."""

import asyncio
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest

from gridgift.storage.letters import without_case
from gridgift.storage.queries import Query
from tests import databases
from tests.storage import filled, probes
from tests.storage.calls import STATEMENTS, calls, declared_as
from tests.storage.plans import Plan, nodes_of_postgres, of_postgres, of_sqlite
from tests.walks import check_each

WORK: Final = 8_000  # rows that a statement may look at, where the big tables have 20 000

# Not in the path of a request, nor of what runs beside requests.
EXEMPT: Final = {
    "accounts_activity": "a report looks at everything",
    "accounts_held": "a list that stands for a report's figure looks at what the report does",
    "accounts_held_before": "the same list, the other way",
    "cards_ending": "a report looks at all that ends in its time",
    "cards_ending_at": "a report looks at everything",
    "cards_owed_at": "a report looks at everything",
    "customers_by_cards": "a list by the number of cards counts all, as a report does",
    "customers_by_activity": "a list by the last activity looks at all, as a report does",
    "customers_ending": "a list that stands for a report's figure looks at what the report does",
    "credit_ending": "a report looks at all that ends in its time",
    "credit_ending_at": "a report looks at everything",
    "cards_owed": "a report looks at everything",
    "credit_owed": "a report looks at everything",
    "credit_owed_at": "a report looks at everything",
    "cards_count": "gridgift verify looks at everything",
    "cards_matching": "a count looks at 20 000 cards, or, asked to be exact, at everything",
    "cards_of_store_count": "a count of few cards, or, asked to be exact, of everything",
    "cards_of_nobody": "gridgift verify looks at everything",
    "customers_count": "gridgift verify looks at everything",
    "entries_moved_sum": "a figure of a report looks at all that moved in its time",
    "entries_in_range": "gridgift verify looks at everything",
    "holds_in_range": "gridgift verify looks at everything",
    "import_amount": "adds up all cards of a file, once all of it is granted",
    "imports_newest": "gridgift import list lists a store's imports; there are few",
    "imports_of_store": "gridgift verify looks at everything",
    "labels_in_range": "gridgift verify looks at everything",
    "tags_in_range": "gridgift verify looks at everything",
    "lots_in_range": "gridgift verify looks at everything",
    "spend_lots_in_range": "gridgift verify looks at everything",
    "spends_in_range": "gridgift verify looks at everything",
    "stores_verified": "gridgift verify looks at everything",
    "stores_unverified": "gridgift doctor looks at all stores; there are few",
    "keys_of_store": "gridgift key list lists all keys of a store",
    "units_inviting": "gridgift resident erase looks at all units of a store",
    "refunds_noted": "gridgift resident erase looks at all notes on refunds of a store",
    "units_silent_of_store": "looks at the units of a store, of which there are few",
    "directory_of_store": "looks at the units of a store, of which there are few",
    "stores_two": "looks at two of the stores, of which there are few",
    "stores_all": "commands list all stores; there are few",
    "secret_known": "asked at a start; looks for one key, or else for one token",
    "keys_end": "gridgift secret replace ends every key",
    "tokens_end": "gridgift secret replace ends every token",
    "units_end": "gridgift secret replace ends every unit's object",
    "webhooks_at_work": "looks at all webhooks, of which a store has 50 at most",
    "second_factors_count": "gridgift secret replace counts them all, of whom there are few",
    "webhooks_count": "looks at all webhooks, of which a store has 50 at most",
    "webhooks_in_trouble": "looks at all webhooks, of which a store has 50 at most",
    "webhooks_any": "looks at all webhooks, of which a store has 50 at most",
    "webhooks_forget": "looks at all webhooks, of which a store has 50 at most",
    "deliveries_of_deleted": "looks at all webhooks, of which a store has 50 at most",
    "deliveries_ahead": "after the clock was set back, looks at all that are pending",
    "deliveries_overdue": "looks at all webhooks, of which a store has 50 at most",
    "refusals_forget": "ends an import: forgets whatever was refused in it",
    "sending_rival": "looks at what is being sent just now",
    "sendings_unfinished": "looks at what is being sent just now",
    "bulk_changes_unchecked": "looks at what is being looked for just now",
    "bulk_changes_unfinished": "looks at what is being done just now",
}
BOUNDED_SORTS: Final = {
    "answers_by_age": "of answers of one instant",
    "cards_expiring": "of cards that end at one instant",
    "cards_among": "some 2000 cards",
    "cards_since": "the ids of as many cards as were asked for",
    "cards_until": "the ids of as many cards as were asked for",
    "cards_of_store": "the 250 cards that were looked at",
    "customers_since": "the ids of as many customers as were asked for",
    "customers_until": "the ids of as many customers as were asked for",
    "entries_of_resident": "200 entries of each of a resident's newest cards",
    "lots_open": "an account has at most 1000 open lots",
    "notes_on_cards": "200 entries of each of a resident's newest cards",
    "members_of_store": "a store has few operators",
    "names_of_resident": "a resident has few names",
    "resident_rename": "a resident has few names",
    "sessions_of_operator": "those of a week at most; a sign-in deletes older ones",
    "stores_of_operator": "an operator has few stores",
    "spend_lots_unrestored": "a spend takes from at most 1000 lots",
}
# A list that is searched and sorted looks at all customers or cards, as a report does.
SORTED_SEARCHES: Final = ("/customer_named", "/owner_named")
OF_REQUESTS: Final = sorted(
    name
    for name in STATEMENTS
    if declared_as(name) not in EXEMPT and not name.endswith(SORTED_SEARCHES)
)


# SQLite as it is in use, without statistics, and after someone ran ANALYZE
@pytest.fixture(scope="module", params=["sqlite", "sqlite-analyzed", "postgres"])
def place(request: pytest.FixtureRequest, run_folder: Path) -> str:
    """A filled database on each engine, for all workers."""

    def make(url: str) -> None:
        databases.migrate_url(url)
        filled.fill(url, analyze=not url.startswith("sqlite"))

    def analyze(url: str) -> None:
        path = databases.sqlite_template(run_folder, "filled", make)
        shutil.copy(path, url.removeprefix("sqlite:///"))
        filled.run(url, "ANALYZE")

    if request.param == "postgres":
        server: databases.Postgres = request.getfixturevalue("postgres")
        return server.url_of(server.template("filled", make))
    maker = analyze if request.param == "sqlite-analyzed" else make
    name = request.param.replace("sqlite", "filled")
    return f"sqlite:///{databases.sqlite_template(run_folder, name, maker)}"


def plans(place: str, name: str, values: dict[str, Any]) -> list[Plan]:
    """Return how a statement with a name is run on this engine."""
    return plans_of(place, STATEMENTS[name], values)


def plans_of(place: str, query: Query, values: dict[str, Any]) -> list[Plan]:
    """Return how a statement is run on this engine."""
    if place.startswith("sqlite"):
        return of_sqlite(Path(place.removeprefix("sqlite:///")), query, values)
    return asyncio.run(of_postgres(place, query, values))


def test_an_index_leads_to_the_rows(place: str) -> None:
    def check(name: str) -> None:
        for values in calls(name):
            for plan in plans(place, name, values):
                assert not plan.scans, plan
                assert not plan.sorts or declared_as(name) in BOUNDED_SORTS, plan
                assert plan.work <= WORK, plan

    check_each(OF_REQUESTS, check)


@pytest.mark.parametrize(
    "statement", list(probes.CARDS_BY_INDEX.statements()), ids=lambda one: one.name
)
def test_a_keyset_of_two_columns_walks_an_index(place: str, statement: Query) -> None:
    values = {"store_id": filled.STORE, "rows": 101, "seek_id": filled.THING}
    values["seek_created_at"] = filled.MANY // 2
    for plan in plans_of(place, statement, values):
        assert not plan.scans, plan
        assert not plan.sorts, plan
        assert plan.work <= WORK, plan


def test_cards_in_a_rare_state_are_looked_for_among_their_owners_alone(place: str) -> None:
    name = "cards_of_owner/created/asc/edge/in_states"
    for values in calls(name):
        for plan in plans(place, name, values | {"redeemed": True, "redeemed_to": True}):
            assert not plan.scans, plan
            assert not plan.sorts, plan
            assert plan.work <= 3 * filled.OWNED, plan


def test_a_walk_that_fills_a_page_reads_no_more_cards(place: str) -> None:
    """Only the index is followed further, to where the next part of the walk would begin."""
    name, rows, looked = "cards_of_store/created/desc/seek", 5, 205
    matching = calls(name)[-1] | {"rows": rows}
    short, long = (plans(place, name, matching | {"looked": each}) for each in (rows, looked))
    for least, most in zip(short, long, strict=True):
        assert most.work - least.work <= 2 * (looked - rows), most


def test_when_cards_end_stands_in_the_index_of_their_credit(place: str) -> None:
    """What does not end in the time that is searched is passed over, and not read."""
    query = STATEMENTS["cards_by_credit_ending/credit/desc/seek"]
    (values, *_) = calls(query.name)
    if place.startswith("sqlite"):
        explained = f"EXPLAIN QUERY PLAN {query.sqlite}"
        with closing(sqlite3.connect(place.removeprefix("sqlite:///"))) as raw:
            raw.create_function("without_case", 1, without_case)
            found = [line for *_, line in raw.execute(explained, values)]
        assert sum("USING COVERING INDEX gift_cards_by_credit " in line for line in found) == 2
    else:
        nodes = asyncio.run(nodes_of_postgres(place, query, values))
        scans = [node for node in nodes if node.get("Relation Name") == "gift_cards"]
        (read,) = [node for node in scans if node["Node Type"] != "Index Only Scan"]
        assert len(scans) == 3, scans
        assert "(id = " in read["Index Cond"], read


def test_exemptions_are_of_statements_that_are_there() -> None:
    assert EXEMPT.keys() | BOUNDED_SORTS.keys() <= set(map(declared_as, STATEMENTS))


@pytest.mark.parametrize("name", ["cards_count", "entries_in_range"])
def test_a_scan_would_be_seen(place: str, name: str) -> None:
    (values,) = calls(name)
    if "until" in values:
        values["until"] = filled.uuid(9, 0)
    assert all(plan.scans or plan.work > WORK for plan in plans(place, name, values))
