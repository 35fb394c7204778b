"""The cards that a search finds as a file: CSV for spreadsheets, or lines of JSON (section 10).

Page by page, each read by itself: no transaction and no memory is held for the whole.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Final

import msgspec
from msgspec import Struct

from gridgift import card_csv
from gridgift.domain import search
from gridgift.domain.paging import Page, Position
from gridgift.domain.search import Found, Search
from gridgift.operations import Operations
from gridgift.search_views import FoundGiftCard
from gridgift.storage.database import Tx

PAGE: Final = 500  # cards in memory at once

_encode: Final = msgspec.json.Encoder().encode


class Form(Struct, frozen=True):
    """A form that a file can have: what it begins with, and how cards are written."""

    media_type: str
    name: str
    heading: Callable[[], str]
    write: Callable[[Iterable[FoundGiftCard]], str]


async def parts(
    form: Form,
    operations: Operations,
    check: Callable[[Tx], Awaitable[None]],
    store_id: str,
    wanted: Search,
) -> AsyncIterator[bytes]:
    """Write all cards of a search, whatever its limit, a page at a time.

    ``check`` is asked before each page: whoever reads may not be let in any more.
    """

    async def read(tx: Tx, at: Position) -> Page[Found]:
        await check(tx)
        some = msgspec.structs.replace(wanted, position=at, limit=PAGE)
        return await search.search(tx, store_id, some)

    heading = form.heading()
    following: Position | None = Position()
    while following is not None:
        page = await operations.read(read, following)
        cards = [FoundGiftCard.found(each) for each in page.rows]
        yield (heading + form.write(cards)).encode()
        heading, following = "", page.next


def _as_json_lines(cards: Iterable[FoundGiftCard]) -> str:
    return "".join(f"{_encode(card).decode()}\n" for card in cards)


CSV: Final = Form("text/csv", "gift-cards.csv", card_csv.heading, card_csv.lines)
JSON_LINES: Final = Form("application/jsonl", "gift-cards.jsonl", str, _as_json_lines)
