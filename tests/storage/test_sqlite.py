"""SQLite: group commit, what an answer promises, and every way in which a file can go wrong."""

import asyncio
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from gridgift.domain.failures import ResidentNotFound
from gridgift.domain.model import Resident
from gridgift.storage import sqlite_connection, sqlite_writer
from gridgift.storage.database import (
    ConstraintViolated,
    DatabaseRefused,
    DatabaseUnavailable,
    Tx,
)
from gridgift.storage.sqlite import SqliteDatabase
from gridgift.storage.sqlite_file import connect, create_file
from tests.storage.operations import (
    Gate,
    add,
    avatar,
    broken,
    find_row,
    has,
    in_a_loop,
    in_breach,
    look,
    refused,
)

GARBAGE = b"this is no database. " * 400


@pytest.fixture
def path(sqlite_template: Path, tmp_path: Path) -> Path:
    """A migrated file."""
    copy = tmp_path / "gridgift.db"
    shutil.copy(sqlite_template, copy)
    return copy


def outsiders(path: Path) -> set[str]:
    """Return the residents' ids as another program sees them."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return {row[0] for row in connection.execute("SELECT uuid FROM residents")}


@contextmanager
def traced(
    monkeypatch: pytest.MonkeyPatch, hear: Callable[[str], Any]
) -> Iterator[Callable[[str], Any]]:
    """Let ``hear`` hear each statement before it runs, on its own thread."""

    def connect_and_trace(path: Path, wait: int) -> sqlite3.Connection:
        raw = connect(path, wait)
        raw.set_trace_callback(hear)
        return raw

    monkeypatch.setattr(sqlite_connection, "connect", connect_and_trace)
    yield hear


def test_a_snapshot_that_can_not_begin_is_a_failure_of_its_own(path: Path) -> None:
    async def snapshot() -> None:
        database = SqliteDatabase(path)
        try:
            await database.snapshot(find_row, avatar().uuid)
        finally:
            await database.close()

    path.write_bytes(b"no database, but as long as one has to be" * 200)
    with pytest.raises(DatabaseUnavailable):
        asyncio.run(snapshot())


def test_the_pragmas_that_make_writes_durable(path: Path) -> None:
    with closing(connect(path, 1234)) as raw:
        pragmas = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        values = [raw.execute(f"PRAGMA {pragma}").fetchone()[0] for pragma in pragmas]
    assert values == ["wal", 2, 1, 1234]


def test_the_log_takes_thousands_of_pages_before_they_go_to_the_file(path: Path) -> None:
    with closing(connect(path, 1234)) as raw:
        raw.execute("CREATE TABLE big (bytes BLOB)")
        size = path.stat().st_size
        raw.execute("INSERT INTO big VALUES (zeroblob(3500 * 4096))")
        assert path.stat().st_size == size
        raw.execute("INSERT INTO big VALUES (zeroblob(1000 * 4096))")
        assert path.stat().st_size > size + 4000 * 4096


@in_a_loop
async def test_reader_and_writer_use_them(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[sqlite3.Connection] = []

    def connect_and_keep(path: Path, wait: int) -> sqlite3.Connection:
        opened.append(connect(path, wait))
        return opened[-1]

    monkeypatch.setattr(sqlite_connection, "connect", connect_and_keep)
    database = SqliteDatabase(path)
    resident = await add(database)
    assert await has(database, resident)
    assert len(opened) == 2
    for raw, read_only in zip(opened, (0, 1), strict=True):
        assert raw.execute("PRAGMA synchronous").fetchone() == (2,)
        assert raw.execute("PRAGMA query_only").fetchone() == (read_only,)
    await database.close()


@in_a_loop
async def test_the_reader_can_not_write(path: Path) -> None:
    database, resident = SqliteDatabase(path), avatar()
    with pytest.raises(DatabaseUnavailable, match="readonly"):
        await database.read(broken, resident)
    assert not await has(database, resident)
    await database.close()


@in_a_loop
async def test_waiting_writes_share_a_commit(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commits: list[str] = []
    with traced(monkeypatch, lambda sql: commits.append(sql) if sql == "COMMIT" else None):
        database, gate = SqliteDatabase(path), Gate()
        held = await gate.hold(database)
        writes = [asyncio.ensure_future(add(database)) for _ in range(100)]
        await asyncio.sleep(0)
        gate.open.set()
        added = await asyncio.gather(*writes)
        await held
    assert commits == ["COMMIT"] * 2
    assert {resident.uuid for resident in added} == outsiders(path)
    await database.close()


@in_a_loop
async def test_a_batch_has_a_limit(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_writer, "BATCH", 10)
    commits: list[str] = []
    with traced(monkeypatch, lambda sql: commits.append(sql) if sql == "COMMIT" else None):
        database, gate = SqliteDatabase(path), Gate()
        held = await gate.hold(database)
        writes = [asyncio.ensure_future(add(database)) for _ in range(25)]
        await asyncio.sleep(0)
        gate.open.set()
        await asyncio.gather(held, *writes)
    assert len(commits) == 4
    await database.close()


@in_a_loop
async def test_who_fails_in_a_batch_fails_alone(path: Path) -> None:
    database, gate = SqliteDatabase(path), Gate()
    held = await gate.hold(database)
    bad = [(broken, avatar()), (refused, avatar()), (in_breach, avatar()), (sleeps, avatar())]
    good, writes = [avatar() for _ in range(5)], []
    for number, resident in enumerate(good):
        writes.append(add(database, resident))
        writes += [database.write(*failing) for failing in bad[number : number + 1]]
    together = asyncio.gather(*writes, return_exceptions=True)
    await asyncio.sleep(0)
    gate.open.set()
    outcomes = await together
    await held
    assert [type(outcome) for outcome in outcomes] == [
        Resident, RuntimeError, Resident, ResidentNotFound, Resident, ConstraintViolated,
        Resident, RuntimeError, Resident,
    ]  # fmt: skip
    assert outsiders(path) == {resident.uuid for resident in good}
    await database.close()


async def sleeps(tx: Tx, resident: Resident) -> None:
    """Do what no operation may: await something that is not the transaction."""
    await tx.run("resident_keep", uuid=resident.uuid, username=resident.username, now=1)
    await asyncio.sleep(0)


@in_a_loop
async def test_an_operation_awaits_nothing_but_its_transaction(path: Path) -> None:
    database, resident = SqliteDatabase(path), avatar()
    for run in (database.write, database.read):
        with pytest.raises((RuntimeError, DatabaseUnavailable), match=r"not its trans|readonly"):
            await run(sleeps, resident)
    assert outsiders(path) == set()
    await database.close()


@in_a_loop
@pytest.mark.parametrize("error", [ValueError, KeyError, GeneratorExit])
async def test_the_writer_outlives_any_defect(path: Path, error: type[BaseException]) -> None:
    async def stumbles(tx: Tx) -> None:
        raise error("a defect")

    database = SqliteDatabase(path)
    outcome = await asyncio.gather(database.write(stumbles), return_exceptions=True)
    assert isinstance(outcome[0], error)
    assert await has(database, await add(database))
    await database.close()


@pytest.mark.parametrize("operation", [look, refused], ids=["done", "refused"])
@in_a_loop
async def test_an_answer_comes_after_the_commit_that_holds_it(
    path: Path, monkeypatch: pytest.MonkeyPatch, operation: Any
) -> None:
    committing, go_on, gate = threading.Event(), threading.Event(), Gate()

    def wait_at_commit(statement: str) -> None:
        if statement == "COMMIT" and not gate.committed:
            gate.committed = True  # the commit of the one who holds the writer
        elif statement == "COMMIT":
            committing.set()
            go_on.wait(30)

    with traced(monkeypatch, wait_at_commit):
        database, resident = SqliteDatabase(path), avatar()
        held = await gate.hold(database)
        args = [avatar()] if operation is refused else []
        answers = [
            asyncio.ensure_future(add(database, resident)),
            asyncio.ensure_future(database.write(operation, *args)),
        ]
        await asyncio.sleep(0)
        gate.open.set()
        await held
        await asyncio.to_thread(committing.wait, 30)
        await asyncio.sleep(0.1)
        assert not any(answer.done() for answer in answers)
        assert outsiders(path) == set()
        go_on.set()
        await asyncio.gather(*answers, return_exceptions=True)
    assert outsiders(path) == {resident.uuid}
    await database.close()


@in_a_loop
async def test_what_was_answered_is_seen_from_outside_at_once(path: Path) -> None:
    database = SqliteDatabase(path)
    for _ in range(20):
        resident = await add(database)
        assert resident.uuid in outsiders(path)
    await database.close()


@in_a_loop
async def test_a_caller_that_goes_away_leaves_its_write_whole(path: Path) -> None:
    database, gate, resident = SqliteDatabase(path), Gate(), avatar()
    held = await gate.hold(database)
    waiting = asyncio.ensure_future(add(database, resident))
    failing = asyncio.ensure_future(database.write(broken, avatar()))
    await asyncio.sleep(0)
    for caller in (waiting, failing):
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
    gate.open.set()
    await held
    await add(database)
    assert await has(database, resident)
    await database.close()


@in_a_loop
async def test_closing_finishes_what_is_queued(path: Path) -> None:
    database, gate = SqliteDatabase(path), Gate()
    held = await gate.hold(database)
    writes = [asyncio.ensure_future(add(database)) for _ in range(300)]
    await asyncio.sleep(0)
    closing_ = asyncio.ensure_future(database.close())
    await asyncio.sleep(0.01)
    with pytest.raises(DatabaseUnavailable, match="closed"):
        await add(database)
    gate.open.set()
    await closing_
    await held
    assert {(await write).uuid for write in writes} == outsiders(path)
    with pytest.raises(DatabaseUnavailable, match="closed"):
        await add(database)


@in_a_loop
async def test_moved_away_and_put_back(path: Path, tmp_path: Path) -> None:
    database, elsewhere = SqliteDatabase(path), tmp_path / "elsewhere.db"
    before = [await add(database) for _ in range(20)]
    assert await has(database, before[0])
    path.rename(elsewhere)
    for _ in range(2):
        with pytest.raises(DatabaseUnavailable, match="not there"):
            await add(database)
        with pytest.raises(DatabaseUnavailable, match="not there"):
            await has(database, before[0])
    assert not path.exists()
    assert {resident.uuid for resident in before} <= outsiders(elsewhere)
    elsewhere.rename(path)
    after = await add(database)
    assert all([await has(database, resident) for resident in [*before, after]])
    await database.close()


@in_a_loop
async def test_moved_away_between_a_write_and_its_commit(path: Path, tmp_path: Path) -> None:
    database, elsewhere, resident = SqliteDatabase(path), tmp_path / "elsewhere.db", avatar()
    before = await add(database)

    async def write_and_lose_the_file(tx: Tx) -> None:
        await tx.run("resident_keep", uuid=resident.uuid, username=resident.username, now=1)
        path.rename(elsewhere)

    with pytest.raises(DatabaseUnavailable):
        await database.write(write_and_lose_the_file)
    elsewhere.rename(path)
    assert await has(database, before)
    assert not await has(database, resident)
    assert await has(database, await add(database))
    await database.close()


@in_a_loop
async def test_a_file_that_can_only_be_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite begins a transaction on it without complaint: the check has to write."""

    def to_read(path: Path, wait: int) -> sqlite3.Connection:
        options = {"isolation_level": None, "check_same_thread": False, "timeout": wait / 1000}
        return sqlite3.connect(f"file:{path}?mode=ro", uri=True, **options)

    database = SqliteDatabase(path)
    await database.check()
    await database.close()
    monkeypatch.setattr(sqlite_connection, "connect", to_read)
    database = SqliteDatabase(path)
    with pytest.raises(DatabaseUnavailable, match="readonly"):
        await database.check()
    assert await database.read(look) is None
    await database.close()


