"""Holds: part of a card's credit, reserved for a purchase (contract section 10).

An expired hold frees its part by the clock. Placing, capturing and voiding lock the card first.
"""

from typing import Literal

from msgspec import Struct

from gridgift.domain import giftcards
from gridgift.domain.failures import (
    GiftCardExpired,
    GiftCardInactive,
    GiftCardRedeemed,
    HoldClosed,
    HoldNotFound,
    InsufficientCredit,
)
from gridgift.domain.model import Caller, GiftCard, Hold
from gridgift.storage.database import Tx


class Held(Struct, frozen=True):
    """A hold, and its card after the change."""

    hold: Hold
    card: GiftCard


async def place(
    tx: Tx, caller: Caller, card_id: str, hold_id: str, amount: int, expires_at: int, now: int
) -> Held:
    """Reserve part of a card's credit until an instant. ``amount`` is in L$.

    Raises ``GiftCardNotFound``, ``GiftCardRedeemed``, ``GiftCardInactive``, ``GiftCardExpired``,
    ``InsufficientCredit``.
    """
    card = await giftcards.lock(tx, caller.store_id, card_id)
    if card.redeemed:
        raise GiftCardRedeemed(card_id)
    if not card.active:
        raise GiftCardInactive(card_id)
    if giftcards.is_expired(card, now):
        raise GiftCardExpired(card_id)
    available = card.credit - await giftcards.held(tx, card, now)
    if amount > available:
        raise InsufficientCredit(available)
    await tx.run(
        "hold_add",
        store_id=caller.store_id,
        card_id=card_id,
        id=hold_id,
        amount=amount,
        expires_at=expires_at,
        now=now,
    )
    until = max(expires_at, card.held_until or 0)
    card = await giftcards.set_credit(tx, caller, card, card.credit, "held", hold_id, until, now)
    return Held(Hold(hold_id, card_id, amount, "open", expires_at, now), card)


async def capture(tx: Tx, caller: Caller, card_id: str, hold_id: str, now: int) -> Held:
    """Take a hold's amount from the card. Raises as ``void`` does."""
    return await _close(tx, caller, card_id, hold_id, now, captured=True)


async def void(tx: Tx, caller: Caller, card_id: str, hold_id: str, now: int) -> Held:
    """Free a hold's amount. Raises ``GiftCardNotFound``, ``HoldNotFound``, ``HoldClosed``."""
    return await _close(tx, caller, card_id, hold_id, now, captured=False)


async def _close(
    tx: Tx, caller: Caller, card_id: str, hold_id: str, now: int, *, captured: bool
) -> Held:
    card = await giftcards.lock(tx, caller.store_id, card_id)
    values = {"store_id": caller.store_id, "card_id": card_id, "id": hold_id}
    state: Literal["captured", "voided"] = "captured" if captured else "voided"
    closed = await tx.run("hold_close", state=state, now=now, **values)
    row = await tx.one("hold_by_id", **values)
    if row is None:
        raise HoldNotFound(hold_id)
    hold = Hold(*row)
    if not closed:
        raise HoldClosed(hold_id, "expired" if hold.state == "open" else hold.state)
    rest = await tx.all("holds_open", store_id=card.store_id, card_id=card.id, now=now)
    until = max((Hold(*row).expires_at for row in rest), default=None)
    left = card.credit - hold.amount if captured else card.credit
    card = await giftcards.set_credit(tx, caller, card, left, state, hold_id, until, now)
    return Held(hold, card)
