"""The guard of programs: an API key with the route's scope (contract section 2)."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final, TypeVar

from msgspec import Struct

from gridgift.credentials import CredentialKind
from gridgift.domain import keys
from gridgift.domain.failures import Failure, KeyNotFound
from gridgift.domain.model import Key
from gridgift.domain.scopes import SCOPES
from gridgift.http.edge.guards import SecurityScheme
from gridgift.http.edge.principal import Principal
from gridgift.http.edge.refusals import (
    ApiKeyExpired,
    ApiKeyInvalid,
    ApiKeyMissing,
    ApiKeyRevoked,
    RateLimited,
    ScopeMissing,
)
from gridgift.http.edge.request import Request
from gridgift.limits import Bucket
from gridgift.storage.database import Tx

Q = TypeVar("Q")
B = TypeVar("B")

HEADER: Final = b"x-api-key"


class KeyPrincipal(Principal, frozen=True, kw_only=True):
    """A program with an API key."""

    key: Key

    @property
    def id(self) -> str:
        """The key's."""
        return self.key.id

    @property
    def hash(self) -> bytes:
        """The key's."""
        return self.key.hash


KeyRequest = Request[KeyPrincipal, Q, B]


async def _find(tx: Tx, store_id: str, key_id: str) -> KeyPrincipal | None:
    try:
        key = await keys.read(tx, store_id, key_id)
    except KeyNotFound:
        return None
    return KeyPrincipal(
        store_id=key.store_id,
        actor_kind="key",
        actor_id=key.id,
        bucket=Bucket("key", key.id),
        log_fields={"store": key.store_id, "key": key.id},
        expires_at=key.expires_at,
        key=key,
    )


API_KEY: Final = CredentialKind("key", _find)


class ApiKey(Struct, frozen=True):
    """Admits a request with one live API key that has a scope. A scope has to be a known one."""

    scope: str

    refusals: ClassVar[tuple[type[Failure], ...]] = (
        ApiKeyMissing, ApiKeyInvalid, ApiKeyRevoked, ApiKeyExpired, ScopeMissing, RateLimited,
    )  # fmt: skip
    scheme: ClassVar[SecurityScheme | None] = SecurityScheme(
        "ApiKey",
        "X-API-Key",
        "Scopes: " + " ".join(f"`{scope}`: {text}" for scope, text in SCOPES.items()),
    )
    cors: ClassVar[tuple[str, ...]] = ()
    keyed: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.scope not in SCOPES:
            raise ValueError(f"{self.scope!r} is no scope of an API key")

    @property
    def note(self) -> str:
        """Name the scope."""
        return f"Scope: `{self.scope}`."

    def describe(self) -> Mapping[str, Any]:
        """Tell the scope."""
        return {"security": [{"ApiKey": []}], "x-scope": self.scope}

    async def admit(self, request: Request[Any, Any, Any]) -> KeyPrincipal:
        """Return the program whose key the request carries."""
        services = request.services
        value = request.headers.get(HEADER)
        if not value:
            raise ApiKeyMissing
        # several lines of the header were joined by commas, and no key has one
        program = await services.credentials.of(API_KEY).look_up(value, services.ticks())
        if program is None:
            raise ApiKeyInvalid
        now = services.clock()
        _check_alive(program.key, now)
        services.key_uses.note(program.store_id, program.id, now)
        return program

    def authorise(self, principal: KeyPrincipal) -> None:
        """Raise ``ScopeMissing`` unless the key has the scope."""
        if self.scope not in principal.key.scopes:
            raise ScopeMissing(self.scope)

    async def verify(self, request: Request[Any, Any, Any]) -> None:
        """Find nothing wrong: a key is good for any body."""

    async def readmit(self, tx: Tx, principal: KeyPrincipal) -> None:
        """Raise what has become of the key meanwhile, if it has ended or lost the scope."""
        found = await _find(tx, principal.store_id, principal.id)
        if found is None:
            raise ApiKeyInvalid
        _check_alive(found.key, tx.now())
        self.authorise(found)


def _check_alive(key: Key, now: int) -> None:
    if key.revoked_at is not None:
        raise ApiKeyRevoked
    if key.expires_at is not None and key.expires_at <= now:
        raise ApiKeyExpired
