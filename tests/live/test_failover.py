"""The primary is lost, a standby takes its place: nothing is lost, and nothing stays behind."""

import asyncio
import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import asyncpg
import httpx2
import pytest

from gridgift.storage.database import DatabaseUnavailable
from gridgift.storage.postgres import PostgresDatabase
from tests import databases
from tests.api import problem
from tests.domain.fixture import bare_sql
from tests.live.books import audit
from tests.live.crowd import at_once
from tests.serving import Server, free_port
from tests.storage.operations import add

GRANT: Final = "/v1/customers/kelly/actions/grant-gift-card"
CLIENTS: Final = 6
ASKING: Final = 150
PATIENCE: Final = 90.0  # seconds


class Node:
    """A PostgreSQL server of a test's own, run as whoever owns its folder."""

    def __init__(self, folder: Path, bin_: Path) -> None:
        self.folder = folder
        self._bin = bin_

    def run(self, program: str, *words: str, as_owner_of: Path | None = None) -> None:
        """Run one of PostgreSQL's programs."""
        owner = (as_owner_of or self.folder).stat().st_uid
        options: dict[str, Any] = {} if os.geteuid() == owner else {"user": owner}
        subprocess.run(
            [str(self._bin / program), *words],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60,
            cwd=self.folder.parent, **options,
        )  # fmt: skip

    def control(self, *words: str) -> None:
        """Start it, stop it, promote it."""
        self.run("pg_ctl", "-D", str(self.folder), "-w", "-l", str(self.folder / "log"), *words)


@contextmanager
def standby_of(primary: Node, url: str) -> Iterator[tuple[Node, str]]:
    """Start a synchronous standby; yield it, and how a socket of it is named in an address."""
    with tempfile.TemporaryDirectory(
        prefix="gridgift-standby-", ignore_cleanup_errors=True
    ) as name:
        base, port = Path(name), free_port()
        base.chmod(0o700)
        os.chown(base, primary.folder.stat().st_uid, -1)
        node = Node(base / "data", primary._bin)
        primary.run("pg_basebackup", "-d", url, "-D", str(node.folder), "-R", "-X", "stream")
        node.control("start", "-o", f"-k {base} -p {port} -c listen_addresses=''")
        try:
            yield node, f"{base}:{port}"
        finally:
            node.control("stop", "-m", "immediate")


@contextmanager
def granting(server: Server, acknowledged: dict[str, str], refused: list[Any]) -> Iterator[None]:
    """Grant cards all the while; a write without an answer is sent again with its key."""
    over = threading.Event()

    def work(number: int) -> None:
        count = 0
        with server.client() as client:
            while not over.is_set():
                key = f"{number}-{count}"
                headers = {"Idempotency-Key": key}
                try:
                    response = client.post(GRANT, json={"credit": 1}, headers=headers)
                except httpx2.TransportError:
                    continue
                if response.status_code == 200:
                    acknowledged[key] = response.json()["id"]
                    count += 1
                else:
                    refused.append(problem(response, 503, "database_unavailable"))
                    time.sleep(0.05)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def until_more(acknowledged: dict[str, str], than: int) -> None:
    """Wait until writes are answered (again)."""
    deadline = time.monotonic() + PATIENCE
    while len(acknowledged) <= than:
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.skipif(os.name != "posix", reason="PostgreSQL's sockets")
def test_a_standby_takes_over() -> None:
    acknowledged: dict[str, str] = {}
    refused: list[Any] = []
    with databases.own_postgres() as postgres, postgres.database(migrated=True) as url:
        assert postgres.server is not None
        primary = Node(Path(postgres.server.pgdata), Path(postgres.server.bin_path))
        with standby_of(primary, postgres.url) as (standby, place):
            for statement in (
                "ALTER SYSTEM SET synchronous_standby_names = '*'",
                "SELECT pg_reload_conf()",
            ):
                postgres.execute(statement)
            socket, _, port = place.partition(":")
            both = (
                f"postgresql://postgres@{urlsplit(url).path}?host={primary.folder},{socket}"
                f"&port=5432,{port}&target_session_attrs=primary"
            )
            with Server.started(both) as server:
                with granting(server, acknowledged, refused):
                    until_more(acknowledged, than=100)
                    primary.control("stop", "-m", "immediate")
                    time.sleep(0.5)
                    take_over(standby, socket, port)
                    until_more(acknowledged, than=len(acknowledged) + 100)
                accounts = audit(server)
        primary.control("restart")
        postgres.execute("ALTER SYSTEM RESET synchronous_standby_names")
        postgres.execute("SELECT pg_reload_conf()")
    assert refused
    assert set(acknowledged.values()) <= accounts.keys()
    assert len(set(acknowledged.values())) == len(acknowledged)
    assert len(accounts) - len(acknowledged) <= CLIENTS


