"""One request on its way: what came in, who asks, and how it runs operations."""

import re
from collections.abc import Awaitable, Callable
from typing import Any, Final
from urllib.parse import quote

from msgspec import Struct
from starlette.types import Scope

from gridgift.domain import idempotency
from gridgift.domain.failures import (
    GiftCardNotFound,
    HoldNotFound,
    ReceiverNotFound,
    ResidentNotFound,
    ValidationFailed,
)
from gridgift.domain.idempotency import Answer
from gridgift.domain.ids import parse_uuid
from gridgift.domain.model import Caller, Key, Resident
from gridgift.domain.paging import Page
from gridgift.domain.residents import Identifier, parse_identifier
from gridgift.http.auth import Visitor
from gridgift.http.reply import JSON, NO_STORE, REVALIDATE, Header, Reply
from gridgift.http.schemas import ListResponse, Pagination
from gridgift.http.services import Services
from gridgift.storage.database import Operation, P, T, Tx

REPLAYED: Final = (b"idempotent-replayed", b"true")

_BARE_KEY: Final = re.compile(r"[\x20-\x7e]{1,255}")
_QUOTED_KEY: Final = re.compile(r'"((?:[^"\\]|\\["\\])*)"')
_ETAG: Final = re.compile(r'(?:W/)?"[\x21\x23-\x7e]*"')


