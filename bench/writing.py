"""Adjusts and spends, one at a time: against a bare loop on SQLite, against pgbench on PostgreSQL.

Both run the statements that the server was seen to run for one such write, in one transaction each.
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from itertools import count
from pathlib import Path
from random import Random
from typing import Any, Final

import asyncpg
import msgspec
from msgspec import Struct, structs

from bench import dataset, load, statements
from bench.figures import Aim, Figure, Result
from bench.granting import pgbench
from bench.load import CONNECTIONS, LONE, LONES, Load, Script
from bench.runs import Bench, failed, rates
from bench.seeding import Engine
from bench.statements import IDEMPOTENCY_KEY, Recorded, Sent
from gridgift.app import now
from gridgift.domain.ids import new_id
from gridgift.storage.sqlite_file import WRITER_WAIT
from gridgift.storage.sqlite_file import connect as open_file

PREPARED: Final = 500  # writes whose values are made at once, while the clock stands
AIMS: Final[dict[Engine, Aim]] = {"sqlite": Aim(0.8), "postgres": Aim(0.5)}
RICH: Final = 1_000_000  # L$ that everybody has to spend
_KEY: Final = {"X-API-Key": dataset.key(dataset.store_of(0))}

Values = list[dict[str, Any]]  # of each statement of one write
LONE_CARD: Final = (
    f"random(0, {{blocks}}) * {dataset.BLOCK} + {LONE} + {dataset.STEP} * random(0, {LONES - 1})"
)


class Write(Struct, frozen=True):
    """One kind of write: what a client sends, and what stands for the number of its entry.

    ``script`` makes what wrk sends in each of the runs; ``prepare`` gives a copied database, by its
    address, what that needs.
    """

    name: str
    sent: Sent
    versions: Mapping[str, str]
    script: Callable[[Bench, int], Script]
    prepare: Callable[[Bench, str], None] = lambda bench, url: None

    def record(self, url: str) -> Recorded:
        """Note the statements of one."""
        recorded = statements.record(url, self.sent)
        return structs.replace(recorded, versions=self.versions, pick=LONE_CARD)


def lone_cards(cards: int) -> list[int]:
    """Return the numbers of those cards that the writes are about: their owners own no other."""
    return [
        block + LONE + dataset.STEP * place
        for block in range(0, cards, dataset.BLOCK)
        for place in range(LONES)
    ]


def _by_key(path: str, body: Mapping[str, Any]) -> Callable[[Bench, int], Script]:
    """Return the script that sends a store's write; ``path`` is Lua."""
    text = msgspec.json.encode(body).decode()
    return lambda bench, run: load.writes(bench.sizes.usual, path, text)


def _deposit(bench: Bench, url: str) -> None:
    """Give every customer a lot, whose id is the customer's own, and the entry of it."""
    state = '{"lots":[],"reference":""}'
    no_hash = "decode(repeat('00', 32), 'hex')" if url.startswith("postgres") else "zeroblob(32)"
    run_sql(
        url,
        "INSERT INTO credit_lots (store_id, resident_uuid, id, amount, remaining, expires_at, "
        f"restricted, created_at) SELECT store_id, resident_uuid, resident_uuid, {RICH}, {RICH}, "
        "NULL, FALSE, created_at FROM customers",
        "INSERT INTO entries (store_id, account_kind, account_id, seq, kind, delta, balance_after, "
        "state, actor_kind, actor_id, reason, request_id, created_at, previous_hash, hash) "
        f"SELECT store_id, 'credit', resident_uuid, 1, 'credit_deposited', {RICH}, {RICH}, "
        f"'{state}', 'key', 'bench', '', '', created_at, {no_hash}, {no_hash} FROM customers",
        f"UPDATE customers SET version = 1, balance = {RICH}",
    )


def run_sql(url: str, *sqls: str) -> None:
    """Run bare statements."""
    if url.startswith("sqlite"):
        with closing(open_file(Path(url.removeprefix("sqlite:///")), WRITER_WAIT)) as raw:
            for sql in sqls:
                raw.execute(sql)
        return

    async def run() -> None:
        connection = await asyncpg.connect(url)
        try:
            for sql in sqls:
                await connection.execute(sql)
        finally:
            await connection.close()

    asyncio.run(run())


