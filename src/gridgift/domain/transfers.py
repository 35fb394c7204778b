"""Passing a card on, and replacing a lost one (contract sections 8 and 10)."""

from msgspec import structs

from gridgift.domain import giftcards, ledger, residents
from gridgift.domain.failures import (
    GiftCardHeld,
    GiftCardNotFound,
    GiftCardNotTransferable,
    GiftCardRedeemed,
    GiftCardVoid,
    ReceiverIsOwner,
    ReceiverNotFound,
    ResidentNotFound,
)
from gridgift.domain.ledger import Opening
from gridgift.domain.model import Caller, GiftCard, Resident
from gridgift.domain.residents import Identifier
from gridgift.storage.database import Tx


async def transfer(
    tx: Tx,
    caller: Caller,
    owner: Resident | None,
    card_id: str,
    receiver: Identifier,
    now: int,
    *,
    reason: str = "",
) -> GiftCard:
    """Give a card to another resident, who becomes the store's customer. It can't be undone.

    ``owner`` is who passes it on; None: the store does, for whoever has it. Raises
    ``GiftCardNotFound``, ``ReceiverNotFound``, ``ReceiverIsOwner``, ``GiftCardRedeemed``,
    ``GiftCardInactive``, ``GiftCardExpired``, ``GiftCardHeld``, ``GiftCardNotTransferable``.
    """
    card = await giftcards.lock(tx, caller.store_id, card_id)
    if owner is not None and card.owner_uuid != owner.uuid:
        raise GiftCardNotFound(card_id)
    to = await _receiver(tx, receiver)
    if to.uuid == card.owner_uuid:
        raise ReceiverIsOwner
    await tx.run("customer_add", store_id=caller.store_id, resident_uuid=to.uuid, now=now)
    changed = await ledger.change_card(
        tx,
        caller,
        "card_transfer",
        card_id,
        now,
        kind=lambda last, card: "transferred",
        reason=reason,
        source=card.owner_uuid,
        receiver_uuid=to.uuid,
    )
    if changed is None:
        giftcards.refuse_owner(card, now)
        raise GiftCardNotTransferable(card_id)
    return changed


async def reissue(
    tx: Tx, caller: Caller, card_id: str, new_id: str, reason: str, now: int
) -> GiftCard:
    """Replace a lost card: a new one has its credit, owner and expiry; the old one is void.

    Raises ``GiftCardNotFound``, ``GiftCardRedeemed``, ``GiftCardVoid``, ``GiftCardHeld``.
    """
    old = await giftcards.lock(tx, caller.store_id, card_id)
    if old.redeemed:
        raise GiftCardRedeemed(card_id)
    if not old.credit:
        raise GiftCardVoid(card_id)
    if giftcards.is_held(old, now):
        raise GiftCardHeld(card_id)
    await ledger.change_card(
        tx,
        caller,
        "card_void",
        card_id,
        now,
        kind=lambda last, card: "reissued",
        reason=reason,
        source=new_id,
    )
    new = structs.replace(
        old, id=new_id, active=True, version=1, created_at=now, updated_at=now, held_until=None
    )
    await ledger.open_cards(tx, [Opening(caller, new, reason, "reissued", card_id)])
    return new


async def _receiver(tx: Tx, identifier: Identifier) -> Resident:
    try:
        return await residents.find(tx, identifier)
    except ResidentNotFound as failure:
        raise ReceiverNotFound(failure.identifier) from failure
