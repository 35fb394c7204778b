"""Emptying a PostgreSQL database, so that another test finds it as if it had just been made."""

from typing import Any, Final

import asyncpg
from msgspec import Struct

GROWTH: Final = 2_000_000  # bytes by which a database may grow and still be worth emptying
LEAVES: Final = 5_000  # milliseconds in which PostgreSQL ends a connection that was left open

# Every change of a schema changes rows here; a copied database has the transaction ids of its
# template in them.
CATALOGUES: Final = (
    "pg_attrdef", "pg_attribute", "pg_class", "pg_constraint", "pg_default_acl",
    "pg_event_trigger", "pg_extension", "pg_index", "pg_namespace", "pg_proc", "pg_trigger",
    "pg_type",
)  # fmt: skip
SCHEMA: Final = " UNION ALL ".join(
    f"SELECT '{name}', count(*), sum(xmin::text::bigint) FROM {name}" for name in CATALOGUES
)
SETTINGS: Final = (
    "SELECT datallowconn, datconnlimit, datacl::text, "
    "(SELECT count(*) FROM pg_db_role_setting WHERE setdatabase = pg_database.oid) "
    "FROM pg_database WHERE datname = current_database()"
)
MIGRATIONS: Final = "SELECT * FROM migrations ORDER BY version"
END_OTHERS: Final = (
    f"SELECT pg_terminate_backend(pid, {LEAVES}) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
TABLES: Final = (
    "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition "
    "AND relnamespace = 'public'::regnamespace AND relname <> 'migrations'"
)
TOUCHED: Final = (
    "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace "
    "AND relname <> 'migrations' AND pg_relation_size(oid) > 0"
)


class Fingerprint(Struct, frozen=True):
    """What emptying does not restore: the schema, settings, migrations; and the size in bytes.

    ``has_rows`` tells whether there are rows, which emptying would not restore either.
    """

    state: list[tuple[Any, ...]]
    size: int
    has_rows: bool

    def is_restorable(self, now: "Fingerprint") -> bool:
        """Tell whether emptying brings a database that is so now back to what it was."""
        fits = now.state == self.state and now.size <= self.size + GROWTH
        return fits and not self.has_rows


async def fingerprint(connection: "asyncpg.Connection[Any]") -> Fingerprint:
    """Take the fingerprint of the migrated database to which this is a connection."""
    state = [
        tuple(row)
        for statement in (SCHEMA, SETTINGS, MIGRATIONS)
        for row in await connection.fetch(statement)
    ]
    size = await connection.fetchval("SELECT pg_database_size(current_database())")
    tables = await _names(connection, TABLES)
    filled = " OR ".join(f"EXISTS (SELECT FROM {name})" for name in tables)
    return Fingerprint(state, size, await connection.fetchval(f"SELECT {filled}"))


async def emptied(connection: "asyncpg.Connection[Any]", before: Fingerprint) -> bool:
    """Empty a database, unless a test has changed more than rows; tell whether it was emptied.

    As a replica, PostgreSQL runs no trigger: neither the one that keeps the ledger's entries nor
    those of foreign keys. VACUUM leaves no page of a table, so that rows will again be found in
    the order in which they come, which is not so among dead rows. With FREEZE it waits for a page
    that a checkpoint is writing, which it would pass over otherwise.
    """
    await connection.execute(END_OTHERS)
    if not before.is_restorable(await fingerprint(connection)):
        return False
    if touched := await _names(connection, TOUCHED):
        deletions = "; ".join(f"DELETE FROM {name}" for name in touched)
        await connection.execute(f"SET session_replication_role = replica; {deletions}")
        await connection.execute(f"VACUUM (FREEZE, INDEX_CLEANUP ON) {', '.join(touched)}")
    await connection.execute("SELECT pg_stat_reset()")
    return not await _names(connection, TOUCHED)


async def _names(connection: "asyncpg.Connection[Any]", statement: str) -> list[str]:
    return [name for (name,) in await connection.fetch(statement)]
