"""A customer's store credit: read, deposit, spend, refund (contract section 10)."""

from typing import Annotated, Any, Final

from msgspec import UNSET, Meta, Struct, UnsetType

from gridgift.credit_views import (
    CREDIT_CHANGE_EXAMPLE,
    CREDIT_EXAMPLE,
    CreditChangeResponse,
    CreditResponse,
)
from gridgift.domain import credit, credit_lots, credit_moves, failures
from gridgift.domain.accounts import Change
from gridgift.domain.credit import CreditChange, CreditRequest, Rule
from gridgift.domain.credit_moves import Moving
from gridgift.domain.ids import new_id, parse_uuid
from gridgift.domain.residents import parse_identifier
from gridgift.fields import Expiry, GrantedCredit, Identifier, Text, Uuid, instant_of
from gridgift.http.edge.answers import batched, once
from gridgift.http.edge.api_key import ApiKey, KeyRequest
from gridgift.http.edge.path import id_parameter
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.route import Route, Tag
from gridgift.http.parameters import IDENTIFIER

TAG: Final = Tag(
    "Store credit",
    "What a resident has at the store in L$: redeemed gift cards and deposits, in lots that may "
    "expire.",
)
CREDIT_PATH: Final = "/ext/v1/customers/{identifier}/credit"
WRITE: Final = ApiKey("credits:write")
LOT_ID: Final = id_parameter(
    "lot", "The lot's id.", CREDIT_EXAMPLE["lots"][0]["id"], failures.LotNotFound
)


class DepositRequest(Struct, frozen=True, rename="camel"):
    """A new lot."""

    amount: GrantedCredit
    reason: Text
    reference: Text
    expires_at: Expiry | None = None
    restricted: bool = False


class SpendRequest(Struct, frozen=True):
    """What to take; ``restricted`` true: this purchase may use restricted credit too."""

    amount: GrantedCredit
    reason: Text
    reference: Text
    restricted: bool = False


class RefundRequest(Struct, frozen=True):
    """Which spend to undo, and how much of it."""

    spend: Annotated[Uuid, Meta(description="The id that the spend answered with.")]
    amount: GrantedCredit
    reason: Text
    reference: Text


class MoveRequest(Struct, frozen=True, rename="camel"):
    """To whom, and how much; without an amount all that there is, restricted credit too."""

    receiver_identifier: Identifier
    reason: Text
    reference: Text
    amount: GrantedCredit | UnsetType = UNSET


class ExtendLotRequest(Struct, frozen=True, rename="camel"):
    """When the lot ends from now on; null: never."""

    expires_at: Expiry | None


async def get_credit(request: KeyRequest[None, None]) -> Reply[CreditResponse]:
    """Read a customer's store credit."""
    found = await request.operations.read(credit.read_of, request.store_id, IDENTIFIER.of(request))
    return Reply.json(CreditResponse.of(found))


async def deposit_credit(request: KeyRequest[None, DepositRequest]) -> Reply[CreditChangeResponse]:
    """Give a customer store credit."""
    body = request.body
    rule = credit.depositing(
        Change(body.amount, body.reason, body.reference),
        new_id(),
        expires_at=instant_of(body.expires_at),
        restricted=body.restricted,
    )
    return await _change(request, rule)


async def spend_credit(request: KeyRequest[None, SpendRequest]) -> Reply[CreditChangeResponse]:
    """Take store credit, soonest expiry first."""
    body = request.body
    change = Change(body.amount, body.reason, body.reference)
    return await _change(request, credit.spending(change, new_id(), restricted=body.restricted))


async def _change(request: KeyRequest[None, Any], rule: Rule) -> Reply[CreditChangeResponse]:
    """Change an account by a rule, together with other requests of the same moment."""
    wanted = CreditRequest(request.caller, IDENTIFIER.of(request), rule)
    return await batched(request, _show, credit.CHANGE_EACH, wanted)


async def refund_credit(request: KeyRequest[None, RefundRequest]) -> Reply[CreditChangeResponse]:
    """Undo a spend, wholly or in part."""
    body, identifier = request.body, IDENTIFIER.of(request)
    return await once(
        request,
        _show,
        credit.refund,
        request.caller,
        identifier,
        parse_uuid(body.spend) or body.spend,
        Change(body.amount, body.reason, body.reference),
    )


