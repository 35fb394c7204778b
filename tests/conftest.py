"""Fixtures: both engines, the API in this process, and a server in another."""

import gc
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests import databases, leaving
from tests.api import ApiFixture, served
from tests.cli.commands import Commands
from tests.order import arranged
from tests.plain_logs import log_plainly
from tests.redis import Redis
from tests.serving import Server
from tests.shared import keep_bytecode, read_certificates_once

# A slow machine fails no test, and where examples share a fixture, they only add to it.
settings.register_profile(
    "patient",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("patient")

ENGINES = ("sqlite", "postgres")
RUN_FOLDER = pytest.StashKey[Path]()
MEMORY = Path("/dev/shm")
ROOM = 4 << 30  # bytes; tests leave less than one


def in_memory(folder: Path) -> bool:
    """Tell whether tests can have their files there: nobody cuts the power, so none needs a disk.

    Thousands of SQLite files are flushed time and again, which a disk takes a minute for.
    """
    if not os.access(folder, os.W_OK):
        return False
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize >= ROOM and not found.f_flag & os.ST_NOEXEC


def pytest_configure(config: pytest.Config) -> None:
    """Name the folder that all processes of this run share.

    It lies outside pytest's own folder, which another run may clear or close.
    """
    leaving.end_on_sigterm()
    log_plainly()
    keep_bytecode()
    read_certificates_once()
    workerinput = getattr(config, "workerinput", None)
    if workerinput is None:
        if in_memory(MEMORY):
            os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))
        folder = tempfile.mkdtemp(prefix="gridgift-tests-")
        Path(folder).chmod(0o755)  # PostgreSQL may be another user's
        config.stash[RUN_FOLDER] = Path(folder)
        leaving.begin(Path(folder))
    else:
        config.stash[RUN_FOLDER] = Path(workerinput["run_folder"])


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker the folder."""
    node.workerinput["run_folder"] = str(node.config.stash[RUN_FOLDER])


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage while tests are found, nor among them: all of them stay."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let several workers begin with the long tests."""
    workerinput = getattr(config, "workerinput", None)
    if workerinput is not None:
        items[:] = arranged(items, workerinput["workercount"])


def pytest_unconfigure(config: pytest.Config) -> None:
    """End what the processes of this run shared, when all of them have ended."""
    if not hasattr(config, "workerinput"):
        databases.end_shared(os.environ.get("TEST_POSTGRES_URL"), config.stash[RUN_FOLDER])
        leaving.kill_all(config.stash[RUN_FOLDER])
        shutil.rmtree(config.stash[RUN_FOLDER], ignore_errors=True)


@pytest.fixture(scope="session")
def run_folder(pytestconfig: pytest.Config) -> Path:
    """The folder that all processes of this run share."""
    return pytestconfig.stash[RUN_FOLDER]


@pytest.fixture(scope="session")
def postgres(run_folder: Path) -> Iterator[databases.Postgres]:
    """A real PostgreSQL: the one TEST_POSTGRES_URL names, or one of our own for this run."""
    with databases.shared(os.environ.get("TEST_POSTGRES_URL"), run_folder) as server:
        yield server


@pytest.fixture(scope="session")
def sqlite_template(run_folder: Path) -> Path:
    """A migrated, empty SQLite file to copy from."""
    return databases.sqlite_template(run_folder, "migrated", databases.migrate_url)


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """Runs a test once on each engine."""
    return str(request.param)


@pytest.fixture
def database_like(
    engine: str, request: pytest.FixtureRequest, run_folder: Path, tmp_path: Path
) -> Iterator[Callable[[str, databases.Make], str]]:
    """Copy a template, which is made once for the whole run, and return the copy's address."""
    with ExitStack() as stack:

        def copy(name: str, make: databases.Make) -> str:
            if engine == "postgres":
                server: databases.Postgres = request.getfixturevalue("postgres")
                return stack.enter_context(server.copy_of(server.template(name, make)))
            path = tmp_path / "gridgift.db"
            shutil.copy(databases.sqlite_template(run_folder, name, make), path)
            return f"sqlite:///{path}"

        yield copy


@pytest.fixture
def database_url(database_like: Callable[[str, databases.Make], str]) -> str:
    """A fresh, migrated, empty database on each engine."""
    return database_like("migrated", databases.migrate_url)


@pytest.fixture
def empty_postgres_url(postgres: databases.Postgres) -> Iterator[str]:
    """A fresh PostgreSQL database without any table."""
    with postgres.database(migrated=False) as url:
        yield url


@pytest.fixture
def make_api(database_url: str) -> Iterator[Callable[..., ApiFixture]]:
    """Make APIs (in this process) with settings of the test's choice."""
    with ExitStack() as stack:

        def make(**settings: Any) -> ApiFixture:
            return stack.enter_context(served(database_url, **settings))

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


@pytest.fixture(scope="module")
def shared_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Server]]:
    """Start servers for a whole file, one for each engine and each choice of options."""
    with ExitStack() as stack:

        @cache
        def start(engine: str, *options: str) -> Server:
            if engine == "sqlite":
                path = tmp_path_factory.mktemp("shared") / "gridgift.db"
                shutil.copy(request.getfixturevalue("sqlite_template"), path)
                url = f"sqlite:///{path}"
            else:
                postgres = request.getfixturevalue("postgres")
                url = stack.enter_context(postgres.database(migrated=True))
            return stack.enter_context(Server.started(url, options))

        yield start


@pytest.fixture
def live_server(make_server: Callable[..., Server]) -> Server:
    """A real server with a store, residents and an all-scopes key; no rate limits."""
    return make_server()


@pytest.fixture(scope="session")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    """What every command is forked from."""
    with Commands.started(tmp_path_factory.mktemp("commands")) as started:
        yield started


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
