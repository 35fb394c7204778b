"""The directory in Second Life: unknown residents are asked for at an object of the store's.

Questions are rows. The object comes for them, to whichever process, so whoever waits looks for the
answer in the database: one look for all of a store's who wait.
"""

import asyncio
import secrets
from functools import partial
from typing import Any, Final

from gridgift.batching import Batcher
from gridgift.domain import questions
from gridgift.domain.unit_failures import DirectoryPending
from gridgift.limits import Bucket
from gridgift.look_ups import Budgets
from gridgift.storage.database import Database

WAITS: Final = 4.0  # seconds for an answer; then it is told that the question waits
LOOKS_EVERY: Final = 0.25  # seconds
MAX_BATCH: Final = 1_000


class InWorldDirectory:
    """Puts questions to a store's own directory, and waits for the answers."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._budgets = Budgets()
        read: Any = database.read  # a partial of it has no type that mypy follows
        self._look: Batcher[str, bool] = Batcher(
            partial(read, questions.outcomes), max_batch=MAX_BATCH, concurrency=1
        )

    async def learn(self, identifier: str, asker: Bucket | None, store_id: str) -> None:
        """Ask for a username or an avatar's UUID, and wait until it is known.

        Raises ``ResidentNotFound`` if the directory knows nobody, or the store has none;
        ``DirectoryPending`` if it has not answered in time; and ``TooManyLookUps``.
        """
        await self._database.read(questions.check, store_id, identifier)
        await self._budgets.take(asker)
        question_id = secrets.token_hex(questions.ID_BYTES)
        await self._database.write(questions.ask, store_id, identifier, question_id)
        try:
            async with asyncio.timeout(WAITS):
                while await self._look.submit(store_id, identifier):
                    await _next_look()
        except TimeoutError:
            raise DirectoryPending(identifier) from None

    async def close(self) -> None:
        """There is nothing to close."""


async def _next_look() -> None:
    """Sleep until all who wait look again, at the same moment and so by one statement."""
    now = asyncio.get_running_loop().time()
    await asyncio.sleep(LOOKS_EVERY - now % LOOKS_EVERY)
