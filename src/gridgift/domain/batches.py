"""Batched operations: many requests of one store, answered one by one in one transaction."""

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Generic, TypeVar

from msgspec import Struct

from gridgift.domain.failures import Failure
from gridgift.storage.database import Tx

A = TypeVar("A")
R = TypeVar("R")


class Batched(Struct, Generic[A, R], frozen=True):
    """An operation that answers each of many requests of one store, in one transaction.

    ``run(tx, store_id, requests)`` returns a result or a failure for each request, in order; a
    failure of one changes nothing for the others. ``max_batch`` limits the requests of one
    transaction, ``concurrency`` the batches of one queue that are under way at once, where the
    engine allows several. ``writes`` says whether it needs a write transaction.
    """

    name: str
    run: Callable[[Tx, str, Sequence[A]], Coroutine[Any, Any, Sequence[R | Failure]]]
    max_batch: int = 100
    writes: bool = False
    concurrency: int = 2
