"""The domain on a real database, driven from synchronous tests: a store and two residents."""

import asyncio
import re
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, Final

from gridgift.app import connect
from gridgift.domain import giftcards, grants, ledger, residents, stores
from gridgift.domain.giftcards import Terms
from gridgift.domain.grants import GrantRequest
from gridgift.domain.ids import new_id
from gridgift.domain.model import Caller, Entry, GiftCard, Resident
from gridgift.domain.residents import Identifier
from gridgift.settings import Settings
from gridgift.storage.letters import without_case
from tests.api import JO, KELLY, LOCK_WAIT, OWNER, SECRET, START

NAME_OF_TABLE: Final = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table'",
    "postgres": "SELECT tablename FROM pg_tables WHERE schemaname = 'public'",
}


class DomainFixture:
    """A database with a store; every operation runs as it does in the server."""

    def __init__(self, url: str) -> None:
        self.settings = Settings(database_url=url, secret=SECRET)
        self.engine = "postgres" if self.settings.sqlite_path is None else "sqlite"
        self.now = START
        self._runner = asyncio.Runner()
        self.database = self.run(self._connect())

    @classmethod
    @contextmanager
    def opened(cls, url: str) -> Iterator["DomainFixture"]:
        """Open a migrated, empty database and add a store and two residents."""
        domain = cls(url)
        try:
            domain.store = domain.write(stores.create, stores.NewStore("Moonwall", OWNER), new_id())
            domain.caller = Caller(domain.store.id, "key", new_id(), "request-1")
            for resident in (KELLY, JO):
                domain.write(residents.remember, resident)
            yield domain
        finally:
            domain.run(domain.database.close())
            domain._runner.close()

    def run(self, coroutine: Any) -> Any:
        """Run a coroutine in this fixture's event loop."""
        return self._runner.run(coroutine)

    def read(self, operation: Any, *args: Any, **kwargs: Any) -> Any:
        """Run a read."""
        return self.run(self.database.read(operation, *args, **kwargs))

    def write(self, operation: Any, *args: Any, **kwargs: Any) -> Any:
        """Run a write."""
        return self.run(self.database.write(operation, *args, **kwargs))

    def newcomer(self) -> Resident:
        """Remember a resident whom nobody has seen before."""
        avatar = uuid.uuid4()
        return self.write(residents.remember, Resident(str(avatar), f"new{avatar.hex[:20]}"))

    def grant(self, owner: Resident = KELLY, credit: int = 500, **terms: Any) -> GiftCard:
        """Grant a card."""
        to, granted = Identifier(uuid=owner.uuid), Terms(credit, **terms)
        change = self.write(grants.grant, GrantRequest(self.caller, to, granted, new_id()))
        card: GiftCard = change.card
        return card

    def card(self, card_id: str) -> GiftCard:
        """Read a card."""
        return self.read(giftcards.read, self.store.id, card_id)

    def entries(self, card_id: str) -> list[Entry]:
        """Read a card's chain."""
        return self.read(ledger.entries, self.store.id, "card", card_id)

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """Run a bare statement on a connection of its own and return its rows."""
        return self.run(bare_sql(self.settings.database_url, statement))

    def everything(self) -> bytes:
        """Return all that the database holds, as bytes to search in."""
        if self.settings.sqlite_path is not None:
            beside = self.settings.sqlite_path.parent.glob(self.settings.sqlite_path.name + "*")
            return b"".join(path.read_bytes() for path in beside)
        tables = [name for (name,) in self.sql(NAME_OF_TABLE["postgres"])]
        rows = [self.sql(f"SELECT t::text FROM {table} t") for table in tables]
        return repr(rows).encode()

    async def _connect(self) -> Any:
        return connect(self.settings, lambda: self.now)


async def bare_sql(url: str, statement: str) -> list[tuple[Any, ...]]:
    """Run a statement past the port, for looking and for breaking things."""
    path = Settings(database_url=url).sqlite_path
    if path is not None:
        import sqlite3

        with closing(sqlite3.connect(path, timeout=LOCK_WAIT)) as connection, connection:
            connection.create_function("without_case", 1, without_case)
            return connection.execute(statement).fetchall()
    import asyncpg

    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(statement)]
    finally:
        await connection.close()


def columns_of(fragment: str) -> list[str]:
    """Split a fragment of SQL into its columns; a subquery counts as one."""
    flat = re.sub(r"\([^()]*\)", lambda match: match[0].replace(",", ";"), fragment)
    return [" ".join(column.split()) for column in flat.split(",")]
