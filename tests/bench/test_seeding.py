"""Seeded databases are sound, and so is what the baselines write into them."""

import asyncio
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from bench import (
    bulk,
    dataset,
    granting,
    redeeming,
    rows,
    searching,
    slow_disk,
    statements,
    writing,
)
from bench.load import PAGE
from bench.progress import Progress
from bench.runs import SMALL, Bench
from bench.seeding import Engine, Seeds
from bench.writing import Write
from gridgift.app import connect, now
from gridgift.domain import verify
from gridgift.domain.verify import Counts, Fault
from gridgift.settings import Settings
from tests.api import Clock, served
from tests.domain.fixture import bare_sql

CARDS = 2_000


@pytest.fixture
def seeds(engine: Engine, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Seeds]:
    """A folder for seeded databases, on each engine; the workers share one PostgreSQL."""
    url = request.getfixturevalue("postgres").url if engine == "postgres" else None
    prefix = f"gridgift_bench_of_{os.getpid()}"
    seeds = Seeds(tmp_path / "cache", url, Progress(Console(quiet=True)), prefix)
    yield seeds
    if url is not None:
        for name in seeds._databases(prefix):
            seeds._execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def url(seeds: Seeds, engine: Engine) -> Iterator[str]:
    """A copy of a seeded database."""
    with seeds.copy(engine, CARDS) as copy:
        yield copy


def look(url: str) -> tuple[Counts, list[Fault]]:
    """Count the accounts of a database, and verify all of them."""

    async def run() -> tuple[Counts, list[Fault]]:
        database = connect(Settings(database_url=url, secret=dataset.SECRET))
        faults: list[Fault] = []
        try:
            counts = await database.read(verify.count)
            await database.snapshot(verify.verify, faults.append, lambda _: None)
            return counts, faults
        finally:
            await database.close()

    return asyncio.run(run())


def test_a_seeded_database_verifies(url: str) -> None:
    counts, faults = look(url)
    owners = {(dataset.store_of(n), dataset.owner_of(n)) for n in range(CARDS)}
    assert counts == Counts(cards=CARDS, customers=len(owners))
    assert not faults
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as raw:
            assert raw.execute("PRAGMA foreign_key_check").fetchall() == []
            assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_the_seed_is_made_once_and_copies_leave_nothing(seeds: Seeds, engine: Engine) -> None:
    def there() -> list[str]:
        if engine == "sqlite":
            files = seeds.folder.iterdir()
            return sorted(f"{path.name} {path.stat().st_mtime_ns}" for path in files)
        return sorted(seeds._databases(seeds.prefix))

    with seeds.copy(engine, 1_000):
        pass
    before = there()
    assert len(before) == 1
    with seeds.copy(engine, 1_000):
        assert len(there()) == 2
    assert there() == before


def test_cards_are_spread_as_the_documentation_says() -> None:
    owned: dict[int, int] = {}
    for number in range(10_000):
        owner = dataset.owner_of(number)
        owned[owner] = owned.get(owner, 0) + 1
        assert owner <= number or owner == dataset.HOARDER
    assert owned.pop(dataset.HOARDER) == dataset.hoard(10_000) == 630
    assert sorted(set(owned.values())) == [1, 2, 63]
    assert sum(count == 63 for count in owned.values()) == 10


def test_ids_are_unique_and_in_order() -> None:
    ids = [dataset.card_id(number) for number in range(70_000)]
    assert ids == sorted(set(ids))
    assert dataset.MOST * dataset.SCATTER < 2**53, "Lua has doubles"


def test_a_grants_rows_are_those_of_a_grant(seeds: Seeds, engine: Engine) -> None:
    """What the bare loop and executemany insert leaves a ledger that adds up."""
    with seeds.copy(engine, 1_000) as url:
        assert bulk.executemany(engine, url, 1_500, 1_000) > 0
        done = 1_500
        if engine == "sqlite":
            done += granting.bare_loop(Path(url.removeprefix("sqlite:///")), 1_000, 0.3).requests
        counts, faults = look(url)
        assert counts.cards == 1_000 + done
        assert not faults


