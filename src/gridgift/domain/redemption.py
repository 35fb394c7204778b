"""Redeeming: a card's whole credit becomes store credit (contract section 8)."""

from msgspec import Struct

from gridgift.domain import credit, giftcards, ledger
from gridgift.domain.failures import GiftCardNotFound
from gridgift.domain.ledger import EntryNote
from gridgift.domain.model import Caller, CardChange, Entry, Lot, Resident
from gridgift.storage.database import TransactionConflict, Tx


class Redemption(Struct, frozen=True):
    """What a redemption changed: the card, and its owner's store credit.

    ``credit`` is the new entry of the owner's account (None: the card had no credit).
    """

    card: CardChange
    credit: Entry | None


async def redeem(tx: Tx, caller: Caller, owner: Resident, card_id: str, lot_id: str) -> Redemption:
    """Move a card's credit into its owner's account, as a lot with the card's expiry.

    Redeeming late extends nothing. A card without credit is redeemed without a lot. Raises
    ``GiftCardNotFound`` (also for someone else's card), ``GiftCardRedeemed``,
    ``GiftCardInactive``, ``GiftCardExpired``, ``GiftCardHeld``, ``CreditLimitExceeded``.
    """
    now, note = tx.now(), EntryNote("redeemed")
    changed = await ledger.change_card(
        tx, caller, "card_redeem", card_id, note, now, owner_uuid=owner.uuid
    )
    if changed is None:
        card = await giftcards.read(tx, caller.store_id, card_id)
        if card.owner_uuid != owner.uuid:
            raise GiftCardNotFound(card_id)
        giftcards.refuse_owner(card, now)
        raise TransactionConflict  # it could not be redeemed a moment ago, and can be now
    card, entry = changed
    amount, entered = -entry.delta, None
    if amount:
        lot = Lot(lot_id, amount, amount, card.expires_at, restricted=False)
        entered = await credit.add_lot(tx, caller, owner, lot, card_id)
    return Redemption(CardChange(card, 0, entry), entered)
