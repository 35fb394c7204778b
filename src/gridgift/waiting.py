"""Requests that wait for a store's next event: one look at the database for all of them.

While nobody waits nothing is asked. Who waits holds no connection, and hears of what any process
has written.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final

from gridgift.domain import events
from gridgift.limits import Places
from gridgift.logs import Log, reason
from gridgift.operations import Operations
from gridgift.tasks import is_ending

WAITS: Final = 1_000  # requests that wait in a process at once
WAITS_OF_A_KEY: Final = 10
LOOKS_EVERY: Final = 0.5  # seconds
STORES: Final = 1_000  # asked about by one statement

log = Log("gridgift.waiting")


class Waiting:
    """Wakes requests once a store has events behind a position.

    ``places`` are those of requests that wait, by the name of who asks.
    """

    def __init__(self, operations: Operations, every: float = LOOKS_EVERY) -> None:
        self.places = Places(WAITS, WAITS_OF_A_KEY)
        self._operations = operations
        self._every = every
        self._waiters: dict[asyncio.Future[None], tuple[str, int]] = {}  # store, position
        self._wanted = asyncio.Event()
        self._ended = False

    async def until_after(self, store_id: str, position: int, seconds: float) -> bool:
        """Wait until the store has an event behind a position; False: it has none in this time.

        It returns at once while the server leaves.
        """
        if self._ended:
            return False
        waiter = asyncio.get_running_loop().create_future()
        self._waiters[waiter] = store_id, position
        self._wanted.set()
        try:
            async with asyncio.timeout(seconds):
                await waiter
        except TimeoutError:
            return False
        finally:
            del self._waiters[waiter]
        return not self._ended

    def end(self) -> None:
        """Let nobody wait any longer: the server leaves."""
        self._ended = True
        self._wake(list(self._waiters))

    @asynccontextmanager
    async def looking(self) -> AsyncIterator[None]:
        """Look for events in a task of its own until the block ends."""
        task = asyncio.create_task(self._look_on(), name="look for events")
        try:
            yield
        finally:
            self.end()
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _look_on(self) -> None:
        while True:
            await self._wanted.wait()
            try:
                await self._look()
            except (Exception, asyncio.CancelledError) as error:
                if is_ending():
                    raise
                # who waits looks for itself, and tells what is wrong
                log.warning("events are not looked for", why=reason(error))
                self._wake(list(self._waiters))
            if not self._waiters:
                self._wanted.clear()
            await asyncio.sleep(self._every)

    async def _look(self) -> None:
        """Wake those whose stores have something new."""
        stores = sorted({store_id for store_id, _ in self._waiters.values()})
        newest: dict[str, int] = {}
        for start in range(0, len(stores), STORES):
            newest |= await self._operations.read(events.newest, stores[start : start + STORES])
        self._wake(
            [
                waiter
                for waiter, (store_id, position) in self._waiters.items()
                if newest.get(store_id, 0) > position
            ]
        )

    def _wake(self, waiters: Sequence[asyncio.Future[None]]) -> None:
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)