@pytest.mark.parametrize("engine", ["postgres"])
def test_pgbench_runs_a_grants_statements(seeds: Seeds, url: str, tmp_path: Path) -> None:
    recorded = statements.record(url)
    names = [statement.name for statement in recorded.statements]
    assert {"customer_add", "card_put", "entry_add", "answer_add"} <= set(names)
    progress = Progress(Console(quiet=True))
    bench = Bench(seeds, tmp_path, progress, seconds=1, rounds=1, sizes=SMALL)
    runs = [granting.pgbench(bench, url, recorded, CARDS, each=10) for _ in range(2)]
    assert [run.failed for run in runs] == [0, 0]
    assert look(url)[0].cards == CARDS + 1 + sum(run.requests for run in runs)


@pytest.mark.parametrize(
    "write", [writing.ADJUST, writing.SPEND, redeeming.REDEEM], ids=lambda each: each.name
)
def test_a_writes_statements_are_run_by_others(
    seeds: Seeds, engine: Engine, tmp_path: Path, write: Write
) -> None:
    """Each transaction leaves one entry of an account, with the next number, as the server's."""
    progress = Progress(Console(quiet=True))
    bench = Bench(seeds, tmp_path, progress, seconds=1, rounds=1, sizes=SMALL)
    with seeds.copy(engine, CARDS) as url:
        small = msgspec.structs.replace(bench, sizes=msgspec.structs.replace(SMALL, usual=CARDS))
        write.prepare(small, url)
        recorded = write.record(url)
        assert {"entry_add", "answer_add"} <= {one.name for one in recorded.statements}
        before = entries_of(url, write.name)
        if engine == "sqlite":
            run = writing.bare_loop(url, recorded, CARDS, 0.3)
        else:
            run = granting.pgbench(small, url, recorded, CARDS, each=10)
        assert run.failed == 0
        assert entries_of(url, write.name) == before + run.requests > before


def entries_of(url: str, write: str) -> int:
    """Count the entries of a kind of write."""
    kind = {"adjust": "adjusted", "spend": "credit_spent", "redeem": "redeemed"}[write]
    ((count,),) = asyncio.run(bare_sql(url, f"SELECT COUNT(*) FROM entries WHERE kind = '{kind}'"))
    return int(count)


def test_a_flush_is_slow_under_the_shim(tmp_path: Path) -> None:
    library = str(slow_disk.shim(tmp_path))
    program = (
        "import os, time; file = os.open('x', os.O_CREAT | os.O_RDWR); at = time.monotonic(); "
        "os.fsync(file); os.fdatasync(file); print(time.monotonic() - at)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=os.environ | {"LD_PRELOAD": library},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert float(done.stdout) >= 2 * slow_disk.MILLISECONDS / 1_000


@pytest.mark.parametrize(
    ("value", "sql"),
    [
        (None, "NULL"), (True, "TRUE"), (7, "7"), (b"\x01\xff", r"'\x01ff'"),
        ("it's", "E'it''s'"), ('{"a":1}', r"""E'{"a"\0721}'"""), ("\\", r"E'\\'"),
    ],
)  # fmt: skip
def test_literals(value: object, sql: str) -> None:
    assert statements.literal(value) == sql


def test_every_column_is_named_once() -> None:
    assert rows.insert("customers") == (
        "INSERT INTO customers (store_id, resident_uuid, created_at) VALUES (?, ?, ?)"
    )


def test_searches_the_feed_and_the_dashboard_answer_full_pages(url: str) -> None:
    searching._let_expire(url)
    searching._rename(url)
    searching._tell(url)
    cookie = asyncio.run(searching._sign_in(Settings(url)))
    with served(url, Clock(now()), secret=dataset.SECRET) as api:  # as the session's
        for path in (*searching.searches(CARDS).values(), searching.FEED):
            found = api.call("GET", path, key=dataset.key(0))
            assert found.status_code == 200, path
            assert len(found.json()["data"]) == PAGE, path
        shown = api.call("GET", searching.CARDS, key=None, headers={"Cookie": cookie})
        assert shown.status_code == 200
        assert shown.text.count(dataset.username(0)[:5]) >= PAGE
