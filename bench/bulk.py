"""Bulk grants: ``gridgift card grant-many`` of a CSV file, against executemany of the same rows."""

import asyncio
import csv
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, Final

import asyncpg
import msgspec

from bench import dataset, rows, servers
from bench.figures import Aim, Figure, Result
from bench.runs import SPOKEN, Bench
from bench.seeding import Engine
from gridgift.app import now
from gridgift.domain.ids import new_id
from gridgift.storage.sqlite_file import WRITER_WAIT
from gridgift.storage.sqlite_file import connect as open_file

COMMAND: Final = ("-m", "gridgift", "card", "grant-many")
FEW: Final = 1_000  # rows after which the command's memory counts as that of its start
FLAT: Final = 30.0  # MB that more rows may add
LONGEST: Final = 900.0  # seconds that one import may take
ENOUGH: Final = 300.0  # seconds after which an engine gets no further round
LOOK: Final = 0.05  # seconds between two looks at the memory
_TABLES: Final = ("customers", "gift_cards", "entries", "events")


def bulk(bench: Bench) -> Iterator[Result]:
    """Rows a second of the whole command, from its start to its end, and its memory."""
    for engine in bench.engines:
        figure = Figure(
            "bulk", engine, f"bulk grant of {bench.sizes.bulk:,} rows from CSV",
            "gridgift card grant-many", "executemany of the same rows", "rows/s", Aim(0.5),
        )  # fmt: skip
        yield _measure(bench, engine, figure)


def _measure(bench: Bench, engine: Engine, figure: Figure) -> Result:
    count, ours, theirs, grown = bench.sizes.bulk, [], [], []
    started = time.perf_counter()
    for lap in range(bench.rounds):
        with ExitStack() as stack:
            url = bench.copy(stack, engine, bench.sizes.usual)
            bench.progress.say(f"bulk: the command, {SPOKEN[engine]}, round {lap + 1}")
            _, small = command(bench, url, FEW)
            spent, peak = command(bench, url, count)
            ours.append(count / spent)
            grown.append(peak - small)
        with ExitStack() as stack:
            url = bench.copy(stack, engine, bench.sizes.usual)
            bench.progress.say(f"bulk: executemany, {SPOKEN[engine]}, round {lap + 1}")
            theirs.append(count / executemany(engine, url, count, bench.sizes.usual))
        if time.perf_counter() - started > ENOUGH:
            break
    flat = max(grown) <= FLAT
    note = (
        f"{len(ours)} of {bench.rounds} rounds; memory: {max(grown):+.0f} MB at most, against "
        f"{FEW:,} rows; limit {FLAT:.0f} MB"
    )
    return figure.result(ours, theirs, also=flat, note=note)


def command(bench: Bench, url: str, count: int) -> tuple[float, float]:
    """Grant the rows of a file; return the seconds, and the highest resident memory in MB.

    Raises ``RuntimeError`` unless the command says by its exit code that all were granted.
    """
    folder = bench.file("")
    folder.mkdir()
    path, log = folder / "cards.csv", folder / "log"
    with path.open("w", newline="") as text:
        lines = csv.writer(text)
        lines.writerow(("identifier", "credit"))
        lines.writerows(_lines(count, bench.sizes.usual))
    arguments = [*COMMAND, str(path), "--store", dataset.store_id(0), "--json"]
    started, peak = time.perf_counter(), 0.0
    with servers.process(arguments, servers.environment(url), log) as child:
        while child.poll() is None:
            peak = max(peak, servers.memory(child.pid, "VmHWM"))
            if time.perf_counter() - started > LONGEST:
                raise RuntimeError(f"grant-many takes longer than {LONGEST:.0f} s")
            time.sleep(LOOK)
        spent = time.perf_counter() - started
        if child.returncode:
            raise RuntimeError(f"grant-many failed:\n{servers.tail(log)}")
    path.unlink()
    return spent, peak


def executemany(engine: Engine, url: str, count: int, cards: int) -> float:
    """Insert the rows of as many grants; return the seconds, making the rows left out."""
    if engine == "sqlite":
        return _on_sqlite(Path(url.removeprefix("sqlite:///")), count, cards)
    return asyncio.run(_on_postgres(url, count, cards))


def _lines(count: int, cards: int) -> Iterator[tuple[str, int]]:
    """The file's rows: a card for the owner of one seeded card after the other."""
    for number in range(count):
        yield dataset.resident_uuid(dataset.owner_of(number % cards)), 100 + number % 900


def _made(count: int, cards: int) -> Iterator[dict[str, list[rows.Row]]]:
    for first, end in rows.chunks(count):
        tables: dict[str, list[rows.Row]] = {name: [] for name in _TABLES}
        for number in range(first, end):
            owner, instant = dataset.owner_of(number % cards), now()
            card, entry = rows.card_and_entry(new_id(), 0, owner, 100 + number % 900, instant)
            tables["customers"].append((card.store_id, card.owner_uuid, instant))
            tables["gift_cards"].append(rows.card_row(card, entry))
            tables["entries"].append(msgspec.structs.astuple(entry))
            tables["events"].append(rows.event_row(entry))
        yield tables


def _sql(table: str, engine: Engine) -> str:
    if table == "events":
        return rows.EVENT.numbered if engine == "sqlite" else rows.EVENT.postgres
    known = " ON CONFLICT DO NOTHING" if table == "customers" else ""
    sql = rows.insert(table) + known
    return sql if engine == "sqlite" else _numbered(sql)


def _on_sqlite(path: Path, count: int, cards: int) -> float:
    spent = 0.0
    with closing(open_file(path, WRITER_WAIT)) as raw:
        for tables in _made(count, cards):
            started = time.perf_counter()
            raw.execute("BEGIN IMMEDIATE")
            for table, found in tables.items():
                raw.executemany(_sql(table, "sqlite"), found)
            raw.execute("COMMIT")
            spent += time.perf_counter() - started
    return spent


async def _on_postgres(url: str, count: int, cards: int) -> float:
    spent = 0.0
    connection: Any = await asyncpg.connect(url)
    try:
        for tables in _made(count, cards):
            started = time.perf_counter()
            async with connection.transaction():
                for table, found in tables.items():
                    await connection.executemany(_sql(table, "postgres"), found)
            spent += time.perf_counter() - started
    finally:
        await connection.close()
    return spent


def _numbered(sql: str) -> str:
    """Turn SQLite's placeholders into PostgreSQL's."""
    first, *others = sql.split("?")
    return first + "".join(f"${number}{text}" for number, text in enumerate(others, 1))
