"""The SQLite file itself: how it is made and opened, and what is said when it can't be used."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from gridgift.storage.database import DatabaseRefused, DatabaseUnavailable
from gridgift.storage.letters import without_case
from gridgift.whole_files import may_pass

MINIMUM_SQLITE: Final = (3, 39, 0)  # IS DISTINCT FROM, STRICT, RETURNING
WRITER_WAIT: Final = 5_000  # milliseconds that a writer waits for another process
CACHED_STATEMENTS: Final = 512  # an INSERT is another statement for each number of rows
_PASSING: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_PROTOCOL,
    }
)
# It stays in the file, so that it is for those who write: others may look at any program's file.
WAL: Final = "PRAGMA journal_mode = WAL"
PRAGMAS: Final = (
    "synchronous = FULL",
    "foreign_keys = ON",
    "temp_store = MEMORY",  # else each savepoint makes a file
    "cache_size = -16384",  # KiB: the inner pages of a million cards' indexes, and then some
    "wal_autocheckpoint = 4000",  # pages: what one of SQLite's tables of a log has room for
)


def connect(path: Path, wait: int) -> sqlite3.Connection:
    """Open an existing file with the pragmas that make an acknowledged write durable.

    The file is not changed by it. Whoever writes runs ``WAL`` first.
    ``wait`` is the busy time-out in milliseconds.
    """
    uri = f"{path.absolute().as_uri()}?mode=rw"
    raw = sqlite3.connect(
        uri,
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=wait / 1000,
        cached_statements=CACHED_STATEMENTS,
    )
    raw.create_function("without_case", 1, without_case, deterministic=True)
    try:
        for pragma in PRAGMAS:
            raw.execute(f"PRAGMA {pragma}")
    except (sqlite3.Error, MemoryError):
        raw.close()
        raise
    return raw


def quick_check(path: Path) -> list[str]:
    """Return what SQLite finds wrong with a file in a quick check.

    Raises ``DatabaseRefused`` for a file that can't be opened, which tells nothing about it.
    """
    try:
        with closing(connect(path, WRITER_WAIT)) as raw:
            said = [str(row[0]) for row in raw.execute("PRAGMA quick_check")]
    except sqlite3.Error as error:
        if _can_not_be_opened(error):
            raise refusal(path, error) from error
        return [str(error)]
    return [] if said == ["ok"] else said


def create_file(path: Path) -> None:
    """Make an empty database file; one that is there stays.

    Raises ``DatabaseRefused``, and ``DatabaseUnavailable`` for what may pass.
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        if may_pass(error):
            raise DatabaseUnavailable(f"{path} can't be made: {error.strerror}") from error
        raise DatabaseRefused(
            f"The database {path} can't be made ({error.strerror}): check the folder."
        ) from error


class opened:  # noqa: N801 - used as a function
    """A connection for one step of a migration.

    Raises ``DatabaseRefused``, and ``DatabaseUnavailable`` for what may pass.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> sqlite3.Connection:
        if sqlite3.sqlite_version_info < MINIMUM_SQLITE:
            raise DatabaseRefused(
                f"This Python has SQLite {sqlite3.sqlite_version}; Gridgift needs 3.39 or newer."
            )
        try:
            self._raw = connect(self._path, WRITER_WAIT)
        except sqlite3.Error as error:
            raise refusal(self._path, error) from error
        return self._raw

    def __exit__(self, sort: object, error: BaseException | None, trace: object) -> None:
        self._raw.close()
        if isinstance(error, sqlite3.Error):
            raise refusal(self._path, error) from error


def refusal(path: Path, error: sqlite3.Error) -> DatabaseRefused | DatabaseUnavailable:
    """Say why a file can't be served: in one sentence with the remedy, unless it may pass."""
    if getattr(error, "sqlite_errorcode", 0) & 0xFF in _PASSING:  # less what extends the code
        return DatabaseUnavailable(str(error))
    if "not a database" in str(error):
        return DatabaseRefused(
            f"{path} is not a SQLite database: name another file with --database."
        )
    if not os.access(path, os.F_OK):
        return DatabaseRefused(f"The database {path} is not there: run 'gridgift migrate' first.")
    folder = path.absolute().parent
    if _can_not_be_opened(error) and os.access(path, os.R_OK) and not os.access(folder, os.W_OK):
        return DatabaseRefused(
            f"The database {path} can't be opened, not even to be read: SQLite makes files beside "
            f"it, and {folder} can't be written. Let this user write there, or copy the database."
        )
    return DatabaseRefused(f"The database {path} can't be used: {error}.")


def _can_not_be_opened(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_CANTOPEN


def statements(text: str) -> list[str]:
    """Split a migration into statements; a trigger's body stays whole."""
    found, pending = [], ""
    for line in text.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            found.append(pending)
            pending = ""
    return [*found, pending]  # what lacks its semicolon is no less part of it
