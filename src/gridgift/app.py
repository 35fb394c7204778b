"""The composition root: settings → database → routes. The only file that sees everything."""

import os
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from starlette.routing import Mount, Router
from starlette.types import ASGIApp

from gridgift.directory import Directory
from gridgift.domain import tokens
from gridgift.domain.keys import Signer
from gridgift.http.auth import KeyRing, TokenRing
from gridgift.http.cors import Origins
from gridgift.http.endpoint import Endpoint
from gridgift.http.limits import FAILURES, Limiter
from gridgift.http.pages import MISSING_ASSET, Assets
from gridgift.http.paging import Cursors
from gridgift.http.routes import endpoints
from gridgift.http.services import Services
from gridgift.logs import RequestLog, configure_logs
from gridgift.settings import Settings, server_secret
from gridgift.storage.copying import Copy, Side
from gridgift.storage.migrate import Migration, migrate, require_current
from gridgift.storage.postgres import PostgresDatabase
from gridgift.storage.sqlite import WRITER_WAIT, SqliteDatabase, create_file
from gridgift.storage.sqlite import connect as open_file
from gridgift.workers import Housekeeper

STATIC: Final = str(files("gridgift.http") / "static")


def now() -> int:
    """Return the system's time in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def connect(settings: Settings) -> SqliteDatabase | PostgresDatabase:
    """Make the database that the settings name; call it inside a running event loop."""
    if settings.sqlite_path is not None:
        return SqliteDatabase(settings.sqlite_path)
    return PostgresDatabase(settings.database_url, settings.database_connections)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[SqliteDatabase | PostgresDatabase]:
    """Open a database that is ready for this program.

    A SQLite file is made and migrated as needed; on PostgreSQL ``migrate`` is a step of its own.
    Raises ``DatabaseRefused``.
    """
    if settings.sqlite_path is not None:
        create_file(settings.sqlite_path)
    database = connect(settings)
    try:
        if isinstance(database, SqliteDatabase):
            await migrate(database, now())
        await require_current(database)
        yield database
    finally:
        await database.close()


async def migrated(settings: Settings) -> list[Migration]:
    """Bring the database up to this program and return what was applied.

    Raises ``DatabaseRefused``.
    """
    if settings.sqlite_path is not None:
        create_file(settings.sqlite_path)
    database = connect(settings)
    try:
        return await migrate(database, now())
    finally:
        await database.close()


@contextmanager
def copying(
    source: Settings, target: Settings, advance: Callable[[str, int], None]
) -> Iterator[Copy]:
    """Open two databases, one to be copied into the other; call it outside of any event loop.

    A SQLite file is made for the target as needed, never for the source. ``advance`` hears of
    which table how many rows were dealt with. Raises ``DatabaseRefused`` if the source is not up to
    date.
    """
    with closing(Side(partial(connect, source))) as here:
        here.run(require_current(here.database))
        if target.sqlite_path is not None:
            create_file(target.sqlite_path)
        with closing(Side(partial(connect, target))) as there:
            work = Copy(here, there, advance)
            try:
                yield work
            finally:
                work.stop()


def find_damage(path: Path) -> list[str]:
    """Return what SQLite's quick check says about a file: nothing, if it is sound."""
    try:
        with closing(open_file(path, WRITER_WAIT)) as raw:
            said = [str(row[0]) for row in raw.execute("PRAGMA quick_check")]
    except sqlite3.Error as error:
        return [str(error)]
    return [] if said == ["ok"] else said


def signer(settings: Settings) -> Signer:
    """Make what signs and checks API keys. Raises ``SettingsError``."""
    return Signer(server_secret(settings), settings.key_prefix)


def token_signer(settings: Settings) -> Signer:
    """Make what signs and checks the tokens of residents. Raises ``SettingsError``."""
    return Signer(server_secret(settings), tokens.PREFIX)


def create_app(
    settings: Settings, clock: Callable[[], int] = now, ticks: Callable[[], float] = time.monotonic
) -> ASGIApp:
    """Compose the server: an ASGI application that opens its database when it starts."""
    app = Router(redirect_slashes=False)

    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[None]:
        database = connect(settings)
        directory = _directory(settings, database)
        services = _services(settings, database, directory, clock, ticks)
        housekeeper = Housekeeper(database, services.keys, clock)
        missing = Endpoint(services, MISSING_ASSET.path, {"GET": MISSING_ASSET})
        app.routes[:] = [*endpoints(services), Mount("/static", Assets(STATIC, missing))]
        app.default = Endpoint(services, "", {})
        housekeeper.start()
        yield
        await housekeeper.stop()
        if directory is not None:
            await directory.close()
        await database.close()

    app.lifespan_context = lifespan
    return app


def from_environment() -> ASGIApp:
    """Compose the server from the environment; each worker process calls this."""
    settings = Settings.from_environ(os.environ)
    configure_logs(settings.log_format)
    return create_app(settings)


def _directory(settings: Settings, database: SqliteDatabase | PostgresDatabase) -> Directory | None:
    if not settings.resolver_url:
        return None
    return Directory(database, settings.resolver_url, settings.resolver_key)


def _services(
    settings: Settings,
    database: SqliteDatabase | PostgresDatabase,
    directory: Directory | None,
    clock: Callable[[], int],
    ticks: Callable[[], float],
) -> Services:
    async def check_ready() -> None:
        await require_current(database)

    readiness: Callable[[], Awaitable[None]] = check_ready
    return Services(
        settings=settings,
        database=database,
        keys=KeyRing(database, signer(settings)),
        tokens=TokenRing(database, token_signer(settings)),
        origins=Origins(database),
        limiter=Limiter(settings.rate_limit),
        token_limiter=Limiter(settings.token_rate_limit if settings.rate_limit else 0),
        failed_logins=Limiter(FAILURES if settings.rate_limit else 0),
        cursors=Cursors(server_secret(settings)),
        directory=directory,
        request_log=RequestLog(settings.log_format),
        clock=clock,
        ticks=ticks,
        check_ready=readiness,
    )
