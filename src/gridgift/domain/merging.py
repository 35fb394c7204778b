"""Merging lots: a refund reopens lots, and an account never has more open ones than its bound.

A refund is never refused for it. The lots that end soonest stay as they are; of the others those of
one sort become one lot, which ends when the last of them would have: no credit ends earlier.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from gridgift.domain.ids import derived_id
from gridgift.domain.model import Lot

MAX_LOTS: Final = 1_000  # open lots of one account: what a single spend may have to touch
SORTS: Final = 4  # dated or not, restricted or not: none becomes another


class Merger(Struct, frozen=True):
    """Lots that are emptied into a new one."""

    lots: Sequence[Lot]
    into: Lot


def merge_surplus(lots: Sequence[Lot], most: int, number: int) -> list[Merger]:
    """Choose what to merge so that of these open lots, soonest first, at most ``most`` are left.

    ``number`` is that of the entry which will tell of it: ids of new lots follow from it.
    """
    if len(lots) <= most:
        return []
    sorts: dict[tuple[bool, bool], list[Lot]] = defaultdict(list)
    for lot in lots[most - SORTS :]:
        sorts[lot.expires_at is None, lot.restricted].append(lot)
    return [Merger(alike, _sum(alike, number)) for alike in sorts.values() if len(alike) > 1]


def _sum(lots: Sequence[Lot], number: int) -> Lot:
    amount, last = sum(lot.remaining for lot in lots), lots[-1]
    return Lot(derived_id(last.id, number), amount, amount, last.expires_at, last.restricted)
