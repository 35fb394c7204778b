"""SQLite: a reader on the event loop's thread and one writer thread with group commit.

Pending writes run as one batch, each in a savepoint of its own; one commit makes the batch
durable (WAL, ``synchronous=FULL``) and only then are its callers answered. Before each use the
file at the path and its log are compared with those that were opened: after a move, removal or
replacement the old file is no longer read, and serving resumes when a file is there again.
"""

import asyncio
import json
import os
import sqlite3
import threading
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from itertools import chain
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Final

from gridgift.storage.database import (
    Clock,
    DatabaseUnavailable,
    Operation,
    P,
    Row,
    T,
    run_to_end,
    system_clock,
)
from gridgift.storage.migrate import TABLE, Applied, Engine, Migration
from gridgift.storage.queries import Query, named
from gridgift.storage.sqlite_errors import translated
from gridgift.storage.sqlite_file import CACHED_STATEMENTS, WRITER_WAIT, connect, opened, statements

BATCH: Final = 128  # writes in one commit, at most
READER_WAIT: Final = 1_000
ROWS_AT_ONCE: Final = 32  # in one INSERT

sqlite3.register_adapter(list, json.dumps)  # what the macro ``{any:…}`` looks through

# the future to settle, and its result or its exception
Outcome = tuple["asyncio.Future[Any]", Any, BaseException | None]


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


@lru_cache(maxsize=CACHED_STATEMENTS)
def _for_rows(query: Query, count: int) -> str | None:
    return query.for_rows(count)


def _text(query: str | Query) -> str:
    return named(query).sqlite


class _FileLocation:
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


class _Connection:
    """A connection to the file that is at the path now; opened again after a failure."""

    def __init__(
        self, location: _FileLocation, wait: int, clock: Clock, *, read_only: bool
    ) -> None:
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

    def close(self) -> None:
        if self._raw is not None:
            with suppress(sqlite3.Error):
                self._raw.close()
        self._raw = self._tx = None

    def _close_old_file(self) -> None:
        """Close a file that is no longer at its path, after a checkpoint of its log."""
        if self._raw is not None:
            with suppress(sqlite3.Error):
                self._raw.rollback()
                self._raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.close()

    def _open(self) -> sqlite3.Connection:
        raw = connect(self._location.path, self._wait)
        raw.execute(f"PRAGMA query_only = {'ON' if self._read_only else 'OFF'}")
        return raw


def _inode(path: Path) -> Inode:
    try:
        there = os.stat(path)  # noqa: PTH116 - on every read: the plain call is faster
    except OSError:
        return None
    return there.st_dev, there.st_ino


