"""The cards of a store that were redeemed, with what they brought."""

from collections.abc import Sequence

from msgspec import Struct

from gridgift.domain import customer_search, search
from gridgift.domain.card_filters import Filters
from gridgift.domain.found_cards import FoundCard
from gridgift.domain.model import ActorKind
from gridgift.domain.paging import Page, Position
from gridgift.domain.search import Search
from gridgift.storage.database import Tx
from gridgift.storage.listing import FAR


class Redeemed(Struct, frozen=True):
    """A card that was redeemed: how much became store credit (L$), when, and by whom.

    ``owner_credit`` is all store credit that the owner has now, whatever it came from (L$), and
    ``left`` what is there of this card's: not spent, moved to another avatar or expired.
    """

    card: FoundCard
    amount: int
    at: int
    actor_kind: ActorKind
    actor_id: str
    owner_credit: int
    left: int


class Wanted(Struct, frozen=True):
    """Which redemptions: of all owners or of some, and in a time, whose end is not in it.

    ``owner_prefix`` begins a username in its normal form; instants are in milliseconds.
    """

    owner_uuid: str | None = None
    owner_prefix: str | None = None
    begins_at: int = 0
    ends_at: int = FAR


async def list_of(
    tx: Tx, store_id: str, wanted: Wanted, position: Position, limit: int
) -> Page[Redeemed]:
    """Return a page of redeemed cards; the one that was changed last comes first.

    A page may have fewer although there are more: a redeemed card can have been changed since.
    """
    filters = Filters(wanted.owner_uuid, wanted.owner_prefix, redeemed=True)
    page = await search.search(tx, store_id, Search(filters, "updated", True, position, limit))
    rows = await _told(tx, store_id, wanted, [found.card for found in page.rows])
    following = page.next
    if following is not None and following.keys and int(following.keys[0]) < wanted.begins_at:
        following = None  # what was changed before that was redeemed before it too
    return Page(rows, following, page.previous)


async def _told(
    tx: Tx, store_id: str, wanted: Wanted, cards: Sequence[FoundCard]
) -> list[Redeemed]:
    """Return what the entries say of those redeemed cards that are wanted."""
    if not cards:
        return []
    rows = await tx.all("entries_redeemed", store_id=store_id, ids=[card.id for card in cards])
    told: dict[str, tuple[int, int, ActorKind, str]] = {
        card_id: (-delta, *others) for card_id, delta, *others in rows
    }
    meant = [card for card in cards if wanted.begins_at <= told[card.id][1] < wanted.ends_at]
    owners = sorted({card.owner_uuid for card in meant})
    customers = await customer_search.find_each(tx, store_id, owners)
    credit = {
        uuid: found.customer.credit + found.customer.restricted_credit
        for uuid, found in customers.items()
    }
    left = await _left(tx, store_id, [card.id for card in meant])
    return [
        Redeemed(card, *told[card.id], credit.get(card.owner_uuid, 0), left.get(card.id, 0))
        for card in meant
    ]


async def _left(tx: Tx, store_id: str, card_ids: Sequence[str]) -> dict[str, int]:
    """Return what is left of the credit of redeemed cards (L$); of an empty card nothing is."""
    rows = await tx.all("lots_of_cards", store_id=store_id, card_ids=card_ids)
    now = tx.now()
    return {
        card_id: remaining
        for card_id, remaining, expires_at in rows
        if expires_at is None or expires_at > now
    }
