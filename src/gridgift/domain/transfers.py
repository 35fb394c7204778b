"""Passing a card on, and replacing a lost one (contract sections 8 and 10)."""

from typing import Final

from msgspec import Struct, structs

from gridgift.domain import giftcards, labels, ledger, locked, residents
from gridgift.domain.failures import (
    GiftCardExpired,
    GiftCardHeld,
    GiftCardInactive,
    GiftCardNotFound,
    GiftCardNotTransferable,
    GiftCardRedeemed,
    GiftCardVoid,
    IdentifierMalformed,
    ReceiverIsOwner,
    ReceiverNotFound,
    ResidentNotFound,
)
from gridgift.domain.ledger import EntryNote, Opening
from gridgift.domain.model import Caller, CardChange, Resident
from gridgift.domain.residents import Identifier
from gridgift.storage.database import Tx

TRANSFER_REFUSALS: Final = (
    GiftCardNotFound,
    IdentifierMalformed,
    ReceiverNotFound,
    ReceiverIsOwner,
    GiftCardRedeemed,
    GiftCardInactive,
    GiftCardExpired,
    GiftCardHeld,
    GiftCardNotTransferable,
)


class Reissue(Struct, frozen=True):
    """What a reissue changed: the lost card, which is void now, and the one in its place."""

    old: CardChange
    new: CardChange


async def transfer(
    tx: Tx,
    caller: Caller,
    owner: Resident | None,
    card_id: str,
    receiver: Identifier,
    reason: str = "",
    if_match: frozenset[str] | None = None,
) -> CardChange:
    """Give a card to another resident, who becomes the store's customer. It can't be undone.

    ``owner`` is who passes it on; None: the store does, for the card's present owner. ``if_match``
    holds the ETags that the card may have (None: any). Raises what is in ``TRANSFER_REFUSALS``,
    and ``PreconditionFailed``.
    """
    card = await locked.lock(tx, caller.store_id, card_id)
    giver = card.card.owner_uuid
    if owner is not None and giver != owner.uuid:
        raise GiftCardNotFound(card_id)
    giftcards.check_precondition(card.card, if_match)
    to = await _find_receiver(tx, caller.store_id, receiver)
    if to.uuid == giver:
        raise ReceiverIsOwner
    await tx.run("customer_add", store_id=caller.store_id, resident_uuid=to.uuid, now=tx.now())
    card.wait_until(tx.now())
    giftcards.refuse_owner(card)
    if not card.card.transfer:
        raise GiftCardNotTransferable(card_id)
    note = EntryNote("transferred", reason, source=giver)
    changed = card.change(caller, note, owner_uuid=to.uuid, owner_username=to.username)
    await locked.save_each(tx, [card])
    return changed


async def reissue(
    tx: Tx,
    caller: Caller,
    card_id: str,
    new_id: str,
    reason: str,
    if_match: frozenset[str] | None = None,
) -> Reissue:
    """Replace a lost card: a new one has its credit, owner and expiry; the old one is void.

    The new one has the same tags and metadata. The reference stays with the card that was granted
    under it, so that the same order, asked for once more, grants nothing.

    The new card's id is ``new_id``; ``if_match`` holds the ETags that the old one may have (None:
    any). Raises ``GiftCardNotFound``, ``PreconditionFailed``, ``GiftCardRedeemed``,
    ``GiftCardVoid``, ``GiftCardHeld``.
    """
    card = await locked.lock(tx, caller.store_id, card_id)
    giftcards.check_precondition(card.card, if_match)
    old = card.card
    if old.redeemed:
        raise GiftCardRedeemed(card_id)
    if not old.credit:
        raise GiftCardVoid(card_id)
    if card.held:
        raise GiftCardHeld(card_id)
    voided = EntryNote("reissued", reason, source=new_id)
    changed = card.change(caller, voided, credit=0, active=False, transfer=False)
    await locked.save_each(tx, [card])
    new = structs.replace(
        old,
        id=new_id,
        active=True,
        version=1,
        created_at=card.now,
        updated_at=card.now,
        held_until=None,
    )
    said = structs.replace(await labels.read(tx, caller.store_id, card_id), reference=None)
    opened = EntryNote("reissued", reason, source=card_id, labels=said or None)
    (change,) = await ledger.open_cards(tx, [Opening(caller, new, opened)])
    return Reissue(changed, change)


async def _find_receiver(tx: Tx, store_id: str, identifier: Identifier) -> Resident:
    try:
        return await residents.find(tx, store_id, identifier)
    except ResidentNotFound as failure:
        raise ReceiverNotFound(failure.identifier) from failure
