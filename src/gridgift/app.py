"""The composition root: settings → database → routes. The only file that sees everything."""

import os
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from starlette.routing import Mount
from starlette.types import ASGIApp

from gridgift.domain import giftcards, lists, tokens
from gridgift.domain.keys import Signer
from gridgift.http import granting
from gridgift.http.auth import KeyRing, TokenRing
from gridgift.http.cors import Origins
from gridgift.http.dispatch import Application, Paths
from gridgift.http.endpoint import Endpoint
from gridgift.http.gathering import Gatherer
from gridgift.http.limits import FAILURES, Limiter
from gridgift.http.pages import MISSING_ASSET, Assets
from gridgift.http.paging import Cursors
from gridgift.http.routes import endpoints
from gridgift.http.services import Services
from gridgift.logs import RequestLog, configure_logs
from gridgift.metrics import make_metrics
from gridgift.settings import Settings, SettingsError, server_secret
from gridgift.storage.database import Clock, system_clock
from gridgift.storage.migrate import Migration, migrate, require_current
from gridgift.storage.sqlite import SqliteDatabase
from gridgift.storage.sqlite_file import WRITER_WAIT, create_file
from gridgift.storage.sqlite_file import connect as open_file
from gridgift.workers import Housekeeper

# What not every server or command needs is imported where it is needed: it takes its time.
if TYPE_CHECKING:
    from gridgift.counter import RedisCounter
    from gridgift.directory import Directory
    from gridgift.storage.copying import Copy
    from gridgift.storage.listener import Listener
    from gridgift.storage.postgres import PostgresDatabase

    AnyDatabase = SqliteDatabase | PostgresDatabase

now: Final = system_clock

METRICS_FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"  # where several workers keep one count
POSTGRES_LANES: Final = 2  # groups of reads, and of grants, of one store that run at once
MAX_PAGES: Final = 10  # of lists that are read together: each may have a thousand cards
STATIC: Final = str(files("gridgift.http") / "static")


def connect(settings: Settings, clock: Clock = now) -> "AnyDatabase":
    """Make the database that the settings name; call it inside a running event loop."""
    if settings.sqlite_path is not None:
        return SqliteDatabase(settings.sqlite_path, clock)
    from gridgift.storage.postgres import PostgresDatabase

    return PostgresDatabase(settings.database_url, settings.database_connections, clock)


@asynccontextmanager
async def opened(settings: Settings) -> "AsyncIterator[AnyDatabase]":
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
) -> "Iterator[Copy]":
    """Open two databases, one to be copied into the other; call it outside of any event loop.

    A SQLite file is made for the target as needed, never for the source. ``advance`` hears of
    which table how many rows were dealt with. Raises ``DatabaseRefused`` if the source is not up to
    date.
    """
    from gridgift.storage.copying import Copy, Side

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


def shared_counter(
    settings: Settings, clock: Callable[[], int] = now, ticks: Callable[[], float] = time.monotonic
) -> "RedisCounter | None":
    """Make what counts requests for all servers, if the settings name one.

    Raises ``SettingsError`` if what it needs is not installed.
    """
    if not settings.redis_url:
        return None
    try:
        from gridgift.counter import RedisCounter
    except ImportError as error:
        raise SettingsError(
            "GRIDGIFT_REDIS_URL is set, and what it needs is not installed: "
            "run 'pip install gridgift[redis]', or unset it."
        ) from error
    return RedisCounter(settings.redis_url, clock, ticks)


def create_app(
    settings: Settings, clock: Callable[[], int] = now, ticks: Callable[[], float] = time.monotonic
) -> ASGIApp:
    """Compose the server: an ASGI application that opens its database when it starts."""
    app = Application(redirect_slashes=False)

    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[None]:
        database = connect(settings, clock)
        directory = _directory(settings, database)
        counter = shared_counter(settings, clock, ticks)
        services = _services(settings, database, directory, counter, clock, ticks)
        housekeeper = Housekeeper(database, services.keys, clock)
        listener = _listener(settings, services)
        missing = Endpoint(services, MISSING_ASSET.path, {"GET": MISSING_ASSET})
        app.paths = Paths(endpoints(services))
        app.routes[:] = [Mount("/static", Assets(STATIC, missing))]
        app.default = Endpoint(services, "", {})
        housekeeper.start()
        if listener is not None:
            listener.start()
        yield
        if listener is not None:
            await listener.stop()
        await housekeeper.stop()
        if directory is not None:
            await directory.close()
        if counter is not None:
            await counter.close()
        await database.close()

    app.lifespan_context = lifespan
    return app


def from_environment() -> ASGIApp:
    """Compose the server from the environment; each worker process calls this."""
    settings = Settings.from_environ(os.environ)
    configure_logs(settings.log_format)
    return create_app(settings)


def _directory(settings: Settings, database: "AnyDatabase") -> "Directory | None":
    if not settings.resolver_url:
        return None
    from gridgift.directory import Directory

    return Directory(database, settings.resolver_url, settings.resolver_key)


def _listener(settings: Settings, services: Services) -> "Listener | None":
    """Make what forgets a key, a token or an origin when another process has changed it.

    On SQLite there is nothing to listen to: there what is remembered ends by itself.
    """
    if settings.sqlite_path is not None:
        return None
    from gridgift.storage.listener import Listener

    return Listener(settings.database_url, services.forget, services.forget_all)


def _services(
    settings: Settings,
    database: "AnyDatabase",
    directory: "Directory | None",
    counter: "RedisCounter | None",
    clock: Callable[[], int],
    ticks: Callable[[], float],
) -> Services:
    async def check_ready() -> None:
        await require_current(database)

    def limiter(sort: str, limit: int) -> Limiter:
        shared = None if counter is None else partial(counter.count, sort)
        return Limiter(limit if settings.rate_limit else 0, shared)

    readiness: Callable[[], Awaitable[None]] = check_ready
    on_sqlite = settings.sqlite_path is not None
    lanes = 1 if on_sqlite else POSTGRES_LANES
    return Services(
        settings=settings,
        database=database,
        cards=Gatherer(lambda *asks: database.read(giftcards.read_each, *asks), lanes),
        pages=Gatherer(lambda *asks: database.read(lists.list_many, *asks), 1, most=MAX_PAGES),
        grants=Gatherer(
            lambda *asks: database.write(granting.grant_all, *asks), lanes, across_stores=on_sqlite
        ),
        keys=KeyRing(database, signer(settings)),
        tokens=TokenRing(database, token_signer(settings)),
        origins=Origins(database),
        limiter=limiter("key", settings.rate_limit),
        token_limiter=limiter("token", settings.token_rate_limit),
        failed_logins=limiter("address", FAILURES),
        cursors=Cursors(server_secret(settings)),
        directory=directory,
        metrics=make_metrics(os.environ.get(METRICS_FOLDER)),
        request_log=RequestLog(settings.log_format),
        clock=clock,
        ticks=ticks,
        check_ready=readiness,
    )
