"""CORS for the resident's own page, on its store's configured origin only (contract section 8).

Without credentials: the token travels in a header, never in a cookie (Fetch standard, CORS).
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from gridgift.caches import LookUps
from gridgift.domain import stores
from gridgift.http.edge.reply import Header
from gridgift.storage.database import Database

EXPOSED: Final = b"Retry-After, RateLimit, RateLimit-Policy, X-Request-Id, Idempotent-Replayed"
VARY: Final[Header] = (b"vary", b"Origin")

_METHODS: Final[Header] = (b"access-control-allow-methods", b"GET, POST")
# runs a look-up, or raises what keeps the caller from it
LimitedLookUp = Callable[[Callable[[], Awaitable[bool]]], Awaitable[bool]]

_MAX_AGE: Final[Header] = (b"access-control-max-age", b"600")  # seconds


def preflight_headers(credentials: Iterable[str]) -> tuple[Header, ...]:
    """Return what a preflight is answered with; ``credentials`` are headers that carry one."""
    allowed = [*dict.fromkeys(credentials), "Content-Type", "Idempotency-Key", "X-Request-Id"]
    return _METHODS, (b"access-control-allow-headers", ", ".join(allowed).encode()), _MAX_AGE


class Origins:
    """The origins of stores' own pages: looked up, and remembered for a moment."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._of_any: LookUps[bool] = LookUps()  # by origin
        self._of_store: LookUps[str | None] = LookUps()  # by the store's id

    def forget(self) -> None:
        """Look every origin up again: some store has changed."""
        self._of_any.forget()
        self._of_store.forget()

    async def is_of_store(self, origin: bytes, store_id: str, tick: float) -> bool:
        """Tell whether a store's page is on this origin; whatever it is, it costs no look-up."""
        configured = await self._of_store.find(
            store_id.encode(), tick, lambda: self._database.read(stores.origin_of, store_id)
        )
        return origin.decode("latin-1") == configured

    async def is_of_any(self, origin: bytes, tick: float, look_up: LimitedLookUp) -> bool:
        """Tell whether any store's page is on this origin; ``look_up`` runs what finds it."""
        if len(origin) > stores.MAX_ORIGIN:
            return False
        name = origin.decode("latin-1")
        return await self._of_any.find(
            origin, tick, lambda: look_up(lambda: self._database.read(stores.is_origin, name))
        )


def readable(origin: bytes) -> tuple[Header, ...]:
    """Return what lets a page on this origin read the answer."""
    return (
        VARY,
        (b"access-control-allow-origin", origin),
        (b"access-control-expose-headers", EXPOSED),
    )
