"""Two servers on one PostgreSQL hear of each other's changes; a time-out stands behind that."""

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import asyncpg
import httpx2
import pytest

from gridgift.caches import REMEMBERED_FOR
from tests import databases
from tests.api import KELLY
from tests.domain.fixture import bare_sql
from tests.serving import PATIENCE, Server

pytestmark = pytest.mark.parametrize("engine", ["postgres"], indirect=True)

AT_ONCE = 1.0  # seconds
PROMISED = 5.0  # by the contract, whatever happens
LISTENERS = "FROM pg_stat_activity WHERE application_name = 'gridgift listener'"
ORIGIN = "https://cards.example.com"


@pytest.fixture(scope="module")
def servers(postgres: databases.Postgres) -> Iterator[list[Server]]:
    """Two servers on one database, for the whole file."""
    with (
        postgres.database(migrated=True) as url,
        Server.started(url) as one,
        Server.started(url) as other,
    ):
        yield [one, other]


@pytest.fixture
def pair(engine: str, servers: list[Server]) -> list[Server]:
    """Both servers, listening; the first with a store of this test's own."""
    assert engine == "postgres"
    until(lambda: listeners(servers[0]) == 2, PATIENCE)
    return [servers[0].with_new_store(), servers[1]]


def listeners(server: Server) -> int:
    statement = f"SELECT count(*) {LISTENERS} AND datname = current_database()"
    ((found,),) = asyncio.run(bare_sql(server.database_url, statement))
    return int(found)


def until(holds: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.02)


def command(server: Server, *words: str) -> None:
    """Run a command in a process of its own, as an operator does."""
    subprocess.run(
        [sys.executable, "-m", "gridgift", *words], env=server.environ, check=True,
        capture_output=True,
    )  # fmt: skip


def status(server: Server, headers: dict[str, str], path: str = "/v1/store") -> int:
    return httpx2.get(server.url + path, headers=headers, timeout=PATIENCE).status_code


class Busy:
    """Keeps a credential in use everywhere, so that it is remembered until it is forgotten."""

    def __init__(self, servers: list[Server], headers: dict[str, str], path: str) -> None:
        self.servers, self.headers, self.path = servers, headers, path
        self.last_good = [0.0] * len(servers)  # when was asked what was still answered
        self.over = False

    def __enter__(self) -> "Busy":
        self.threads = [threading.Thread(target=self._ask, args=(n,)) for n in range(2)]
        for thread in self.threads:
            thread.start()
        until(lambda: all(self.last_good), PATIENCE)
        return self

    def __exit__(self, *_: object) -> None:
        self.over = True
        for thread in self.threads:
            thread.join()

    def _ask(self, number: int) -> None:
        with self.servers[number].client() as client:
            client.headers = self.headers
            while not self.over:
                asked = time.monotonic()
                if client.get(self.path).status_code == 200:
                    self.last_good[number] = asked
                time.sleep(0.01)


@pytest.mark.contract("2.21")
def test_a_revoked_key_is_refused_everywhere_at_once(pair: list[Server]) -> None:
    one, _ = pair
    with Busy(pair, one.headers, "/v1/store") as busy:
        command(one, "key", "revoke", one.key_id, "--store", one.store_id)
        revoked = time.monotonic()
        time.sleep(AT_ONCE + 0.5)
    assert max(busy.last_good) < revoked + AT_ONCE
    assert [status(server, one.headers) for server in pair] == [401, 401]


@pytest.mark.contract("2.21")
def test_with_the_listener_cut_off_again_and_again_the_time_out_holds(pair: list[Server]) -> None:
    one, _ = pair
    over = threading.Event()
    cuts: list[int] = []

    async def cut() -> None:
        connection = await asyncpg.connect(one.database_url)
        statement = f"SELECT pg_terminate_backend(pid) {LISTENERS} AND datname = current_database()"
        while not over.is_set():
            cuts.append(len(await connection.fetch(statement)))
            await asyncio.sleep(0.005)
        await connection.close()

    cutter = threading.Thread(target=lambda: asyncio.run(cut()))
    cutter.start()
    try:
        with Busy(pair, one.headers, "/v1/store") as busy:
            command(one, "key", "revoke", one.key_id, "--store", one.store_id)
            revoked = time.monotonic()
            time.sleep(PROMISED + 0.5)
    finally:
        over.set()
        cutter.join()
    assert max(busy.last_good) < revoked + PROMISED
    assert sum(cuts) > 2
    until(lambda: listeners(one) == 2, PATIENCE)


def test_a_revoked_token_and_another_origin(pair: list[Server]) -> None:
    one, _ = pair
    with one.client() as client:
        made = client.post("/v1/customer-tokens", json={"customerIdentifier": KELLY.uuid})
        token = {"X-Customer-Token": made.json()["token"], "Origin": ORIGIN}
    path = "/v1/customer/giftcards"
    assert not [server for server in pair if allowed(server, token, path)]
    command(one, "store", "update", one.store_id, "--customer-origin", ORIGIN)
    until(lambda: all(allowed(server, token, path) for server in pair), REMEMBERED_FOR / 2)
    with Busy(pair, token, path) as busy:
        command(one, "token", "revoke", KELLY.username, "--store", one.store_id)
        revoked = time.monotonic()
        time.sleep(AT_ONCE + 0.5)
    assert max(busy.last_good) < revoked + AT_ONCE
    assert [status(server, token, path) for server in pair] == [401, 401]
    assert REMEMBERED_FOR > AT_ONCE  # so it was not the time-out that did this


def allowed(server: Server, headers: dict[str, str], path: str) -> bool:
    answer: Any = httpx2.get(server.url + path, headers=headers, timeout=PATIENCE)
    assert answer.status_code == 200, answer.text
    return "access-control-allow-origin" in answer.headers


def test_what_is_noted_all_the_time_is_not_told(database_url: str) -> None:
    """The last use of a key, and a store's row that only served as a lock, wake nobody."""

    async def heard() -> list[str]:
        said: list[str] = []
        connection = await asyncpg.connect(database_url)
        end = "that is all"
        await connection.add_listener("gridgift_changes", lambda *words: said.append(words[-1]))
        for change in ("last_used_at = 9", "revoked_at = 9", "revoked_at = 9"):
            await bare_sql(database_url, f"UPDATE api_keys SET {change}")
        for change in ("name = name", "name = 'Sunwall'"):
            await bare_sql(database_url, f"UPDATE stores SET {change}")
        await bare_sql(database_url, f"SELECT pg_notify('gridgift_changes', '{end}')")
        async with asyncio.timeout(PATIENCE):
            while end not in said:  # PostgreSQL tells in the order of the commits
                await asyncio.sleep(0.05)
        await connection.close()
        return said[:-1]

    with Server.started(database_url) as server:
        said = asyncio.run(heard())
        assert said == [f"key {server.key_id}", f"store {server.store_id}"]
