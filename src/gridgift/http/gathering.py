"""What is asked for at the same moment travels together.

A statement costs the same few system calls, or the same round trip, for one row as for twenty, and
so does a commit. Under load many requests are ready in one turn of the event loop, so what they ask
for is gathered until the next turn and done together, a store at a time.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, Generic, TypeVar

A = TypeVar("A")
R = TypeVar("R")

MOST: Final = 100  # asks that are done together, where nothing else is said

Together = Callable[[str, Sequence[A]], Awaitable[Sequence[R | Exception]]]
Waiting = tuple[Any, "asyncio.Future[Any]"]  # an ask, and who waits for its result


class Gatherer(Generic[A, R]):
    """Runs ``together(store_id, asks)``, which answers each ask in order: a result, or why not.

    Made inside a running event loop.
    """

    def __init__(self, together: "Together[A, R]", at_once: int, most: int = MOST) -> None:
        """``at_once`` groups of a store may be on their way; the next one waits, and grows.

        A group has at most ``most`` asks.
        """
        self._loop = asyncio.get_running_loop()
        self._together = together
        self._at_once = at_once
        self._most = most
        self._waiting: dict[str, list[Waiting]] = {}
        self._running: Counter[str] = Counter()  # runs that will take what waits, by store
        self._tasks: set[asyncio.Task[None]] = set()

    async def ask(self, store_id: str, ask: A) -> R:
        """Return what came of an ask, or raise it."""
        future: asyncio.Future[R] = self._loop.create_future()
        self._waiting.setdefault(store_id, []).append((ask, future))
        if self._running[store_id] < self._at_once:
            self._running[store_id] += 1
            task = self._loop.create_task(self._run(store_id))  # begins in the next turn
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await future

    async def _run(self, store_id: str) -> None:
        while group := self._next_group(store_id):
            try:
                results = await self._together(store_id, [ask for ask, _ in group])
            except Exception as error:
                results = [error] * len(group)
            for (_, future), result in zip(group, results, strict=True):
                if future.done():  # its request was given up
                    continue
                if isinstance(result, Exception):
                    future.set_exception(result)
                else:
                    future.set_result(result)

    def _next_group(self, store_id: str) -> list[Waiting]:
        """Take what waits; if nothing does, the run ends here, before anyone else can ask."""
        waiting = self._waiting.pop(store_id, [])
        if len(waiting) > self._most:
            self._waiting[store_id] = waiting[self._most :]
        elif not waiting:
            self._running[store_id] -= 1
            if not self._running[store_id]:
                del self._running[store_id]
        return waiting[: self._most]
