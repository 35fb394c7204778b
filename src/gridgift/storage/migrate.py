"""Migrations: ordered, checksummed ``.sql`` files, each applied once, in its own transaction.

A program's version is here the number of its newest migration. A migration says in its first line
which programs can serve what it makes: ``-- Served by programs from 0016 on.``, or ``-- Served by
programs that know it.`` The database keeps the number, for programs that are older than the step.
"""

import hashlib
import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Final, Literal, Protocol

from msgspec import Struct

from gridgift.storage.database import Database, DatabaseRefused, Tx
from gridgift.storage.queries import Query

Engine = Literal["sqlite", "postgres"]

# All columns: before migration 0016 there is none for the oldest program.
_APPLIED: Final = Query.parse("applied", "SELECT * FROM migrations ORDER BY version")
_SERVED_FROM: Final = re.compile(r"-- Served by programs from (\d{4}) on\.\n")

COLUMNS: Final = ("version", "name", "checksum", "applied_at")  # else it is another program's table
UNFINISHED: Final = 0  # the number under which an unfinished copy is marked

_TABLE: Final = """
CREATE TABLE IF NOT EXISTS migrations (
    version integer NOT NULL PRIMARY KEY,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at {} NOT NULL
)"""
_CREATE: Final = Query("create", _TABLE.format("integer"), _TABLE.format("bigint"), ())
# Every table and view but those of extensions, which are there for any program.
_OBJECTS: Final = Query(
    "objects",
    """SELECT m.name FROM sqlite_master m
    WHERE m.type IN ('table', 'view') AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
    ORDER BY m.name LIMIT 1""",
    """SELECT t.relname FROM pg_class t
    WHERE t.relnamespace = current_schema()::regnamespace
        AND t.relkind IN ('r', 'p', 'v', 'm', 'f')
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
            AND d.objid = t.oid AND d.deptype = 'e')
    ORDER BY t.relname LIMIT 1""",
    (),
)
_STEP: Final = Query.parse("step", "SELECT 1 FROM migrations WHERE version = :version")
_NOTE: Final = Query.parse(
    "note",
    "INSERT INTO migrations (version, name, checksum, applied_at) "
    "VALUES (:version, :name, :checksum, :now)",
)
_SERVED: Final = Query.parse(
    "served", "UPDATE migrations SET oldest_program = :oldest WHERE version = :version"
)


class Migration(Struct, frozen=True):
    """One step of the schema. ``checksum`` is the SHA-256 of its text.

    ``oldest_program`` is the version of the oldest program that can serve what it makes; None: none
    but those that know it.
    """

    version: int
    name: str
    text: str
    checksum: str
    oldest_program: int | None = None


class Applied(Struct, frozen=True):
    """A migration that a database says it has, and when it got it (milliseconds)."""

    version: int
    name: str
    checksum: str
    applied_at: int = 0
    oldest_program: int | None = None


class Migratable(Protocol):
    """What an engine offers so that ``migrate`` can bring its schema up to date."""

    engine: Engine

    async def applied_migrations(self) -> list[Applied]:
        """List what was applied, in order; an empty list for a fresh database, or none of ours."""

    async def apply_migration(self, migration: Migration, now: int) -> None:
        """Apply one step unless another process did so meanwhile."""


class Port(Database, Migratable, Protocol):
    """A database that can be migrated."""


@cache
def migrations(engine: Engine) -> tuple[Migration, ...]:
    """Read an engine's migrations, in order."""
    folder = files("gridgift.storage") / "migrations" / engine
    found = []
    for path in folder.iterdir():
        number, _, name = path.name.removesuffix(".sql").partition("_")
        text = path.read_text(encoding="utf-8")
        checksum = hashlib.sha256(text.encode()).hexdigest()
        served = _SERVED_FROM.match(text)
        oldest = None if served is None else int(served[1])
        found.append(Migration(int(number), name, text, checksum, oldest))
    return tuple(sorted(found, key=lambda migration: migration.version))


