"""The cards that a search finds, as a file (section 10)."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from gridgift import card_csv
from gridgift.domain import notes, search
from gridgift.domain.paging import Page, Position
from gridgift.domain.search import Search
from gridgift.exports import Form, Read, csv, json_lines
from gridgift.search_views import ExportedGiftCard
from gridgift.storage.database import Tx

PAGE: Final = 100  # cards in memory at once, each with up to 40,000 characters of notes

CSV: Final = csv("gift-cards", card_csv.heading, card_csv.lines)
JSON_LINES: Final = json_lines("gift-cards")
FORMS: Final[tuple[Form[Any], ...]] = (CSV, JSON_LINES)


def pages(
    store_id: str, wanted: Search, ids: Sequence[str] | None = None
) -> Read[ExportedGiftCard]:
    """Return what reads all cards of a search, whatever its limit; ``ids``: only among these."""

    async def read(tx: Tx, at: Position) -> Page[ExportedGiftCard]:
        some = msgspec.structs.replace(wanted, position=at, limit=PAGE)
        return await read_page(tx, store_id, some, ids)

    return read


async def read_page(
    tx: Tx, store_id: str, wanted: Search, ids: Sequence[str] | None = None
) -> Page[ExportedGiftCard]:
    """Return a page of the cards that a search finds, with their notes."""
    page = await search.search(tx, store_id, wanted, ids)
    noted = await notes.read_each(tx, store_id, [found.card.id for found in page.rows])
    return page.map(lambda found: ExportedGiftCard.with_notes(found, noted.get(found.card.id, ())))
