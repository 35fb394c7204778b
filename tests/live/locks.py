"""Locks of another session, behind which a server's writes have to wait."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import asyncpg

from tests.api import LOCK_WAIT
from tests.serving import Server

Execute = Callable[[str], Any]


@contextmanager
def held_up(server: Server, postgres: str) -> Iterator[Execute]:
    """Hold SQLite's only lock for writers, or on PostgreSQL those that a statement takes.

    Yields what runs more statements in the session that has the locks; they are committed in the
    end.
    """
    path = server.settings.sqlite_path
    if path is not None:
        with closing(sqlite3.connect(path, isolation_level=None, timeout=LOCK_WAIT)) as raw:
            raw.execute("BEGIN IMMEDIATE")
            yield raw.execute
            raw.execute("COMMIT")
        return
    with asyncio.Runner() as loop:
        connection = loop.run(asyncpg.connect(server.settings.database_url))
        try:
            loop.run(connection.execute("BEGIN"))
            loop.run(connection.execute(postgres))
            yield lambda statement: loop.run(connection.execute(statement))
            loop.run(connection.execute("COMMIT"))
        finally:
            loop.run(connection.close())
