"""A card with all that is known of it: its labels, its open holds, its ledger."""

from collections.abc import Sequence

from msgspec import Struct

from gridgift.domain import giftcards, labels, ledger
from gridgift.domain.model import Entry, GiftCard, Hold, Labels
from gridgift.storage.database import Tx


class CardNow(Struct, frozen=True):
    """A card as it is now; ``holds`` are the open ones, the first to end first."""

    card: GiftCard
    labels: Labels
    holds: Sequence[Hold]

    @property
    def held(self) -> int:
        """How much of the credit the open holds reserve, in L$."""
        return sum(hold.amount for hold in self.holds)


class WholeCard(CardNow, frozen=True):
    """A card with all of its entries, oldest first."""

    entries: Sequence[Entry]

    @property
    def notes(self) -> list[Entry]:
        """The entries that are notes."""
        return [entry for entry in self.entries if entry.kind == "noted"]


async def read(tx: Tx, store_id: str, card_id: str) -> WholeCard:
    """Return one card of the store with all of its entries. Raises ``GiftCardNotFound``."""
    now = await read_now(tx, store_id, card_id)
    entries = await ledger.entries(tx, store_id, "card", card_id)
    return WholeCard(now.card, now.labels, now.holds, entries)


async def read_now(tx: Tx, store_id: str, card_id: str) -> CardNow:
    """Return one card of the store. Raises ``GiftCardNotFound``.

    The card is read first: unless the transaction sees one state of the database, the rest may be
    newer than the card and its ETag, and is never older.
    """
    card = await giftcards.read(tx, store_id, card_id)
    now = max(tx.now(), card.updated_at)
    rows = await tx.all("holds_open", store_id=store_id, card_id=card_id, now=now)
    holds = sorted(map(Hold.from_row, rows), key=lambda hold: (hold.expires_at, hold.id))
    return CardNow(card, await labels.read(tx, store_id, card_id), holds)
