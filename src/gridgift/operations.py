"""The runner: every edge runs its operations here, and only here is decided how.

An operation is run as a read, as a write, or as a write that is done once under an idempotency key;
one that answers many requests is batched. A resident whom the database does not know is looked up
in the resident directory, once, and the operation runs again. Nothing here knows HTTP.
"""

from copy import copy
from functools import partial
from typing import Any

from gridgift.batching import Batcher
from gridgift.domain import idempotency
from gridgift.domain.batches import A, Batched, BatchedRead, BatchedWrite, R
from gridgift.domain.failures import ReceiverNotFound, ResidentNotFound
from gridgift.domain.idempotency import Answered, Once, Run
from gridgift.limits import Bucket
from gridgift.look_ups import Resolver
from gridgift.storage.database import Database, Operation, P, T


class Operations:
    """Runs operations on one database. Made inside a running event loop."""

    def __init__(self, database: Database, directory: Resolver | None = None) -> None:
        self._database = database
        self._directory = directory
        self._batchers: dict[object, Batcher[Any, Any]] = {}
        self._asker: Bucket | None = None
        self._asking_store = ""

    def of(self, asker: Bucket | None, store_id: str) -> "Operations":
        """Return the same for one who asks for a store, and whose look-ups have a budget."""
        if self._directory is None:
            return self
        theirs = copy(self)
        theirs._asker, theirs._asking_store = asker, store_id
        return theirs

    async def read(self, operation: Operation[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run an operation that changes nothing; raises what it raises."""
        try:
            return await self._database.read(operation, *args, **kwargs)
        except (ResidentNotFound, ReceiverNotFound) as failure:
            await self._look_up(failure)
        return await self._database.read(operation, *args, **kwargs)

    async def write(self, operation: Operation[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run an operation in a transaction, and return its result once that is durable."""
        try:
            return await self._database.write(operation, *args, **kwargs)
        except (ResidentNotFound, ReceiverNotFound) as failure:
            await self._look_up(failure)
        return await self._database.write(operation, *args, **kwargs)

    async def snapshot(self, operation: Operation[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a long read over one state of the database; it blocks nobody."""
        return await self._database.snapshot(operation, *args, **kwargs)

    async def once(self, store_id: str, wanted: Once[Run[T], T]) -> Answered:
        """Run a write once under a key of a store, or replay the answer that it had.

        The answer is stored in the operation's transaction. Raises what the operation and the
        check raise, and ``IdempotencyKeyReused``.
        """
        return await self.write(idempotency.once, store_id, wanted)

    async def submit(self, batched: BatchedRead[A, R], store_id: str, request: A) -> R:
        """Return the result of one request to a batched read, or raise its failure."""
        batcher = self._batcher(batched)
        try:
            result: R = await batcher.submit(store_id, request)
        except (ResidentNotFound, ReceiverNotFound) as failure:
            await self._look_up(failure)
            result = await batcher.submit(store_id, request)
        return result

    async def submit_once(
        self, batched: BatchedWrite[A, R], store_id: str, wanted: Once[A, R]
    ) -> Answered:
        """Return one request's answer by a batched write; else the same as ``once``."""
        batcher = self._batcher(batched)
        try:
            answered: Answered = await batcher.submit(store_id, wanted)
        except (ResidentNotFound, ReceiverNotFound) as failure:
            await self._look_up(failure)
            answered = await batcher.submit(store_id, wanted)
        return answered

    def _batcher(self, batched: Batched[A, R]) -> Batcher[Any, Any]:
        """Return the batcher of an operation; where writes are in groups it runs one at a time."""
        batcher = self._batchers.get(batched.run)
        if batcher is None:
            database, writes = self._database, isinstance(batched, BatchedWrite)
            read: Any = database.read  # a partial of these has no type that mypy follows
            write: Any = database.write
            batcher = self._batchers[batched.run] = Batcher(
                partial(write, idempotency.once_each, run=batched.run)
                if writes
                else partial(read, batched.run),
                max_batch=batched.max_batch,
                concurrency=1 if database.group_commit else batched.concurrency,
                across_stores=writes and database.group_commit,
            )
        return batcher

    async def _look_up(self, failure: ResidentNotFound | ReceiverNotFound) -> None:
        """Make an unknown resident known; raises the failure again if nobody has the name.

        Raises ``TooManyLookUps`` and ``DirectoryPending``.
        """
        if self._directory is None:
            raise failure
        try:
            await self._directory.learn(failure.identifier, self._asker, self._asking_store)
        except ResidentNotFound as unknown:
            raise type(failure)(
                failure.identifier, directory_failed=unknown.directory_failed
            ) from unknown
