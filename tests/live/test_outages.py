"""The database goes away, the disk is full, the server is killed: nothing answered is lost."""

import asyncio
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import pytest
from anyio.from_thread import start_blocking_portal

from tests import databases
from tests.api import SECRET, problem
from tests.live.books import audit, kinds
from tests.live.crowd import at_once
from tests.serving import PATIENCE, Server

GRANT = "/v1/customers/kelly/actions/grant-gift-card"
RESUMES = 40.0  # seconds within which serving must go on, on a busy machine
LEAVES = 30.0  # seconds within which a server must be gone after SIGTERM, which lets it take 8


@pytest.fixture(scope="module")
def own_postgres() -> Iterator[databases.Postgres]:
    """A PostgreSQL that may be stopped without harm to other tests."""
    with databases.own_postgres() as server:
        yield server


def test_postgresql_stops_and_comes_back(own_postgres: databases.Postgres) -> None:
    assert own_postgres.server is not None
    with (
        own_postgres.database(migrated=True) as url,
        Server.started(url) as server,
        server.client() as client,
    ):
        card = grant(client, "before")
        own_postgres.server.stop()
        try:
            assert_out_of_reach(client, card)
        finally:
            own_postgres.server.start()
        assert_resumes(client, card)
        assert len(audit(server)) == 2
        assert_one_line_each(server)


def test_postgresql_crashes_again_and_again(own_postgres: databases.Postgres) -> None:
    """Connections are in use when it ends, and while it recovers."""
    over = False

    async def work(client: httpx2.AsyncClient, number: int) -> None:
        nonlocal over
        if number == 0:
            for _ in range(3):
                await asyncio.sleep(0.5)
                await asyncio.to_thread(crash_and_recover, own_postgres)
            over = True
        while not over:
            assert (await client.post(GRANT, json={"credit": 1})).status_code in {200, 503}
            assert (await client.get("/readyz")).status_code in {200, 503}

    with own_postgres.database(migrated=True) as url, Server.started(url) as server:
        at_once(server, work, clients=9)
        assert server.stop() == 0
        assert_one_line_each(server)


def crash_and_recover(postgres: databases.Postgres) -> None:
    """End PostgreSQL without a farewell, and start it again."""
    assert postgres.server is not None
    process = postgres.server.get_postmaster_info().process
    process.send_signal(signal.SIGQUIT)
    process.wait(PATIENCE)
    time.sleep(1.5)
    postgres.server.start()


def assert_one_line_each(server: Server) -> None:
    """Every line of the log is JSON and has no trace, but the one that says where it listens."""
    lines = [line for line in server.log().splitlines() if "Gridgift listens on" not in line]
    events = [json.loads(line) for line in lines]
    assert "database unavailable" in {event["event"] for event in events}
    assert not [event for event in events if "exception" in event]


@contextmanager
def stopped(postgres: databases.Postgres) -> Iterator[None]:
    """Let PostgreSQL be away."""
    assert postgres.server is not None
    postgres.server.stop()
    try:
        yield
    finally:
        postgres.server.start()


@contextmanager
def crowded(postgres: databases.Postgres) -> Iterator[None]:
    """Let nobody have a connection left, nor get one when another ends meanwhile."""

    async def occupy() -> None:
        with suppress(asyncpg.TooManyConnectionsError):
            while True:
                held.append(await asyncpg.connect(postgres.url))

    held: list[Any] = []
    postgres.settle()
    postgres.execute(END_OTHERS)
    with start_blocking_portal() as portal:
        portal.call(occupy)
        try:
            yield
        finally:
            for connection in held:
                portal.call(connection.close)


# Those of a server that has ended are there for a moment; those of the fixture stay.
END_OTHERS = (
    "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity "
    "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() "
    f"AND application_name <> '{databases.EMPTIER}'"
)
Trouble = Callable[[databases.Postgres], AbstractContextManager[None]]


