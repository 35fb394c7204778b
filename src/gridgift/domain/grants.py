"""Grants: each of many requests of one store is granted or refused for itself (section 6).

Everything is checked before anything is inserted, so that no insert can fail.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from msgspec import UNSET, Struct, UnsetType

from gridgift.domain import announcements, giftcards, ledger, naming, references, residents, stores
from gridgift.domain.batches import BatchedWrite
from gridgift.domain.failures import Failure, ResidentNotFound, UsernameTaken
from gridgift.domain.giftcards import Terms
from gridgift.domain.instants import DAY
from gridgift.domain.ledger import EntryNote, Opening
from gridgift.domain.model import Caller, CardChange, GiftCard, Resident, Store
from gridgift.domain.references import Granted, Repeat
from gridgift.domain.residents import Identifier
from gridgift.storage.database import Tx

INSERTED_AT_ONCE: Final = 1_000  # cards


# Who is to have a card, that it was granted before under the same reference, or why it is refused
Found = Resident | Repeat | Failure


class GrantRequest(Struct, frozen=True):
    """A request for one new card: who grants it to whom, its terms, and the id it shall have.

    ``seen`` is who the resident is, if nobody knows them yet or knows no name of theirs (None: then
    the request is refused).
    """

    caller: Caller
    identifier: Identifier
    terms: Terms
    card_id: str
    seen: Resident | None = None


class Grantable(Protocol):
    """What is checked before a card is granted."""

    @property
    def identifier(self) -> Identifier:
        """The resident who shall have the card."""

    @property
    def terms(self) -> Terms:
        """What the card is granted with."""


class Checked(Struct, frozen=True):
    """What the checks of some requests found: for each its owner-to-be, or why nothing is granted.

    ``now`` is the instant at which they were checked, in milliseconds.
    """

    now: int
    owners: Sequence[Found]


async def grant_each(
    tx: Tx, store_id: str, requests: Sequence[GrantRequest], checked: Checked | None = None
) -> list[CardChange | Failure]:
    """Give each resident a new card, and return for each request what was granted, in order.

    The residents become the store's customers. A request fails for itself, with
    ``ResidentNotFound``, ``UsernameTaken``, ``ValidationFailed`` or ``ReferenceTaken``; what was
    granted before under the same reference is not granted again, and is returned as it is now.
    ``checked`` is what ``check_each`` has found of these requests in the same transaction (None:
    they are checked here, and who is ``seen`` is noted).
    """
    if checked is None:
        seen = [each.seen for each in requests]
        checked = await check_each(tx, store_id, requests, tx.now(), seen=seen)
    store = await _deciding_store(tx, store_id, requests)
    lifetime = None if store is None else store.card_lifetime
    openings = [
        Opening(
            request.caller,
            _new_card(store_id, request, owner, lifetime, checked.now),
            EntryNote("granted", request.terms.reason, labels=request.terms.labels or None),
            request.terms.note or "",
        )
        for request, owner in zip(requests, checked.owners, strict=True)
        if isinstance(owner, Resident)
    ]
    opened = await _open_all(tx, store_id, openings, checked.now)
    wanted = {request.card_id: request.terms.announce for request in requests}
    cards = [(change.card, wanted[change.card.id]) for change in opened]
    await announcements.add_each(tx, store, cards)
    return await _results(tx, store_id, requests, checked.owners, opened)


GRANT_EACH: Final[BatchedWrite[GrantRequest, CardChange]] = BatchedWrite(grant_each)


async def grant(tx: Tx, request: GrantRequest) -> CardChange:
    """Give a resident a new card; the resident becomes the store's customer.

    Raises ``ResidentNotFound``, ``UsernameTaken``, and ``ValidationFailed`` for terms that no card
    can have.
    """
    (change,) = await grant_each(tx, request.caller.store_id, [request])
    if isinstance(change, Failure):
        raise change
    return change


async def check_each(
    tx: Tx,
    store_id: str,
    requests: Sequence[Grantable],
    now: int,
    known: Mapping[Identifier, Resident] | None = None,
    seen: Sequence[Resident | None] = (),
) -> Checked:
    """Find the owner-to-be of each request, or why nothing would be granted.

    ``now`` is in milliseconds; ``known`` has residents that need not be looked up. ``seen`` is for
    each request who the owner-to-be is seen to be, which is noted if nobody knows them, or no name
    of theirs; without it nothing changes.
    """
    known = known or {}
    wanted = [each.identifier for each in requests if each.identifier not in known]
    owners = {**known, **await residents.find_all(tx, store_id, wanted)}
    refused = await _note_seen(tx, store_id, requests, seen, owners, now)
    named = [each.terms.labels.reference for each in requests]
    granted = await references.find(tx, store_id, sorted({name for name in named if name}))
    found = [
        refused.get(number) or _check(each, owners.get(each.identifier), now, granted)
        for number, each in enumerate(requests)
    ]
    return Checked(now, found)


async def _note_seen(
    tx: Tx,
    store_id: str,
    requests: Sequence[Grantable],
    seen: Sequence[Resident | None],
    owners: dict[Identifier, Resident],
    now: int,
) -> dict[int, UsernameTaken]:
    """Note whom nobody knows, or by no name, as who they are seen to be; add them to the owners.

    Not those to whom nothing can be granted. Return which requests give a name of another resident.
    """
    wanted = {
        number: resident
        for number, resident in enumerate(seen)
        if resident is not None
        and _says_more(resident, owners.get(requests[number].identifier))
        and giftcards.are_acceptable(requests[number].terms, now)
    }
    if not wanted:
        return {}
    refused: dict[int, UsernameTaken] = {}
    outcomes = await naming.note_each(tx, store_id, list(wanted.values()))
    for number, outcome in zip(wanted, outcomes, strict=True):
        if isinstance(outcome, UsernameTaken):
            refused[number] = outcome
        else:
            owners[requests[number].identifier] = outcome.resident
    return refused


def _says_more(seen: Resident, owner: Resident | None) -> bool:
    """Tell whether who was seen is unknown, or known without the name that is now seen."""
    return owner is None or (seen.has_name and not owner.has_name)


def _check(
    request: Grantable, owner: Resident | None, now: int, granted: dict[str, Granted]
) -> Found:
    """Check one request; ``granted`` has what was granted so far, and takes what now will be."""
    terms, reference = request.terms, request.terms.labels.reference
    if owner is not None and reference in granted:
        return granted[reference].repeated(owner, terms)
    try:
        giftcards.check_terms(terms, now)
    except Failure as failure:
        return failure
    if owner is None:
        return ResidentNotFound(str(request.identifier))
    if reference is not None:
        granted[reference] = Granted(owner.uuid, terms)
    return owner


async def _results(
    tx: Tx,
    store_id: str,
    requests: Sequence[GrantRequest],
    owners: Sequence[Found],
    opened: Sequence[CardChange],
) -> list[CardChange | Failure]:
    """Return what came of each request; ``opened`` are the cards of those that were granted."""
    before = sorted({each.card_id for each in owners if isinstance(each, Repeat) and each.card_id})
    cards = await giftcards.read_each_with_held(tx, store_id, before) if before else ()
    stored = {card.id: CardChange(card, held, None) for card, held in cards}
    granted, new = dict[str | None, CardChange](), iter(opened)
    results = list[CardChange | Failure]()
    for request, owner in zip(requests, owners, strict=True):
        if isinstance(owner, Failure):
            results.append(owner)
        elif isinstance(owner, Resident):
            granted[request.terms.labels.reference] = change = next(new)
            results.append(change)
        else:
            change = granted[owner.reference] if owner.card_id is None else stored[owner.card_id]
            results.append(change)
    return results


async def _deciding_store(tx: Tx, store_id: str, requests: Sequence[GrantRequest]) -> Store | None:
    """Return the store, if any request leaves a card's date or announcement to it."""
    if any(UNSET in (each.terms.expires_at, each.terms.announce) for each in requests):
        return await stores.read(tx, store_id)
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
        terms.transfer, terms.texture, terms.purchased, expires_at, 1, now, now,
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
