"""SQLite: a reader on the event loop's thread and one writer thread with group commit."""

import asyncio
import os
import sqlite3
from pathlib import Path
from typing import Final

from gridgift.storage.database import (
    Clock,
    DatabaseUnavailable,
    Operation,
    P,
    T,
    Tx,
    run_to_end,
    system_clock,
)
from gridgift.storage.migrate import COLUMNS, Applied, Engine, Migration, apply
from gridgift.storage.queries import Query
from gridgift.storage.sqlite_connection import Connection, FileLocation, SqliteTx
from gridgift.storage.sqlite_errors import translated
from gridgift.storage.sqlite_file import WAL, WRITER_WAIT, opened
from gridgift.storage.sqlite_writer import Writer, transaction

READER_WAIT: Final = 1_000  # milliseconds
WRITER_ANSWERS: Final = 10.0  # seconds within which a writer that is well has begun and ended


_TOUCH: Final = Query.parse("touch", "UPDATE migrations SET version = 0 WHERE version = 0")
_COLUMNS: Final = "SELECT name FROM pragma_table_info('migrations')"


class SqliteDatabase:
    """The ``Database`` port on one SQLite file. Made inside a running event loop."""

    engine: Engine = "sqlite"
    group_commit = True

    def __init__(self, path: Path, clock: Clock = system_clock) -> None:
        self.path = path
        self._clock = clock
        self._location = FileLocation(path)
        self._reader = Connection(self._location, READER_WAIT, clock, read_only=True)
        self._writer = Writer(Connection(self._location, WRITER_WAIT, clock, read_only=False))

    async def read(self, operation: Operation[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a read-only operation here, without a hop to another thread.

        Each statement is a transaction of its own, as on PostgreSQL.
        """
        try:
            _, tx = self._reader.use()
            return run_to_end(operation(tx, *args, **kwargs))
        except (sqlite3.Error, MemoryError) as error:
            self._reader.close()
            raise translated(error) from error

    async def snapshot(self, operation: Operation[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a long read on a connection and a thread of its own."""

        def run() -> T:
            connection = Connection(self._location, READER_WAIT, self._clock, read_only=True)
            try:
                raw, tx = connection.use()
                raw.execute("BEGIN")
                return run_to_end(operation(tx, *args, **kwargs))
            except (sqlite3.Error, MemoryError) as error:
                raise translated(error) from error
            finally:
                connection.close()

        return await asyncio.to_thread(run)

    async def write(self, operation: Operation[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Queue an operation for the writer thread; the answer comes after the commit."""
        result: T = await self._writer.write(lambda tx: operation(tx, *args, **kwargs))
        return result

    async def check(self) -> None:
        """Raise ``DatabaseUnavailable`` unless a write that changes nothing comes to its end.

        ``BEGIN IMMEDIATE`` alone begins on a file that is read-only too, to read. It also begins on
        a disk that has turned read-only since the file was opened, which only a commit would find.
        """
        try:
            async with asyncio.timeout(WRITER_ANSWERS):
                await self.write(_touch)
        except TimeoutError:
            raise DatabaseUnavailable("the writer does not answer") from None
        try:
            is_read_only = os.statvfs(self.path).f_flag & os.ST_RDONLY
        except OSError as error:
            raise DatabaseUnavailable(str(error)) from error
        if is_read_only:
            raise DatabaseUnavailable("the disk can be read only")

    async def close(self) -> None:
        """Finish the queued writes, then close both connections."""
        await self._writer.close()
        self._reader.close()

    async def applied_migrations(self) -> list[Applied]:
        """List what was applied; an empty list if there are none of ours."""
        with opened(self.path) as raw:
            found = {name for (name,) in raw.execute(_COLUMNS)}
            if not found.issuperset(COLUMNS):
                return []
            rows = raw.execute("SELECT * FROM migrations ORDER BY version")
            return [Applied(*row) for row in rows]

    async def apply_migration(self, migration: Migration, now: int) -> None:
        """Apply one step in one transaction, unless another process was faster."""
        with opened(self.path) as raw:
            raw.execute(WAL)
            with transaction(raw):
                run_to_end(apply(SqliteTx(raw, self._clock), migration, now))


async def _touch(tx: Tx) -> None:
    """Need the writer's turn, and a file that can be written; change nothing."""
    await tx.run(_TOUCH)
