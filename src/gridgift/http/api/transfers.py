"""Giving a gift card to another resident, and replacing a lost one (contract section 10)."""

from typing import Final

from msgspec import Struct

from gridgift.domain import failures, transfers
from gridgift.domain.ids import new_id
from gridgift.domain.residents import parse_identifier
from gridgift.fields import Identifier, Text
from gridgift.http.api.giftcards import (
    CARD_PATH,
    EXTENSION_TAG,
    WRITE,
    show_changed_details,
    show_details,
)
from gridgift.http.edge.answers import once
from gridgift.http.edge.api_key import KeyRequest
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.route import Route
from gridgift.http.parameters import GIFT_CARD_ID
from gridgift.views import DETAILS_EXAMPLE, GiftCardDetails


class TransferRequest(Struct, frozen=True, rename="camel"):
    """To whom: a username or an avatar UUID."""

    receiver_identifier: Identifier
    reason: Text | None = None


class ReissueRequest(Struct, frozen=True):
    """Why a new card takes the old one's place."""

    reason: Text


async def transfer_gift_card(request: KeyRequest[None, TransferRequest]) -> Reply[GiftCardDetails]:
    """Give a card to another resident, for the store."""
    body = request.body
    receiver = parse_identifier(body.receiver_identifier)
    card_id = GIFT_CARD_ID.of(request)
    return await once(
        request,
        show_changed_details,
        transfers.transfer,
        request.caller,
        None,
        card_id,
        receiver,
        body.reason or "",
        request.if_match(),
    )


async def reissue_gift_card(request: KeyRequest[None, ReissueRequest]) -> Reply[GiftCardDetails]:
    """Replace a lost card by a new one."""
    return await once(
        request,
        _show_new,
        transfers.reissue,
        request.caller,
        GIFT_CARD_ID.of(request),
        new_id(),
        request.body.reason,
        request.if_match(),
    )


def _show_new(reissue: transfers.Reissue) -> Reply[GiftCardDetails]:
    return show_details(reissue.new.card, reissue.new.held, 201)


ROUTES: Final = (
    Route(
        "POST",
        f"{CARD_PATH}/actions/transfer",
        WRITE,
        transfer_gift_card,
        tag=EXTENSION_TAG,
        summary="Give a gift card to another resident",
        description="It can't be undone. The card must be active, unexpired and transferable.",
        path_parameters=(GIFT_CARD_ID,),
        body=TransferRequest,
        body_example={"receiverIdentifier": "jo.winter", "reason": "asked by its owner"},
        answer=GiftCardDetails,
        example=DETAILS_EXAMPLE,
        etag=True,
        refusals=(*transfers.TRANSFER_REFUSALS, failures.PreconditionFailed),
    ),
    Route(
        "POST",
        f"{CARD_PATH}/actions/reissue",
        WRITE,
        reissue_gift_card,
        tag=EXTENSION_TAG,
        summary="Replace a lost gift card",
        description="A new card has the old one's credit, owner and expiry; the old one is void.",
        path_parameters=(GIFT_CARD_ID,),
        body=ReissueRequest,
        body_example={"reason": "lost"},
        answer=GiftCardDetails,
        example=DETAILS_EXAMPLE,
        status=201,
        etag=True,
        refusals=(
            failures.GiftCardRedeemed,
            failures.GiftCardVoid,
            failures.GiftCardHeld,
            failures.PreconditionFailed,
        ),
    ),
)
