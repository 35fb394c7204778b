"""What happened to a resident's cards and credit, for the resident's own page (section 8)."""

from typing import Annotated, Any, Final, Self

from msgspec import Meta, Struct

from gridgift.domain import resident_history
from gridgift.domain.instants import format_instant
from gridgift.domain.resident_history import Kind, Moment
from gridgift.fields import Instant, Uuid, written
from gridgift.http.api.customer_extended import PATH
from gridgift.http.api.customer_page import CUSTOMER
from gridgift.http.edge.answers import ListResponse, PageQuery, list_reply
from gridgift.http.edge.customer_token import CUSTOMER_PAGE, CustomerRequest
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.route import Route
from gridgift.views import CARD_EXAMPLE, ResidentResponse

_EXAMPLE: Final[dict[str, Any]] = {
    "kind": "received",
    "amount": 500,
    "at": "2026-11-22T19:30:00Z",
    "giftCardId": CARD_EXAMPLE["id"],
    "other": {"uuid": "b2c3d4e5-0000-4000-8000-00000000e901", "username": "jo.winter"},
    "until": None,
}


class MomentResponse(Struct, frozen=True, rename="camel"):
    """Something that happened to a resident's card or credit."""

    kind: Kind
    amount: Annotated[int, Meta(description="What it was about, in L$; 0: no sum.")]
    at: Instant
    gift_card_id: Uuid | None
    other: Annotated[
        ResidentResponse | None, Meta(description="From or to whom something went, if known.")
    ]
    until: Annotated[Instant | None, Meta(description="When what is held comes free by itself.")]

    @classmethod
    def of(cls, moment: Moment) -> Self:
        """Show a moment."""
        return cls(
            kind=moment.kind,
            amount=moment.amount,
            at=format_instant(moment.at),
            gift_card_id=moment.card_id,
            other=None if moment.other is None else ResidentResponse.of(moment.other),
            until=written(moment.until),
        )


async def list_own_history(
    request: CustomerRequest[PageQuery, None],
) -> Reply[ListResponse[MomentResponse]]:
    """List what happened to the resident's cards and credit, the newest first."""
    query, store_id, resident = request.query, request.store_id, request.principal.resident
    cursors = request.services.cursors.of(
        f"own history {store_id} {resident.uuid}", resident_history.KEY_TYPES
    )
    page = await request.operations.read(
        resident_history.list_of, store_id, resident.uuid, cursors.read(query.cursor), query.limit
    )
    return list_reply(cursors, page.map(MomentResponse.of), query.limit)


ROUTES: Final = (
    Route(
        "GET",
        f"{PATH}/history",
        CUSTOMER,
        list_own_history,
        tag=CUSTOMER_PAGE,
        summary="What happened to the resident's cards and credit",
        description="The newest first: of the credit the last 2000 changes, and the last 200 of "
        "each of the newest 1000 cards, and of the newest 1000 that were passed on. Of a card only "
        "what happened while it was the resident's. What people of the store wrote is not shown, "
        "nor who of them did something.",
        query=PageQuery,
        answer=ListResponse[MomentResponse],
        example=ListResponse.example(_EXAMPLE),
    ),
)