async def move_credit(request: KeyRequest[None, MoveRequest]) -> Reply[CreditChangeResponse]:
    """Move store credit to another resident."""
    body, identifier = request.body, IDENTIFIER.of(request)
    return await once(
        request,
        _show,
        credit_moves.move,
        request.caller,
        identifier,
        parse_identifier(body.receiver_identifier),
        Moving(None if body.amount is UNSET else body.amount, body.reason, body.reference),
        new_id(),
    )


async def extend_lot(request: KeyRequest[None, ExtendLotRequest]) -> Reply[CreditChangeResponse]:
    """Let a lot of store credit end later."""
    return await once(
        request,
        _show,
        credit_lots.extend,
        request.caller,
        IDENTIFIER.of(request),
        LOT_ID.of(request),
        instant_of(request.body.expires_at),
    )


def _show(change: CreditChange) -> Reply[CreditChangeResponse]:
    return Reply.json(CreditChangeResponse.of(change))


ROUTES: Final = (
    Route(
        "GET",
        CREDIT_PATH,
        ApiKey("credits:read"),
        get_credit,
        tag=TAG,
        summary="Read a customer's store credit",
        description="The dated lots are listed, soonest expiry first; undated credit is in a sum.",
        path_parameters=(IDENTIFIER,),
        answer=CreditResponse,
        example=CREDIT_EXAMPLE,
    ),
    Route(
        "POST",
        f"{CREDIT_PATH}/actions/deposit",
        WRITE,
        deposit_credit,
        tag=TAG,
        summary="Give a customer store credit",
        description="The resident becomes the store's customer.",
        path_parameters=(IDENTIFIER,),
        body=DepositRequest,
        body_example={"amount": 500, "reason": "prize", "reference": "hunt 2026"},
        answer=CreditChangeResponse,
        example=CREDIT_CHANGE_EXAMPLE,
        refusals=(failures.CreditLimitExceeded,),
    ),
    Route(
        "POST",
        f"{CREDIT_PATH}/actions/spend",
        WRITE,
        spend_credit,
        tag=TAG,
        summary="Spend a customer's store credit",
        description="From the lots in order of expiry, undated ones last. Restricted credit only "
        "if restricted is true.",
        path_parameters=(IDENTIFIER,),
        body=SpendRequest,
        body_example={"amount": 500, "reason": "order", "reference": "order 1042"},
        answer=CreditChangeResponse,
        example=CREDIT_CHANGE_EXAMPLE,
        refusals=(failures.InsufficientCredit,),
    ),
    Route(
        "POST",
        f"{CREDIT_PATH}/actions/refund",
        WRITE,
        refund_credit,
        tag=TAG,
        summary="Undo a spend, wholly or in part",
        description="The credit goes back to the lots that it came from; one that has expired "
        "meanwhile stays expired.",
        path_parameters=(IDENTIFIER,),
        body=RefundRequest,
        body_example={
            "spend": CREDIT_CHANGE_EXAMPLE["id"],
            "amount": 500,
            "reason": "order cancelled",
            "reference": "order 1042",
        },
        answer=CreditChangeResponse,
        example=CREDIT_CHANGE_EXAMPLE,
        refusals=(
            failures.SpendNotFound,
            failures.RefundExceedsSpend,
            failures.CreditLimitExceeded,
        ),
    ),
    Route(
        "POST",
        f"{CREDIT_PATH}/actions/move",
        WRITE,
        move_credit,
        tag=TAG,
        summary="Move store credit to another resident",
        description="All of it without an amount. It keeps its dates and restrictions; the answer "
        "is what the giver has then.",
        path_parameters=(IDENTIFIER,),
        body=MoveRequest,
        body_example={
            "receiverIdentifier": "jo.winter",
            "reason": "has a new avatar",
            "reference": "ticket 7",
        },
        answer=CreditChangeResponse,
        example=CREDIT_CHANGE_EXAMPLE,
        refusals=(
            failures.ReceiverNotFound,
            failures.ReceiverIsOwner,
            failures.InsufficientCredit,
            failures.CreditLimitExceeded,
        ),
    ),
    Route(
        "POST",
        f"{CREDIT_PATH}/lots/{{lot}}/actions/extend",
        WRITE,
        extend_lot,
        tag=TAG,
        summary="Let a lot of store credit end later",
        description="Of an open lot only, and never sooner; null: it never ends. What is spent "
        "afterwards is taken by the new end.",
        path_parameters=(IDENTIFIER, LOT_ID),
        body=ExtendLotRequest,
        body_example={"expiresAt": "2099-12-31T00:00:00Z"},
        answer=CreditChangeResponse,
        example=CREDIT_CHANGE_EXAMPLE,
        refusals=(failures.LotClosed,),
    ),
)
