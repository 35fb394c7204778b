"""Reads by id that are asked for at the same moment travel as one statement.

A statement costs the same few system calls and, on PostgreSQL, the same round trip for one row as
for twenty. Under load many requests are ready in one turn of the event loop, so what they ask for
is gathered until the next turn and read together, a store at a time.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final, Generic, TypeVar

from gridgift.storage.database import Database, Operation

R = TypeVar("R")

MAX_GATHERED: Final = 500  # ids in one statement

Ids = Sequence[str]
Waiting = tuple[str, "asyncio.Future[Any]"]  # an id, and who waits for its row


class Gatherer(Generic[R]):
    """Runs ``operation(tx, store_id, ids)``, which answers with what it found by id.

    Made inside a running event loop.
    """

    def __init__(
        self, database: Database, operation: "Operation[[str, Ids], Mapping[str, R]]"
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._database = database
        self._operation = operation
        self._open: dict[str, list[Waiting]] = {}
        self._running: set[asyncio.Task[None]] = set()

    async def get(self, store_id: str, row_id: str) -> R | None:
        """Return what has this id at the store, or None. Raises ``DatabaseUnavailable``."""
        waiting: asyncio.Future[R | None] = self._loop.create_future()
        batch = self._open.get(store_id)
        if batch is None or len(batch) >= MAX_GATHERED:
            batch = self._open[store_id] = []
            task = self._loop.create_task(self._read(store_id, batch))  # begins in the next turn
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        batch.append((row_id, waiting))
        return await waiting

    async def _read(self, store_id: str, batch: list[Waiting]) -> None:
        if self._open.get(store_id) is batch:
            del self._open[store_id]
        try:
            ids = [row_id for row_id, _ in batch]
            found = await self._database.read(self._operation, store_id, ids)
        except Exception as error:
            for _, waiting in batch:
                if not waiting.done():
                    waiting.set_exception(error)
            return
        for row_id, waiting in batch:
            if not waiting.done():  # else its request was given up
                waiting.set_result(found.get(row_id))
