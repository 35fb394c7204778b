"""CORS for the resident's own page, on its store's configured origin only (contract section 8).

Without credentials: the token travels in a header, never in a cookie (Fetch standard, CORS).
"""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

from gridgift.credentials import CACHED_FOR, MAX_CACHED
from gridgift.domain import stores
from gridgift.http.edge.reply import Header
from gridgift.storage.database import Database

EXPOSED: Final = b"Retry-After, RateLimit, RateLimit-Policy, X-Request-Id, Idempotent-Replayed"
VARY: Final[Header] = (b"vary", b"Origin")

_METHODS: Final[Header] = (b"access-control-allow-methods", b"GET, POST")
_MAX_AGE: Final[Header] = (b"access-control-max-age", b"600")  # seconds


def preflight_headers(credentials: Iterable[str]) -> tuple[Header, ...]:
    """Return what a preflight is answered with; ``credentials`` are headers that carry one."""
    allowed = [*dict.fromkeys(credentials), "Content-Type", "Idempotency-Key", "X-Request-Id"]
    return _METHODS, (b"access-control-allow-headers", ", ".join(allowed).encode()), _MAX_AGE


class Origins:
    """Which stores have configured an origin: looked up, and remembered for ``CACHED_FOR`` s."""

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