class Call(Struct):
    """A request after authentication; handlers read it and answer with a ``Reply``."""

    services: Services
    method: str
    scope: Scope
    headers: dict[bytes, bytes]
    path: dict[str, str]
    request_id: str
    now: int
    key: Key | None = None
    visitor: Visitor | None = None
    query: Any = None
    body: Any = None
    raw_body: bytes = b""

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
    def store_id(self) -> str:
        """The store that the key or the token belongs to."""
        if self.visitor is not None:
            return self.visitor.token.store_id
        assert self.key is not None, "a public endpoint has no store"
        return self.key.store_id

    @property
    def resident(self) -> Resident:
        """Whose page it is that calls."""
        assert self.visitor is not None, "only a customer's endpoint has a resident"
        return self.visitor.resident

    @property
    def caller(self) -> Caller:
        """Who asks, as the ledger names it."""
        if self.visitor is not None:
            return Caller(self.store_id, "resident", self.resident.uuid, self.request_id)
        assert self.key is not None, "a public endpoint has no caller"
        return Caller(self.key.store_id, "key", self.key.id, self.request_id)

    def card_id(self) -> str:
        """Return the path's card id; one that is no UUID names no card (section 6)."""
        card_id = parse_uuid(self.path["id"])
        if card_id is None:
            raise GiftCardNotFound(self.path["id"][:64])
        return card_id

    def hold_id(self) -> str:
        """Return the path's hold id; one that is no UUID names no hold."""
        hold_id = parse_uuid(self.path["hold"])
        if hold_id is None:
            raise HoldNotFound(self.path["hold"][:64])
        return hold_id

    def identifier(self) -> Identifier:
        """Return the path's resident. Raises ``IdentifierMalformed``."""
        return parse_identifier(self.path["identifier"])

    def if_match(self) -> frozenset[str] | None:
        """Return the ETags of ``If-Match``; None if it is missing or ``*`` (RFC 9110, 13.1.1)."""
        value = self.headers.get(b"if-match")
        if value is None or value.strip() == b"*":
            return None
        # Weak ones are found too, and never match: If-Match compares strongly.
        return frozenset(_ETAG.findall(value.decode("latin-1")))

    def not_modified(self, etag: str) -> bool:
        """Tell whether ``If-None-Match`` has this ETag; the comparison is weak (13.1.2)."""
        value = self.headers.get(b"if-none-match")
        if value is None:
            return False
        known = [tag.removeprefix("W/") for tag in _ETAG.findall(value.decode("latin-1"))]
        return value.strip() == b"*" or etag in known

    def conditional(self, answer: Answer) -> Reply:
        """Answer a read that has an ETag, or that the caller has it already."""
        assert answer.etag is not None, "without an ETag there is no condition"
        if b"if-none-match" in self.headers and self.not_modified(answer.etag):
            return Reply(304, (REVALIDATE, (b"etag", answer.etag.encode())))
        return reply_of(answer)

    def list_reply(self, listing: str, page: Page[Any], limit: int) -> Reply:
        """Answer with a page; ``listing`` names the list to its cursors (contract section 4)."""
        cursors = self.services.cursors
        return Reply.json(
            ListResponse(
                data=list(page.rows),
                pagination=Pagination(
                    cursors.write(listing, page.next),
                    cursors.write(listing, page.previous),
                    limit,
                ),
            )
        )

    async def read(self, operation: Operation[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a read; an unknown resident is looked up in the directory, once."""
        return await self.knowing_residents(
            lambda: self.services.database.read(operation, *args, **kwargs)
        )

    async def write(
        self,
        operation: Operation[P, T],
        answer: Callable[[T], Answer],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Reply:
        """Run a write and answer with what ``answer`` makes of its result.

        With an ``Idempotency-Key`` the answer is kept in the same transaction, and given again
        to the same request (contract section 10).
        """
        key, fingerprint = self.idempotency()
        if key is None:
            return await self.write_afresh(operation, answer, *args, **kwargs)

        async def once(tx: Tx) -> tuple[Answer, bool]:
            kept = await idempotency.find(tx, self.store_id, key, fingerprint, self.now)
            if kept is not None:
                return kept, True
            given = answer(await operation(tx, *args, **kwargs))
            await idempotency.keep(tx, self.store_id, key, fingerprint, given, self.now)
            return given, False

        given, replayed = await self.knowing_residents(lambda: self.services.database.write(once))
        return reply_of(given, (REPLAYED,) if replayed else ())

    async def write_afresh(
        self,
        operation: Operation[P, T],
        answer: Callable[[T], Answer],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Reply:
        """Run a write whatever the ``Idempotency-Key``: for answers that must not be kept."""
        result = await self.knowing_residents(
            lambda: self.services.database.write(operation, *args, **kwargs)
        )
        return reply_of(answer(result))

    async def knowing_residents(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Make an attempt; who it does not know is looked up in the directory before another."""
        try:
            return await attempt()
        except (ResidentNotFound, ReceiverNotFound) as failure:
            if self.services.directory is None:
                raise
            try:
                await self.services.directory.learn(failure.identifier)
            except ResidentNotFound as unknown:
                raise type(failure)(
                    failure.identifier, directory_failed=unknown.directory_failed
                ) from unknown
        return await attempt()

    def idempotency(self) -> tuple[str | None, bytes]:
        """Return the ``Idempotency-Key``, if there is one, and what the request is known by."""
        value = self.headers.get(b"idempotency-key")
        if value is None:
            return None, b""
        text = value.decode("latin-1")
        quoted = _QUOTED_KEY.fullmatch(text)
        if quoted is not None:
            text = re.sub(r"\\(.)", r"\1", quoted[1])
        if not _BARE_KEY.fullmatch(text):
            raise ValidationFailed(
                {"Idempotency-Key": ["must have 1 to 255 printable ASCII characters"]}
            )
        # A resident's keys are the resident's own, not the store's.
        key = text if self.visitor is None else f"{self.resident.uuid} {text}"
        return key, idempotency.fingerprint(self.method, self.target, self.raw_body)


def reply_of(answer: Answer, headers: tuple[Header, ...] = ()) -> Reply:
    """Turn an answer, fresh or kept, into a reply."""
    if answer.etag is None:
        return Reply(answer.status, (JSON, NO_STORE, *headers), answer.body)
    etag = (b"etag", answer.etag.encode())
    return Reply(answer.status, (JSON, REVALIDATE, etag, *headers), answer.body)
