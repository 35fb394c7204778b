"""Cursors: a position in one list, authenticated so that only ours are taken (section 4).

A cursor is base64url of a body and its tag. The body is a version (1 byte), whether the position
is backward (1 byte), and the keys: a UUID in 16 bytes, an integer in 8 (signed), a text in UTF-8
after its length in 2. The tag (12 bytes) covers the list's name, the types of its keys and the
body. The version before had the direction, 0 or 1, as its first byte, one UUID behind it, which
stood for an integer too, and no types in its tag; such cursors are still read.
"""

import hashlib
import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import Any, Final

from gridgift.domain.failures import CursorInvalid
from gridgift.domain.paging import Keys, KeyType, KeyValue, Position

MAX_TEXT_BYTES: Final = 512  # of one key
_VERSION: Final = 2
_FORWARD: Final = bytes((_VERSION, 0))
_BACKWARD: Final = bytes((_VERSION, 1))
_TAG_BYTES: Final = 12
_CURSOR: Final = re.compile(r"[A-Za-z0-9_-]{19,4096}", re.ASCII)
_BEFORE_BYTES: Final = 17  # of a body of the version before
_NIL: Final = bytes(16)  # in that version: the start of a list
_LAST: Final = b"\xff" * 16  # and its end
_MAX_INTEGER: Final = (1 << 63) - 1


class Cursors:
    """The cursors of all lists, under the server's secret.

    The tag is keyed BLAKE2b (RFC 7693), which takes a quarter of HMAC-SHA256's time.
    """

    def __init__(self, secret: bytes) -> None:
        key = hashlib.blake2b(secret).digest()
        self._tag = hashlib.blake2b(key=key, digest_size=_TAG_BYTES, person=b"gridgift cursor")

    def of(self, listing: str, types: Sequence[KeyType]) -> "ListCursors":
        """Return the cursors of one list.

        ``listing`` names the list with all that makes it this one (whose it is, its order);
        ``types`` are those of the keys that it is ordered by.
        """
        return ListCursors(self._tag, listing.encode() + b"\0", types)


class ListCursors:
    """Writes and reads the cursors of one list."""

    __slots__ = ("_list", "_tag", "_typed_list", "_types")

    def __init__(self, tag: Any, name: bytes, types: Sequence[KeyType]) -> None:
        self._tag = tag
        self._types = types
        self._list = name  # what the tag covers besides the body, up to the version before
        self._typed_list = name + ",".join(types).encode() + b"\0"

    def write(self, position: Position | None) -> str | None:
        """Return the opaque form of a position, or None if there is none."""
        if position is None:
            return None
        body = _BACKWARD if position.backward else _FORWARD
        if position.keys:
            for kind, key in zip(self._types, position.keys, strict=True):
                body += _packed(kind, key)
        return self._sealed(self._typed_list, body)

    def read(self, cursor: str | None) -> Position:
        """Return the position; without a cursor, or with an empty one, the start.

        Raises ``CursorInvalid`` for a cursor that this server did not make, or made for another
        list or for keys of other types.
        """
        if not cursor:
            return Position()
        if not _CURSOR.fullmatch(cursor) or len(cursor) % 4 == 1:
            raise CursorInvalid
        body = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))[:-_TAG_BYTES]
        typed = body[0] == _VERSION
        # Whole texts are compared: base64 has several for the same bytes, and ours is one of them.
        if not hmac.compare_digest(
            cursor, self._sealed(self._typed_list if typed else self._list, body)
        ):
            raise CursorInvalid
        if not typed:
            return _of_version_before(body, self._types)
        return Position(_unpacked(body[2:], self._types), backward=body[1] == 1)

    def _sealed(self, covered: bytes, body: bytes) -> str:
        tag = self._tag.copy()
        tag.update(covered + body)
        return urlsafe_b64encode(body + tag.digest()).rstrip(b"=").decode()


def _packed(kind: KeyType, key: KeyValue) -> bytes:
    if kind == "uuid":
        return bytes.fromhex(str(key).replace("-", ""))
    if kind == "integer":
        return int(key).to_bytes(8, "big", signed=True)
    text = str(key).encode()
    if len(text) > MAX_TEXT_BYTES:
        raise ValueError(f"a cursor's key may have {MAX_TEXT_BYTES} bytes")
    return len(text).to_bytes(2, "big") + text


def _unpacked(packed: bytes, types: Sequence[KeyType]) -> Keys:
    """Return the keys; the tag has shown that they are of these types."""
    keys: list[KeyValue] = []
    for kind in types if packed else ():
        if kind == "uuid":
            keys.append(_uuid(packed))
            packed = packed[16:]
        elif kind == "integer":
            keys.append(int.from_bytes(packed[:8], "big", signed=True))
            packed = packed[8:]
        else:
            end = 2 + int.from_bytes(packed[:2], "big")
            keys.append(packed[2:end].decode())
            packed = packed[end:]
    return tuple(keys)


def _uuid(packed: bytes) -> str:
    digits = packed[:16].hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _of_version_before(body: bytes, types: Sequence[KeyType]) -> Position:
    if len(body) != _BEFORE_BYTES or body[0] > 1 or len(types) != 1 or types[0] == "text":
        raise CursorInvalid
    backward, packed = bool(body[0]), body[1:]
    if packed == (_LAST if backward else _NIL):
        return Position(backward=backward)
    keys: Keys = (_uuid(packed),)
    if types[0] == "integer":
        keys = (int.from_bytes(packed, "big"),)
        if int(keys[0]) > _MAX_INTEGER:
            raise CursorInvalid
    return Position(keys, backward)
