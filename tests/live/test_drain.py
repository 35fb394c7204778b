"""SIGTERM with a slow request in flight: it is answered, and nothing new is let in."""

import socket
import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from tests.live.books import audit
from tests.serving import Server

LEAVES = 30.0  # seconds, on a busy machine; running requests get 8 of them
SLOW = (
    b"POST /v1/customers/kelly/actions/grant-gift-card HTTP/1.1\r\nHost: x\r\nX-API-Key: %s\r\n"
    b"Content-Type: application/json\r\nContent-Length: 12\r\nExpect: 100-continue\r\n\r\n"
)
IDLE = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_server_leaves_in_order(make_server: Callable[..., Server], workers: str) -> None:
    server = make_server("--workers", workers)
    place = ("127.0.0.1", server.port)
    with (
        socket.create_connection(place, timeout=LEAVES) as slow,
        socket.create_connection(place, timeout=LEAVES) as idle,
    ):
        idle.sendall(IDLE)
        assert idle.recv(4096).startswith(b"HTTP/1.1 200")
        slow.sendall(SLOW % server.key.encode())
        assert slow.recv(4096).startswith(b"HTTP/1.1 100"), "it waits for the body"
        slow.sendall(b'{"credit')
        begun = time.monotonic()
        server.process.terminate()
        assert idle.recv(4096) == b"", "a connection that idles is closed"
        until_refused(place)
        slow.sendall(b'":5}')
        answer = slow.recv(4096)
        assert answer.startswith(b"HTTP/1.1 200")
        assert b"connection: close" in answer.lower()
    assert server.process.wait(LEAVES) == 0
    assert time.monotonic() - begun < LEAVES
    (account,) = audit(server).values()
    assert account.card.credit == 5


def until_refused(place: tuple[str, int]) -> None:
    """Wait until nothing new is let in."""
    deadline = time.monotonic() + LEAVES
    with suppress(ConnectionError):
        while time.monotonic() < deadline:
            socket.create_connection(place, timeout=LEAVES).close()
            time.sleep(0.05)
        raise AssertionError("it lets others in")
