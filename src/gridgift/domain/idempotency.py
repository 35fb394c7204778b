"""Idempotency keys: a write sent again answers as it did the first time (contract section 10)."""

import hashlib
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from gridgift.domain.failures import IdempotencyKeyReused
from gridgift.domain.instants import DAY
from gridgift.storage.database import Tx

KEPT_FOR: Final = 7 * DAY


class Answer(Struct, frozen=True):
    """What was answered to a write: HTTP status, ETag if any, and the body's bytes."""

    status: int
    body: bytes
    etag: str | None = None


class Kept(Struct, frozen=True):
    """An answer, and the fingerprint of the request that it was given to."""

    fingerprint: bytes
    answer: Answer

    def to(self, print_: bytes) -> Answer:
        """Return the answer to the same request. Raises ``IdempotencyKeyReused`` to another."""
        if self.fingerprint != print_:
            raise IdempotencyKeyReused
        return self.answer


def fingerprint(method: str, target: str, body: bytes) -> bytes:
    """Digest what makes two requests the same: method, path with query, and body."""
    return hashlib.sha256(b"\n".join([method.encode(), target.encode(), body])).digest()


async def find(tx: Tx, store_id: str, key: str, print_: bytes, now: int) -> Answer | None:
    """Return the answer kept for this key, or None if it is new.

    One that is older than 7 days is deleted, so that the key may be kept anew.

    Raises ``IdempotencyKeyReused`` if the key came with another request.
    """
    kept = (await find_all(tx, store_id, [key], now)).get(key)
    return None if kept is None else kept.to(print_)


async def find_all(tx: Tx, store_id: str, keys: list[str], now: int) -> dict[str, Kept]:
    """Return what is kept for these keys, by key; what is older than 7 days is deleted."""
    if not keys:
        return {}
    rows = await tx.all("answers_find", store_id=store_id, keys=keys)
    since = now - KEPT_FOR
    old = [(store_id, row[0], since) for row in rows if row[1] <= since]
    if old:
        await tx.many("answer_forget", sorted(old))
    return {
        key: Kept(print_, Answer(status, body, etag))
        for key, kept_at, print_, status, etag, body in rows
        if kept_at > since
    }


async def keep_all(tx: Tx, store_id: str, kept: Mapping[str, Kept], now: int) -> None:
    """Keep answers in the transaction of their effects, for keys that ``find_all`` had none for.

    Whoever keeps an answer for one of the keys meanwhile makes the transaction run again, and
    then it is found. They come in the order of their keys, so that none deadlock.
    """
    await tx.many(
        "answer_add",
        [
            (store_id, key, each.fingerprint, each.answer.status, each.answer.etag,
             each.answer.body, now)
            for key, each in sorted(kept.items())
        ],
    )  # fmt: skip


async def keep(tx: Tx, store_id: str, key: str, print_: bytes, answer: Answer, now: int) -> None:
    """Keep one answer, as ``keep_all`` does."""
    await keep_all(tx, store_id, {key: Kept(print_, answer)}, now)


async def forget(tx: Tx, now: int, rows: int) -> int:
    """Delete up to ``rows`` answers that are older than 7 days; return how many."""
    old = await tx.all("answers_old", kept_since=now - KEPT_FOR, rows=rows)
    await tx.many("answer_forget", [(*row, now - KEPT_FOR) for row in old])
    return len(old)
