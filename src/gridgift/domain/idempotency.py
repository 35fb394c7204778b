"""Idempotency keys: a write that is sent again answers as it did the first time (section 10).

What was answered is opaque here: bytes that the edge made and will read again.
"""

import hashlib
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Final, Generic, TypeVar

import msgspec
from msgspec import Struct

from gridgift.domain import clock
from gridgift.domain.failures import Failure, IdempotencyKeyReused
from gridgift.domain.instants import DAY, HOUR
from gridgift.storage.database import TransactionConflict, Tx

A = TypeVar("A")
R = TypeVar("R")

KEPT_FOR: Final = 7 * DAY

Run = Callable[[Tx], Coroutine[Any, Any, R]]  # an operation and its arguments
Check = Run[None]
RunEach = Callable[[Tx, str, Sequence[A]], Coroutine[Any, Any, Sequence[R | Failure]]]


class IdempotencyKey(Struct, frozen=True):
    """A key, unique in its store, and the digest of what makes two requests the same.

    ``older`` is the digest by which the version before knew the request: its answers are kept on.
    ``is_kept``: its answer is not too old, whatever the clock says. It is of a part that is asked
    for after the first part of a long request was found or done, or the clock is doubted.
    """

    key: str
    fingerprint: bytes
    older: bytes = b""
    is_kept: bool = False


class Answered(Struct, frozen=True):
    """The answer to a write; ``replayed`` if it was stored by the same request before."""

    answer: bytes
    replayed: bool = False


class StoredAnswer(Struct, frozen=True):
    """An answer, and the fingerprint of the request that it was given to."""

    fingerprint: bytes
    answer: bytes

    def replay(self, key: IdempotencyKey) -> Answered | IdempotencyKeyReused:
        """Return the answer for the same request, or the refusal of another one."""
        if self.fingerprint not in {key.fingerprint, key.older}:
            return IdempotencyKeyReused()
        return Answered(self.answer, replayed=True)


class Once(Struct, Generic[A, R], frozen=True):
    """A request that is done once under its key (None: each time); ``encode`` makes its answer.

    ``check`` raises what keeps the requester out by now (None: nothing does).
    """

    request: A
    key: IdempotencyKey | None
    encode: Callable[[R], bytes]
    check: Check | None = None


def key_of_part(
    key: IdempotencyKey | None, begun: bytes | None, first: int
) -> IdempotencyKey | None:
    """Return the key of a part of a long request; no client can send an end of line.

    ``begun`` is from the first part's answer, which is asked for without it; ``first`` is the place
    of the first row. So what is left of an older request under the same key, whose first part was
    forgotten already, is never taken for an answer to this one. A part is as old as the first one.
    """
    if key is None or begun is None:
        return key
    digest = hashlib.sha256(begun).hexdigest()
    return msgspec.structs.replace(key, key=f"{key.key}\n{digest}\n{first}", is_kept=True)


async def once_each(
    tx: Tx, store_id: str, requests: Sequence[Once[A, R]], run: RunEach[A, R]
) -> list[Answered | Failure]:
    """Answer each request in order: with its stored answer, or by ``run``, whose answer is stored.

    All keys are claimed before anything else is locked: a request that comes while another one is
    at work under its key waits, and then answers as that one did. The answers are stored in the
    transaction of their effects. ``run`` answers each request with a result or a failure; a failure
    is not stored. A key that came with another request is answered with ``IdempotencyKeyReused``.
    """
    keys = {each.key.key: each.key for each in requests if each.key is not None}
    stored = await claim_all(tx, store_id, keys)
    new: dict[str, StoredAnswer] = {}
    answers: dict[int, Answered | Failure] = {**await _kept_out(tx, requests)}
    admitted = waiting = [n for n in range(len(requests)) if n not in answers]
    while waiting:  # a second round only for what comes twice with one key
        chosen, later = _choose(requests, waiting, stored, answers)
        results = await run(tx, store_id, [requests[n].request for n in chosen]) if chosen else ()
        for n, result in zip(chosen, results, strict=True):
            if isinstance(result, Failure):
                answers |= dict.fromkeys([n, *_twins(requests, n, later)], result)
                continue
            answer, key = requests[n].encode(result), requests[n].key
            answers[n] = Answered(answer)
            if key is not None:
                stored[key.key] = new[key.key] = StoredAnswer(key.fingerprint, answer)
        waiting = [n for n in later if n not in answers]
    if await _kept_out(tx, [requests[n] for n in admitted]):
        raise TransactionConflict  # somebody ended while locks were waited for
    if new:
        await store_all(tx, store_id, new)
    return [answers[n] for n in range(len(requests))]


