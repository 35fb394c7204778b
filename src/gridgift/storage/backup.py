"""A whole database in one file, which either engine can be filled from.

The file is ``MAGIC``, then frames, then the SHA-256 of all that. A frame is its length in four
bytes and a zlib-compressed msgpack value: the header, the pages of one table after another (parents
before children, rows in the form that both engines share), and the end with each table's number of
rows and digest. A file that was cut, or changed in any byte, is refused before anything is written.
"""

import hashlib
import zlib
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

import msgspec
from msgspec import Struct

from gridgift.storage.database import (
    ConstraintViolated,
    CopyDiffers,
    Database,
    DatabaseRefused,
    Tx,
)
from gridgift.storage.migrate import Engine, Migration, Port, apply, migrations, pending
from gridgift.storage.queries import Query
from gridgift.storage.tables import (
    Advance,
    Census,
    Copied,
    Table,
    Values,
    count,
    first_occupied,
    pages,
    require_names,
    tables,
)
from gridgift.whole_files import drafted

MAGIC: Final = b"gridgift backup 1\n"
HASH_BYTES: Final = 32
LENGTH_BYTES: Final = 4
CHUNK: Final = 1 << 20  # bytes that are hashed at once


class Sealed(Struct, frozen=True):
    """The server's secret, encrypted under a passphrase (``sealing.py``)."""

    salt: bytes
    nonce: bytes
    text: bytes


class Described(Struct, frozen=True):
    """A table as the file has it: its columns in order, and its primary key."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]

    @classmethod
    def of(cls, table: Table) -> "Described":
        """Describe a table of a database."""
        return cls(table.name, table.columns, table.key)


class Header(Struct, frozen=True, tag=True):
    """What a backup is of.

    ``made_at`` is in milliseconds since the epoch; ``schema`` has the migrations, number and name.
    """

    program: str
    made_at: int
    schema: list[tuple[int, str]]
    tables: list[Described]
    secret: Sealed | None

    @property
    def knows_secret(self) -> bool:
        """Tell whether the database was new enough to know its secret by a fingerprint."""
        return any(table.name == "server_secret" for table in self.tables)


class Page(Struct, frozen=True, tag=True):
    """Some rows of a table."""

    table: str
    rows: list[Values]


class End(Struct, frozen=True, tag=True):
    """What all pages held: rows and digest of each table, and the digest of the ledger's heads."""

    tables: dict[str, tuple[int, str]]
    accounts: int
    heads: str

    @classmethod
    def of(cls, copied: Copied) -> "End":
        """Write down what was counted."""
        counted = {name: (tally.rows, tally.hex()) for name, tally in copied.tables.items()}
        return cls(counted, copied.accounts, copied.heads)


Frame = Header | Page | End

_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(Header | Page | End).decode

_SCHEMA: Final = Query.parse("schema", "SELECT version, name FROM migrations ORDER BY version")


class BackupRefused(DatabaseRefused):
    """A file can't be written, or is no backup that can be restored; the message is a sentence."""


class Writer:
    """Writes frames into a file, and hashes them."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self._put(MAGIC)

    def add(self, frame: Frame) -> None:
        """Write a frame."""
        packed = zlib.compress(_encode(frame))
        self._put(len(packed).to_bytes(LENGTH_BYTES) + packed)

    def finish(self) -> None:
        """Write the hash of all frames."""
        self._file.write(self._hash.digest())

    def _put(self, data: bytes) -> None:
        self._hash.update(data)
        self._file.write(data)


@contextmanager
def new_file(path: Path) -> Iterator[Writer]:
    """Write a backup under another name; it gets its own when the block ended well.

    Nobody but its owner may read it, and it takes no other file's place. Raises ``BackupRefused``.
    """
    refuse_existing(path)
    try:
        with drafted(path) as draft:
            writer = Writer(draft.file)
            yield writer
            writer.finish()
            draft.publish(path)
    except FileExistsError as error:
        raise _exists(path) from error
    except OSError as error:
        raise _unwritable(path, error) from error


async def save(
    tx: Tx, writer: Writer, program: str, secret: Sealed | None, advance: Advance
) -> Copied:
    """Write all rows of a snapshot; return what was counted."""
    described = await tables(tx)
    schema = [(version, name) for version, name in await tx.all(_SCHEMA)]
    shapes = [Described.of(table) for table in described]
    writer.add(Header(program, tx.now(), schema, shapes, secret))
    census = Census()
    for table in described:
        census.begin(table)
        async for page in pages(tx, table):
            census.add(table, page)
            writer.add(Page(table.name, page))
            advance(table.name, len(page))
    counted = census.result()
    writer.add(End.of(counted))
    return counted


def inspect(path: Path) -> tuple[Header, End]:
    """Read a whole file and check its hash; return its header and its end.

    Raises ``BackupRefused``.
    """
    try:
        if not _is_whole(path):
            raise BackupRefused(
                f"{path} is damaged, or was cut: its hash does not fit. Restore another backup."
            )
        found = [frame for frame in frames(path) if not isinstance(frame, Page)]
    except OSError as error:
        raise BackupRefused(f"The backup {path} can't be read ({error.strerror}).") from error
    match found:
        case [Header() as header, End() as end]:
            return header, end
    raise BackupRefused(f"{path} is no backup that this Gridgift can read.")


Check = Callable[[Tx], Awaitable[None]]


async def fill(
    database: Database,
    path: Path,
    steps: list[Migration],
    advance: Advance,
    check: Check | None = None,
) -> Copied:
    """Fill an empty database, of which ``steps`` make the tables, from a file; read it again.

    All in one transaction: what ``check`` raises in it leaves nothing either. Raises
    ``DatabaseRefused`` if the database is not empty or has other tables, and ``CopyDiffers`` if it
    can't hold what the file has, or does not.
    """
    try:
        return await database.write(_fill, path, steps, advance, check)
    except ConstraintViolated as error:
        raise CopyDiffers(f"The database can't keep a row of the backup ({error}).") from error


async def lacking(database: Port, path: Path, header: Header) -> list[Migration]:
    """Return the steps from an empty database's tables to the backup's.

    Raises ``DatabaseRefused`` if there are rows, or newer tables.
    """
    version = _version(path, header, database.engine)
    applied = await database.applied_migrations()
    steps = pending(database.engine, applied)
    await database.read(require_empty)
    if not applied:
        await database.read(require_names)
    if len(applied) > version:
        raise DatabaseRefused(
            "The database has newer tables than the backup: name one without any table."
        )
    return [step for step in steps if step.version <= version]


def _version(path: Path, header: Header, engine: Engine) -> int:
    """Return the schema's version of a backup. Raises ``BackupRefused`` if it is not known here."""
    known = [(step.version, step.name) for step in migrations(engine)]
    if header.schema != known[: len(header.schema)] or not header.schema:
        version, name = header.schema[-1] if header.schema else (0, "none")
        raise BackupRefused(
            f"{path} was made by Gridgift {header.program} with the schema {version:04d} {name}, "
            "which this one does not know: install that version or a newer one."
        )
    return header.schema[-1][0]


