"""Bytes on sockets: large, slow, broken and strange requests; the server serves on."""

import asyncio
import itertools
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from tests.domain.fixture import bare_sql
from tests.live.books import audit, kinds
from tests.live.wire import PATIENCE, Answer, Wire
from tests.serving import Server

GRANT = "/v1/customers/kelly/actions/grant-gift-card"
CARD = b'{"credit":5}'
TEN_MEGABYTES = 10_000_000
GIVES_UP = 10.0  # seconds that the server waits for headers, and for a body
MUCH_LATER = 4 * GIVES_UP  # on a busy machine


def assert_serves(server: Server) -> None:
    with Wire(server) as wire:
        wire.request("GET", "/v1/store")
        assert wire.answer().status == 200


def get(server: Server, target: str | bytes, *headers: str) -> Answer:
    with Wire(server) as wire:
        wire.request("GET", target, None, *headers)
        return wire.answer()


@pytest.mark.parametrize("chunked", [False, True])
def test_ten_megabytes(edge_server: Server, chunked: bool) -> None:
    cards = audit(edge_server)
    length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {TEN_MEGABYTES}"
    with Wire(edge_server) as wire:
        wire.send(wire.head("POST", GRANT, "Content-Type: application/json", length))
        piece = b" " * 65_536
        with suppress(ConnectionError):  # the server need not wait for the end
            for _ in range(TEN_MEGABYTES // len(piece)):
                wire.send(b"10000\r\n" + piece + b"\r\n" if chunked else piece)
        answer = wire.answer()
        assert (answer.status, answer.code) == (413, "body_too_large")
        assert answer.headers["connection"] == "close"
        assert wire.closed()
    assert_serves(edge_server)
    assert audit(edge_server) == cards


def test_a_body_of_64_kib_is_taken_and_one_byte_more_is_not(edge_server: Server) -> None:
    with Wire(edge_server) as wire:
        wire.request("POST", GRANT, CARD.ljust(65_536))
        assert wire.answer().status == 200
        wire.request("POST", GRANT, CARD.ljust(65_537))
        assert wire.answer().code == "body_too_large"
        assert wire.closed()


def test_slow_senders_are_dropped_and_others_are_served(edge_server: Server) -> None:
    cards = audit(edge_server)

    def trickle(wire: Wire, piece: bytes) -> float:
        """Send a piece twice a second until the server has had enough; return the seconds."""
        started = time.monotonic()
        wire.socket.settimeout(0.5)
        while time.monotonic() < started + MUCH_LATER:
            with suppress(TimeoutError):
                wire.socket.recv(1, socket.MSG_PEEK)
                break  # it answered, or closed the connection
            wire.send(piece)
        return time.monotonic() - started

    def slow_headers() -> float:
        started = time.monotonic()
        with Wire(edge_server) as wire, suppress(ConnectionError):
            wire.send(b"GET /v1/store HTTP/1.1\r\nHost: x\r\nX-Slow: ")
            trickle(wire, b"a")
        return time.monotonic() - started

    def slow_body() -> float:
        with Wire(edge_server) as wire:
            wire.send(wire.head("POST", GRANT, body=CARD.ljust(1000)))
            seconds = trickle(wire, b" ")
            answer = wire.answer()
            assert (answer.status, answer.code) == (408, "body_too_slow")
            assert wire.closed()
            return seconds

    def idle() -> float:
        with Wire(edge_server) as wire:
            started = time.monotonic()
            assert wire.closed(within=MUCH_LATER)
            return time.monotonic() - started

    with ThreadPoolExecutor() as pool:
        slow = [pool.submit(sender) for sender in (slow_headers, slow_body, idle) * 2]
        served = 0
        while not any(sender.done() for sender in slow):
            assert_serves(edge_server)
            served += 1
            time.sleep(0.25)
    assert served > 3, "others had to wait for them"
    assert all(GIVES_UP - 1 < sender.result() < MUCH_LATER for sender in slow)
    assert audit(edge_server) == cards


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="no SIGSTOP")
def test_a_body_that_came_while_the_server_stood_still(live_server: Server) -> None:
    """A suspended machine: its clock goes on, and what has arrived is in its sockets."""
    with Wire(live_server) as known, Wire(live_server) as unknown:
        expected = {known: (GRANT, 200), unknown: ("/v1/nowhere", 404)}
        for wire, (path, _) in expected.items():
            wire.send(wire.head("POST", path, body=CARD))
        time.sleep(0.5)  # until the server waits for the bodies
        os.killpg(live_server.process.pid, signal.SIGSTOP)
        for wire in expected:
            wire.send(CARD)
        time.sleep(GIVES_UP + 1)
        os.killpg(live_server.process.pid, signal.SIGCONT)
        for wire, (path, status) in expected.items():
            answer = wire.answer()
            assert answer.status == status, path
            assert "connection" not in answer.headers  # which it closes where a body is missing
    with Wire(live_server) as wire:
        wire.request("GET", "/v1/store")
        assert wire.answer().status == 200


