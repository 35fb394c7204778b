"""The schema hash-partitioned by store, as a sharded engine spreads it."""

import asyncio
import re
from typing import Final

import msgspec

from gridgift.storage.migrate import migrations
from gridgift.storage.postgres import PostgresDatabase

PARTITIONS: Final = 8
_TABLE: Final = re.compile(r"^CREATE TABLE (\w+) \((.*?)^\);", re.MULTILINE | re.DOTALL)

# Small, or the grid's and no store's: a sharded engine keeps a copy on every node.
REFERENCE: Final = frozenset(
    {
        "feed", "operator_links", "operator_recovery_codes", "operator_second_factors",
        "operator_sessions", "operator_sign_ins", "operator_stores", "operators", "residents",
        "resident_names", "server_secret", "stores", "unit_stores",
    }
)  # fmt: skip


def rewritten(text: str) -> str:
    """Partition every table of a migration that has a store."""
    return _TABLE.sub(_partitioned, text)


def _partitioned(table: re.Match[str]) -> str:
    name, columns = table.groups()
    if not re.search(r"^\s+store_id ", columns, re.MULTILINE):
        return table[0]
    parts = [
        f"CREATE TABLE {name}_{number} PARTITION OF {name} "
        f"FOR VALUES WITH (MODULUS {PARTITIONS}, REMAINDER {number});"
        for number in range(PARTITIONS)
    ]
    return "\n".join([f"{table[0][:-1]} PARTITION BY HASH (store_id);", *parts])


def migrate_partitioned(url: str) -> None:
    """Apply the migrations, rewritten; the database says that it has the real ones."""
    asyncio.run(_migrate(url))


async def _migrate(url: str) -> None:
    database = PostgresDatabase(url, 1)
    try:
        for step in migrations("postgres"):
            changed = msgspec.structs.replace(step, text=rewritten(step.text))
            await database.apply_migration(changed, 1)
    finally:
        await database.close()
