"""The statements of one grant as the server sends them: recorded while the application runs."""

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

IDEMPOTENCY_KEY: Final = "bench-0123456789abcdef0123456789"
_PARAMETER: Final = re.compile(r"\$(\d+)")

# what differs from grant to grant, in pgbench's terms; the client's number keeps them apart
CARD_SQL: Final = (
    "CAST('01aaaaaa-0000-7000-8000-' || lpad(to_hex(CAST(:serial AS bigint)), 12, '0') AS uuid)"
)
STORE_SQL: Final = (
    f"CAST('{dataset.store_id(0)[:-12]}' || lpad(to_hex(CAST(:store AS bigint)), 12, '0') AS uuid)"
)


class Statement(Struct, frozen=True):
    """A statement with the values that one grant gave it, in the order of its parameters."""

    name: str
    sql: str
    values: tuple[Any, ...]


class Recorded(Struct, frozen=True):
    """The statements of one grant, and the values by which to know what differs."""

    statements: list[Statement]
    card_id: str
    now: int


def record(url: str) -> Recorded:
    """Grant a card to the first owner through the application, and note what is asked for it."""
    settings = Settings(database_url=url, secret=dataset.SECRET)
    now = dataset.instant(dataset.MOST)
    with (
        Path(os.devnull).open("w") as nowhere,
        redirect_stderr(nowhere),  # where the application logs
        _noted() as statements,
        TestClient(create_app(settings, clock=lambda: now)) as client,
    ):
        headers = {"X-API-Key": dataset.key(dataset.store_of(0))}
        client.get(f"/v1/giftcards/{dataset.card_id(0)}", headers=headers)  # the key is known then
        statements.clear()
        answer = client.post(
            f"/v1/customers/{dataset.resident_uuid(0)}/actions/grant-gift-card",
            json={"credit": 500},
            headers=headers | {"Idempotency-Key": IDEMPOTENCY_KEY},
        )
        assert answer.status_code == 200, answer.text
        return Recorded(list(statements), answer.json()["id"], now)


def pgbench_script(recorded: Recorded, cards: int, run: str) -> str:
    """Write what pgbench runs: the same statements in one transaction, for random owners."""
    lines = [
        f"\\set card random(0, {cards - 1})", dataset.PGBENCH.strip(),
        "\\set count :count + 1", "\\set serial :first + :count * 64 + :client_id",
        f"\\set now {recorded.now} + :count", "BEGIN;",
    ]  # fmt: skip
    for statement in recorded.statements:

        def value(match: re.Match[str], values: tuple[Any, ...] = statement.values) -> str:
            return _expression(values[int(match[1]) - 1], recorded, run)

        lines.append(" ".join(_PARAMETER.sub(value, statement.sql).split()) + ";")
    return "\n".join([*lines, "COMMIT;", ""])


def _expression(value: Any, recorded: Recorded, run: str) -> str:
    """Write a value as it differs from grant to grant, or as the literal that it was."""
    known = {
        recorded.card_id: CARD_SQL,
        dataset.resident_uuid(0): dataset.OWNER_SQL,
        dataset.store_id(0): STORE_SQL,
        IDEMPOTENCY_KEY: f"'{run}-' || to_hex(CAST(:serial AS bigint))",
    }
    if isinstance(value, list):
        return f"ARRAY[{', '.join(_expression(one, recorded, run) for one in value)}]"
    if isinstance(value, str) and value in known:
        return known[value]
    if isinstance(value, int) and not isinstance(value, bool) and value > dataset.SINCE:
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
def _noted() -> Iterator[list[Statement]]:
    """Note every statement that a PostgreSQL transaction is asked for."""
    statements: list[Statement] = []

    def noting(method: str) -> Any:
        original = getattr(PostgresTx, method)

        async def noted(self: PostgresTx, query: str | Query, /, **values: Any) -> Any:
            known = named(query)
            given = tuple(values[name] for name in known.parameters)
            statements.append(Statement(known.name, known.postgres, given))
            return await original(self, query, **values)

        return mock.patch.object(PostgresTx, method, noted)

    async def many(self: PostgresTx, query: str | Query, rows: Sequence[Sequence[Any]], /) -> None:
        for row in rows:
            statements.append(Statement(named(query).name, named(query).postgres, tuple(row)))
        await original_many(self, query, rows)

    async def each(
        self: PostgresTx, query: str | Query, values: Sequence[Mapping[str, Any]], /
    ) -> Any:
        known = named(query)
        for one in values:
            given = tuple(one[name] for name in known.parameters)
            statements.append(Statement(known.name, known.postgres, given))
        return await original_each(self, query, values)

    original_many, original_each = PostgresTx.many, PostgresTx.each
    with (
        noting("one"), noting("all"), noting("run"),
        mock.patch.object(PostgresTx, "many", many), mock.patch.object(PostgresTx, "each", each),
    ):  # fmt: skip
        yield statements
