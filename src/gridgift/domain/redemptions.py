"""The cards of a store that were redeemed, with what they brought."""

from collections.abc import Sequence

from msgspec import Struct

from gridgift.domain import customer_search, search
from gridgift.domain.model import ActorKind
from gridgift.domain.paging import Page, Position
from gridgift.domain.search import Filters, FoundCard, Search
from gridgift.storage.database import Tx


class Redeemed(Struct, frozen=True):
    """A card that was redeemed: how much became store credit (L$), when, and by whom.

    ``left`` is the store credit that the owner has now, whatever it came from.
    """

    card: FoundCard
    amount: int
    at: int
    actor_kind: ActorKind
    actor_id: str
    left: int


async def list_of(
    tx: Tx,
    store_id: str,
    position: Position,
    limit: int,
    *,
    owner_uuid: str | None = None,
    owner_prefix: str | None = None,
) -> Page[Redeemed]:
    """Return a page of redeemed cards, of all owners or of some; the last change comes first."""
    filters = Filters(owner_uuid=owner_uuid, owner_prefix=owner_prefix, redeemed=True)
    page = await search.search(tx, store_id, Search(filters, "updated", True, position, limit))
    cards = [found.card for found in page.rows]
    told = await _told(tx, store_id, [card.id for card in cards]) if cards else {}
    owners = sorted({card.owner_uuid for card in cards})
    customers = await customer_search.find_each(tx, store_id, owners)
    left = {
        uuid: found.customer.credit + found.customer.restricted_credit
        for uuid, found in customers.items()
    }
    return page.map(
        lambda found: Redeemed(found.card, *told[found.card.id], left.get(found.card.owner_uuid, 0))
    )


async def _told(
    tx: Tx, store_id: str, card_ids: Sequence[str]
) -> dict[str, tuple[int, int, ActorKind, str]]:
    """Return what the entries say of some cards that were redeemed: how much, when, by whom."""
    rows = await tx.all("entries_redeemed", store_id=store_id, ids=card_ids)
    return {card_id: (-delta, *others) for card_id, delta, *others in rows}
