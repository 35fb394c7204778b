"""``gridgift doctor``."""

import asyncio
import sqlite3
from typing import Any

import pytest

from gridgift.app import connect, now
from gridgift.domain import grants
from gridgift.domain.giftcards import Terms
from gridgift.domain.grants import GrantRequest
from gridgift.domain.ids import new_id
from gridgift.domain.instants import HOUR
from gridgift.domain.model import Caller
from gridgift.domain.residents import Identifier
from gridgift.domain.units import SILENT_AFTER
from gridgift.settings import VARIABLES, Settings
from tests.api import KELLY, SECRET
from tests.cli.commands import CommandRunner
from tests.cli.conftest import add_store
from tests.domain.fixture import bare_sql
from tests.redis import Redis


def check(cli: CommandRunner, name: str) -> dict[str, Any]:
    """Run the doctor, which must find something wrong, and return one of its checks."""
    result = cli("doctor", "--json")
    assert result.code == 1, result
    assert not result.json["ok"]
    (found,) = [check for check in result.json["checks"] if check["name"] == name]
    assert not found["ok"] and found["remedy"]
    plain = cli("doctor")
    assert plain.code == 1
    assert "WRONG" in plain.out and found["remedy"] in plain.out
    return dict(found)


def test_all_is_well(both: CommandRunner) -> None:
    both.environ["GRIDGIFT_RESOLVER_KEY"] = "hush"
    result = both("doctor", "--json")
    assert result.code == 0, result
    assert result.json["ok"]
    assert all(check["ok"] for check in result.json["checks"])
    assert result.json["settings"].keys() == VARIABLES.keys()
    assert result.json["settings"]["GRIDGIFT_SECRET"] == "***"
    plain = both("doctor")
    assert plain.code == 0
    assert all(name in plain.out for name in VARIABLES)
    assert "hush" not in result.out + plain.out and SECRET not in result.out + plain.out


def test_it_makes_nothing(cli: CommandRunner) -> None:
    assert "no database gridgift.db" in check(cli, "database")["found"]
    assert "put it back from a backup" in check(cli, "secret")["found"]
    assert list(cli.folder.iterdir()) == []


def test_the_secret_is_its_owners_only(cli: CommandRunner, store: str) -> None:
    assert cli("doctor").code == 0
    secret = cli.folder / "gridgift.db.secret"
    assert secret.stat().st_mode & 0o777 == 0o600
    assert secret.read_text().strip() not in cli("doctor", "--json").out
    secret.chmod(0o644)
    assert "chmod 600 gridgift.db.secret" in check(cli, "secret")["found"]


def test_the_database_is_its_owners_only(cli: CommandRunner, store: str) -> None:
    (cli.folder / "gridgift.db").chmod(0o644)
    assert "chmod 600 gridgift.db" in check(cli, "file")["remedy"]


def test_a_missing_secret_on_postgres(cli: CommandRunner, empty_postgres_url: str) -> None:
    cli.environ["GRIDGIFT_DATABASE_URL"] = empty_postgres_url
    assert "GRIDGIFT_SECRET is not set" in check(cli, "secret")["found"]
    assert "gridgift migrate" in check(cli, "database")["found"]


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
def test_a_server_that_takes_no_writes(both: CommandRunner, database_url: str) -> None:
    read_only = "options=-c%20default_transaction_read_only%3Don"
    both.environ["GRIDGIFT_DATABASE_URL"] = f"{database_url}&target_session_attrs=any&{read_only}"
    assert "takes no writes" in check(both, "database")["found"]


def test_a_clock_that_is_behind_the_ledger(both: CommandRunner, database_url: str) -> None:
    store = both.json("store", "create", "X", "--owner", "kelly", "--owner-uuid", KELLY.uuid)["id"]

    async def grant_tomorrow() -> None:
        database = connect(Settings(database_url=database_url), lambda: now() + 86_400_000)
        try:
            caller = Caller(store, "system", "test", "test")
            to = Identifier(uuid=KELLY.uuid)
            await database.write(grants.grant, GrantRequest(caller, to, Terms(1), new_id()))
        finally:
            await database.close()

    asyncio.run(grant_tomorrow())
    assert "newest card" in check(both, "clock")["found"]


def test_a_damaged_file(cli: CommandRunner, store: str) -> None:
    path = cli.folder / "gridgift.db"
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        ((page,),) = raw.execute("SELECT rootpage FROM sqlite_master WHERE name = 'gift_cards'")
        ((size,),) = raw.execute("PRAGMA page_size")
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
    assert "backup" in check(cli, "integrity")["remedy"]


def test_a_bad_setting_and_a_missing_folder(cli: CommandRunner) -> None:
    cli.environ["GRIDGIFT_PUBLIC_URL"] = "shop.test"
    assert "GRIDGIFT_PUBLIC_URL must be" in check(cli, "settings")["found"]
    cli.environ = {**cli.environ, "GRIDGIFT_PUBLIC_URL": "http://shop.test"}
    cli.environ["GRIDGIFT_DATABASE_URL"] = "sqlite:///nowhere/x.db"
    assert "nowhere/x.db" in check(cli, "database")["found"]


def test_redis(cli: CommandRunner, redis: Redis) -> None:
    cli.environ["GRIDGIFT_REDIS_URL"] = redis.url
    assert f"{redis.url} answers." in cli("doctor").out
    redis.kill()
    assert "does not answer" in check(cli, "redis")["found"]


def test_webhooks_in_trouble(both: CommandRunner) -> None:
    """Those that fail, and those that were switched off for it; not those an operator has off."""
    add_store(both, "Moonwall Couture")
    ids = [both.json("webhook", "add", f"https://a.example/{n}")["id"] for n in range(4)]
    both.json("webhook", "update", ids[0], "--off")
    assert both("doctor").code == 0
    gone = f"UPDATE webhooks SET active = FALSE, disabled_reason = 'gone' WHERE id = '{ids[1]}'"
    long_ago, lately = now() - 2 * HOUR, now()
    for statement in (
        gone,
        f"UPDATE webhooks SET failing_since = {long_ago} WHERE id = '{ids[2]}'",
        f"UPDATE webhooks SET failing_since = {lately} WHERE id = '{ids[3]}'",
    ):
        asyncio.run(bare_sql(both.environ["GRIDGIFT_DATABASE_URL"], statement))
    found = check(both, "webhooks")["found"]
    assert found == f"1 switched off, 1 failing: {ids[1]}, {ids[2]}."


@pytest.mark.contract("9.35")
def test_units_that_are_silent(both: CommandRunner) -> None:
    add_store(both, "Moonwall Couture")
    make = ("unit", "create", "--name", "Counter", "--kind")
    ids = [both.json(*make, kind)["id"] for kind in ("terminal", "terminal", "vendor")]
    paired = f"UPDATE units SET object_uuid = '{ids[0]}', seen_at = {now()}, paired_at = {now()}"
    asyncio.run(bare_sql(both.environ["GRIDGIFT_DATABASE_URL"], paired))
    assert both("doctor").code == 0
    long_ago = now() - SILENT_AFTER
    silent = (
        f"UPDATE units SET updated_at = {long_ago}, seen_at = {long_ago} WHERE id <> '{ids[1]}'"
    )
    asyncio.run(bare_sql(both.environ["GRIDGIFT_DATABASE_URL"], silent))
    assert check(both, "units")["found"] == f"1 silent: {ids[0]}."
    both("unit", "pause", ids[0])
    assert both("doctor").code == 0
