"""Replies: what goes out, as plain values."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any, Final, Generic, TypeVar

import msgspec
from msgspec import Struct
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Send

A = TypeVar("A")

Header = tuple[bytes, bytes]

JSON: Final = (b"content-type", b"application/json")
NO_STORE: Final = (b"cache-control", b"no-store")
REVALIDATE: Final = (b"cache-control", b"private, no-cache")
CLOSE: Final = (b"connection", b"close")
NO_SNIFFING: Final = (b"x-content-type-options", b"nosniff")
REPLAYED: Final = (b"idempotent-replayed", b"true")

encode_json: Final = msgspec.json.Encoder().encode


class Reply(Struct, Generic[A], frozen=True):
    """A status, headers and a whole body, which is an ``A`` in JSON (None: no JSON).

    ``etag`` is also among the headers; ``content-length`` is added when the reply is sent.
    """

    status: int
    headers: Sequence[Header]
    body: bytes = b""
    etag: str | None = None

    @classmethod
    def json(cls, value: A, status: int = 200, etag: str | None = None) -> "Reply[A]":
        """Encode a value. With an ETag a client may keep it and ask whether it still holds."""
        return cls(status, _json_headers(etag), encode_json(value), etag)

    @classmethod
    def html(cls, text: str, status: int = 200, headers: Sequence[Header] = ()) -> "Reply[A]":
        """Answer with a page for people."""
        content_type = (b"content-type", b"text/html; charset=utf-8")
        return cls(status, (content_type, *headers), text.encode())

    def pack(self) -> bytes:
        """Write status, ETag and body of a JSON reply as bytes, to be stored and sent again."""
        return b"%d %s\n%s" % (self.status, (self.etag or "").encode(), self.body)

    @classmethod
    def unpack(cls, packed: bytes, *, replayed: bool) -> "Reply[A]":
        """Read what ``pack`` wrote; ``replayed`` says so in a header (contract section 10)."""
        head, _, body = packed.partition(b"\n")
        status, _, tag = head.partition(b" ")
        etag = tag.decode() or None
        headers = (*_json_headers(etag), REPLAYED) if replayed else _json_headers(etag)
        return cls(int(status), headers, body, etag)

    async def send(self, send: Send, extra: Sequence[Header], *, head: bool) -> None:
        """Send it; to a HEAD request the same headers without the body (RFC 9110, 9.3.2)."""
        length = () if self.status == 304 else ((b"content-length", b"%d" % len(self.body)),)
        headers = [*self.headers, *length, *extra]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        body = b"" if head else self.body
        await send({"type": "http.response.body", "body": body, "more_body": False})


class Stream(Reply[A], Generic[A], frozen=True, kw_only=True):
    """A reply whose body comes in ``chunks``, made while it is sent; its length is not known."""

    chunks: AsyncGenerator[bytes]

    def while_read(self, receive: Receive) -> "Stream[A]":
        """Return the same, which raises Starlette's ``ClientDisconnect`` once nobody reads on."""
        return msgspec.structs.replace(self, chunks=_while_read(self.chunks, receive))

    async def send(self, send: Send, extra: Sequence[Header], *, head: bool) -> None:
        """Send it; what fails on the way breaks it off, so that nobody takes it for whole."""
        headers = [*self.headers, *extra]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        async with aclosing(self.chunks):
            if not head:
                async for chunk in self.chunks:
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _while_read(chunks: AsyncGenerator[bytes], receive: Receive) -> AsyncGenerator[bytes]:
    """Yield chunks; a server takes those that nobody reads, too, and tells only by ``receive``."""
    leaving = asyncio.ensure_future(_hung_up(receive))
    try:
        async with aclosing(chunks):
            async for chunk in chunks:
                yield chunk
                if leaving.done():
                    raise ClientDisconnect
    finally:
        leaving.cancel()


async def _hung_up(receive: Receive) -> None:
    """Wait until the client hangs up."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _json_headers(etag: str | None) -> tuple[Any, ...]:
    if etag is None:
        return JSON, NO_STORE
    return JSON, REVALIDATE, (b"etag", etag.encode())
