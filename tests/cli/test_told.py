"""What commands tell by an event: a file that was granted, and faults that ``verify`` found."""

import asyncio
import json
import sqlite3
import time
from contextlib import closing
from typing import Any

import pytest

from tests.api import KELLY
from tests.cli.commands import CommandRunner
from tests.cli.live import file_of
from tests.domain.fixture import bare_sql
from tests.serving import PATIENCE

FAULT = "UPDATE gift_cards SET credit = credit + 1"


@pytest.fixture
def shop(both: CommandRunner) -> CommandRunner:
    """A store with a card."""
    both.json("store", "create", "Moonwall", "--owner", "kelly", "--owner-uuid", KELLY.uuid)
    both.json("card", "grant", "kelly", "--credit", "5")
    return both


def store_of(cli: CommandRunner) -> str:
    """Return the id of a runner's only store."""
    (store,) = cli.json("store", "list")
    return str(store["id"])


def url_of(cli: CommandRunner) -> str:
    """Return the address of the database that a runner's commands use."""
    return cli.environ["GRIDGIFT_DATABASE_URL"]


def told(cli: CommandRunner, kind: str, count: int) -> list[Any]:
    """Read the events of a type, once there are so many.

    On PostgreSQL, a transaction of any test may keep them back for a moment.
    """
    until = time.monotonic() + PATIENCE
    while True:
        shown = cli("event", "tail", "--kept", "--once", "--type", kind, "--json")
        assert shown.code == 0, shown
        found = [json.loads(line) for line in shown.out.splitlines()]
        if len(found) >= count:
            return found
        assert time.monotonic() < until, found


@pytest.mark.contract("10.70", "10.94")
def test_a_file_is_a_bulk(shop: CommandRunner) -> None:
    file_of(shop, "cards.csv", "identifier,credit\nkelly,5\nkelly,7\nnobody.known,5\n")
    assert shop("card", "grant-many", "cards.csv", "--dry-run").code == 1
    assert told(shop, "bulk.finished", 0) == []
    assert shop("card", "grant-many", "cards.csv").code == 1
    (event,) = told(shop, "bulk.finished", 1)
    assert event["after"] == {"granted": 2, "skipped": 0, "refused": 1, "amount": 12}
    assert (event["actor"]["kind"], event["about"].keys()) == ("operator", {"bulkId"})
    shop("card", "grant-many", "cards.csv")  # refused: it was granted already
    assert told(shop, "bulk.finished", 1) == [event]
    assert "bulk.finished" in shop("event", "tail", "--kept", "--once").out
    assert shop("card", "grant-many", "cards.csv", "--again").code == 1
    assert [each["after"] for each in told(shop, "bulk.finished", 2)] == [event["after"]] * 2


@pytest.mark.contract("10.66", "10.94")
def test_faults_are_told(shop: CommandRunner) -> None:
    assert shop("verify").code == 0
    asyncio.run(bare_sql(url_of(shop), FAULT))
    assert shop("verify", "--no-event").code == 1
    assert told(shop, "verify.failed", 0) == []
    assert shop("verify").code == 1
    (event,) = told(shop, "verify.failed", 1)
    assert event["after"] == {"faults": 1}
    assert event["about"] == {"storeId": event["storeId"]}
    assert (event["actor"]["kind"], event["before"], event["seq"]) == ("operator", None, None)


@pytest.mark.contract("10.66")
def test_what_came_of_it_is_kept(shop: CommandRunner) -> None:
    """Of the last time: doctor says when there were faults, and when it was too long ago."""

    def ledger() -> tuple[bool, str]:
        checks = shop("doctor", "--json").json["checks"]
        (found,) = [check for check in checks if check["name"] == "ledger"]
        return found["ok"], found["found"]

    def sql(statement: str) -> Any:
        return asyncio.run(bare_sql(url_of(shop), statement))

    assert ledger()[0]  # the store is new
    sql("UPDATE stores SET created_at = 1")
    assert ledger() == (False, f"1 store was not verified within 30 days: {store_of(shop)}.")
    assert shop("verify", "--no-event").code == 0
    assert not ledger()[0]
    assert shop("verify").code == 0
    assert ledger()[0]
    kept = "SELECT faults, cards, card_credit, customers, store_credit FROM verifications"
    assert [tuple(row) for row in sql(kept)] == [(0, 1, 5, 1, 0)]
    sql(FAULT)
    assert shop("verify").code == 1
    assert ledger() == (False, f"1 store was verified with faults: {store_of(shop)}.")
    assert [tuple(row) for row in sql(kept)] == [(1, 1, 5, 1, 0)]
    sql("UPDATE verifications SET faults = 0, finished_at = 1")
    assert not ledger()[0]


@pytest.mark.contract("10.66")
def test_what_can_not_be_written_is_verified_all_the_same(cli: CommandRunner, store: str) -> None:
    cli("resident", "add", KELLY.username, KELLY.uuid)
    cli.json("card", "grant", KELLY.username, "--credit", "5")
    with closing(sqlite3.connect(cli.folder / "gridgift.db", isolation_level=None)) as other:
        other.execute(FAULT)
        other.execute("BEGIN IMMEDIATE")  # nobody else can write meanwhile
        done = cli("verify", "--json")
    assert (done.code, done.json["faults"]) == (1, 1)
    assert "The result is kept nowhere" in done.err
    assert told(cli, "verify.failed", 0) == []
