"""Fixtures of this folder, and the tests of money once more on a partitioned PostgreSQL."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest

from tests import databases
from tests.api import ApiFixture, served
from tests.conftest import ENGINES
from tests.storage.partitioned import migrate_partitioned

Outage = Callable[[ApiFixture], AbstractContextManager[None]]

PARTITIONED: Final = "partitioned"  # PostgreSQL with the tables partitioned by store
MONEY: Final = (
    "adjust", "credit", "customer_redeem", "get_gift_card", "grant_gift_card", "holds",
    "idempotency", "list_customers", "list_gift_cards", "partitioned", "reissue",
    "transfer_gift_card", "update_gift_card",
)  # fmt: skip


@pytest.hookimpl(tryfirst=True)  # pytest then reads the mark that is added here
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test of money that runs on both engines on a partitioned PostgreSQL as well."""
    marks = metafunc.definition.iter_markers("parametrize")
    if (
        metafunc.module.__name__ in {f"tests.http.test_{name}" for name in MONEY}
        and "engine" in metafunc.fixturenames
        and not any("engine" in mark.args[0] for mark in marks)
    ):
        mark = pytest.mark.parametrize("engine", [*ENGINES, PARTITIONED], indirect=True)
        metafunc.definition.add_marker(mark)


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """The name of the engine; behind partitioned tables it is PostgreSQL."""
    return "postgres" if request.param == PARTITIONED else str(request.param)


@pytest.fixture
def database_url(
    request: pytest.FixtureRequest, database_like: Callable[[str, databases.Make], str]
) -> str:
    """A fresh, migrated, empty database, with the tables partitioned if the test's name says so."""
    if request.node.callspec.params.get("engine") == PARTITIONED:
        return database_like(PARTITIONED, migrate_partitioned)
    return database_like("migrated", databases.migrate_url)


@pytest.fixture(scope="module")
def shared_api(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ApiFixture]:
    """A store for a whole file, on SQLite: for what the edge alone decides, and refuses."""
    path = shutil.copy(sqlite_template, tmp_path_factory.mktemp("shared") / "gridgift.db")
    with served(f"sqlite:///{path}") as api:
        yield api


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
    """Take an API's database away for a while: move the file, or rename it on the server."""
    if engine == "sqlite":
        return moved_file
    server = request.getfixturevalue("postgres")

    @contextmanager
    def renamed_database(api: ApiFixture) -> Iterator[None]:
        name = urlsplit(api.settings.database_url).path[1:]
        server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        server.execute(
            "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity "
            f"WHERE datname = '{name}'"
        )
        server.execute(f"ALTER DATABASE {name} RENAME TO {name}_away")
        yield
        server.execute(f"ALTER DATABASE {name}_away RENAME TO {name}")
        server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")

    return renamed_database
