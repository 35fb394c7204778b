"""Gift cards: grant, read, list, update, patch, adjust, disable (contract sections 6 and 10)."""

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import UNSET, Struct, UnsetType

from gridgift.domain import ledger
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
from gridgift.domain.model import (
    MAX_CREDIT,
    Caller,
    CardState,
    Entry,
    EntryKind,
    GiftCard,
    Hold,
)
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


async def read(tx: Tx, store_id: str, card_id: str) -> GiftCard:
    """Return one card of the store. Raises ``GiftCardNotFound``."""
    row = await tx.one("card_by_id", store_id=store_id, id=card_id)
    if row is None:
        raise GiftCardNotFound(card_id)
    return GiftCard.from_row(row)


async def read_many(
    tx: Tx, store_id: str, card_ids: Sequence[str]
) -> list[GiftCard | GiftCardNotFound]:
    """Return the cards in the order of their ids, each for itself found or not."""
    row = await tx.one("cards_by_ids", store_id=store_id, ids=card_ids)
    cards = [] if row is None or row[0] is None else _decode_cards(row[0])
    found = {card.id: card for card in cards}
    return [found.get(card_id) or GiftCardNotFound(card_id) for card_id in card_ids]


async def read_shown(tx: Tx, store_id: str, card_id: str, now: int) -> tuple[GiftCard, int]:
    """Return one card and how much of it is held, both of the same instant.

    Raises ``GiftCardNotFound``.
    """
    row = await tx.one("card_shown", store_id=store_id, id=card_id, now=now)
    if row is None:
        raise GiftCardNotFound(card_id)
    *columns, held_now = row
    return GiftCard.from_row(columns), held_now


async def update(
    tx: Tx,
    caller: Caller,
    card_id: str,
    replacement: Replacement,
    if_match: frozenset[str] | None,
    now: int,
) -> GiftCard:
    """Replace a card's credit, texture, transfer and active.

    A replacement that changes nothing writes no entry. ``if_match`` holds the ETags that the card
    may have (None: any). Raises ``GiftCardNotFound``, ``GiftCardRedeemed``, ``PreconditionFailed``,
    and ``GiftCardHeld`` for another credit while part of it is held.
    """
    changed = await ledger.change_card(
        tx,
        caller,
        "card_update",
        card_id,
        now,
        kind=_kind_of_update,
        credit=replacement.credit,
        texture=replacement.texture,
        transfer=replacement.transfer,
        active=replacement.active,
    )
    card = await _outcome(tx, caller, card_id, changed, if_match)
    if card.credit != replacement.credit:
        if is_held(card, now):
            raise GiftCardHeld(card_id)
        raise TransactionConflict  # it was held when the statement ran, and is free since
    return card


async def patch(
    tx: Tx,
    caller: Caller,
    card_id: str,
    changes: Patch,
    if_match: frozenset[str] | None,
    now: int,
) -> GiftCard:
    """Change the fields that ``changes`` names and leave the others (RFC 7396).

    Raises ``GiftCardNotFound``, ``GiftCardRedeemed``, ``GiftCardHeld`` (for a credit while part of
    it is held), ``PreconditionFailed``, and ``ValidationFailed`` for an expiry that is not ahead.
    """
    card = await lock(tx, caller.store_id, card_id)
    _check_precondition(etag(card), if_match)
    if card.redeemed:
        raise GiftCardRedeemed(card_id)
    wanted = {name: value for name, value in msgspec.structs.asdict(changes).items()
              if value is not UNSET and value != getattr(card, name)}  # fmt: skip
    if not wanted:
        return card
    if "expires_at" in wanted:
        _check_expiry(wanted["expires_at"], now)
    if "credit" in wanted and is_held(card, now):
        raise GiftCardHeld(card_id)
    values = {name: getattr(card, name) for name in Patch.__struct_fields__} | wanted
    changed = await ledger.change_card(
        tx,
        caller,
        "card_patch",
        card_id,
        now,
        kind=_kind_of_update,
        expiry_moved="expires_at" in wanted,
        **values,
    )
    assert changed is not None
    return changed


