"""A whole database into another one: page by page, resumable, and compared in the end.

The target is marked as unfinished from the first row to the last comparison: by a migration with
the number 0, which no version of Gridgift accepts. ``copy_progress`` says how far each table is,
and is updated in the transaction that writes the rows.
"""

import asyncio
import hashlib
import threading
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct

from gridgift.storage.database import ConstraintViolated, CopyDiffers, DatabaseRefused, Tx
from gridgift.storage.migrate import (
    UNFINISHED,
    Applied,
    Port,
    migrate,
    pending,
)
from gridgift.storage.queries import Query
from gridgift.storage.tables import (
    Advance,
    Copied,
    Table,
    Tally,
    Values,
    common,
    count,
    first_occupied,
    pages,
    require_names,
    tables,
)

T = TypeVar("T")

CLOSE_WITHIN: Final = 30.0  # seconds
# What a server writes that posts what happened before the copy began. What was posted meanwhile is
# posted again from the copy, with its id, as after a crash; a changed webhook shows in the events.
_OF_DELIVERIES: Final = frozenset({"webhooks", "webhook_deliveries", "webhook_attempts"})


class Side:
    """A database with an event loop of its own: one side's snapshot can wait for the other."""

    def __init__(self, connect: Callable[[], Port]) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self.database = self.run(_made(connect))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something in this side's loop and wait for it, in any thread but that loop's."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def read(self, operation: Any, *args: Any) -> Any:
        """Run a read."""
        return self.run(_awaited(self.database.read, operation, args))

    def write(self, operation: Any, *args: Any) -> Any:
        """Run a write."""
        return self.run(_awaited(self.database.write, operation, args))

    def snapshot(self, operation: Any, *args: Any) -> Any:
        """Run a long read over one state of the database."""
        return self.run(_awaited(self.database.snapshot, operation, args))

    def close(self) -> None:
        """Close the database and stop the event loop."""
        with suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(self.database.close(), self._loop).result(CLOSE_WITHIN)
        self._loop.call_soon_threadsafe(self._loop.stop)


class Progress(Struct, frozen=True):
    """How far the copy of a table is: its last key, None before the first row."""

    after: Values | None
    tally: Tally


class Interrupted(Exception):
    """``stop`` was called: the copy is no longer wanted."""


