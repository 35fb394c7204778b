"""Gift cards: grant, read, list, update, disable (contract section 6)."""

import msgspec
from msgspec import Struct

from gridgift.domain import ledger, residents
from gridgift.domain.failures import (
    GiftCardNotFound,
    GiftCardRedeemed,
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
    Resident,
)
from gridgift.domain.paging import Page, Position
from gridgift.domain.residents import Identifier
from gridgift.storage.database import Tx


class Terms(Struct, frozen=True):
    """What a card is granted with: credit in L$ (at least 1), the rest optional."""

    credit: int
    transfer: bool = False
    texture: str | None = None
    expires_at: int | None = None
    reason: str = ""


class Replacement(Struct, frozen=True):
    """The four fields that an update replaces, all of them (contract section 6)."""

    credit: int = 0
    texture: str | None = None
    transfer: bool = False
    active: bool = False


class Filters(Struct, frozen=True):
    """Which of a customer's cards to list; None does not filter."""

    active: bool | None = None
    redeemed: bool | None = None


async def grant(
    tx: Tx, caller: Caller, identifier: Identifier, terms: Terms, card_id: str, now: int
) -> GiftCard:
    """Give a resident a new card; the resident becomes the store's customer.

    Raises ``ResidentNotFound``, and ``ValidationFailed`` for an expiry that is not ahead.
    """
    if not 1 <= terms.credit <= MAX_CREDIT:
        raise ValidationFailed({"credit": [f"must be from 1 to {MAX_CREDIT}"]})
    if terms.expires_at is not None and terms.expires_at <= now:
        raise ValidationFailed({"expiresAt": ["must be in the future"]})
    owner = await residents.find(tx, identifier)
    await tx.run("customer_add", store_id=caller.store_id, resident_uuid=owner.uuid, now=now)
    return await ledger.open_card(
        tx,
        caller,
        now,
        reason=terms.reason,
        id=card_id,
        owner_uuid=owner.uuid,
        credit=terms.credit,
        transfer=terms.transfer,
        texture=terms.texture,
        purchased=False,
        expires_at=terms.expires_at,
    )


async def read(tx: Tx, store_id: str, card_id: str) -> GiftCard:
    """Return one card of the store. Raises ``GiftCardNotFound``."""
    row = await tx.one("card_by_id", store_id=store_id, id=card_id)
    if row is None:
        raise GiftCardNotFound(card_id)
    return GiftCard.from_row(row)


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
    may have (None: any). Raises ``GiftCardNotFound``, ``GiftCardRedeemed``, ``PreconditionFailed``.
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
    return await _outcome(tx, caller, card_id, changed, if_match)


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


async def list_of(
    tx: Tx, store_id: str, owner: Resident, filters: Filters, position: Position, limit: int
) -> Page[GiftCard]:
    """Return a page of at most ``limit`` of a customer's cards, oldest first."""
    statement = "cards_of_owner_before" if position.backward else "cards_of_owner_after"
    rows = await tx.all(
        statement,
        store_id=store_id,
        owner_uuid=owner.uuid,
        position=position.id,
        active=filters.active,
        redeemed=filters.redeemed,
        rows=limit + 1,
    )
    return Page.of([GiftCard.from_row(row) for row in rows], position, limit)


def etag(card: GiftCard) -> str:
    """Name a card's state: it changes with every entry and with the owner's username."""
    return etag_of(card.version, card.owner_username)


def etag_of(version: int, username: str) -> str:
    """Write a strong ETag (RFC 9110, 8.8.3)."""
    return f'"{version}-{username}"'


def _kind_of_update(last: Entry, card: GiftCard) -> EntryKind:
    """Say what an update was: one that does nothing but switch the card is named so."""
    before = msgspec.json.decode(last.state, type=CardState)
    switched = msgspec.structs.replace(before, active=not before.active)
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
    before = etag_of(version_before, card.owner_username)
    if if_match is not None and before not in if_match:
        raise PreconditionFailed(before)
    if changed is None and card.redeemed:
        raise GiftCardRedeemed(card_id)
    return card
