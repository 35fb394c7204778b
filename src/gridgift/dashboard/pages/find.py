"""Finding anything by one text: cards, residents, pages, and what can be done there."""

from contextlib import suppress
from typing import Final

from msgspec import Struct

from gridgift.dashboard.menu import lines_named
from gridgift.dashboard.page import Page
from gridgift.dashboard.pages.cards import CARDS, CardsQuery
from gridgift.dashboard.pages.residents import RESIDENTS
from gridgift.dashboard.render import is_part, render
from gridgift.domain import customer_search, giftcards, search, texts
from gridgift.domain.card_filters import Filters
from gridgift.domain.customer_search import Wanted
from gridgift.domain.failures import GiftCardNotFound
from gridgift.domain.found_cards import FoundCard
from gridgift.domain.ids import parse_uuid
from gridgift.domain.model import GiftCard
from gridgift.domain.paging import Position
from gridgift.domain.residents import parse_prefix
from gridgift.domain.search import Search
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.session import OperatorRequest, Session
from gridgift.storage.database import Tx

FEW: Final = 5  # cards, and residents, that are shown
MAX_TYPED: Final = 200  # characters that are looked for: a reference has no more


class FindQuery(Struct, frozen=True):
    """What was typed: a card's id or reference, what its list finds, or words of a page's name."""

    q: str = ""


async def find(request: OperatorRequest[FindQuery, None]) -> Reply[None]:
    """Show what is called so: a whole page, or for the palette the options alone."""
    typed = texts.kept(request.query.q, MAX_TYPED).strip()
    listed = CardsQuery(q=typed)
    filters = listed.filters(request.received_at, request.principal.zone)
    found, customers = await request.operations.read(_look, request.store_id, typed, filters)
    return render(
        request, "found.html" if is_part(request) else "find.html",
        q=typed, cards=found, customers=customers,
        lines=lines_named(request.principal.role, typed),
        lists=((CARDS, "Gift cards"), (RESIDENTS, "Residents")) if typed else (),
    )  # fmt: skip


async def _look(
    tx: Tx, store_id: str, typed: str, filters: Filters
) -> tuple[list[GiftCard | FoundCard], list[customer_search.Found]]:
    """Return a few of the store's cards and customers; none if nothing was typed."""
    if not typed:
        return [], []
    return await _cards(tx, store_id, typed, filters), await _customers(tx, store_id, typed)


async def _cards(tx: Tx, store_id: str, typed: str, filters: Filters) -> list[GiftCard | FoundCard]:
    """Return the card with an id or a reference, and the newest that the list finds."""
    found: list[GiftCard | FoundCard] = []
    uuid = parse_uuid(typed)
    if uuid is not None:
        with suppress(GiftCardNotFound):
            found.append(await giftcards.read(tx, store_id, uuid))
    for each in (Filters(reference=typed), filters):
        page = await search.search(tx, store_id, Search(each, "created", True, Position(), FEW))
        found += [row.card for row in page.rows]
    return [*{card.id: card for card in found}.values()][:FEW]


async def _customers(tx: Tx, store_id: str, typed: str) -> list[customer_search.Found]:
    """Return the customer with a UUID, or those whose names begin so."""
    uuid, prefix = parse_uuid(typed), parse_prefix(typed)
    if uuid is not None:
        return await customer_search.by_uuid(tx, store_id, uuid)
    if prefix is None:
        return []
    wanted = Wanted("name", prefix=prefix)
    page = await customer_search.list_of(tx, store_id, wanted, Position(), FEW)
    return [*page.rows]


PAGES: Final = (Page("GET", "/dashboard/find", Session("clerk"), find, query=FindQuery),)
