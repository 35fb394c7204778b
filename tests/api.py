"""The API in this process, for tests: over a database with a store, two residents and a key."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Final

import asyncpg
import httpx2
from msgspec import Struct
from starlette.types import ASGIApp

from gridgift.app import connect, create_app, signer
from gridgift.domain import keys, ledger, residents, stores
from gridgift.domain.ids import new_id
from gridgift.domain.keys import IssuedKey, NewCredential, Signer
from gridgift.domain.model import Caller, Entry, Resident, Store
from gridgift.domain.scopes import SCOPES
from gridgift.settings import Settings
from gridgift.storage.database import Tx
from tests.asgi import AppClient, EventLoop

SECRET: Final = "a secret that only tests know, long enough"
LOCK_WAIT: Final = 60.0  # seconds that a test waits for those who write
START: Final = 1_790_000_000_000  # an instant in 2026

OWNER: Final = Resident("a1b2c3d4-e5f6-4789-9abc-def012345678", "aria.moonwall")
KELLY: Final = Resident("c7d8e9f0-1a2b-4c3d-9e4f-5a6b7c8d9e0f", "kelly")
JO: Final = Resident("0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9", "jo.winter")


class Clock:
    """Both clocks of a server, in the test's hand."""

    def __init__(self, milliseconds: int = START) -> None:
        self.milliseconds = milliseconds
        self._ahead = 0

    def now(self) -> int:
        """Milliseconds since the epoch."""
        return self.milliseconds + self._ahead

    def ticks(self) -> float:
        """Seconds of a monotonic clock."""
        return self.milliseconds / 1000

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.milliseconds += round(seconds * 1000)

    def leap(self, seconds: float) -> None:
        """Set the clock that people see forward, or back; no time passes."""
        self._ahead += round(seconds * 1000)


class PreparedStore(Struct, frozen=True):
    """What a test begins with: a store, two residents who are known there, an all-scopes key."""

    store: Store
    issued: IssuedKey


def operator(store_id: str) -> Caller:
    """Return somebody who does something at a store from a shell."""
    return Caller(store_id, "operator", "tester", "request")


async def prepare_store(tx: Tx, key_signer: Signer) -> PreparedStore:
    """Write what a test begins with into a migrated database."""
    new = stores.NewStore("Moonwall Couture", OWNER)
    store = await stores.create(tx, new, new_id())
    for resident in (KELLY, JO):
        await residents.remember(tx, resident)
    new_key = NewCredential(new_id(), os.urandom(32))
    issued = await keys.create(
        tx, operator(store.id), key_signer, "all scopes", list(SCOPES), new_key
    )
    return PreparedStore(store, issued)


