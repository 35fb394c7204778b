"""Gift cards: read, list, replace, patch, adjust, disable (contract sections 6 and 10)."""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Final, TypeVar

from msgspec import UNSET, Meta, Struct, UnsetType

from gridgift.domain import failures, giftcards, lists, residents
from gridgift.domain.giftcards import (
    Patch,
    Replacement,
    adjusting,
    disabling,
    patching,
    updating,
)
from gridgift.domain.ids import texture_of
from gridgift.domain.lists import Filters, PageRequest
from gridgift.domain.locked import CHANGE_EACH, CardRequest, Rule
from gridgift.domain.model import CardChange, GiftCard
from gridgift.fields import Credit, Delta, Expiry, Text, Uuid, instant_of
from gridgift.http.edge.answers import ListResponse, PageQuery, batched, conditional, list_reply
from gridgift.http.edge.api_key import ApiKey, KeyRequest
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.route import Route, Tag
from gridgift.http.parameters import GIFT_CARD_ID, IDENTIFIER
from gridgift.views import (
    CARD_EXAMPLE,
    DETAILS_EXAMPLE,
    GiftCardDetails,
    GiftCardResponse,
)

TAG: Final = Tag("Gift cards", "The API that Allomancy has too: the same paths, fields and rules.")
EXTENSION_TAG: Final = Tag(
    "Gift cards, extended",
    "What Gridgift adds: expiry, changes by a difference, transfers, many cards at once, and each "
    "card's ledger.",
)
CARD_PATH: Final = "/ext/v1/giftcards/{id}"

T = TypeVar("T")
V = TypeVar("V")

READ: Final = ApiKey("giftcards:read")
WRITE: Final = ApiKey("giftcards:write")


class GiftCardsQuery(PageQuery, frozen=True):
    """Which page of a customer's cards, and which of them."""

    active: Annotated[bool, Meta(description="Only active, or only inactive ones.")] | None = None
    redeemed: Annotated[bool, Meta(description="Only redeemed, or only others.")] | None = None


class UpdateGiftCardRequest(Struct, frozen=True):
    """Replaces all four fields: one that is omitted is set to its default, not left."""

    credit: Credit = 0
    texture: Uuid | None = None
    transfer: bool = False
    active: bool = False


class PatchGiftCardRequest(Struct, frozen=True, rename="camel"):
    """A JSON merge patch (RFC 7396): what is omitted is left as it is."""

    credit: Credit | UnsetType = UNSET
    texture: Uuid | None | UnsetType = UNSET
    transfer: bool | UnsetType = UNSET
    active: bool | UnsetType = UNSET
    expires_at: Expiry | None | UnsetType = UNSET

    def patch(self) -> Patch:
        """Return what to change."""
        texture, expires_at = self.texture, self.expires_at
        return Patch(
            self.credit,
            texture if isinstance(texture, UnsetType) else texture_of(texture),
            self.transfer,
            self.active,
            expires_at if isinstance(expires_at, UnsetType) else instant_of(expires_at),
        )


class AdjustRequest(Struct, frozen=True):
    """By how much, and why."""

    delta: Delta
    reason: Text


async def list_gift_cards(
    request: KeyRequest[GiftCardsQuery, None],
) -> Reply[ListResponse[GiftCardResponse]]:
    """List a customer's cards, oldest first, a page at a time."""
    query, store_id = request.query, request.store_id
    operations, identifier = request.operations, IDENTIFIER.of(request)
    owner_uuid = (
        identifier.uuid or (await operations.read(residents.find, store_id, identifier)).uuid
    )
    cursors = request.services.cursors.of(f"giftcards {store_id} {owner_uuid}", lists.KEY_TYPES)
    position = cursors.read(query.cursor)
    filters = Filters(active=query.active, redeemed=query.redeemed)
    wanted = PageRequest(owner_uuid, position, query.limit, filters)
    owner, page = await operations.submit(lists.LIST_EACH, store_id, wanted)
    shown = page.map(partial(GiftCardResponse.owned, owner))
    return list_reply(cursors, shown, query.limit)


