"""Refunds: payments to the store's vendors for which nothing was sold (contract section 9)."""

from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from gridgift.domain import refunds
from gridgift.domain.refunds import Refund, RefundState
from gridgift.domain.unit_failures import RefundAlreadyPaid, RefundNotFound, RefundUnderWay
from gridgift.fields import Text
from gridgift.http.api.units import READ, UNIT_ID, UNIT_PATH, WRITE
from gridgift.http.edge.answers import ListResponse, PageQuery, list_reply, once
from gridgift.http.edge.api_key import KeyRequest
from gridgift.http.edge.path import id_parameter
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.route import Route, Tag
from gridgift.unit_views import REFUND_EXAMPLE, RefundResponse

TAG: Final = Tag(
    "Refunds", "Payments to vendors for which nothing was sold, until the L$ went back."
)
REFUND_ID: Final = id_parameter(
    "refund", "The refund's id: the payment's nonce.", REFUND_EXAMPLE["id"], RefundNotFound
)
_PAID: Final[dict[str, Any]] = {
    "state": "paid",
    "refundedAt": "2026-11-23T09:00:00Z",
    "refundedBy": {"kind": "key", "id": "019aad3b-2222-7333-8444-555566667777"},
    "note": "Paid by hand.",
}


class RefundsQuery(PageQuery, frozen=True):
    """Which page of the refunds, and which of them."""

    state: Annotated[
        RefundState | None,
        Meta(
            description="owed: those that are to go back; paid: those that went. Omitted: all.",
            extra={"says": f"must be {' or '.join(refunds.STATES)}"},
        ),
    ] = None


class MarkPaidRequest(Struct, frozen=True):
    """A note of your own, such as the number of the transaction."""

    note: Text | None = None


async def list_refunds(
    request: KeyRequest[RefundsQuery, None],
) -> Reply[ListResponse[RefundResponse]]:
    """Page through the refunds of all vendors."""
    query, store_id = request.query, request.store_id
    cursors = request.services.cursors.of(f"refunds {store_id} {query.state}", refunds.KEY_TYPES)
    position = cursors.read(query.cursor)
    page = await request.operations.read(
        refunds.list_of, store_id, query.state, position, query.limit
    )
    return list_reply(cursors, page.map(RefundResponse.of), query.limit)


async def list_unit_refunds(
    request: KeyRequest[RefundsQuery, None],
) -> Reply[ListResponse[RefundResponse]]:
    """Page through the refunds of a vendor."""
    query, store_id, unit_id = request.query, request.store_id, UNIT_ID.of(request)
    cursors = request.services.cursors.of(
        f"refunds {store_id} {unit_id} {query.state}", refunds.KEY_TYPES_OF_UNIT
    )
    position = cursors.read(query.cursor)
    page = await request.operations.read(
        refunds.list_of_unit, store_id, unit_id, query.state, position, query.limit
    )
    return list_reply(cursors, page.map(RefundResponse.of), query.limit)


async def mark_refund_paid(request: KeyRequest[None, MarkPaidRequest]) -> Reply[RefundResponse]:
    """Note that somebody of the store gave a payment back."""
    unit_id, refund_id, note = UNIT_ID.of(request), REFUND_ID.of(request), request.body.note or ""
    return await once(request, _show, refunds.mark_paid, request.caller, unit_id, refund_id, note)


def _show(refund: Refund) -> Reply[RefundResponse]:
    return Reply.json(RefundResponse.of(refund))


ROUTES: Final = (
    Route(
        "GET",
        "/ext/v1/refunds",
        READ,
        list_refunds,
        tag=TAG,
        summary="Page through the refunds of all vendors",
        description="Payments for which nothing was sold, newest first.",
        query=RefundsQuery,
        answer=ListResponse[RefundResponse],
        example=ListResponse.example(REFUND_EXAMPLE),
    ),
    Route(
        "GET",
        f"{UNIT_PATH}/refunds",
        READ,
        list_unit_refunds,
        tag=TAG,
        summary="Page through the refunds of a vendor",
        description="Payments for which it has sold nothing, newest first.",
        path_parameters=(UNIT_ID,),
        query=RefundsQuery,
        answer=ListResponse[RefundResponse],
        example=ListResponse.example(REFUND_EXAMPLE),
    ),
    Route(
        "POST",
        f"{UNIT_PATH}/refunds/{{refund}}/actions/mark-paid",
        WRITE,
        mark_refund_paid,
        tag=TAG,
        summary="Say that a refund was paid",
        description="You gave the L$ back yourself: the vendor does not from then on. While it is "
        "doing so the call is refused.",
        path_parameters=(UNIT_ID, REFUND_ID),
        body=MarkPaidRequest,
        body_required=False,
        body_example={"note": "Paid by hand."},
        answer=RefundResponse,
        example=REFUND_EXAMPLE | _PAID,
        refusals=(RefundAlreadyPaid, RefundUnderWay),
    ),
)
