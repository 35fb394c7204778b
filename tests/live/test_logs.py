"""The log of a real server: one JSON line a request, and never a secret in it."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.api import KELLY
from tests.live.wire import Wire
from tests.serving import PATIENCE, Server

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)

GRANT = "/v1/customers/kelly/actions/grant-gift-card"


def lines(server: Server, count: int) -> list[dict[str, Any]]:
    """Return the requests' lines, once there are as many as are awaited."""
    deadline = time.monotonic() + PATIENCE
    while True:
        found = [json.loads(line) for line in server.log().splitlines() if line.startswith("{")]
        requests = [line for line in found if line["event"] == "request"]
        requests = [line for line in requests if line["request_id"].startswith("t-")]
        if len(requests) >= count or time.monotonic() > deadline:
            return requests
        time.sleep(0.02)


def test_one_line_a_request_with_its_fields(live_server: Server) -> None:
    with live_server.client() as client:

        def call(method: str, path: str, name: str, **options: Any) -> Any:
            headers = {"X-Request-Id": f"t-{name}", **options.pop("headers", {})}
            return client.request(method, path, headers=headers, **options)

        card = call("POST", GRANT, "grant", json={"credit": 5}).json()
        call("GET", f"/v1/giftcards/{card['id']}", "get")
        call("GET", "/v1/customers/kelly/giftcards?limit=5", "list")
        call("HEAD", "/v1/store", "head")
        call("GET", "/v1/store", "forged", headers={"X-API-Key": "forged"})
        call("GET", "/healthz", "health")
        call("GET", "/nope/kelly", "unknown")
        call("DELETE", "/v1/store", "method")
    logged = {line["request_id"]: line for line in lines(live_server, 8)}
    assert len(logged) == len(lines(live_server, 8)) == 8
    told = {
        name.removeprefix("t-"): (line["method"], line["route"], line["status"])
        for name, line in logged.items()
    }
    assert told == {
        "grant": ("POST", "/v1/customers/{identifier}/actions/grant-gift-card", 200),
        "get": ("GET", "/v1/giftcards/{id}", 200),
        "list": ("GET", "/v1/customers/{identifier}/giftcards", 200),
        "head": ("HEAD", "/v1/store", 200),
        "forged": ("GET", "/v1/store", 401),
        "health": ("GET", "/healthz", 200),
        "unknown": ("GET", "", 404),
        "method": ("DELETE", "/v1/store", 405),
    }
    for name, line in logged.items():
        assert 0 <= line["ms"] < 60_000
        assert line["level"] == "info"
        assert line["timestamp"].endswith("Z")
        known = name in {"t-grant", "t-get", "t-list", "t-head"}
        identified = (live_server.store_id, live_server.key_id) if known else (None, None)
        assert (line.get("store"), line.get("key")) == identified


def test_a_secret_is_nowhere_in_the_log(make_server: Callable[..., Server]) -> None:
    server = make_server(GRIDGIFT_RESOLVER_KEY="resolver-s3cret", GRIDGIFT_RESOLVER_URL=NOWHERE)
    secret = "s3cret"
    places = [
        ("GET", f"/{secret}"),
        ("GET", f"/v1/giftcards/{secret}"),
        ("GET", f"/v1/customers/{secret}/giftcards"),
        ("POST", f"/v1/customers/{secret}/actions/grant-gift-card"),
        ("GET", f"/v1/customers/kelly/giftcards?cursor={secret}&limit={secret}&{secret}={secret}"),
        ("GET", f"/errors/{secret}"),
        ("GET", f"/static/{secret}"),
        ("POST", f"/v1/giftcards/{secret}/actions/disable"),
        (secret.upper(), "/v1/store"),
    ]
    bodies = [
        b'{"credit":"s3cret"}',
        b'{"credit":5,"texture":"s3cret","expiresAt":"s3cret","s3cret":"s3cret"}',
        b"s3cret",
        b'{"s3cret":1,"s3cret":2}',
        b'{"credit":s3cret}',
        b"[" * 10_000 + b"s3cret",
        b'{"credit":1}s3cret' + b" " * 70_000,
        b"\xff s3cret",
    ]
    headers = [
        f"Authorization: Bearer {secret}",
        f"Cookie: session={secret}",
        f"X-Customer-Token: {secret}",
        f"Idempotency-Key: {secret}",
        f"If-Match: {secret}",
        f"If-None-Match: {secret}",
        f"User-Agent: {secret}",
        f"Referer: https://example.com/{secret}",
        f"X-Forwarded-For: {secret}",
        f"X-Request-Id: {secret} {secret}",
        f"Accept: {secret}",
    ]
    for method, target in places:
        exchange(server, method, target, None, *headers)
    for body in bodies:
        exchange(server, "POST", GRANT, body, *headers)
    exchange(server, "POST", GRANT, b'{"credit":5}', f"Idempotency-Key: {secret} 2")
    for key in (f"X-API-Key: {secret}", f"X-API-Key: {server.key}{secret}"):
        exchange(server, "GET", "/v1/store", None, key, *headers, key=False)
    exchange(server, "GET", f"/v1/store?key={server.key}", None)
    server.stop()
    log = server.log().lower()
    assert log.count('"event":"request"') >= len(places) + len(bodies) + 4 - 1  # not /static
    assert secret not in log
    _, _, signature = server.key.partition(".")
    for part in (server.key, signature, server.environ["GRIDGIFT_SECRET"], KELLY.uuid, "kelly"):
        assert part.lower() not in log


NOWHERE = "http://127.0.0.1:9/"


def exchange(
    server: Server, method: str, target: str, body: bytes | None, *headers: str, key: bool = True
) -> None:
    """Send a request and wait for its answer, whatever it is."""
    with Wire(server) as wire:
        wire.request(method, target, body, *headers, key=key)
        assert wire.answer().status < 500
