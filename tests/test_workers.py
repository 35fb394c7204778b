"""Housekeeping: notes of key use are written in time, old answers forgotten, trouble outlived."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gridgift import workers
from gridgift.domain import idempotency, keys
from gridgift.domain.idempotency import KEPT_FOR, Answer
from gridgift.domain.ids import new_id
from gridgift.domain.keys import IssuedKey, NewCredential, Signer
from gridgift.http.auth import KeyRing
from gridgift.storage.database import DatabaseUnavailable
from gridgift.workers import Housekeeper
from tests.api import SECRET, ApiFixture
from tests.domain.fixture import DomainFixture

SIGNER = Signer(SECRET.encode())


class Fragile:
    """A database that is out of reach, or has a defect, when the test says so."""

    def __init__(self, database: Any) -> None:
        self._database = database
        self.trouble: Exception | None = None
        self.writes = 0

    async def write(self, operation: Any, *args: Any) -> Any:
        """Write, unless there is trouble."""
        self.writes += 1
        if self.trouble is not None:
            raise self.trouble
        return await self._database.write(operation, *args)

    async def read(self, operation: Any, *args: Any) -> Any:
        """Read."""
        return await self._database.read(operation, *args)


class Scene:
    """A key, its ring, and a housekeeper."""

    def __init__(self, domain: DomainFixture) -> None:
        self.domain = domain
        self.issued: IssuedKey = domain.write(
            keys.create, SIGNER, domain.store.id, "website", ["store:read"],
            NewCredential(new_id(), bytes(32)),
        )  # fmt: skip
        self.database = Fragile(domain.database)
        self.ring = KeyRing(self.database, SIGNER)
        self.keeper = Housekeeper(self.database, self.ring, lambda: domain.now)

    def use(self, at: int) -> None:
        """Use the key."""
        headers = [(b"x-api-key", self.issued.key.encode())]
        self.domain.run(self.ring.authenticate(dict(headers), at, 0.0))

    def last_used(self) -> int | None:
        """Return when the key was last used, as the database has it."""
        key = self.domain.read(keys.read, self.domain.store.id, self.issued.stored.id)
        used: int | None = key.last_used_at
        return used


@pytest.fixture
def domain(database_url: str) -> Iterator[DomainFixture]:
    """A store and two residents on each engine."""
    with DomainFixture.opened(database_url) as opened:
        yield opened


@pytest.fixture
def scene(domain: DomainFixture) -> Scene:
    """A key and a housekeeper on each engine."""
    return Scene(domain)


def test_uses_are_written_later_and_together(scene: Scene) -> None:
    for at in (5, 6, 7):
        scene.use(at)
    assert scene.last_used() is None
    scene.domain.run(scene.keeper.once())
    assert scene.last_used() == 7
    writes = scene.database.writes
    scene.domain.run(scene.keeper.once())
    # nothing to note: only old answers and tokens, and what has expired, are looked for
    assert scene.database.writes == writes + 4


def test_uses_outlive_a_database_that_is_out_of_reach(scene: Scene) -> None:
    scene.use(5)
    scene.database.trouble = DatabaseUnavailable("gone")
    scene.domain.run(scene.keeper.once())
    scene.use(9)
    scene.domain.run(scene.keeper.once())
    scene.database.trouble = None
    assert scene.last_used() is None
    scene.domain.run(scene.keeper.once())
    assert scene.last_used() == 9


def test_old_answers_are_forgotten_whatever_their_number(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "ROWS", 2)
    domain, answer = scene.domain, Answer(200, b"")
    for number in range(5):
        domain.write(idempotency.keep, domain.store.id, f"k{number}", bytes(32), answer, domain.now)
    domain.now += KEPT_FOR
    domain.write(idempotency.keep, domain.store.id, "young", bytes(32), answer, domain.now)
    domain.run(scene.keeper.once())
    assert domain.sql("SELECT key FROM idempotency_keys") == [("young",)]


@pytest.mark.parametrize("trouble", [DatabaseUnavailable("gone"), RuntimeError("a defect")])
def test_it_goes_on_after_trouble(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    monkeypatch.setattr(workers, "EVERY", 0.01)
    scene.use(5)
    scene.database.trouble = trouble

    async def live() -> None:
        scene.keeper.start()
        await until(lambda: scene.database.writes >= 3)
        scene.database.trouble = None
        await until(lambda: scene.database.writes >= 6)
        await scene.keeper.stop()

    scene.domain.run(live())
    assert scene.last_used() == 5


async def until(holds: Callable[[], bool]) -> None:
    for _ in range(500):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("that never happens")


def test_the_last_notes_are_written_when_the_server_stops(scene: Scene) -> None:
    async def live() -> None:
        scene.keeper.start()
        await asyncio.sleep(0)
        await scene.keeper.stop()

    scene.use(5)
    scene.domain.run(live())
    assert scene.last_used() == 5


def test_requests_write_nothing_about_their_key(api: ApiFixture) -> None:
    api.call("GET", "/v1/store")
    (key,) = api.read(keys.list_of, api.store.id)
    assert key.last_used_at is None
