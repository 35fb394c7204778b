"""Authentication: from the ``X-API-Key`` header to the key's store and scopes (section 2).

A key that was looked up is remembered for ``CACHED_FOR`` seconds, so a revocation reaches every
replica within that time. The last use is noted here and written by a background job.
"""

import hmac
from collections import OrderedDict
from typing import Final

from msgspec import Struct

from gridgift.domain import keys
from gridgift.domain.failures import KeyNotFound
from gridgift.domain.keys import Signer
from gridgift.domain.model import Key
from gridgift.http.refusals import ApiKeyExpired, ApiKeyInvalid, ApiKeyMissing, ApiKeyRevoked
from gridgift.storage.database import Database

CACHED_FOR: Final = 4.0  # seconds; the contract allows 5
MAX_CACHED: Final = 10_000


class Cached(Struct, frozen=True):
    """A key as the database had it; ``until`` is in seconds of the monotonic clock."""

    key: Key
    until: float


class KeyRing:
    """Checks keys, remembers them for a moment, and collects when each was last used."""

    def __init__(self, database: Database, signer: Signer) -> None:
        self._database = database
        self._signer = signer
        self._cache: OrderedDict[str, Cached] = OrderedDict()
        self._uses: dict[tuple[str, str], int] = {}

    async def authenticate(self, headers: list[tuple[bytes, bytes]], now: int, tick: float) -> Key:
        """Return the key that a request carries.

        ``now`` is in milliseconds since the epoch, ``tick`` in seconds of the monotonic clock.
        Raises ``ApiKeyMissing``, ``ApiKeyInvalid``, ``ApiKeyRevoked``, ``ApiKeyExpired``.
        """
        text = _sole_value(headers)
        cached = self._cache.get(text)
        if cached is None or cached.until < tick:
            cached = Cached(await self._look_up(text), tick + CACHED_FOR)
            self._remember(text, cached)
        key = cached.key
        if key.revoked_at is not None:
            raise ApiKeyRevoked
        if key.expires_at is not None and key.expires_at <= now:
            raise ApiKeyExpired
        self._uses[key.store_id, key.id] = now
        return key

    def collect_uses(self) -> list[tuple[str, str, int]]:
        """Take what was noted since the last call: (store id, key id, instant) each."""
        uses, self._uses = self._uses, {}
        return [(store_id, key_id, used_at) for (store_id, key_id), used_at in uses.items()]

    async def _look_up(self, text: str) -> Key:
        ids = self._signer.read(text)
        if ids is None:
            raise ApiKeyInvalid
        try:
            key = await self._database.read(keys.read, *ids)
        except KeyNotFound:
            raise ApiKeyInvalid from None
        if not hmac.compare_digest(keys.digest(text), key.hash):
            raise ApiKeyInvalid
        return key

    def _remember(self, text: str, cached: Cached) -> None:
        self._cache[text] = cached
        self._cache.move_to_end(text)
        if len(self._cache) > MAX_CACHED:
            self._cache.popitem(last=False)


def _sole_value(headers: list[tuple[bytes, bytes]]) -> str:
    values = [value for name, value in headers if name == b"x-api-key"]
    if not values or values == [b""]:
        raise ApiKeyMissing
    if len(values) > 1:
        raise ApiKeyInvalid
    return values[0].decode("latin-1")
