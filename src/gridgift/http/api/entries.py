"""A gift card's ledger entries (contract section 10)."""

from typing import Final

from msgspec import Struct

from gridgift.domain import failures, giftcards, ledger
from gridgift.fields import Cursor, Limit
from gridgift.http.api.giftcards import CARD_PATH, EXTENSION_TAG, READ
from gridgift.http.edge.answers import ListResponse, list_reply
from gridgift.http.edge.api_key import KeyRequest
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.route import Route
from gridgift.http.parameters import GIFT_CARD_ID
from gridgift.views import ENTRY_EXAMPLE, EntryResponse


class EntriesQuery(Struct, frozen=True):
    """Which page of a card's entries."""

    limit: Limit = 100
    cursor: Cursor | None = None


async def list_gift_card_entries(
    request: KeyRequest[EntriesQuery, None],
) -> Reply[ListResponse[EntryResponse]]:
    """Page through a card's ledger, oldest first."""
    query, store_id, card_id = request.query, request.store_id, GIFT_CARD_ID.of(request)
    services, operations = request.services, request.operations
    cursors = services.cursors.of(f"entries {store_id} {card_id}", ledger.KEY_TYPES)
    position = cursors.read(query.cursor)
    await operations.read(giftcards.read, store_id, card_id)
    page = await operations.read(ledger.list_of, store_id, "card", card_id, position, query.limit)
    return list_reply(cursors, page.map(EntryResponse.of), query.limit)


ROUTES: Final = (
    Route(
        "GET",
        f"{CARD_PATH}/entries",
        READ,
        list_gift_card_entries,
        tag=EXTENSION_TAG,
        summary="Page through a gift card's ledger",
        description="Oldest first. Each entry's hash covers the one before it.",
        path_parameters=(GIFT_CARD_ID,),
        query=EntriesQuery,
        answer=ListResponse[EntryResponse],
        example=ListResponse.example(ENTRY_EXAMPLE),
        refusals=(
            failures.GiftCardNotFound,
            failures.ValidationFailed,
            failures.CursorInvalid,
        ),
    ),
)
