"""What ends while a request is under way has ended for it: the instant counts at which it is done.

All requests are sent while everything is good, and come to their turn when nothing is any more.
"""

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

import msgspec
import pytest
from msgspec import Struct

from gridgift.app import connect, signer
from gridgift.caches import REMEMBERED_FOR
from gridgift.domain import keys
from gridgift.domain.ids import new_id
from gridgift.domain.instants import format_instant
from gridgift.domain.keys import NewCredential
from gridgift.domain.scopes import SCOPES
from gridgift.storage.database import system_clock
from tests import races
from tests.api import JO, operator
from tests.domain.fixture import bare_sql
from tests.live.locks import Execute, held_up
from tests.live.wire import Wire
from tests.serving import Server

MADE_WITHIN: Final = (3, 6, 12, 24, 48)  # seconds for all that ends: a busy machine needs more
ROWS: Final = "SELECT 1 FROM gift_cards FOR UPDATE; SELECT 1 FROM customers FOR UPDATE"
NOTE: Final = {"reason": "late", "reference": "late"}


class Late(Struct, frozen=True):
    """A request that comes too late, and the code that it must be refused with."""

    path: str
    body: Any
    credential: str
    refused: str

    @property
    def content(self) -> bytes:
        """The body's bytes."""
        return b"" if self.body is None else msgspec.json.encode(self.body)

    def head(self, wire: Wire, length: str) -> bytes:
        """Write its headers; ``length`` says how its body comes."""
        json = "Content-Type: application/json"
        return wire.head("POST", self.path, self.credential, json, length, key=False)


Way = Callable[[Server, list[tuple[Wire, Late]]], Iterator[Execute]]


def bodies_are_slow(server: Server, sent: list[tuple[Wire, Late]]) -> Iterator[Execute]:
    """Send the headers of all requests, and their bodies when everything has ended."""
    for wire, late in sent:
        wire.send(late.head(wire, "Transfer-Encoding: chunked"))
    yield lambda statement: asyncio.run(bare_sql(server.database_url, statement))
    for wire, late in sent:
        if late.content:
            wire.send(b"%x\r\n%s\r\n" % (len(late.content), late.content))
        wire.send(b"0\r\n\r\n")


def a_lock_is_held(server: Server, sent: list[tuple[Wire, Late]]) -> Iterator[Execute]:
    """Send all requests while another session has the locks, until everything has ended."""
    with held_up(server, ROWS) as execute:
        for wire, late in sent:
            wire.send(late.head(wire, f"Content-Length: {len(late.content)}"), late.content)
        yield execute


@pytest.mark.contract("2.21", "8.40", "8.42", "10.41", "10.43")
@pytest.mark.parametrize(
    ("way", "lasts"),
    [
        (bodies_are_slow, REMEMBERED_FOR + 1),  # SQLite tells nobody of what was revoked
        (a_lock_is_held, 2),  # for which a writer waits
    ],
    ids=["bodies_are_slow", "a_lock_is_held"],
)
def test_what_has_ended_meanwhile_is_refused(live_server: Server, way: Way, lasts: float) -> None:
    store, late = prepared_in_time(live_server, lasts)
    sleep_until(store.ends_at - lasts * 1000)
    sent = [(Wire(live_server), request) for request in late]
    with contextmanager(way)(live_server, sent) as execute:
        time.sleep(0.5)  # all of them are admitted
        for statement in store.revocations:
            execute(statement)
        sleep_until(store.ends_at + 200)
    assert [wire.answer().code for wire, _ in sent] == [request.refused for request in late]
    assert asyncio.run(races.faults(live_server)) == []


def prepared_in_time(server: Server, before: float) -> "tuple[Prepared, list[Late]]":
    """Make what ends at one time, and requests for it, so many seconds before it ends."""
    for seconds in MADE_WITHIN:
        store = Prepared(server.with_new_store(), round(before) + seconds)
        with suppress(Ended):
            late = store.requests()
            if system_clock() < store.ends_at - before * 1000:
                return store, late
    raise AssertionError("the machine is too slow")


def sleep_until(at: float) -> None:
    """Sleep until an instant (milliseconds); not at all if it has come."""
    time.sleep(max(0, at - system_clock()) / 1000)


class Ended(Exception):
    """What was to be used has ended while it was made."""


