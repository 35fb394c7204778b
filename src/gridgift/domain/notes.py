"""What is written on a card for people and programs of the store: notes, and labels (section 10).

Neither changes what the card is worth or may do, so a card that was redeemed takes them too. Each
is an entry of the card's chain: a note is there for good, and has its author and its time.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from msgspec import UNSET, Struct, UnsetType, structs

from gridgift.domain import giftcards, labels, locked
from gridgift.domain.failures import ReferenceFixed, ReferenceTaken
from gridgift.domain.ledger import EntryNote
from gridgift.domain.locked import LockedCard, Rule
from gridgift.domain.model import Caller, CardChange, Entry, GiftCard, Labels
from gridgift.domain.paging import Page, Position, read_page
from gridgift.storage.database import Tx
from gridgift.storage.listing import NOTES_OF_CARD

MAX_TEXT: Final = 2_000  # characters of a note
ENTRIES: Final = 200  # of a card, the newest ones
SHOWN: Final = 20  # notes of a card that are searched and exported, the newest ones

KEY_TYPES: Final = NOTES_OF_CARD.types()


class Labelling(Struct, frozen=True):
    """The labels that a card shall have; those that are UNSET are left as they are."""

    reference: str | UnsetType = UNSET
    tags: tuple[str, ...] | UnsetType = UNSET
    metadata: dict[str, str] | UnsetType = UNSET


class Labelled(Struct, frozen=True):
    """A card and its labels."""

    card: GiftCard
    labels: Labels


def noting(text: str) -> Rule[CardChange]:
    """Return the rule that writes a note on a card, whatever state it is in."""

    def rule(card: LockedCard, caller: Caller) -> CardChange:
        return card.change(caller, EntryNote("noted", text))

    return rule


async def list_of(
    tx: Tx, store_id: str, card_id: str, position: Position, limit: int
) -> Page[Entry]:
    """Return a page of the entries that are notes on a card, oldest first.

    Raises ``GiftCardNotFound``.
    """
    await giftcards.read(tx, store_id, card_id)
    return await read_page(
        tx, NOTES_OF_CARD, position, limit, Entry, lambda entry: (entry.seq,),
        store_id=store_id, account_id=card_id,
    )  # fmt: skip


async def newest_on(tx: Tx, store_id: str, card_ids: Sequence[str], limit: int) -> list[Entry]:
    """Return at most ``limit`` entries that are notes on some cards, the newest first.

    Looked at are the ``ENTRIES`` newest entries of each card.
    """
    found = await tx.all(
        "notes_on_cards", store_id=store_id, card_ids=[*card_ids], newest=ENTRIES, rows=limit
    )
    return [Entry(*row) for row in found]


async def read_each(tx: Tx, store_id: str, card_ids: Sequence[str]) -> dict[str, list[Entry]]:
    """Return the entries that are the ``SHOWN`` newest notes on some cards, each's oldest first."""
    rows = await tx.all("notes_of_each", store_id=store_id, ids=[*card_ids], newest=SHOWN)
    found = defaultdict[str, list[Entry]](list)
    for entry in sorted((Entry(*row) for row in rows), key=lambda entry: entry.seq):
        found[entry.account_id].append(entry)
    return found


async def read_labels(tx: Tx, store_id: str, card_id: str) -> Labelled:
    """Return a card and its labels. Raises ``GiftCardNotFound``.

    The card is read first: what is labelled in between has an ETag that nobody gets again.
    """
    card = await giftcards.read(tx, store_id, card_id)
    return Labelled(card, await labels.read(tx, store_id, card_id))


async def label(
    tx: Tx,
    caller: Caller,
    card_id: str,
    wanted: Labelling,
    if_match: frozenset[str] | None = None,
) -> Labelled:
    """Give a card other labels; what changes nothing writes no entry.

    ``if_match`` holds the ETags that the card may have (None: any). Raises ``GiftCardNotFound``,
    ``PreconditionFailed``, ``ReferenceFixed`` for a card that has another reference, and
    ``ReferenceTaken`` for a reference that another card has.
    """
    card = await locked.lock(tx, caller.store_id, card_id)
    giftcards.check_precondition(card.card, if_match)
    await locked.read_labels(tx, caller.store_id, {card_id: card})
    before = card.labels
    named = {name: value for name, value in structs.asdict(wanted).items() if value is not UNSET}
    after = structs.replace(before, **named)
    if after == before:
        return Labelled(card.card, before)
    if after.reference != before.reference:
        await _check_reference(tx, card.card, before.reference, str(after.reference))
    card.label(caller, after)
    await locked.save_each(tx, [card])
    return Labelled(card.card, after)


async def _check_reference(tx: Tx, card: GiftCard, before: str | None, wanted: str) -> None:
    if before is not None:
        raise ReferenceFixed(card.id, before)
    holder = await tx.one("reference_holder", store_id=card.store_id, reference=wanted)
    if holder is not None:
        raise ReferenceTaken(wanted, holder[0])
