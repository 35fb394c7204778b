"""What is asked for at the same moment travels together.

A statement costs the same few system calls, or the same round trip, for one row as for twenty, and
so does a commit. Under load many requests are ready in one turn of the event loop, so what they ask
for is gathered until the next turn and done together, a store at a time.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, Generic, NamedTuple, TypeVar

A = TypeVar("A")
R = TypeVar("R")

MOST: Final = 100  # asks that are done together, where nothing else is said

Together = Callable[[str, Sequence[A]], Awaitable[Sequence[R | Exception]]]


class Waiting(NamedTuple):
    """An ask at a store, and who waits for its result."""

    store_id: str
    ask: Any
    future: "asyncio.Future[Any]"


class Gatherer(Generic[A, R]):
    """Runs ``together(store_id, asks)``, which answers each ask in order: a result, or why not.

    Made inside a running event loop.
    """

    def __init__(
        self,
        together: "Together[A, R]",
        at_once: int,
        *,
        most: int = MOST,
        across_stores: bool = False,
    ) -> None:
        """``at_once`` groups may be on their way; the next one waits, and grows.

        A group has at most ``most`` asks. It is of one store, or, ``across_stores``, of all, each
        for itself but at the same moment: where one commit serves all of them anyway.
        """
        self._loop = asyncio.get_running_loop()
        self._together = together
        self._at_once = at_once
        self._most = most
        self._across_stores = across_stores
        self._waiting: dict[str, list[Waiting]] = {}  # by lane: a store, or one for all
        self._running: Counter[str] = Counter()  # runs that will take what waits, by lane
        self._tasks: set[asyncio.Task[None]] = set()

    async def ask(self, store_id: str, ask: A) -> R:
        """Return what came of an ask, or raise it."""
        lane = "" if self._across_stores else store_id
        future: asyncio.Future[R] = self._loop.create_future()
        self._waiting.setdefault(lane, []).append(Waiting(store_id, ask, future))
        if self._running[lane] < self._at_once:
            self._running[lane] += 1
            task = self._loop.create_task(self._run(lane))  # begins in the next turn
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await future

    async def _run(self, lane: str) -> None:
        while group := self._next_group(lane):
            if not self._across_stores:
                await self._answer(lane, group)
                continue
            stores: defaultdict[str, list[Waiting]] = defaultdict(list)
            for each in group:
                stores[each.store_id].append(each)
            await asyncio.gather(*(self._answer(*store) for store in stores.items()))

    async def _answer(self, store_id: str, group: Sequence[Waiting]) -> None:
        try:
            results = await self._together(store_id, [each.ask for each in group])
        except Exception as error:
            results = [error] * len(group)
        for each, result in zip(group, results, strict=True):
            if each.future.done():  # its request was given up
                continue
            if isinstance(result, Exception):
                each.future.set_exception(result)
            else:
                each.future.set_result(result)

    def _next_group(self, lane: str) -> list[Waiting]:
        """Take what waits; if nothing does, the run ends here, before anyone else can ask."""
        waiting = self._waiting.pop(lane, [])
        if len(waiting) > self._most:
            self._waiting[lane] = waiting[self._most :]
        elif not waiting:
            self._running[lane] -= 1
            if not self._running[lane]:
                del self._running[lane]
        return waiting[: self._most]