class Prepared:
    """Cards, holds, credit, keys and tokens of a store, all of which end after so many seconds."""

    def __init__(self, server: Server, good_for: int) -> None:
        self.server = server
        self.ends_at = (system_clock() // 1000 + good_for) * 1000  # a whole second, as it is shown
        self.until = format_instant(self.ends_at)
        self.revocations: list[str] = []

    def requests(self) -> list[Late]:
        """Make everything; return a request for each way in which it may have ended."""
        with self.server.client() as self.client:
            return [*self.of_cards(), *self.of_credit(), *self.of_credentials()]

    def of_cards(self) -> Iterator[Late]:
        ours, ended = self.ours, "gift_card_expired"
        card = self.post("/v1/customers/kelly/actions/grant-gift-card", {"expiresAt": self.until})
        path, token = f"/ext/v1/giftcards/{card}", self.token()
        jo = {"receiverIdentifier": JO.username}
        yield Late(f"{path}/actions/transfer", jo, ours, ended)
        yield Late(f"{path}/holds", {"amount": 1, "expiresIn": 60}, ours, ended)
        yield Late(f"/v1/customer/giftcards/{card}/redeem", None, token, ended)
        yield Late(f"/v1/customer/giftcards/{card}/transfer", jo, token, ended)
        card = self.post("/v1/customers/kelly/actions/grant-gift-card", {})
        for action, body in (("capture", None), ("void", None), ("extend", {"expiresIn": 60})):
            path = f"/ext/v1/giftcards/{card}/holds"
            left = (self.ends_at - system_clock()) // 1000
            hold = self.post(path, {"amount": 30, "expiresIn": left})
            yield Late(f"{path}/{hold}/actions/{action}", body, ours, "hold_closed")

    def of_credit(self) -> Iterator[Late]:
        path = "/ext/v1/customers/jo.winter/credit/actions"
        self.post(f"{path}/deposit", {"amount": 9, "expiresAt": self.until} | NOTE)
        yield Late(f"{path}/spend", {"amount": 5} | NOTE, self.ours, "insufficient_credit")

    def of_credentials(self) -> Iterator[Late]:
        card = self.post("/v1/customers/kelly/actions/grant-gift-card", {})
        path, body = f"/ext/v1/giftcards/{card}/actions/adjust", {"delta": 1, "reason": "late"}
        yield Late(path, body, self.key("ends", self.ends_at), "api_key_expired")
        yield Late(path, body, self.key("to be revoked"), "api_key_revoked")
        self.revocations.append("UPDATE api_keys SET revoked_at = 1 WHERE name = 'to be revoked'")
        grant = "/v1/customers/kelly/actions/grant-gift-card"
        yield Late(grant, {"credit": 1}, self.key("ends too", self.ends_at), "api_key_expired")
        redeem = f"/v1/customer/giftcards/{card}/redeem"
        token = self.token()
        newest = "SELECT id FROM customer_tokens ORDER BY id DESC LIMIT 1"
        self.revocations.append(f"UPDATE customer_tokens SET revoked_at = 1 WHERE id = ({newest})")
        yield Late(redeem, None, token, "customer_token_invalid")

    def key(self, name: str, expires_at: int | None = None) -> str:
        """Make a key; return its header."""

        async def make() -> str:
            settings = self.server.settings
            database, new = connect(settings), NewCredential(new_id(), os.urandom(32))
            made = operator(self.server.store_id), signer(settings), name, SCOPES, new
            try:
                issued = await database.write(keys.create, *made, expires_at=expires_at)
            finally:
                await database.close()
            return issued.key

        return f"X-API-Key: {asyncio.run(make())}"

    def token(self) -> str:
        """Make a token; return its header."""
        path, body = "/v1/customer-tokens", {"customerIdentifier": "kelly"}
        return f"X-Customer-Token: {self.client.post(path, json=body).json()['token']}"

    @property
    def ours(self) -> str:
        """The header of a key that goes on."""
        return f"X-API-Key: {self.server.key}"

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """Make something; return its id."""
        credit = {"credit": 100, "transfer": True} if "grant" in path else {}
        response = self.client.post(path, json=credit | body)
        if not response.is_success and system_clock() >= self.ends_at:
            raise Ended
        assert response.is_success, response.text
        return response.json()["id"]
