"""PostgreSQL 15 or newer through an asyncpg pool: time-outs on everything, bounded retries."""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg

from gridgift.logs import reason
from gridgift.storage.database import (
    ATTEMPTS,
    Clock,
    DatabaseRefused,
    DatabaseUnavailable,
    Operation,
    P,
    Row,
    T,
    system_clock,
)
from gridgift.storage.migrate import COLUMNS, Applied, Engine, Migration, apply
from gridgift.storage.postgres_errors import (
    CONFLICTS,
    LASTING,
    PASSING,
    UNAVAILABLE,
    VIOLATIONS,
    violation,
)
from gridgift.storage.postgres_server import STATEMENT_TIMEOUT, Connection, PostgresServer
from gridgift.storage.queries import Query, named

LOCK_WAIT: Final = 2  # seconds that a step of a migration waits for a lock, and requests behind it
LOCK_TRIES: Final = 15
MIGRATION_LOCK: Final = 0x67726964  # any number, the same for every replica


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

    async def script(self, text: str, /) -> None:
        """Run statements in the engine's own SQL, as a migration has them."""
        await self._connection.execute(text)


class PostgresDatabase:
    """The ``Database`` port on a pool of connections."""

    engine: Engine = "postgres"
    group_commit = False

    def __init__(self, url: str, connections: int, clock: Clock = system_clock) -> None:
        """Read the address; nothing is connected to yet. Raises ``DatabaseRefused``."""
        self._server = PostgresServer(url)
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
            except CONFLICTS as error:
                if attempt == ATTEMPTS and isinstance(error, LASTING):
                    raise violation(error) from error
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

    async def check(self) -> None:
        """Ask the server by the pool, as a request would, whether it takes writes."""
        async with self._connection() as connection:
            is_read_only, may_write = await connection.fetchrow(_TAKES_WRITES)
            if is_read_only:
                raise asyncpg.ReadOnlySQLTransactionError("the server takes no writes")
            if not may_write:
                raise asyncpg.InsufficientPrivilegeError("the user may not write the table entries")

    async def applied_migrations(self) -> list[Applied]:
        """List what was applied. Raises ``DatabaseRefused`` if the server can't be asked."""
        async with self._for_migration() as connection:
            found = {name for (name,) in await connection.fetch(_COLUMNS)}
            if not found.issuperset(COLUMNS):
                return []
            rows = await connection.fetch("SELECT * FROM migrations ORDER BY version")
            return [Applied(*row) for row in rows]

    async def apply_migration(self, migration: Migration, now: int) -> None:
        """Apply one step under an advisory lock, unless another replica was faster.

        Requests queue behind a step that waits for a lock, so it soon lets them pass and tries
        again. Raises ``DatabaseUnavailable`` if the lock is held all the time.
        """
        async with self._for_migration() as connection:
            for _ in range(LOCK_TRIES):
                try:
                    async with connection.transaction():
                        await connection.execute("SELECT pg_advisory_xact_lock($1)", MIGRATION_LOCK)
                        await connection.execute(f"SET LOCAL lock_timeout = '{LOCK_WAIT}s'")
                        return await apply(PostgresTx(connection, self._clock), migration, now)
                except asyncpg.LockNotAvailableError:
                    await asyncio.sleep(LOCK_WAIT / 2)
        raise DatabaseUnavailable(
            f"other transactions hold what migration {migration.version:04d} has to change"
        )

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        """Yield a pooled connection and translate the driver's exceptions into the port's."""
        pool = self._pool or await self._open()
        try:
            async with pool.acquire(timeout=self._server.timeout) as connection:
                yield connection
        except CONFLICTS:
            raise  # ``write`` may try again
        except VIOLATIONS as error:
            raise violation(error) from error
        except UNAVAILABLE as error:
            if isinstance(error, asyncpg.ReadOnlySQLTransactionError):
                await pool.expire_connections()  # another server is the primary now
            raise DatabaseUnavailable(reason(error)) from error

    async def _open(self) -> "asyncpg.Pool[Any]":
        """Make the pool; a connection is opened when one is needed and none is idle."""
        async with self._opening:
            if self._pool is None:
                self._pool = await asyncpg.create_pool(
                    min_size=0,
                    max_size=self._connections,
                    connect=self._connect,
                    init=_prepare,
                    reset=_no_reset,
                    command_timeout=STATEMENT_TIMEOUT + 2,
                )
        return self._pool

    async def _connect(self, *_: Any, **options: Any) -> Connection:
        """Connect for the pool: what was right at the start may be right again."""
        try:
            return await self._server.connect(**options)
        except DatabaseRefused as error:
            raise DatabaseUnavailable(str(error)) from error

    @asynccontextmanager
    async def _for_migration(self) -> AsyncIterator[Connection]:
        """Open a connection of its own, whose statements may take their time."""
        connection = await self._server.connect()
        try:
            yield connection
        except PASSING as error:
            raise DatabaseUnavailable(reason(error)) from error
        except asyncpg.PostgresError as error:
            raise DatabaseRefused(
                f"The PostgreSQL server refused to be migrated ({reason(error)}): check the user's "
                "rights."
            ) from error
        finally:
            await _left(connection)


_COLUMNS: Final = "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass('migrations')"
_TAKES_WRITES: Final = (  # every write that moves money makes an entry
    "SELECT current_setting('transaction_read_only') = 'on', "
    "has_table_privilege('entries', 'INSERT')"
)
_SESSION: Final = {  # set by statements: poolers in session mode take them so, too
    "statement_timeout": str(int(STATEMENT_TIMEOUT * 1000)),
    "idle_in_transaction_session_timeout": str(int(STATEMENT_TIMEOUT * 1000)),
    "plan_cache_mode": "force_generic_plan",  # a statement is planned once (decision 78)
}
_AWAIT_COMMITS: Final = (  # a database or a user may have it off; what is stricter stays
    "SELECT set_config('synchronous_commit', 'on', false) "
    "WHERE current_setting('synchronous_commit') = 'off'"
)


async def _prepare(connection: Any) -> None:
    """Set what a session needs, and exchange UUIDs as the text that the domain and the wire use."""
    settings = (f"SET {name} = {text}" for name, text in _SESSION.items())
    await connection.execute("; ".join((*settings, _AWAIT_COMMITS)))
    await connection.set_type_codec(
        "uuid", schema="pg_catalog", encoder=str, decoder=str, format="text"
    )


async def _no_reset(connection: Any) -> None:
    """Reset nothing: no statement sets session state, so this saves a round trip."""


async def _left(connection: Connection) -> None:
    """Say farewell to the server, if it listens."""
    try:
        await connection.close(timeout=STATEMENT_TIMEOUT)
    except PASSING:
        connection.terminate()
