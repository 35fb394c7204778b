"""The port between operations and engines: ``Tx`` for statements, ``Database`` for transactions.

An operation is ``async def operation(tx, ...)`` and awaits nothing but its ``Tx``. On PostgreSQL
it suspends at each statement; on SQLite no statement suspends, so ``run_to_end`` drives it.
"""

import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any, Concatenate, Final, ParamSpec, Protocol, TypeVar

from gridgift.storage.queries import Query

P = ParamSpec("P")
T = TypeVar("T")

Row = Sequence[Any]
ATTEMPTS: Final = 8  # runs of one transaction before its conflict is passed on

Clock = Callable[[], int]  # milliseconds since the Unix epoch


def system_clock() -> int:
    """Return the system's time in milliseconds since the Unix epoch."""
    return time.time_ns() // 1_000_000


class Tx(Protocol):
    """One transaction. Queries are named as in ``storage/queries/*.sql``.

    What the storage itself makes from the schema, for a copy, is passed as a ``Query``.
    """

    def now(self) -> int:
        """Return the instant that counts, in milliseconds since the Unix epoch."""

    async def one(self, query: str | Query, /, **values: Any) -> Row | None:
        """Return the first row, or None."""

    async def all(self, query: str | Query, /, **values: Any) -> Sequence[Row]:
        """Return all rows."""

    async def each(
        self, query: str | Query, values: Sequence[Mapping[str, Any]], /
    ) -> Sequence[Row]:
        """Run a statement once for each set of values; answer all their rows, in this order.

        Faster than ``one`` in a loop.
        """

    async def run(self, query: str | Query, /, **values: Any) -> int:
        """Run a statement that returns no rows; answer how many rows it touched."""

    async def many(self, query: str | Query, rows: Sequence[Row], /) -> None:
        """Run a statement once for each row.

        A row has the values of the statement's placeholders, in the order in which it first names
        them (``Query.parameters``). Far faster than ``run`` in a loop.
        """

    async def script(self, text: str, /) -> None:
        """Run statements in the engine's own SQL, as a migration has them."""


Operation = Callable[Concatenate[Tx, P], Coroutine[Any, Any, T]]


class Database(Protocol):
    """Where operations run. Nothing else begins, commits or rolls back.

    ``group_commit``: all writes go through one writer, and those of the same moment share a commit.
    """

    group_commit: bool

    def read(
        self, operation: Operation[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> Awaitable[T]:
        """Run an operation that changes nothing; each statement sees committed rows.

        Raises ``DatabaseUnavailable`` when the database can't be reached.
        """

    def write(
        self, operation: Operation[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> Awaitable[T]:
        """Run an operation in a transaction and return once it is durable.

        Whatever the operation raises rolls it back. A serialisation failure, a deadlock or a
        ``TransactionConflict`` runs it again, a bounded number of times. Raises
        ``DatabaseUnavailable`` when the database can't be reached or did not commit, and
        ``ConstraintViolated`` when a constraint of the schema forbids what it wrote.
        """

    def snapshot(
        self, operation: Operation[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> Awaitable[T]:
        """Run a long read whose statements all see the same committed rows; it blocks no writer.

        Raises ``DatabaseUnavailable`` when the database can't be reached.
        """

    async def check(self) -> None:
        """Raise ``DatabaseUnavailable`` unless a write would be taken now; it changes nothing."""

    async def close(self) -> None:
        """Finish what was begun, then close all connections."""


class DatabaseUnavailable(Exception):
    """The database is out of reach (or full, or locked for too long) for now."""


class ConstraintViolated(Exception):
    """A constraint of the schema forbids what a transaction wrote; it was rolled back.

    ``name`` says which one, in a form that is the same on both engines for the same violation:

    - ``api_keys(store_id, name)``: a primary key or unique index, by its table and columns;
    - ``index NAME``: a unique index that has an expression among its columns;
    - ``not null residents(username)``;
    - ``check NAME``, or ``check`` for one that the schema gives no name;
    - ``foreign key``: SQLite does not tell which one;
    - ``trigger``: a trigger raised an error, as those of the append-only ledger do;
    - ``value``: a value that its column's type can't hold.

    ``str()`` is the name and the first line of what the driver said.
    """

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message.partition(chr(10))[0]}")
        self.name = name


class DatabaseRefused(Exception):
    """The database can't be served as it is; the message is one sentence with the remedy."""


class CopyDiffers(Exception):
    """A copy is not what its source is; the message is one sentence with the remedy."""


class TransactionConflict(Exception):
    """Another transaction got in between: run this one again."""


def run_to_end(operation: Coroutine[Any, Any, T]) -> T:
    """Drive an operation whose statements never suspend, and return its result."""
    try:
        operation.send(None)
    except StopIteration as finished:
        result: T = finished.value
        return result
    operation.close()
    raise RuntimeError("an operation awaited something that is not its transaction")