def test_a_client_that_leaves_halfway_through_the_body_gets_nothing(live_server: Server) -> None:
    for reset in (False, True) * 3:
        with Wire(live_server) as wire:
            wire.send(wire.head("POST", GRANT, "Expect: 100-continue", body=CARD))
            assert wire.is_waited_for()  # so a request is under way, which is broken off
            wire.send(CARD[:6])
            leave(wire, reset)
    deadline = time.monotonic() + PATIENCE
    while live_server.log().count('"status":499') < 6 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert live_server.log().count('"status":499') == 6
    assert_serves(live_server)
    assert audit(live_server) == {}


@pytest.mark.parametrize("reset", [False, True])
def test_a_client_that_leaves_after_its_whole_grant(live_server: Server, reset: bool) -> None:
    """What was sent whole is done once, whether or not anybody waits for the answer."""
    keys = [f"gone {number}" for number in range(20)]
    for key in keys:
        with Wire(live_server) as wire:
            wire.request("POST", GRANT, CARD, f"Idempotency-Key: {key}")
            time.sleep(0.002 * (keys.index(key) % 5))
            leave(wire, reset)
    time.sleep(0.5)
    before = audit(live_server)  # others may still be on their way
    replayed = set()
    for key in keys:
        with Wire(live_server) as wire:
            wire.request("POST", GRANT, CARD, f"Idempotency-Key: {key}")
            answer = wire.answer()
            assert answer.status == 200
            if "idempotent-replayed" in answer.headers:
                replayed.add(answer.json()["id"])
    assert before.keys() <= replayed
    accounts = audit(live_server)
    assert [kinds(account) for account in accounts.values()] == [["granted"]] * len(keys)


def leave(wire: Wire, reset: bool) -> None:
    """Hang up: politely, or with a reset."""
    if reset:
        wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    wire.socket.close()


@pytest.mark.parametrize(
    ("framing", "sent"),
    [
        ("Content-Length: 100", CARD),
        ("Transfer-Encoding: chunked", b"10\r\n" + CARD[:6]),
        ("Transfer-Encoding: chunked", b"%x\r\n%s\r\n" % (len(CARD), CARD)),
        ("Transfer-Encoding: chunked", CARD),  # which is no chunk
    ],
    ids=["length", "chunk", "last chunk", "no chunk"],
)
def test_a_body_that_is_cut_is_a_bad_request(
    live_server: Server, framing: str, sent: bytes
) -> None:
    """Who sends no more may still read: it is told so, by a problem and not by a 500."""
    with Wire(live_server) as wire:
        wire.send(wire.head("POST", GRANT, "Content-Type: application/json", framing), sent)
        wire.socket.shutdown(socket.SHUT_WR)
        answer = wire.answer()
        assert (answer.status, answer.code) == (400, "body_malformed")
        assert wire.closed()
    assert audit(live_server) == {}


def test_head_has_no_body_on_the_wire_and_the_connection_stays_in_step(edge_server: Server) -> None:
    with Wire(edge_server) as wire:
        for target in ("/v1/store", "/nope", "/docs", "/static/pages.css", "/openapi.json"):
            wire.request("GET", target)
            full = wire.answer()
            wire.request("HEAD", target)
            head = wire.answer(bodiless=True)
            assert wire.silent()
            assert head.status == full.status
            for name in ("content-type", "content-length"):
                if not full.headers["content-type"].startswith("application/problem"):
                    assert head.headers[name] == full.headers[name]


def test_pipelined_requests_are_answered_in_order(edge_server: Server) -> None:
    with Wire(edge_server) as wire:
        ids = [f"piped-{number}" for number in range(20)]
        targets = itertools.cycle(["/v1/store", "/nope", "/healthz"])
        for request_id in ids:
            wire.request("GET", next(targets), None, f"X-Request-Id: {request_id}")
        assert [wire.answer().headers["x-request-id"] for _ in ids] == ids


