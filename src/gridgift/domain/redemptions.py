"""The cards of a store that were redeemed, with what they brought."""

from msgspec import Struct

from gridgift.domain import customer_search, ledger, search
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
    left: dict[str, int] = {}
    for uuid in {found.card.owner_uuid for found in page.rows}:
        for each in await customer_search.by_uuid(tx, store_id, uuid):
            left[uuid] = each.customer.credit + each.customer.restricted_credit
    told = {found.card.id: await _told(tx, found.card, left) for found in page.rows}
    return page.map(lambda found: told[found.card.id])


async def _told(tx: Tx, card: FoundCard, left: dict[str, int]) -> Redeemed:
    entries = await ledger.entries(tx, card.store_id, "card", card.id)
    entry = next(each for each in reversed(entries) if each.kind == "redeemed")
    return Redeemed(
        card, -entry.delta, entry.created_at, entry.actor_kind, entry.actor_id,
        left.get(card.owner_uuid, 0),
    )  # fmt: skip
