"""Keyset paging over ids: positions in a list, and pages of it (contract section 4)."""

from collections.abc import Sequence
from typing import Generic, Protocol, Self, TypeVar

from msgspec import Struct

from gridgift.domain.ids import LAST_UUID, NIL_UUID


class HasId(Protocol):
    """A row that pages are made of."""

    @property
    def id(self) -> str:
        """What the list is ordered by."""


R = TypeVar("R", bound=HasId)


class Position(Struct, frozen=True):
    """A place between rows: what comes after an id or, ``backward``, what comes before it."""

    id: str = NIL_UUID
    backward: bool = False


class Page(Struct, Generic[R], frozen=True):
    """Rows in id order and the positions of the pages beside them (None: there is none)."""

    rows: Sequence[R]
    next: Position | None
    previous: Position | None

    @classmethod
    def of(cls, found: Sequence[R], position: Position, limit: int) -> Self:
        """Make a page from up to ``limit + 1`` rows, which came in the direction of reading."""
        more = len(found) > limit
        rows = found[:limit]
        if position.backward:
            rows = rows[::-1]
        at_start = not more if position.backward else position == Position()
        at_end = False if position.backward else not more
        if not rows:  # every row beyond the position is gone from this filtered list
            edge = Position(LAST_UUID, backward=True)
            return cls(rows, Position() if position.backward else None, None if at_start else edge)
        return cls(
            rows,
            next=None if at_end else Position(rows[-1].id),
            previous=None if at_start else Position(rows[0].id, backward=True),
        )
