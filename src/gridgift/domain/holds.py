"""Holds: part of a card's credit, reserved for a purchase (contract section 10).

An expired hold frees its part by the clock. Placing, capturing and voiding lock the card first.
"""

from typing import Literal

from msgspec import Struct

from gridgift.domain import giftcards
from gridgift.domain.failures import (
    CaptureExceedsHold,
    GiftCardExpired,
    GiftCardInactive,
    GiftCardRedeemed,
    HoldClosed,
    HoldNotFound,
    InsufficientCredit,
)
from gridgift.domain.giftcards import Balance
from gridgift.domain.ledger import EntryNote
from gridgift.domain.model import Caller, CardChange, GiftCard, Hold
from gridgift.storage.database import Tx


class HoldChange(Struct, frozen=True):
    """A hold after it was placed, captured or voided, and what that changed on its card."""

    hold: Hold
    change: CardChange


async def place(
    tx: Tx, caller: Caller, card_id: str, hold_id: str, amount: int, duration: int
) -> HoldChange:
    """Reserve part of a card's credit (``amount``, in L$) for ``duration`` milliseconds.

    Raises ``GiftCardNotFound``, ``GiftCardRedeemed``, ``GiftCardInactive``, ``GiftCardExpired``,
    ``InsufficientCredit``.
    """
    card = await giftcards.lock(tx, caller.store_id, card_id)
    now = tx.now()
    _check_usable(card, now)
    reserved = await giftcards.held(tx, card, now)
    if amount > card.credit - reserved:
        raise InsufficientCredit(card.credit - reserved)
    hold = Hold(hold_id, card_id, amount, "open", now + duration, now)
    await tx.run(
        "hold_add",
        store_id=caller.store_id,
        card_id=card_id,
        id=hold_id,
        amount=amount,
        expires_at=hold.expires_at,
        now=now,
    )
    until = max(hold.expires_at, card.held_until or 0)
    balance = Balance(card.credit, reserved + amount, until)
    note = EntryNote("held", hold=hold)
    change = await giftcards.set_balance(tx, caller, card_id, balance, note, now)
    return HoldChange(hold, change)


async def capture(
    tx: Tx, caller: Caller, card_id: str, hold_id: str, amount: int | None = None
) -> HoldChange:
    """Take a hold's amount from the card, or a part of it (``amount``, in L$); free the rest.

    Raises ``CaptureExceedsHold``, and what ``void`` raises.
    """
    return await _close(tx, caller, card_id, hold_id, "captured", amount)


async def void(tx: Tx, caller: Caller, card_id: str, hold_id: str) -> HoldChange:
    """Free a hold's amount. Raises ``GiftCardNotFound``, ``HoldNotFound``, ``HoldClosed``."""
    return await _close(tx, caller, card_id, hold_id, "voided")


def _check_usable(card: GiftCard, now: int) -> None:
    if card.redeemed:
        raise GiftCardRedeemed(card.id)
    if not card.active:
        raise GiftCardInactive(card.id)
    if giftcards.is_expired(card, now):
        raise GiftCardExpired(card.id)


async def _close(
    tx: Tx,
    caller: Caller,
    card_id: str,
    hold_id: str,
    state: Literal["captured", "voided"],
    amount: int | None = None,
) -> HoldChange:
    card = await giftcards.lock(tx, caller.store_id, card_id)
    now = tx.now()
    hold = await _close_row(tx, card, hold_id, state, amount, now)
    others = await tx.all("holds_open", store_id=card.store_id, card_id=card.id, now=now)
    still_open = [Hold.from_row(row) for row in others]
    balance = Balance(
        credit=card.credit - hold.captured,
        held=sum(each.amount for each in still_open),
        held_until=max((each.expires_at for each in still_open), default=None),
    )
    note = EntryNote(state, hold=hold)
    return HoldChange(hold, await giftcards.set_balance(tx, caller, card_id, balance, note, now))


async def _close_row(
    tx: Tx, card: GiftCard, hold_id: str, state: str, amount: int | None, now: int
) -> Hold:
    """Close an open hold and return it.

    Raises ``HoldNotFound``, ``HoldClosed``, ``CaptureExceedsHold``.
    """
    values = {"store_id": card.store_id, "card_id": card.id, "id": hold_id}
    closed = await tx.run("hold_close", state=state, captured=amount, now=now, **values)
    row = await tx.one("hold_by_id", **values)
    if row is None:
        raise HoldNotFound(hold_id)
    hold = Hold.from_row(row)
    if closed:
        return hold
    if hold.state == "open" and hold.expires_at > now:
        raise CaptureExceedsHold(hold.amount)
    raise HoldClosed(hold_id, "expired" if hold.state == "open" else hold.state)
