"""The other tabs of the resident's own page: transactions, products and news (contract section 8).

A store has none of them here, so their lists are empty, and what acts on one is refused.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from msgspec import Struct

from gridgift.fields import Text, Uuid
from gridgift.http.api.customer_page import CUSTOMER, CustomerListQuery, empty_list
from gridgift.http.api.store import STORE_EXAMPLE
from gridgift.http.edge.answers import ListResponse
from gridgift.http.edge.customer_token import CUSTOMER_PAGE, CustomerRequest
from gridgift.http.edge.path import UUID_SCHEMA, PathParameter
from gridgift.http.edge.refusals import NewsItemNotAvailable, ProductNotFound
from gridgift.http.edge.reply import NO_STORE, Reply
from gridgift.http.edge.route import AnyRoute, Route

_WHY: Final = "Here, so that a page written for Allomancy's customers works."
_ANY_ID: Final = "019aad3f-4444-7555-8666-777788889999"
# Whatever it is, no post has it.
NEWS_ID: Final[PathParameter[str]] = PathParameter("id", "A post's id.", UUID_SCHEMA, _ANY_ID, str)


class NothingResponse(Struct, frozen=True):
    """A row of a list that gift cards have nothing to do with: there is never one."""


class AboutNews(Struct, frozen=True):
    """What a page may say of news, which its contract leaves open: nothing of it is needed here."""


class UnreadCount(Struct, frozen=True, rename="camel"):
    """How many unread posts a store has."""

    store_id: Uuid
    count: int


class UnreadResponse(Struct, frozen=True, rename="camel"):
    """Unread news, in all and by store."""

    total: int
    by_store: list[UnreadCount]


class RedeliveryRequest(Struct, frozen=True, rename="camel"):
    """Which product to deliver again."""

    product_id: Text


async def list_transactions(
    request: CustomerRequest[CustomerListQuery, None],
) -> Reply[ListResponse[NothingResponse]]:
    """List in-world transactions: none are kept here."""
    return empty_list(request)


async def list_redeliverable_products(
    request: CustomerRequest[CustomerListQuery, None],
) -> Reply[ListResponse[NothingResponse]]:
    """List products to redeliver: none are kept here."""
    return empty_list(request)


async def list_news(
    request: CustomerRequest[CustomerListQuery, None],
) -> Reply[ListResponse[NothingResponse]]:
    """List news: there are none."""
    return empty_list(request)


async def get_unread_news(request: CustomerRequest[None, None]) -> Reply[UnreadResponse]:
    """Count unread news: there are none."""
    return Reply.json(UnreadResponse(0, [UnreadCount(request.store_id, 0)]))


async def redeliver_product(request: CustomerRequest[None, RedeliveryRequest]) -> Reply[None]:
    """Refuse to deliver a product again: none was sold here."""
    raise ProductNotFound(request.body.product_id)


async def request_news_item(request: CustomerRequest[None, AboutNews]) -> Reply[None]:
    """Refuse to hand out an item: there are no news that could have one."""
    raise NewsItemNotAvailable


async def mark_news_seen(request: CustomerRequest[None, AboutNews]) -> Reply[None]:
    """Accept the call; there are no news to mark."""
    return Reply(204, (NO_STORE,))


# What is always refused has no answer of its own, and nothing that could be replayed.
_NEVER_DONE: Final[dict[str, Any]] = {"status": 204, "replayable": False}


def _lists_nothing(
    path: str,
    handler: Callable[
        [CustomerRequest[CustomerListQuery, None]], Awaitable[Reply[ListResponse[NothingResponse]]]
    ],
    noun: str,
) -> AnyRoute:
    """Make the row of a list that is always empty."""
    return Route(
        "GET",
        path,
        CUSTOMER,
        handler,
        tag=CUSTOMER_PAGE,
        summary=f"{noun}: always empty",
        description=_WHY,
        query=CustomerListQuery,
        answer=ListResponse[NothingResponse],
        example=ListResponse.example(),
    )


ROUTES: Final = (
    _lists_nothing("/v1/customer/transactions", list_transactions, "In-world transactions"),
    _lists_nothing(
        "/v1/customer/redelivery/products", list_redeliverable_products, "Products to redeliver"
    ),
    Route(
        "POST",
        "/v1/customer/redelivery",
        CUSTOMER,
        redeliver_product,
        tag=CUSTOMER_PAGE,
        summary="Deliver a product again: always refused",
        description="Gift cards are no products: there is nothing to deliver.",
        body=RedeliveryRequest,
        body_example={"productId": _ANY_ID},
        refusals=(ProductNotFound,),
        **_NEVER_DONE,
    ),
    _lists_nothing("/v1/customer/news", list_news, "News"),
    Route(
        "GET",
        "/v1/customer/news/unread",
        CUSTOMER,
        get_unread_news,
        tag=CUSTOMER_PAGE,
        summary="Unread news: always 0",
        description=_WHY,
        answer=UnreadResponse,
        example={"total": 0, "byStore": [{"storeId": STORE_EXAMPLE["id"], "count": 0}]},
    ),
    Route(
        "POST",
        "/v1/customer/news/{id}/request-item",
        CUSTOMER,
        request_news_item,
        tag=CUSTOMER_PAGE,
        summary="Ask for a post's item: always refused",
        description="There are no news, so no post has an item.",
        path_parameters=(NEWS_ID,),
        body=AboutNews,
        body_required=False,
        body_example={},
        refusals=(NewsItemNotAvailable,),
        **_NEVER_DONE,
    ),
    Route(
        "POST",
        "/v1/customer/news/seen",
        CUSTOMER,
        mark_news_seen,
        tag=CUSTOMER_PAGE,
        summary="Note that news were seen",
        description="There are no news, so nothing is noted.",
        body=AboutNews,
        body_required=False,
        body_example={},
        status=204,
        replayable=False,
    ),
)