async def _fill(
    tx: Tx, path: Path, steps: list[Migration], advance: Advance, check: Check | None
) -> Copied:
    await require_empty(tx)
    for step in steps:
        await apply(tx, step, tx.now())
    here = {table.name: table for table in await tables(tx)}
    order: list[Table] = []
    for frame in frames(path):
        match frame:
            case Header(tables=described):
                order = _ours(here, described)
            case Page(table=name, rows=rows):
                await tx.many(here[name].insert(), [here[name].typed(row) for row in rows])
                advance(name, len(rows))
            case End() as end:
                expected = end
    counted = await count(tx, order, advance)
    if End.of(counted) != expected:
        raise CopyDiffers("The database does not hold what is in the backup; nothing was kept.")
    if check is not None:
        await check(tx)
    return counted


async def require_empty(tx: Tx) -> None:
    """Raise ``DatabaseRefused`` if any table has a row."""
    occupied = await first_occupied(tx)
    if occupied is not None:
        raise DatabaseRefused(
            f"The database is not empty (there are rows in {occupied}): name an empty one."
        )


def _ours(here: dict[str, Table], described: list[Described]) -> list[Table]:
    """Return the tables in the file's order; they must be those that are here."""
    if sorted(map(repr, map(Described.of, here.values()))) != sorted(map(repr, described)):
        raise DatabaseRefused("The database has other tables than the backup: name an empty one.")
    return [here[each.name] for each in described]


def frames(path: Path) -> Iterator[Frame]:
    """Read a file whose hash fits, frame by frame. Raises ``BackupRefused``."""
    end = path.stat().st_size - HASH_BYTES
    with path.open("rb") as file:
        file.seek(len(MAGIC))
        while file.tell() < end:
            length = int.from_bytes(file.read(LENGTH_BYTES))
            try:
                yield _decode(zlib.decompress(file.read(length)))
            except (zlib.error, msgspec.MsgspecError) as error:
                raise BackupRefused(f"{path} is no backup that this Gridgift can read.") from error


def _is_whole(path: Path) -> bool:
    """Tell that a file begins as a backup and ends with the hash of all the rest."""
    left = path.stat().st_size - HASH_BYTES
    hashed = hashlib.sha256()
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise BackupRefused(f"{path} is no backup of Gridgift's: name another file.")
        file.seek(0)
        while left > 0:
            chunk = file.read(min(CHUNK, left))
            hashed.update(chunk)
            left -= len(chunk)
        return file.read() == hashed.digest()


def refuse_existing(path: Path) -> None:
    """Raise ``BackupRefused`` if there is a file or link at the path, or can't be one."""
    try:
        path.lstat()
    except FileNotFoundError:
        return
    except OSError as error:
        raise _unwritable(path, error) from error
    raise _exists(path)


def _exists(path: Path) -> BackupRefused:
    return BackupRefused(f"{path} is there already: name another file.")


def _unwritable(path: Path, error: OSError) -> BackupRefused:
    return BackupRefused(f"The backup {path} can't be written ({error.strerror}).")