def pending(engine: Engine, applied: list[Applied]) -> list[Migration]:
    """Compare a database with this program's migrations and return what it lacks.

    Raises ``DatabaseRefused`` if the database is newer than what this program can serve, was
    migrated by files that are not these, or is an unfinished copy.
    """
    known = migrations(engine)
    if applied and applied[0].version == UNFINISHED:
        raise DatabaseRefused(
            "The database is an unfinished copy: run 'gridgift copy' with the same addresses again."
        )
    if served_from(applied[len(known) :]) > known[-1].version:
        newest = applied[-1]
        raise DatabaseRefused(
            f"The database is newer than this Gridgift (it has migration {newest.version:04d} "
            f"{newest.name}): install the newer Gridgift."
        )
    for there, ours in zip(applied, known, strict=False):
        if (there.version, there.checksum) != (ours.version, ours.checksum):
            raise DatabaseRefused(
                f"The database's migration {there.version:04d} {there.name} differs from this "
                "Gridgift's: it was made by another version; restore the version that made it."
            )
    return list(known[len(applied) :])


def served_from(steps: Sequence[Migration | Applied]) -> int:
    """Return the version of the oldest program that can serve what these steps make together."""
    return max((step.oldest_program or step.version for step in steps), default=0)


async def lacking_in(database: Port) -> list[Migration]:
    """Return what a database lacks that is Gridgift's, or empty.

    Raises ``DatabaseRefused`` as ``pending`` does, and if there are tables or views of another
    program and none of Gridgift's.
    """
    applied = await database.applied_migrations()
    if not applied:
        found = await database.read(_first_object)
        applied = await database.applied_migrations()  # another process may have been faster
        if found is not None and not applied:
            raise DatabaseRefused(
                f"Another program's tables are in the database ({found} is one): name an empty "
                "one, or on PostgreSQL a schema of its own."
            )
    return pending(database.engine, applied)


async def migrate_own(database: Port, now: int) -> list[Migration]:
    """Apply what a database lacks, and return it. Raises what ``lacking_in`` raises."""
    steps = await lacking_in(database)
    for migration in steps:
        await database.apply_migration(migration, now)
    return steps


async def migrate(database: Migratable, now: int) -> list[Migration]:
    """Apply what the database lacks, whoever else's tables are in it, and return it.

    ``now`` is in milliseconds since the epoch. Raises ``DatabaseRefused`` as ``pending`` does.
    """
    lacking = pending(database.engine, await database.applied_migrations())
    for migration in lacking:
        await database.apply_migration(migration, now)
    return lacking


async def apply(tx: Tx, migration: Migration, now: int) -> None:
    """Apply one step in a transaction, unless another process was faster."""
    await tx.one(_CREATE)
    if await tx.one(_STEP, version=migration.version) is not None:
        return
    await tx.script(migration.text)
    await tx.run(
        _NOTE,
        version=migration.version,
        name=migration.name,
        checksum=migration.checksum,
        now=now,
    )
    if migration.oldest_program is not None:
        await tx.run(_SERVED, oldest=migration.oldest_program, version=migration.version)


async def require_current(database: Migratable) -> None:
    """Raise ``DatabaseRefused`` unless this program can serve the schema."""
    _require_none(pending(database.engine, await database.applied_migrations()))


async def require_same(database: Migratable) -> None:
    """Raise ``DatabaseRefused`` unless the schema is exactly this program's."""
    applied = await database.applied_migrations()
    _require_none(pending(database.engine, applied))
    require_known(database.engine, applied)


def require_known(engine: Engine, applied: Sequence[Applied]) -> None:
    """Raise ``DatabaseRefused`` if a newer program has migrated the database."""
    if len(applied) > len(migrations(engine)):
        raise DatabaseRefused(
            "The database is newer than this Gridgift, which may serve it, and does not know all "
            "that it has: install the newer Gridgift."
        )


async def require_ready(database: Port) -> None:
    """Raise what keeps a running server from serving, asked by way of its own connections.

    Raises ``DatabaseUnavailable`` and ``DatabaseRefused``.
    """
    await database.check()
    _require_none(pending(database.engine, await database.read(_read_applied)))


async def _first_object(tx: Tx) -> str | None:
    row = await tx.one(_OBJECTS)
    return None if row is None else row[0]


async def _read_applied(tx: Tx) -> list[Applied]:
    return [Applied(*row) for row in await tx.all(_APPLIED)]


def _require_none(lacking: list[Migration]) -> None:
    if lacking:
        raise DatabaseRefused(
            f"The database lacks {len(lacking)} of this Gridgift's migrations: "
            "run 'gridgift migrate' first."
        )
