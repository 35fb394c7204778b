"""How a connection to PostgreSQL is opened: to a server that takes writes, in its own session.

A pooler in transaction mode lends one session to many clients. Prepared statements would then be
those of somebody else, so it is found out before the first statement of ours.
"""

import asyncio
from typing import Any, Final, TypeAlias

import asyncpg

from gridgift.logs import reason
from gridgift.storage.database import DatabaseRefused, DatabaseUnavailable
from gridgift.storage.postgres_address import read_address
from gridgift.storage.postgres_errors import PASSING, REFUSED, SHARED

MINIMUM_POSTGRES: Final = 15
STATEMENT_TIMEOUT: Final = 10.0  # seconds
POOLER_PROBES: Final = 5
POOLER_ANSWERS: Final = 1.0  # seconds

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

_BACKEND: Final = "SELECT pg_backend_pid()"
_UNSUPPORTED: Final = "unsupported startup parameter"  # in PgBouncer's words
_STATEMENT_MODE: Final = "not allowed in statement pooling mode"  # a transaction
_POOLED: Final = (
    "The address leads to a pooler that lends one session to many clients, as PgBouncer does in "
    "transaction mode: connect to PostgreSQL itself, or to a pooler in session mode."
)


class PostgresServer:
    """Opens connections to the server that an address names."""

    def __init__(self, url: str) -> None:
        """Read the address. Raises ``DatabaseRefused``."""
        self._address = read_address(url)
        self._keeps_sessions = False  # known of a pooler that was probed

    @property
    def timeout(self) -> float:
        """Seconds until an attempt to connect is given up."""
        return self._address.timeout

    async def connect(self, *, name: str = "gridgift", **options: Any) -> Connection:
        """Open a connection; ``name`` is what the server shows of it.

        Raises ``DatabaseRefused`` for what stays as it is until someone changes it, such as a wrong
        password, and ``DatabaseUnavailable`` for what may pass.
        """
        try:
            connection = await self._open(name, **options)
        except (*REFUSED, *PASSING, *SHARED) as error:
            raise _translated(error) from error
        try:
            await self._check(connection)
        except (*PASSING, *SHARED) as error:
            connection.terminate()
            raise _translated(error) from error
        except BaseException:
            connection.terminate()
            raise
        return connection

    async def _open(self, name: str, **options: Any) -> Connection:
        application = {"application_name": self._address.application_name or name}
        connection: Connection = await asyncpg.connect(
            **self._address.options, server_settings=application, **options
        )
        return connection

    async def _check(self, connection: Connection) -> None:
        version = connection.get_server_version()
        if version.major < MINIMUM_POSTGRES:
            raise DatabaseRefused(
                f"The server is PostgreSQL {version.major}; Gridgift needs {MINIMUM_POSTGRES} or "
                "newer."
            )
        encoding = connection.get_settings().server_encoding
        if encoding != "UTF8":  # which has not every character, or counts bytes
            raise DatabaseRefused(
                f"The database's encoding is {encoding}: make one with ENCODING 'UTF8', and move "
                "what is in this one there with pg_dump."
            )
        # A pooler tells its clients numbers of its own.
        direct = await connection.fetchval(_BACKEND) == connection.get_server_pid()
        if not direct and not self._keeps_sessions:
            self._keeps_sessions = await self._probe_pooler()
            if not self._keeps_sessions:
                raise DatabaseRefused(_POOLED)

    async def _probe_pooler(self) -> bool:
        """Tell whether a session stays with its client when another one is busy."""
        opened: list[Connection] = []
        try:
            async with asyncio.timeout(self.timeout):
                for _ in range(2):
                    opened.append(await self._open("gridgift probe", statement_cache_size=0))
                return await _keeps_sessions(*opened)
        except asyncpg.PostgresConnectionError as error:
            if _STATEMENT_MODE not in str(error):
                raise
            return False
        finally:
            for connection in opened:
                connection.terminate()


async def _keeps_sessions(one: Connection, other: Connection) -> bool:
    """Let another client take what one has let go of, whichever session the pooler lends next."""
    for turns in range(POOLER_PROBES):
        before = await _backend(one)
        for _ in range(turns):
            await _backend(other)
        await other.execute("BEGIN")
        await other.fetchval(_BACKEND)
        try:
            async with asyncio.timeout(POOLER_ANSWERS):
                if await _backend(one) != before:
                    return False
        except TimeoutError:  # it waits for the only session
            return False
        await other.execute("ROLLBACK")
    return True


async def _backend(connection: Connection) -> int:
    """Return the number of the server's process; in a transaction, where all is one session."""
    await connection.execute("BEGIN")
    number: int = await connection.fetchval(_BACKEND)
    await connection.execute("ROLLBACK")
    return number


def _translated(error: Exception) -> DatabaseRefused | DatabaseUnavailable:
    if isinstance(error, SHARED):
        return DatabaseRefused(_POOLED)
    if isinstance(error, REFUSED) or _UNSUPPORTED in str(error):
        return DatabaseRefused(
            f"The PostgreSQL server can't be used ({reason(error)}): check the address, the "
            "database's name, the user and the password."
        )
    return DatabaseUnavailable(reason(error))
