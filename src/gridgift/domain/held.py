"""What each card and each resident's store credit had at an instant: the rows of a report's sum.

All of it together is what ``reports.liability`` adds up: what can be used, and what can't.
"""

from typing import Final

from gridgift.domain import reports
from gridgift.domain.ids import LAST_UUID, NIL_UUID
from gridgift.domain.model import AccountKind, Entry
from gridgift.domain.paging import KeyType, Page, Position
from gridgift.storage.database import Tx

KEY_TYPES: Final[tuple[KeyType, ...]] = ("integer", "uuid")
LOOKED_AT: Final = 2_000  # accounts, by one statement
WINDOWS: Final = 5  # such statements for one page
SINCE: Final[dict[AccountKind, str]] = {"card": "cards_since", "credit": "customers_since"}
START: Final = (0, NIL_UUID)


async def list_of(tx: Tx, store_id: str, at: int, position: Position, limit: int) -> Page[Entry]:
    """Return a page of at most ``limit`` entries: of each account that had something, its newest.

    ``at`` is the instant (milliseconds). Cards come first, each kind in the order of its ids. A
    position's keys are a border: accounts up to that id are before it, the others after it. A page
    may have fewer rows, or none, although there are more on either side.
    """
    place, border = position.keys or START
    here = (int(place), str(border))
    rows, beyond = await (_before if position.backward else _after)(tx, store_id, at, here, limit)
    if position.backward:
        previous = beyond and Position(beyond, backward=True)
        return Page(rows[::-1], Position(here), previous)
    before = Position(here, backward=True) if position.keys else None
    return Page(rows, beyond and Position(beyond), before)


async def _after(
    tx: Tx, store_id: str, at: int, border: tuple[int, str], limit: int
) -> tuple[list[Entry], tuple[int, str] | None]:
    """Return what stands after a border, and the one behind it (None: there is no more)."""
    place, after = border
    rows: list[Entry] = []
    for _ in range(WINDOWS):
        kind = reports.KINDS[place]
        row = await tx.one(reports.UNTIL[kind], store_id=store_id, after=after, rows=LOOKED_AT)
        if row is None:
            place, after = place + 1, NIL_UUID
            if place == len(reports.KINDS):
                return rows, None
            continue
        window = {"store_id": store_id, "account_kind": kind, "after": after, "until": row[0]}
        found = await tx.all("accounts_held", **window, at=at, rows=limit + 1 - len(rows))
        rows += [Entry(*columns) for columns in found]
        if len(rows) > limit:
            last = rows[limit - 1]
            return rows[:limit], (reports.KINDS.index(last.account_kind), last.account_id)
        after = row[0]
    return rows, (place, after)


async def _before(
    tx: Tx, store_id: str, at: int, border: tuple[int, str], limit: int
) -> tuple[list[Entry], tuple[int, str] | None]:
    """Return what stands before a border, the nearest first, and the one in front of it."""
    place, until = border
    rows: list[Entry] = []
    for _ in range(WINDOWS):
        kind = reports.KINDS[place]
        row = await tx.one(SINCE[kind], store_id=store_id, until=until, rows=LOOKED_AT)
        since = NIL_UUID if row is None else row[0]
        window = {"store_id": store_id, "account_kind": kind, "after": since, "until": until}
        found = await tx.all("accounts_held_before", **window, at=at, rows=limit + 1 - len(rows))
        rows += [Entry(*columns) for columns in found]
        if len(rows) > limit:
            first = rows[limit]
            return rows[:limit], (reports.KINDS.index(first.account_kind), first.account_id)
        until = since
        if row is None:
            place, until = place - 1, LAST_UUID
            if place < 0:
                return rows, None
    return rows, (place, until)


async def total(tx: Tx, store_id: str, at: int) -> int:
    """Return what all accounts had at an instant, in L$; of the future it is what they have now.

    To be run as a snapshot. Raises ``StoreNotFound``.
    """
    return (await reports.liability(tx, store_id, at if at < tx.now() else None)).held
