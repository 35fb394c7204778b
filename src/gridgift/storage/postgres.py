"""PostgreSQL 15 or newer through an asyncpg pool: time-outs on everything, bounded retries."""

import asyncio
import random
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg

from gridgift.storage.database import (
    Clock,
    ConstraintViolated,
    DatabaseRefused,
    DatabaseUnavailable,
    Operation,
    P,
    Row,
    T,
    TransactionConflict,
    system_clock,
)
from gridgift.storage.migrate import TABLE, Applied, Engine, Migration
from gridgift.storage.queries import Query, named

MINIMUM_POSTGRES: Final = 150_000
STATEMENT_TIMEOUT: Final = 10.0  # seconds
CONNECT_TIMEOUT: Final = 5.0
ATTEMPTS: Final = 8  # runs of one transaction before its conflict is passed on
MIGRATION_LOCK: Final = 0x67726964  # any number, the same for every replica

_CONFLICTS: Final = (
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.UniqueViolationError,  # by a row that was not there a moment ago
    TransactionConflict,
)
_UNAVAILABLE: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.PostgresSystemError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.ObjectNotInPrerequisiteStateError,  # among them: a lock that is not available
    asyncpg.ReadOnlySQLTransactionError,
    OSError,
    TimeoutError,
)
_VIOLATIONS: Final = (
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.RaiseError,
    asyncpg.DataError,
)
_COLUMNS: Final = re.compile(r"\((.*?)\)=\(")  # detail: Key (store_id, name)=(...) ...
_PARTITION: Final = re.compile(r"_\d+$")  # what a partition's or a shard's name adds
_UNNAMED_CHECK: Final = re.compile(r"_check\d*$")  # as PostgreSQL names a CHECK by itself


class PostgresTx:
    """The statements of one transaction on one pooled connection."""

    def __init__(self, connection: Any, clock: Clock) -> None:
        self.now = clock
        self._connection = connection

    async def one(self, query: str | Query, /, **values: Any) -> Row | None:
        """Return the first row, or None."""
        known = named(query)
        row: Row | None = await self._connection.fetchrow(
            known.postgres, *[values[name] for name in known.parameters]
        )
        return row

    async def all(self, query: str | Query, /, **values: Any) -> Sequence[Row]:
        """Return all rows."""
        known = named(query)
        rows: Sequence[Row] = await self._connection.fetch(
            known.postgres, *[values[name] for name in known.parameters]
        )
        return rows

    async def each(
        self, query: str | Query, values: Sequence[Mapping[str, Any]], /
    ) -> Sequence[Row]:
        """Run a statement once for each set of values, in one round trip; return all rows."""
        known = named(query)
        sets = [[each[name] for name in known.parameters] for each in values]
        rows: Sequence[Row] = await self._connection.fetchmany(known.postgres, sets)
        return rows

    async def run(self, query: str | Query, /, **values: Any) -> int:
        """Run a statement; answer how many rows it touched."""
        known = named(query)
        status: str = await self._connection.execute(
            known.postgres, *[values[name] for name in known.parameters]
        )
        return int(status.rpartition(" ")[2])

    async def many(self, query: str | Query, rows: Sequence[Row], /) -> None:
        """Run a statement once for each row, without waiting for one before sending the next."""
        known = named(query)
        await self._connection.executemany(known.postgres, rows)