class SqliteDatabase:
    """The ``Database`` port on one SQLite file. Made inside a running event loop."""

    engine: Engine = "sqlite"
    group_commit = True

    def __init__(self, path: Path, clock: Clock = system_clock) -> None:
        self.path = path
        self._clock = clock
        self._location = _FileLocation(path)
        self._reader = _Connection(self._location, READER_WAIT, clock, read_only=True)
        self._jobs: SimpleQueue[_QueuedWrite | None] = SimpleQueue()
        self._closing = False
        self._thread = threading.Thread(target=self._write_batches, name="writer", daemon=True)
        self._thread.start()

    async def read(self, operation: Operation[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a read-only operation here, without a hop to another thread.

        Each statement is a transaction of its own, as on PostgreSQL.
        """
        try:
            _, tx = self._reader.use()
            return run_to_end(operation(tx, *args, **kwargs))
        except sqlite3.Error as error:
            self._reader.close()
            raise translated(error) from error

    async def snapshot(self, operation: Operation[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a long read on a connection and a thread of its own."""

        def run() -> T:
            connection = _Connection(self._location, READER_WAIT, self._clock, read_only=True)
            raw, tx = connection.use()
            try:
                raw.execute("BEGIN")
                return run_to_end(operation(tx, *args, **kwargs))
            except sqlite3.Error as error:
                raise translated(error) from error
            finally:
                connection.close()

        return await asyncio.to_thread(run)

    async def write(self, operation: Operation[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Queue an operation for the writer thread; the answer comes after the commit."""
        if self._closing or not self._thread.is_alive():
            raise DatabaseUnavailable("the database was closed")
        loop = asyncio.get_running_loop()
        job = _QueuedWrite(lambda tx: operation(tx, *args, **kwargs), loop)
        self._jobs.put(job)
        # A caller that goes away must not take a queued write with it half done.
        result: T = await asyncio.shield(job.future)
        return result

    async def close(self) -> None:
        """Finish the queued writes, then close both connections."""
        self._closing = True  # what is queued behind the end would never be answered
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)
        self._reader.close()

    async def applied_migrations(self) -> list[Applied]:
        """List what was applied; an empty list for a fresh file."""
        with opened(self.path) as raw:
            if not raw.execute("SELECT 1 FROM sqlite_master WHERE name = 'migrations'").fetchone():
                return []
            rows = raw.execute("SELECT version, name, checksum FROM migrations ORDER BY version")
            return [Applied(*row) for row in rows]

    async def apply_migration(self, migration: Migration, now: int) -> None:
        """Apply one step in one transaction, unless another process was faster."""
        with opened(self.path) as raw:
            raw.execute("BEGIN IMMEDIATE")
            raw.execute(TABLE.format(instant="integer"))
            done = raw.execute("SELECT 1 FROM migrations WHERE version = ?", (migration.version,))
            if done.fetchone() is None:
                for statement in statements(migration.text):
                    raw.execute(statement)
                raw.execute(
                    "INSERT INTO migrations VALUES (?, ?, ?, ?)",
                    (migration.version, migration.name, migration.checksum, now),
                )
            raw.execute("COMMIT")

    def _write_batches(self) -> None:
        """Run on the writer thread: one batch of what is queued after another."""
        connection = _Connection(self._location, WRITER_WAIT, self._clock, read_only=False)
        closing = False
        while not closing:
            batch = [self._jobs.get()]
            with suppress(Empty):
                while len(batch) < BATCH:
                    batch.append(self._jobs.get_nowait())
            closing = None in batch
            jobs = [job for job in batch if job is not None]
            if jobs:
                outcomes = _commit(connection, jobs)
                with suppress(RuntimeError):  # the loop was closed: no caller is left
                    jobs[0].loop.call_soon_threadsafe(_answer, outcomes)
        connection.close()


class _QueuedWrite:
    """A queued write: how to start its operation, and the future for its result."""

    def __init__(
        self,
        start: Callable[[SqliteTx], Coroutine[Any, Any, Any]],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self.start = start
        self.loop = loop
        self.future: asyncio.Future[Any] = loop.create_future()


def _commit(connection: _Connection, jobs: list[_QueuedWrite]) -> list[Outcome]:
    """Run a batch in one transaction; if the transaction fails, every job fails with it."""
    try:
        raw, tx = connection.use()
        raw.execute("BEGIN IMMEDIATE")
        outcomes = [_run_in_savepoint(raw, tx, job) for job in jobs]
        if connection.use()[0] is not raw:  # it must still be there when its commit is answered
            raise DatabaseUnavailable("another file took the database's place")
        raw.execute("COMMIT")
    except (sqlite3.Error, DatabaseUnavailable) as error:
        connection.close()
        return [(job.future, None, translated(error)) for job in jobs]
    return outcomes


def _run_in_savepoint(raw: sqlite3.Connection, tx: SqliteTx, job: _QueuedWrite) -> Outcome:
    raw.execute("SAVEPOINT one")
    try:
        result = run_to_end(job.start(tx))
    except BaseException as error:
        if not raw.in_transaction:  # a full disk makes SQLite roll everything back by itself
            raise sqlite3.OperationalError(str(error)) from error
        raw.execute("ROLLBACK TO one")
        raw.execute("RELEASE one")
        failure = translated(error)
        if failure is not error:
            failure.__cause__ = error
        return job.future, None, failure
    raw.execute("RELEASE one")
    return job.future, result, None


def _answer(outcomes: list[Outcome]) -> None:
    for future, result, error in outcomes:
        if future.cancelled():
            continue
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)