class ApiFixture:
    """The API as a client sees it, with ways to add to its store and to look behind it."""

    def __init__(
        self, client: AppClient, settings: Settings, clock: Clock, prepared: PreparedStore | None
    ) -> None:
        self.client = client
        self.settings = settings
        self.clock = clock
        self._database: Any = None
        self._file: sqlite3.Connection | None = None
        self._raw: asyncpg.Connection[Any] | None = None
        if prepared is None:
            prepared = self.write(prepare_store, signer(settings))
        self.prepared = prepared
        self.store = prepared.store
        self.issued = prepared.issued
        self.key = prepared.issued.key

    @classmethod
    @contextmanager
    def opened(
        cls, app: ASGIApp, settings: Settings, clock: Clock, prepared: PreparedStore | None = None
    ) -> Iterator["ApiFixture"]:
        """Serve the app in this process; without ``prepared`` a store is written first."""
        with AppClient.opened(app, "http://shop.test") as client:
            api = cls(client, settings, clock, prepared)
            try:
                yield api
            finally:
                api._portal.call(api._disconnect)

    def call(self, method: str, path: str, /, **options: Any) -> httpx2.Response:
        """Send a request with the all-scopes key (or with ``key=…``; None sends none)."""
        key = options.pop("key", self.key)
        headers = dict(options.pop("headers", {}))
        if key is not None:
            headers["X-API-Key"] = key
        return self.client.request(method, path, headers=headers, follow_redirects=False, **options)

    def grant(self, resident: str = KELLY.username, credit: int = 500, **terms: Any) -> Any:
        """Grant a card over the API and return it."""
        path = f"/v1/customers/{resident}/actions/grant-gift-card"
        response = self.call("POST", path, json={"credit": credit} | terms)
        assert response.status_code == 200, response.text
        return response.json()

    def card(self, card_id: str) -> Any:
        """Read a card over the API."""
        response = self.call("GET", f"/v1/giftcards/{card_id}")
        assert response.status_code == 200, response.text
        return response.json()

    def entries(self, card_id: str) -> list[Entry]:
        """Look into the ledger: a card's chain."""
        return self.read(ledger.entries, self.store.id, "card", card_id)

    def redeem(self, card_id: str) -> None:
        """Mark a card as redeemed, behind the API's back."""
        self.sql("UPDATE gift_cards SET redeemed = TRUE WHERE id = '" + card_id + "'")

    def add_store(self, name: str, owner: Resident) -> Store:
        """Add a store to the server."""
        new = stores.NewStore(name, owner)
        return self.write(stores.create, new, new_id())

    def add_key(
        self, *scopes: str, store: Store | None = None, expires_at: int | None = None
    ) -> IssuedKey:
        """Add a key with these scopes."""
        new = NewCredential(new_id(), os.urandom(32))
        name = f"key {new.id}"
        return self.write(
            keys.create,
            operator((store or self.store).id),
            signer(self.settings),
            name,
            scopes,
            new,
            expires_at=expires_at,
        )

    def read(self, operation: Any, *args: Any) -> Any:
        """Run a read on a connection of the test's own."""
        return self._run("read", operation, args)

    def write(self, operation: Any, *args: Any, **kwargs: Any) -> Any:
        """Run a write on a connection of the test's own."""
        return self._run("write", partial(operation, **kwargs), args)

    def sql(self, statement: str) -> Any:
        """Run a bare statement and return its rows, for looking and for breaking things."""
        path = self.settings.sqlite_path
        if path is None:
            return self._portal.call(self._fetch, statement)
        if self._file is None:  # to open it takes longer than most statements
            self._file = sqlite3.connect(path, check_same_thread=False, timeout=LOCK_WAIT)
        with self._file:
            return self._file.execute(statement).fetchall()

    @property
    def _portal(self) -> EventLoop:
        return self.client.portal

    def _run(self, sort: str, operation: Any, args: tuple[Any, ...]) -> Any:
        async def run() -> Any:
            if self._database is None:
                self._database = connect(self.settings, self.clock.now)
            return await getattr(self._database, sort)(operation, *args)

        return self._portal.call(run)

    async def _fetch(self, statement: str) -> list[tuple[Any, ...]]:
        """Run a statement on PostgreSQL, on a new connection if a test has cut the one before."""
        if self._raw is None or self._raw.is_closed():
            self._raw = await asyncpg.connect(self.settings.database_url)
        return [tuple(row) for row in await self._raw.fetch(statement)]

    async def _disconnect(self) -> None:
        if self._database is not None:
            await self._database.close()
        if self._file is not None:
            self._file.close()
        if self._raw is not None:
            await self._raw.close()


@contextmanager
def served(
    database_url: str,
    clock: Clock | None = None,
    prepared: PreparedStore | None = None,
    **settings: Any,
) -> Iterator[ApiFixture]:
    """Serve a migrated database in this process, with settings of the test's choice."""
    values = {"public_url": "http://shop.test", "secret": SECRET, "rate_limit": 0}
    chosen, clock = Settings(database_url=database_url, **(values | settings)), clock or Clock()
    app = create_app(chosen, clock.now, clock.ticks)
    with ApiFixture.opened(app, chosen, clock, prepared) as api:
        yield api


def problem(response: httpx2.Response, status: int, code: str) -> Any:
    """Assert that a response is this problem, whole as contract section 3 has it; return it."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert body["code"] == code, body
    assert body["status"] == status
    assert body["type"].endswith(f"/errors/{code}")
    assert body["title"]
    assert body["detail"]
    assert body["requestId"] == response.headers["x-request-id"]
    return body
