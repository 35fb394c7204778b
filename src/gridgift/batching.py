"""Batches: requests of the same moment to one operation run in one transaction.

A statement costs the same few system calls, or the same round trip, for one row as for twenty, and
so does a commit. Under load many requests are ready in one turn of the event loop, so they are
queued until the next turn and run as one batch, a store at a time (decision 14).
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from gridgift.tasks import is_ending

A = TypeVar("A")
R = TypeVar("R")

RunBatch = Callable[[str, Sequence[A]], Awaitable[Sequence[R | Exception]]]


class Pending(NamedTuple):
    """A queued request of a store, and the future of its result."""

    store_id: str
    request: Any
    future: "asyncio.Future[Any]"


class Batcher(Generic[A, R]):
    """Runs ``run_batch(store_id, requests)``, which answers in order: a result, or an exception.

    Made inside a running event loop.
    """

    def __init__(
        self,
        run_batch: "RunBatch[A, R]",
        *,
        max_batch: int,
        concurrency: int,
        across_stores: bool = False,
    ) -> None:
        """Allow ``concurrency`` batches of one queue under way; the next one waits, and grows.

        A batch has at most ``max_batch`` requests. There is a queue for each store, or,
        ``across_stores``, one for all, whose batches start at the same moment, a store each: where
        one commit serves all of them anyway.
        """
        self._loop = asyncio.get_running_loop()
        self._run_batch = run_batch
        self._max_batch = max_batch
        self._concurrency = concurrency
        self._across_stores = across_stores
        self._queues: dict[str, list[Pending]] = {}  # by store, or one under ""
        self._running: Counter[str] = Counter()  # tasks that will take what is queued, by queue
        self._tasks: set[asyncio.Task[None]] = set()

    async def submit(self, store_id: str, request: A) -> R:
        """Return the result of a request, or raise what its operation answered or raised."""
        queue = "" if self._across_stores else store_id
        future: asyncio.Future[R] = self._loop.create_future()
        self._queues.setdefault(queue, []).append(Pending(store_id, request, future))
        if self._running[queue] < self._concurrency:
            self._running[queue] += 1
            task = self._loop.create_task(self._run(queue))  # begins in the next turn
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await future

    async def _run(self, queue: str) -> None:
        """Run batches until nothing is queued; the task ends in that very turn."""
        try:
            while batch := self._next_batch(queue):
                try:
                    await self._answer(queue, batch)
                except BaseException as error:  # whatever it is, nobody waits for ever
                    _settle(batch, error)
                    if is_ending() or not isinstance(error, Exception | asyncio.CancelledError):
                        raise
        finally:
            self._running[queue] -= 1
            if not self._running[queue]:
                del self._running[queue]

    async def _answer(self, queue: str, batch: Sequence[Pending]) -> None:
        """Run a batch, that of each store at the same moment, and give each caller its result."""
        stores = _by_store(batch) if self._across_stores else {queue: batch}
        runs = [
            self._run_batch(store_id, [pending.request for pending in group])
            for store_id, group in stores.items()
        ]
        if len(runs) == 1:
            _settle(batch, await runs[0])
            return
        outcomes = await asyncio.gather(*runs, return_exceptions=True)
        for group, outcome in zip(stores.values(), outcomes, strict=True):
            _settle(group, outcome)

    def _next_batch(self, queue: str) -> list[Pending]:
        """Take what is queued, as much as a batch may have."""
        pending = self._queues.pop(queue, [])
        if len(pending) > self._max_batch:
            self._queues[queue] = pending[self._max_batch :]
        return pending[: self._max_batch]


def _by_store(batch: Sequence[Pending]) -> dict[str, list[Pending]]:
    stores: defaultdict[str, list[Pending]] = defaultdict(list)
    for pending in batch:
        stores[pending.store_id].append(pending)
    return stores


def _settle(group: Sequence[Pending], outcome: Sequence[Any] | BaseException) -> None:
    """Give each caller its result, or the exception of the whole batch."""
    if not isinstance(outcome, BaseException) and len(outcome) != len(group):
        outcome = RuntimeError(f"{len(group)} requests got {len(outcome)} results")
    results = [outcome] * len(group) if isinstance(outcome, BaseException) else outcome
    for pending, result in zip(group, results, strict=True):
        if pending.future.done():  # its caller was cancelled
            continue
        if isinstance(result, BaseException):
            pending.future.set_exception(result)
        else:
            pending.future.set_result(result)
