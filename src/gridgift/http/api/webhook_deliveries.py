"""What was posted to a webhook, and posting it once more (contract section 10)."""

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from gridgift.domain import deliveries
from gridgift.domain.deliveries import AGAIN_AT_ONCE, Again, State, Which
from gridgift.domain.instants import parse_instant
from gridgift.domain.paging import Position
from gridgift.domain.webhook_failures import DeliveryNotFound, WebhookInactive
from gridgift.fields import Cursor, When
from gridgift.http.api.webhooks import READ, TAG, WEBHOOK_ID, WEBHOOK_PATH, WRITE, EventType
from gridgift.http.edge.answers import ListResponse, PageQuery, list_reply, once
from gridgift.http.edge.api_key import KeyRequest
from gridgift.http.edge.path import id_parameter
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.route import Route
from gridgift.webhook_views import (
    DELIVERY_DETAILS_EXAMPLE,
    DELIVERY_EXAMPLE,
    DeliveryDetails,
    DeliveryResponse,
    RedeliveredResponse,
)

DELIVERIES_PATH: Final = f"{WEBHOOK_PATH}/deliveries"
DELIVERY_PATH: Final = f"{DELIVERIES_PATH}/{{delivery}}"
DELIVERY_ID: Final = id_parameter(
    "delivery", "The delivery's id.", DELIVERY_EXAMPLE["id"], DeliveryNotFound
)


class DeliveriesQuery(PageQuery, frozen=True):
    """Which page of a webhook's deliveries, and which of them."""

    state: Annotated[
        State | None,
        Meta(extra={"says": "must be pending, delivered, failed or dropped"}),
    ] = None
    type: Annotated[EventType | None, Meta(description="Of events of this type only.")] = None


class RangeRequest(Struct, frozen=True):
    """From when on and until when the events happened; which of their deliveries."""

    since: When = msgspec.field(name="from")
    until: When = msgspec.field(name="to")
    state: Annotated[
        Which,
        Meta(
            description="all: delivered ones too.",
            extra={"says": "must be failed, delivered, dropped or all"},
        ),
    ] = "failed"
    cursor: Cursor | None = None


async def list_deliveries(
    request: KeyRequest[DeliveriesQuery, None],
) -> Reply[ListResponse[DeliveryResponse]]:
    """Page through what was, or is to be, posted to a webhook."""
    query, webhook_id = request.query, WEBHOOK_ID.of(request)
    named = f"deliveries {request.store_id} {webhook_id} {query.state}"
    cursors = request.services.cursors.of(named, deliveries.KEY_TYPES)
    page = await request.operations.read(
        deliveries.list_of, request.store_id, webhook_id, query.state, query.type,
        cursors.read(query.cursor), query.limit,
    )  # fmt: skip
    return list_reply(cursors, page.map(DeliveryResponse.of), query.limit)


async def get_delivery(request: KeyRequest[None, None]) -> Reply[DeliveryDetails]:
    """Read a delivery with its attempts."""
    found = await request.operations.read(
        deliveries.read, request.store_id, WEBHOOK_ID.of(request), DELIVERY_ID.of(request)
    )
    return Reply.json(DeliveryDetails.detailed(*found))


async def redeliver(request: KeyRequest[None, None]) -> Reply[DeliveryResponse]:
    """Post an event once more."""
    webhook_id, delivery_id = WEBHOOK_ID.of(request), DELIVERY_ID.of(request)
    return await once(
        request, lambda delivery: Reply.json(DeliveryResponse.of(delivery)),
        deliveries.redeliver, request.store_id, webhook_id, delivery_id,
    )  # fmt: skip


async def redeliver_range(
    request: KeyRequest[None, RangeRequest],
) -> Reply[RedeliveredResponse]:
    """Post once more what happened in some time."""
    body, webhook_id = request.body, WEBHOOK_ID.of(request)
    since, until = _instant(body.since), _instant(body.until)
    named = f"redeliver {request.store_id} {webhook_id} {body.state} {since} {until}"
    cursors = request.services.cursors.of(named, deliveries.KEY_TYPES)
    first: tuple[Any, ...] = cursors.read(body.cursor).keys or (None,)

    def show(again: Again) -> Reply[RedeliveredResponse]:
        position = None if again.next is None else Position((again.next,))
        return Reply.json(RedeliveredResponse.of(again.count, cursors.write(position)))

    return await once(
        request, show, deliveries.redeliver_range,
        request.store_id, webhook_id, body.state, since, until, *first,
    )  # fmt: skip


def _instant(text: str) -> int:
    """Read a date that was checked."""
    instant = parse_instant(text)
    assert instant is not None
    return instant


ROUTES: Final = (
    Route(
        "GET",
        DELIVERIES_PATH,
        READ,
        list_deliveries,
        tag=TAG,
        summary="Page through what was posted to a webhook",
        description="Those of the newest events first, of the last 30 days. With a type a page "
        "looks at limit deliveries and has those of them that are of that type.",
        path_parameters=(WEBHOOK_ID,),
        query=DeliveriesQuery,
        answer=ListResponse[DeliveryResponse],
        example=ListResponse.example(DELIVERY_EXAMPLE),
    ),
    Route(
        "GET",
        DELIVERY_PATH,
        READ,
        get_delivery,
        tag=TAG,
        summary="Read what came of each attempt to post an event",
        description="Oldest first.",
        path_parameters=(WEBHOOK_ID, DELIVERY_ID),
        answer=DeliveryDetails,
        example=DELIVERY_DETAILS_EXAMPLE,
    ),
    Route(
        "POST",
        f"{DELIVERY_PATH}/actions/redeliver",
        WRITE,
        redeliver,
        tag=TAG,
        summary="Post an event once more",
        description="No body. As if it were new: at once, and again if that fails.",
        path_parameters=(WEBHOOK_ID, DELIVERY_ID),
        answer=DeliveryResponse,
        example=DELIVERY_EXAMPLE,
        refusals=(WebhookInactive,),
    ),
    Route(
        "POST",
        f"{WEBHOOK_PATH}/actions/redeliver",
        WRITE,
        redeliver_range,
        tag=TAG,
        summary="Post once more what happened in some time",
        description="What happened at from or later and before to, and failed; with a state what "
        f"ended in that one, with all whatever has ended. {AGAIN_AT_ONCE} at once, the oldest; "
        "with nextCursor as the cursor, and all else as before, those after them.",
        path_parameters=(WEBHOOK_ID,),
        body=RangeRequest,
        body_example={"from": "2027-01-31T08:00:00Z", "to": "2027-01-31T20:00:00Z"},
        answer=RedeliveredResponse,
        example={"redelivered": 12, "more": False, "nextCursor": None},
        refusals=(WebhookInactive,),
    ),
)
