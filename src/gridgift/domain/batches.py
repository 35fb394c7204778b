"""Operations that answer many requests of one store at once; said beside the operation itself."""

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Generic, TypeVar

from msgspec import Struct

from gridgift.domain.failures import Failure
from gridgift.storage.database import Tx

A = TypeVar("A")
R = TypeVar("R")


class Batched(Struct, Generic[A, R], frozen=True):
    """An operation that answers each of many requests of a store, in order, in one transaction.

    ``run`` answers a request with its result, or with the failure that refuses it alone; it checks
    all of them before it writes anything. A batch has at most ``max_batch`` requests, and
    ``concurrency`` batches of a store run at once where the engine allows several.
    """

    run: Callable[[Tx, str, Sequence[A]], Coroutine[Any, Any, Sequence[R | Failure]]]
    max_batch: int = 100
    concurrency: int = 2


class BatchedRead(Batched[A, R], frozen=True):
    """One that changes nothing."""


class BatchedWrite(Batched[A, R], frozen=True):
    """One that writes, once for each idempotency key."""
