"""PostgreSQL's LISTEN: one connection a process, over which other processes' changes are heard.

A notification arrives after its commit. A connection that breaks is opened again; notifications
may have been missed meanwhile, so ``lost`` is called and all caches have to be cleared.
"""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from gridgift.logs import Log, reason
from gridgift.storage.postgres_server import PostgresServer
from gridgift.tasks import is_ending

CHANNEL: Final = "gridgift_changes"
CHECK_EVERY: Final = 10.0  # seconds; a connection that died silently is found out by then
CHECK_TIMEOUT: Final = 2.0
FIRST_WAIT: Final = 0.1  # before a connection is made anew; doubled up to the longest
LONGEST_WAIT: Final = 5.0

log = Log("gridgift.listener")


class Listener:
    """Calls ``changed`` with a sort ("key", "token", "store") and an id for each changed row.

    It calls ``lost`` when it begins to listen: changes before that went unheard. Both run in the
    event loop.
    """

    def __init__(
        self, url: str, changed: Callable[[str, str], None], lost: Callable[[], None]
    ) -> None:
        self._server = PostgresServer(url)
        self._changed = changed
        self._lost = lost
        self._wait = FIRST_WAIT
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to listen, in the running event loop."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop to listen and close the connection."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            try:
                await self._listen()
            except (Exception, asyncio.CancelledError) as error:
                if is_ending():
                    raise
                # whatever it is, the time-out of what is remembered holds
                log.warning("changes are not heard", why=reason(error))
            await asyncio.sleep(self._wait * random.uniform(0.5, 1))  # noqa: S311
            self._wait = min(self._wait * 2, LONGEST_WAIT)

    async def _listen(self) -> None:
        """Listen until the connection breaks."""
        connection = await self._server.connect(name="gridgift listener")
        broken = asyncio.Event()
        connection.add_termination_listener(lambda _: broken.set())
        try:
            await connection.add_listener(CHANNEL, self._heard)
            self._lost()
            while not broken.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(broken.wait(), CHECK_EVERY)
                    continue
                await connection.execute("SELECT 1", timeout=CHECK_TIMEOUT)
                self._wait = FIRST_WAIT
        finally:
            connection.terminate()

    def _heard(self, _: Any, pid: int, channel: str, payload: Any) -> None:
        sort, _, changed_id = str(payload).partition(" ")
        self._changed(sort, changed_id)