class Copy:
    """The copy of one database into another."""

    def __init__(self, source: Side, target: Side, advance: Advance) -> None:
        self._source = source
        self._target = target
        self._tell = advance
        self._stopped = False
        self._tables: list[Table] = []  # as the source describes them
        self._progress: dict[str, Progress] = {}

    def prepare(self, now: int) -> dict[str, int]:
        """Make the target ready to be filled; answer with about how many rows each table has.

        A target with an interrupted copy of this source is continued. Raises
        ``DatabaseRefused`` if the target is not what it has to be.
        """
        self._tables = self._source.read(tables)
        identity = self._source.read(_identity)
        begun = self._target.run(self._target.database.applied_migrations())
        if begun and begun[0].version == UNFINISHED:
            self._check_begun(begun, identity)
        else:
            if not begun:
                self._target.read(require_names)
            self._begin(identity, now)
        self._progress = self._target.read(_progress)
        return dict(self._source.read(_sizes, self._tables))

    def move(self) -> None:
        """Copy what the target lacks. Raises ``CopyDiffers`` if a row can't be kept there."""
        try:
            self._source.snapshot(self._move)
        except ConstraintViolated as error:
            raise CopyDiffers(
                f"The target can't keep a row of the source ({error}). {_AGAIN}"
            ) from error

    def compare(self) -> Copied:
        """Read both sides again, whole. Raises ``CopyDiffers``, which names what is different."""
        reached = self._target.read(_progress)
        there = self._source.snapshot(count, self._tables, self._advance)
        for table in self._tables:
            moved = reached[table.name].tally
            if there.tables[table.name] != moved and table.name not in _OF_DELIVERIES:
                raise CopyDiffers(f"The source's table {table.name} changed meanwhile. {_AGAIN}")
        here = self._target.snapshot(count, self._tables, self._advance)
        for table in self._tables:
            if here.tables[table.name] != reached[table.name].tally:
                raise CopyDiffers(self._first_difference(table))
        result: Copied = here
        return result

    def examine(self, operation: Callable[..., Coroutine[Any, Any, T]], *args: Any) -> T:
        """Run a long read over the target, which is still marked as unfinished."""
        result: T = self._target.snapshot(operation, *args)
        return result

    def finish(self, operation: Callable[..., Coroutine[Any, Any, None]]) -> None:
        """Remove the target's mark, and do what is to be done in the same transaction."""
        self._target.write(_finish, operation)

    def stop(self) -> None:
        """Interrupt the copy: its thread may still run when its caller has been cancelled."""
        self._stopped = True

    def _advance(self, table: str, rows: int) -> None:
        if self._stopped:
            raise Interrupted
        self._tell(table, rows)

    def _check_begun(self, begun: list[Applied], identity: str) -> None:
        if begun[0].checksum != identity:
            raise DatabaseRefused(
                "The target holds an unfinished copy of another database: name an empty one."
            )
        if pending(self._target.database.engine, begun[1:]):
            raise DatabaseRefused(
                "The target holds a copy that an older Gridgift began: name an empty database."
            )

    def _begin(self, identity: str, now: int) -> None:
        occupied = self._target.read(first_occupied)
        if occupied is not None:
            raise DatabaseRefused(
                f"The target is not empty (there are rows in {occupied}): name an empty database."
            )
        self._target.run(migrate(self._target.database, now))
        source, target = (
            sorted((table.name, table.columns, table.key) for table in side)
            for side in (self._tables, self._target.read(tables))
        )
        if source != target:
            raise DatabaseRefused(
                "The target's tables are not those of the source: name an empty database."
            )
        self._target.write(_begin, identity, [table.name for table in self._tables], now)

    async def _move(self, tx: Tx) -> None:
        targets = {table.name: table for table in self._target.read(tables)}
        for table in self._tables:
            reached = self._progress[table.name]
            self._advance(table.name, reached.tally.rows)
            async for page in pages(tx, table, reached.after):
                tally = Tally(reached.tally.rows, reached.tally.digest)
                tally.add(page)
                moved = Progress(table.key_of(page[-1]), tally)
                self._target.write(_put, targets[table.name], page, reached, moved)
                reached = moved
                self._advance(table.name, len(page))

    def _first_difference(self, table: Table) -> str:
        """Say which row is not the same on both sides, in the order of the source's keys."""
        sides = (self._source, self._target), (self._target, self._source)
        for walked, other in sides:
            key = walked.snapshot(_first_unlike, table, other)
            if key is not None:
                return _sentence(table, key)
        return f"The copy's table {table.name} changed while it was compared. {_AFRESH}"


_AFRESH: Final = "Copy again into an empty database."
_AGAIN: Final = "Stop whatever writes to it, then copy again into an empty database."

_MIGRATIONS: Final = Query.parse(
    "migrations", "SELECT version, checksum, applied_at FROM migrations ORDER BY version"
)
_CREATE: Final = Query.parse(
    "progress_create",
    """CREATE TABLE copy_progress (
    table_name text NOT NULL PRIMARY KEY,
    copied bigint NOT NULL,
    last_key text NOT NULL,
    digest text NOT NULL
)""",
)
_START: Final = Query.parse(
    "progress_start", "INSERT INTO copy_progress VALUES {row:(:table_name, 0, 'null', '0')}"
)
_MARK: Final = Query.parse(
    "mark",
    "INSERT INTO migrations (version, name, checksum, applied_at) "
    "VALUES (:version, 'unfinished copy', :identity, :now)",
)
_PROGRESS: Final = Query.parse(
    "progress", "SELECT table_name, copied, last_key, digest FROM copy_progress"
)
_ADVANCE: Final = Query.parse(
    "progress_advance",
    """UPDATE copy_progress SET copied = :copied, last_key = :last_key, digest = :digest
    WHERE table_name = :table_name AND copied = :copied_before""",
)
_UNMARK: Final = Query.parse("unmark", "DELETE FROM migrations WHERE version = :version")
_DROP: Final = Query.parse("progress_drop", "DROP TABLE copy_progress")


