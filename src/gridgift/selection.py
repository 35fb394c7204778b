"""The cards that an action on many is meant for: all that filters find."""

from typing import Final

from gridgift.domain import search
from gridgift.domain.card_filters import Filters
from gridgift.domain.paging import Position
from gridgift.domain.search import Search
from gridgift.operations import Operations

PAGE: Final = 1_000  # cards that are read at once


async def find_all(
    operations: Operations, store_id: str, filters: Filters, most: int | None = None
) -> list[str]:
    """Return the ids of all cards that match, the oldest first; the walk may end above ``most``.

    Page by page, each read by itself. Cards that are granted meanwhile may be among them.
    """
    found: list[str] = []
    position: Position | None = Position()
    while position is not None and (most is None or len(found) <= most):
        wanted = Search(filters, "created", False, position, PAGE)
        page = await operations.read(search.search, store_id, wanted)
        found += [each.card.id for each in page.rows]
        position = page.next
    return found
