"""The statements of one write as the server sends them: recorded while the application runs."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr
from pathlib import Path
from typing import Any, Final
from unittest import mock

from msgspec import Struct
from starlette.testclient import TestClient

from bench import dataset
from gridgift.app import create_app
from gridgift.settings import Settings
from gridgift.storage.postgres import PostgresTx
from gridgift.storage.queries import Query, named
from gridgift.storage.sqlite_connection import SqliteTx

IDEMPOTENCY_KEY: Final = "bench-0123456789abcdef0123456789"
_PARAMETER: Final = re.compile(r"\$(\d+)")
_NAMED: Final = re.compile(r"(?<![:\w]):([a-z_]+)")

# what differs from grant to grant, in pgbench's terms; the client's number keeps them apart
CARD: Final = rf"""
\set instant {dataset.SINCE} + :card * {dataset.APART}
\set tail :card * {dataset.SCATTER} % 4294967296
"""
CARD_SQL: Final = (
    "CAST(lpad(to_hex(CAST(:instant AS bigint) / 65536), 8, '0') || '-' "
    "|| lpad(to_hex(CAST(:instant AS bigint) % 65536), 4, '0') || '-7' "
    "|| lpad(to_hex(CAST(:card AS bigint) % 4096), 3, '0') || '-8' "
    "|| lpad(to_hex(CAST(:card AS bigint) / 4096 % 4096), 3, '0') || '-' "
    "|| lpad(to_hex(CAST(:tail AS bigint)), 12, '0') AS uuid)"
)
MADE_SQL: Final = (
    "CAST('01aaaaaa-0000-7000-8000-' || lpad(to_hex(CAST(:serial AS bigint)), 12, '0') AS uuid)"
)
STORE_SQL: Final = (
    f"CAST('{dataset.store_id(0)[:-12]}' || lpad(to_hex(CAST(:store AS bigint)), 12, '0') AS uuid)"
)


class Statement(Struct, frozen=True):
    """A statement with the values that one write gave it, in the order of its parameters."""

    query: Query
    values: tuple[Any, ...]

    @property
    def name(self) -> str:
        """What it is called."""
        return self.query.name


class Recorded(Struct, frozen=True):
    """The statements of one write, and the values by which to know what differs.

    ``made_id`` is the id of what was made: a card, a spend or a lot. ``versions`` are the SQL that
    stands for a number of the account's entries, by the parameter that is given one: it is read
    from the row, as each account has another one. ``pick`` is how pgbench picks a card's number.
    """

    statements: list[Statement]
    made_id: str
    now: int
    versions: Mapping[str, str] = {}
    pick: str = "random(0, {last})"


class Sent(Struct, frozen=True):
    """A request to record: its path, its body, and what it brings besides an idempotency key."""

    path: str
    body: Mapping[str, Any] | None
    headers: Mapping[str, str]


GRANT: Final = Sent(
    f"/v1/customers/{dataset.resident_uuid(0)}/actions/grant-gift-card",
    {"credit": 500},
    {"X-API-Key": dataset.key(dataset.store_of(0))},
)


def record(url: str, sent: Sent = GRANT) -> Recorded:
    """Send a write about the first card or its owner through the application, and note it."""
    settings = Settings(database_url=url, secret=dataset.SECRET)
    tx = SqliteTx if url.startswith("sqlite") else PostgresTx
    now = dataset.instant(dataset.MOST)
    with (
        Path(os.devnull).open("w") as nowhere,
        redirect_stderr(nowhere),  # where the application logs
        _noted(tx) as statements,
        TestClient(create_app(settings, clock=lambda: now)) as client,
    ):
        client.get(f"/v1/giftcards/{dataset.card_id(0)}", headers=dict(GRANT.headers))
        if "X-Customer-Token" in sent.headers:  # now whoever sends it is known
            client.get("/v1/customer/profile", headers=dict(sent.headers))
        statements.clear()
        headers = {**sent.headers, "Idempotency-Key": IDEMPOTENCY_KEY}
        answer = client.post(sent.path, json=sent.body, headers=headers)
        assert answer.status_code == 200, answer.text
        return Recorded(list(statements), _made_id(answer.json(), statements), now)


def _made_id(answer: Any, noted: Sequence[Statement]) -> str:
    """Return the id in an answer or, of a redemption, that of the new lot."""
    if isinstance(answer, dict):
        return str(answer["id"])
    (lot,) = (dict(zip(each.query.parameters, each.values, strict=True))
              for each in noted if each.name == "lot_add")  # fmt: skip
    return str(lot["id"])


def pgbench_script(recorded: Recorded, cards: int, run: str) -> str:
    """Write what pgbench runs: the same statements in one transaction, for random cards."""
    lines = [
        f"\\set card {recorded.pick.format(last=cards - 1, blocks=cards // dataset.BLOCK - 1)}",
        dataset.PGBENCH.strip(), CARD.strip(),
        "\\set count :count + 1", "\\set serial :first + :count * 64 + :client_id",
        f"\\set now {recorded.now} + :count", "BEGIN;",
    ]  # fmt: skip
    for statement in recorded.statements:
        lines.append(" ".join(_in_pgbench(statement, recorded, run).split()) + ";")
    return "\n".join([*lines, "COMMIT;", ""])


def _in_pgbench(statement: Statement, recorded: Recorded, run: str) -> str:
    """Write a statement with its values, or with what stands for them."""
    names = statement.query.parameters
    given = dict(zip(names, statement.values, strict=True))

    def written(name: str) -> str:
        if name in recorded.versions:
            return _NAMED.sub(lambda found: written(found[1]), recorded.versions[name])
        return _expression(given[name], recorded, run)

    return _PARAMETER.sub(lambda found: written(names[int(found[1]) - 1]), statement.query.postgres)


def in_sqlite(recorded: Recorded) -> list[str]:
    """Write the statements for SQLite, whose values are named."""

    def written(found: re.Match[str]) -> str:
        return recorded.versions.get(found[1], found[0])

    return [_NAMED.sub(written, each.query.sqlite) for each in recorded.statements]


def values(recorded: Recorded, changed: Mapping[str, str], at: int) -> list[dict[str, Any]]:
    """Return the statements' values for another write: other ids (``changed``), another instant."""

    def other(value: Any) -> Any:
        if isinstance(value, list):
            return [other(one) for one in value]
        if isinstance(value, str):
            before, key, _ = value.partition(IDEMPOTENCY_KEY)  # a resident's has more before it
            return before + changed[key] if key else changed.get(value, value)
        if _is_instant(value):
            return at - (recorded.now - value)
        return value

    return [
        dict(zip(each.query.parameters, map(other, each.values), strict=True))
        for each in recorded.statements
    ]


