"""Does changes of many cards: tries them first, and changes a hundred cards at a time.

Whoever starts a change waits for the first part; the rest is done beside requests, by whichever
server comes to it, until all of it is done.
"""

import asyncio

from gridgift.domain import bulk_changes, many
from gridgift.domain.bulk_changes import Told
from gridgift.domain.many import CARDS_AT_ONCE, Outcome
from gridgift.domain.model import Caller
from gridgift.operations import Operations


async def check(operations: Operations, caller: Caller, change_id: str, turn: asyncio.Lock) -> Told:
    """Return what would come of the cards of a change; nothing is changed.

    Each part waits for its ``turn``. Raises ``BulkChangeNotFound``.
    """
    change, ids = await operations.read(bulk_changes.find_whole, caller.store_id, change_id)
    asked = change.asked
    action, outcomes = asked.action(), list[Outcome]()
    for some in many.in_parts(ids):
        async with turn:
            outcomes += await operations.read(
                many.act_on_each, caller, some, action, asked.matching, dry=True
            )
    return bulk_changes.told(ids, outcomes)


async def go_on(operations: Operations, store_id: str, change_id: str) -> None:
    """Change what is left of a change's cards.

    Another server may be at the same work: no card is changed twice, and one of them gives way.
    """
    change, ids = await operations.read(bulk_changes.find_whole, store_id, change_id)
    for first in range(change.rows_done, change.card_count, CARDS_AT_ONCE):
        some = ids[first : first + CARDS_AT_ONCE]
        if not await operations.write(bulk_changes.go_on, change, first, some):
            return
