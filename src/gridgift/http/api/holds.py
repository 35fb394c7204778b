"""Holds: part of a gift card's credit, reserved for a purchase (contract section 10)."""

from functools import partial
from typing import Final

from msgspec import Struct

from gridgift.domain import failures, holds
from gridgift.domain.holds import HoldChange
from gridgift.domain.ids import new_id
from gridgift.domain.instants import SECOND
from gridgift.fields import GrantedCredit, Seconds
from gridgift.http.api.giftcards import CARD_PATH, WRITE, change
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


class HoldRequest(Struct, frozen=True, rename="camel"):
    """How much to reserve, for how many seconds."""

    amount: GrantedCredit
    expires_in: Seconds


class CaptureRequest(Struct, frozen=True):
    """How much of the hold to take; without an amount, all of it."""

    amount: GrantedCredit | None = None


async def place_hold(request: KeyRequest[None, HoldRequest]) -> Reply[HoldResponse]:
    """Reserve part of a card's credit."""
    body, card_id = request.body, GIFT_CARD_ID.of(request)
    rule = holds.placing(new_id(), body.amount, body.expires_in * SECOND)
    return await change(request, partial(_show, status=201), card_id, rule)


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
            failures.GiftCardNotFound,
            failures.GiftCardRedeemed,
            failures.GiftCardInactive,
            failures.GiftCardExpired,
            failures.InsufficientCredit,
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
            failures.GiftCardNotFound,
            failures.HoldNotFound,
            failures.HoldClosed,
            failures.CaptureExceedsHold,
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
        refusals=(failures.GiftCardNotFound, failures.HoldNotFound, failures.HoldClosed),
    ),
)
