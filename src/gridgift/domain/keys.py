"""API keys: ``<prefix>_<payload>.<signature>``, one store each (contract section 2).

The payload is the store's id, the key's id and 32 random bytes; the signature is HMAC-SHA256
under the server's secret, so a forged key is refused without a query. Of a key
only its SHA-256 is kept.
"""

import base64
import binascii
import hashlib
import hmac
import re
import uuid
from collections.abc import Iterable
from typing import Any, Final

from msgspec import Struct

from gridgift.domain import events, secrets, texts
from gridgift.domain.failures import (
    KeyNameTaken,
    KeyNotFound,
    KeyNotUsable,
    StoreNotFound,
    ValidationFailed,
)
from gridgift.domain.instants import format_instant
from gridgift.domain.model import Caller, Key
from gridgift.domain.scopes import check_scopes
from gridgift.storage.database import Tx

DEFAULT_PREFIX: Final = "allo_live"
RANDOM_BYTES: Final = 32
MAX_OVERLAP: Final = 90 * 86_400_000  # milliseconds that a rotated key may live on

_PAYLOAD_BYTES: Final = 16 + 16 + RANDOM_BYTES
_NAME_LENGTHS: Final = (3, 128)  # characters
_KEY: Final = re.compile(r"(?P<prefix>\w{1,32})_(?P<payload>[\w-]{86})\.(?P<signature>[\w-]{43})")


class Signer(Struct, frozen=True):
    """Makes and checks keys; holds the server's secret and the prefix of its keys."""

    secret: bytes
    prefix: str = DEFAULT_PREFIX

    def issue(self, store_id: str, key_id: str, random: bytes) -> str:
        """Write a key. ``random`` is 32 bytes from the system's generator."""
        payload = uuid.UUID(store_id).bytes + uuid.UUID(key_id).bytes + random
        assert len(payload) == _PAYLOAD_BYTES
        body = f"{self.prefix}_{_encode(payload)}"
        return f"{body}.{_encode(self._sign(body))}"

    def read(self, key: str) -> tuple[str, str] | None:
        """Return the store's id and the key's id, or None for a key that we did not issue."""
        parts = _KEY.fullmatch(key) if key.isascii() else None
        if parts is None or parts["prefix"] != self.prefix:
            return None
        body, _, _ = key.rpartition(".")
        if not hmac.compare_digest(_encode(self._sign(body)), parts["signature"]):
            return None
        try:
            payload = base64.urlsafe_b64decode(parts["payload"] + "==")
        except binascii.Error:
            return None
        return str(uuid.UUID(bytes=payload[:16])), str(uuid.UUID(bytes=payload[16:32]))

    def _sign(self, body: str) -> bytes:
        return hmac.digest(self.secret, b"gridgift key " + body.encode(), "sha256")


class IssuedKey(Struct, frozen=True):
    """A new key: what is stored of it, and the whole of it, to be shown once."""

    stored: Key
    key: str


class NewCredential(Struct, frozen=True):
    """What a new key or token is made of: an id and 32 random bytes, chosen by the caller."""

    id: str
    random: bytes


def digest(key: str) -> bytes:
    """Return what is stored of a key: its SHA-256."""
    return hashlib.sha256(key.encode()).digest()


def preview(key: str, prefix: str) -> str:
    """Show a key without giving it away: prefix, ``***``, last six characters."""
    return f"{prefix}_***{key[-6:]}"


async def create(
    tx: Tx,
    caller: Caller,
    signer: Signer,
    name: str,
    scopes: Iterable[str],
    new: NewCredential,
    *,
    expires_at: int | None = None,
) -> IssuedKey:
    """Make a key of the caller's store.

    Raises ``ValidationFailed``, ``StoreNotFound``, ``KeyNameTaken``.
    """
    wanted = check_scopes(scopes)
    check_name(name)
    if not await tx.run("keys_lock", store_id=caller.store_id):
        raise StoreNotFound(caller.store_id)
    if expires_at is not None and expires_at <= tx.now():
        raise ValidationFailed({"expires_at": ["must be in the future"]})
    return await _add(tx, caller, signer, name, wanted, expires_at, new)


async def _add(
    tx: Tx,
    caller: Caller,
    signer: Signer,
    name: str,
    scopes: frozenset[str],
    expires_at: int | None,
    new: NewCredential,
) -> IssuedKey:
    now, store_id = tx.now(), caller.store_id
    key = signer.issue(store_id, new.id, new.random)
    stored = Key(
        store_id=store_id,
        id=new.id,
        name=name,
        hash=digest(key),
        preview=preview(key, signer.prefix),
        scopes=scopes,
        created_at=now,
        expires_at=expires_at,
        revoked_at=None,
        last_used_at=None,
    )
    added = await tx.run(
        "key_add",
        store_id=store_id,
        id=stored.id,
        name=name,
        hash=stored.hash,
        preview=stored.preview,
        scopes=" ".join(sorted(scopes)),
        expires_at=expires_at,
        now=now,
    )
    if not added:
        raise KeyNameTaken(name)
    await _note(tx, caller, None, stored)
    return IssuedKey(stored, key)


async def read(tx: Tx, store_id: str, key_id: str) -> Key:
    """Return one key of the store. Raises ``KeyNotFound``."""
    row = await tx.one("key_by_id", store_id=store_id, id=key_id)
    if row is None:
        raise KeyNotFound(key_id)
    return Key.from_row(row)


async def lock(tx: Tx, store_id: str, key_id: str) -> Key:
    """Return one key, which nobody else changes until the transaction's end.

    Raises ``KeyNotFound``.
    """
    await tx.run("keys_lock", store_id=store_id)
    return await read(tx, store_id, key_id)


