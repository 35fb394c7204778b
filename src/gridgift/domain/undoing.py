"""Undoing an import: its cards that nothing has happened to since are disabled.

An import is known by its file (decision 17), so all cards that were ever granted from it are meant.
"""

from collections.abc import Sequence
from typing import Final, Literal

from msgspec import Struct

from gridgift.domain import locked
from gridgift.domain.giftcards import replace
from gridgift.domain.ids import NIL_UUID
from gridgift.domain.import_failures import ImportNotFound
from gridgift.domain.imports import Import
from gridgift.domain.model import Caller, GiftCard
from gridgift.storage.database import Tx

MAX_LISTED: Final = 1_000  # imports
CARDS_AT_ONCE: Final = 100  # in one transaction: single writes go between
ID_DIGITS: Final = 12  # of the digest, in what is shown as an import's id
LEAST_DIGITS: Final = 6  # of an id that is asked for

Fate = Literal["disabled", "disabled_before", "kept"]


class Undone(Struct, frozen=True):
    """What becomes of a card; a ``kept`` one names its newest entry, for which it is kept."""

    card_id: str
    fate: Fate
    newest: str = ""


async def list_of(tx: Tx, store_id: str) -> list[Import]:
    """Return the store's imports, the newest first."""
    rows = await tx.all("imports_newest", store_id=store_id, rows=MAX_LISTED)
    return [Import.from_row(row) for row in rows]


async def find(tx: Tx, store_id: str, beginning: str) -> Import:
    """Return the import whose digest begins so, in hexadecimal. Raises ``ImportNotFound``."""
    found = [
        each for each in await list_of(tx, store_id) if each.digest.hex().startswith(beginning)
    ]
    if len(found) != 1:
        raise ImportNotFound(beginning, len(found))
    return found[0]


async def begin(tx: Tx, which: Import) -> None:
    """Note that an import is undone: a run of it that is going on stops, and it can begin anew."""
    file = {"store_id": which.store_id, "digest": which.digest}
    await tx.run("import_undo", **file, now=tx.now())
    await tx.run("refusals_forget", **file)


async def undo(
    tx: Tx, caller: Caller, which: Import, after: str = NIL_UUID, *, dry: bool = False
) -> list[Undone]:
    """Disable the next cards, by their ids, that have no entry but the grant's and its note's.

    Return what came of each; [] at the end.

    The entry's reason names the import. ``dry``: nothing is changed.
    """
    store_id = which.store_id
    rows = await tx.all(
        "import_cards_after",
        store_id=store_id, digest=which.digest, after=after, rows=CARDS_AT_ONCE,
    )  # fmt: skip
    ids = [row[0] for row in rows]
    find_each = locked.look_each if dry else locked.lock_each
    cards = await find_each(tx, store_id, ids)
    newest = await _newest(tx, store_id, ids)
    reason = f"The import {import_id(which)} was undone."
    undone = []
    for card_id, card in cards.items():
        if _is_as_granted(card.card, newest[card_id][0]):
            replace(card, caller, {"active": False}, reason)
            undone.append(Undone(card_id, "disabled"))
        elif newest[card_id] == ("disabled", reason):
            undone.append(Undone(card_id, "disabled_before"))
        else:
            undone.append(Undone(card_id, "kept", newest[card_id][0]))
    if not dry:
        await locked.save_each(tx, cards.values())
    return undone


def _is_as_granted(card: GiftCard, newest: str) -> bool:
    """Tell whether nothing happened to a card since its grant, which may have written a note."""
    noted = card.version == 2 and newest == "noted" and card.updated_at == card.created_at
    return card.version == 1 or noted


def import_id(which: Import) -> str:
    """Return what an import is called: the beginning of its file's digest."""
    return which.digest.hex()[:ID_DIGITS]


async def _newest(tx: Tx, store_id: str, ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return the kind and the reason of each card's newest entry."""
    rows = await tx.all("newest_entries", store_id=store_id, ids=ids)
    return {card_id: (kind, reason) for card_id, kind, reason in rows}
