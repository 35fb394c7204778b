"""Gift cards: read, update, patch, adjust, disable (contract sections 6 and 10)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

import msgspec
from msgspec import UNSET, Struct, UnsetType

from gridgift.domain import ledger
from gridgift.domain.batches import BatchedRead
from gridgift.domain.failures import (
    CreditLimitExceeded,
    GiftCardExpired,
    GiftCardHeld,
    GiftCardInactive,
    GiftCardNotFound,
    GiftCardRedeemed,
    InsufficientCredit,
    PreconditionFailed,
    ValidationFailed,
)
from gridgift.domain.found_cards import FoundCard
from gridgift.domain.ledger import EntryNote
from gridgift.domain.locked import CardRequest, LockedCard, Rule, change
from gridgift.domain.model import (
    MAX_CREDIT,
    NO_LABELS,
    Caller,
    CardChange,
    Entry,
    EntryKind,
    GiftCard,
    Hold,
    Labels,
)
from gridgift.storage.database import Tx

R = TypeVar("R")

# not strict: SQLite's booleans are numbers
_decode_cards: Final = msgspec.json.Decoder(list[GiftCard], strict=False).decode


class Terms(Struct, frozen=True):
    """What a card is granted with: credit in L$ (at least 1), the rest optional.

    ``expires_at`` UNSET takes the store's default, None never expires. Under ``labels.reference`` a
    store grants once. ``announce`` has the owner told in Second Life; UNSET: as the store has it.
    ``note`` is written on the card, in an entry of its own; UNSET: none is.
    """

    credit: int
    transfer: bool = False
    texture: str | None = None
    expires_at: int | None | UnsetType = UNSET
    reason: str = ""
    labels: Labels = NO_LABELS
    purchased: bool = False
    announce: bool | UnsetType = UNSET
    note: str | UnsetType = UNSET


class Replacement(Struct, frozen=True):
    """The four fields that an update replaces, all of them (contract section 6)."""

    credit: int = 0
    texture: str | None = None
    transfer: bool = False
    active: bool = False


class Patch(Struct, frozen=True):
    """The fields that a patch names; the others are UNSET and left as they are."""

    credit: int | UnsetType = UNSET
    texture: str | None | UnsetType = UNSET
    transfer: bool | UnsetType = UNSET
    active: bool | UnsetType = UNSET
    expires_at: int | None | UnsetType = UNSET


def check_terms(terms: Terms, now: int) -> None:
    """Raise ``ValidationFailed`` for a credit or an expiry that no card can be granted with."""
    if not 1 <= terms.credit <= MAX_CREDIT:
        raise ValidationFailed({"credit": [f"must be from 1 to {MAX_CREDIT}"]})
    if not isinstance(terms.expires_at, UnsetType):
        check_expiry(terms.expires_at, now)


def are_acceptable(terms: Terms, now: int) -> bool:
    """Tell whether a card can be granted with these terms."""
    try:
        check_terms(terms, now)
    except ValidationFailed:
        return False
    return True


def check_delta(delta: int) -> None:
    """Raise ``ValidationFailed`` for an adjustment (L$) that changes nothing."""
    if not delta:
        raise ValidationFailed({"delta": ["must not be 0"]})


async def read(tx: Tx, store_id: str, card_id: str) -> GiftCard:
    """Return one card of the store. Raises ``GiftCardNotFound``."""
    row = await tx.one("card_by_id", store_id=store_id, id=card_id)
    if row is None:
        raise GiftCardNotFound(card_id)
    return GiftCard.from_row(row)


async def read_each(
    tx: Tx, store_id: str, card_ids: Sequence[str]
) -> list[GiftCard | GiftCardNotFound]:
    """Return the store's cards of these ids, or ``GiftCardNotFound``, in the order of the ids."""
    row = await tx.one("cards_by_ids", store_id=store_id, ids=card_ids)
    cards = [] if row is None or row[0] is None else _decode_cards(row[0])
    found = {card.id: card for card in cards}
    return [found.get(card_id) or GiftCardNotFound(card_id) for card_id in card_ids]


READ_EACH: Final[BatchedRead[str, GiftCard]] = BatchedRead(read_each)


async def read_with_held(tx: Tx, store_id: str, card_id: str) -> tuple[GiftCard, int]:
    """Return one card and how much of it is held (L$), both of the same instant.

    Raises ``GiftCardNotFound``.
    """
    row = await tx.one("card_shown", store_id=store_id, id=card_id, now=tx.now())
    if row is None:
        raise GiftCardNotFound(card_id)
    *columns, held_now = row
    return GiftCard.from_row(columns), held_now


