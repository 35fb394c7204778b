"""CORS for the resident's own page, on its store's configured origin only (contract section 8).

Without credentials: the token travels in a header, never in a cookie (Fetch standard, CORS).
"""

from collections import OrderedDict
from typing import Final

from gridgift.domain import stores
from gridgift.http.auth import CACHED_FOR, MAX_CACHED
from gridgift.http.reply import Header
from gridgift.storage.database import Database

EXPOSED: Final = b"Retry-After, RateLimit, RateLimit-Policy, X-Request-Id, Idempotent-Replayed"
VARY: Final[Header] = (b"vary", b"Origin")

PREFLIGHT: Final[tuple[Header, ...]] = (
    (b"access-control-allow-methods", b"GET, POST"),
    (
        b"access-control-allow-headers",
        b"X-Customer-Token, Content-Type, Idempotency-Key, X-Request-Id",
    ),
    (b"access-control-max-age", b"600"),
)


class Origins:
    """Knows which stores have configured an origin, for a moment each."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._cache: OrderedDict[str, tuple[frozenset[str], float]] = OrderedDict()
        self._forgotten = 0  # times; a look-up that one of them overtook may be out of date

    def forget(self) -> None:
        """Look every origin up again: some store has changed."""
        self._forgotten += 1
        self._cache.clear()

    async def headers(
        self, origin: bytes | None, store_id: str | None, tick: float
    ) -> tuple[Header, ...]:
        """Return what lets a page on this origin read the answer: nothing for any other origin.

        ``store_id`` is the token's store, None when no token was accepted (a preflight, a 401).
        """
        if origin is None or not await self._is_configured(origin, store_id, tick):
            return (VARY,)
        return (
            VARY,
            (b"access-control-allow-origin", origin),
            (b"access-control-expose-headers", EXPOSED),
        )

    async def _is_configured(self, origin: bytes, store_id: str | None, tick: float) -> bool:
        name = origin.decode("latin-1")
        found, until = self._cache.get(name, (frozenset(), 0.0))
        if until < tick:
            forgotten = self._forgotten
            found = await self._database.read(stores.of_origin, name)
            if forgotten == self._forgotten:
                self._remember(name, found, tick + CACHED_FOR)
        return bool(found) if store_id is None else store_id in found

    def _remember(self, name: str, found: frozenset[str], until: float) -> None:
        self._cache[name] = found, until
        self._cache.move_to_end(name)
        if len(self._cache) > MAX_CACHED:
            self._cache.popitem(last=False)
