"""SQLite's errors in the port's terms."""

import re
import sqlite3
from typing import Final

from gridgift.storage.database import ConstraintViolated, DatabaseUnavailable

# "UNIQUE constraint failed: api_keys.store_id, api_keys.name"; a column is "table.column"
_UNIQUE: Final = re.compile(r"UNIQUE constraint failed: (\w+)\.")
_NOT_NULL: Final = re.compile(r"NOT NULL constraint failed: (\w+)\.(\w+)")
_INDEX: Final = re.compile(r"UNIQUE constraint failed: index '(\w+)'")
_NAMED_CHECK: Final = re.compile(r"CHECK constraint failed: (\w+)")
_OTHERS: Final = {
    "SQLITE_CONSTRAINT_CHECK": "check",  # without a name SQLite tells its expression
    "SQLITE_CONSTRAINT_FOREIGNKEY": "foreign key",  # of which table, SQLite does not tell
    "SQLITE_CONSTRAINT_TRIGGER": "trigger",
    "SQLITE_CONSTRAINT_DATATYPE": "value",
}


def translated(error: BaseException) -> BaseException:
    """Return the port's exception for one of SQLite's; any other exception is returned as it is.

    A lack of memory passes, as a full disk does. A misused statement
    (``sqlite3.ProgrammingError``) is a defect and stays what it is.
    """
    if isinstance(error, sqlite3.IntegrityError):
        return ConstraintViolated(constraint_name(error), str(error))
    if isinstance(error, sqlite3.Error) and not isinstance(error, sqlite3.ProgrammingError):
        return DatabaseUnavailable(str(error))
    if isinstance(error, MemoryError):
        return DatabaseUnavailable("out of memory")
    return error


def constraint_name(error: sqlite3.IntegrityError) -> str:
    """Return the name of a violated constraint, in the form of ``ConstraintViolated.name``."""
    message = str(error)
    if found := _UNIQUE.match(message):
        columns = message[found.end() :].replace(f"{found[1]}.", "")
        return f"{found[1]}({columns})"
    if found := _NOT_NULL.fullmatch(message):
        return f"not null {found[1]}({found[2]})"
    if found := _INDEX.fullmatch(message):
        return f"index {found[1]}"
    if found := _NAMED_CHECK.fullmatch(message):
        return f"check {found[1]}"
    return _OTHERS.get(error.sqlite_errorname, "value")
