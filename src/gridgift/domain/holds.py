"""Holds: part of a card's credit, reserved for a purchase (contract section 10).

An expired hold frees its part by the clock. Every change of a hold locks its card first.
"""

from collections.abc import Sequence
from typing import Final, Literal

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
    ValidationFailed,
)
from gridgift.domain.ids import LAST_UUID
from gridgift.domain.ledger import EntryNote
from gridgift.domain.locked import CardRequest, LockedCard, Rule, change
from gridgift.domain.model import Caller, CardChange, Hold, HoldState
from gridgift.domain.paging import Page, Position, page_of, read_page
from gridgift.storage.database import Tx
from gridgift.storage.listing import HOLDS_OF_CARD, HOLDS_OF_STORE

Listed = Literal["open", "lapsed", "captured", "voided"]  # an open hold whose time is over: lapsed

KEY_TYPES: Final = HOLDS_OF_CARD.types()
KEY_TYPES_BY_END: Final = HOLDS_OF_STORE.types()
_STATES: Final[dict[Listed, HoldState]] = {
    "open": "open",
    "lapsed": "open",
    "captured": "captured",
    "voided": "voided",
}


class HoldChange(Struct, frozen=True):
    """A hold after it was placed, extended, captured or voided, and its card's change."""

    hold: Hold
    change: CardChange


def placing(hold_id: str, amount: int, duration: int, reason: str = "") -> Rule[HoldChange]:
    """Return the rule that reserves part of a card's credit for ``duration`` milliseconds.

    ``amount`` is in L$; ``reason`` is for the ledger. It raises ``GiftCardRedeemed``,
    ``GiftCardInactive``, ``GiftCardExpired``, ``InsufficientCredit``.
    """

    def rule(locked: LockedCard, caller: Caller) -> HoldChange:
        _check_usable(locked)
        if amount > locked.available:
            raise InsufficientCredit(locked.available)
        now = locked.now
        hold = Hold(hold_id, locked.card.id, amount, "open", now + duration, now)
        held_until = locked.place(hold)
        note = EntryNote("held", reason, hold=hold)
        return HoldChange(hold, locked.change(caller, note, held_until=held_until))

    return rule


async def place(
    tx: Tx,
    caller: Caller,
    card_id: str,
    hold_id: str,
    amount: int,
    duration: int,
    reason: str = "",
) -> HoldChange:
    """Place a hold as ``placing`` says. Raises ``GiftCardNotFound`` too."""
    rule = placing(hold_id, amount, duration, reason)
    return await change(tx, CardRequest(caller, card_id, rule))


def extending(hold_id: str, duration: int) -> Rule[HoldChange]:
    """Return the rule that lets an open hold end ``duration`` milliseconds from now, if later.

    It raises ``HoldNotFound``, ``HoldClosed``, ``GiftCardInactive``, ``GiftCardExpired``, and
    ``ValidationFailed`` if the hold ends then already, or later.
    """

    def rule(locked: LockedCard, caller: Caller) -> HoldChange:
        hold = _open_hold(locked, hold_id)
        _check_usable(locked)
        end = locked.now + duration
        if end <= hold.expires_at:
            raise ValidationFailed({"expires_in": ["must be later than the hold ends"]})
        hold = structs.replace(hold, expires_at=end)
        held_until = locked.extend(hold)
        note = EntryNote("hold_extended", hold=hold)
        return HoldChange(hold, locked.change(caller, note, held_until=held_until))

    return rule


async def extend(tx: Tx, caller: Caller, card_id: str, hold_id: str, duration: int) -> HoldChange:
    """Extend a hold as ``extending`` says. Raises ``GiftCardNotFound`` too."""
    return await change(tx, CardRequest(caller, card_id, extending(hold_id, duration), hold_id))


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


async def list_of_card(
    tx: Tx, store_id: str, card_id: str, position: Position, limit: int
) -> Page[Hold]:
    """Return a page of at most ``limit`` holds of a card, in the order in which they were placed.

    Raises ``GiftCardNotFound``.
    """
    await giftcards.read(tx, store_id, card_id)
    return await read_page(
        tx, HOLDS_OF_CARD, position, limit,
        lambda *row: Hold.from_row(row), lambda hold: (hold.id,),
        store_id=store_id, card_id=card_id,
    )  # fmt: skip


async def list_of_store(
    tx: Tx, store_id: str, listed: Listed, position: Position, limit: int
) -> Page[Hold]:
    """Return a page of at most ``limit`` holds of a store, those that end first before others.

    ``position`` is one of a list of the same holds.
    """
    now, state = tx.now(), _STATES[listed]
    start = _past_the_others(listed, position, now)
    rows = await tx.all(
        HOLDS_OF_STORE.statement(start),
        store_id=store_id,
        state=state,
        **HOLDS_OF_STORE.values(start, limit),
    )
    found = [hold for hold in map(Hold.from_row, rows) if _is_listed(hold, listed, now)]
    return page_of(found, position, limit, lambda hold: (hold.expires_at, hold.id))


def _past_the_others(listed: Listed, position: Position, now: int) -> Position:
    """Return where to begin: holds whose time is over come before those that reserve credit."""
    border = (now, LAST_UUID)
    if listed == "open" and not position.backward:
        return position if position.keys > border else Position(border)
    if listed == "lapsed" and position.backward:
        return position if () < position.keys < border else Position(border, backward=True)
    return position


def _is_listed(hold: Hold, listed: Listed, now: int) -> bool:
    """Tell whether a hold in the right state is one of those: the first that is not ends a list."""
    return hold.state != "open" or (hold.expires_at > now) is (listed == "open")


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
