"""Lists of gift cards: a page of one owner's at one store (contract section 4)."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from gridgift.domain import locked
from gridgift.domain.batches import BatchedRead
from gridgift.domain.failures import ResidentNotFound
from gridgift.domain.model import Hold, OwnedCard, Resident
from gridgift.domain.paging import Page, Position, page_of
from gridgift.storage.database import Row, Tx
from gridgift.storage.listing import CARDS_OF_OWNER

KEY_TYPES: Final = CARDS_OF_OWNER.types()  # of every list of cards here
_SHOWN: Final = frozenset({"shown"})
_IN_STATES: Final = frozenset({"in_states"})

# not strict: SQLite's booleans are numbers
_decode_owned: Final = msgspec.json.Decoder(list[OwnedCard], strict=False).decode


class Filters(Struct, frozen=True):
    """Which of a customer's cards to list; None does not filter."""

    active: bool | None = None
    redeemed: bool | None = None


NO_FILTERS: Final = Filters()


class PageRequest(Struct, frozen=True):
    """A request for a page of at most ``limit`` of a resident's cards at a store."""

    owner_uuid: str
    position: Position
    limit: int
    filters: Filters = NO_FILTERS


OwnedPage = tuple[Resident, Page[OwnedCard]]


async def list_each(
    tx: Tx, store_id: str, requests: Sequence[PageRequest]
) -> list[OwnedPage | ResidentNotFound]:
    """Return for each request, in order, the resident and a page of the cards, oldest first."""
    results: dict[int, OwnedPage | ResidentNotFound] = {}
    statements = [
        CARDS_OF_OWNER.statement(
            request.position, filters=() if request.filters == NO_FILTERS else _IN_STATES
        )
        for request in requests
    ]
    numbered: defaultdict[str, list[int]] = defaultdict(list)
    for number, statement in enumerate(statements):
        numbered[statement.name].append(number)
    for numbers in numbered.values():
        statement = statements[numbers[0]]
        values = [_values(store_id, requests[number]) for number in numbers]
        for number, row in zip(numbers, await tx.each(statement, values), strict=True):
            results[number] = _result(requests[number], row)
    return [results[number] for number in range(len(requests))]


# a page may have a thousand cards
LIST_EACH: Final = BatchedRead(list_each, max_batch=10, concurrency=1)


async def list_of(tx: Tx, store_id: str, request: PageRequest) -> OwnedPage:
    """Return a resident and a page of the cards. Raises ``ResidentNotFound``."""
    (result,) = await list_each(tx, store_id, [request])
    if isinstance(result, ResidentNotFound):
        raise result
    return result


async def list_shown(tx: Tx, store_id: str, request: PageRequest) -> OwnedPage:
    """Return a resident and a page of the cards but those that expired unredeemed.

    The request's filters are not looked at.
    Raises ``ResidentNotFound``.
    """
    row = await tx.one(
        CARDS_OF_OWNER.statement(request.position, filters=_SHOWN),
        store_id=store_id,
        owner_uuid=request.owner_uuid,
        now=tx.now(),
        **CARDS_OF_OWNER.values(request.position, request.limit),
    )
    assert row is not None
    result = _result(request, row)
    if isinstance(result, ResidentNotFound):
        raise result
    return result


async def list_held(
    tx: Tx, store_id: str, request: PageRequest
) -> tuple[OwnedPage, dict[str, list[Hold]]]:
    """Return what ``list_shown`` does, and the cards' open holds: what ends first is first.

    To be run as a snapshot: a hold that is captured in between would be neither held nor taken.
    Raises ``ResidentNotFound``.
    """
    owner, page = await list_shown(tx, store_id, request)
    ids = [card.id for card in page.rows]
    held: dict[str, list[Hold]] = {}
    for hold in sorted(
        await locked.open_holds_of(tx, store_id, ids, tx.now()),
        key=lambda hold: (hold.expires_at, hold.id),
    ):
        held.setdefault(hold.card_id, []).append(hold)
    return (owner, page), held


def _values(store_id: str, request: PageRequest) -> dict[str, Any]:
    values: dict[str, Any] = CARDS_OF_OWNER.values(request.position, request.limit)
    values["store_id"] = store_id
    values["owner_uuid"] = request.owner_uuid
    return values if request.filters == NO_FILTERS else values | _states(request.filters)


def _result(request: PageRequest, row: Row) -> OwnedPage | ResidentNotFound:
    username, cards = row
    if username is None:
        return ResidentNotFound(request.owner_uuid)
    found = [] if cards is None else _decode_owned(cards)  # PostgreSQL: null if there are none
    page = page_of(found, request.position, request.limit, lambda card: (card.id,))
    return Resident(request.owner_uuid, username), page


def _states(filters: Filters) -> dict[str, bool]:
    """Return what the filter of states takes: the least and the greatest value of each column."""
    redeemed, active = filters.redeemed, filters.active
    return {
        "redeemed": redeemed is True,
        "redeemed_to": redeemed is not False,
        "active": active is True,
        "active_to": active is not False,
    }
