"""The ledger entries of a gift card, and of a customer's store credit (contract section 10)."""

from typing import Any, Final

from gridgift.credit_views import credit_entry
from gridgift.domain import giftcards, ledger, residents
from gridgift.http.api.credit import CREDIT_PATH
from gridgift.http.api.credit import TAG as CREDIT_TAG
from gridgift.http.api.giftcards import CARD_PATH, EXTENSION_TAG, READ
from gridgift.http.edge.answers import ListResponse, PageQuery, list_reply
from gridgift.http.edge.api_key import ApiKey, KeyRequest
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.route import Route
from gridgift.http.parameters import GIFT_CARD_ID, IDENTIFIER
from gridgift.views import ENTRY_EXAMPLE, EntryResponse

_CREDIT_ENTRY: Final[dict[str, Any]] = ENTRY_EXAMPLE | {
    "kind": "credit_deposited",
    "state": {
        "lots": [
            {
                "lot": "019aad3e-3333-7444-8555-666677778888",
                "delta": 500,
                "expiresAt": None,
                "restricted": False,
            }
        ],
        "reference": "hunt 2026",
    },
    "reason": "prize",
}


async def list_gift_card_entries(
    request: KeyRequest[PageQuery, None],
) -> Reply[ListResponse[EntryResponse]]:
    """Page through a card's ledger, oldest first."""
    query, store_id, card_id = request.query, request.store_id, GIFT_CARD_ID.of(request)
    services, operations = request.services, request.operations
    cursors = services.cursors.of(f"entries {store_id} {card_id}", ledger.KEY_TYPES)
    position = cursors.read(query.cursor)
    await operations.read(giftcards.read, store_id, card_id)
    page = await operations.read(ledger.list_of, store_id, "card", card_id, position, query.limit)
    return list_reply(cursors, page.map(EntryResponse.of), query.limit)


async def list_credit_entries(
    request: KeyRequest[PageQuery, None],
) -> Reply[ListResponse[EntryResponse]]:
    """Page through the ledger of a customer's store credit, oldest first."""
    query, store_id, read = request.query, request.store_id, request.operations.read
    owner = await read(residents.find, store_id, IDENTIFIER.of(request))
    cursors = request.services.cursors.of(
        f"credit entries {store_id} {owner.uuid}", ledger.KEY_TYPES
    )
    position = cursors.read(query.cursor)
    page = await read(ledger.list_of, store_id, "credit", owner.uuid, position, query.limit)
    return list_reply(cursors, page.map(credit_entry), query.limit)


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
        query=PageQuery,
        answer=ListResponse[EntryResponse],
        example=ListResponse.example(ENTRY_EXAMPLE),
    ),
    Route(
        "GET",
        f"{CREDIT_PATH}/entries",
        ApiKey("credits:read"),
        list_credit_entries,
        tag=CREDIT_TAG,
        summary="Page through the ledger of a customer's store credit",
        description="Oldest first. Each entry's hash covers the one before it.",
        path_parameters=(IDENTIFIER,),
        query=PageQuery,
        answer=ListResponse[EntryResponse],
        example=ListResponse.example(_CREDIT_ENTRY),
    ),
)
