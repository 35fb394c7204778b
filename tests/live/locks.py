"""Locks of another session, behind which a server's writes have to wait."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import asyncpg

from tests.serving import Server


@contextmanager
def held_up(server: Server, postgres: str) -> Iterator[None]:
    """Hold SQLite's only lock for writers, or on PostgreSQL those that a statement takes."""
    path = server.settings.sqlite_path
    if path is not None:
        with closing(sqlite3.connect(path, isolation_level=None)) as raw:
            raw.execute("BEGIN IMMEDIATE")
            yield
            raw.execute("ROLLBACK")
        return
    with asyncio.Runner() as loop:
        connection = loop.run(asyncpg.connect(server.settings.database_url))
        try:
            loop.run(connection.execute("BEGIN"))
            loop.run(connection.execute(postgres))
            yield
        finally:
            loop.run(connection.close())
