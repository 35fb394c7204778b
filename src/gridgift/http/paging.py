"""Cursors: a position in one list, authenticated so that only ours are taken (section 4)."""

import base64
import hmac
import re
import uuid
from typing import Final

from msgspec import Struct

from gridgift.domain.failures import CursorInvalid
from gridgift.domain.paging import Position

_TAG_BYTES: Final = 12
_CURSOR: Final = re.compile(r"[A-Za-z0-9_-]{39}", re.ASCII)  # 1 + 16 + 12 bytes


class Cursors(Struct, frozen=True):
    """Writes and reads cursors under the server's secret; ``listing`` names the list."""

    secret: bytes

    def write(self, listing: str, position: Position | None) -> str | None:
        """Return the opaque form of a position, or None if there is none."""
        if position is None:
            return None
        body = bytes([position.backward]) + uuid.UUID(position.id).bytes
        raw = body + self._tag(listing, body)
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    def read(self, listing: str, cursor: str | None) -> Position:
        """Return the position, the start without a cursor. Raises ``CursorInvalid``."""
        if cursor is None:
            return Position()
        if not _CURSOR.fullmatch(cursor):
            raise CursorInvalid
        body = base64.urlsafe_b64decode(cursor + "=")[:-_TAG_BYTES]
        position = Position(str(uuid.UUID(bytes=body[1:])), backward=bool(body[0]))
        # Whole texts are compared: base64 has several for the same bytes, and ours is one of them.
        if not hmac.compare_digest(cursor, self.write(listing, position) or ""):
            raise CursorInvalid
        return position

    def _tag(self, listing: str, body: bytes) -> bytes:
        message = b"gridgift cursor " + listing.encode() + b"\0" + body
        return hmac.digest(self.secret, message, "sha256")[:_TAG_BYTES]
