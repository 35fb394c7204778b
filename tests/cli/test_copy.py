"""``gridgift copy``: killed outright it goes on, what it left is not served, and what it says."""

import asyncio
import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.api import KELLY
from tests.cli.commands import CommandRunner
from tests.domain.fixture import bare_sql

RESIDENTS = 30_000
MANY = {
    "sqlite": "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) "
    "INSERT INTO residents SELECT printf('00000000-0000-4000-8000-%012d', i), 'r' || i, i FROM n",
    "postgres": "INSERT INTO residents SELECT ('00000000-0000-4000-8000-' "
    "|| lpad(i::text, 12, '0'))::uuid, 'r' || i, i FROM generate_series(1, {rows}) i",
}
PATIENCE = 60.0  # seconds


@pytest.fixture
def target(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database on the other engine."""
    if engine == "postgres":
        return f"sqlite:///{tmp_path}/copy.db"
    return str(request.getfixturevalue("empty_postgres_url"))


@pytest.fixture
def filled(both: CommandRunner, database_url: str, engine: str, store: str, kelly: str) -> str:
    """The address of a database that takes a while to be copied."""
    for credit in (100, 200):
        assert both("card", "grant", kelly, "--credit", credit).code == 0
    look(database_url, MANY[engine].format(rows=RESIDENTS))
    return database_url


def look(url: str, statement: str) -> Any:
    """Run a statement past everything."""
    return asyncio.run(bare_sql(url, statement))


def rows_there(target: str) -> int:
    """Return how many rows an unfinished copy holds; 0 where there is none."""
    with contextlib.suppress(Exception):  # not made yet
        return int(look(target, "SELECT sum(copied) FROM copy_progress")[0][0])
    return 0


@contextmanager
def copy_process(
    cli: CommandRunner, source: str, target: str
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run the command beside the test."""
    command = [sys.executable, "-m", "gridgift", "copy", source, target]
    with subprocess.Popen(
        command, cwd=cli.folder, env=cli.environ, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


def killed_at(cli: CommandRunner, source: str, target: str, rows: int) -> int:
    """Kill a copy outright once so many rows are there; return how many there are then."""
    deadline = time.monotonic() + PATIENCE
    with copy_process(cli, source, target) as process:
        while rows_there(target) < rows and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.005)
        assert process.poll() is None, "it was faster than this test"
    return rows_there(target)


def test_killed_again_and_again(both: CommandRunner, filled: str, target: str) -> None:
    before = 0
    for rows in (500, 8_000, 20_000):
        there = killed_at(both, filled, target, rows)
        assert rows <= there < RESIDENTS
        assert there >= before  # a copy that was fast has nothing to add
        before = there
        for command in (("serve", "--port", 0), ("store", "list"), ("migrate",), ("verify",)):
            both(*command, "--database", target).refused(2, "an unfinished copy", "gridgift copy")
    done = both("copy", filled, target, "--json")
    assert done.code == 0, done.err
    counts = {table["table"]: table["rows"] for table in done.json["tables"]}
    assert counts["residents"] == RESIDENTS + 2
    assert counts["gift_cards"] == counts["entries"] == 2
    assert both.json("verify", "--no-event", "--database", target)["faults"] == 0
    back = f"sqlite:///{both.folder}/back.db"
    assert both.json("copy", target, back)["tables"] == done.json["tables"]


def test_what_it_says(
    both: CommandRunner, database_url: str, target: str, store: str, kelly: str
) -> None:
    both.json("card", "grant", kelly, "--credit", 100)
    done = both("copy", database_url, target)
    assert done.code == 0
    assert "gift_cards" in done.out
    assert "Not copied: GRIDGIFT_SECRET. Set the same one for the new server." in done.err
    shown = both.json("store", "list", "--database", target)
    assert [found["id"] for found in shown] == [store]
    both("copy", database_url, target).refused(2, "target is not empty")


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_what_it_says_about_the_secret(cli: CommandRunner, store: str, target: str) -> None:
    source = f"sqlite:///{cli.folder}/gridgift.db"
    cli("doctor")
    said = cli("copy", source, f"sqlite:///{cli.folder}/b.db").err
    assert f"Run 'cp -p {cli.folder}/gridgift.db.secret {cli.folder}/b.db.secret'." in said
    assert (
        f"Set GRIDGIFT_SECRET to the text in {cli.folder}/gridgift.db.secret."
        in cli("copy", source, target).err
    )


def test_a_tampered_row(both: CommandRunner, filled: str, target: str) -> None:
    killed_at(both, filled, target, 10_000)
    look(
        target,
        f"UPDATE residents SET username = 'x' WHERE uuid = '{KELLY.uuid}' "
        "OR uuid = '00000000-0000-4000-8000-000000000007'",
    )
    done = both("copy", filled, target)
    assert done.code == 1
    assert done.out == ""
    assert "the row of residents with uuid 00000000-0000-4000-8000-000000000007" in done.err
    both("serve", "--port", 0, "--database", target).refused(2, "an unfinished copy")


def test_faults_that_the_source_has(both: CommandRunner, filled: str, target: str) -> None:
    look(filled, "UPDATE gift_cards SET credit = credit + 1")
    done = both("copy", filled, target, "--json")
    assert done.code == 1
    assert done.json["ledger"]["faults"] == 2
    assert "2 faults on both sides" in done.err
    assert both("verify", "--database", target).code == 1


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_misuse(both: CommandRunner, database_url: str, tmp_path: Path) -> None:
    both("copy", database_url, database_url).refused(2, "the same database")
    both("copy", f"sqlite:///{tmp_path}/none.db", "sqlite:///b.db").refused(2, "no database")
    assert not (tmp_path / "none.db").exists()
    both("copy", "shop.db", database_url).refused(2, "FROM must be sqlite:///FILE")
    both("copy", database_url, "shop.db").refused(2, "TO must be sqlite:///FILE")
    nowhere = "postgresql://a:hush@127.0.0.1:1/b"
    both("copy", database_url, nowhere).refused(75, "can't be used for now")
    assert "hush" not in both("copy", nowhere, "sqlite:///b.db").err
    assert not (both.folder / "b.db").exists()
