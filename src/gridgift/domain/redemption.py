"""Redeeming: a card's whole credit becomes store credit (contract section 8)."""

from gridgift.domain import credit, giftcards, ledger
from gridgift.domain.credit import Change
from gridgift.domain.failures import GiftCardNotFound
from gridgift.domain.model import Caller, GiftCard, Resident
from gridgift.storage.database import TransactionConflict, Tx


async def redeem(
    tx: Tx, caller: Caller, owner: Resident, card_id: str, lot_id: str, now: int
) -> GiftCard:
    """Move a card's credit into its owner's account, as a lot with the card's expiry.

    Redeeming late extends nothing. A card without credit is redeemed without a lot. Raises
    ``GiftCardNotFound`` (also for someone else's card), ``GiftCardRedeemed``,
    ``GiftCardInactive``, ``GiftCardExpired``, ``GiftCardHeld``, ``CreditLimitExceeded``.
    """
    changed = await ledger.change_card(
        tx,
        caller,
        "card_redeem",
        card_id,
        now,
        kind=lambda last, card: "redeemed",
        owner_uuid=owner.uuid,
    )
    if changed is None:
        card = await giftcards.read(tx, caller.store_id, card_id)
        if card.owner_uuid != owner.uuid:
            raise GiftCardNotFound(card_id)
        giftcards.refuse_owner(card, now)
        raise TransactionConflict  # it could not be redeemed a moment ago, and can be now
    entry = await ledger.last_entry(tx, caller.store_id, "card", card_id)
    assert entry is not None
    if entry.delta:
        await credit.deposit(
            tx,
            caller,
            owner,
            Change(-entry.delta, reference=card_id),
            lot_id,
            now,
            expires_at=changed.expires_at,
            kind="credit_redeemed",
        )
    return changed
