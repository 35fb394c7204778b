"""The composition root: settings → database → operations → endpoints and jobs.

The only file that sees everything.
"""

import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing, contextmanager
from functools import cache, partial
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from starlette.routing import Mount
from starlette.types import ASGIApp

from gridgift.batching import Batcher
from gridgift.clock_watch import ClockWatch
from gridgift.credentials import Credentials, KeyUses
from gridgift.cursors import Cursors
from gridgift.domain import second_factor, secrets, tokens, webhooks
from gridgift.domain.keys import Signer
from gridgift.http.edge.cors import Origins
from gridgift.http.edge.dispatch import Application, Paths
from gridgift.http.edge.endpoint import Endpoint
from gridgift.http.edge.limits import rate_limits
from gridgift.http.edge.reply import encode_json
from gridgift.http.edge.route import AnyRoute
from gridgift.http.edge.services import Services
from gridgift.http.reference.openapi import document
from gridgift.http.reference.pages import MISSING_ASSET, Assets, MissingAddress
from gridgift.http.table import ROUTES, endpoints
from gridgift.in_world_directory import InWorldDirectory
from gridgift.jobs import housekeeping, running
from gridgift.logs import RequestLog, configure_logs
from gridgift.look_ups import Resolver
from gridgift.metrics import make_metrics
from gridgift.operations import Operations
from gridgift.settings import (
    IN_WORLD,
    Settings,
    SettingsError,
    make_secret,
    mask_url,
    secret_file,
    secret_name,
    server_secret,
)
from gridgift.shutdown import on_signal
from gridgift.storage.database import Clock, DatabaseRefused, system_clock
from gridgift.storage.migrate import (
    Migration,
    lacking_in,
    migrate_own,
    require_current,
    require_ready,
    require_same,
)
from gridgift.storage.sqlite import SqliteDatabase
from gridgift.storage.sqlite_file import create_file, quick_check
from gridgift.waiting import Waiting
from gridgift.webhook_delivery import Deliverer

# Imports that not every server or command needs stand where they are needed: they take time.
if TYPE_CHECKING:
    from gridgift.counter import RedisCounter
    from gridgift.storage.copying import Copy
    from gridgift.storage.listener import Listener
    from gridgift.storage.postgres import PostgresDatabase
    from gridgift.webhook_sender import Sender

    AnyDatabase = SqliteDatabase | PostgresDatabase

now: Final = system_clock

METRICS_FOLDER: Final = "_GRIDGIFT_METRICS"  # where several workers tell each other their counts
READINESS_BATCH: Final = 10_000
STATIC: Final = str(files("gridgift.http") / "static")


def connect(settings: Settings, clock: Clock = now) -> "AnyDatabase":
    """Make the database that the settings name; call it inside a running event loop."""
    if settings.sqlite_path is not None:
        return SqliteDatabase(settings.sqlite_path, clock)
    from gridgift.storage.postgres import PostgresDatabase

    return PostgresDatabase(settings.database_url, settings.database_connections, clock)


@asynccontextmanager
async def opened(
    settings: Settings, *, create: bool = False, update: bool = True
) -> "AsyncIterator[AnyDatabase]":
    """Open a database that is ready for this program.

    A SQLite file is migrated as needed, and made if it is missing and ``create`` says so; on
    PostgreSQL, and everywhere without ``update``, ``migrate`` is a step of its own. Raises
    ``DatabaseRefused``.
    """
    if create:
        _create(settings)
    database = connect(settings)
    try:
        if isinstance(database, SqliteDatabase) and not create:
            await _require_made(database, settings)
        if update and isinstance(database, SqliteDatabase):
            await migrate_own(database, now())
        else:
            await require_current(database)
        yield database
    finally:
        await database.close()


async def migrated(settings: Settings) -> list[Migration]:
    """Bring the database up to this program and return what was applied.

    Raises ``DatabaseRefused``.
    """
    _create(settings)
    database = connect(settings)
    try:
        return await migrate_own(database, now())
    finally:
        await database.close()


async def lacking(settings: Settings) -> list[Migration]:
    """Return what ``migrated`` would apply; nothing is made or changed.

    Raises ``DatabaseRefused``.
    """
    database = connect(settings)
    try:
        return await lacking_in(database)
    finally:
        await database.close()


def _create(settings: Settings) -> None:
    """Make a SQLite file that is missing; its secret first, so that no database is without."""
    path = settings.sqlite_path
    if path is not None:
        if not settings.secret and not os.path.lexists(path):
            make_secret(secret_file(path))
        create_file(path)


@asynccontextmanager
async def as_it_is(settings: Settings, *, create: bool = False) -> "AsyncIterator[AnyDatabase]":
    """Open a database whatever migrations it lacks, for a backup or a restore.

    ``create`` makes a SQLite file that is missing; otherwise ``DatabaseRefused`` is raised if there
    is no database.
    """
    if create and settings.sqlite_path is not None:
        create_file(settings.sqlite_path)
    database = connect(settings)
    try:
        if not create:
            await _require_made(database, settings)
        yield database
    finally:
        await database.close()


async def _require_made(database: "AnyDatabase", settings: Settings) -> None:
    """Raise ``DatabaseRefused`` if there is no file, or no database of Gridgift in it."""
    try:
        if settings.sqlite_path is not None:
            settings.sqlite_path.stat()
        why = "" if await database.applied_migrations() else "there are no tables of Gridgift in it"
    except OSError as error:
        why = str(error.strerror)
    if why:
        place = settings.sqlite_path or mask_url(settings.database_url)
        raise DatabaseRefused(
            f"There is no database {place} ({why}), and so no store yet: name another one with "
            "--database, or make one with 'gridgift store create'."
        )


