"""The tables as the database itself describes them, so that a new one is copied by itself.

Rows have one form on both engines: whole numbers, texts, bytes and None; truth values are 0
and 1, UUIDs are lower-case text.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from functools import cache
from graphlib import TopologicalSorter
from typing import Any, Final

import msgspec
from msgspec import Struct

from gridgift.storage.database import DatabaseRefused, Tx
from gridgift.storage.migrate import migrations
from gridgift.storage.queries import Query

PAGE: Final = 500  # rows read and written together; a row has at most a request's body
DIGEST_BITS: Final = 256
LEDGER: Final = "entries"

_NAMES: Final = Query(
    "names",
    """SELECT m.name FROM sqlite_master m
    WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY m.name""",
    """SELECT t.relname FROM pg_class t
    WHERE t.relnamespace = current_schema()::regnamespace AND t.relkind IN ('r', 'p')
        AND NOT t.relispartition
    ORDER BY t.relname""",
    (),
)
# table, column, place in the primary key (0: none), whether it holds truth values
_COLUMNS: Final = Query(
    "columns",
    """SELECT m.name, c.name, c.pk, 0 FROM sqlite_master m JOIN pragma_table_info(m.name) c
    WHERE m.type = 'table' AND m.name IN (SELECT value FROM json_each(:names))
    ORDER BY m.name, c.cid""",
    """SELECT t.relname, a.attname, COALESCE(k.place, 0), a.atttypid = 'bool'::regtype
    FROM pg_class t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0
        AND NOT a.attisdropped
    LEFT JOIN (pg_constraint p CROSS JOIN unnest(p.conkey) WITH ORDINALITY AS k (number, place))
        ON p.conrelid = t.oid AND p.contype = 'p' AND k.number = a.attnum
    WHERE t.relnamespace = current_schema()::regnamespace AND t.relname = ANY($1::text[])
    ORDER BY t.relname, a.attnum""",
    ("names",),
)
# table, the table that it refers to
_PARENTS: Final = Query(
    "parents",
    """SELECT m.name, k."table" FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) k
    WHERE m.type = 'table' AND m.name IN (SELECT value FROM json_each(:names))""",
    """SELECT c.relname, p.relname FROM pg_constraint f JOIN pg_class c ON c.oid = f.conrelid
    JOIN pg_class p ON p.oid = f.confrelid
    WHERE f.contype = 'f' AND c.relnamespace = current_schema()::regnamespace
        AND c.relname = ANY($1::text[])""",
    ("names",),
)

Values = list[Any]
Advance = Callable[[str, int], None]  # a table, and how many of its rows were just dealt with
_NOTES: Final = frozenset({"migrations", "copy_progress"})  # an empty database may have rows here
_MADE: Final = re.compile(r"^CREATE TABLE (\w+)", re.MULTILINE)


class Table(Struct, frozen=True):
    """A table: its columns in order, its primary key, and the columns that hold truth values."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    booleans: frozenset[str]

    def key_of(self, row: Values) -> Values:
        """Return a row's primary key."""
        return [row[self.columns.index(column)] for column in self.key]

    def typed(self, row: Values) -> Values:
        """Return a row's values as the engine takes them."""
        return [
            bool(value) if column in self.booleans and value is not None else value
            for column, value in zip(self.columns, row, strict=True)
        ]

    def page(self, *, first: bool) -> Query:
        """Select the first rows in the order of the key, or those after a key."""
        key = _listed(self.key)
        after = "" if first else f"WHERE ({key}) > ({{}}) "
        text = f"SELECT {_listed(self.columns)} FROM {_quoted(self.name)} {after}"
        return _query(f"{text}ORDER BY {key} LIMIT {PAGE}", () if first else self.key)

    def by_key(self) -> Query:
        """Select the row with a key."""
        text = f"SELECT {_listed(self.columns)} FROM {_quoted(self.name)}"
        return _query(f"{text} WHERE ({_listed(self.key)}) = ({{}})", self.key)

    def insert(self) -> Query:
        """Insert a row, or several at once."""
        text = f"INSERT INTO {_quoted(self.name)} ({_listed(self.columns)}) VALUES ({{}})"
        query = _query(text, self.columns)
        row = query.numbered.rindex("("), len(query.numbered)
        return msgspec.structs.replace(query, row=row)

    def size(self) -> Query:
        """Select how many rows there are; on PostgreSQL, how many it believes there are."""
        name = _quoted(self.name)
        return Query(
            "size",
            f"SELECT COUNT(*) FROM {name}",
            f"SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = '{name}'::regclass",
            (),
        )


class Tally(Struct):
    """How many rows, and the sum of their SHA-256 as 256-bit numbers.

    A sum, because the engines sort texts differently, and because a copy that goes on can add.
    """

    rows: int = 0
    digest: int = 0

    def add(self, rows: Iterable[Values]) -> None:
        """Count rows in."""
        for row in rows:
            hashed = hashlib.sha256(msgspec.msgpack.encode(row)).digest()
            self.digest = (self.digest + int.from_bytes(hashed)) % (1 << DIGEST_BITS)
            self.rows += 1

    def hex(self) -> str:
        """Write the digest in hexadecimal."""
        return f"{self.digest:0{DIGEST_BITS // 4}x}"


