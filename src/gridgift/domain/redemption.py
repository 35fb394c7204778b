"""Redeeming: a card's whole credit becomes store credit (contract section 8)."""

from msgspec import Struct

from gridgift.domain import credit, giftcards, locked
from gridgift.domain.failures import GiftCardNotFound
from gridgift.domain.ledger import EntryNote
from gridgift.domain.model import Caller, CardChange, Entry, Lot, Resident
from gridgift.storage.database import Tx


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
    card = await locked.lock(tx, caller.store_id, card_id)
    if card.card.owner_uuid != owner.uuid:
        raise GiftCardNotFound(card_id)
    amount = card.card.credit
    account = await credit.lock(tx, caller, owner, card.now) if amount else None
    card.wait_until(account.now if account else card.now)  # one instant for both
    giftcards.refuse_owner(card)
    changed = card.change(caller, EntryNote("redeemed"), credit=0, redeemed=True)
    await locked.save_each(tx, [card])
    if account is None:
        return Redemption(changed, None)
    lot = Lot(lot_id, amount, amount, card.card.expires_at, restricted=False)
    return Redemption(changed, await credit.add_lot(tx, account, lot, card_id))
