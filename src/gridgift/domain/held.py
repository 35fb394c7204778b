"""What each card and each resident's store credit had at an instant: the rows of a report's sum.

All of it together is what ``reports.liability`` adds up: what can be used, and what can't.
"""

from typing import Final

from gridgift.domain import reports
from gridgift.domain.ids import NIL_UUID
from gridgift.domain.model import Entry
from gridgift.domain.paging import KeyType, Page, Position
from gridgift.storage.database import Tx

KEY_TYPES: Final[tuple[KeyType, ...]] = ("integer", "uuid")
LOOKED_AT: Final = 2_000  # accounts, by one statement
WINDOWS: Final = 5  # such statements for one page


async def list_of(tx: Tx, store_id: str, at: int, position: Position, limit: int) -> Page[Entry]:
    """Return a page of at most ``limit`` entries: of each account that had something, its newest.

    ``at`` is the instant (milliseconds). Cards come first, each kind in the order of its ids; there
    is no way back from a page. It may have fewer rows, or none, although there are more.
    """
    place, after = position.keys or (0, NIL_UUID)
    rows: list[Entry] = []
    for _ in range(WINDOWS):
        kind = reports.KINDS[int(place)]
        window = {"store_id": store_id, "after": after, "rows": LOOKED_AT}
        row = await tx.one(reports.UNTIL[kind], **window)
        if row is None:
            place, after = int(place) + 1, NIL_UUID
            if place == len(reports.KINDS):
                return Page(rows, None, None)
            continue
        found = await tx.all(
            "accounts_held", store_id=store_id, account_kind=kind, after=after, until=row[0],
            at=at, rows=limit + 1 - len(rows),
        )  # fmt: skip
        rows += [Entry(*columns) for columns in found]
        if len(rows) > limit:
            last = rows[limit - 1]
            keys = (reports.KINDS.index(last.account_kind), last.account_id)
            return Page(rows[:limit], Position(keys), None)
        after = row[0]
    return Page(rows, Position((place, after)), None)


async def total(tx: Tx, store_id: str, at: int) -> int:
    """Return what all accounts had at an instant, in L$; of the future it is what they have now.

    To be run as a snapshot. Raises ``StoreNotFound``.
    """
    return (await reports.liability(tx, store_id, at if at < tx.now() else None)).held
