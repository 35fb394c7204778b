"""A shop for tests: a store, its residents and keys, and the API over them in this process."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Final

import httpx2
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from gridgift.app import connect, signer
from gridgift.domain import keys, ledger, residents, stores
from gridgift.domain.ids import new_id
from gridgift.domain.keys import IssuedKey, NewCredential
from gridgift.domain.model import Entry, Resident, Store
from gridgift.domain.scopes import SCOPES
from gridgift.settings import Settings

SECRET: Final = "a secret that only tests know, long enough"
START: Final = 1_790_000_000_000  # an instant in 2026

OWNER: Final = Resident("a1b2c3d4-e5f6-4789-9abc-def012345678", "aria.moonwall")
KELLY: Final = Resident("c7d8e9f0-1a2b-4c3d-9e4f-5a6b7c8d9e0f", "kelly")
JO: Final = Resident("0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9", "jo.winter")


class Clock:
    """Both clocks of a server, in the test's hand."""

    def __init__(self) -> None:
        self.milliseconds = START

    def now(self) -> int:
        """Milliseconds since the epoch."""
        return self.milliseconds

    def ticks(self) -> float:
        """Seconds of a monotonic clock."""
        return self.milliseconds / 1000

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.milliseconds += round(seconds * 1000)


class ApiFixture:
    """The API as a client sees it, with ways to set the scene and to look behind it."""

    def __init__(self, client: TestClient, settings: Settings, clock: Clock) -> None:
        self.client = client
        self.settings = settings
        self.clock = clock
        self.store = self.add_store("Moonwall Couture", OWNER)
        for resident in (KELLY, JO):
            self.write(residents.remember, resident)
        self.issued = self.add_key(*SCOPES)
        self.key = self.issued.key

    @classmethod
    @contextmanager
    def opened(cls, app: ASGIApp, settings: Settings, clock: Clock) -> Iterator["ApiFixture"]:
        """Serve the app in this process."""
        with TestClient(app, base_url="http://shop.test", raise_server_exceptions=True) as client:
            yield cls(client, settings, clock)

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
        store_id = (store or self.store).id
        new = NewCredential(new_id(), os.urandom(32))
        name = f"key {new.id}"
        return self.write(
            keys.create,
            signer(self.settings),
            store_id,
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
        if path is not None:
            import sqlite3

            with sqlite3.connect(path) as connection:
                return connection.execute(statement).fetchall()
        import asyncpg

        async def run() -> Any:
            connection = await asyncpg.connect(self.settings.database_url)
            try:
                return [tuple(row) for row in await connection.fetch(statement)]
            finally:
                await connection.close()

        return self._portal.call(run)

    @property
    def _portal(self) -> Any:
        assert self.client.portal is not None
        return self.client.portal

    def _run(self, sort: str, operation: Any, args: tuple[Any, ...]) -> Any:
        async def run() -> Any:
            database = connect(self.settings, self.clock.now)
            try:
                return await getattr(database, sort)(operation, *args)
            finally:
                await database.close()

        return self._portal.call(run)


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
