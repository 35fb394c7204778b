"""Keyset paging: positions in a list, and pages of it (contract section 4)."""

from collections.abc import Callable, Collection, Sequence
from typing import Any, Generic, TypeVar

from msgspec import Struct

from gridgift.storage.database import Tx
from gridgift.storage.listing import KeyType, KeyValue, Listing

__all__ = ["KeyType", "KeyValue", "Keys", "Page", "Position", "page_of", "read_page"]

Keys = tuple[KeyValue, ...]

R = TypeVar("R")
S = TypeVar("S")
T = TypeVar("T")


class Position(Struct, frozen=True):
    """A place between rows: what comes after a row or, ``backward``, what comes before it.

    ``keys`` are the values that the list is ordered by, of the row beside the position. Without
    keys the position is the start of the list or, ``backward``, its end.
    """

    keys: Keys = ()
    backward: bool = False


class Page(Struct, Generic[T], frozen=True):
    """Rows in the list's order and the positions of the pages beside them (None: there is none)."""

    rows: Sequence[T]
    next: Position | None
    previous: Position | None

    def map(self, show: Callable[[T], S]) -> "Page[S]":
        """Return the same page with each row replaced by ``show(row)``."""
        return Page([show(row) for row in self.rows], self.next, self.previous)


def page_of(
    found: Sequence[R], position: Position, limit: int, keys_of: Callable[[R], Keys]
) -> Page[R]:
    """Make a page from up to ``limit + 1`` rows, nearest to the position first.

    ``keys_of`` returns the values that the list is ordered by.
    """
    more = len(found) > limit
    rows = found[:limit]
    if position.backward:
        rows = rows[::-1]
    at_start = not more if position.backward else not position.keys
    at_end = False if position.backward else not more
    if not rows:  # every row beyond the position is gone from this filtered list
        edge = Position(backward=True)
        return Page(rows, Position() if position.backward else None, None if at_start else edge)
    return Page(
        rows,
        next=None if at_end else Position(keys_of(rows[-1])),
        previous=None if at_start else Position(keys_of(rows[0]), backward=True),
    )


async def read_page(
    tx: Tx,
    listing: Listing,
    position: Position,
    limit: int,
    make: Callable[..., R],
    keys_of: Callable[[R], Keys],
    *,
    descending: bool = False,
    filters: Collection[str] = (),
    **values: Any,
) -> Page[R]:
    """Read a page of at most ``limit`` rows of a listing, in its default order or ``descending``.

    ``make`` gets a row's columns; ``values`` are those of the template's and filters' parameters.
    """
    statement = listing.statement(position, descending=descending, filters=filters)
    found = await tx.all(statement, **values, **listing.values(position, limit))
    return page_of([make(*row) for row in found], position, limit, keys_of)
