"""Searching a store's customers, and one of them whole (contract section 10)."""

from typing import Annotated, Any, Final

from msgspec import Meta

from gridgift.customer_views import SORTS, CardsOfCustomer, FoundCustomer, WholeCustomer, wanted_by
from gridgift.domain import customer_search, failures, residents
from gridgift.domain.paging import Page
from gridgift.fields import UUID_PATTERN
from gridgift.http.api.reports import only_one
from gridgift.http.edge.answers import ListResponse, PageQuery, list_reply
from gridgift.http.edge.api_key import ApiKey, KeyRequest
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.route import Route, Tag
from gridgift.http.parameters import IDENTIFIER
from gridgift.views import CARD_EXAMPLE

TAG: Final = Tag("Customers, extended", "A store's customers: searched, sorted, and one of them.")
PATH: Final = "/ext/v1/customers"
READ: Final = ApiKey("customers:read")
Sort = Annotated[
    str,
    Meta(
        description="By store credit, those who have any; by when they were last granted a card, "
        "those who were; by how many cards they have now, those who have some; or by when anything "
        "happened last to their cards or credit; that something expired does not count. With a "
        "minus the most, or the latest, first.",
        extra={
            "says": f"must be one of {', '.join(SORTS)}",
            "parse": lambda text: text if text in SORTS else None,
        },
        extra_json_schema={"enum": [*SORTS]},
    ),
]


class FindQuery(PageQuery, frozen=True):
    """Which page of the store's customers, which of them, and in which order."""

    search: Annotated[
        str,
        Meta(
            description="The beginning of a username, or a UUID; empty: everybody.",
            extra_json_schema={"pattern": f"{residents.PREFIX_PATTERN}|{UUID_PATTERN}"},
        ),
    ] = ""
    sort: Sort | None = None


_ROW: Final[dict[str, Any]] = {
    "uuid": CARD_EXAMPLE["ownerUuid"],
    "username": CARD_EXAMPLE["ownerUsername"],
    "credit": 750,
    "restrictedCredit": 0,
    "spent": 1200,
    "createdAt": "2026-11-22T19:30:00Z",
    "lastCardAt": "2026-11-24T08:15:00Z",
}
_WHOLE: Final[dict[str, Any]] = _ROW | {
    "giftCards": {"count": 3, "usable": 2, "credit": 900, "capped": False}
}


async def find_customers(
    request: KeyRequest[FindQuery, None],
) -> Reply[ListResponse[FoundCustomer]]:
    """Search the store's customers, or sort them."""
    query, store_id, read = request.query, request.store_id, request.operations.read
    uuid, prefix = customer_search.read_search(query.search)
    wanted = wanted_by(prefix, query.sort)
    name = f"found {store_id} {wanted.order} {wanted.descending} {uuid or prefix}"
    cursors = request.services.cursors.of(name, wanted.key_types)
    position = cursors.read(query.cursor)
    if uuid is not None:
        page = Page(await read(customer_search.by_uuid, store_id, uuid), None, None)
    elif wanted.is_over_all:
        with only_one(request):
            page = await request.operations.snapshot(
                customer_search.list_of, store_id, wanted, position, query.limit
            )
    else:
        page = await read(customer_search.list_of, store_id, wanted, position, query.limit)
    return list_reply(cursors, page.map(FoundCustomer.of), query.limit)


async def get_customer(request: KeyRequest[None, None]) -> Reply[WholeCustomer]:
    """Read one customer."""
    found, cards = await request.operations.read(
        customer_search.read, request.store_id, IDENTIFIER.of(request)
    )
    return Reply.json(WholeCustomer.of(found, gift_cards=CardsOfCustomer.of(cards)))


ROUTES: Final = (
    Route(
        "GET",
        PATH,
        READ,
        find_customers,
        tag=TAG,
        summary="Search the store's customers, or sort them",
        description="Without either, in the order of their UUIDs; a search by username alone in "
        "the order of usernames. A page of a search, or by lastCard, may have fewer customers than "
        "its limit, and another one after it. By cards and by lastActivity, and for a search that "
        "is sorted, all of the store's cards or customers are looked at for each page, which takes "
        "seconds where there are a million: as with reports, a server process makes one of a store "
        "at a time.",
        query=FindQuery,
        answer=ListResponse[FoundCustomer],
        example=ListResponse.example(_ROW),
    ),
    Route(
        "GET",
        f"{PATH}/{{identifier}}",
        READ,
        get_customer,
        tag=TAG,
        summary="Read a customer",
        description="With what the store credit and the gift cards amount to.",
        path_parameters=(IDENTIFIER,),
        answer=WholeCustomer,
        example=_WHOLE,
        refusals=(failures.CustomerNotFound,),
    ),
)
