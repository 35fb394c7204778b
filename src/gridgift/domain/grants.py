"""Grants: one, or those of the same moment in one transaction, each answered for itself."""

from collections.abc import Callable, Sequence

from msgspec import UNSET, Struct, UnsetType

from gridgift.domain import giftcards, idempotency, ledger, residents, stores
from gridgift.domain.failures import Failure, ResidentNotFound
from gridgift.domain.giftcards import Terms
from gridgift.domain.idempotency import Answer, Kept
from gridgift.domain.instants import DAY
from gridgift.domain.ledger import Opening
from gridgift.domain.model import Caller, GiftCard, Resident
from gridgift.domain.residents import Identifier
from gridgift.storage.database import Tx


class Ask(Struct, frozen=True):
    """A request for one card.

    ``card_id`` is to be its id, ``answer`` makes what is answered, and, with an idempotency
    ``key``, kept for the request with this ``fingerprint``.
    """

    caller: Caller
    identifier: Identifier
    terms: Terms
    card_id: str
    now: int
    answer: Callable[[GiftCard], Answer]
    key: str | None
    fingerprint: bytes


class Given(Struct, frozen=True):
    """What is answered to an ask; ``replayed`` if it was kept from the same request before."""

    answer: Answer
    replayed: bool = False


async def grant_all(tx: Tx, store_id: str, asks: Sequence[Ask]) -> list[Given | Failure]:
    """Grant what can be granted and answer each ask, in order.

    An ask fails for itself: with ``ResidentNotFound``, ``ValidationFailed`` or
    ``IdempotencyKeyReused``.
    """
    keys = sorted({ask.key for ask in asks if ask.key is not None})
    kept = await idempotency.find_all(tx, store_id, keys, max(ask.now for ask in asks))
    before = set(kept)
    owners = await residents.find_all(tx, [ask.identifier for ask in asks])
    lifetime = None
    if any(ask.terms.expires_at is UNSET for ask in asks):
        lifetime = (await stores.read(tx, store_id)).card_lifetime
    openings: list[Opening] = []
    outcomes: list[Given | Failure] = []
    for ask in asks:
        try:
            if ask.key in kept:
                outcomes.append(Given(kept[ask.key].to(ask.fingerprint), replayed=True))
                continue
            giftcards.check_terms(ask.terms, ask.now)
            owner = owners.get(ask.identifier)
            if owner is None:
                raise ResidentNotFound(str(ask.identifier))
        except Failure as failure:
            outcomes.append(failure)
            continue
        card = fresh(store_id, ask.card_id, owner, ask.terms, lifetime, ask.now)
        given = Given(ask.answer(card))
        if ask.key is not None:
            kept[ask.key] = Kept(ask.fingerprint, given.answer)
        openings.append(Opening(ask.caller, card, ask.terms.reason))
        outcomes.append(given)
    if openings:
        await open_all(tx, store_id, openings, min(ask.now for ask in asks))
    new = {key: kept[key] for key in keys if key in kept and key not in before}
    if new:
        await idempotency.keep_all(tx, store_id, new, max(ask.now for ask in asks))
    return outcomes


async def grant(
    tx: Tx, caller: Caller, identifier: Identifier, terms: Terms, card_id: str, now: int
) -> GiftCard:
    """Give a resident a new card; the resident becomes the store's customer.

    Raises ``ResidentNotFound``, and ``ValidationFailed`` for terms that no card can have.
    """
    giftcards.check_terms(terms, now)
    owner = await residents.find(tx, identifier)
    lifetime = (await stores.read(tx, caller.store_id)).card_lifetime
    card = fresh(caller.store_id, card_id, owner, terms, lifetime, now)
    await open_all(tx, caller.store_id, [Opening(caller, card, terms.reason)], now)
    return card


def fresh(
    store_id: str, card_id: str, owner: Resident, terms: Terms, lifetime: int | None, now: int
) -> GiftCard:
    """Make a new card; ``lifetime`` is the store's, in days, for terms without a date."""
    expires_at = terms.expires_at
    if isinstance(expires_at, UnsetType):
        expires_at = None if lifetime is None else now + lifetime * DAY
    return GiftCard(
        store_id, card_id, owner.uuid, owner.username, terms.credit, True, False, terms.transfer,
        terms.texture, False, expires_at, 1, now, now,
    )  # fmt: skip


async def open_all(tx: Tx, store_id: str, openings: Sequence[Opening], now: int) -> None:
    """Add new cards of a store; their owners are customers now.

    The owners come in one order for all transactions, so that none deadlock.
    """
    owners = sorted({each.card.owner_uuid for each in openings})
    await tx.many("customer_add", [(store_id, owner, now) for owner in owners])
    await ledger.open_cards(tx, openings)
