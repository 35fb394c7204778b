"""Look-ups of unknown residents: who may ask for how many, whoever is asked."""

import time
from typing import Final, Protocol

from gridgift.domain.failures import TooManyLookUps
from gridgift.limits import Bucket, RateLimits

# look-ups a minute of each API key, of each link, of each of a store's people
BUDGETS: Final = {"key": 60, "token": 6, "operator": 60}


class Resolver(Protocol):
    """Who can be asked for an unknown resident."""

    async def learn(self, identifier: str, asker: Bucket | None, store_id: str) -> None:
        """Look a username or UUID up for a store, and remember its resident.

        ``asker`` is None for the server's own. Raises ``ResidentNotFound``, ``TooManyLookUps`` if
        the asker's budget is spent, and ``DirectoryPending``.
        """

    async def close(self) -> None:
        """Ask nobody any more."""


class Budgets:
    """Counts the look-ups of each asker, in this process."""

    def __init__(self) -> None:
        self._limits = RateLimits(BUDGETS, min(BUDGETS.values()))

    async def take(self, asker: Bucket | None) -> None:
        """Count one. Raises ``TooManyLookUps``."""
        if asker is not None:
            allowance = await self._limits.of(asker.kind).take(asker.name, time.monotonic())
            if allowance is not None and allowance.retry_after is not None:
                raise TooManyLookUps(allowance.retry_after)