async def check_secret(settings: Settings, operations: Operations) -> None:
    """Raise ``SettingsError`` unless the secret is there, and is the one that the database knows.

    A database that never had a secret gets to know it; on SQLite one is made if it is missing.
    """
    known = await operations.read(secrets.known)
    if known.unused and settings.sqlite_path is not None and not settings.secret:
        make_secret(secret_file(settings.sqlite_path))
    secret = server_secret(settings)
    if known.unused:
        known = await operations.write(secrets.claim, secrets.fingerprint(secret))
    if known.differs_from(secret):
        raise SettingsError(
            f"{secret_name(settings)} {secrets.DIFFERS}: restore that one, or end all keys with "
            "'gridgift secret replace'."
        )


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
        here.run(require_same(here.database))
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
    return quick_check(path)


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
    settings: Settings,
    clock: Clock = now,
    ticks: Callable[[], float] = time.monotonic,
    table: Sequence[AnyRoute] = ROUTES,
) -> ASGIApp:
    """Compose the server: an ASGI application that opens its database when it starts.

    ``ticks`` gives seconds of a monotonic clock; ``table`` has the endpoints.
    """
    app = Application(redirect_slashes=False)

    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:  # what is started last is stopped first
            database = connect(settings, clock)
            stack.push_async_callback(database.close)
            counter = shared_counter(settings, clock, ticks)
            if counter is not None:
                stack.push_async_callback(counter.close)
            directory = _directory(settings, database)
            if directory is not None:
                stack.push_async_callback(directory.close)
            services = _services(settings, database, directory, counter, clock, ticks, table)
            stack.callback(services.metrics.close)
            _serve(app, services, table)
            await stack.enter_async_context(services.waiting.looking())
            stack.enter_context(on_signal(services.waiting.end))
            deliverer = _deliverer(settings, services)
            await stack.enter_async_context(deliverer.delivering())
            for job in housekeeping(services.operations, services.key_uses, services.clock_watch):
                await stack.enter_async_context(running(job, services.metrics.observe_job))
            if settings.sqlite_path is None:
                listener = _listener(settings, services)
                listener.start()
                stack.push_async_callback(listener.stop)
            yield

    app.lifespan_context = lifespan
    return app


def from_environment() -> ASGIApp:
    """Compose the server from the environment; each worker process calls this."""
    settings = Settings.from_environ(os.environ)
    configure_logs(settings.log_format)
    return create_app(settings)


def _serve(app: Application, services: Services, table: Sequence[AnyRoute]) -> None:
    """Let the application answer by the table, and show the dashboard."""
    from gridgift.dashboard.table import missing_pages, pages

    missing = Endpoint(services, MISSING_ASSET.path, {"GET": MISSING_ASSET})
    app.paths = Paths({**endpoints(services, table), **pages(services)})
    app.routes[:] = [Mount("/static", Assets(STATIC, missing))]
    default = MissingAddress(services, [route.guard for route in table], app.paths.meant)
    app.default, app.refuse = missing_pages(services, default), default.refuse


def _directory(settings: Settings, database: "AnyDatabase") -> Resolver | None:
    if settings.resolver_url in {"", IN_WORLD}:
        return InWorldDirectory(database) if settings.resolver_url else None
    from gridgift.directory import Directory

    return Directory(database, settings.resolver_url, settings.resolver_key)


def _deliverer(settings: Settings, services: Services) -> Deliverer:
    def make_sender() -> "Sender":
        from gridgift.webhook_sender import Sender

        return Sender(allow_private=settings.webhook_allow_private)

    signs = webhooks.Secrets(server_secret(settings))
    observe = services.metrics.observe_webhook
    return Deliverer(services.operations, make_sender, signs, observe, services.clock_watch)


def _listener(settings: Settings, services: Services) -> "Listener":
    """Make what forgets a key, a token or an origin when another process has changed it.

    On SQLite there is nothing to listen to: there what is cached ends by itself.
    """
    from gridgift.storage.listener import Listener

    def changed(kind: str, changed_id: str) -> None:
        if kind == "store":
            services.origins.forget()
        else:
            services.credentials.forget(kind, changed_id)

    def lost() -> None:
        services.origins.forget()
        services.credentials.forget_all()

    return Listener(settings.database_url, changed, lost)


def _services(
    settings: Settings,
    database: "AnyDatabase",
    directory: Resolver | None,
    counter: "RedisCounter | None",
    clock: Clock,
    ticks: Callable[[], float],
    table: Sequence[AnyRoute],
) -> Services:
    secret = server_secret(settings)
    operations = Operations(database, directory)
    return Services(
        settings=settings,
        operations=operations,
        credentials=Credentials(database, secret, settings.key_prefix),
        key_uses=KeyUses(secrets.fingerprint(secret)),
        limits=rate_limits(settings, None if counter is None else counter.count),
        waiting=Waiting(operations),
        origins=Origins(database),
        cursors=Cursors(secret),
        webhook_secrets=webhooks.Secrets(secret),
        app_secrets=second_factor.AppSecrets(secret),
        request_log=RequestLog(settings.log_format),
        metrics=make_metrics(os.environ.get(METRICS_FOLDER)),
        clock=clock,
        ticks=ticks,
        clock_watch=ClockWatch(ticks),
        check_ready=_readiness(database),
        document=cache(lambda: encode_json(document(table, settings.public_url))),
    )


def _readiness(database: "AnyDatabase") -> Callable[[], Awaitable[None]]:
    """Make what raises why the database can't be served; all who ask at once ask it once."""

    async def ask(_: str, askers: Sequence[None]) -> Sequence[None]:
        await require_ready(database)
        return askers

    batcher: Batcher[None, None] = Batcher(ask, max_batch=READINESS_BATCH, concurrency=1)
    return partial(batcher.submit, "", None)
