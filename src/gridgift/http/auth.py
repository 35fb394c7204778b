"""Authentication: from a header to a key with its store and scopes, or to a resident's token.

Whatever was looked up is remembered for ``CACHED_FOR`` seconds, so a revocation reaches every
replica within the contract's 5 seconds (section 2), and at once where the database tells of it
(``forget``). A key's last use is noted here and written by a background job.
"""

import hmac
from collections import OrderedDict
from collections.abc import Mapping
from typing import ClassVar, Final, Generic, Protocol, TypeVar

from msgspec import Struct

from gridgift.domain import keys, residents, tokens
from gridgift.domain.failures import Failure, KeyNotFound
from gridgift.domain.keys import Signer
from gridgift.domain.model import Key, Resident, Token
from gridgift.domain.residents import Identifier
from gridgift.http.refusals import (
    ApiKeyExpired,
    ApiKeyInvalid,
    ApiKeyMissing,
    ApiKeyRevoked,
    CustomerTokenInvalid,
)
from gridgift.storage.database import Database, Tx

CACHED_FOR: Final = 4.0  # seconds; the contract allows 5
MAX_CACHED: Final = 10_000


class Visitor(Struct, frozen=True):
    """A resident with a valid token."""

    token: Token
    resident: Resident

    @property
    def id(self) -> str:
        """The token's."""
        return self.token.id

    @property
    def hash(self) -> bytes:
        """The token's."""
        return self.token.hash


class Hashed(Protocol):
    """What a credential is known by, and what its text is compared with."""

    @property
    def id(self) -> str:
        """The key's or the token's."""

    @property
    def hash(self) -> bytes:
        """SHA-256 of the credential's text."""


C = TypeVar("C", bound=Hashed)
A_co = TypeVar("A_co", covariant=True)


class Cached(Struct, Generic[C], frozen=True):
    """A credential as the database had it; ``until`` is in seconds of the monotonic clock."""

    credential: C
    until: float


class Authenticator(Protocol[A_co]):
    """What an endpoint asks who is calling."""

    async def authenticate(self, headers: Mapping[bytes, bytes], now: int, tick: float) -> A_co:
        """Return a live credential, or raise what is wrong with it."""


class Ring(Generic[C]):
    """Checks signed credentials of one sort, and remembers them for a moment."""

    header: ClassVar[bytes]
    missing: ClassVar[type[Failure]]
    invalid: ClassVar[type[Failure]]

    def __init__(self, database: Database, signer: Signer) -> None:
        self.signer = signer
        self._database = database
        self._cache: OrderedDict[bytes, Cached[C]] = OrderedDict()
        self._forgotten = 0  # times; a look-up that one of them overtook may be out of date

    async def find(self, tx: Tx, store_id: str, credential_id: str) -> C | None:
        """Return what the database has of a credential."""
        raise AssertionError("each ring has its own")

    async def present(self, headers: Mapping[bytes, bytes], tick: float) -> C:
        """Return the credential that a request carries, be it dead or alive.

        ``tick`` is in seconds of the monotonic clock. Raises the ring's two failures.
        """
        value = headers.get(self.header)
        if not value:
            raise self.missing
        credential = self.recall(value, tick)
        if credential is None:
            forgotten = self._forgotten
            text = value.decode("latin-1")  # several lines were joined by commas: no key has one
            credential = await self._look_up(text)
            if forgotten == self._forgotten:
                self._remember(value, Cached(credential, tick + CACHED_FOR))
        return credential

    def recall(self, value: bytes, tick: float) -> C | None:
        """Return what was looked up for a header's value, while that may still be relied on."""
        cached = self._cache.get(value)
        return None if cached is None or cached.until < tick else cached.credential

    def forget(self, credential_id: str | None = None) -> None:
        """Look a credential up again when it is next presented; None: every one."""
        self._forgotten += 1
        if credential_id is None:
            self._cache.clear()
            return
        for text in [t for t, c in self._cache.items() if c.credential.id == credential_id]:
            del self._cache[text]

    async def _look_up(self, text: str) -> C:
        ids = self.signer.read(text)
        if ids is None:
            raise self.invalid
        credential = await self._database.read(self.find, *ids)
        if credential is None or not hmac.compare_digest(keys.digest(text), credential.hash):
            raise self.invalid
        return credential

    def _remember(self, value: bytes, cached: Cached[C]) -> None:
        self._cache[value] = cached
        self._cache.move_to_end(value)
        if len(self._cache) > MAX_CACHED:
            self._cache.popitem(last=False)


class KeyRing(Ring[Key]):
    """Checks API keys, and collects when each was last used."""

    header = b"x-api-key"
    missing = ApiKeyMissing
    invalid = ApiKeyInvalid

    def __init__(self, database: Database, signer: Signer) -> None:
        super().__init__(database, signer)
        self._uses: dict[tuple[str, str], int] = {}

    async def find(self, tx: Tx, store_id: str, credential_id: str) -> Key | None:
        """Return a key of a store."""
        try:
            return await keys.read(tx, store_id, credential_id)
        except KeyNotFound:
            return None

    async def authenticate(self, headers: Mapping[bytes, bytes], now: int, tick: float) -> Key:
        """Return the key that a request carries.

        ``now`` is in milliseconds since the epoch, ``tick`` in seconds of the monotonic clock.
        Raises ``ApiKeyMissing``, ``ApiKeyInvalid``, ``ApiKeyRevoked``, ``ApiKeyExpired``.
        """
        key = self.recall(headers.get(self.header, b""), tick) or await self.present(headers, tick)
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


class TokenRing(Ring[Visitor]):
    """Checks the tokens of residents; whatever is wrong with one, it is simply dead."""

    header = b"x-customer-token"
    missing = CustomerTokenInvalid
    invalid = CustomerTokenInvalid

    async def find(self, tx: Tx, store_id: str, credential_id: str) -> Visitor | None:
        """Return a token of a store, with its resident."""
        token = await tokens.find(tx, store_id, credential_id)
        if token is None:
            return None
        return Visitor(token, await residents.find(tx, Identifier(uuid=token.resident_uuid)))

    async def authenticate(self, headers: Mapping[bytes, bytes], now: int, tick: float) -> Visitor:
        """Return the resident whose token a request carries. Raises ``CustomerTokenInvalid``."""
        visitor = await self.present(headers, tick)
        if visitor.token.revoked_at is not None or visitor.token.expires_at <= now:
            raise CustomerTokenInvalid
        return visitor
