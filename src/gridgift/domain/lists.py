"""Lists of gift cards: a page of one owner's at one store (contract section 4)."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from gridgift.domain.failures import ResidentNotFound
from gridgift.domain.model import OwnedCard, Resident
from gridgift.domain.paging import Page, Position, page_of
from gridgift.storage.database import Row, Tx

# not strict: SQLite's booleans are numbers
_decode_owned: Final = msgspec.json.Decoder(list[OwnedCard], strict=False).decode


class Filters(Struct, frozen=True):
    """Which of a customer's cards to list; None does not filter."""

    active: bool | None = None
    redeemed: bool | None = None


class ListAsk(Struct, frozen=True):
    """A request for a page of at most ``limit`` of a resident's cards at a store."""

    owner_uuid: str
    position: Position
    limit: int
    filters: Filters = Filters()


OwnedPage = tuple[Resident, Page[OwnedCard]]


async def list_many(
    tx: Tx, store_id: str, asks: Sequence[ListAsk]
) -> list[OwnedPage | ResidentNotFound]:
    """Answer each ask, in order, with the resident and a page of the cards, oldest first."""
    answers: dict[int, OwnedPage | ResidentNotFound] = {}
    numbered: defaultdict[str, list[int]] = defaultdict(list)
    for number, ask in enumerate(asks):
        numbered[_statement(ask)].append(number)
    for statement, numbers in numbered.items():
        values = [_values(store_id, asks[number]) for number in numbers]
        for number, row in zip(numbers, await tx.each(statement, values), strict=True):
            answers[number] = _answer(asks[number], row)
    return [answers[number] for number in range(len(asks))]


async def list_of(tx: Tx, store_id: str, ask: ListAsk) -> OwnedPage:
    """Return a resident and a page of the cards. Raises ``ResidentNotFound``."""
    (answer,) = await list_many(tx, store_id, [ask])
    if isinstance(answer, ResidentNotFound):
        raise answer
    return answer


async def list_shown(tx: Tx, store_id: str, ask: ListAsk, now: int) -> OwnedPage:
    """Return a resident and a page of the cards but those that expired unredeemed.

    Raises ``ResidentNotFound``.
    """
    statement = f"cards_shown_{_direction(ask)}"
    row = await tx.one(statement, **_values(store_id, ask), now=now)
    assert row is not None
    answer = _answer(ask, row)
    if isinstance(answer, ResidentNotFound):
        raise answer
    return answer


def _direction(ask: ListAsk) -> str:
    return "before" if ask.position.backward else "after"


def _statement(ask: ListAsk) -> str:
    filtered = "cards_of_owner" if ask.filters == Filters() else "cards_in_states"
    return f"{filtered}_{_direction(ask)}"


def _values(store_id: str, ask: ListAsk) -> dict[str, Any]:
    values = {
        "store_id": store_id,
        "owner_uuid": ask.owner_uuid,
        "position": ask.position.id,
        "rows": ask.limit + 1,
    }
    return values if ask.filters == Filters() else values | _states(ask.filters)


def _answer(ask: ListAsk, row: Row) -> OwnedPage | ResidentNotFound:
    username, cards = row
    if username is None:
        return ResidentNotFound(ask.owner_uuid)
    found = [] if cards is None else _decode_owned(cards)  # PostgreSQL: null if there are none
    return Resident(ask.owner_uuid, username), page_of(found, ask.position, ask.limit)


def _states(filters: Filters) -> dict[str, bool]:
    """Return the one or two states that filters leave, as the statement takes them."""
    redeemed = (False, True) if filters.redeemed is None else (filters.redeemed,)
    active = (False, True) if filters.active is None else (filters.active,)
    return {
        "redeemed": redeemed[0],
        "active": active[0],
        "or_redeemed": redeemed[-1],
        "or_active": active[-1],
    }
