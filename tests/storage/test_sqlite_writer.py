"""SQLite's writer answers whatever happens, finds its turn, and keeps its log bounded."""

import asyncio
import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from gridgift.storage import sqlite_writer
from gridgift.storage.database import DatabaseUnavailable, Tx
from gridgift.storage.queries import Query
from gridgift.storage.sqlite import SqliteDatabase
from tests.storage.operations import Gate, add, has, in_a_loop, look
from tests.storage.test_sqlite import path

__all__ = ["path"]

# What runs in a process of its own: SQLite's limit holds for all of a process, and never rises.
MEMORY_IS_GONE = """
import asyncio, json, sqlite3, sys
from contextlib import suppress
from pathlib import Path
from gridgift.storage.sqlite import SqliteDatabase
from tests.storage.operations import add, look

def told(outcome):
    return f"{type(outcome).__name__}: {outcome}"

async def main():
    database = SqliteDatabase(Path(sys.argv[1]))
    await add(database)
    limit = sqlite3.connect(":memory:")
    with suppress(MemoryError):  # it holds already
        limit.execute(f"PRAGMA hard_heap_limit = {sys.argv[2]}")
    said = []
    for _ in range(3):
        writes = [add(database) for _ in range(10)]
        async with asyncio.timeout(20):
            outcomes = await asyncio.gather(*writes, return_exceptions=True)
        said.append(sorted({told(outcome) for outcome in outcomes}))
    try:
        await database.read(look)
    except Exception as error:
        said.append([told(error)])
    print(json.dumps(said))

asyncio.run(main())
"""
WRITER_FAILS = """
import asyncio, sys
from pathlib import Path
from gridgift.logs import configure_logs
from gridgift.storage.sqlite import SqliteDatabase
from tests.storage.operations import add

async def main():
    configure_logs("json")
    database = SqliteDatabase(Path(sys.argv[1]))
    await add(database)
    database._writer._queue.put("no write at all")
    await add(database)

asyncio.run(main())
"""
WITHOUT_PAUSE = """
import sqlite3, sys, time
raw = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60)
print("begun", flush=True)
while True:
    raw.execute("BEGIN IMMEDIATE")
    raw.execute("UPDATE residents SET updated_at = updated_at + 1")
    time.sleep(0.005)
    raw.execute("COMMIT")
"""


def run(script: str, *arguments: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("heap", [1, 100_000])
def test_without_memory_every_caller_is_answered(path: Path, heap: int) -> None:
    """SQLite's own limit makes any of its calls a MemoryError, that for the lock among them."""
    finished = run(MEMORY_IS_GONE, path, heap)
    assert finished.returncode == 0, finished.stderr
    assert json.loads(finished.stdout) == [["DatabaseUnavailable: out of memory"]] * 4


@in_a_loop
async def test_a_statement_without_memory_fails_alone_and_leaves_no_lock(path: Path) -> None:
    huge = _raw("SELECT length(zeroblob(900000000) || zeroblob(900000000))")
    database, gate = SqliteDatabase(path), Gate()
    held = await gate.hold(database)
    writes = [add(database), database.write(_ask, huge), add(database)]
    waiting = [asyncio.ensure_future(write) for write in writes]
    await asyncio.sleep(0)
    gate.open.set()
    await held
    first, failed, last = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(failed, DatabaseUnavailable)
    assert await has(database, first)
    assert await has(database, last)
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
    await database.close()


def test_a_writer_that_can_not_go_on_ends_its_process_and_says_so(path: Path) -> None:
    finished = run(WRITER_FAILS, path)
    assert finished.returncode == sqlite_writer.DEFECT
    assert "the writer failed, the process ends" in finished.stderr


@in_a_loop
async def test_another_process_that_writes_without_pause_leaves_a_turn(path: Path) -> None:
    database = SqliteDatabase(path)
    await add(database)
    with process(WITHOUT_PAUSE, path):
        for _ in range(20):
            await add(database)  # it is refused where none comes in time
    await database.close()


@contextmanager
def process(script: str, *arguments: object) -> Iterator[None]:
    command = [sys.executable, "-c", script, *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == "begun\n"
            yield
        finally:
            child.kill()


@in_a_loop
async def test_the_log_is_bounded_again_when_a_long_reader_has_gone(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is written after the reader has gone: the writer looks by itself."""
    monkeypatch.setattr(sqlite_writer, "LOG_LIMIT", 1024 * 1024)
    monkeypatch.setattr(sqlite_writer, "LOOKS_EVERY", 0.05)
    database, wal = SqliteDatabase(path), path.with_name(f"{path.name}-wal")
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM residents").fetchall()
        while wal.stat().st_size < 3 * sqlite_writer.LOG_LIMIT:
            await asyncio.gather(*(add(database) for _ in range(100)))
        await asyncio.sleep(0.3)
        assert wal.stat().st_size >= 3 * sqlite_writer.LOG_LIMIT
        assert reader.execute("SELECT count(*) FROM residents").fetchone() == (0,)
    deadline = time.monotonic() + 60
    while wal.stat().st_size > sqlite_writer.LOG_LIMIT:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)
    await database.read(look)
    await database.close()


@in_a_loop
async def test_a_writer_that_is_stuck_is_found_out(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gridgift.storage.sqlite.WRITER_ANSWERS", 0.1)
    database, gate = SqliteDatabase(path), Gate()
    held = await gate.hold(database)
    with pytest.raises(DatabaseUnavailable, match="does not answer"):
        await database.check()
    monkeypatch.undo()
    gate.open.set()
    await held
    await database.check()
    await database.close()


async def _ask(tx: Tx, query: Query) -> Any:
    return await tx.one(query)


def _raw(text: str) -> Query:
    return Query("raw", text, text, ())