@pytest.mark.parametrize("trouble", [stopped, crowded])
def test_a_database_that_comes_after_the_server(
    own_postgres: databases.Postgres, trouble: Trouble
) -> None:
    with own_postgres.database(migrated=True) as url, Server.started(url) as server:
        server.stop()
        with trouble(own_postgres):
            server.start_again()
            server.wait_for_log("waiting for the database")
        server.wait()
        with server.client() as client:
            assert client.get("/readyz").status_code == 200
            grant(client, "after")
        (line, *_) = [line for line in server.log().splitlines() if "waiting" in line]
        assert json.loads(line)["why"]
        assert "Traceback" not in server.log()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_wait(own_postgres: databases.Postgres, number: signal.Signals) -> None:
    with own_postgres.database(migrated=True) as url, Server.started(url) as server:
        server.stop()
        with stopped(own_postgres):
            server.start_again()
            server.wait_for_log("waiting for the database")
            server.process.send_signal(number)
            assert server.process.wait(LEAVES) == 0
        assert "Traceback" not in server.log()


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux has prlimit")
def test_a_disk_that_is_full_at_the_start(tmp_path: Path) -> None:
    """Files can't grow: what a full disk does, on the real process, before there is a database."""
    process = subprocess.Popen(
        [sys.executable, "-m", "gridgift", "serve", "--port", "0", "--json"],
        env={**os.environ, "GRIDGIFT_SECRET": SECRET, "GRIDGIFT_LOG_FORMAT": "json"},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY)),
    )
    with process:
        assert process.stdout is not None and process.stderr is not None
        try:
            line = json.loads(process.stderr.readline())
            assert (line["event"], line["why"] != "") == ("waiting for the database", True)
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
            assert process.stdout.readline() == b"{\n"  # it says where it listens
        finally:
            process.terminate()
            process.communicate(timeout=LEAVES)


@pytest.mark.parametrize("suffixes", [[""], ["", "-wal", "-shm"]], ids=["file", "with its log"])
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_sqlite_file_is_moved_away_and_put_back(
    live_server: Server, suffixes: list[str]
) -> None:
    path = live_server.settings.sqlite_path
    assert path is not None
    moves = [(Path(f"{path}{suffix}"), Path(f"{path}.away{suffix}")) for suffix in suffixes]
    with live_server.client() as client:
        card = grant(client, "before")
        for here, there in moves:
            here.rename(there)
        assert_out_of_reach(client, card)
        assert not path.exists()
        for here, there in moves:
            there.rename(here)
        assert_resumes(client, card)
    assert len(audit(live_server)) == 2


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux has prlimit")
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_disk_is_full(live_server: Server) -> None:
    """Files can't grow beyond their present size: what a full disk does, on the real process."""
    path = live_server.settings.sqlite_path
    with live_server.client() as client:
        cards = [grant(client, f"before {number}") for number in range(20)]
        full = Path(f"{path}-wal").stat().st_size
        limit_files(live_server, full)
        for number in range(20):
            headers = {"Idempotency-Key": f"full {number % 5}"}
            response = client.post(GRANT, json={"credit": 5}, headers=headers)
            assert_unavailable(response)
            assert client.get(f"/v1/giftcards/{cards[number]['id']}").json() == cards[number]
        assert client.get("/healthz").status_code == 200
        assert len(audit(live_server)) == len(cards)
        limit_files(live_server, resource.RLIM_INFINITY)
        for number in range(5):
            grant(client, f"full {number}")
    assert len(audit(live_server)) == len(cards) + 5


def test_killed_outright_and_restarted(make_server: Callable[..., Server]) -> None:
    server = make_server("--workers", "2")
    answered: dict[str, Any] = {}
    for lap in range(2):
        done, tried = grants_until(server, f"lap {lap}", server.kill)
        answered |= done
        server.restart()
        with server.client() as client:
            for key in tried:
                answered[key] = again(client, key, done.get(key))
    assert len({card["id"] for card in answered.values()}) == len(answered)
    accounts = audit(server)
    assert accounts.keys() == {card["id"] for card in answered.values()}
    assert all(kinds(account) == ["granted"] for account in accounts.values())


