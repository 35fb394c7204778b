"""The search over a store's cards as a file: CSV for spreadsheets, or JSON lines (section 10)."""

from typing import Any, Final

from gridgift.card_files import CSV, JSON_LINES, PAGE, pages
from gridgift.domain import failures
from gridgift.domain.paging import Position
from gridgift.domain.search import Search
from gridgift.exports import Form, parts
from gridgift.http.api.giftcards import EXTENSION_TAG, READ
from gridgift.http.api.search import GiftCardFilters
from gridgift.http.edge.answers import file_reply
from gridgift.http.edge.api_key import KeyRequest
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.route import Route

PATH: Final = "/ext/v1/giftcards/export"

_DESCRIPTION: Final = (
    "Everything that the search finds with these filters, in this order, whatever its number. A "
    "file that breaks off is not whole: its connection ends without an end of the answer."
)


async def export_gift_cards_as_csv(request: KeyRequest[GiftCardFilters, None]) -> Reply[None]:
    """Answer with a CSV file of the cards that are found."""
    return await _export(request, CSV)


async def export_gift_cards_as_json_lines(
    request: KeyRequest[GiftCardFilters, None],
) -> Reply[None]:
    """Answer with a line of JSON for each card that is found."""
    return await _export(request, JSON_LINES)


async def _export(request: KeyRequest[GiftCardFilters, None], form: Form[Any]) -> Reply[None]:
    query = request.query
    wanted = Search(query.filters(), query.sort_by, query.descending, Position(), PAGE)
    read = pages(request.store_id, wanted)
    written = parts(form, request.operations, request.check, read)
    return await file_reply(form.media_type, form.name, written)


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
        media_type=CSV.media_type,
        **_SHARED,
    ),
    Route(
        "GET",
        f"{PATH}.jsonl",
        READ,
        export_gift_cards_as_json_lines,
        summary="Export the store's gift cards as JSON lines",
        media_type=JSON_LINES.media_type,
        **_SHARED,
    ),
)
