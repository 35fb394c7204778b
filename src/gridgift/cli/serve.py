"""``gridgift serve``: everything is checked, then worker processes serve until a signal."""

import os
import resource
import signal
import sys
import threading
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Final

import typer
from granian import Granian
from granian.constants import HTTPModes, Interfaces, Loops, SSLProtocols
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.common import AbstractServer

from gridgift.app import METRICS_FOLDER, check_secret, shared_counter
from gridgift.cli.listen import Listener, find_listener
from gridgift.cli.options import DatabaseOptions, HostOption, PortOption
from gridgift.cli.output import print_json, print_note
from gridgift.cli.session import DATABASE_URL, read_settings, run
from gridgift.cli.worker import LEAVE_WITHIN, forget_signal_handlers
from gridgift.domain import events
from gridgift.logs import Log, configure_logs
from gridgift.operations import Operations
from gridgift.settings import Settings, server_secret
from gridgift.storage.database import DatabaseUnavailable

PUBLIC_URL: Final = "GRIDGIFT_PUBLIC_URL"
BACKLOG: Final = 2_048  # connections that wait to be accepted
CONNECTIONS: Final = 16_384  # open ones of a worker, at most, if the system allows so many files
OTHER_FILES: Final = 256  # that a worker has open beside its connections
HEADERS_WITHIN: Final = 10_000  # milliseconds that a client may take to send its headers
HEADERS_SIZE: Final = 128 * 1024  # bytes of a request's headers, beyond which it is a 431
FIRST_WAIT: Final = 0.5  # seconds until a database that was out of reach is tried again; doubled
LONGEST_WAIT: Final = 10.0
START_WITHIN: Final = 30.0  # seconds until the first worker accepts

log = Log("gridgift.serve")

# What Granian says goes where all libraries' lines go.
_LOGS: Final[dict[str, Any]] = {
    "handlers": {},
    "loggers": {"_granian": {"propagate": True}, "granian.access": {"propagate": True}},
}


def serve(
    host: HostOption = "127.0.0.1",
    port: PortOption = 8080,
    workers: Annotated[
        int,
        typer.Option("--workers", min=1, max=256, metavar="N", help="How many processes serve."),
    ] = 1,
    tls_certificate: Annotated[
        Path | None, typer.Option("--tls-certificate", metavar="FILE", help="PEM, with its chain.")
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option("--tls-key", metavar="FILE", help="The certificate's key, PEM.")
    ] = None,
    *,
    options: DatabaseOptions,
) -> None:
    """Serve the API until Ctrl-C or SIGTERM.

    Then requests that run are answered, for up to 8 seconds. SIGHUP starts workers anew, so that
    a renewed TLS certificate is used. At the start, a database that is out of reach is waited for.
    """
    leave_on_signals()
    settings = read_settings(options.database)
    configure_logs(settings.log_format)
    check(settings)
    listener = find_listener(host, port, tls_certificate, tls_key)
    serve_on(listener, settings, workers, json=options.json)


def leave_on_signals() -> None:
    """Let a signal end the start with exit code 0, until the server handles signals itself."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))


def check(settings: Settings) -> None:
    """Raise what would keep a worker from serving: bad settings, secret or database."""
    wait_for_database(settings)
    shared_counter(settings)


def wait_for_database(settings: Settings) -> None:
    """Return once the database can be used, however long it takes, and say why it can't yet.

    So a machine may start its database after the server. Raises ``DatabaseRefused`` for what no
    waiting mends.
    """

    wait = FIRST_WAIT
    while True:
        try:
            return run(settings, partial(_prepare, settings), create=True)
        except DatabaseUnavailable as error:
            log.warning("waiting for the database", why=str(error), next_try_in=wait)
        time.sleep(wait)
        wait = min(wait * 2, LONGEST_WAIT)


async def _prepare(settings: Settings, operations: Operations) -> None:
    """Check the secret, and let events go on where another server's numbers ended."""
    await check_secret(settings, operations)
    await operations.write(events.resume)


def serve_on(listener: Listener, settings: Settings, workers: int, *, json: bool) -> None:
    """Start workers, print the address when they accept, and return after a signal."""
    configure_logs(settings.log_format)
    os.environ[DATABASE_URL] = settings.database_url
    # for workers that are started later too, whatever becomes of the file in which it is
    os.environ["GRIDGIFT_SECRET"] = server_secret(settings).decode()
    os.environ.setdefault(PUBLIC_URL, listener.url)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=forget_signal_handlers)
    server = _server(listener, workers)
    server.on_startup(lambda: _announce_later(listener, workers, json))
    with ExitStack() as stack:
        if workers > 1:
            _share_counts(stack)
        try:
            server.serve()
        except SystemExit:
            if not server.interrupt_signal:
                raise  # workers that failed again and again; a worker that left at Ctrl-C did not


def _share_counts(stack: ExitStack) -> None:
    """Make a folder in which workers tell each other their counts; without one each has its own."""
    try:
        folder = TemporaryDirectory(prefix="gridgift-metrics-", ignore_cleanup_errors=True)
        os.environ[METRICS_FOLDER] = stack.enter_context(folder)
    except OSError as error:
        log.warning("each worker tells its own metrics only", why=str(error))


def _server(listener: Listener, workers: int) -> AbstractServer[Any]:
    server: AbstractServer[Any] = Granian(
        "gridgift.cli.worker:application",
        factory=True,
        address=listener.address,
        port=listener.port,
        interface=Interfaces.ASGI,
        workers=workers,
        loop=Loops.auto,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(
            header_read_timeout=HEADERS_WITHIN, max_buffer_size=HEADERS_SIZE
        ),
        websockets=False,
        backlog=BACKLOG,
        backpressure=_connections(),
        log_level=LogLevels.error,
        log_dictconfig=_LOGS,
        log_access=False,
        ssl_cert=listener.certificate,
        ssl_key=listener.key,
        ssl_protocol_min=SSLProtocols.tls12,
        respawn_failed_workers=True,
        workers_kill_timeout=LEAVE_WITHIN,
    )
    return server


def _connections() -> int:
    """Return how many connections a worker may have open; let this process open as many files.

    Silent ones are closed after ``HEADERS_WITHIN``; until then they must not keep others out.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS + OTHER_FILES
    files = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    return max(OTHER_FILES, files - OTHER_FILES)


def _announce_later(listener: Listener, workers: int, json: bool) -> None:
    threading.Thread(target=_announce, args=(listener, workers, json), daemon=True).start()


def _announce(listener: Listener, workers: int, json: bool) -> None:
    """Print where the server listens, once it does."""
    deadline = time.monotonic() + START_WITHIN
    while not listener.answers():
        if time.monotonic() > deadline:
            return
        time.sleep(0.05)
    url = listener.url
    if json:
        print_json({"url": url, "docs": f"{url}/docs", "workers": workers})
    else:
        print_note(f"Gridgift listens on {url}; the reference is {url}/docs; Ctrl-C stops it.")
