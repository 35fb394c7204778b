"""Holds: part of a gift card's credit, reserved for a purchase (contract section 10)."""

from functools import partial
from typing import Annotated, Final

from msgspec import Meta, Struct

from gridgift.domain import failures, holds
from gridgift.domain.holds import HoldChange, Listed
from gridgift.domain.ids import new_id
from gridgift.domain.instants import SECOND
from gridgift.fields import GrantedCredit, Seconds, Text
from gridgift.http.api.giftcards import CARD_PATH, READ, WRITE, change
from gridgift.http.edge.answers import ListResponse, PageQuery, list_reply
from gridgift.http.edge.api_key import KeyRequest
from gridgift.http.edge.path import id_parameter
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.route import Route, Tag
from gridgift.http.parameters import GIFT_CARD_ID
from gridgift.views import HOLD_EXAMPLE, HoldResponse

TAG: Final = Tag(
    "Holds", "Part of a gift card's credit, reserved for a purchase until it is taken or freed."
)
HOLD_PATH: Final = f"{CARD_PATH}/holds/{{hold}}"
HOLD_ID: Final = id_parameter("hold", "The hold's id.", HOLD_EXAMPLE["id"], failures.HoldNotFound)


class HoldsQuery(PageQuery, frozen=True):
    """Which page of a store's holds, and which of them."""

    state: Annotated[
        Listed,
        Meta(
            description="open: those that reserve credit now; lapsed: those whose time was over "
            "before they were captured or voided.",
            extra={"says": "must be open, lapsed, captured or voided"},
        ),
    ] = "open"


class HoldRequest(Struct, frozen=True, rename="camel"):
    """How much to reserve, for how many seconds, and what for."""

    amount: GrantedCredit
    expires_in: Seconds
    reason: Annotated[Text, Meta(description="What for: the ledger has it.")] | None = None


class ExtendRequest(Struct, frozen=True, rename="camel"):
    """In how many seconds from now the hold shall end: later than it does."""

    expires_in: Seconds


class CaptureRequest(Struct, frozen=True):
    """How much of the hold to take; without an amount, all of it."""

    amount: GrantedCredit | None = None


async def place_hold(request: KeyRequest[None, HoldRequest]) -> Reply[HoldResponse]:
    """Reserve part of a card's credit."""
    body, card_id = request.body, GIFT_CARD_ID.of(request)
    rule = holds.placing(new_id(), body.amount, body.expires_in * SECOND, body.reason or "")
    return await change(request, partial(_show, status=201), card_id, rule)


async def list_card_holds(
    request: KeyRequest[PageQuery, None],
) -> Reply[ListResponse[HoldResponse]]:
    """Page through a card's holds."""
    query, store_id, card_id = request.query, request.store_id, GIFT_CARD_ID.of(request)
    cursors = request.services.cursors.of(f"holds {store_id} {card_id}", holds.KEY_TYPES)
    position = cursors.read(query.cursor)
    page = await request.operations.read(
        holds.list_of_card, store_id, card_id, position, query.limit
    )
    return list_reply(cursors, page.map(HoldResponse.of), query.limit)


async def list_holds(request: KeyRequest[HoldsQuery, None]) -> Reply[ListResponse[HoldResponse]]:
    """Page through the store's holds in one state."""
    query, store_id = request.query, request.store_id
    cursors = request.services.cursors.of(f"holds {store_id} {query.state}", holds.KEY_TYPES_BY_END)
    position = cursors.read(query.cursor)
    page = await request.operations.read(
        holds.list_of_store, store_id, query.state, position, query.limit
    )
    return list_reply(cursors, page.map(HoldResponse.of), query.limit)


async def extend_hold(request: KeyRequest[None, ExtendRequest]) -> Reply[HoldResponse]:
    """Let a hold end later."""
    card_id, hold_id = GIFT_CARD_ID.of(request), HOLD_ID.of(request)
    rule = holds.extending(hold_id, request.body.expires_in * SECOND)
    return await change(request, _show, card_id, rule, hold_id)


