"""Keyset paging over ids: positions in a list, and pages of it (contract section 4)."""

from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

from msgspec import Struct

from gridgift.domain.ids import LAST_UUID, NIL_UUID


class HasId(Protocol):
    """A row that pages are made of."""

    @property
    def id(self) -> str:
        """What the list is ordered by."""


R = TypeVar("R", bound=HasId)
S = TypeVar("S")
T = TypeVar("T")


class Position(Struct, frozen=True):
    """A place between rows: what comes after an id or, ``backward``, what comes before it."""

    id: str = NIL_UUID
    backward: bool = False


class Page(Struct, Generic[T], frozen=True):
    """Rows in id order and the positions of the pages beside them (None: there is none)."""

    rows: Sequence[T]
    next: Position | None
    previous: Position | None

    def map(self, show: Callable[[T], S]) -> "Page[S]":
        """Return the same page of other things."""
        return Page([show(row) for row in self.rows], self.next, self.previous)


def page_of(found: Sequence[R], position: Position, limit: int) -> Page[R]:
    """Make a page from up to ``limit + 1`` rows, which came in the direction of reading."""
    more = len(found) > limit
    rows = found[:limit]
    if position.backward:
        rows = rows[::-1]
    at_start = not more if position.backward else position == Position()
    at_end = False if position.backward else not more
    if not rows:  # every row beyond the position is gone from this filtered list
        edge = Position(LAST_UUID, backward=True)
        return Page(rows, Position() if position.backward else None, None if at_start else edge)
    return Page(
        rows,
        next=None if at_end else Position(rows[-1].id),
        previous=None if at_start else Position(rows[0].id, backward=True),
    )