async def list_of(tx: Tx, store_id: str) -> list[Key]:
    """Return all keys of the store, oldest first. Raises ``StoreNotFound``."""
    if await tx.one("store_by_id", store_id=store_id) is None:
        raise StoreNotFound(store_id)
    return [Key.from_row(row) for row in await tx.all("keys_of_store", store_id=store_id)]


async def rename(tx: Tx, caller: Caller, key_id: str, name: str) -> Key:
    """Give a key another name. Raises what ``update`` raises."""
    return await update(tx, caller, key_id, name, None)


async def rescope(tx: Tx, caller: Caller, key_id: str, scopes: Iterable[str]) -> Key:
    """Give a key other scopes. Raises what ``update`` raises."""
    return await update(tx, caller, key_id, None, scopes)


async def update(
    tx: Tx, caller: Caller, key_id: str, name: str | None, scopes: Iterable[str] | None
) -> Key:
    """Give a key another name, other scopes, or both (None: as they are).

    Raises ``ValidationFailed``, ``KeyNotFound``, ``KeyNotUsable``, ``KeyNameTaken``.
    """
    store_id, wanted = caller.store_id, None if scopes is None else check_scopes(scopes)
    if name is not None:
        check_name(name)
    if name is None and wanted is None:
        return await read(tx, store_id, key_id)
    await tx.run("keys_lock", store_id=store_id)
    before = await _read_usable(tx, store_id, key_id, tx.now())
    if name is not None:
        await _rename(tx, before, name)
    if wanted is not None:
        await tx.run("key_rescope", store_id=store_id, id=key_id, scopes=" ".join(sorted(wanted)))
    return await _noted(tx, caller, before)


async def _rename(tx: Tx, key: Key, name: str) -> None:
    holder = await tx.one("key_name_holder", store_id=key.store_id, name=name)
    if holder is not None and holder[0] != key.id:
        raise KeyNameTaken(name)
    await tx.run("key_rename", store_id=key.store_id, id=key.id, name=name)


async def rotate(
    tx: Tx, caller: Caller, signer: Signer, key_id: str, overlap: int, new: NewCredential
) -> IssuedKey:
    """Replace a key: a new one takes its name, scopes and expiry; the old one soon dies.

    ``overlap`` is how long the old one still works, in milliseconds, at most 90 days; it gets a
    name that says so. Raises ``ValidationFailed``, ``KeyNotFound``, ``KeyNotUsable``.
    """
    if not 0 <= overlap <= MAX_OVERLAP:
        raise ValidationFailed({"overlap": ["must be from 0 to 90 days"]})
    store_id = caller.store_id
    await tx.run("keys_lock", store_id=store_id)
    now = tx.now()
    old = await _read_usable(tx, store_id, key_id, now)
    dies = now + overlap if old.expires_at is None else min(now + overlap, old.expires_at)
    suffix = f" (old {old.preview[-6:]} until {format_instant(dies)[:16]})"
    retired = old.name[: _NAME_LENGTHS[1] - len(suffix)] + suffix
    await tx.run("key_retire", store_id=store_id, id=key_id, name=retired, expires_at=dies)
    await _noted(tx, caller, old)
    return await _add(tx, caller, signer, old.name, old.scopes, old.expires_at, new)


async def revoke(tx: Tx, caller: Caller, key_id: str) -> Key:
    """End a key for good; revoking it again changes nothing. Raises ``KeyNotFound``."""
    before = await lock(tx, caller.store_id, key_id)
    await tx.run("key_revoke", store_id=caller.store_id, id=key_id, now=tx.now())
    return await _noted(tx, caller, before)


async def _noted(tx: Tx, caller: Caller, before: Key) -> Key:
    """Return a key as it is now, and note the event if it is another than before."""
    after = await read(tx, before.store_id, before.id)
    if after != before:
        await _note(tx, caller, before, after)
    return after


async def _note(tx: Tx, caller: Caller, before: Key | None, after: Key) -> None:
    shown = (None if before is None else _shown(before), _shown(after))
    await events.note(tx, caller, events.KEY_CHANGED, "key", after.id, *shown)


def _shown(key: Key) -> dict[str, Any]:
    """Say what a key is, for its event, without giving it away."""
    return {
        "name": key.name,
        "preview": key.preview,
        "scopes": sorted(key.scopes),
        "expiresAt": key.expires_at,
        "revokedAt": None if key.revoked_at is None else format_instant(key.revoked_at),
    }


async def note_uses(tx: Tx, uses: list[tuple[str, str, int]], secret_fingerprint: bytes) -> None:
    """Note when keys were last used: (store id, key id, instant) each.

    They also prove that the server has the secret that they were signed with.
    """
    await secrets.note(tx, secret_fingerprint)
    for store_id, key_id, used_at in sorted(uses):  # one order for all, so that none deadlock
        await tx.run("key_used", store_id=store_id, id=key_id, used_at=used_at)


def check_name(name: str) -> None:
    """Raise ``ValidationFailed`` unless the name has 3 to 128 printable characters."""
    if errors := name_complaints(name):
        raise ValidationFailed(errors)


def name_complaints(name: str) -> dict[str, list[str]]:
    """Say what is wrong with a name that no key can have."""
    fits = texts.fits_name(name, *_NAME_LENGTHS) and name == name.strip()
    return {} if fits else {"name": [texts.wanted(*_NAME_LENGTHS)]}


async def _read_usable(tx: Tx, store_id: str, key_id: str, now: int) -> Key:
    key = await read(tx, store_id, key_id)
    if not key.works(now):
        raise KeyNotUsable(key_id)
    return key


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
