"""What a resident sees and redeems at a terminal (contract section 9)."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from gridgift.domain import credit, lists, naming, redemption
from gridgift.domain.lists import Filters, PageRequest
from gridgift.domain.model import Caller, OwnedCard, Resident
from gridgift.domain.paging import Position
from gridgift.storage.database import Tx

SHOWN: Final = 9  # cards: as many buttons as a dialog has beside three others
LOOKED_AT: Final = 100  # cards, the oldest ones


class Wallet(Struct, frozen=True):
    """A resident's store credit (L$), and the first cards to redeem; ``more``: there are others."""

    credit: int
    cards: Sequence[OwnedCard]
    more: bool


class Redeemed(Struct, frozen=True):
    """What a redemption brought, and the store credit after it, in L$."""

    amount: int
    credit: int


async def read(tx: Tx, store_id: str, seen: Resident) -> Wallet:
    """Return a resident's wallet at a store, and note the name that was seen."""
    await naming.note_touch(tx, store_id, seen)
    found = await credit.read(tx, store_id, seen)
    wanted = PageRequest(seen.uuid, Position(), LOOKED_AT, Filters(active=True, redeemed=False))
    _, page = await lists.list_of(tx, store_id, wanted)
    now = tx.now()
    good = [card for card in page.rows if card.expires_at is None or card.expires_at > now]
    return Wallet(found.total, good[:SHOWN], len(good) > SHOWN or page.next is not None)


async def redeem(tx: Tx, caller: Caller, owner: Resident, card_id: str, lot_id: str) -> Redeemed:
    """Redeem a card as ``redemption.redeem`` does, and raise what it raises."""
    done = await redemption.redeem(tx, caller, owner, card_id, lot_id)
    after = await credit.read(tx, caller.store_id, owner)
    return Redeemed(done.credit.delta if done.credit else 0, after.total)
