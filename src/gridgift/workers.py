"""What runs beside requests: notes of key use and of expiry, and forgetting what is old.

Every server runs all of it. The statements claim the rows that they take, passing over those that
another server has claimed (SKIP LOCKED), so the servers share the work and none does it twice.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from gridgift.domain import expiry, idempotency, keys, tokens
from gridgift.domain.ids import new_id
from gridgift.http.auth import KeyRing
from gridgift.logs import Log
from gridgift.storage.database import Database, DatabaseUnavailable

EVERY: Final = 30.0  # seconds
ROWS: Final = 1_000  # deleted in one transaction, at most
EXPIRIES: Final = 100  # accounts whose expiry is noted in one transaction

log = Log("gridgift.workers")


class Housekeeper:
    """Runs every half minute, and a last time when the server stops."""

    def __init__(self, database: Database, ring: KeyRing, clock: Callable[[], int]) -> None:
        self._database = database
        self._ring = ring
        self._clock = clock
        self._uses: dict[tuple[str, str], int] = {}  # not written yet
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, in the running event loop."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop, and write what was noted."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        await self.once()

    async def once(self) -> None:
        """Do all of it once; a database that is out of reach is tried again the next time."""
        try:
            await self._note_uses()
            await self._in_batches(idempotency.forget, self._clock(), ROWS)
            await self._in_batches(tokens.forget, ROWS)
            job = f"expiry {new_id()}"
            await self._in_batches(expiry.note_cards, job, EXPIRIES)
            await self._in_batches(expiry.note_credit, job, EXPIRIES)
        except DatabaseUnavailable as error:
            log.warning("housekeeping postponed", why=str(error))

    async def _note_uses(self) -> None:
        for store_id, key_id, used_at in self._ring.collect_uses():
            self._uses[store_id, key_id] = used_at
        if self._uses:
            uses = [(*names, used_at) for names, used_at in self._uses.items()]
            await self._database.write(keys.note_uses, uses)
            self._uses.clear()

    async def _in_batches(self, operation: Callable[..., Any], *args: Any) -> None:
        """Run an operation in one transaction after another until it finds nothing to do."""
        while await self._database.write(operation, *args):
            pass

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            try:
                await self.once()
            except Exception as error:  # a defect must not end the housekeeping for good
                log.error("housekeeping failed", exc_info=error)