async def capture_hold(request: KeyRequest[None, CaptureRequest]) -> Reply[HoldResponse]:
    """Take what a hold reserved, or a part of it."""
    card_id, hold_id = GIFT_CARD_ID.of(request), HOLD_ID.of(request)
    rule = holds.capturing(hold_id, request.body.amount)
    return await change(request, _show, card_id, rule, hold_id)


async def void_hold(request: KeyRequest[None, None]) -> Reply[HoldResponse]:
    """Free what a hold reserved."""
    card_id, hold_id = GIFT_CARD_ID.of(request), HOLD_ID.of(request)
    return await change(request, _show, card_id, holds.voiding(hold_id), hold_id)


def _show(change: HoldChange, status: int = 200) -> Reply[HoldResponse]:
    return Reply.json(HoldResponse.of(change.hold), status)


ROUTES: Final = (
    Route(
        "POST",
        f"{CARD_PATH}/holds",
        WRITE,
        place_hold,
        tag=TAG,
        summary="Reserve part of a gift card's credit",
        description="For expiresIn seconds, 7 days at most; then it frees itself.",
        path_parameters=(GIFT_CARD_ID,),
        body=HoldRequest,
        body_example={"amount": 100, "expiresIn": 900},
        answer=HoldResponse,
        example=HOLD_EXAMPLE,
        status=201,
        refusals=(
            failures.GiftCardRedeemed,
            failures.GiftCardInactive,
            failures.GiftCardExpired,
            failures.InsufficientCredit,
            failures.PreconditionFailed,
        ),
    ),
    Route(
        "GET",
        f"{CARD_PATH}/holds",
        READ,
        list_card_holds,
        tag=TAG,
        summary="Page through a gift card's holds",
        description="All of them, in the order in which they were placed.",
        path_parameters=(GIFT_CARD_ID,),
        query=PageQuery,
        answer=ListResponse[HoldResponse],
        example=ListResponse.example(HOLD_EXAMPLE),
    ),
    Route(
        "GET",
        "/ext/v1/holds",
        READ,
        list_holds,
        tag=TAG,
        summary="Page through the store's holds",
        description="Those in one state, in the order in which they end.",
        query=HoldsQuery,
        answer=ListResponse[HoldResponse],
        example=ListResponse.example(HOLD_EXAMPLE),
    ),
    Route(
        "POST",
        f"{HOLD_PATH}/actions/extend",
        WRITE,
        extend_hold,
        tag=TAG,
        summary="Let a hold end later",
        description="In expiresIn seconds from now, 7 days at most.",
        path_parameters=(GIFT_CARD_ID, HOLD_ID),
        body=ExtendRequest,
        body_example={"expiresIn": 900},
        answer=HoldResponse,
        example=HOLD_EXAMPLE | {"expiresAt": "2026-11-22T19:55:00Z"},
        refusals=(
            failures.GiftCardRedeemed,
            failures.GiftCardInactive,
            failures.GiftCardExpired,
            failures.HoldClosed,
            failures.PreconditionFailed,
        ),
    ),
    Route(
        "POST",
        f"{HOLD_PATH}/actions/capture",
        WRITE,
        capture_hold,
        tag=TAG,
        summary="Take what a hold reserved",
        description="All of it without a body; with an amount that much, and the rest is free.",
        path_parameters=(GIFT_CARD_ID, HOLD_ID),
        body=CaptureRequest,
        body_required=False,
        body_example={"amount": 1},
        answer=HoldResponse,
        example=HOLD_EXAMPLE | {"state": "captured", "captured": 1},
        refusals=(
            failures.HoldClosed,
            failures.CaptureExceedsHold,
            failures.PreconditionFailed,
        ),
    ),
    Route(
        "POST",
        f"{HOLD_PATH}/actions/void",
        WRITE,
        void_hold,
        tag=TAG,
        summary="Free what a hold reserved",
        description="No body.",
        path_parameters=(GIFT_CARD_ID, HOLD_ID),
        answer=HoldResponse,
        example=HOLD_EXAMPLE | {"state": "voided"},
        refusals=(failures.HoldClosed, failures.PreconditionFailed),
    ),
)