OF_CARDS: Final = {
    "version": "version + 1",
    "version_before": "version",
    "seq": "(SELECT version FROM gift_cards WHERE store_id = :store_id AND id = :account_id)",
}
OF_ACCOUNTS: Final = {
    "version": "version + 1",
    "seq": "(SELECT version FROM customers WHERE store_id = :store_id "
    "AND resident_uuid = :account_id)",
}
_ADJUSTED: Final = {"delta": 1, "reason": "bench"}
_SPENT: Final = {"amount": 1, "reason": "bench", "reference": "bench"}
ADJUST: Final = Write(
    "adjust",
    Sent(f"/ext/v1/giftcards/{dataset.card_id(0)}/actions/adjust", _ADJUSTED, _KEY),
    OF_CARDS,
    _by_key('"/ext/v1/giftcards/" .. card_id(n) .. "/actions/adjust"', _ADJUSTED),
)
SPEND: Final = Write(
    "spend",
    Sent(f"/ext/v1/customers/{dataset.resident_uuid(0)}/credit/actions/spend", _SPENT, _KEY),
    OF_ACCOUNTS,
    _by_key(
        '"/ext/v1/customers/" .. resident_uuid(owner_of(n)) .. "/credit/actions/spend"', _SPENT
    ),
    _deposit,
)


def adjust(bench: Bench) -> Iterator[Result]:
    """Durable adjustments of random cards a second, each with an idempotency key."""
    return measured(bench, ADJUST)


def spend(bench: Bench) -> Iterator[Result]:
    """Durable spends of random customers a second, each with an idempotency key."""
    return measured(bench, SPEND)


def measured(bench: Bench, write: Write) -> Iterator[Result]:
    """Measure a kind of write on each engine."""
    for engine in bench.engines:
        yield _on(bench, engine, write)


def _on(bench: Bench, engine: Engine, write: Write) -> Result:
    cards, numbers = bench.sizes.usual, count()
    against = "a bare loop of" if engine == "sqlite" else f"pgbench, {CONNECTIONS} clients,"
    figure = Figure(
        write.name, engine, f"{write.name}, with an idempotency key",
        f"POST by {CONNECTIONS} clients", f"{against} the same statements", f"{write.name}s/s",
        AIMS[engine],
    )  # fmt: skip
    with ExitStack() as stack:
        url = bench.copy(stack, engine, cards)
        write.prepare(bench, url)
        recorded = write.record(url)
        server = bench.serve(stack, url)
        bench.warm_up(write.script(bench, next(numbers)), server)
        ours, theirs = bench.in_turn(
            lambda: bench.load(write.script(bench, next(numbers)), server),
            lambda: (
                bare_loop(url, recorded, cards, bench.seconds)
                if engine == "sqlite"
                else pgbench(bench, url, recorded, cards)
            ),
            what=f"{write.name}, {engine}",
        )
    names = ", ".join(statement.name for statement in recorded.statements)
    return figure.result(
        rates(ours), rates(theirs), errors=failed(ours, theirs), note=f"statements: {names}"
    )


def bare_loop(url: str, recorded: Recorded, cards: int, seconds: float) -> Load:
    """Run a write's statements for one random card after the other, a commit for each.

    Making their values is not counted.
    """
    sqls, path = statements.in_sqlite(recorded), Path(url.removeprefix("sqlite:///"))
    done, spent, run, numbers = 0, 0.0, new_id(), lone_cards(cards)
    with closing(open_file(path, WRITER_WAIT)) as raw:
        while spent < seconds:
            made = [_values(recorded, numbers, f"{run}-{done + n}") for n in range(PREPARED)]
            started = time.perf_counter()
            done += _commit_each(raw, sqls, made, started + seconds - spent)
            spent += time.perf_counter() - started
    return Load(done, round(spent * 1_000_000), 0, 0)


def _values(recorded: Recorded, numbers: list[int], key: str) -> Values:
    number = Random().choice(numbers)
    changed = {
        recorded.made_id: new_id(),
        dataset.card_id(0): dataset.card_id(number),
        dataset.resident_uuid(0): dataset.resident_uuid(dataset.owner_of(number)),
        dataset.store_id(0): dataset.store_id(dataset.store_of(number)),
        IDEMPOTENCY_KEY: key,
    }
    return statements.values(recorded, changed, now())


def _commit_each(raw: sqlite3.Connection, sqls: list[str], made: list[Values], until: float) -> int:
    for number, write in enumerate(made, 1):
        raw.execute("BEGIN IMMEDIATE")
        for sql, values in zip(sqls, write, strict=True):
            raw.execute(sql, values).fetchall()
        raw.execute("COMMIT")
        if time.perf_counter() >= until:
            return number
    return len(made)
