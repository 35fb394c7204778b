"""What came of the last ``verify`` of each store, and whether it is time for another one."""

from typing import Final

from msgspec import Struct

from gridgift.domain import stores
from gridgift.domain.instants import DAY
from gridgift.domain.model import Caller
from gridgift.domain.verify import Added, note_failed
from gridgift.storage.database import Tx

GOOD_FOR: Final = 30 * DAY  # after which a store should be verified again


class Verification(Struct, frozen=True):
    """The last verification of a store: when it was over (milliseconds), and what it found.

    ``card_credit`` and ``store_credit`` are what the entries of all its cards and all its customers
    added up to, in L$.
    """

    store_id: str
    finished_at: int
    faults: int
    cards: int
    card_credit: int
    customers: int
    store_credit: int


class Standing(Struct, frozen=True):
    """The last verification of a store (None: there was none), and whether another one is due."""

    last: Verification | None
    due: bool

    @property
    def trouble(self) -> bool:
        """Whether somebody should do something: there were faults, or another one is due."""
        return self.due or (self.last is not None and self.last.faults > 0)


async def keep(tx: Tx, caller: Caller, added: Added) -> None:
    """Keep what a verification found in the caller's store, and tell of faults by an event."""
    await tx.run(
        "verification_put",
        store_id=caller.store_id, now=tx.now(), faults=added.faults, cards=added.cards,
        card_credit=added.card_credit, customers=added.customers, store_credit=added.store_credit,
    )  # fmt: skip
    if added.faults:
        await note_failed(tx, caller, added.faults)


async def read(tx: Tx, store_id: str) -> Standing:
    """Return how a store stands; one that is new is verified soon enough."""
    row = await tx.one("verification_of_store", store_id=store_id)
    last = None if row is None else Verification(*row)
    since = (await stores.read(tx, store_id)).created_at if last is None else last.finished_at
    return Standing(last, due=since < tx.now() - GOOD_FOR)


async def in_trouble(tx: Tx) -> list[tuple[str, int | None]]:
    """Return the stores that should be verified, and the faults of each (None: it never was)."""
    rows = await tx.all("stores_unverified", before=tx.now() - GOOD_FOR)
    return [(store_id, faults) for store_id, faults in rows]
