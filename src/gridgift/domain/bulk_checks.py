"""The cards of a change of many are found and tried, before anybody says that it is to be done.

Part by part, by whichever server comes to it: each step looks at up to a hundred cards from the
change's place on, changes none, and moves the place under its guard (decision 66).
"""

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Struct

from gridgift.domain import bulk_changes, many, search
from gridgift.domain.bulk_changes import LISTED, OUTCOMES, PAGE, BulkChange, Say, Told, own_words
from gridgift.domain.many import CARDS_AT_ONCE
from gridgift.domain.paging import Keys, Page, Position
from gridgift.domain.search import Search
from gridgift.storage.database import Tx

_read_keys: Final = msgspec.json.Decoder(Keys).decode
_write_keys: Final = msgspec.json.Encoder().encode


class Step(Struct, frozen=True):
    """The next cards of a change, what would come of them, and where it goes on (None: nowhere)."""

    change: BulkChange
    card_ids: Sequence[str]
    told: Told
    next: Position | None


async def unchecked(tx: Tx) -> list[tuple[str, str]]:
    """Return the stores and ids of changes whose cards are not all found, the oldest first."""
    rows = await tx.all("bulk_changes_unchecked", rows=PAGE)
    return [(store_id, change_id) for store_id, change_id in rows]


async def look(tx: Tx, store_id: str, change_id: str, say: Say = own_words) -> Step | None:
    """Find the next cards of a change and try it on them; None: all are found.

    ``say`` says why a card would be refused. Raises ``BulkChangeNotFound``.
    """
    change = await bulk_changes.find(tx, store_id, change_id)
    if change.checked_at is not None:
        return None
    asked, page = change.asked, await _next(tx, change)
    action = await asked.action(tx, store_id, page.rows)
    outcomes = await many.act_on_each(
        tx, change.caller, page.rows, action, asked.matching, dry=True
    )
    told = bulk_changes.told(page.rows, outcomes, say, change.card_count)
    return Step(change, page.rows, told, page.next)


async def keep(tx: Tx, step: Step) -> bool:
    """Keep what a step has found; False: another run has kept it, and nothing changes."""
    change, found, told = step.change, step.card_ids, step.told
    place = _write_keys(step.next.keys).decode() if step.next else change.place
    if not await tx.run(
        "bulk_change_look",
        store_id=change.store_id, id=change.id, before=change.place, place=place, rows=len(found),
        checked_at=tx.now() if step.next is None else None,
        **{word: len(told[word]) for word in OUTCOMES},
    ):  # fmt: skip
        return False
    if found:
        await tx.run(
            "bulk_change_part_add",
            store_id=change.store_id, change_id=change.id, first=change.card_count,
            chosen=" ".join(found),
        )  # fmt: skip
    named = {word: max(0, LISTED - count) for word, count in change.counts.items()}
    await bulk_changes.note(tx, change, {word: told[word][: named[word]] for word in OUTCOMES})
    return True


async def _next(tx: Tx, change: BulkChange) -> Page[str]:
    """Return the next cards; none that was granted after somebody chose them all."""
    asked, position = change.asked, Position(_read_keys(change.place))
    if asked.undoes:
        return await bulk_changes.changed_by(tx, change, position, CARDS_AT_ONCE)
    if asked.ids or asked.matching is None:
        return Page(asked.ids, None, None)
    until = min(asked.matching.created_to, change.created_at)
    filters = msgspec.structs.replace(asked.matching, created_to=until)
    wanted = Search(filters, "created", False, position, CARDS_AT_ONCE)
    page = await search.search(tx, change.store_id, wanted)
    return page.map(lambda found: found.card.id)
