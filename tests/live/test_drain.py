"""SIGTERM with a slow request in flight: it is answered, and nothing new is let in."""

import socket
import time
from collections.abc import Callable

import pytest

from tests.live.books import audit
from tests.serving import Server

LEAVES = 10.0  # seconds
SLOW = (
    b"POST /v1/customers/kelly/actions/grant-gift-card HTTP/1.1\r\nHost: x\r\nX-API-Key: %s\r\n"
    b"Content-Type: application/json\r\nContent-Length: 12\r\n\r\n"
)
IDLE = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_server_leaves_in_order(make_server: Callable[..., Server], workers: str) -> None:
    server = make_server("--workers", workers)
    place = ("127.0.0.1", server.port)
    with (
        socket.create_connection(place, timeout=10) as slow,
        socket.create_connection(place, timeout=10) as idle,
    ):
        idle.sendall(IDLE)
        assert idle.recv(4096).startswith(b"HTTP/1.1 200")
        slow.sendall(SLOW % server.key.encode() + b'{"credit')
        time.sleep(0.3)
        begun = time.monotonic()
        server.process.terminate()
        time.sleep(1.5)
        assert idle.recv(4096) == b"", "a connection that idles is closed"
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(place, timeout=1)
        slow.sendall(b'":5}')
        answer = slow.recv(4096)
        assert answer.startswith(b"HTTP/1.1 200")
        assert b"connection: close" in answer.lower()
    assert server.process.wait(LEAVES) == 0
    assert time.monotonic() - begun < LEAVES
    (account,) = audit(server).values()
    assert account.card.credit == 5
