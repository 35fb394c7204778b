"""The driver's errors in the port's terms."""

import re
import ssl
from typing import Any, Final

import asyncpg

from gridgift.storage.database import ConstraintViolated, TransactionConflict

CONFLICTS: Final = (
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.UniqueViolationError,  # by a row that was not there a moment ago
    asyncpg.ForeignKeyViolationError,  # by one that was there, or was not, a moment ago
    asyncpg.InvalidCachedStatementError,  # a migration changed what it returns
    asyncpg.OutdatedSchemaCacheError,
    TransactionConflict,
)
# Those that are no conflict if they come again and again: the other row is there, or gone, to stay.
LASTING: Final = (asyncpg.UniqueViolationError, asyncpg.ForeignKeyViolationError)
# What another session's prepared statements look like: a pooler gave us its connection.
SHARED: Final = (
    asyncpg.DuplicatePreparedStatementError,
    asyncpg.InvalidSQLStatementNameError,
)
PASSING: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.PostgresSystemError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.LockNotAvailableError,
    asyncpg.ReadOnlySQLTransactionError,
    OSError,
    TimeoutError,
)
UNAVAILABLE: Final = (  # for a statement that was right when it was written
    *PASSING,
    *SHARED,
    asyncpg.InsufficientPrivilegeError,  # of a role that was granted too little
    asyncpg.ObjectNotInPrerequisiteStateError,
    asyncpg.UndefinedColumnError,  # in a schema that this program can't serve
    asyncpg.UndefinedTableError,
)
VIOLATIONS: Final = (
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.RaiseError,
    asyncpg.DataError,
)
# A connection that is refused so is refused again until someone changes something.
REFUSED: Final = (
    asyncpg.ClientConfigurationError,
    asyncpg.CantChangeRuntimeParamError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InvalidParameterValueError,
    asyncpg.SyntaxOrAccessError,  # such as a setting that the server does not know
    asyncpg.UnsupportedClientFeatureError,
    ssl.SSLCertVerificationError,
    OverflowError,  # a port that there is not
    ValueError,
)

_COLUMNS: Final = re.compile(r"\((.*?)\)=\(")  # detail: Key (store_id, name)=(...) ...
_PARTITION: Final = re.compile(r"_\d+$")  # what a partition's or a shard's name adds
_UNNAMED_CHECK: Final = re.compile(r"_check\d*$")  # as PostgreSQL names a CHECK by itself


def violation(error: Any) -> ConstraintViolated:
    """Return the port's exception for a constraint that was violated."""
    return ConstraintViolated(constraint_name(error), str(error))


def constraint_name(error: Any) -> str:
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