class PostgresDatabase:
    """The ``Database`` port on a pool of connections."""

    engine: Engine = "postgres"
    group_commit = False

    def __init__(self, url: str, connections: int, clock: Clock = system_clock) -> None:
        self._url = url
        self._connections = connections
        self._clock = clock
        self._pool: asyncpg.Pool[Any] | None = None
        self._opening = asyncio.Lock()

    async def read(self, operation: Operation[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a read-only operation; each statement is a transaction of its own."""
        async with self._connection() as connection:
            return await operation(PostgresTx(connection, self._clock), *args, **kwargs)

    async def snapshot(self, operation: Operation[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a long read in one read-only transaction, REPEATABLE READ."""
        async with (
            self._connection() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            return await operation(PostgresTx(connection, self._clock), *args, **kwargs)

    async def write(self, operation: Operation[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run an operation in one transaction, again after a conflict, ``ATTEMPTS`` at most."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                async with self._connection() as connection, connection.transaction():
                    return await operation(PostgresTx(connection, self._clock), *args, **kwargs)
            except _CONFLICTS as error:
                if attempt == ATTEMPTS and isinstance(error, asyncpg.UniqueViolationError):
                    raise _violation(error) from error  # the other row is there to stay
                if attempt == ATTEMPTS:
                    raise DatabaseUnavailable("too many transactions in conflict") from error
                await asyncio.sleep(random.uniform(0, 0.005 * 2**attempt))  # noqa: S311
        raise AssertionError("unreachable")

    async def close(self) -> None:
        """Give running statements a few seconds, then close every connection."""
        if self._pool is not None:
            try:
                await asyncio.wait_for(self._pool.close(), STATEMENT_TIMEOUT)
            except TimeoutError:
                self._pool.terminate()

    async def applied_migrations(self) -> list[Applied]:
        """List what was applied. Raises ``DatabaseRefused`` if the server can't be asked."""
        async with self._for_migration() as connection:
            if not await connection.fetchval("SELECT to_regclass('migrations') IS NOT NULL"):
                return []
            rows = await connection.fetch(
                "SELECT version, name, checksum FROM migrations ORDER BY version"
            )
            return [Applied(*row) for row in rows]

    async def apply_migration(self, migration: Migration, now: int) -> None:
        """Apply one step under an advisory lock, unless another replica was faster."""
        async with self._for_migration() as connection, connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", MIGRATION_LOCK)
            await connection.execute(TABLE.format(instant="bigint"))
            done = await connection.fetchval(
                "SELECT 1 FROM migrations WHERE version = $1", migration.version
            )
            if done is None:
                await connection.execute(migration.text)
                await connection.execute(
                    "INSERT INTO migrations VALUES ($1, $2, $3, $4)",
                    migration.version,
                    migration.name,
                    migration.checksum,
                    now,
                )

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        """Yield a pooled connection and translate the driver's exceptions into the port's."""
        try:
            pool = self._pool or await self._open()
            async with pool.acquire(timeout=CONNECT_TIMEOUT) as connection:
                yield connection
        except asyncpg.UniqueViolationError:
            raise  # ``write`` may try again
        except _VIOLATIONS as error:
            raise _violation(error) from error
        except _UNAVAILABLE as error:
            raise DatabaseUnavailable(str(error) or type(error).__name__) from error

    async def _open(self) -> "asyncpg.Pool[Any]":
        async with self._opening:
            if self._pool is None:
                self._pool = await asyncpg.create_pool(
                    self._url,
                    min_size=1,
                    max_size=self._connections,
                    init=_set_codecs,
                    reset=_no_reset,
                    timeout=CONNECT_TIMEOUT,
                    command_timeout=STATEMENT_TIMEOUT + 2,
                    server_settings=_SERVER_SETTINGS,
                )
        return self._pool

    @asynccontextmanager
    async def _for_migration(self) -> AsyncIterator[Any]:
        """Open a connection of its own, whose statements may take their time."""
        try:
            connection = await asyncpg.connect(self._url, timeout=CONNECT_TIMEOUT)
        except (*_UNAVAILABLE, ValueError) as error:
            raise DatabaseRefused(
                f"The PostgreSQL server can't be used ({error}): check the address, the "
                "database's name, the user and the password."
            ) from error
        try:
            version = connection.get_server_version()
            if version.major * 10_000 < MINIMUM_POSTGRES:
                raise DatabaseRefused(
                    f"The server is PostgreSQL {version.major}; Gridgift needs 15 or newer."
                )
            yield connection
        except asyncpg.PostgresError as error:
            raise DatabaseRefused(
                f"The PostgreSQL server refused to be migrated ({error}): check the user's rights."
            ) from error
        finally:
            await connection.close(timeout=CONNECT_TIMEOUT)


_SERVER_SETTINGS: Final = {
    "application_name": "gridgift",
    "statement_timeout": str(int(STATEMENT_TIMEOUT * 1000)),
    "idle_in_transaction_session_timeout": str(int(STATEMENT_TIMEOUT * 1000)),
}


async def _set_codecs(connection: Any) -> None:
    """Exchange UUIDs as the text that the domain and the wire use."""
    await connection.set_type_codec(
        "uuid", schema="pg_catalog", encoder=str, decoder=str, format="text"
    )


async def _no_reset(connection: Any) -> None:
    """Reset nothing: no statement sets session state, so this saves a round trip."""


def _violation(error: Any) -> ConstraintViolated:
    return ConstraintViolated(_constraint_name(error), str(error))


def _constraint_name(error: Any) -> str:
    """Return the name of a violated constraint, in the form of ``ConstraintViolated.name``."""
    table = _PARTITION.sub("", error.table_name or "")
    constraint = error.constraint_name or ""
    match error:
        case asyncpg.UniqueViolationError():
            found = _COLUMNS.search(error.detail or "")
            columns = found[1] if found else ""
            return f"index {constraint}" if "(" in columns else f"{table}({columns})"
        case asyncpg.NotNullViolationError():
            return f"not null {table}({error.column_name})"
        case asyncpg.CheckViolationError():
            return "check" if _UNNAMED_CHECK.search(constraint) else f"check {constraint}"
        case asyncpg.ForeignKeyViolationError():
            return "foreign key"
        case asyncpg.RaiseError():
            return "trigger"
        case _:
            return "value"