class Copied(Struct, frozen=True):
    """What tables held: ``heads`` is the digest of the last entries of all ``accounts``."""

    tables: dict[str, Tally]
    accounts: int
    heads: str


class Census:
    """Counts the rows of one table after another, and the head of every account's chain."""

    def __init__(self) -> None:
        self._tallies: dict[str, Tally] = {}
        self._heads = Tally()
        self._last: Values | None = None  # an entry of the ledger, whose follower is not seen yet

    def begin(self, table: Table) -> None:
        """Begin with a table, which may have no rows."""
        self._tallies[table.name] = Tally()

    def add(self, table: Table, page: list[Values]) -> None:
        """Count rows of a table, in the order of its key."""
        self._tallies[table.name].add(page)
        if table.name != LEDGER:
            return
        for row in page:
            last = self._last
            if last is not None and table.key_of(row)[:-1] != table.key_of(last)[:-1]:
                self._heads.add([last])
            self._last = row

    def result(self) -> Copied:
        """Return what was counted, once all tables are."""
        if self._last is not None:
            self._heads.add([self._last])
            self._last = None
        return Copied(self._tallies, self._heads.rows, self._heads.hex())


async def count(tx: Tx, described: list[Table], advance: Advance) -> Copied:
    """Count every row of these tables."""
    census = Census()
    for table in described:
        census.begin(table)
        async for page in pages(tx, table):
            census.add(table, page)
            advance(table.name, len(page))
    return census.result()


async def first_occupied(tx: Tx) -> str | None:
    """Return the name of a table that has a row, whoever made it, or None."""
    for name in await _names(tx):
        if name not in _NOTES and await tx.one(_some(name)) is not None:
            return name
    return None


async def require_names(tx: Tx) -> None:
    """Raise ``DatabaseRefused`` if another program has a table of a name that is needed here.

    It is for a database without any of Gridgift's tables.
    """
    taken = sorted((_made() | _NOTES).intersection(await _names(tx)))
    if taken:
        raise DatabaseRefused(
            f"Another program's table has a name that Gridgift needs ({taken[0]}): name an empty "
            "database."
        )


async def tables(tx: Tx) -> list[Table]:
    """Describe the tables that migrations made; one comes after those that it refers to.

    A database may have others: those of extensions, and of tools that replicate it.
    """
    ours = sorted(_made().intersection(await _names(tx)))
    columns: dict[str, list[tuple[str, int, bool]]] = defaultdict(list)
    for table, *column in await tx.all(_COLUMNS, names=ours):
        columns[table].append((column[0], column[1], bool(column[2])))
    order = TopologicalSorter[str](dict.fromkeys(columns, ()))
    for table, parent in sorted(map(tuple, await tx.all(_PARENTS, names=ours))):
        if table != parent:
            order.add(table, parent)
    return [_table(name, columns[name]) for name in order.static_order()]


async def _names(tx: Tx) -> list[str]:
    return [name for (name,) in await tx.all(_NAMES)]


@cache
def _made() -> frozenset[str]:
    """Return the names of the tables that migrations make, which are the same on both engines."""
    return frozenset(name for step in migrations("sqlite") for name in _MADE.findall(step.text))


def _some(name: str) -> Query:
    """Select something if the table has any row."""
    text = f"SELECT 1 FROM {_quoted(name)} LIMIT 1"
    return Query("some", text, text, ())


async def pages(tx: Tx, table: Table, after: Values | None = None) -> AsyncIterator[list[Values]]:
    """Walk through a table in the order of its key, from behind a key or from the start."""
    rows: Sequence[Any] = ()
    while after is None or not rows or len(rows) == PAGE:
        query = table.page(first=after is None)
        bounds: Mapping[str, Any] = dict(zip(table.key, after or (), strict=after is not None))
        rows = await tx.all(query, **bounds)
        if not rows:
            return
        page = [common(row) for row in rows]
        yield page
        after = table.key_of(page[-1])


def common(row: Iterable[Any]) -> Values:
    """Return a row in the form that both engines share."""
    return [int(value) if isinstance(value, bool) else value for value in row]


def _table(name: str, columns: list[tuple[str, int, bool]]) -> Table:
    keyed = sorted((place, column) for column, place, _ in columns if place)
    return Table(
        name,
        tuple(column for column, _, _ in columns),
        tuple(column for _, column in keyed),
        frozenset(column for column, _, boolean in columns if boolean),
    )


def _query(text: str, parameters: tuple[str, ...]) -> Query:
    """Write a statement for both engines; ``{}`` stands for its parameters."""
    return Query(
        text,
        text.format(", ".join(f":{name}" for name in parameters)),
        text.format(", ".join(f"${number}" for number, _ in enumerate(parameters, 1))),
        parameters,
        text.format(", ".join(f"?{number}" for number, _ in enumerate(parameters, 1))),
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(_quoted, names))


def _quoted(name: str) -> str:
    return '"{}"'.format(name.replace('"', '""'))
