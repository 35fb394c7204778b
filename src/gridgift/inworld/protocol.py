"""What objects in Second Life send, in Python: as the scripts write it (contract section 9).

``tests/inworld/test_protocol.py`` compares it with what the scripts send.
"""

import base64
import hmac
import uuid
from typing import Any, Final

import msgspec
from msgspec import Struct, field, structs

API: Final = "/inworld/v1/"


class Visitor(Struct, frozen=True):
    """A resident as an object sees one: the avatar's UUID, username and language."""

    key: str
    name: str
    language: str = "en-us"


class Asked(Struct, frozen=True):
    """A request, however often it is sent: repeated, it has the same nonce and body."""

    action: str
    body: bytes
    nonce: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def path(self) -> str:
        """The path on the server."""
        return API + self.action

    def headers(self, unit_id: str, secret: str, now: int) -> dict[str, str]:
        """Return the headers with a signature that is good at ``now`` (Unix seconds)."""
        at, nonce, path = (part.encode() for part in (str(now), self.nonce, self.path))
        return {
            "X-GC-Unit": unit_id,
            "X-GC-Time": str(now),
            "X-GC-Nonce": self.nonce,
            "X-GC-Sig": signature(secret, at, nonce, path, self.body).decode(),
        }


def signature(secret: str, time: bytes, nonce: bytes, path: bytes, body: bytes) -> bytes:
    """Sign a request as ``llHMAC`` does: Base64 of HMAC-SHA256."""
    message = b"\n".join((time, nonce, path, body))
    return base64.b64encode(hmac.digest(secret.encode(), message, "sha256"))


def pair(code: str, obj: str, owner: Visitor) -> Asked:
    """Ask for the secret of an object, with a pairing code; the secret to sign with is empty."""
    return _asked("pair", code=code, obj=obj, owner=owner.key, lang=owner.language)


def claim(visitor: Visitor, obj: str, owner: str) -> Asked:
    """Ask a delivery unit for a card, of somebody without the group's tag."""
    seen = {"avatar": visitor.key, "name": visitor.name, "group": 0, "obj": obj, "owner": owner}
    return _asked("claim", **seen, lang=visitor.language)


def wallet(visitor: Visitor) -> Asked:
    """Ask a terminal what a resident has."""
    return _asked("wallet", avatar=visitor.key, name=visitor.name, lang=visitor.language)


def redeem(visitor: Visitor, card: str) -> Asked:
    """Ask a terminal to redeem a card."""
    return _asked("redeem", avatar=visitor.key, card=card, lang=visitor.language)


def transfer(visitor: Visitor, card: str, friend: str) -> Asked:
    """Ask a terminal to pass a card on."""
    seen = {"avatar": visitor.key, "card": card}
    return _asked("transfer", **seen, lang=visitor.language, friend=friend)


def purchase(visitor: Visitor, amount: int, paid_at: int, friend: str = "") -> Asked:
    """Ask a vendor for a card of ``amount`` L$, paid at ``paid_at`` (Unix seconds)."""
    seen = {"avatar": visitor.key, "name": visitor.name, "amount": amount, "paid_at": paid_at}
    return _asked("purchase", **seen, friend=friend, lang=visitor.language)


def refund(visitor: Visitor, payment: str, paid: int) -> Asked:
    """Ask before the L$ of a payment, by its nonce, are given back (0); say that they were (1)."""
    asked = _asked("refund", payment=payment, paid=paid, lang=visitor.language)
    return structs.replace(asked, nonce=payment)


def _asked(action: str, **members: Any) -> Asked:
    return Asked(action, msgspec.json.encode(members))