@in_a_loop
async def test_a_file_that_is_gone_for_good(path: Path) -> None:
    database = SqliteDatabase(path)
    await add(database)
    for file in path.parent.glob(path.name + "*"):
        file.unlink()
    with pytest.raises(DatabaseUnavailable):
        await add(database)
    with pytest.raises(DatabaseUnavailable):
        await database.read(look)
    assert not path.exists()
    await database.close()


async def other_file(template: Path, path: Path, size: int) -> set[str]:
    """Make another database, as from a backup."""
    shutil.copy(template, path)
    other = SqliteDatabase(path)
    added = await asyncio.gather(*(add(other) for _ in range(size)))
    await other.close()
    return {resident.uuid for resident in added}


def assert_sound(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@pytest.mark.parametrize("first", ["read", "write"])
@pytest.mark.parametrize("size", [0, 300])
@in_a_loop
async def test_another_file_put_in_its_place(
    path: Path, tmp_path: Path, sqlite_template: Path, size: int, first: str
) -> None:
    theirs = await other_file(sqlite_template, tmp_path / "backup.db", size)
    database = SqliteDatabase(path)
    ours = [await add(database) for _ in range(5)]
    assert await has(database, ours[0])
    os.link(path, tmp_path / "old.db")
    (tmp_path / "backup.db").replace(path)
    if first == "read":
        assert not await has(database, ours[0])
    new = await add(database)
    assert not await has(database, ours[0])
    assert await has(database, new)
    assert outsiders(path) == {*theirs, new.uuid}
    await database.close()
    assert_sound(path)
    assert_sound(tmp_path / "old.db")
    assert outsiders(tmp_path / "old.db") == {resident.uuid for resident in ours}


@in_a_loop
async def test_another_file_in_the_middle_of_a_write(
    path: Path, tmp_path: Path, sqlite_template: Path
) -> None:
    theirs = await other_file(sqlite_template, tmp_path / "backup.db", 50)
    database, resident = SqliteDatabase(path), avatar()
    await add(database)

    async def write_and_swap(tx: Tx) -> None:
        await tx.run("resident_keep", uuid=resident.uuid, username=resident.username, now=1)
        (tmp_path / "backup.db").replace(path)

    with pytest.raises(DatabaseUnavailable, match="another file"):
        await database.write(write_and_swap)
    assert not await has(database, resident)
    new = await add(database)
    assert outsiders(path) == {*theirs, new.uuid}
    await database.close()
    assert_sound(path)


@in_a_loop
async def test_there_and_back_again(path: Path, tmp_path: Path, sqlite_template: Path) -> None:
    """Whoever looks away meanwhile must not go on with a log that nobody else writes to."""
    await other_file(sqlite_template, tmp_path / "backup.db", 50)
    database, aside = SqliteDatabase(path), tmp_path / "aside.db"
    before = await add(database)
    assert await has(database, before)
    path.rename(aside)
    (tmp_path / "backup.db").rename(path)
    await add(database)  # the writer sees the other file, the reader does not look
    path.rename(tmp_path / "backup.db")
    aside.rename(path)
    after = await add(database)
    assert await has(database, before)
    assert await has(database, after)
    await database.close()
    assert_sound(path)
    assert_sound(tmp_path / "backup.db")


@in_a_loop
async def test_several_processes_lose_nothing_when_the_file_changes(
    path: Path, tmp_path: Path, sqlite_template: Path
) -> None:
    theirs = await other_file(sqlite_template, tmp_path / "backup.db", 300)
    databases = [SqliteDatabase(path) for _ in range(2)]
    ours = [await add(database) for _ in range(3) for database in databases]
    assert all([await has(database, ours[0]) for database in databases])
    os.link(path, tmp_path / "old.db")
    (tmp_path / "backup.db").replace(path)
    new = [await add(database) for _ in range(3) for database in databases]
    for database in databases:
        assert all([await has(database, resident) for resident in new])
        await database.close()
    assert outsiders(path) == {*theirs, *(resident.uuid for resident in new)}
    assert outsiders(tmp_path / "old.db") == {resident.uuid for resident in ours}
    assert_sound(path)
    assert_sound(tmp_path / "old.db")


@in_a_loop
async def test_garbage_put_in_its_place(path: Path, tmp_path: Path) -> None:
    database, aside = SqliteDatabase(path), tmp_path / "aside.db"
    resident = await add(database)
    path.rename(aside)
    path.write_bytes(GARBAGE)
    with pytest.raises(DatabaseUnavailable):
        await has(database, resident)
    with pytest.raises(DatabaseUnavailable):
        await add(database)
    assert path.read_bytes() == GARBAGE
    aside.replace(path)
    assert await has(database, resident)
    await add(database)
    await database.close()


@contextmanager
def disk_full(path: Path, room: int) -> Iterator[None]:
    """Let no file of this process grow beyond the log's present size and a little room."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = path.with_name(path.name + "-wal").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@in_a_loop
async def test_a_full_disk_refuses_the_whole_batch(path: Path) -> None:
    database = SqliteDatabase(path)
    before = {(await add(database)).uuid}
    await database.read(look)
    gate = Gate()
    held = await gate.hold(database)
    writes = [asyncio.ensure_future(add(database)) for _ in range(100)]
    writes.append(asyncio.ensure_future(database.write(refused, avatar())))
    await asyncio.sleep(0)
    with disk_full(path, room=3 * 4096):
        gate.open.set()
        await held
        outcomes = await asyncio.gather(*writes, return_exceptions=True)
        assert {type(outcome) for outcome in outcomes} == {DatabaseUnavailable}
        retries = (add(database) for _ in range(100))
        outcomes = await asyncio.gather(*retries, return_exceptions=True)
        assert DatabaseUnavailable in {type(outcome) for outcome in outcomes}
        before |= {outcome.uuid for outcome in outcomes if isinstance(outcome, Resident)}
        for resident_id in before:
            assert await database.read(find_row, resident_id)
    assert outsiders(path) == before
    again = await asyncio.gather(*(add(database) for _ in range(100)))
    assert outsiders(path) == before | {resident.uuid for resident in again}
    await database.close()
    assert_sound(path)


@in_a_loop
async def test_a_full_database_refuses_the_whole_batch(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite itself rolls everything back here, in the middle of a batch (SQLITE_FULL)."""
    full, connections = True, list[sqlite3.Connection]()

    def connect_small(path: Path, wait: int) -> sqlite3.Connection:
        raw = connect(path, wait)
        pages = raw.execute("PRAGMA page_count").fetchone()[0]
        raw.execute(f"PRAGMA max_page_count = {pages + 1 if full else 2**30}")
        connections.append(raw)
        return raw

    monkeypatch.setattr(sqlite_connection, "connect", connect_small)
    database, gate = SqliteDatabase(path), Gate()
    before = {(await add(database)).uuid}
    held = await gate.hold(database)
    writes = [asyncio.ensure_future(add(database)) for _ in range(100)]
    await asyncio.sleep(0)
    gate.open.set()
    await held
    outcomes = await asyncio.gather(*writes, return_exceptions=True)
    answered = {outcome.uuid for outcome in outcomes if isinstance(outcome, Resident)}
    assert {type(outcome) for outcome in outcomes} <= {DatabaseUnavailable, Resident}
    assert DatabaseUnavailable in {type(outcome) for outcome in outcomes}
    assert outsiders(path) == before | answered
    full = False
    for raw in connections:
        with suppress(sqlite3.ProgrammingError):  # it was closed
            raw.execute(f"PRAGMA max_page_count = {2**30}")
    assert isinstance(await add(database), Resident)
    await database.close()
    assert_sound(path)


LOCK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.readline()
connection.execute("ROLLBACK")
"""


@contextmanager
def locked_by_another_process(path: Path) -> Iterator[None]:
    with subprocess.Popen(
        [sys.executable, "-c", LOCK, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        try:
            yield
        finally:
            process.communicate("done\n", timeout=60)


@in_a_loop
async def test_locked_for_too_long(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_writer, "WRITER_WAIT", 200)
    database = SqliteDatabase(path)
    before = await add(database)
    with locked_by_another_process(path):
        with pytest.raises(DatabaseUnavailable, match="locked"):
            await add(database)
        assert await has(database, before)  # readers wait for nobody
    assert await has(database, await add(database))
    await database.close()


@in_a_loop
async def test_locked_for_a_moment(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_writer, "WRITER_WAIT", 60_000)  # a busy machine's moment
    database = SqliteDatabase(path)
    with locked_by_another_process(path):
        waiting = asyncio.ensure_future(add(database))
        await asyncio.sleep(0.2)
        assert not waiting.done()
    assert await has(database, await waiting)
    await database.close()


def test_a_new_file_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    create_file(path)
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_bytes(b"something")
    create_file(path)
    assert path.read_bytes() == b"something"


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(DatabaseRefused, match=r"can't be made .*: check the folder\.$"):
        create_file(tmp_path / "missing" / "new.db")


def test_a_name_with_odd_characters(tmp_path: Path, sqlite_template: Path) -> None:
    for name in ("a b.db", "50%.db", "a?b#c.db", "ü.db"):
        path = tmp_path / name
        shutil.copy(sqlite_template, path)
        with closing(connect(path, 10)) as raw:
            assert raw.execute("SELECT count(*) FROM migrations").fetchone()[0] > 0
