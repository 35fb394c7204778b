"""The search over a store's cards as a file: CSV for spreadsheets, or JSON lines (section 10).

Page by page, each read by itself: no transaction and no memory is held for the whole.
"""

from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any, Final

from gridgift import card_csv
from gridgift.domain import failures, search
from gridgift.domain.paging import Page, Position
from gridgift.domain.search import Found, Search
from gridgift.http.api.giftcards import EXTENSION_TAG, READ
from gridgift.http.api.search import GiftCardFilters, shown
from gridgift.http.edge.api_key import KeyRequest
from gridgift.http.edge.reply import NO_STORE, Reply, Stream, encode_json
from gridgift.http.edge.route import Route
from gridgift.search_views import FoundGiftCard
from gridgift.storage.database import Tx

PATH: Final = "/ext/v1/giftcards/export"
PAGE: Final = 500  # cards in memory at once
JSON_LINES: Final = "application/jsonl"
CSV: Final = "text/csv"

Write = Callable[[Iterable[FoundGiftCard]], bytes]
_DESCRIPTION: Final = (
    "Everything that the search finds with these filters, in this order, whatever its number. A "
    "file that breaks off is not whole: its connection ends without an end of the answer."
)


async def export_gift_cards_as_csv(request: KeyRequest[GiftCardFilters, None]) -> Reply[None]:
    """Answer with a CSV file of the cards that are found."""
    heading = card_csv.heading().encode()
    return await _export(request, CSV, "gift-cards.csv", heading, _as_csv)


async def export_gift_cards_as_json_lines(
    request: KeyRequest[GiftCardFilters, None],
) -> Reply[None]:
    """Answer with a line of JSON for each card that is found."""
    return await _export(request, JSON_LINES, "gift-cards.jsonl", b"", _as_json_lines)


async def _export(
    request: KeyRequest[GiftCardFilters, None],
    media_type: str,
    name: str,
    heading: bytes,
    write: Write,
) -> Reply[None]:
    """Answer with all pages; what keeps the first one from being read is a problem as always."""
    pages = _pages(request)
    first = write(await anext(pages))

    async def chunks() -> AsyncIterator[bytes]:
        yield heading + first
        async for page in pages:
            yield write(page)

    headers = (
        (b"content-type", f"{media_type}; charset=utf-8".encode()),
        (b"content-disposition", f'attachment; filename="{name}"'.encode()),
        NO_STORE,
    )
    return Stream(200, headers, chunks=chunks())


async def _pages(
    request: KeyRequest[GiftCardFilters, None],
) -> AsyncIterator[list[FoundGiftCard]]:
    query = request.query

    async def read(tx: Tx, at: Position) -> Page[Found]:
        await request.check(tx)  # the key may have ended since the first page
        wanted = Search(query.filters(), query.sort_by, query.descending, at, PAGE)
        return await search.search(tx, request.store_id, wanted)

    following: Position | None = Position()
    while following is not None:
        page = await request.operations.read(read, following)
        yield shown(page.rows)
        following = page.next


def _as_json_lines(cards: Iterable[FoundGiftCard]) -> bytes:
    return b"".join(encode_json(card) + b"\n" for card in cards)


def _as_csv(cards: Iterable[FoundGiftCard]) -> bytes:
    return card_csv.lines(cards).encode()


_SHARED: Final[dict[str, Any]] = {
    "tag": EXTENSION_TAG,
    "description": _DESCRIPTION,
    "query": GiftCardFilters,
    "refusals": (failures.ValidationFailed,),
}
ROUTES: Final = (
    Route(
        "GET",
        f"{PATH}.csv",
        READ,
        export_gift_cards_as_csv,
        summary="Export the store's gift cards as CSV",
        media_type=CSV,
        **_SHARED,
    ),
    Route(
        "GET",
        f"{PATH}.jsonl",
        READ,
        export_gift_cards_as_json_lines,
        summary="Export the store's gift cards as JSON lines",
        media_type=JSON_LINES,
        **_SHARED,
    ),
)
