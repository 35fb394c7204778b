"""Webhooks of real servers: a kill loses none, several workers share them, and a stop is prompt."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest
from standardwebhooks import Webhook as Verifier

from gridgift.app import connect
from gridgift.domain import webhooks
from gridgift.domain.ids import new_id
from gridgift.domain.model import Caller
from gridgift.domain.webhooks import Secrets, Wanted, Webhook
from tests.api import JO, KELLY, SECRET
from tests.domain.fixture import bare_sql
from tests.receiver import Receiver
from tests.serving import PATIENCE, Server

PRIVATE = {"GRIDGIFT_WEBHOOK_ALLOW_PRIVATE": "1"}
CLAIMED = "SELECT COUNT(*) FROM webhook_deliveries WHERE claimed_until IS NOT NULL"


def add(server: Server, url: str) -> Webhook:
    """Make a webhook of the server's store, for granted cards."""

    async def write() -> Webhook:
        database = connect(server.settings)
        caller = Caller(server.store_id, "operator", "test", "request")
        wanted = Wanted(url, ("gift_card.granted",), "standard")
        try:
            return await database.write(
                webhooks.create, caller, new_id(), wanted, allow_private=True
            )
        finally:
            await database.close()

    return asyncio.run(write())


def grant(server: Server, cards: int) -> set[str]:
    """Grant cards over the API and return their ids."""
    path = "/v1/customers/{}/actions/grant-gift-card"
    with server.client() as client:
        answers = [
            client.post(path.format((KELLY, JO)[number % 2].uuid), json={"credit": 5})
            for number in range(cards)
        ]
    return {answer.raise_for_status().json()["id"] for answer in answers}


def told(receiver: Receiver) -> set[str]:
    """Return of which cards a receiver has heard."""
    return {got.json["data"]["about"]["giftCardId"] for got in receiver.received}


def sql(server: Server, statement: str) -> Any:
    return asyncio.run(bare_sql(server.database_url, statement))


def until(holds: Callable[[], bool], server: Server, within: float = PATIENCE) -> None:
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline, server.log()
        time.sleep(0.02)


@pytest.mark.contract("10.120")
def test_a_kill_in_the_middle_loses_nothing(database_url: str) -> None:
    """What was under way is sent again, under the same id, once its claim is over."""
    with (
        Receiver.started() as receiver,
        Server.started(database_url, ["--workers", "2"], PRIVATE) as server,
    ):
        hook = add(server, receiver.url)
        cards = grant(server, 1)
        until(lambda: told(receiver) == cards, server)  # it is quick: it gets four at once
        receiver.delay = 10
        cards |= grant(server, 19)
        until(lambda: len(receiver.received) >= 5, server)
        server.kill()
        before = len(receiver.received)
        assert before < 20
        receiver.delay = 0
        sql(server, "UPDATE webhook_deliveries SET claimed_until = 1 WHERE claimed_until > 1")
        server.restart()
        cards |= grant(server, 5)
        until(lambda: told(receiver) == cards, server)
        ids = set(receiver.ids())
        assert len(ids) == 25
        # at most what was under way at each worker came twice
        assert len(receiver.received) <= 25 + 2 * 4
        secret = Secrets(SECRET.encode()).of(hook.id, 1)
        for got in receiver.received:
            Verifier(secret).verify(got.body, got.headers)
        until(lambda: sql(server, CLAIMED) == [(0,)], server)


def test_a_stop_waits_for_no_receiver(database_url: str) -> None:
    with (
        Receiver.started() as receiver,
        Server.started(database_url, (), PRIVATE) as server,
    ):
        add(server, receiver.url)
        receiver.delay = 60
        grant(server, 3)
        until(lambda: len(receiver.received) == 1, server)
        begun = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - begun < 30  # of 60
        assert sql(server, CLAIMED) == [(0,)]
        receiver.delay = 0
        server.restart()
        until(lambda: len(receiver.received) == 4, server)
        assert len(set(receiver.ids())) == 3


def test_private_addresses_get_nothing_unless_it_is_allowed(database_url: str) -> None:
    with (
        Receiver.started() as receiver,
        Server.started(database_url) as server,
    ):
        add(server, receiver.url)
        grant(server, 1)
        errors = "SELECT error FROM webhook_attempts"
        until(lambda: sql(server, errors) != [], server)
        # a second attempt, seconds later, would be refused as well
        assert {*sql(server, errors)} == {("127.0.0.1 has an address that is not public",)}
        assert receiver.connections == 0
