"""What took from a store's cards and credit, or was changed by hand: the rows of a report's sums.

The figures are those of ``activity.py``; an entry that moved nothing is in no row.
"""

from collections.abc import Mapping
from typing import Final, Literal, get_args

from gridgift.domain.model import Entry, EntryKind
from gridgift.domain.paging import Page, Position, read_page
from gridgift.domain.reports import Sum
from gridgift.storage.database import Tx
from gridgift.storage.listing import ENTRIES_MOVED

Moved = Literal["redeemed", "changed", "spent"]

KEY_TYPES: Final = ENTRIES_MOVED.types()
KINDS: Final[Mapping[Moved, tuple[EntryKind, ...]]] = {
    "redeemed": ("captured", "redeemed"),
    "changed": ("updated", "adjusted"),
    "spent": ("credit_spent",),
}
assert set(KINDS) == set(get_args(Moved))


async def list_of(
    tx: Tx,
    store_id: str,
    moved: Moved,
    begins_at: int,
    ends_at: int,
    position: Position,
    limit: int,
) -> Page[Entry]:
    """Return a page of at most ``limit`` entries of a time (milliseconds), the newest first.

    The time's end is not in it.
    """
    return await read_page(
        tx, ENTRIES_MOVED, position, limit, Entry,
        lambda entry: (entry.created_at, entry.account_id, entry.seq), descending=True,
        store_id=store_id, kinds=[*KINDS[moved]], begins_at=begins_at, ends_at=ends_at,
    )  # fmt: skip


async def total(tx: Tx, store_id: str, moved: Moved, begins_at: int, ends_at: int) -> Sum:
    """Return how many entries of a time there are, and what they added (L$)."""
    row = await tx.one(
        "entries_moved_sum",
        store_id=store_id, kinds=[*KINDS[moved]], begins_at=begins_at, ends_at=ends_at,
    )  # fmt: skip
    assert row is not None
    return Sum(*row)