async def read_each_with_held(
    tx: Tx, store_id: str, card_ids: Sequence[str]
) -> list[tuple[GiftCard, int]]:
    """Return the cards that there are, in order, each with how much of it is held, in L$."""
    now, found = tx.now(), await read_each(tx, store_id, card_ids)
    cards = [card for card in found if isinstance(card, GiftCard)]
    return [(card, await _held(tx, card, max(now, card.updated_at))) for card in cards]


async def read_with_entries(
    tx: Tx, store_id: str, card_id: str
) -> tuple[GiftCard, int, list[Entry]]:
    """Return one card, how much of it is held (L$), and all its ledger entries, oldest first.

    Raises ``GiftCardNotFound``.
    """
    card, held_now = await read_with_held(tx, store_id, card_id)
    return card, held_now, await ledger.entries(tx, store_id, "card", card_id)


def expecting(if_match: frozenset[str] | None, rule: Rule[R]) -> Rule[R]:
    """Return the same rule for a card that has one of some ETags (None: any).

    Else it raises ``PreconditionFailed``.
    """

    def expected(locked: LockedCard, caller: Caller) -> R:
        check_precondition(locked.card, if_match)
        return rule(locked, caller)

    return rule if if_match is None else expected


def updating(replacement: Replacement) -> Rule[CardChange]:
    """Return the rule that replaces a card's credit, texture, transfer and active.

    A replacement that changes nothing writes no entry. It raises ``GiftCardRedeemed``, and
    ``GiftCardHeld`` for another credit while part of it is held.
    """

    def rule(locked: LockedCard, caller: Caller) -> CardChange:
        check_not_redeemed(locked.card)
        wanted = msgspec.structs.asdict(replacement)
        return replace(locked, caller, wanted)

    return rule


async def update(
    tx: Tx,
    caller: Caller,
    card_id: str,
    replacement: Replacement,
    if_match: frozenset[str] | None = None,
) -> CardChange:
    """Replace four fields as ``updating`` says, of a card with one of some ETags (None: any).

    Raises ``GiftCardNotFound`` and ``PreconditionFailed`` too.
    """
    rule = expecting(if_match, updating(replacement))
    return await change(tx, CardRequest(caller, card_id, rule))


def patching(changes: Patch) -> Rule[CardChange]:
    """Return the rule that changes the fields that ``changes`` names (RFC 7396).

    A patch that changes nothing writes no entry. It raises what that of ``updating`` does, and
    ``ValidationFailed`` for an expiry that is not in the future.
    """
    named = msgspec.structs.asdict(changes)
    wanted = {name: value for name, value in named.items() if value is not UNSET}

    def rule(locked: LockedCard, caller: Caller) -> CardChange:
        check_not_redeemed(locked.card)
        if wanted.get("expires_at", locked.card.expires_at) != locked.card.expires_at:
            check_expiry(wanted["expires_at"], locked.now)
        return replace(locked, caller, wanted)

    return rule


async def patch(
    tx: Tx,
    caller: Caller,
    card_id: str,
    changes: Patch,
    if_match: frozenset[str] | None = None,
) -> CardChange:
    """Change some fields as ``patching`` says, of a card with one of some ETags (None: any).

    Raises ``GiftCardNotFound`` and ``PreconditionFailed`` too.
    """
    rule = expecting(if_match, patching(changes))
    return await change(tx, CardRequest(caller, card_id, rule))


def adjusting(delta: int, reason: str) -> Rule[CardChange]:
    """Return the rule that adds to a card's credit or takes from what is not held.

    ``delta`` is in L$, not 0. Raises ``ValidationFailed``; the rule raises ``GiftCardRedeemed``,
    ``InsufficientCredit``, ``CreditLimitExceeded``.
    """
    check_delta(delta)

    def rule(locked: LockedCard, caller: Caller) -> CardChange:
        check_not_redeemed(locked.card)
        if locked.available + delta < 0:
            raise InsufficientCredit(locked.available)
        credit = locked.card.credit + delta
        if credit > MAX_CREDIT:
            raise CreditLimitExceeded(limit=MAX_CREDIT)
        return locked.change(caller, EntryNote("adjusted", reason), credit=credit)

    return rule


async def adjust(tx: Tx, caller: Caller, card_id: str, delta: int, reason: str) -> CardChange:
    """Change a card's credit as ``adjusting`` says. Raises ``GiftCardNotFound`` too."""
    return await change(tx, CardRequest(caller, card_id, adjusting(delta, reason)))


