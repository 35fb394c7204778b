"""Replies: what goes out, as plain values."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct
from starlette.types import Send

Header = tuple[bytes, bytes]

JSON: Final = (b"content-type", b"application/json")
NO_STORE: Final = (b"cache-control", b"no-store")
REVALIDATE: Final = (b"cache-control", b"private, no-cache")
CLOSE: Final = (b"connection", b"close")
NO_SNIFFING: Final = (b"x-content-type-options", b"nosniff")

encode_json: Final = msgspec.json.Encoder().encode


class Reply(Struct, frozen=True):
    """A status, headers and a whole body. ``content-length`` is added when it is sent."""

    status: int
    headers: Sequence[Header]
    body: bytes = b""

    @classmethod
    def json(cls, value: Any, status: int = 200, headers: Sequence[Header] = ()) -> "Reply":
        """Encode a value; API answers are not for caches."""
        return cls(status, (JSON, NO_STORE, *headers), encode_json(value))

    @classmethod
    def html(cls, text: str, status: int = 200, headers: Sequence[Header] = ()) -> "Reply":
        """Answer with a page for people."""
        content_type = (b"content-type", b"text/html; charset=utf-8")
        return cls(status, (content_type, *headers), text.encode())

    async def send(self, send: Send, extra: Sequence[Header], *, head: bool) -> None:
        """Send it; to a HEAD request the same headers without the body (RFC 9110, 9.3.2)."""
        length = () if self.status == 304 else ((b"content-length", b"%d" % len(self.body)),)
        headers = [*self.headers, *length, *extra]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        body = b"" if head else self.body
        await send({"type": "http.response.body", "body": body, "more_body": False})
