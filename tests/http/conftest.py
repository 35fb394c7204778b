"""Fixtures of this folder."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from urllib.parse import urlsplit

import pytest

from tests.api import ApiFixture

Outage = Callable[[ApiFixture], AbstractContextManager[None]]


@contextmanager
def moved_file(api: ApiFixture) -> Iterator[None]:
    """Take the SQLite file away."""
    path = api.settings.sqlite_path
    assert path is not None
    away = path.rename(path.with_name("away.db"))
    yield
    away.rename(path)


@pytest.fixture
def outage(engine: str, request: pytest.FixtureRequest) -> Outage:
    """Take a shop's database away for a while: move the file, or rename it on the server."""
    if engine == "sqlite":
        return moved_file
    server = request.getfixturevalue("postgres")

    @contextmanager
    def renamed_database(api: ApiFixture) -> Iterator[None]:
        name = urlsplit(api.settings.database_url).path[1:]
        server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        server.execute(
            f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'"
        )
        server.execute(f"ALTER DATABASE {name} RENAME TO {name}_away")
        yield
        server.execute(f"ALTER DATABASE {name}_away RENAME TO {name}")
        server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")

    return renamed_database
