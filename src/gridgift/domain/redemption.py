"""Redeeming: a card's whole credit becomes store credit (contract section 8)."""

from collections.abc import Mapping, Sequence
from typing import Final, TypeGuard

from msgspec import Struct

from gridgift.domain import accounts, credit, giftcards, locked
from gridgift.domain.accounts import Change, LockedAccount
from gridgift.domain.batches import BatchedWrite
from gridgift.domain.failures import (
    CreditLimitExceeded,
    Failure,
    GiftCardExpired,
    GiftCardHeld,
    GiftCardInactive,
    GiftCardNotFound,
    GiftCardRedeemed,
)
from gridgift.domain.ledger import EntryNote
from gridgift.domain.locked import LockedCard
from gridgift.domain.model import Caller, CardChange, Entry, Lot, Resident
from gridgift.storage.database import Tx

REDEEM_REFUSALS: Final = (
    GiftCardNotFound,
    GiftCardRedeemed,
    GiftCardInactive,
    GiftCardExpired,
    GiftCardHeld,
    CreditLimitExceeded,
)


class Redemption(Struct, frozen=True):
    """What a redemption changed: the card, and its owner's store credit.

    ``credit`` is the new entry of the owner's account (None: the card had no credit).
    """

    card: CardChange
    credit: Entry | None


class RedeemRequest(Struct, frozen=True):
    """A redemption that is asked for: of which card, by its owner, as a lot with which id.

    ``if_match`` holds the ETags that the card may have (None: any).
    """

    caller: Caller
    owner: Resident
    card_id: str
    lot_id: str
    if_match: frozenset[str] | None = None


async def redeem_each(
    tx: Tx, store_id: str, requests: Sequence[RedeemRequest]
) -> list[Redemption | Failure]:
    """Move each card's credit into its owner's account, in order; each is refused for itself.

    The lot has the card's expiry: redeeming late extends nothing. A card without credit is redeemed
    without a lot. Failures are ``REDEEM_REFUSALS`` and ``PreconditionFailed``; someone
    else's card is not found either.
    """
    cards = await locked.lock_each(tx, store_id, {request.card_id for request in requests})
    owners = {each.owner.uuid for each in requests if _is_owners(cards.get(each.card_id), each)}
    credited = await accounts.lock_each(tx, store_id, owners)
    results = [_decide(each, cards.get(each.card_id), credited) for each in requests]
    await locked.save_each(tx, cards.values())
    await accounts.save_each(tx, credited.values())
    return results


REDEEM_EACH: Final[BatchedWrite[RedeemRequest, Redemption]] = BatchedWrite(redeem_each)


async def redeem(tx: Tx, caller: Caller, owner: Resident, card_id: str, lot_id: str) -> Redemption:
    """Redeem one card as ``redeem_each`` does. Raises its failures."""
    request = RedeemRequest(caller, owner, card_id, lot_id)
    (result,) = await redeem_each(tx, caller.store_id, [request])
    if isinstance(result, Failure):
        raise result
    return result


async def redeem_for_owner(tx: Tx, caller: Caller, card_id: str, lot_id: str) -> Redemption:
    """Redeem one card for whoever owns it. Raises the failures of ``redeem_each``."""
    card = (await locked.lock(tx, caller.store_id, card_id)).card
    owner = Resident(card.owner_uuid, card.owner_username)
    return await redeem(tx, caller, owner, card_id, lot_id)


def _is_owners(card: LockedCard | None, request: RedeemRequest) -> TypeGuard[LockedCard]:
    return card is not None and card.card.owner_uuid == request.owner.uuid


def _decide(
    request: RedeemRequest, card: LockedCard | None, credited: Mapping[str, LockedAccount]
) -> Redemption | Failure:
    if not _is_owners(card, request):
        return GiftCardNotFound(request.card_id)
    try:
        return _redeem(request, card, credited[request.owner.uuid])
    except Failure as failure:
        return failure


def _redeem(request: RedeemRequest, card: LockedCard, account: LockedAccount) -> Redemption:
    """Decide by one instant, which is before neither the card's newest entry nor the account's."""
    giftcards.check_precondition(card.card, request.if_match)
    card.wait_until(account.now)
    account.wait_until(card.now)
    giftcards.refuse_owner(card)
    amount, expires_at, entered = card.card.credit, card.card.expires_at, None
    if amount:
        lot = Lot(request.lot_id, amount, amount, expires_at, restricted=False)
        change = Change(amount, reference=request.card_id)
        entered = credit.add_lot(account, request.caller, lot, "credit_redeemed", change)
    changed = card.change(request.caller, EntryNote("redeemed"), credit=0, redeemed=True)
    return Redemption(changed, entered)
