"""What an engine does for a statement: which tables it reads without an index, and how much."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import asyncpg
from msgspec import Struct

from gridgift.storage.letters import without_case
from gridgift.storage.queries import Query
from tests.storage.filled import BIG

STEPS: Final = 100  # of SQLite's machine, counted at once


class Plan(Struct, frozen=True):
    """Scans of big tables without an index, sorts, and the work that running it was.

    ``work`` is in rows that were looked at; on SQLite in fifths of the steps of its machine.
    """

    scans: list[str]
    sorts: list[str]
    work: int


def of_sqlite(path: Path, query: Query, values: dict[str, Any]) -> list[Plan]:
    """Ask SQLite, then run the statement and take it back."""
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.create_function("without_case", 1, without_case)
        lines = [row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {query.sqlite}", values)]
        steps = 0

        def count() -> None:
            nonlocal steps
            steps += STEPS

        raw.execute("PRAGMA query_only = OFF")
        raw.execute("BEGIN")
        raw.set_progress_handler(count, STEPS)
        raw.execute(query.sqlite, values).fetchall()
        raw.set_progress_handler(None, STEPS)
        raw.execute("ROLLBACK")
    scans = [line for line in lines if line.startswith("SCAN ") and line.split()[1] in names()]
    for line in lines:  # what a subquery yields is read once, and has its name
        if line.startswith("CO-ROUTINE ") and f"SCAN {line.split()[1]}" in scans:
            scans.remove(f"SCAN {line.split()[1]}")
    sorts = [line for line in lines if "TEMP B-TREE FOR" in line and "ORDER BY" in line]
    return [Plan(scans, sorts, steps // 5)]


def names() -> set[str]:
    """The names under which SQLite shows big tables: their own, and what statements call them."""
    return set(BIG) | {"b", "c", "e", "h", "l", "n", "r"}


async def of_postgres(url: str, query: Query, values: dict[str, Any]) -> list[Plan]:
    """Ask PostgreSQL for its plan with these values, and for the one that serves all values."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(f"PREPARE it AS {query.postgres}")
        plans = []
        for mode in ("force_custom_plan", "force_generic_plan"):
            await connection.execute(f"SET plan_cache_mode = {mode}")
            plans.append(await _explained(connection, query, values))
        return plans
    finally:
        await connection.close()


async def nodes_of_postgres(url: str, query: Query, values: dict[str, Any]) -> list[Any]:
    """Ask PostgreSQL for the nodes of its plan that serves all values."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(f"PREPARE it AS {query.postgres}")
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        return list(walk(await explain(connection, query, values)))
    finally:
        await connection.close()


async def _explained(connection: Any, query: Query, values: dict[str, Any]) -> Plan:
    nodes = list(walk(await explain(connection, query, values, "ANALYZE, TIMING OFF,")))
    scans = [
        f"{node['Node Type']} of {node.get('Relation Name', node.get('Index Name'))}"
        for node in nodes
        if "Scan" in node["Node Type"] and _is_unbounded(node)
    ]
    work = sum(
        node["Actual Loops"] * (node["Actual Rows"] + node.get("Rows Removed by Filter", 0))
        for node in nodes
        if "Scan" in node["Node Type"]
    )
    sorts = [f"sort by {node['Sort Key']}" for node in nodes if "Sort" in node["Node Type"]]
    return Plan(scans, sorts, int(work))


def _is_unbounded(node: dict[str, Any]) -> bool:
    """Tell a scan that reads a big table, or a whole index of one, from end to end."""
    if node["Node Type"] == "Seq Scan":
        return node["Relation Name"] in BIG
    if node["Node Type"].startswith(("Index", "Bitmap Index")):
        return "Index Cond" not in node
    return False


async def explain(
    connection: Any, query: Query, values: dict[str, Any], options: str = ""
) -> dict[str, Any]:
    """Explain the prepared statement ``it`` with these values; leave no trace of it."""
    literals = ", ".join(_literal(values[name]) for name in query.parameters)
    called = f"it({literals})" if literals else "it"
    transaction = connection.transaction()
    await transaction.start()
    try:
        text = await connection.fetchval(f"EXPLAIN ({options} FORMAT JSON) EXECUTE {called}")
    finally:
        await transaction.rollback()
    plan: dict[str, Any] = json.loads(text)[0]["Plan"]
    return plan


def walk(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a plan's nodes."""
    yield node
    for child in node.get("Plans", []):
        yield from walk(child)


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        return f"'\\x{value.hex()}'"
    if isinstance(value, list):
        return "'{" + ",".join(value) + "}'"
    return f"'{value}'"
