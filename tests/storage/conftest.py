"""Fixtures of the storage's tests."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import msgspec
import pytest
from msgspec import Struct

from gridgift import jobs
from tests import databases
from tests.api import ApiFixture, Clock, PreparedStore, served
from tests.domain.fixture import DomainFixture
from tests.storage.full_store import fill


@pytest.fixture
def domain(database_url: str) -> Iterator[DomainFixture]:
    """A store and two residents on each engine."""
    with DomainFixture.opened(database_url) as opened:
        yield opened


class Filled(Struct, frozen=True):
    """What is known of a filled database: whom it is for, and the instant (ms since the epoch)."""

    prepared: PreparedStore
    instant: int


@pytest.fixture
def full(
    engine: str,
    run_folder: Path,
    database_like: Callable[[str, databases.Make], str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[ApiFixture]:
    """A store in which everything has happened: a copy of one that is filled once for all.

    Nothing more happens by itself, however long a test takes.
    """
    monkeypatch.setattr(jobs, "EVERY", 86_400.0)
    known = run_folder / f"full-{engine}.json"

    def make(url: str) -> None:
        databases.migrate_url(url)
        with served(url) as api:
            fill(api)
            known.write_bytes(msgspec.json.encode(Filled(api.prepared, api.clock.now())))

    url = database_like("full", make)
    filled = msgspec.json.decode(known.read_bytes(), type=Filled)
    with served(url, Clock(filled.instant), filled.prepared) as api:
        yield api


@pytest.fixture
def make_empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Make addresses of empty databases."""
    with ExitStack() as stack:
        made: list[str] = []

        def make(engine: str) -> str:
            made.append(engine)
            if engine == "sqlite":
                return f"sqlite:///{tmp_path}/copy{len(made)}.db"
            server = request.getfixturevalue("postgres")
            return str(stack.enter_context(server.database(migrated=False)))

        yield make
