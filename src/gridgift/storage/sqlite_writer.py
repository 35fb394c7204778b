"""SQLite's writer: one thread with group commit, which answers every caller whatever happens.

Pending writes run as one batch, each in a savepoint of its own; one commit makes the batch
durable (WAL, ``synchronous=FULL``) and only then are its callers answered. A failure of the batch
itself, a lack of memory among them, is the answer to all of it, and the file is opened anew.
"""

import asyncio
import os
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from typing import Any, Final

from gridgift.logs import Log
from gridgift.storage.database import (
    ATTEMPTS,
    DatabaseUnavailable,
    TransactionConflict,
    run_to_end,
)
from gridgift.storage.sqlite_connection import Connection, SqliteTx
from gridgift.storage.sqlite_errors import translated
from gridgift.storage.sqlite_file import WRITER_WAIT

BATCH: Final = 128  # writes in one commit, at most
ASKS_AGAIN: Final = 0.0005  # seconds, about, between two tries to take the write lock
LOG_LIMIT: Final = 32 * 1024 * 1024  # bytes; a log that a long reader lets grow beyond is emptied
LOOKS_EVERY: Final = 2.0  # seconds between two looks at the log's size
DEFECT: Final = 70  # the exit code of a process that can't write any more (EX_SOFTWARE)

# the future to settle, and its result or its exception
Outcome = tuple["asyncio.Future[Any]", Any, BaseException | None]

log = Log("gridgift.sqlite")


class QueuedWrite:
    """A queued write: how to start its operation, and the future for its result."""

    def __init__(
        self,
        start: Callable[[SqliteTx], Coroutine[Any, Any, Any]],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self.start = start
        self.loop = loop
        self.future: asyncio.Future[Any] = loop.create_future()


class Writer:
    """The one thread of a process that writes to the file."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._queue: SimpleQueue[QueuedWrite | None] = SimpleQueue()
        self._closing = False
        self._looked_at = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    async def write(self, start: Callable[[SqliteTx], Coroutine[Any, Any, Any]]) -> Any:
        """Queue an operation; its result comes after the commit. Raises what it raises."""
        if self._closing or not self._thread.is_alive():
            raise DatabaseUnavailable("the database was closed")
        job = QueuedWrite(start, asyncio.get_running_loop())
        self._queue.put(job)
        # A caller that goes away must not take a queued write with it half done.
        return await asyncio.shield(job.future)

    async def close(self) -> None:
        """Finish the queued writes, then close the connection."""
        self._closing = True  # what is queued behind the end would never be answered
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        """Write until the end; a writer that can't go on ends its process, and says so.

        Its callers would wait for ever, while the rest of the server seemed to be well.
        """
        try:
            self._write_batches()
        except BaseException as error:
            with suppress(BaseException):
                log.error("the writer failed, the process ends", exc_info=error)
            os._exit(DEFECT)

    def _write_batches(self) -> None:
        """Run one batch of what is queued after another."""
        closing = False
        while not closing:
            batch = self._next_batch()
            closing = None in batch
            jobs = [job for job in batch if job is not None]
            if jobs:
                outcomes = self._commit(jobs)
                with suppress(RuntimeError):  # the loop was closed: no caller is left
                    jobs[0].loop.call_soon_threadsafe(_answer, outcomes)
            if time.monotonic() - self._looked_at >= LOOKS_EVERY:
                self._shorten_log()
        self._connection.close()

    def _next_batch(self) -> list[QueuedWrite | None]:
        """Take what is queued; wait for something, but not beyond the next look at the log."""
        batch: list[QueuedWrite | None] = []
        with suppress(Empty):
            batch.append(self._queue.get(timeout=LOOKS_EVERY))
            while len(batch) < BATCH:
                batch.append(self._queue.get_nowait())
        return batch

    def _commit(self, jobs: list[QueuedWrite]) -> list[Outcome]:
        """Run a batch in one transaction; if the transaction fails, every job fails with it."""
        connection = self._connection
        try:
            raw, tx = connection.use()
            with transaction(raw):
                outcomes = [_run(raw, tx, job) for job in jobs]
                if connection.use()[0] is not raw:  # it must still be there when it is answered
                    raise DatabaseUnavailable("another file took the database's place")
        except BaseException as error:  # a lack of memory, a defect: the writer outlives it
            connection.close()
            return [(job.future, None, _failure_of_batch(error)) for job in jobs]
        return outcomes

    def _shorten_log(self) -> None:
        """Empty a log that has grown beyond its limit; nothing comes of it beside a long reader.

        SQLite writes a log anew from its beginning, but leaves the file as large as it ever was.
        """
        self._looked_at = time.monotonic()
        try:
            if self._connection.log_size() > LOG_LIMIT:
                raw, _ = self._connection.use()
                raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except (sqlite3.Error, DatabaseUnavailable, MemoryError):
            self._connection.close()  # the next write opens the file and tells what is wrong


@contextmanager
def transaction(raw: sqlite3.Connection) -> Iterator[None]:
    """Run the block in one transaction; if it raises, the connection has to be closed."""
    _begin(raw)
    yield
    raw.execute("COMMIT")


def _begin(raw: sqlite3.Connection) -> None:
    """Take the write lock; wait for another process that has it, ``WRITER_WAIT`` at most.

    SQLite's own waiting asks ten times a second. A process that writes one transaction after the
    other leaves gaps of less than a millisecond, so that would seldom find one.
    """
    until = time.monotonic() + WRITER_WAIT / 1000
    while True:
        try:
            raw.execute("BEGIN IMMEDIATE")
            return
        except sqlite3.OperationalError as error:
            is_busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not is_busy or time.monotonic() > until:
                raise
        time.sleep(ASKS_AGAIN * random.uniform(0.5, 1.5))  # noqa: S311


def _run(raw: sqlite3.Connection, tx: SqliteTx, job: QueuedWrite) -> Outcome:
    """Run a job, again after a conflict, ``ATTEMPTS`` times at most."""
    for _ in range(ATTEMPTS):
        outcome = _run_in_savepoint(raw, tx, job)
        if not isinstance(outcome[2], TransactionConflict):
            return outcome
    return job.future, None, DatabaseUnavailable("too many transactions in conflict")


def _run_in_savepoint(raw: sqlite3.Connection, tx: SqliteTx, job: QueuedWrite) -> Outcome:
    raw.execute("SAVEPOINT one")
    try:
        result = run_to_end(job.start(tx))
    except BaseException as error:
        if not raw.in_transaction:  # a full disk makes SQLite roll everything back by itself
            raise DatabaseUnavailable(str(error) or type(error).__name__) from error
        raw.execute("ROLLBACK TO one")
        raw.execute("RELEASE one")
        failure = translated(error)
        if failure is not error:
            failure.__cause__ = error
        return job.future, None, failure
    raw.execute("RELEASE one")
    return job.future, result, None


def _failure_of_batch(error: BaseException) -> BaseException:
    failure = translated(error)
    if failure is error:
        failure = DatabaseUnavailable(str(error) or repr(error))
    failure.__cause__ = error
    return failure


def _answer(outcomes: list[Outcome]) -> None:
    for future, result, error in outcomes:
        if future.done():  # its caller was cancelled
            continue
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)
