"""The server's secret: known to the database, made once, replaced on purpose only."""

import asyncio
import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest

from tests.api import KELLY
from tests.cli.commands import CommandRunner
from tests.cli.live import running, until
from tests.domain.fixture import bare_sql

OTHER = "another secret, as long as it has to be"
CREATE = ("key", "create", "--name", "Till", "--scope", "all")


@pytest.fixture
def keyed(both: CommandRunner, store: str) -> str:
    """A key of the only store."""
    return both(*CREATE).out.strip()


def test_another_secret_is_named(both: CommandRunner, keyed: str) -> None:
    assert both("doctor").code == 0
    both.environ["GRIDGIFT_SECRET"] = OTHER
    both("resident", "add", "kelly", KELLY.uuid)
    for command in (
        ("serve", "--port", 0),
        ("key", "create", "--name", "Other", "--scope", "all"),
        ("token", "mint", "kelly"),
    ):
        both(*command).refused(2, "GRIDGIFT_SECRET is another secret", "gridgift secret replace")
    found = both("doctor", "--json")
    (check,) = [each for each in found.json["checks"] if each["name"] == "secret"]
    assert (found.code, check["ok"]) == (1, False)
    assert "another secret" in check["found"] and "secret replace" in check["remedy"]
    assert both("card", "list", "kelly").code == 0  # needs no secret


def test_a_secret_is_replaced_on_purpose(
    both: CommandRunner, keyed: str, store: str, database_url: str
) -> None:
    both("resident", "add", "kelly", KELLY.uuid)
    both("token", "mint", "kelly")
    webhook = both.json("webhook", "add", "https://shop.example.com/hooks")
    aria = both.json("operator", "add", "Aria")["operator"]["id"]
    row = f"INSERT INTO operator_second_factors VALUES ('{aria}', 'seed', 1, 1, 0, 0)"
    asyncio.run(bare_sql(database_url, row))
    both("secret", "replace").refused(2, "--yes")
    both("secret", "replace", "--yes").refused(2, "set another one")
    both.environ["GRIDGIFT_SECRET"] = OTHER
    assert both.json("secret", "replace", "--yes") == {
        "keys": 1, "tokens": 1, "units": 0, "webhooks": 1, "operators": 1,
    }  # fmt: skip
    assert both.json("webhook", "rotate", webhook["id"])["secret"] != webhook["secret"]
    assert all(key["revokedAt"] for key in both.json("key", "list"))
    fresh = both(*CREATE).out.strip()
    assert both("doctor").code == 0
    with running(both, "serve", "--port", 0) as server:
        assert server.get("/v1/store", key=fresh).status_code == 200
        assert server.get("/v1/store", key=keyed).status_code == 401


def test_a_file_is_replaced(cli: CommandRunner, store: str) -> None:
    old = (cli.folder / "gridgift.db.secret").read_text()
    cli(*CREATE)
    assert cli("secret", "replace", "--yes").code == 0
    assert (cli.folder / "gridgift.db.secret").read_text() != old
    assert {path.name for path in cli.folder.iterdir()} == {"gridgift.db", "gridgift.db.secret"}
    assert cli(*CREATE).code == 0


def test_a_secret_that_cant_take_its_place_is_not_lost(cli: CommandRunner, store: str) -> None:
    file = cli.folder / "gridgift.db.secret"
    file.unlink()
    file.mkdir()  # no file may be renamed to it
    told = cli("secret", "replace", "--yes")
    told.refused(2, "can't be put in its place", f"to {file.name},")
    file.rmdir()
    (cli.folder / told.err.partition(": move ")[2].split()[0]).rename(file)
    assert cli(*CREATE).code == 0


def test_a_missing_secret_is_not_made_again(cli: CommandRunner, store: str) -> None:
    assert cli(*CREATE).code == 0
    (cli.folder / "gridgift.db.secret").unlink()
    for command in (("serve", "--port", 0), CREATE, ("demo", "--no-serve")):
        environ = {"GRIDGIFT_DATABASE_URL": "sqlite:///gridgift.db"}
        cli.environ |= environ
        cli(*command).refused(2, "gridgift.db.secret can't be used", "put it back from a backup")
    assert cli("doctor").code == 1
    assert [path.name for path in cli.folder.iterdir()] == ["gridgift.db"]


def test_a_database_of_before_gets_to_know_its_secret_by_a_key(
    both: CommandRunner, keyed: str, database_url: str
) -> None:
    asyncio.run(bare_sql(database_url, "DELETE FROM server_secret"))
    with running(both, "serve", "--port", 0, environ={"GRIDGIFT_SECRET": OTHER}) as server:
        assert server.get("/v1/store", key=keyed).status_code == 401
    assert asyncio.run(bare_sql(database_url, "SELECT id FROM server_secret")) == []
    assert "will prove it right" in both("doctor").out.replace("\n", " ")
    with running(both, "serve", "--port", 0) as server:
        assert server.get("/v1/store", key=keyed).status_code == 200
    assert asyncio.run(bare_sql(database_url, "SELECT id FROM server_secret")) == [(1,)]
    both.environ["GRIDGIFT_SECRET"] = OTHER
    both(*CREATE).refused(2, "another secret")


def children(parent: int) -> set[int]:
    """Return the processes that a process has started."""
    return set(map(int, Path(f"/proc/{parent}/task/{parent}/children").read_text().split()))


def test_workers_that_start_later_have_the_secret_of_the_first(
    cli: CommandRunner, store: str
) -> None:
    key = cli(*CREATE).out.strip()
    with running(cli, "serve", "--port", 0, "--workers", 2) as server:
        until(lambda: len(children(server.process.pid)) >= 2)
        assert server.get("/v1/store", key=key).status_code == 200
        (cli.folder / "gridgift.db.secret").unlink()
        workers = children(server.process.pid)
        os.kill(min(workers), signal.SIGKILL)
        until(lambda: len(children(server.process.pid) - workers) >= 1)
        deadline = time.monotonic() + 5  # long enough for the new worker to take its part
        while time.monotonic() < deadline:
            with suppress(httpx2.TransportError):  # of a connection to the worker that is gone
                assert server.get("/v1/store", key=key).status_code == 200
    assert not (cli.folder / "gridgift.db.secret").exists()
