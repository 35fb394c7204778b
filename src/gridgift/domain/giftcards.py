"""Gift cards: read, update, patch, adjust, disable (contract sections 6 and 10)."""

from collections.abc import Sequence
from typing import Any, Final

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
from gridgift.domain.ledger import EntryNote
from gridgift.domain.model import MAX_CREDIT, Caller, CardChange, CardState, Entry, GiftCard, Hold
from gridgift.storage.database import TransactionConflict, Tx

# not strict: SQLite's booleans are numbers
_decode_cards: Final = msgspec.json.Decoder(list[GiftCard], strict=False).decode


class Terms(Struct, frozen=True):
    """What a card is granted with: credit in L$ (at least 1), the rest optional.

    ``expires_at`` UNSET takes the store's default, None never expires.
    """

    credit: int
    transfer: bool = False
    texture: str | None = None
    expires_at: int | None | UnsetType = UNSET
    reason: str = ""


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
        _check_expiry(terms.expires_at, now)


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
    return [(card, await held(tx, card, now)) for card in found if isinstance(card, GiftCard)]


async def read_with_entries(
    tx: Tx, store_id: str, card_id: str
) -> tuple[GiftCard, int, list[Entry]]:
    """Return one card, how much of it is held (L$), and all its ledger entries, oldest first.

    Raises ``GiftCardNotFound``.
    """
    card, held_now = await read_with_held(tx, store_id, card_id)
    return card, held_now, await ledger.entries(tx, store_id, "card", card_id)


async def update(
    tx: Tx,
    caller: Caller,
    card_id: str,
    replacement: Replacement,
    if_match: frozenset[str] | None = None,
) -> CardChange:
    """Replace a card's credit, texture, transfer and active.

    A replacement that changes nothing writes no entry. ``if_match`` holds the ETags that the card
    may have (None: any). Raises ``GiftCardNotFound``, ``GiftCardRedeemed``, ``PreconditionFailed``,
    and ``GiftCardHeld`` for another credit while part of it is held.
    """
    now = tx.now()
    values = msgspec.structs.asdict(replacement)
    changed = await ledger.change_card(
        tx, caller, "card_update", card_id, _note_of_update, now, **values
    )
    change = await _outcome(tx, caller.store_id, card_id, changed, if_match, now)
    if change.card.credit != replacement.credit:
        if is_held(change.card, now):
            raise GiftCardHeld(card_id)
        raise TransactionConflict  # it was held when the statement ran, and is free since
    return change


async def patch(
    tx: Tx,
    caller: Caller,
    card_id: str,
    changes: Patch,
    if_match: frozenset[str] | None = None,
) -> CardChange:
    """Change the fields that ``changes`` names and leave the others (RFC 7396).

    A patch that changes nothing writes no entry. Raises ``GiftCardNotFound``,
    ``GiftCardRedeemed``, ``GiftCardHeld`` (for a credit while part of it is held),
    ``PreconditionFailed``, and ``ValidationFailed`` for an expiry that is not in the future.
    """
    card = await lock(tx, caller.store_id, card_id)
    now = tx.now()
    if if_match is not None:
        _check_precondition(await read(tx, caller.store_id, card_id), if_match)
    if card.redeemed:
        raise GiftCardRedeemed(card_id)
    wanted = {name: value for name, value in msgspec.structs.asdict(changes).items()
              if value is not UNSET and value != getattr(card, name)}  # fmt: skip
    if not wanted:
        card = await read(tx, caller.store_id, card_id)
        return CardChange(card, await held(tx, card, now), None)
    if "expires_at" in wanted:
        _check_expiry(wanted["expires_at"], now)
    if "credit" in wanted and is_held(card, now):
        raise GiftCardHeld(card_id)
    values: dict[str, Any] = {name: getattr(card, name) for name in Patch.__struct_fields__}
    values |= wanted | {"expiry_moved": "expires_at" in wanted}
    changed = await ledger.change_card(
        tx, caller, "card_patch", card_id, _note_of_update, now, **values
    )
    assert changed is not None, "the card is locked"
    return CardChange(changed[0], await held(tx, changed[0], now), changed[1])


async def adjust(tx: Tx, caller: Caller, card_id: str, delta: int, reason: str) -> CardChange:
    """Add to a card's credit or take from what is not held; ``delta`` is in L$, not 0.

    Raises ``ValidationFailed``, ``GiftCardNotFound``, ``GiftCardRedeemed``,
    ``InsufficientCredit``, ``CreditLimitExceeded``.
    """
    check_delta(delta)
    card = await lock(tx, caller.store_id, card_id)
    now = tx.now()
    if card.redeemed:
        raise GiftCardRedeemed(card_id)
    reserved = await held(tx, card, now)
    available = card.credit - reserved
    if available + delta < 0:
        raise InsufficientCredit(available)
    if card.credit + delta > MAX_CREDIT:
        raise CreditLimitExceeded(limit=MAX_CREDIT)
    balance = Balance(card.credit + delta, reserved, card.held_until)
    return await set_balance(tx, caller, card_id, balance, EntryNote("adjusted", reason), now)