@contextmanager
def pair() -> Iterator[tuple[databases.Postgres, Path, Path]]:
    """Start a primary and its standby; yield the sockets of both."""
    with databases.own_postgres() as postgres:
        assert postgres.server is not None
        primary = Node(Path(postgres.server.pgdata), Path(postgres.server.bin_path))
        with standby_of(primary, postgres.url) as (_, place):
            folder, _, port = place.partition(":")
            yield postgres, primary.folder / ".s.PGSQL.5432", Path(folder, f".s.PGSQL.{port}")


class MovingAddress:
    """An address that leads to one server, then to another, as a proxy's does."""

    def __init__(self, folder: Path, url: str) -> None:
        self.url = f"postgresql://postgres@{urlsplit(url).path}?host={folder}"
        self._link = folder / ".s.PGSQL.5432"

    def lead_to(self, socket: Path) -> None:
        """Let the next connection be to this server."""
        self._link.unlink(missing_ok=True)
        self._link.symlink_to(socket)


async def replayed(address: MovingAddress) -> None:
    """Wait until the server that the address leads to has the database, migrations and all."""
    async with asyncio.timeout(PATIENCE):
        while True:
            with suppress(asyncpg.PostgresError):
                if await bare_sql(address.url, "SELECT 1 FROM migrations"):
                    return
            await asyncio.sleep(0.05)


@pytest.mark.skipif(os.name != "posix", reason="PostgreSQL's sockets")
@pytest.mark.parametrize("parameter", ["", "&target_session_attrs=any"])
@pytest.mark.parametrize("asked", ["write", "readiness"])
def test_a_connection_to_a_standby_is_not_kept(tmp_path: Path, parameter: str, asked: str) -> None:
    with pair() as (postgres, primary, standby), postgres.database(migrated=True) as url:
        address = MovingAddress(tmp_path, url)
        address.lead_to(standby)
        asyncio.run(replayed(address))
        asyncio.run(refused_then_served(address, parameter, primary, asked))


async def refused_then_served(
    address: MovingAddress, parameter: str, primary: Path, asked: str
) -> None:
    database = PostgresDatabase(address.url + parameter, 2)
    ask = database.check if asked == "readiness" else partial(add, database)
    for _ in range(3):
        with pytest.raises(DatabaseUnavailable):
            await ask()
    address.lead_to(primary)
    await ask()
    await add(database)
    await database.close()


@pytest.mark.skipif(os.name != "posix", reason="PostgreSQL's sockets")
def test_ready_means_that_writes_are_taken(tmp_path: Path) -> None:
    with pair() as (postgres, primary, standby), postgres.database(migrated=True) as url:
        address = MovingAddress(tmp_path, url)
        address.lead_to(standby)
        asyncio.run(replayed(address))
        address.lead_to(primary)
        with Server.started(address.url) as server, server.client() as client:
            assert client.get("/readyz").status_code == 200
            assert client.post(GRANT, json={"credit": 1}).status_code == 200
            address.lead_to(standby)
            postgres.execute(
                "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE datname = "
                f"'{urlsplit(url).path[1:]}'"
            )
            time.sleep(0.2)  # until the server has noticed
            for _ in range(3):
                problem(client.get("/readyz"), 503, "database_unavailable")
                problem(client.post(GRANT, json={"credit": 1}), 503, "database_unavailable")
            address.lead_to(primary)
            assert client.get("/readyz").status_code == 200
            assert client.post(GRANT, json={"credit": 1}).status_code == 200


def test_many_who_ask_whether_it_is_ready_open_no_connections() -> None:
    async def ask(client: httpx2.AsyncClient, _: int) -> int:
        return (await client.get("/readyz")).status_code

    with (
        databases.own_postgres() as postgres,  # which takes 100 connections
        postgres.database(migrated=True) as url,
        Server.started(url) as server,
    ):
        assert set(at_once(server, ask, clients=ASKING)) == {200}


def take_over(standby: Node, socket: str, port: str) -> None:
    """Promote the standby, which then waits for no other one."""
    standby.control("promote")
    url = f"postgresql://postgres@/postgres?host={socket}&port={port}"
    with databases.connected(url, standby.folder) as node:
        node.execute("ALTER SYSTEM RESET synchronous_standby_names")
        node.execute("SELECT pg_reload_conf()")