async def get_gift_card(request: KeyRequest[None, None]) -> Reply[GiftCardResponse]:
    """Read one card."""
    card = await request.operations.submit(
        giftcards.READ_EACH, request.store_id, GIFT_CARD_ID.of(request)
    )
    return conditional(request, show(card))


async def update_gift_card(
    request: KeyRequest[None, UpdateGiftCardRequest],
) -> Reply[GiftCardResponse]:
    """Replace a card's four changeable fields."""
    body, card_id = request.body, GIFT_CARD_ID.of(request)
    wanted = Replacement(body.credit, texture_of(body.texture), body.transfer, body.active)
    return await change(request, show_change, card_id, updating(wanted))


async def disable_gift_card(request: KeyRequest[None, None]) -> Reply[GiftCardResponse]:
    """Make a card inactive."""
    card_id = GIFT_CARD_ID.of(request)
    return await change(request, show_change, card_id, disabling())


async def get_gift_card_details(request: KeyRequest[None, None]) -> Reply[GiftCardDetails]:
    """Read a card with its expiry and what of its credit is available."""
    card, held = await request.operations.read(
        giftcards.read_with_held, request.store_id, GIFT_CARD_ID.of(request)
    )
    reply = show_details(card, held)
    if card.held_until is not None:  # a hold's end frees credit without a new ETag
        return reply
    return conditional(request, reply)


async def patch_gift_card(
    request: KeyRequest[None, PatchGiftCardRequest],
) -> Reply[GiftCardDetails]:
    """Change only the fields that are named."""
    rule = patching(request.body.patch())
    return await change(request, show_changed_details, GIFT_CARD_ID.of(request), rule)


async def patch_gift_card_by_post(
    request: KeyRequest[None, PatchGiftCardRequest],
) -> Reply[GiftCardDetails]:
    """Do the same for clients that have no PATCH."""
    return await patch_gift_card(request)


async def adjust_gift_card(request: KeyRequest[None, AdjustRequest]) -> Reply[GiftCardDetails]:
    """Add to a card's credit, or take from it."""
    rule = adjusting(request.body.delta, request.body.reason)
    return await change(request, show_changed_details, GIFT_CARD_ID.of(request), rule)


async def change(
    request: KeyRequest[Any, Any],
    show: Callable[[T], Reply[V]],
    card_id: str,
    rule: Rule[T],
    hold_id: str | None = None,
) -> Reply[V]:
    """Change a card by a rule, together with other requests of the same moment.

    With ``If-Match`` the card must still have that ETag (contract 10.10).
    """
    expected = giftcards.expecting(request.if_match(), rule)
    wanted = CardRequest(request.caller, card_id, expected, hold_id)
    return await batched(request, show, CHANGE_EACH, wanted)


def show(card: GiftCard) -> Reply[GiftCardResponse]:
    """Answer with a card's nine fields."""
    return Reply.json(GiftCardResponse.of(card), etag=giftcards.etag(card))


def show_change(change: CardChange) -> Reply[GiftCardResponse]:
    """Answer with the nine fields of a card that was changed."""
    return show(change.card)


def show_details(card: GiftCard, held: int, status: int = 200) -> Reply[GiftCardDetails]:
    """Answer with all of a card, of whose credit ``held`` L$ are reserved."""
    return Reply.json(GiftCardDetails.detailed(card, held), status, giftcards.etag(card))


def show_changed_details(change: CardChange) -> Reply[GiftCardDetails]:
    """Answer with all of a card that was changed."""
    return show_details(change.card, change.held)


_PATCH: Final[dict[str, Any]] = {
    "tag": EXTENSION_TAG,
    "summary": "Change some fields of a gift card",
    "description": "A JSON merge patch (RFC 7396): a field that is omitted is left as it is. With "
    "If-Match the card must still have that ETag.",
    "path_parameters": (GIFT_CARD_ID,),
    "body_example": {"expiresAt": "2027-11-22T00:00:00Z"},
    "example": DETAILS_EXAMPLE,
    "etag": True,
    "refusals": (
        failures.GiftCardNotFound,
        failures.GiftCardRedeemed,
        failures.GiftCardHeld,
        failures.PreconditionFailed,
    ),
}

