"""Does changes of many cards: finds and tries them first, and changes a hundred cards at a time.

Whoever begins it waits for the first cards; the rest is done beside requests, by whichever server
comes to it, until all of it is done.
"""

from typing import Final

from gridgift.domain import bulk_changes, bulk_checks
from gridgift.operations import Operations
from gridgift.reasons import reason

PARTS: Final = 10  # before other changes have their turn: a thousand cards


async def look(operations: Operations, store_id: str, change_id: str) -> bool:
    """Find and try the next cards of a change; tell whether there are more. None is changed.

    Another server may be at the same work: one of them gives way. Raises ``BulkChangeNotFound``.
    """
    for _ in range(PARTS):
        step = await operations.read(bulk_checks.look, store_id, change_id, reason)
        if step is None or not await operations.write(bulk_checks.keep, step):
            return False
    return True


async def go_on(operations: Operations, store_id: str, change_id: str) -> bool:
    """Change the next cards of a change; tell whether there are more.

    Another server may be at the same work: no card is changed twice, and one of them gives way.
    """
    for _ in range(PARTS):
        if not await operations.write(bulk_changes.go_on, store_id, change_id, reason):
            return False
    return True
