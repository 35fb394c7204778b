"""A card's life, some entries at a time: a card may have thousands of them."""

from collections.abc import AsyncIterator, Collection, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from gridgift.domain import ledger
from gridgift.domain.ledger import hold_of, read_card_state
from gridgift.domain.model import NO_LABELS, Entry, Hold, Labels
from gridgift.domain.paging import Position
from gridgift.storage.database import Tx

NEWEST: Final = Position(backward=True)
LAPSED: Final = 50  # holds of a page that ended by themselves, the last ones
MEANWHILE: Final = 100  # entries since a form was shown, of which its sender is told
_AT_ONCE: Final = 200  # entries that are read


class Life(Struct, frozen=True):
    """Some entries of a card in a row, oldest first; the card was ``before`` them, with ``labels``.

    ``lapsed`` are holds whose time was over from the first of them to the next one after them, the
    last ``LAPSED`` at most. ``older`` and ``newer`` entries are at these positions.
    """

    entries: Sequence[Entry]
    before: Entry | None = None
    labels: Labels = NO_LABELS
    lapsed: Sequence[Hold] = ()
    older: Position | None = None
    newer: Position | None = None


async def read(tx: Tx, store_id: str, card_id: str, position: Position, limit: int) -> Life:
    """Return at most ``limit`` entries of a card beside a position; ``NEWEST``: the last ones."""
    page = await ledger.list_of(tx, store_id, "card", card_id, position, limit)
    newer = None if position == NEWEST else page.next
    return msgspec.structs.replace(
        await _with_past(tx, page.rows),
        lapsed=await _lapsed(tx, page.rows, newer),
        older=page.previous,
        newer=newer,
    )


async def since(tx: Tx, store_id: str, card_id: str, head: str) -> Life | None:
    """Return what happened after the entry that an ETag names by its ``head``.

    None: the card has no such entry, or more than ``MEANWHILE`` since then.
    """
    entries: list[Entry] = []
    async for entry in _backwards(tx, store_id, card_id):
        if head and entry.hash.hex().startswith(head):
            labels = await _labels_up_to(tx, entry)
            return Life(entries[::-1], entry, labels)
        if len(entries) == MEANWHILE:
            break
        entries.append(entry)
    return None


async def placing(tx: Tx, store_id: str, card_id: str, holds: Collection[Hold]) -> dict[str, Entry]:
    """Return the entries that placed some holds of a card, by the holds' ids."""
    wanted = {hold.id: hold.created_at for hold in holds}
    found: dict[str, Entry] = {}
    if not wanted:
        return found
    async for entry in _backwards(tx, store_id, card_id):
        if len(found) == len(wanted) or entry.created_at < min(wanted.values()):
            break
        if entry.kind == "held" and hold_of(entry) in wanted:
            found[hold_of(entry)] = entry
    return found


async def _with_past(tx: Tx, entries: Sequence[Entry]) -> Life:
    """Return entries with what there was before them; labels, if one of them is about labels."""
    if not entries or entries[0].seq == 1:
        return Life(entries)
    first = entries[0]
    place = (first.store_id, first.account_kind, first.account_id)
    (before,) = await ledger.entries(tx, *place, after=first.seq - 2, rows=1)
    if all(read_card_state(entry.state).labels is None for entry in entries):
        return Life(entries, before)
    return Life(entries, before, await _labels_up_to(tx, before))


async def _lapsed(tx: Tx, entries: Sequence[Entry], newer: Position | None) -> list[Hold]:
    if not entries:
        return []
    first, last, ends_at = entries[0], entries[-1], tx.now() + 1
    if newer is not None:
        following = await ledger.entries(
            tx, last.store_id, "card", last.account_id, after=last.seq, rows=1
        )
        ends_at = min(ends_at, *(entry.created_at for entry in following))
    rows = await tx.all(
        "holds_lapsed_of_card",
        store_id=first.store_id, card_id=first.account_id, begins_at=first.created_at,
        ends_at=ends_at, rows=LAPSED,
    )  # fmt: skip
    return [*map(Hold.from_row, rows)]


async def _labels_up_to(tx: Tx, last: Entry) -> Labels:
    """Return the labels that a card has after an entry: the last that one says."""
    said = read_card_state(last.state).labels
    if said is not None:
        return said
    async for entry in _backwards(tx, last.store_id, last.account_id, last.seq):
        said = read_card_state(entry.state).labels
        if said is not None:
            return said
    return NO_LABELS


async def _backwards(
    tx: Tx, store_id: str, card_id: str, before: int | None = None
) -> AsyncIterator[Entry]:
    """Yield a card's entries from the newest, or from the one before a number, to the first."""
    position: Position | None = NEWEST if before is None else Position((before,), backward=True)
    while position is not None:
        page = await ledger.list_of(tx, store_id, "card", card_id, position, _AT_ONCE)
        for entry in reversed(page.rows):
            yield entry
        position = page.previous