def disabling() -> Rule[CardChange]:
    """Return the rule that makes a card inactive; one that is so stays as it is, without an entry.

    It raises ``GiftCardRedeemed``.
    """

    def rule(locked: LockedCard, caller: Caller) -> CardChange:
        check_not_redeemed(locked.card)
        return replace(locked, caller, {"active": False})

    return rule


async def disable(
    tx: Tx, caller: Caller, card_id: str, if_match: frozenset[str] | None = None
) -> CardChange:
    """Make a card inactive as ``disabling`` says, if it has one of some ETags (None: any).

    Raises ``GiftCardNotFound`` and ``PreconditionFailed`` too.
    """
    return await change(tx, CardRequest(caller, card_id, expecting(if_match, disabling())))


def ending(reason: str = "") -> Rule[CardChange]:
    """Return the rule that lets a card's date be over now; one that has expired stays as it is.

    It raises ``GiftCardRedeemed``. What is held can be captured still.
    """

    def rule(locked: LockedCard, caller: Caller) -> CardChange:
        check_not_redeemed(locked.card)
        if is_expired(locked.card, locked.now):
            return locked.unchanged()
        return replace(locked, caller, {"expires_at": locked.now}, reason)

    return rule


def note_expiry(locked: LockedCard, caller: Caller) -> None:
    """Write the entry of a card that has expired, once; its credit stays for the record."""
    if is_expired(locked.card, locked.now) and not locked.card.redeemed:
        locked.expiry_noted = True
        locked.change(caller, EntryNote("expired", "The card's date is over."))


def is_held(card: GiftCard, now: int) -> bool:
    """Tell whether any hold on the card is open at an instant."""
    return card.held_until is not None and card.held_until > now


def is_expired(card: GiftCard, now: int) -> bool:
    """Tell whether a card's date is over: by the clock, not by a job."""
    return card.expires_at is not None and card.expires_at <= now


def refuse_owner(locked: LockedCard) -> None:
    """Raise why a card can be neither redeemed nor passed on, if there is a reason."""
    card = locked.card
    check_not_redeemed(card)
    if not card.active:
        raise GiftCardInactive(card.id)
    if is_expired(card, locked.now):
        raise GiftCardExpired(card.id)
    if is_held(card, locked.now):
        raise GiftCardHeld(card.id)


def etag(card: GiftCard | FoundCard) -> str:
    """Name a card's state by its newest ledger entry and its owner's username (RFC 9110, 8.8.3).

    Of two different states no two have one name, even if a backup was restored in between: the
    entry's hash covers the whole chain, with the instants and requests that made it.
    """
    assert card.head, "this card was not read to be shown"
    return f'"{card.head}-{card.owner_username}"'


async def _held(tx: Tx, card: GiftCard, now: int) -> int:
    """Return how much of a card's credit is held at an instant, in L$."""
    if not is_held(card, now):
        return 0
    rows = await tx.all("holds_open", store_id=card.store_id, card_id=card.id, now=now)
    return sum(Hold.from_row(row).amount for row in rows)


def replace(
    locked: LockedCard, caller: Caller, wanted: Mapping[str, Any], reason: str = ""
) -> CardChange:
    """Set fields of a card, if any of them is another one than it was.

    Raises ``GiftCardHeld`` for another credit while part of it is held.
    """
    before = locked.card
    changed = {name: value for name, value in wanted.items() if value != getattr(before, name)}
    if not changed:
        return locked.unchanged()
    if "credit" in changed and locked.held:
        raise GiftCardHeld(before.id)
    kind: EntryKind = "updated"
    if changed.keys() == {"active"}:
        kind = "enabled" if changed["active"] else "disabled"
    return locked.change(caller, EntryNote(kind, reason), **changed)


def check_not_redeemed(card: GiftCard) -> None:
    """Raise ``GiftCardRedeemed`` for a card that nothing can change any more."""
    if card.redeemed:
        raise GiftCardRedeemed(card.id)


def check_precondition(card: GiftCard, if_match: frozenset[str] | None) -> None:
    """Raise ``PreconditionFailed`` unless a card has one of some ETags (None: any)."""
    if if_match is not None and etag(card) not in if_match:
        raise PreconditionFailed(etag(card))


def check_expiry(expires_at: int | None, now: int) -> None:
    """Raise ``ValidationFailed`` for a date that is over; None is no date."""
    if expires_at is not None and expires_at <= now:
        raise ValidationFailed({"expires_at": ["must be in the future"]})
