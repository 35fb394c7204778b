"""A pooler that shares sessions is refused before anything is asked; one that keeps them serves."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from typing import Final

import pytest

from gridgift.storage import postgres_server
from gridgift.storage.database import DatabaseRefused, DatabaseUnavailable
from gridgift.storage.postgres import PostgresDatabase
from tests import databases
from tests.api import SECRET
from tests.storage.operations import add, has, in_a_loop, look
from tests.storage.pgbouncer import pgbouncer

SENTENCE: Final = r"^The address leads to a pooler that lends one session .* in session mode\.$"
POOLS: Final = {
    "many connections": ("default_pool_size = 20",),
    "one connection": ("default_pool_size = 1",),
    "in turn": ("default_pool_size = 20", "server_round_robin = 1"),
}

pytestmark = pytest.mark.skipif(
    shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin") is None,
    reason="no PgBouncer",
)


@pytest.fixture
def url(postgres: databases.Postgres) -> Iterator[str]:
    """A migrated database on the shared server."""
    with postgres.database(migrated=True) as made:
        yield made


@pytest.mark.parametrize("mode", ["transaction", "statement"])
@pytest.mark.parametrize("pool", POOLS)
@in_a_loop
async def test_a_pooler_that_shares_sessions_is_refused(url: str, mode: str, pool: str) -> None:
    with pgbouncer(url, mode, *POOLS[pool]) as address:
        for _ in range(5):  # also where connections were left by the time before
            with pytest.raises(DatabaseRefused, match=SENTENCE):
                await PostgresDatabase(address, 1).applied_migrations()


@in_a_loop
async def test_a_pooler_that_comes_later_is_out_of_reach(url: str) -> None:
    """A running server never runs a statement of somebody else's, and is ready for nothing."""
    with pgbouncer(url, "transaction") as address:
        database = PostgresDatabase(address, 4)
        for ask in (partial(add, database), partial(database.read, look), database.check):
            with pytest.raises(DatabaseUnavailable, match="pooler"):
                await ask()
        await database.close()


@in_a_loop
async def test_a_pooler_that_keeps_sessions_serves(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_server, "POOLER_ANSWERS", 60.0)  # on a busy machine
    with pgbouncer(url, "session") as address:
        database = PostgresDatabase(address, 4)
        assert await database.applied_migrations()
        added = await asyncio.gather(*(add(database) for _ in range(40)))
        assert all(await asyncio.gather(*(has(database, resident) for resident in added)))
        await database.check()
        await database.close()


@in_a_loop
async def test_what_a_pooler_does_not_pass_on_is_a_sentence(url: str) -> None:
    with (
        pgbouncer(url, "session") as address,
        pytest.raises(DatabaseRefused, match="unsupported startup parameter"),
    ):
        await PostgresDatabase(f"{address}?search_path=public", 1).applied_migrations()


@pytest.mark.parametrize("command", [("serve", "--port", "0"), ("store", "list"), ("migrate",)])
def test_every_command_says_so(url: str, command: tuple[str, ...]) -> None:
    with pgbouncer(url, "transaction") as address:
        run = subprocess.run(
            [sys.executable, "-m", "gridgift", *command, "--database", address],
            env={**os.environ, "GRIDGIFT_SECRET": SECRET},
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert run.returncode == 2
    assert len(run.stderr.splitlines()) == 1
    assert "session mode" in run.stderr
