"""Whether the clock can be right: what it has deleted is gone, also when it is set back.

Only a card speaks for the clock: a server that was started with a wrong one writes other entries
and events by its word at once, of what has expired and of what is about to.
"""

from typing import Final

from gridgift.domain import stores
from gridgift.domain.instants import DAY
from gridgift.storage.database import Tx

QUIET: Final = 30 * DAY  # without a new card: a quiet month, or a clock that is ahead


async def is_doubtful(tx: Tx) -> bool:
    """Tell that the clock is far ahead of the newest card: then nothing is deleted for its age."""
    newest = await stores.newest_card(tx)
    return newest is not None and tx.now() - newest >= QUIET
