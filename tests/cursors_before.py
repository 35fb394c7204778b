"""The cursors of the version before, as its code wrote them: one UUID, whatever the list is of."""

import hashlib
from base64 import urlsafe_b64encode
from uuid import UUID

NIL = "00000000-0000-0000-0000-000000000000"
LAST = "ffffffff-ffff-ffff-ffff-ffffffffffff"


def cursor_before(secret: str, listing: str, key: str, *, backward: bool = False) -> str:
    """Return what a server of the version before wrote for a position."""
    tag = hashlib.blake2b(
        key=hashlib.blake2b(secret.encode()).digest(), digest_size=12, person=b"gridgift cursor"
    )
    body = bytes([backward]) + bytes.fromhex(key.replace("-", ""))
    tag.update(listing.encode() + b"\0" + body)
    return urlsafe_b64encode(body + tag.digest()).rstrip(b"=").decode()


def disguised(number: int) -> str:
    """Return the UUID that stood for an integer."""
    return str(UUID(int=number))