async def adjust(
    tx: Tx, caller: Caller, card_id: str, delta: int, reason: str, now: int
) -> GiftCard:
    """Add to a card's credit or take from what is not held; ``delta`` is in L$, not 0.

    Raises ``GiftCardNotFound``, ``GiftCardRedeemed``, ``InsufficientCredit``,
    ``CreditLimitExceeded``.
    """
    card = await lock(tx, caller.store_id, card_id)
    if card.redeemed:
        raise GiftCardRedeemed(card_id)
    available = card.credit - await held(tx, card, now)
    if available + delta < 0:
        raise InsufficientCredit(available)
    if card.credit + delta > MAX_CREDIT:
        raise CreditLimitExceeded(MAX_CREDIT)
    return await set_credit(
        tx, caller, card, card.credit + delta, "adjusted", reason, card.held_until, now
    )


async def set_credit(
    tx: Tx,
    caller: Caller,
    card: GiftCard,
    credit: int,
    kind: EntryKind,
    reason: str,
    held_until: int | None,
    now: int,
) -> GiftCard:
    """Give a locked card another credit (L$), with its entry."""
    changed = await ledger.change_card(
        tx,
        caller,
        "card_set_credit",
        card.id,
        now,
        kind=lambda last, card: kind,
        reason=reason,
        credit=credit,
        held_until=held_until,
    )
    assert changed is not None, "the card is locked"
    return changed


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
    return sum(Hold(*row).amount for row in rows)


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


async def note_expiry(tx: Tx, caller: Caller, card_id: str, now: int) -> None:
    """Write the entry of a card that has expired, once; its credit stays for the record."""
    await ledger.change_card(
        tx,
        caller,
        "card_note_expiry",
        card_id,
        now,
        kind=lambda last, card: "expired",
        reason="The card's date is over.",
    )


async def disable(
    tx: Tx, caller: Caller, card_id: str, if_match: frozenset[str] | None, now: int
) -> GiftCard:
    """Make a card inactive; one that is inactive already stays as it is, without an entry.

    Raises ``GiftCardNotFound``, ``GiftCardRedeemed``, ``PreconditionFailed``.
    """
    changed = await ledger.change_card(
        tx, caller, "card_disable", card_id, now, kind=lambda last, card: "disabled"
    )
    return await _outcome(tx, caller, card_id, changed, if_match)


def etag(card: GiftCard) -> str:
    """Name a card's state: it changes with every entry and with the owner's username."""
    return etag_of(card.version, card.owner_username)


def etag_of(version: int, username: str) -> str:
    """Write a strong ETag (RFC 9110, 8.8.3)."""
    return f'"{version}-{username}"'


def _kind_of_update(last: Entry, card: GiftCard) -> EntryKind:
    """Say what an update was: one that does nothing but switch the card is named so."""
    before = msgspec.json.decode(last.state, type=CardState)
    switched = msgspec.structs.replace(before, active=not before.active, source=None)
    if card.credit != last.balance_after or switched != CardState.of(card):
        return "updated"
    return "enabled" if card.active else "disabled"


async def _outcome(
    tx: Tx,
    caller: Caller,
    card_id: str,
    changed: GiftCard | None,
    if_match: frozenset[str] | None,
) -> GiftCard:
    """Answer with the changed card, or find out why nothing changed.

    A precondition that does not hold is raised after the change, which the failure rolls back.
    """
    card = changed if changed is not None else await read(tx, caller.store_id, card_id)
    version_before = card.version - 1 if changed is not None else card.version
    _check_precondition(etag_of(version_before, card.owner_username), if_match)
    if changed is None and card.redeemed:
        raise GiftCardRedeemed(card_id)
    return card


def _check_precondition(present: str, if_match: frozenset[str] | None) -> None:
    if if_match is not None and present not in if_match:
        raise PreconditionFailed(present)


def _check_expiry(expires_at: int | None, now: int) -> None:
    if expires_at is not None and expires_at <= now:
        raise ValidationFailed({"expiresAt": ["must be in the future"]})
