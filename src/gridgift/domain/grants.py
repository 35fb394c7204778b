"""Grants: each of many requests of one store is granted or refused for itself (section 6).

Everything is checked before anything is inserted, so that no insert can fail.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from msgspec import UNSET, Struct, UnsetType

from gridgift.domain import giftcards, ledger, residents, stores
from gridgift.domain.batches import BatchedWrite
from gridgift.domain.failures import Failure, ResidentNotFound
from gridgift.domain.giftcards import Terms
from gridgift.domain.instants import DAY
from gridgift.domain.ledger import EntryNote, Opening
from gridgift.domain.model import Caller, CardChange, GiftCard, Resident
from gridgift.domain.residents import Identifier
from gridgift.storage.database import Tx

INSERTED_AT_ONCE: Final = 1_000  # cards


class GrantRequest(Struct, frozen=True):
    """A request for one new card: who grants it to whom, its terms, and the id it shall have."""

    caller: Caller
    identifier: Identifier
    terms: Terms
    card_id: str


class Grantable(Protocol):
    """What is checked before a card is granted."""

    @property
    def identifier(self) -> Identifier:
        """The resident who shall have the card."""

    @property
    def terms(self) -> Terms:
        """What the card is granted with."""


class Checked(Struct, frozen=True):
    """What the checks of some requests found: for each its owner-to-be, or why it is refused.

    ``now`` is the instant at which they were checked, in milliseconds.
    """

    now: int
    owners: Sequence[Resident | Failure]


async def grant_each(
    tx: Tx, store_id: str, requests: Sequence[GrantRequest], checked: Checked | None = None
) -> list[CardChange | Failure]:
    """Give each resident a new card, and return for each request what was granted, in order.

    The residents become the store's customers. A request fails for itself, with
    ``ResidentNotFound`` or ``ValidationFailed``. ``checked`` is what ``check_each`` has found of
    these requests in the same transaction (None: they are checked here).
    """
    if checked is None:
        checked = await check_each(tx, requests, tx.now())
    lifetime = await _lifetime(tx, store_id, requests)
    openings = [
        Opening(
            request.caller,
            _new_card(store_id, request, owner, lifetime, checked.now),
            EntryNote("granted", request.terms.reason),
        )
        for request, owner in zip(requests, checked.owners, strict=True)
        if isinstance(owner, Resident)
    ]
    changes = iter(await _open_all(tx, store_id, openings, checked.now))
    return [owner if isinstance(owner, Failure) else next(changes) for owner in checked.owners]


GRANT_EACH: Final[BatchedWrite[GrantRequest, CardChange]] = BatchedWrite(grant_each)


async def grant(tx: Tx, request: GrantRequest) -> CardChange:
    """Give a resident a new card; the resident becomes the store's customer.

    Raises ``ResidentNotFound``, and ``ValidationFailed`` for terms that no card can have.
    """
    (change,) = await grant_each(tx, request.caller.store_id, [request])
    if isinstance(change, Failure):
        raise change
    return change


async def check_each(
    tx: Tx,
    requests: Sequence[Grantable],
    now: int,
    known: Mapping[Identifier, Resident] | None = None,
) -> Checked:
    """Find the owner-to-be of each request, or why it would be refused; change nothing.

    ``now`` is in milliseconds; ``known`` has residents that need not be looked up.
    """
    known = known or {}
    wanted = [each.identifier for each in requests if each.identifier not in known]
    owners = {**known, **await residents.find_all(tx, wanted)}
    return Checked(now, [_check(each, owners.get(each.identifier), now) for each in requests])


def _check(request: Grantable, owner: Resident | None, now: int) -> Resident | Failure:
    try:
        giftcards.check_terms(request.terms, now)
    except Failure as failure:
        return failure
    return ResidentNotFound(str(request.identifier)) if owner is None else owner


async def _lifetime(tx: Tx, store_id: str, requests: Sequence[GrantRequest]) -> int | None:
    """Return how many days the store's cards last, if any request leaves that to the store."""
    if any(request.terms.expires_at is UNSET for request in requests):
        return (await stores.read(tx, store_id)).card_lifetime
    return None


def _new_card(
    store_id: str, request: GrantRequest, owner: Resident, lifetime: int | None, now: int
) -> GiftCard:
    terms = request.terms
    expires_at = terms.expires_at
    if isinstance(expires_at, UnsetType):
        expires_at = None if lifetime is None else now + lifetime * DAY
    return GiftCard(
        store_id, request.card_id, owner.uuid, owner.username, terms.credit, True, False,
        terms.transfer, terms.texture, False, expires_at, 1, now, now,
    )  # fmt: skip


async def _open_all(
    tx: Tx, store_id: str, openings: Sequence[Opening], now: int
) -> list[CardChange]:
    """Add new cards of a store, and their owners as its customers.

    All transactions add customers in the order of their ids, so that none deadlock.
    """
    owners = sorted({each.card.owner_uuid for each in openings})
    if owners:
        await tx.many("customer_add", [(store_id, owner, now) for owner in owners])
    changes: list[CardChange] = []
    for start in range(0, len(openings), INSERTED_AT_ONCE):
        changes += await ledger.open_cards(tx, openings[start : start + INSERTED_AT_ONCE])
    return changes
