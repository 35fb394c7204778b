"""Requests: what came in, after its guard has admitted it and its parts were decoded."""

import hashlib
import re
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final, Generic, TypeVar
from urllib.parse import quote

import msgspec
from msgspec import Struct
from starlette.types import Scope

from gridgift.domain.failures import ValidationFailed
from gridgift.domain.idempotency import IdempotencyKey
from gridgift.domain.ids import parse_uuid
from gridgift.domain.model import Caller
from gridgift.http.edge.principal import Principal
from gridgift.http.edge.services import Services
from gridgift.operations import Operations
from gridgift.storage.database import Tx

_BARE_KEY: Final = re.compile(r"[\x20-\x7e]{1,255}")
_QUOTED: Final = r'(?:[^"\\]|\\["\\])*'
# A string of structured fields (RFC 9651) with its parameters, none of which means anything here.
_QUOTED_KEY: Final = re.compile(
    rf'"({_QUOTED})"(?:; *[a-z*][a-z0-9_.*-]*(?:=(?:%?"{_QUOTED}"|[^\s",;]+))?)*'
)
_ETAG: Final = re.compile(r'(?:W/)?"[\x21\x23-\x7e]*"')

# Seconds. A guard may have known of its credential for 4 s by then, and the contract allows 5.
ADMITTED_FOR: Final = 1.0

Readmit = Callable[[Tx, Any], Coroutine[Any, Any, None]]

P_co = TypeVar("P_co", bound=Principal, covariant=True)
Q_co = TypeVar("Q_co", covariant=True)
B_co = TypeVar("B_co", covariant=True)


class Request(Struct, Generic[P_co, Q_co, B_co]):
    """A request from a principal, with its query and its body as the route's types have them.

    ``received_at`` is in milliseconds since the epoch; ``headers`` has lower-case names, and the
    lines of one header joined; ``path`` has the path's parameters. ``rows`` are those of a body
    that a handler has read itself. ``admitted_at`` is when the principal was admitted, in seconds
    of the monotonic clock; ``readmit`` is its guard's.
    """

    services: Services
    method: str
    scope: Scope
    headers: dict[bytes, bytes]
    path: dict[str, str]
    id: str
    received_at: int
    principal: P_co
    query: Q_co
    body: B_co
    raw_body: bytes = b""
    rows: Sequence[Any] | None = None
    admitted_at: float = 0.0
    readmit: Readmit | None = None

    @property
    def target(self) -> str:
        """The path as it came, percent-encoded, with its query."""
        raw: bytes | None = self.scope.get("raw_path")
        if raw is None:
            path = quote(self.scope["path"])
        else:
            path = raw.partition(b"?")[0].decode("latin-1")
        query = self.scope["query_string"].decode("latin-1")
        return f"{path}?{query}" if query else path

    @property
    def operations(self) -> Operations:
        """What runs the operations of its principal."""
        return self.services.operations.of(self.principal.bucket, self.principal.store_id)

    @property
    def store_id(self) -> str:
        """The store that the principal acts for."""
        return self.principal.store_id

    @property
    def caller(self) -> Caller:
        """Who asks, as the ledger names it."""
        who = self.principal
        return Caller(who.store_id, who.actor_kind, who.actor_id, self.id)

    @property
    def admitted_long_ago(self) -> bool:
        """Whether what the guard knew may be too old for anything to begin that relies on it."""
        return self.services.ticks() - self.admitted_at > ADMITTED_FOR

    async def check(self, tx: Tx) -> None:
        """Raise what keeps the principal out by now; a transaction asks at its begin and its end.

        What was found long ago, before a slow body, a queue or a lock, is looked up again.
        """
        expires_at = self.principal.expires_at
        ended = expires_at is not None and expires_at <= tx.now()
        if self.readmit is not None and (ended or self.admitted_long_ago):
            await self.readmit(tx, self.principal)
            self.admitted_at = self.services.ticks()

    def if_match(self) -> frozenset[str] | None:
        """Return the ETags of ``If-Match``; None if it is missing or ``*`` (RFC 9110, 13.1.1)."""
        value = self.headers.get(b"if-match")
        if value is None or value.strip() == b"*":
            return None
        # Weak ones are found too, and never match: If-Match compares strongly.
        return frozenset(_ETAG.findall(value.decode("latin-1")))

    def has_current(self, etag: str) -> bool:
        """Tell whether ``If-None-Match`` has this ETag; the comparison is weak (13.1.2)."""
        value = self.headers.get(b"if-none-match")
        if value is None:
            return False
        known = [tag.removeprefix("W/") for tag in _ETAG.findall(value.decode("latin-1"))]
        return value.strip() == b"*" or etag in known

    def idempotency_key(self) -> IdempotencyKey | None:
        """Return the ``Idempotency-Key``, if there is one, as its principal's own.

        Its fingerprint digests what is asked: method, path, query and body as they were decoded,
        so that neither spaces nor the order of members tell two requests apart, nor the case of a
        UUID in the path, nor what no operation reads. Raises ``ValidationFailed``.
        """
        # Not the joined lines: a client that adds its key again on a retry means the same one.
        keys = {value for name, value in self.scope["headers"] if name == b"idempotency-key"}
        if not keys:
            return None
        if len(keys) > 1:
            raise ValidationFailed({"Idempotency-Key": ["must be one key, not several"]})
        text = keys.pop().decode("latin-1")
        if text.startswith('"'):
            quoted = _QUOTED_KEY.fullmatch(text)
            text = "" if quoted is None else re.sub(r"\\(.)", r"\1", quoted[1])
        if not _BARE_KEY.fullmatch(text):
            raise ValidationFailed(
                {"Idempotency-Key": ["must have 1 to 255 printable ASCII characters"]}
            )
        parts = self.scope["path"].split("/")  # no operation tells A from a in a UUID
        path = quote("/".join(parse_uuid(part) or part for part in parts), errors="surrogatepass")
        body = self.body if self.rows is None else self.rows
        as_sent = b"\n".join([self.method.encode(), self.target.encode(), self.raw_body])
        return IdempotencyKey(
            self.principal.own_key(text),
            fingerprint(self.method, path, self.query, body),
            older=hashlib.sha256(as_sent).digest(),
            is_kept=not self.trusts_age(),
        )

    def trusts_age(self) -> bool:
        """Tell whether what is stored may be as old as the clock says."""
        return self.services.clock_watch.is_steady(self.services.clock())


def fingerprint(method: str, path: str, query: Any, body: Any) -> bytes:
    """Digest what a request asks for; ``query`` and ``body`` are decoded, with their defaults."""
    return hashlib.sha256(_encode_asked((method, path, query, body))).digest()


def _encode_failure(failure: Any) -> tuple[str, str]:
    """Write a row that can't be read: the only thing in a request that JSON has no form for."""
    return failure.code, failure.detail


_encode_asked: Final = msgspec.json.Encoder(enc_hook=_encode_failure, order="deterministic").encode
