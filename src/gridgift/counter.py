"""Requests counted in Redis, for all servers together: fixed windows of a minute.

The one file that imports ``limits`` and ``redis``, which come with ``gridgift[redis]``. Redis may
be away at any time: then ``count`` says so at once, and nobody waits for it.
"""

import asyncio
import math
from collections.abc import Callable
from typing import Final

from limits.aio.storage import RedisStorage
from redis.asyncio import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from gridgift.limits import PERIOD, Window
from gridgift.logs import Log, reason

ANSWERS_WITHIN: Final = 0.25  # seconds that a request may wait for Redis
AWAY_FOR: Final = 5.0  # seconds in which nobody asks again after a failure, then one request does
LOGGED_EVERY: Final = 60.0  # seconds

log = Log("gridgift.counter")


class RedisCounter:
    """Counts by name. ``clock`` gives milliseconds since the epoch, ``ticks`` seconds."""

    def __init__(self, url: str, clock: Callable[[], int], ticks: Callable[[], float]) -> None:
        self._pool = ConnectionPool.from_url(
            url,
            socket_timeout=ANSWERS_WITHIN,
            socket_connect_timeout=ANSWERS_WITHIN,
            retry=Retry(NoBackoff(), 0),
        )
        self._storage = RedisStorage(
            f"async+{url}",
            wrap_exceptions=True,
            implementation="redispy",
            key_prefix="gridgift",
            connection_pool=self._pool,  # type: ignore[arg-type]  # it says so in its docstring
        )
        self._clock = clock
        self._ticks = ticks
        self._away_until: float | None = None
        self._logged_at = -math.inf

    async def count(self, kind: str, name: str) -> Window | None:
        """Count a request of a name; each kind has names of its own.

        None: Redis can't be asked now, and nothing is known.
        """
        if self._away_until is not None:
            if self._ticks() < self._away_until:
                return None
            self._away_until = self._ticks() + AWAY_FOR  # the others go on without, meanwhile
        number, passed = divmod(self._clock(), int(PERIOD * 1000))
        try:
            async with asyncio.timeout(ANSWERS_WITHIN):
                counted = await self._storage.incr(f"{kind}:{name}:{number}", int(PERIOD))
        except Exception as error:  # whatever it is, requests go on
            self._note_failure(error)
            return None
        self._away_until = None
        return Window(counted, math.ceil(PERIOD - passed / 1000))

    async def answers(self) -> bool:
        """Tell whether Redis can be asked."""
        try:
            async with asyncio.timeout(ANSWERS_WITHIN):
                return await self._storage.check()
        except TimeoutError:
            return False

    async def close(self) -> None:
        """Close the connections to Redis."""
        await self._pool.disconnect()

    def _note_failure(self, error: Exception) -> None:
        self._away_until = self._ticks() + AWAY_FOR
        if self._ticks() - self._logged_at >= LOGGED_EVERY:
            self._logged_at = self._ticks()
            log.warning(
                "redis is away; each process counts for itself",
                why=reason(error),
            )
