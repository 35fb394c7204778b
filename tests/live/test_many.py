"""Actions on many cards on a running server: killed in the middle, and two at once."""

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Final

import httpx2
import pytest

from gridgift.app import connect
from gridgift.domain import bulk_changes
from gridgift.domain.bulk_changes import Terms
from gridgift.domain.card_filters import Filters
from gridgift.domain.ids import new_id
from gridgift.domain.model import Caller
from tests import crash, races
from tests.dashboard.test_send import until
from tests.domain.fixture import bare_sql
from tests.serving import Server

CARDS: Final = 1_500
PATH: Final = "/ext/v1/giftcards/actions"
FILTER: Final = {"tag": "raffle", "active": True}


@pytest.fixture
def server(engine: str) -> Iterator[Server]:
    """A server that may crash."""
    with crash.crashable(engine) as (url, _), Server.started(url) as server:
        yield server


def add_cards(server: Server) -> None:
    """Grant the cards that the filter finds."""
    line = '{"identifier": "kelly", "credit": 5, "tags": ["raffle"]}\n'
    with server.client() as client:
        answer = client.post(
            "/ext/v1/giftcards/bulk",
            content=line * CARDS,
            headers={"Content-Type": "application/jsonl"},
        )
        assert answer.json()["granted"] == CARDS


def disabled(server: Server) -> int:
    """Count the entries of the store's cards that say so."""
    query = (
        f"SELECT COUNT(*) FROM entries WHERE kind = 'disabled' AND store_id = '{server.store_id}'"
    )
    return int(asyncio.run(bare_sql(server.database_url, query))[0][0])


def wrote(server: Server, operation: Any, *args: Any) -> Any:
    """Run an operation on the server's database, and return its result."""

    async def write() -> Any:
        database = connect(server.settings)
        try:
            return await database.write(operation, *args)
        finally:
            await database.close()

    return asyncio.run(write())


def run(server: Server, body: dict[str, Any], **headers: str) -> httpx2.Response:
    """Send an action that disables what the filter finds."""
    with server.client() as client:
        return client.post(f"{PATH}/disable", json={"filter": FILTER} | body, headers=headers)


@pytest.mark.contract("10.154")
def test_killed_in_the_middle(server: Server) -> None:
    """The filter finds only the rest then; the same request answers for all, each done once."""
    assert any(killed_while_it_runs(server, server.with_new_store()) for _ in range(5))
    assert asyncio.run(races.faults(server)) == []


def killed_while_it_runs(server: Server, store: Server) -> bool:
    """Kill the server in the middle of a store's action, and send the same again afterwards.

    Tell whether it had left anything: it may have been quicker.
    """
    add_cards(store)
    selection = run(store, {"dryRun": True}).json()["selection"]
    body, key = {"selection": selection}, {"Idempotency-Key": "raffle"}
    with ThreadPoolExecutor(1) as pool, suppress(httpx2.TransportError):
        asked = pool.submit(run, store, body, **key)
        deadline = time.monotonic() + 120
        while not disabled(store):
            assert time.monotonic() < deadline
        server.kill()
        asked.result()
    left = disabled(store) < CARDS
    server.restart()
    answer = run(store, body, **key).json()
    assert (answer["changed"], answer["unchanged"], answer["refused"]) == (CARDS, 0, 0)
    assert len({result["id"] for result in answer["results"]}) == CARDS == disabled(store)
    assert run(store, body, **key).json() == answer
    return left


def begin(server: Server, what: Any) -> str:
    """Choose all cards for a change, as the dashboard does; begin it when they are found."""

    bo, change_id = Caller(server.store_id, "operator", "Bo", ""), new_id()
    wrote(server, bulk_changes.add, bo, change_id, Terms(what, matching=Filters()))
    until(lambda: wrote(server, bulk_changes.start, bo, change_id))
    return change_id


def killed_meanwhile(server: Server, what: Any) -> bool:
    """Kill the server once it has begun a change; what it left is done by the one that starts.

    Tell whether it left anything: it may have been quicker.
    """
    find = bulk_changes.find, server.store_id, begin(server, what)
    until(lambda: wrote(server, *find).rows_done)
    server.kill()
    left = wrote(server, *find).rows_done < CARDS
    server.restart()
    until(lambda: wrote(server, *find).done_at)
    change = wrote(server, *find)
    assert (change.changed, change.unchanged, change.refused) == (CARDS, 0, 0)
    query = f"SELECT account_id FROM entries WHERE request_id = 'change {change.id}'"
    changed = asyncio.run(bare_sql(server.database_url, query))
    assert len(changed) == len(set(changed)) == CARDS
    return left


def test_the_dashboards_change_goes_on_after_a_kill(server: Server) -> None:
    """Nobody sends anything again; each card is found and changed once."""
    add_cards(server)
    bo, change_id = Caller(server.store_id, "operator", "Bo", ""), new_id()
    wrote(server, bulk_changes.add, bo, change_id, Terms("off", matching=Filters()))
    find = bulk_changes.find, server.store_id, change_id
    until(lambda: wrote(server, *find).card_count)
    server.kill()
    server.restart()
    until(lambda: wrote(server, *find).checked_at)
    assert wrote(server, *find).changed == wrote(server, *find).card_count == CARDS
    assert any(killed_meanwhile(server, what) for what in ("off", "on") * 4)
    assert asyncio.run(races.faults(server)) == []


@pytest.mark.contract("10.150")
def test_two_at_once(engine: str, shared_server: Callable[..., Server]) -> None:
    """Each card is changed by one of them, and is unchanged or refused for the other one."""
    server = shared_server(engine).with_new_store()
    add_cards(server)
    body = {"selection": run(server, {"dryRun": True}).json()["selection"]}
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: run(server, body), range(2)))
    done = [answer.json() for answer in answers if answer.status_code == 200]
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert sum(answer["changed"] for answer in done) == CARDS == disabled(server)
    codes = {
        result["problem"]["code"] for a in done for result in a["results"] if "problem" in result
    }
    assert codes <= {"no_longer_matching"}
    assert asyncio.run(races.faults(server)) == []