@pytest.mark.parametrize(
    ("method", "target", "key", "status"),
    [
        ("POST", "/nope", True, 404),
        ("POST", GRANT, False, 401),
        ("DELETE", "/v1/store", True, 405),
        ("GET", "/v1/store", True, 400),  # it takes no body
        ("POST", "/v1/giftcards/none/actions/disable", True, 400),
        ("POST", "/static/none", True, 405),
    ],
)
@pytest.mark.parametrize("size", [12, 7_000, 65_536, 65_537])
def test_an_unread_body_is_never_taken_for_a_request(
    edge_server: Server, method: str, target: str, key: bool, status: int, size: int
) -> None:
    """It is read and thrown away; one that is too large for that closes the connection."""
    smuggled = b"\r\n\r\nDELETE /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    with Wire(edge_server) as wire:
        wire.request(method, target, (smuggled * size)[:size], key=key)
        answer = wire.answer()
        admitted = status == 400
        if size <= 65_536 or not admitted:
            assert answer.status == status
        if size > 65_536:
            assert answer.status in {413, status}
            assert answer.headers["connection"] == "close"
            assert wire.closed()
        else:
            wire.request("GET", "/healthz", None, "X-Request-Id: after")
            after = wire.answer()
            assert (after.status, after.headers["x-request-id"]) == (200, "after")
            assert wire.silent(0.05)


def test_two_keys(edge_server: Server) -> None:
    for other in (f"X-API-Key: {edge_server.key}", "x-api-key: x", "X-API-KEY:"):
        assert get(edge_server, "/v1/store", other).code == "api_key_invalid"


def test_a_key_that_is_not_text(edge_server: Server) -> None:
    for value in ("\xff\xfe", "allo_live_\xe9.\xe9", "a" * 8_000, "\t", "(),:;<=>?@[]{}"):
        with Wire(edge_server) as wire:
            wire.request("GET", "/v1/store", None, f"X-API-Key: {value}", key=False)
            answer = wire.answer()
            assert answer.status == 401
            assert answer.code in {"api_key_invalid", "api_key_missing"}


@pytest.mark.parametrize(
    "body",
    [b"[" * 10_000, b'{"credit":' + b"[" * 10_000 + b"]" * 10_000 + b"}", b'{"a":' * 10_000],
    ids=["open", "closed", "objects"],
)
def test_ten_thousand_brackets(edge_server: Server, body: bytes) -> None:
    with Wire(edge_server) as wire:
        wire.request("POST", GRANT, body)
        assert wire.answer().code == "body_malformed"
        wire.request("GET", "/v1/store")
        assert wire.answer().status == 200


@pytest.mark.parametrize(
    ("target", "code"),
    [
        (b"/v1/giftcards/%00", "gift_card_not_found"),
        (b"/v1/giftcards/%ff", "gift_card_not_found"),
        (b"/v1/giftcards/%C0%AF", "gift_card_not_found"),
        (b"/v1/giftcards/%F0%80%80%AF", "gift_card_not_found"),
        (b"/v1/giftcards/%zz", "gift_card_not_found"),
        (b"/v1/giftcards/a%2Fb", "path_not_found"),
        (b"/v1/giftcards/" + b"a" * 5_000, "gift_card_not_found"),
        (b"/v1/customers/%00/giftcards", "identifier_malformed"),
        (b"/v1/customers/%ff/giftcards", "identifier_malformed"),
        (b"/v1/customers/kelly%00/giftcards", "identifier_malformed"),
        (b"/v1/customers/kelly%0a/giftcards", "identifier_malformed"),
        (b"/v1/customers/%E2%84%AAelly/giftcards", "identifier_malformed"),
        (b"/v1/customers/../store", "path_not_found"),
        (b"/v1/../v1/store", "path_not_found"),
        (b"/%2e%2e/%2e%2e/etc/passwd", "path_not_found"),
        (b"/static/../app.py", "path_not_found"),
        (b"/static/%2e%2e/routes.py", "path_not_found"),
        (b"/static/..%2f..%2fapp.py", "path_not_found"),
        (b"/static/%00", "path_not_found"),
        (b"/static/%ff", "path_not_found"),
        (b"/static/", "path_not_found"),
        (b"/static/pages.css/more", "path_not_found"),
        (b"/static/" + b"a" * 5_000, "path_not_found"),
        (b"//v1/store", "path_not_found"),
        (b"/v1/store/", "path_not_found"),
        (b"/v1/store%", "path_not_found"),
        (b"/V1/store", "path_not_found"),
        (b"*", "path_not_found"),
        (b"/v1/customers/kelly/giftcards?limit=%ff", "validation_failed"),
        (b"/v1/customers/kelly/giftcards?limit=1&limit=2", "validation_failed"),
        (b"/v1/customers/kelly/giftcards?" + b"x=1&" * 500, "validation_failed"),
        (b"/v1/customers/kelly/giftcards?cursor=%00", "cursor_invalid"),
    ],
)
def test_strange_targets_get_problems(edge_server: Server, target: bytes, code: str) -> None:
    answer = get(edge_server, target)
    assert answer.code == code
    assert answer.status in {400, 404}


