"""Holds: part of a card's credit, reserved for a purchase (contract section 10).

An expired hold frees its part by the clock. Placing, capturing and voiding lock the card first.
"""

from collections.abc import Sequence

from msgspec import Struct, structs

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
from gridgift.domain.ledger import EntryNote
from gridgift.domain.locked import CardRequest, LockedCard, Rule, change
from gridgift.domain.model import Caller, CardChange, Hold
from gridgift.storage.database import Tx


class HoldChange(Struct, frozen=True):
    """A hold after it was placed, captured or voided, and what that changed on its card."""

    hold: Hold
    change: CardChange


def placing(hold_id: str, amount: int, duration: int) -> Rule[HoldChange]:
    """Return the rule that reserves part of a card's credit for ``duration`` milliseconds.

    ``amount`` is in L$. It raises ``GiftCardRedeemed``, ``GiftCardInactive``,
    ``GiftCardExpired``, ``InsufficientCredit``.
    """

    def rule(locked: LockedCard, caller: Caller) -> HoldChange:
        _check_usable(locked)
        if amount > locked.available:
            raise InsufficientCredit(locked.available)
        now = locked.now
        hold = Hold(hold_id, locked.card.id, amount, "open", now + duration, now)
        held_until = locked.place(hold)
        note = EntryNote("held", hold=hold)
        return HoldChange(hold, locked.change(caller, note, held_until=held_until))

    return rule


async def place(
    tx: Tx, caller: Caller, card_id: str, hold_id: str, amount: int, duration: int
) -> HoldChange:
    """Place a hold as ``placing`` says. Raises ``GiftCardNotFound`` too."""
    return await change(tx, CardRequest(caller, card_id, placing(hold_id, amount, duration)))


def capturing(hold_id: str, amount: int | None = None) -> Rule[HoldChange]:
    """Return the rule that takes a hold's amount from the card, or a part of it; the rest is freed.

    ``amount`` is in L$ (None: all). It raises ``CaptureExceedsHold``, and what that of ``voiding``
    does.
    """

    def rule(locked: LockedCard, caller: Caller) -> HoldChange:
        hold = _open_hold(locked, hold_id)
        taken = hold.amount if amount is None else amount
        if taken > hold.amount:
            raise CaptureExceedsHold(hold.amount)
        return _close(locked, caller, structs.replace(hold, state="captured", captured=taken))

    return rule


async def capture(
    tx: Tx, caller: Caller, card_id: str, hold_id: str, amount: int | None = None
) -> HoldChange:
    """Capture a hold as ``capturing`` says. Raises ``GiftCardNotFound`` too."""
    return await change(tx, CardRequest(caller, card_id, capturing(hold_id, amount), hold_id))


def voiding(hold_id: str) -> Rule[HoldChange]:
    """Return the rule that frees a hold's amount. It raises ``HoldNotFound``, ``HoldClosed``."""

    def rule(locked: LockedCard, caller: Caller) -> HoldChange:
        return _close(locked, caller, structs.replace(_open_hold(locked, hold_id), state="voided"))

    return rule


async def void(tx: Tx, caller: Caller, card_id: str, hold_id: str) -> HoldChange:
    """Void a hold as ``voiding`` says. Raises ``GiftCardNotFound`` too."""
    return await change(tx, CardRequest(caller, card_id, voiding(hold_id), hold_id))


async def attest(tx: Tx, caller: Caller, card_id: str, hold_ids: Sequence[str]) -> None:
    """Write an entry that states what it is of each of these holds that is still open.

    Raises ``GiftCardNotFound``.
    """

    def rule(locked: LockedCard, caller: Caller) -> None:
        for hold in locked.open_holds:
            if hold.id in hold_ids:
                locked.change(caller, EntryNote("attested", hold=hold))

    await change(tx, CardRequest(caller, card_id, rule))


def _check_usable(locked: LockedCard) -> None:
    card = locked.card
    if card.redeemed:
        raise GiftCardRedeemed(card.id)
    if not card.active:
        raise GiftCardInactive(card.id)
    if giftcards.is_expired(card, locked.now):
        raise GiftCardExpired(card.id)


def _close(locked: LockedCard, caller: Caller, hold: Hold) -> HoldChange:
    held_until, credit = locked.close(hold), locked.card.credit - hold.captured
    note = EntryNote("captured" if hold.captured else "voided", hold=hold)
    changed = locked.change(caller, note, credit=credit, held_until=held_until)
    return HoldChange(hold, changed)


def _open_hold(locked: LockedCard, hold_id: str) -> Hold:
    """Return a hold that is open. Raises ``HoldNotFound``, ``HoldClosed``."""
    found = next((hold for hold in locked.holds if hold.id == hold_id), None)
    if found is None:
        raise HoldNotFound(hold_id)
    if found not in locked.open_holds:
        raise HoldClosed(hold_id, "expired" if found.state == "open" else found.state)
    return found