@pytest.mark.parametrize("workers", ["1", "2"])
def test_stopped_under_load(make_server: Callable[..., Server], workers: str) -> None:
    server = make_server("--workers", workers)
    started: list[float] = []

    def terminate() -> None:
        started.append(time.monotonic())
        server.process.terminate()

    answered, tried = grants_until(server, "load", terminate)
    assert server.process.wait(LEAVES) == 0
    assert time.monotonic() - started[0] < LEAVES
    accounts = audit(server)
    assert {card["id"] for card in answered.values()} <= accounts.keys()
    assert len(answered) <= len(accounts) <= len(tried)
    assert "Traceback" not in server.log()


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_second_server_on_the_same_port(live_server: Server) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "gridgift", "serve", "--port", str(live_server.port)],
        env=live_server.environ,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert run.returncode == 2
    said = run.stdout + run.stderr
    assert str(live_server.port) in said
    assert "Traceback" not in said
    assert len(said.split()) < 40
    with live_server.client() as client:
        assert client.get("/v1/store").status_code == 200


def grant(client: httpx2.Client, key: str) -> Any:
    response = client.post(GRANT, json={"credit": 5}, headers={"Idempotency-Key": key})
    assert response.status_code == 200, response.text
    return response.json()


def again(client: httpx2.Client, key: str, known: Any) -> Any:
    """Retry a grant; the answer must be the one that was given, if one was."""
    card = grant(client, key)
    assert known is None or card == known
    return card


def assert_unavailable(response: httpx2.Response) -> None:
    body = problem(response, 503, "database_unavailable")
    assert int(response.headers["retry-after"]) == body["retryAfter"] > 0


def assert_out_of_reach(client: httpx2.Client, card: Any) -> None:
    """Everything that needs the database says so; the process itself is well."""
    for _ in range(3):
        assert_unavailable(client.get(f"/v1/giftcards/{card['id']}"))
        assert_unavailable(client.get("/v1/store"))
        headers = {"Idempotency-Key": "meanwhile"}
        assert_unavailable(client.post(GRANT, json={"credit": 5}, headers=headers))
        assert_unavailable(client.get("/readyz"))
        assert client.get("/healthz").json() == {"status": "alive"}
        assert client.get("/docs").status_code == 200
    time.sleep(4.1)  # until the key is not remembered any more
    assert_unavailable(client.get("/v1/store"))


def assert_resumes(client: httpx2.Client, card: Any) -> None:
    """Serving goes on by itself; a write that was refused meanwhile is done once."""
    deadline = time.monotonic() + RESUMES
    while client.get("/readyz").status_code != 200:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert client.get(f"/v1/giftcards/{card['id']}").json() == card
    assert grant(client, "meanwhile") == grant(client, "meanwhile")


def grants_until(
    server: Server, name: str, end: Callable[[], object]
) -> tuple[dict[str, Any], list[str]]:
    """Let 16 clients grant until the server ends; return what was answered, and all tries."""
    answered: dict[str, Any] = {}
    tried: list[str] = []

    async def work(client: httpx2.AsyncClient, number: int) -> None:
        if number == 0:
            async with asyncio.timeout(60):
                while not answered:  # a busy machine may take its time
                    await asyncio.sleep(0.01)
            await asyncio.sleep(0.3)
            await asyncio.to_thread(end)
            return
        for count in range(10_000):
            key = f"{name} {number}-{count}"
            tried.append(key)
            headers = {"Idempotency-Key": key}
            try:
                response = await client.post(GRANT, json={"credit": 5}, headers=headers)
            except httpx2.TransportError:
                return
            assert response.status_code == 200, response.text
            answered[key] = response.json()

    at_once(server, work, clients=17)
    assert answered
    return answered, tried


def limit_files(server: Server, size: int) -> None:
    """Let no process of the server make a file larger than this."""
    for pid in processes(server.process.pid):
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))


def processes(pid: int) -> list[int]:
    """List a process and its descendants."""
    children: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(FileNotFoundError):  # a thread that has just ended
            children += map(int, (task / "children").read_text().split())
    return [pid, *(found for child in children for found in processes(child))]
