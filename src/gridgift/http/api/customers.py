"""A store's customers (contract section 5)."""

from typing import Annotated, Any, Final, Self

from msgspec import Meta, Struct

from gridgift.domain import customers
from gridgift.domain.customers import Customer
from gridgift.domain.instants import format_instant
from gridgift.domain.paging import Page
from gridgift.fields import Instant, Uuid
from gridgift.http.edge.answers import ListResponse, PageQuery, list_reply
from gridgift.http.edge.api_key import ApiKey, KeyRequest
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.route import Route, Tag
from gridgift.views import CARD_EXAMPLE

LARGEST: Final = 2**53 - 1  # what every reader of JSON takes without loss

Sum = Annotated[
    int,
    Meta(
        ge=-LARGEST,
        le=LARGEST,
        description="Only who spent more than this, in L$; who never spent has spent 0.",
        extra={"says": f"must be an integer from {-LARGEST} to {LARGEST}"},
    ),
]


class CustomersQuery(PageQuery, frozen=True, rename="camel"):
    """Which page of a store's customers, and which of them."""

    spent_more_than: Sum | None = None
    news_subscriber: (
        Annotated[bool, Meta(description="Only subscribers of news, who are none, or only others.")]
        | None
    ) = None


class CustomerResponse(Struct, frozen=True, rename="camel"):
    """A resident who got a gift card or credit of the store. Sums are in L$."""

    uuid: Uuid
    username: str
    spent: Annotated[int, Meta(description="What spends and captures took, refunded or not.")]
    credit: Annotated[int, Meta(description="Store credit, free to spend on anything.")]
    restricted_credit: Annotated[int, Meta(description="Store credit for certain purchases.")]
    discount: Annotated[int, Meta(description="In percent; always 0.")]
    news_subscriber: Annotated[bool, Meta(description="Always false.")]
    created_at: Instant

    @classmethod
    def of(cls, customer: Customer) -> Self:
        """Show a customer."""
        return cls(
            customer.uuid,
            customer.username,
            customer.spent,
            customer.credit,
            customer.restricted_credit,
            0,
            False,
            format_instant(customer.created_at),
        )


_EXAMPLE: Final[dict[str, Any]] = {
    "uuid": CARD_EXAMPLE["ownerUuid"],
    "username": CARD_EXAMPLE["ownerUsername"],
    "spent": 1200,
    "credit": 750,
    "restrictedCredit": 0,
    "discount": 0,
    "newsSubscriber": False,
    "createdAt": "2026-11-22T19:30:00Z",
}


async def list_customers(
    request: KeyRequest[CustomersQuery, None],
) -> Reply[ListResponse[CustomerResponse]]:
    """List the store's customers."""
    query, store_id, more_than = request.query, request.store_id, request.query.spent_more_than
    types = customers.KEY_TYPES if more_than is None else customers.KEY_TYPES_BY_SPENT
    cursors = request.services.cursors.of(f"customers {store_id} {more_than}", types)
    position, read = cursors.read(query.cursor), request.services.operations.read
    if query.news_subscriber:
        page = Page[Customer]([], None, None)
    elif more_than is None:
        page = await read(customers.list_of, store_id, position, query.limit)
    else:
        page = await read(customers.list_by_spent, store_id, more_than, position, query.limit)
    return list_reply(cursors, page.map(CustomerResponse.of), query.limit)


ROUTES: Final = (
    Route(
        "GET",
        "/v1/customers",
        ApiKey("customers:read"),
        list_customers,
        tag=Tag("Customers", "Residents who got a gift card or credit of the store."),
        summary="List the store's customers",
        description="In the order of their UUIDs; with spentMoreThan, in the order of what they "
        "spent. The filters combine with AND.",
        query=CustomersQuery,
        answer=ListResponse[CustomerResponse],
        example=ListResponse.example(_EXAMPLE),
    ),
)
