"""Lists of gift cards: a page of one owner's at one store (contract section 4)."""

from typing import Any, Final

import msgspec
from msgspec import Struct

from gridgift.domain.model import OwnedCard, Resident
from gridgift.domain.paging import Page, Position, page_of
from gridgift.storage.database import Row, Tx

# not strict: SQLite's booleans are numbers
_decode_owned: Final = msgspec.json.Decoder(list[OwnedCard], strict=False).decode


class Filters(Struct, frozen=True):
    """Which of a customer's cards to list; None does not filter."""

    active: bool | None = None
    redeemed: bool | None = None


async def list_of(
    tx: Tx, store_id: str, owner: Resident, filters: Filters, position: Position, limit: int
) -> Page[OwnedCard]:
    """Return a page of at most ``limit`` of a customer's cards, oldest first."""
    side = "before" if position.backward else "after"
    values: dict[str, Any] = {
        "store_id": store_id,
        "owner_uuid": owner.uuid,
        "position": position.id,
        "rows": limit + 1,
    }
    if filters == Filters():
        row = await tx.one(f"cards_of_owner_{side}", **values)
    else:
        row = await tx.one(f"cards_in_states_{side}", **values, **_states(filters))
    return page_of(_owned(row), position, limit)


async def list_shown(
    tx: Tx, store_id: str, owner: Resident, position: Position, limit: int, now: int
) -> Page[OwnedCard]:
    """Return a page of a resident's own cards: all but those that expired unredeemed."""
    row = await tx.one(
        "cards_shown_before" if position.backward else "cards_shown_after",
        store_id=store_id,
        owner_uuid=owner.uuid,
        position=position.id,
        now=now,
        rows=limit + 1,
    )
    return page_of(_owned(row), position, limit)


def _owned(row: Row | None) -> list[OwnedCard]:
    """Read a page's JSON; it is missing where PostgreSQL found no row."""
    return _decode_owned(row[0]) if row is not None and row[0] is not None else []


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
