"""Credentials that are signed and stored hashed, such as API keys, as the database had them.

What was looked up is remembered for a moment (``caches.py``), so a revocation reaches every replica
within the contract's 5 seconds (section 2), and at once where the database notifies (``forget``).
"""

import hmac
import secrets
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from typing import Any, Final, Generic, Protocol, TypeVar

from msgspec import Struct, structs

from gridgift.caches import MAX_ENTRIES, REMEMBERED_FOR, LookUps
from gridgift.domain import keys, sessions, units
from gridgift.domain.keys import Signer
from gridgift.domain.units import Unit
from gridgift.operations import Operations
from gridgift.storage.database import Database, Tx


class Credential(Protocol):
    """What is known of a credential: its id, and the SHA-256 of its text."""

    @property
    def id(self) -> str:
        """The credential's own id, as the database notifies of its changes."""

    @property
    def hash(self) -> bytes:
        """SHA-256 of the credential's text."""


C = TypeVar("C", bound=Credential)


class CredentialKind(Struct, Generic[C], frozen=True):
    """A kind of credential: the name under which changes are notified, and how one is found.

    ``find(tx, store_id, credential_id)`` returns None for an id that the store does not have.
    ``prefix`` is what the credential's text begins with; None: the server's prefix of API keys.
    """

    name: str
    find: Callable[[Tx, str, str], Coroutine[Any, Any, C | None]]
    prefix: str | None = None


class CredentialCache(Generic[C]):
    """Checks credentials of one kind, dead or alive, and remembers them for a moment."""

    def __init__(self, database: Database, signer: Signer, kind: CredentialKind[C]) -> None:
        self.signer = signer
        self._database = database
        self._find = kind.find
        self._found: LookUps[C | None] = LookUps()

    async def look_up(self, value: bytes, tick: float) -> C | None:
        """Return the credential with this text, or None if it was not issued here.

        ``tick`` is in seconds of the monotonic clock. A forged one costs a signature and is not
        remembered; one that was signed here and is no more is, so that it costs no look-up each
        time.
        """
        credential = self._found.recall(value, tick)
        if credential is not None:
            return credential
        text = value.decode("latin-1")
        ids = self.signer.read(text)
        if ids is None:
            return None
        return await self._found.find(value, tick, lambda: self._read(text, *ids))

    def forget(self, credential_id: str | None = None) -> None:
        """Look a credential up again when it is next presented; None: every one."""
        if credential_id is None:
            self._found.forget()
        else:
            self._found.forget(lambda found: found is None or found.id == credential_id)

    async def _read(self, text: str, store_id: str, credential_id: str) -> C | None:
        credential = await self._database.read(self._find, store_id, credential_id)
        if credential is None or not hmac.compare_digest(keys.digest(text), credential.hash):
            return None
        return credential


class Heard(Struct, frozen=True):
    """A unit, as it was when it was last looked up, without the names it is for.

    ``until`` is when that is too old, in seconds of the monotonic clock.
    """

    unit: Unit
    until: float


class HeardUnits:
    """Units of which something was heard that was signed right, the latest ``MAX_ENTRIES``."""

    def __init__(self) -> None:
        self._heard: OrderedDict[str, Heard] = OrderedDict()

    def note(self, unit: Unit, tick: float) -> None:
        """Remember a unit; ``tick`` is in seconds of the monotonic clock."""
        if unit.settings.usernames:
            unit = structs.replace(unit, settings=structs.replace(unit.settings, usernames=()))
        self._heard[unit.id] = Heard(unit, tick + REMEMBERED_FOR)
        self._heard.move_to_end(unit.id)
        if len(self._heard) > MAX_ENTRIES:
            self._heard.popitem(last=False)

    def recall(self, unit_id: str) -> Heard | None:
        """Return a unit that was heard; None: it was not, or others were so many since."""
        return self._heard.get(unit_id)


class Credentials:
    """A cache for each kind of credential, made when the kind is first asked for."""

    def __init__(self, database: Database, secret: bytes, key_prefix: str) -> None:
        self._database = database
        self._secret = secret
        self._key_prefix = key_prefix
        self._caches: dict[str, CredentialCache[Any]] = {}
        self.heard: Final = HeardUnits()

    def of(self, kind: CredentialKind[C]) -> CredentialCache[C]:
        """Return the cache of a kind."""
        cache = self._caches.get(kind.name)
        if cache is None:
            signer = Signer(self._secret, kind.prefix or self._key_prefix)
            cache = self._caches[kind.name] = CredentialCache(self._database, signer, kind)
        return cache

    def unit_secret(self, unit: Unit) -> str:
        """Return the secret with which a unit's object signs."""
        return units.secret_of(self._secret, unit)

    def new_session_token(self) -> str:
        """Choose the token of a session."""
        return sessions.write_token(self._secret, secrets.token_bytes(sessions.RANDOM_BYTES))

    def is_of_a_session(self, token: str) -> bool:
        """Tell whether a cookie's token was given out for a session, whether or not it works."""
        return sessions.is_marked(self._secret, token)

    def forget(self, kind: str, credential_id: str) -> None:
        """Forget a credential that has changed, of a kind by its name."""
        if kind in self._caches:
            self._caches[kind].forget(credential_id)

    def forget_all(self) -> None:
        """Forget every credential: changes may have gone unheard."""
        for cache in self._caches.values():
            cache.forget()


class KeyUses:
    """When API keys were last used: noted by requests, written by a job."""

    def __init__(self, secret_fingerprint: bytes) -> None:
        self._fingerprint = secret_fingerprint  # of the secret by which the keys were checked
        self._uses: dict[tuple[str, str], int] = {}

    def note(self, store_id: str, key_id: str, now: int) -> None:
        """Note a use; ``now`` is in milliseconds since the epoch."""
        self._uses[store_id, key_id] = now

    async def write(self, operations: Operations) -> None:
        """Write what was noted; if the database is out of reach, it is noted still."""
        uses, self._uses = self._uses, {}
        if not uses:
            return
        try:
            noted = [(*ids, now) for ids, now in uses.items()]
            await operations.write(keys.note_uses, noted, self._fingerprint)
        except BaseException:
            self._uses = uses | self._uses
            raise