class Balance(Struct, frozen=True):
    """What a card is left with: its credit, how much of it is held (L$), and until when.

    ``held_until`` is when the last open hold ends, in milliseconds (None: there is none).
    """

    credit: int
    held: int
    held_until: int | None


async def set_balance(
    tx: Tx, caller: Caller, card_id: str, balance: Balance, note: EntryNote, now: int
) -> CardChange:
    """Give a locked card another balance, with its entry."""
    changed = await ledger.change_card(
        tx,
        caller,
        "card_set_credit",
        card_id,
        note,
        now,
        credit=balance.credit,
        held_until=balance.held_until,
    )
    assert changed is not None, "the card is locked"
    return CardChange(changed[0], balance.held, changed[1])


async def lock(tx: Tx, store_id: str, card_id: str) -> GiftCard:
    """Return a card that nobody else changes until this transaction ends.

    For rules that need more than the card's own row. Raises ``GiftCardNotFound``.
    """
    row = await tx.one("card_lock", store_id=store_id, id=card_id)
    if row is None:
        raise GiftCardNotFound(card_id)
    return GiftCard.from_row(row)


async def held(tx: Tx, card: GiftCard, now: int) -> int:
    """Return how much of a card's credit is held at an instant, in L$."""
    if not is_held(card, now):
        return 0
    rows = await tx.all("holds_open", store_id=card.store_id, card_id=card.id, now=now)
    return sum(Hold.from_row(row).amount for row in rows)


def is_held(card: GiftCard, now: int) -> bool:
    """Tell whether any hold on the card is open at an instant."""
    return card.held_until is not None and card.held_until > now


def is_expired(card: GiftCard, now: int) -> bool:
    """Tell whether a card's date is over: by the clock, not by a job."""
    return card.expires_at is not None and card.expires_at <= now


def refuse_owner(card: GiftCard, now: int) -> None:
    """Raise why a card can be neither redeemed nor passed on, if there is a reason."""
    if card.redeemed:
        raise GiftCardRedeemed(card.id)
    if not card.active:
        raise GiftCardInactive(card.id)
    if is_expired(card, now):
        raise GiftCardExpired(card.id)
    if is_held(card, now):
        raise GiftCardHeld(card.id)


async def note_expiry(tx: Tx, caller: Caller, card_id: str) -> None:
    """Write the entry of a card that has expired, once; its credit stays for the record."""
    note = EntryNote("expired", "The card's date is over.")
    await ledger.change_card(tx, caller, "card_note_expiry", card_id, note, tx.now())


async def disable(
    tx: Tx, caller: Caller, card_id: str, if_match: frozenset[str] | None = None
) -> CardChange:
    """Make a card inactive; one that is inactive already stays as it is, without an entry.

    ``if_match`` holds the ETags that the card may have (None: any). Raises ``GiftCardNotFound``,
    ``GiftCardRedeemed``, ``PreconditionFailed``.
    """
    now = tx.now()
    changed = await ledger.change_card(
        tx, caller, "card_disable", card_id, EntryNote("disabled"), now
    )
    return await _outcome(tx, caller.store_id, card_id, changed, if_match, now)


def etag(card: GiftCard) -> str:
    """Name a card's state by its newest ledger entry and its owner's username (RFC 9110, 8.8.3).

    Of two different states no two have one name, even if a backup was restored in between: the
    entry's hash covers the whole chain, with the instants and requests that made it.
    """
    assert card.head, "this card was not read to be shown"
    return f'"{card.head}-{card.owner_username}"'


def _note_of_update(last: Entry, card: GiftCard) -> EntryNote:
    """Name what an update did; one that only switches a card on or off has a kind of its own."""
    before = ledger.read_card_state(last.state)
    switched = msgspec.structs.replace(before.of_card, active=not before.active)
    if card.credit != last.balance_after or switched != CardState.of(card):
        return EntryNote("updated")
    return EntryNote("enabled" if card.active else "disabled")


async def _outcome(
    tx: Tx,
    store_id: str,
    card_id: str,
    changed: tuple[GiftCard, Entry] | None,
    if_match: frozenset[str] | None,
    now: int,
) -> CardChange:
    """Return what a guarded change did, or find out why it did nothing.

    A precondition that does not hold is raised after the change, which the failure rolls back.
    """
    if changed is None:
        card = await read(tx, store_id, card_id)
        _check_precondition(card, if_match)
        if card.redeemed:
            raise GiftCardRedeemed(card_id)
        return CardChange(card, await held(tx, card, now), None)
    card, entry = changed
    before = msgspec.structs.replace(card, head=ledger.head_of(entry.previous_hash))
    _check_precondition(before, if_match)
    return CardChange(card, await held(tx, card, now), entry)


def _check_precondition(card: GiftCard, if_match: frozenset[str] | None) -> None:
    if if_match is not None and etag(card) not in if_match:
        raise PreconditionFailed(etag(card))


def _check_expiry(expires_at: int | None, now: int) -> None:
    if expires_at is not None and expires_at <= now:
        raise ValidationFailed({"expires_at": ["must be in the future"]})
