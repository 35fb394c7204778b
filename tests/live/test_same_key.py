"""One idempotency key, several requests at once: one decides, all others answer as it did.

Every write that takes a key is tried, with the request that its row of the table has as example,
and with clients that hang up at any point of it.
"""

import asyncio
import select
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any, Final, cast

import httpx2
import pytest
from msgspec import Struct

from gridgift.http.edge.customer_token import CustomerToken
from gridgift.http.edge.route import AnyRoute
from gridgift.http.table import ROUTES
from tests import races
from tests.api import ApiFixture, Clock
from tests.domain.fixture import bare_sql
from tests.http.requests import path_of, prepared, sent
from tests.live.locks import Execute, held_up
from tests.live.wire import PATIENCE, Answer, Wire
from tests.serving import Server

KEYED: Final = [route for route in ROUTES if route.keyed]
# a new resident is a 201 once
NOT_IN_THE_LEDGER: Final = (
    "/ext/v1/residents", "/ext/v1/store", "/ext/v1/units", "/ext/v1/webhooks"
)  # fmt: skip
MANY_CARDS: Final = "/ext/v1/giftcards/actions/"  # of which a process does one at a time
# What comes before an entry goes on, and where there is none what comes before the answer is kept.
NOTHING_DONE_YET: Final = "LOCK TABLE entries, idempotency_keys IN SHARE MODE"
BEHIND_IT: Final = "SELECT FROM pg_locks WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))"
FOR_ITS_TURN: Final = (
    "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
MOMENT: Final = 0.05  # seconds, for a request to come as far as it can where that can't be seen


@pytest.fixture(params=[1, 2], ids=["1-worker", "2-workers"])
def server(
    request: pytest.FixtureRequest, engine: str, shared_server: Callable[..., Server]
) -> Server:
    """A store on a live server of one process, and of two, on each engine."""
    return shared_server(engine, "--workers", str(request.param)).with_new_store()


class Example(Struct, frozen=True):
    """A request that can be sent again and again."""

    method: str
    target: bytes
    headers: Sequence[str]
    content: bytes
    by_customer: bool

    def head(self, wire: Wire, number: int, *more: str) -> bytes:
        """Write all that comes before the body."""
        named = [*self.headers, f"X-Request-Id: race-{number}", *more]
        return wire.head(self.method, self.target, *named, key=not self.by_customer)

    def send(self, wire: Wire, number: int) -> None:
        """Send all of it."""
        wire.send(self.head(wire, number), self.content)

    def break_off(self, server: Server) -> None:
        """Hang up within the head, after it and, if there is one, within the body."""
        with Wire(server) as wire:
            wire.send(self.head(wire, -1)[:-2])
        for length in (0, len(self.content) // 2) if self.content else ():
            with Wire(server) as wire:
                wire.send(self.head(wire, -2, "Expect: 100-continue"))
                assert wire.is_waited_for()  # so the request is under way
                wire.send(self.content[:length])


@pytest.mark.contract("10.3", "10.6", "10.12")
@pytest.mark.parametrize("route", KEYED, ids=lambda route: f"{route.method} {route.path}")
@pytest.mark.parametrize("clients", [2, 8])
def test_one_decides_and_the_others_repeat_it(
    server: Server, route: AnyRoute, clients: int
) -> None:
    example = prepared_request(server, route)
    example.break_off(server)
    with ExitStack() as stack:
        with held_up(server, NOTHING_DONE_YET) as execute:
            with Wire(server) as first:  # which hangs up without an answer
                example.send(first, 0)
                wait_for(BEHIND_IT, server, execute)
            if not route.rows:  # of which few have a place, and it would keep one
                with Wire(server) as waiting:  # which hangs up before its turn
                    example.send(waiting, -3)
            wires = [stack.enter_context(Wire(server)) for _ in range(clients)]
            for number, wire in enumerate(wires, 1):
                example.send(wire, number)
            if route.rows or route.path.startswith(MANY_CARDS):
                time.sleep(MOMENT)
            else:
                wait_for(FOR_ITS_TURN, server, execute)
            # of long requests some are refused as too many at once
            assert route.rows or not readable(wires, 0), "all wait for the first one"
        answers = [wire.answer() for wire in wires]
    check(server, route, example, answers)


@pytest.mark.contract("10.3", "10.6", "10.12")
@pytest.mark.parametrize("route", KEYED, ids=lambda route: f"{route.method} {route.path}")
@pytest.mark.parametrize("clients", [2, 8])
def test_an_answer_that_nobody_reads_is_repeated(
    server: Server, route: AnyRoute, clients: int
) -> None:
    example = prepared_request(server, route)
    with ExitStack() as stack:
        with Wire(server) as first:
            example.send(first, 0)
            assert readable([first], PATIENCE)
        wires = [stack.enter_context(Wire(server)) for _ in range(clients)]
        for number, wire in enumerate(wires, 1):
            example.send(wire, number)
        answers = [wire.answer() for wire in wires]
    answers = check(server, route, example, answers)
    assert all("idempotent-replayed" in answer.headers for answer in answers)


def readable(wires: Sequence[Wire], within: float) -> bool:
    """Tell whether an answer has begun to come, which is not read."""
    return select.select([wire.socket for wire in wires], [], [], within)[0] != []


def wait_for(sessions: str, server: Server, execute: Execute) -> None:
    """Wait until there are such sessions on PostgreSQL; what waits for SQLite cannot be seen."""
    if server.settings.sqlite_path is not None:
        time.sleep(MOMENT)
        return
    deadline = time.monotonic() + PATIENCE
    while execute(sessions) == "SELECT 0":
        assert time.monotonic() < deadline, "nothing waits"
        time.sleep(0.005)


def check(
    server: Server, route: AnyRoute, example: Example, answers: Sequence[Answer]
) -> list[Answer]:
    """Check that all answered alike and that one thing was done; return all answers."""
    found = [
        again(server, example, number, answer) if route.rows else answer
        for number, answer in enumerate(answers, len(answers) + 1)
    ]
    in_ledger = not route.path.startswith(NOT_IN_THE_LEDGER)
    expected = {route.status} if in_ledger else {route.status, route.or_status or route.status}
    assert {answer.status for answer in found} <= expected, found
    assert len({(answer.status, answer.body, answer.headers.get("etag")) for answer in found}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in found) <= 1
    assert len(done_by(server)) == int(in_ledger)
    return found


def again(server: Server, example: Example, number: int, answer: Answer) -> Answer:
    """Send a bulk again, under a number of its own, while there are too many at once.

    Those whose clients have hung up count, too, until they are done.
    """
    deadline = time.monotonic() + PATIENCE
    while answer.status == 429 and time.monotonic() < deadline:
        with Wire(server) as wire:
            example.send(wire, number)
            answer = wire.answer()
    return answer


def test_the_ledger_is_whole(server: Server) -> None:
    assert asyncio.run(races.faults(server)) == []


def prepared_request(server: Server, route: AnyRoute) -> Example:
    """Make what a route's example needs; return the example."""
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
    return Example(route.method, request.url.raw_path, headers, content, by_customer)


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