@pytest.mark.parametrize(
    "raw",
    [
        b"GET /v1/store HTTP/2.0\r\nHost: x\r\n\r\n",
        b"GET v1/store HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /v1/\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /v1/st ore HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X-Many: x\r\n" * 1_000 + b"\r\n",
        b"GET / HTTP/1.1\r\nX-Huge: " + b"a" * 1_000_000,
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: junk\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"\x00" * 100,
        b"\r\n" * 100 + b"hello\r\n\r\n",
    ],
)
def test_what_is_no_http_is_refused_at_once(edge_server: Server, raw: bytes) -> None:
    """The parser answers these before any code of ours: a bare 4xx, and the connection closes."""
    with Wire(edge_server) as wire:
        with suppress(ConnectionError):
            wire.send(raw)
        answer = wire.answer()
        assert answer.status in {400, 414, 431}
        assert answer.body == b""
        assert wire.closed()
    assert_serves(edge_server)


@pytest.mark.parametrize(
    "method", ["TRACE", "BREW", "OPTIONS", "CONNECT", "PATCH", "get", "M" * 300]
)
def test_methods_that_are_not_there(edge_server: Server, method: str) -> None:
    with Wire(edge_server) as wire:
        for target, allow in (("/v1/store", "get, head"), (GRANT, "post"), ("/docs", "get, head")):
            wire.request(method, target)
            answer = wire.answer()
            assert (answer.status, answer.code) == (405, "method_not_allowed")
            assert answer.headers["allow"] == allow
        wire.request(method, "/nope")
        assert wire.answer().code == "path_not_found"


def test_http_1_0_and_absolute_targets(edge_server: Server) -> None:
    with Wire(edge_server) as wire:
        wire.request("GET", "/v1/store", version="1.0")
        assert wire.answer().status == 200
        assert wire.closed()
    assert get(edge_server, f"{edge_server.url}/v1/store").status == 200


def test_large_headers_that_are_still_in_bounds(edge_server: Server) -> None:
    assert get(edge_server, "/v1/store", "X-Large: " + "a" * 60_000).status == 200
    assert get(edge_server, "/v1/store", *[f"X-{n}: a" for n in range(90)]).status == 200
    kept = get(edge_server, "/v1/store", "X-Request-Id: " + "a" * 65)
    assert len(kept.headers["x-request-id"]) == 24


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_waits_for_100_continue(edge_server: Server) -> None:
    def curl(body: bytes) -> tuple[int, bytes]:
        run = subprocess.run(
            [
                *("curl", "-sS", "--data-binary", "@-", "-w", r"\n%{http_code}"),
                *("-H", "Expect: 100-continue", "-H", "Content-Type: application/json"),
                *("-H", f"X-API-Key: {edge_server.key}", edge_server.url + GRANT),
            ],
            input=body,
            capture_output=True,
            timeout=PATIENCE,
            check=True,
        )
        text, _, status = run.stdout.rpartition(b"\n")
        return int(status), text

    status, text = curl(CARD)
    assert (status, json.loads(text)["credit"]) == (200, 5)
    status, text = curl(b" " * TEN_MEGABYTES)
    assert (status, json.loads(text)["code"]) == (413, "body_too_large")


def test_a_file_that_nobody_reads_on_is_not_made_to_its_end(
    shared_server: Callable[..., Server],
) -> None:
    """Of what no socket and no queue holds: ten pages of 2 MB."""
    server = shared_server("sqlite")
    rows = '{"identifier": "kelly", "credit": 5, "metadata": {"a": "x"}}\n' * 5_000
    headers = {"Content-Type": "application/jsonl"}
    with server.client() as client:
        granted = client.post("/ext/v1/giftcards/bulk", content=rows, headers=headers)
    assert granted.json()["granted"] == 5_000
    long = f"""UPDATE gift_card_labels SET metadata = '{{"a":"{"x" * 4_000}"}}'"""
    asyncio.run(bare_sql(server.database_url, long))
    with Wire(server) as wire:
        wire.request("GET", "/ext/v1/giftcards/export.jsonl")
        assert wire.socket.recv(12) == b"HTTP/1.1 200"
        reset = struct.pack("ii", 1, 0)
        wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
    server.wait_for_log('"route":"/ext/v1/giftcards/export.jsonl","status":499')
    assert_serves(server)
