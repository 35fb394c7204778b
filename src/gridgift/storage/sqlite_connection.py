"""A connection to the SQLite file that is at the path now, and the statements that run on it.

Before each use the file at the path and its log are compared with those that were opened: after a
move, removal or replacement the old file is no longer read, and serving resumes when a file is
there again.
"""

import json
import os
import sqlite3
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any, Final

from gridgift.storage.database import Clock, DatabaseUnavailable, Row
from gridgift.storage.queries import Query, named
from gridgift.storage.sqlite_file import CACHED_STATEMENTS, WAL, connect, statements

ROWS_AT_ONCE: Final = 32  # in one INSERT

sqlite3.register_adapter(list, json.dumps)  # what the macro ``{any:…}`` looks through

Inode = tuple[int, int] | None  # a file's device and number; None: there is no file


class SqliteTx:
    """The statements of one transaction on one connection."""

    def __init__(self, connection: sqlite3.Connection, clock: Clock) -> None:
        self.now = clock
        self._execute = connection.execute
        self._executemany = connection.executemany

    async def one(self, query: str | Query, /, **values: Any) -> Row | None:
        """Return the first row, or None."""
        cursor = self._execute(_text(query), values)
        row: Row | None = cursor.fetchone()
        cursor.close()
        return row

    async def all(self, query: str | Query, /, **values: Any) -> Sequence[Row]:
        """Return all rows."""
        return self._execute(_text(query), values).fetchall()

    async def each(
        self, query: str | Query, values: Sequence[Mapping[str, Any]], /
    ) -> Sequence[Row]:
        """Run a statement once for each set of values; return all rows."""
        text = _text(query)
        return [row for each in values for row in self._execute(text, each).fetchall()]

    async def run(self, query: str | Query, /, **values: Any) -> int:
        """Run a statement; answer how many rows it touched."""
        return self._execute(_text(query), values).rowcount

    async def many(self, query: str | Query, rows: Sequence[Row], /) -> None:
        """Run a statement once for each row, or an INSERT once for some rows.

        Each run hands the interpreter's lock over and back, which costs more than the row.
        """
        known = named(query)
        for start in range(0, len(rows), ROWS_AT_ONCE):
            some = rows[start : start + ROWS_AT_ONCE]
            statement = _for_rows(known, len(some))
            if statement is None:
                self._executemany(known.numbered, some).close()
            else:
                self._execute(statement, list(chain.from_iterable(some))).close()

    async def script(self, text: str, /) -> None:
        """Run statements in the engine's own SQL, as a migration has them."""
        for statement in statements(text):
            self._execute(statement).close()


@lru_cache(maxsize=CACHED_STATEMENTS)
def _for_rows(query: Query, count: int) -> str | None:
    return query.for_rows(count)


def _text(query: str | Query) -> str:
    return named(query).sqlite


class FileLocation:
    """The path of the file, and the inodes of the file and log that were opened there last."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.log = path.with_name(path.name + "-wal")
        self.seen: tuple[Inode, Inode] = (None, None)
        self.lock = threading.Lock()

    def look(self) -> tuple[Inode, Inode]:
        """Return what is there now: the file and its log."""
        return _inode(self.path), _inode(self.log)

    def detach_old_log(self) -> None:
        """Rename or remove the log that belongs to the file that was at the path before.

        SQLite finds a log by its name only and would apply it to the file that is there now.
        """
        (file, log), (file_before, log_before) = self.look(), self.seen
        if file == file_before or log is None or log != log_before:
            return
        try:
            self.path.with_name(self.path.name + "-shm").unlink(missing_ok=True)
            if self.log.stat().st_size:
                self.log.rename(f"{self.log}-{log[1]}")
            else:
                self.log.unlink()
        except OSError as error:
            raise DatabaseUnavailable(f"{self.log} belongs to another file") from error


class Connection:
    """A connection to the file that is at the path now; opened again after a failure."""

    def __init__(self, location: FileLocation, wait: int, clock: Clock, *, read_only: bool) -> None:
        self._location = location
        self._wait = wait
        self._clock = clock
        self._read_only = read_only
        self._seen: tuple[Inode, Inode] = (None, None)
        self._raw: sqlite3.Connection | None = None
        self._tx: SqliteTx | None = None

    def use(self) -> tuple[sqlite3.Connection, SqliteTx]:
        """Return the open connection, after a look whether its file is still the one there."""
        there = self._location.look()
        if there[0] is None:
            self._close_old_file()
            raise DatabaseUnavailable(f"{self._location.path} is not there")
        if self._raw is None or self._tx is None or there != self._seen:
            self._close_old_file()
            with self._location.lock:
                self._location.detach_old_log()
                self._raw = self._open()
                self._seen = self._location.seen = self._location.look()
            self._tx = SqliteTx(self._raw, self._clock)
        return self._raw, self._tx

    def log_size(self) -> int:
        """Return how many bytes the file's log has; 0 if there is none."""
        try:
            return self._location.log.stat().st_size
        except OSError:
            return 0

    def close(self) -> None:
        """Close what is open; a transaction that it has begun is rolled back."""
        raw, self._raw, self._tx = self._raw, None, None
        if raw is not None:
            with suppress(sqlite3.Error, MemoryError):
                raw.close()

    def _close_old_file(self) -> None:
        """Close a file that is no longer at its path, after a checkpoint of its log."""
        if self._raw is not None:
            with suppress(sqlite3.Error, MemoryError):
                self._raw.rollback()
                self._raw.execute(f"PRAGMA busy_timeout = {self._wait}")
                self._raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.close()

    def _open(self) -> sqlite3.Connection:
        raw = connect(self._location.path, self._wait)
        try:
            if not self._read_only:
                raw.execute(WAL)
            raw.execute("PRAGMA schema_version").fetchone()  # opens the log, which is looked at
            # the writer waits for its lock by itself
            raw.execute("PRAGMA query_only = ON" if self._read_only else "PRAGMA busy_timeout = 0")
        except (sqlite3.Error, MemoryError):
            raw.close()
            raise
        return raw


def _inode(path: Path) -> Inode:
    try:
        there = os.stat(path)  # noqa: PTH116 - on every read: the plain call is faster
    except OSError:
        return None
    return there.st_dev, there.st_ino