def _is_instant(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > dataset.SINCE


def _expression(value: Any, recorded: Recorded, run: str) -> str:
    """Write a value as it differs from grant to grant, or as the literal that it was."""
    known = {
        recorded.made_id: MADE_SQL,
        dataset.card_id(0): CARD_SQL,
        dataset.resident_uuid(0): dataset.OWNER_SQL,
        dataset.store_id(0): STORE_SQL,
    }
    if isinstance(value, list):
        return f"ARRAY[{', '.join(_expression(one, recorded, run) for one in value)}]"
    if isinstance(value, str) and value in known:
        return known[value]
    if isinstance(value, str) and value.endswith(IDEMPOTENCY_KEY):  # a resident's has more before
        before = literal(value.removesuffix(IDEMPOTENCY_KEY) + run + "-")
        return f"{before} || to_hex(CAST(:serial AS bigint))"
    if _is_instant(value):
        return f"(CAST(:now AS bigint) - {recorded.now - value})"
    return literal(value)


def literal(value: Any) -> str:
    """Write a value in PostgreSQL's SQL."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, bytes):
        return f"'\\x{value.hex()}'"
    if isinstance(value, int):
        return str(value)
    # pgbench would take what follows a colon for one of its variables, in a text too
    text = str(value).replace("\\", "\\\\").replace("'", "''").replace(":", "\\072")
    return f"E'{text}'"


@contextmanager
def _noted(tx: type[PostgresTx] | type[SqliteTx]) -> Iterator[list[Statement]]:
    """Note every statement that an engine's transactions are asked for."""
    statements: list[Statement] = []

    def noting(method: str) -> Any:
        original = getattr(tx, method)

        async def noted(self: Any, query: str | Query, /, **values: Any) -> Any:
            known = named(query)
            given = tuple(values[name] for name in known.parameters)
            statements.append(Statement(known, given))
            return await original(self, query, **values)

        return mock.patch.object(tx, method, noted)

    async def many(self: Any, query: str | Query, rows: Sequence[Sequence[Any]], /) -> None:
        for row in rows:
            statements.append(Statement(named(query), tuple(row)))
        await original_many(self, query, rows)

    async def each(self: Any, query: str | Query, values: Sequence[Mapping[str, Any]], /) -> Any:
        known = named(query)
        for one in values:
            given = tuple(one[name] for name in known.parameters)
            statements.append(Statement(known, given))
        return await original_each(self, query, values)

    original_many, original_each = tx.many, tx.each
    with (
        noting("one"), noting("all"), noting("run"),
        mock.patch.object(tx, "many", many), mock.patch.object(tx, "each", each),
    ):  # fmt: skip
        yield statements