def _sentence(table: Table, key: Values) -> str:
    named = ", ".join(f"{name} {value}" for name, value in zip(table.key, key, strict=True))
    return f"The copy is not the source: the row of {table.name} with {named} differs. {_AFRESH}"


async def _made(connect: Callable[[], Port]) -> Port:
    return connect()


async def _awaited(method: Any, operation: Any, args: Sequence[Any]) -> Any:
    return await method(operation, *args)


async def _identity(tx: Tx) -> str:
    """Tell a database from others: no two were migrated at the same milliseconds."""
    rows = [list(row) for row in await tx.all(_MIGRATIONS)]
    return hashlib.sha256(msgspec.msgpack.encode(rows)).hexdigest()


async def _sizes(tx: Tx, described: list[Table]) -> list[tuple[str, int]]:
    sizes = []
    for table in described:
        row = await tx.one(table.size())
        sizes.append((table.name, row[0] if row is not None else 0))
    return sizes


async def _begin(tx: Tx, identity: str, names: list[str], now: int) -> None:
    await tx.one(_CREATE)
    await tx.many(_START, [(name,) for name in names])
    await tx.run(_MARK, version=UNFINISHED, identity=identity, now=now)


async def _progress(tx: Tx) -> dict[str, Progress]:
    return {
        name: Progress(_read(last_key), Tally(copied, int(digest, 16)))
        for name, copied, last_key, digest in await tx.all(_PROGRESS)
    }


def _written(key: Values | None) -> str:
    """Write a key as JSON, which has no form of its own for bytes."""
    values = key and [{"hex": each.hex()} if isinstance(each, bytes) else each for each in key]
    return msgspec.json.encode(values).decode()


def _read(text: str) -> Values | None:
    """Read what ``_written`` wrote."""
    key: list[Any] | None = msgspec.json.decode(text)
    return key and [bytes.fromhex(each["hex"]) if isinstance(each, dict) else each for each in key]


async def _put(tx: Tx, table: Table, page: list[Values], before: Progress, after: Progress) -> None:
    """Write a page, and how far the copy is now, in one transaction."""
    await tx.many(table.insert(), [table.typed(row) for row in page])
    moved = await tx.run(
        _ADVANCE,
        table_name=table.name,
        copied=after.tally.rows,
        last_key=_written(after.after),
        digest=after.tally.hex(),
        copied_before=before.tally.rows,
    )
    if not moved:
        raise DatabaseRefused("Another copy writes to the target: let one of them finish.")


async def _finish(tx: Tx, operation: Callable[..., Coroutine[Any, Any, None]]) -> None:
    await tx.one(_DROP)
    await tx.run(_UNMARK, version=UNFINISHED)
    await operation(tx)


async def _first_unlike(tx: Tx, table: Table, other: Side) -> Values | None:
    async for page in pages(tx, table):
        keys = [table.key_of(row) for row in page]
        for row, key, found in zip(page, keys, other.read(_rows, table, keys), strict=True):
            if row != found:
                return key
    return None


async def _rows(tx: Tx, table: Table, keys: list[Values]) -> list[Values | None]:
    """Look up rows by their keys."""
    found = []
    for key in keys:
        row = await tx.one(table.by_key(), **dict(zip(table.key, key, strict=True)))
        found.append(None if row is None else common(row))
    return found
