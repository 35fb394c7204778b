"""Fixtures: both engines, a shop in this process, and a server in another."""

import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from gridgift.app import create_app
from gridgift.settings import Settings
from tests import databases
from tests.api import SECRET, ApiFixture, Clock
from tests.redis import Redis
from tests.serving import Server

ENGINES = ("sqlite", "postgres")


@pytest.fixture(scope="session")
def postgres() -> Iterator[databases.Postgres]:
    """A real PostgreSQL: the one TEST_POSTGRES_URL names, or one of our own for this run.

    It lies outside pytest's own folder, which another run may clear or close.
    """
    folder = tempfile.TemporaryDirectory(prefix="gridgift-postgres-", ignore_cleanup_errors=True)
    url = os.environ.get("TEST_POSTGRES_URL")
    with folder as path, databases.postgres(url, Path(path)) as server:
        if url is None:
            server.spare_the_disk()
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file to copy from."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    databases.migrate_url(f"sqlite:///{path}")
    return path


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """Runs a test once on each engine."""
    return str(request.param)


@pytest.fixture
def database_url(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A fresh, migrated, empty database on each engine."""
    if engine == "sqlite":
        path = tmp_path / "gridgift.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
    else:
        with request.getfixturevalue("postgres").database(migrated=True) as url:
            yield url


@pytest.fixture
def empty_postgres_url(postgres: databases.Postgres) -> Iterator[str]:
    """A fresh PostgreSQL database without any table."""
    with postgres.database(migrated=False) as url:
        yield url


@pytest.fixture
def make_api(database_url: str) -> Iterator[Callable[..., ApiFixture]]:
    """Make shops (in this process) with settings of the test's choice."""
    with ExitStack() as stack:

        def make(**settings: Any) -> ApiFixture:
            values = {"public_url": "http://shop.test", "secret": SECRET, "rate_limit": 0}
            chosen = Settings(database_url=database_url, **(values | settings))
            clock = Clock()
            return stack.enter_context(
                ApiFixture.opened(create_app(chosen, clock.now, clock.ticks), chosen, clock)
            )

        yield make


@pytest.fixture
def api(make_api: Callable[..., ApiFixture]) -> ApiFixture:
    """A store with residents and an all-scopes key, served in this process on each engine."""
    return make_api()


@pytest.fixture
def make_server(database_url: str) -> Iterator[Callable[..., Server]]:
    """Start real servers: ``python -m gridgift serve`` on a free port, on each engine."""
    with ExitStack() as stack:

        def make(*options: str, **environ: str) -> Server:
            return stack.enter_context(Server.started(database_url, options, environ))

        yield make


@pytest.fixture
def live_server(make_server: Callable[..., Server]) -> Server:
    """A real server with a store, residents and an all-scopes key; no rate limits."""
    return make_server()


@pytest.fixture
def redis() -> Iterator[Redis]:
    """A real Redis of the test's own, which may be killed."""
    with Redis.started() as server:
        yield server


@pytest.fixture
def unknown_id() -> str:
    """An id that nothing has."""
    return str(uuid.uuid4())


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Name what was skipped and why, last of all."""
    skipped = terminalreporter.stats.get("skipped", [])
    if skipped:
        terminalreporter.section("skipped, so not tested here")
        for report in skipped:
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
            terminalreporter.line(f"{report.nodeid}: {reason}")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """On CI everything is installed, so a skipped test is a failure."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
