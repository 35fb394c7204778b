"""One idempotency key, several requests at once: one decides, all others answer as it did.

Every write that takes a key is tried, with the request that its row of the table has as example.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, Final, cast

import httpx2
import pytest

from gridgift.http.edge.customer_token import CustomerToken
from gridgift.http.edge.route import AnyRoute
from gridgift.http.table import ROUTES
from tests import races
from tests.api import ApiFixture, Clock
from tests.domain.fixture import bare_sql
from tests.http.requests import path_of, prepared, sent
from tests.live.locks import held_up
from tests.live.wire import Answer, Wire
from tests.serving import Server

KEYED: Final = [route for route in ROUTES if route.keyed]
# a new resident is a 201 once
NOT_IN_THE_LEDGER: Final = (
    "/ext/v1/residents", "/ext/v1/store", "/ext/v1/units", "/ext/v1/webhooks"
)  # fmt: skip
NO_ENTRY_YET: Final = "LOCK TABLE entries IN SHARE MODE"  # all that comes before an entry goes on
MOMENT: Final = 0.15  # seconds, for a request to come as far as it can


@pytest.fixture(params=[1, 2], ids=["1-worker", "2-workers"])
def server(
    request: pytest.FixtureRequest, engine: str, shared_server: Callable[..., Server]
) -> Server:
    """A store on a live server of one process, and of two, on each engine."""
    return shared_server(engine, "--workers", str(request.param)).with_new_store()


@pytest.mark.contract("10.3", "10.6", "10.12")
@pytest.mark.parametrize("route", KEYED, ids=lambda route: f"{route.method} {route.path}")
@pytest.mark.parametrize("clients", [2, 8])
def test_one_decides_and_the_others_repeat_it(
    server: Server, route: AnyRoute, clients: int
) -> None:
    send = prepared_request(server, route)
    with ExitStack() as stack:
        with held_up(server, NO_ENTRY_YET):
            with Wire(server) as first:  # which hangs up without an answer
                send(first, 0)
                time.sleep(MOMENT)
            wires = [stack.enter_context(Wire(server)) for _ in range(clients)]
            for number, wire in enumerate(wires, 1):
                send(wire, number)
            time.sleep(MOMENT)
        answers = [wire.answer() for wire in wires]
    if route.rows:
        answers = [again(server, send, *each) for each in enumerate(answers, clients + 1)]
    in_ledger = not route.path.startswith(NOT_IN_THE_LEDGER)
    expected = {route.status} if in_ledger else {route.status, route.or_status or route.status}
    assert {answer.status for answer in answers} <= expected, answers
    assert (
        len({(answer.status, answer.body, answer.headers.get("etag")) for answer in answers}) == 1
    )
    assert sum("idempotent-replayed" not in answer.headers for answer in answers) <= 1
    assert len(done_by(server)) == int(in_ledger)


def again(server: Server, send: Callable[[Wire, int], None], number: int, answer: Answer) -> Answer:
    """Send a bulk once more, under a number of its own, if it was one too many at once."""
    if answer.status != 429:
        return answer
    with Wire(server) as wire:
        send(wire, number)
        return wire.answer()


def test_the_ledger_is_whole(server: Server) -> None:
    assert asyncio.run(races.faults(server)) == []


def prepared_request(server: Server, route: AnyRoute) -> Callable[[Wire, int], None]:
    """Make what a route's example needs; return what sends the example on a connection."""
    headers = ["Idempotency-Key: the only one"]
    by_customer = isinstance(route.guard, CustomerToken)
    with server.client() as client:
        api = ApiFixture(cast("Any", client), server.settings, Clock(), server.prepared)
        parts, body = prepared(api, route)
        if by_customer:
            minted = api.call("POST", "/v1/customer-tokens", json={"customerIdentifier": "kelly"})
            headers.append(f"X-Customer-Token: {minted.json()['token']}")
    request = httpx2.Request(
        route.method, server.url + path_of(route, **parts), **sent(route, body)
    )
    content = request.read()
    kept = ("content-type", "content-length")
    headers += [f"{name}: {request.headers[name]}" for name in kept if name in request.headers]

    def send(wire: Wire, number: int) -> None:
        named = [*headers, f"X-Request-Id: race-{number}"]
        wire.send(wire.head(route.method, request.url.raw_path, *named, key=not by_customer))
        wire.send(content)

    return send


def done_by(server: Server) -> list[str]:
    """Return the ids of those requests that have changed something."""
    found = asyncio.run(
        bare_sql(
            server.database_url,
            "SELECT DISTINCT request_id FROM entries WHERE request_id LIKE 'race-%' "
            f"AND store_id = '{server.store_id}'",
        )
    )
    return [request_id for (request_id,) in found]