ROUTES: Final = (
    Route(
        "GET",
        "/v1/giftcards/{id}",
        READ,
        get_gift_card,
        tag=TAG,
        summary="Read a gift card",
        description="With If-None-Match and the card's present ETag the answer is 304.",
        path_parameters=(GIFT_CARD_ID,),
        answer=GiftCardResponse,
        example=CARD_EXAMPLE,
        etag=True,
    ),
    Route(
        "PUT",
        "/v1/giftcards/{id}",
        WRITE,
        update_gift_card,
        tag=TAG,
        summary="Replace a gift card's fields",
        description="Replaces credit, texture, transfer and active, all four: an omitted one is "
        "set to its default (0, null, false, false), not left. With If-Match the card must still "
        "have that ETag.",
        path_parameters=(GIFT_CARD_ID,),
        body=UpdateGiftCardRequest,
        body_example={"credit": 250, "texture": None, "transfer": True, "active": True},
        answer=GiftCardResponse,
        example=CARD_EXAMPLE | {"credit": 250},
        etag=True,
        refusals=(failures.GiftCardRedeemed, failures.GiftCardHeld, failures.PreconditionFailed),
    ),
    Route(
        "GET",
        "/v1/customers/{identifier}/giftcards",
        READ,
        list_gift_cards,
        tag=TAG,
        summary="List a customer's gift cards",
        description="Oldest first. The filters combine with AND. A known resident without cards "
        "at this store has an empty list.",
        path_parameters=(IDENTIFIER,),
        query=GiftCardsQuery,
        answer=ListResponse[GiftCardResponse],
        example=ListResponse.example(CARD_EXAMPLE),
    ),
    Route(
        "POST",
        "/v1/giftcards/{id}/actions/disable",
        WRITE,
        disable_gift_card,
        tag=TAG,
        summary="Disable a gift card",
        description="No body. A card that is inactive already stays as it is.",
        path_parameters=(GIFT_CARD_ID,),
        answer=GiftCardResponse,
        example=CARD_EXAMPLE | {"active": False},
        etag=True,
        refusals=(failures.GiftCardRedeemed, failures.PreconditionFailed),
    ),
    Route(
        "GET",
        CARD_PATH,
        READ,
        get_gift_card_details,
        tag=EXTENSION_TAG,
        summary="Read a gift card with its expiry",
        description="Beside the nine fields: when it expires, and how much no hold reserves. "
        "While part of it is held the answer is whole even to its present ETag: a hold's end frees "
        "credit without a new one.",
        path_parameters=(GIFT_CARD_ID,),
        answer=GiftCardDetails,
        example=DETAILS_EXAMPLE,
        etag=True,
    ),
    Route(
        "PATCH",
        CARD_PATH,
        WRITE,
        patch_gift_card,
        body=PatchGiftCardRequest,
        answer=GiftCardDetails,
        **_PATCH,
    ),
    Route(
        "POST",
        f"{CARD_PATH}/actions/patch",
        WRITE,
        patch_gift_card_by_post,
        body=PatchGiftCardRequest,
        answer=GiftCardDetails,
        **_PATCH,
    ),
    Route(
        "POST",
        f"{CARD_PATH}/actions/adjust",
        WRITE,
        adjust_gift_card,
        tag=EXTENSION_TAG,
        summary="Add to a gift card's credit, or take from it",
        description="A negative delta takes only what no hold reserves.",
        path_parameters=(GIFT_CARD_ID,),
        body=AdjustRequest,
        body_example={"delta": -100, "reason": "order 1042"},
        answer=GiftCardDetails,
        example=DETAILS_EXAMPLE,
        etag=True,
        refusals=(
            failures.GiftCardRedeemed,
            failures.InsufficientCredit,
            failures.CreditLimitExceeded,
            failures.PreconditionFailed,
        ),
    ),
)
