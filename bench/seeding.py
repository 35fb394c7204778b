"""Seeded databases: made once, kept in a folder, and copied for whoever writes into them."""

import asyncio
import contextlib
import hashlib
import multiprocessing
import os
import shutil
import sqlite3
from collections import deque
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from bench import dataset, rows
from bench.progress import Progress
from gridgift.app import connect, migrated, signer
from gridgift.domain import keys, stores
from gridgift.domain.model import Caller, Resident
from gridgift.domain.scopes import SCOPES
from gridgift.settings import Settings
from gridgift.storage.migrate import migrations

Engine = Literal["sqlite", "postgres"]

AHEAD: Final = 4  # chunks of rows that are made while one is inserted
OWNER: Final = Resident("a1b2c3d4-e5f6-4789-9abc-def012345678", "aria.moonwall")
# nobody reads the file before it is whole: what guards against a crash would only cost time
LOAD_PRAGMAS: Final = (
    "synchronous = OFF", "foreign_keys = OFF", "cache_size = -1000000",
    "locking_mode = EXCLUSIVE", "journal_mode = OFF",
)  # fmt: skip


class Seeds:
    """Databases with any number of cards, on either engine, as they are asked for.

    The names of those on PostgreSQL begin with ``prefix``, and those that do are for one user at a
    time.
    """

    def __init__(
        self,
        folder: Path,
        postgres_url: str | None,
        progress: Progress,
        prefix: str = "gridgift_bench",
    ) -> None:
        self.prefix = prefix
        self.folder = folder
        self.postgres_url = postgres_url
        self.progress = progress
        self._copies = 0
        folder.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def copy(self, engine: Engine, cards: int) -> Iterator[str]:
        """Copy a seeded database for the time of a measurement and give its URL."""
        self._copies += 1
        name = f"{self.prefix}_copy_{os.getpid()}_{self._copies}"
        made = self._copied_file if engine == "sqlite" else self._copied_database
        with made(cards, name) as url:
            yield url

    def sqlite(self, cards: int) -> Path:
        """Return the file with so many cards; make it if it is not there."""
        path = self.folder / f"{cards}-{version('sqlite')}.db"
        if not path.exists():
            for old in self.folder.glob(f"{cards}-*.db*"):
                old.unlink()
            draft = path.with_suffix(".draft")
            for left in self.folder.glob(f"{draft.name}*"):
                left.unlink()
            asyncio.run(prepare(f"sqlite:///{draft}"))
            _fill_sqlite(draft, cards, self.progress)
            draft.rename(path)
        return path

    def postgres(self, cards: int) -> str:
        """Return the name of the database with so many cards; make it if it is not there."""
        prefix = f"{self.prefix}_{cards}_"
        name = prefix + version("postgres")
        if name not in self._databases(prefix):
            for old in self._databases(prefix):
                self._execute(f"DROP DATABASE {old} WITH (FORCE)")
            draft = f"{self.prefix}_draft_{os.getpid()}"
            self._execute(f"DROP DATABASE IF EXISTS {draft}", f"CREATE DATABASE {draft}")
            try:
                asyncio.run(self._fill_postgres(self.url_of(draft), cards))
                self._execute(f"ALTER DATABASE {draft} RENAME TO {name}")
            finally:
                self._execute(f"DROP DATABASE IF EXISTS {draft} WITH (FORCE)")
        return name

    def url_of(self, database: str) -> str:
        """Return the address of a database on the PostgreSQL server."""
        assert self.postgres_url is not None
        return urlunsplit(urlsplit(self.postgres_url)._replace(path=f"/{database}"))

    @contextmanager
    def _copied_file(self, cards: int, name: str) -> Iterator[str]:
        seed, path = self.sqlite(cards), self.folder / f"{name}.db"
        self.progress.say(f"copying {cards:,} cards")
        try:
            shutil.copyfile(seed, path)
            _flush(path)
            yield f"sqlite:///{path}"
        finally:
            for left in self.folder.glob(f"{name}.db*"):
                left.unlink()

    @contextmanager
    def _copied_database(self, cards: int, name: str) -> Iterator[str]:
        seed = self.postgres(cards)
        self.progress.say(f"copying {cards:,} cards on PostgreSQL")
        try:
            self._execute(f"CREATE DATABASE {name} TEMPLATE {seed} STRATEGY FILE_COPY")
            yield self.url_of(name)
        finally:
            self._execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    async def _fill_postgres(self, url: str, cards: int) -> None:
        await prepare(url)
        connection = await asyncpg.connect(url)
        try:
            with self.progress.bar(f"seeding {cards:,} cards on PostgreSQL", cards) as advance:
                for tables in made(cards):
                    for table, found in tables.items():
                        await connection.copy_records_to_table(
                            table, records=found, columns=rows.COLUMNS[table]
                        )
                    advance(len(tables["gift_cards"]))
            await connection.execute("VACUUM (ANALYZE)")
            with contextlib.suppress(asyncpg.InsufficientPrivilegeError):
                await connection.execute("CHECKPOINT")
        finally:
            await connection.close()

    def _databases(self, prefix: str) -> list[str]:
        found = self._execute("SELECT datname FROM pg_database")
        return [name for (name,) in found if name.startswith(prefix)]

    def _execute(self, *statements: str) -> list[Any]:
        async def run() -> list[Any]:
            connection = await asyncpg.connect(self.postgres_url)
            try:
                return [await connection.fetch(statement) for statement in statements][-1]
            finally:
                await connection.close()

        return asyncio.run(run())


def version(engine: Engine) -> str:
    """Name what a seeded database depends on: the schema, and the programs that fill it."""
    digest = hashlib.sha256()
    for migration in migrations(engine):
        digest.update(migration.checksum.encode())
    for source in (__file__, rows.__file__, dataset.__file__):
        digest.update(Path(source).read_bytes())
    return digest.hexdigest()[:8]


async def prepare(url: str) -> None:
    """Migrate a database and give it the stores and their keys."""
    settings = Settings(database_url=url, secret=dataset.SECRET)
    await migrated(settings)
    database = connect(settings, lambda: dataset.SINCE)
    try:
        for number in range(dataset.STORES):
            new = stores.NewStore(f"Store {number}", OWNER)
            await database.write(stores.create, new, dataset.store_id(number))
            await database.write(
                keys.create, Caller(dataset.store_id(number), "operator", "bench", ""),
                signer(settings), "bench", list(SCOPES),
                dataset.new_credential(number),
            )  # fmt: skip
    finally:
        await database.close()


def made(cards: int) -> Iterator[dict[str, list[rows.Row]]]:
    """Make all rows in the order of the cards, a few chunks ahead, on the machine's other core."""
    waiting: deque[Any] = deque()
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        for span in rows.chunks(cards):
            waiting.append(pool.apply_async(rows.seeded, span))
            if len(waiting) > AHEAD:
                yield waiting.popleft().get()
        while waiting:
            yield waiting.popleft().get()


def _fill_sqlite(path: Path, cards: int, progress: Progress) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        for pragma in LOAD_PRAGMAS:
            raw.execute(f"PRAGMA {pragma}")
        with progress.bar(f"seeding {cards:,} cards on SQLite", cards) as advance:
            for tables in made(cards):
                raw.execute("BEGIN")
                for table, found in tables.items():
                    raw.executemany(rows.insert(table), found)
                raw.execute("COMMIT")
                advance(len(tables["gift_cards"]))
        raw.execute("PRAGMA journal_mode = WAL")
    _flush(path)


def _flush(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
