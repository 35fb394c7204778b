"""One client can't starve the others: connections, headers, preflights."""

import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

import httpx2
import pytest

from gridgift.limits import BULKS_OF_A_STORE
from tests.api import problem
from tests.http.checks import one_engine
from tests.live.books import audit
from tests.live.test_outages import GRANT, processes
from tests.serving import PATIENCE, Server

SILENT = 3_000  # connections that say nothing
PREFLIGHTS = 2_000


def all_but_one(seconds: list[float]) -> float:
    """Return the longest but one: a machine that stands still for a moment delays one of a row."""
    return sorted(seconds)[-2]


@one_engine
def test_silent_connections_delay_nobody(live_server: Server) -> None:
    with allowed_files(SILENT + 1_000), ExitStack() as stack, live_server.client() as client:
        for _ in range(SILENT):
            stack.enter_context(socket.create_connection(("127.0.0.1", live_server.port)))
        seconds = []
        for _ in range(10):
            began = time.monotonic()
            with httpx2.Client(base_url=live_server.url, timeout=PATIENCE) as new:
                assert new.get("/healthz").status_code == 200
            assert client.get("/v1/store").status_code == 200
            seconds.append(time.monotonic() - began)
    assert all_but_one(seconds) < 3


@one_engine
@pytest.mark.parametrize("size", [60_000, 300_000])
def test_preflights_from_everywhere_cost_no_memory(live_server: Server, size: int) -> None:
    answers: list[bytes] = []
    before = memory(live_server)

    def ask(first: int) -> None:
        for number in range(first, first + PREFLIGHTS // 4):
            answers.append(preflight(live_server, f"http://{number:0{size}}.example"))

    clients = [threading.Thread(target=ask, args=(n * PREFLIGHTS,)) for n in range(4)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    assert len(answers) == PREFLIGHTS
    expected = b"HTTP/1.1 204" if size < 100_000 else b"HTTP/1.1 431"
    assert {answer[:12] for answer in answers} == {expected}
    assert not any(b"allow-origin" in answer.lower() for answer in answers)
    assert memory(live_server) - before < 64 * 1024 * 1024


def preflight(server: Server, origin: str) -> bytes:
    """Ask as a browser does; return the answer's bytes."""
    head = (
        f"OPTIONS /v1/customer/profile HTTP/1.1\r\nHost: x\r\nOrigin: {origin}\r\n"
        "Access-Control-Request-Method: GET\r\nConnection: close\r\n\r\n"
    )
    answer = b""
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as connection:
        with suppress(ConnectionError):  # it may be refused before its end
            connection.sendall(head.encode())
        with suppress(ConnectionError):
            while piece := connection.recv(65_536):
                answer += piece
    return answer


@contextmanager
def allowed_files(count: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert hard == resource.RLIM_INFINITY or hard >= count, "so few open files are allowed here"
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def memory(server: Server) -> int:
    """Return the resident memory of all of a server's processes, in bytes."""
    return sum(
        int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()
        for pid in processes(server.process.pid)
    )


BULK: Final = "/ext/v1/giftcards/bulk"


def test_bulks_take_their_turn(make_server: Callable[..., Server]) -> None:
    """Of twenty at once some are taken; single grants and the command line go between them."""
    server = make_server()
    body = "identifier,credit\n" + "kelly,5\n" * 10_000
    answers: list[httpx2.Response] = []

    def send() -> None:
        with server.client() as client:
            headers = {"Content-Type": "text/csv"}
            answers.append(client.post(BULK, content=body, headers=headers, timeout=300))

    before = memory(server)
    senders = [threading.Thread(target=send) for _ in range(20)]
    for sender in senders:
        sender.start()
    command = [sys.executable, "-m", "gridgift", "card", "grant", "kelly", "--credit", "5"]
    with subprocess.Popen(command, env=server.environ, stderr=subprocess.PIPE) as shell:
        singles = grants_while(server, senders)
        _, said = shell.communicate(timeout=PATIENCE)
    assert shell.returncode == 0, said
    assert memory(server) - before < 256 * 1024 * 1024
    codes = [answer.status_code for answer in answers]
    assert codes.count(200) >= BULKS_OF_A_STORE
    assert codes.count(429) == 20 - codes.count(200) > 0
    for answer in answers:
        if answer.status_code == 429:
            problem(answer, 429, "rate_limited")
            assert int(answer.headers["retry-after"]) > 0
        else:
            assert answer.json()["granted"] == 10_000
    assert len(singles) >= 5, "single grants found no turn"
    assert all_but_one(singles) < 5
    assert len(audit(server)) == 10_000 * codes.count(200) + len(singles) + 1


def grants_while(server: Server, senders: list[threading.Thread]) -> list[float]:
    """Grant one card after the other while others are at work; return how long each took."""
    seconds = []
    with server.client() as client:
        while any(sender.is_alive() for sender in senders):
            began = time.monotonic()
            response = client.post(GRANT, json={"credit": 5})
            seconds.append(time.monotonic() - began)
            assert response.status_code == 200, response.text
    return seconds