async def once(tx: Tx, store_id: str, wanted: Once[Run[R], R]) -> Answered:
    """Run one operation under a key; raises what it raises, and ``IdempotencyKeyReused``."""
    (answered,) = await once_each(tx, store_id, [wanted], _run_each)
    if isinstance(answered, Failure):
        raise answered
    return answered


async def _run_each(tx: Tx, store_id: str, operations: Sequence[Run[R]]) -> list[R | Failure]:
    return [await operation(tx) for operation in operations]


async def _kept_out(tx: Tx, requests: Sequence[Once[A, R]]) -> dict[int, Failure]:
    """Return what keeps requesters out by now, by the number of the request."""
    found: dict[int, Failure] = {}
    for n, request in enumerate(requests):
        try:
            if request.check is not None:
                await request.check(tx)
        except Failure as failure:
            found[n] = failure
    return found


async def claim_all(
    tx: Tx, store_id: str, keys: Mapping[str, IdempotencyKey]
) -> dict[str, StoredAnswer]:
    """Wait until nobody else is at work under these keys; return the answers stored for them.

    All transactions claim in the keys' order, so that none deadlock. Answers older than 7 days are
    deleted, unless it may be the clock that is wrong.
    """
    if not keys:
        return {}
    rows = await tx.all("answers_claim", store_id=store_id, keys=sorted(keys))
    since = tx.now() - KEPT_FOR
    old = {row[0] for row in rows if row[1] <= since and not keys[row[0]].is_kept}
    if old and await clock.is_doubtful(tx):
        old = set()
    if old:
        await tx.many("answer_forget", [(store_id, key, since) for key in sorted(old)])
    return {
        key: StoredAnswer(fingerprint, answer)
        for key, _, fingerprint, answer in rows
        if key not in old
    }


async def forget(tx: Tx, rows: int) -> int:
    """Delete up to ``rows`` answers that are older than 7 days; return how many.

    An hour later than they end: a request of many rows may be in the middle of repeating its parts.
    """
    since = tx.now() - KEPT_FOR - HOUR
    old = await tx.all("answers_old", kept_since=since, rows=rows)
    await tx.many("answer_forget", [(*row, since) for row in old])
    return len(old)


def _choose(
    requests: Sequence[Once[A, R]],
    waiting: Sequence[int],
    stored: Mapping[str, StoredAnswer],
    answers: dict[int, Answered | Failure],
) -> tuple[list[int], list[int]]:
    """Replay what is stored; return what to run now, and what waits for one of those."""
    chosen: list[int] = []
    later: list[int] = []
    running: set[str] = set()
    for n in waiting:
        key = requests[n].key
        if key is None:
            chosen.append(n)
        elif key.key in stored:
            answers[n] = stored[key.key].replay(key)
        elif key.key in running:
            later.append(n)
        else:
            running.add(key.key)
            chosen.append(n)
    return chosen, later


def _twins(requests: Sequence[Once[A, R]], n: int, later: Sequence[int]) -> list[int]:
    """Find the same request among those that wait: what refuses it refuses them."""
    return [other for other in later if requests[other].key == requests[n].key]


async def store_all(tx: Tx, store_id: str, new: Mapping[str, StoredAnswer]) -> None:
    """Store answers for claimed keys that had none."""
    now = tx.now()
    await tx.many(
        "answer_add",
        [(store_id, key, each.fingerprint, each.answer, now) for key, each in sorted(new.items())],
    )
