"""What the resident's own page calls for cards and credit, ``/v1/customer/*`` (section 8)."""

from functools import partial
from typing import Any, Final, Self

from msgspec import Struct

from gridgift.credit_views import LOT_EXAMPLE, LotResponse, lots_of
from gridgift.domain import credit, failures, lists, redemption, stores, transfers
from gridgift.domain.credit import Credit
from gridgift.domain.ids import new_id
from gridgift.domain.lists import PageRequest
from gridgift.domain.model import Store
from gridgift.domain.paging import Page
from gridgift.domain.redemption import RedeemRequest
from gridgift.domain.residents import parse_identifier
from gridgift.fields import Identifier, Uuid
from gridgift.http.api.store import STORE_EXAMPLE
from gridgift.http.edge.answers import ListResponse, PageQuery, batched, list_reply, once
from gridgift.http.edge.customer_token import CUSTOMER_PAGE, CustomerRequest, CustomerToken
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.route import Route
from gridgift.http.parameters import GIFT_CARD_ID
from gridgift.views import CARD_EXAMPLE, CustomerGiftCardResponse

CUSTOMER: Final = CustomerToken()

_BRAND_EXAMPLE: Final = {"name": STORE_EXAMPLE["name"], "logo": None}
_OWN_CARD_EXAMPLE: Final[dict[str, Any]] = CARD_EXAMPLE | {
    "storeId": STORE_EXAMPLE["id"],
    "expiresAt": "2027-11-22T00:00:00Z",
}
_ACCOUNT_EXAMPLE: Final = {
    "storeId": STORE_EXAMPLE["id"],
    "credit": 750,
    "restrictedCredit": 0,
    "discount": 0,
    "creditLots": [LOT_EXAMPLE],
}


class ProfileResponse(Struct, frozen=True, rename="camel"):
    """Whom to greet."""

    uuid: Uuid
    username: str
    picture_uuid: Uuid | None


class BrandResponse(Struct, frozen=True):
    """The name and logo for the page's header."""

    name: str
    logo: Uuid | None


class StoreRefResponse(Struct, frozen=True):
    """A store that items can belong to."""

    id: Uuid
    name: str
    logo: Uuid | None


class ContextResponse(Struct, frozen=True):
    """The brand, and the stores that the customer's things are from."""

    brand: BrandResponse
    stores: list[StoreRefResponse]

    @classmethod
    def of(cls, store: Store) -> Self:
        """Show a store that is its own brand."""
        return cls(
            BrandResponse(store.name, store.logo),
            [StoreRefResponse(store.id, store.name, store.logo)],
        )


class AccountResponse(Struct, frozen=True, rename="camel"):
    """A customer's credit at one store; the discount is in percent."""

    store_id: Uuid
    credit: int
    restricted_credit: int
    discount: int
    credit_lots: list[LotResponse]


class AccountsResponse(Struct, frozen=True):
    """A customer's credit, store by store."""

    accounts: list[AccountResponse]

    @classmethod
    def of(cls, store_id: str, found: Credit) -> Self:
        """Show the credit at one store."""
        lots = lots_of(found)
        return cls([AccountResponse(store_id, found.total, found.restricted, 0, lots)])


class CustomerListQuery(PageQuery, frozen=True, rename="camel"):
    """Which page, and of which store."""

    store_id: Uuid | None = None


class CustomerTransferRequest(Struct, frozen=True, rename="camel"):
    """To whom: a username or an avatar UUID."""

    receiver_identifier: Identifier


async def get_profile(request: CustomerRequest[None, None]) -> Reply[ProfileResponse]:
    """Tell whom the page is for."""
    resident = request.principal.resident
    return Reply.json(ProfileResponse(resident.uuid, resident.username, None))


async def get_context(request: CustomerRequest[None, None]) -> Reply[ContextResponse]:
    """Tell which store the page is of."""
    store = await request.operations.read(stores.read, request.store_id)
    return Reply.json(ContextResponse.of(store))


async def get_account(request: CustomerRequest[None, None]) -> Reply[AccountsResponse]:
    """Read the resident's store credit."""
    store_id, resident = request.store_id, request.principal.resident
    found = await request.operations.read(credit.read, store_id, resident)
    return Reply.json(AccountsResponse.of(store_id, found))


async def list_own_gift_cards(
    request: CustomerRequest[CustomerListQuery, None],
) -> Reply[ListResponse[CustomerGiftCardResponse]]:
    """List the resident's cards but those that expired unredeemed."""
    query, store_id, resident = request.query, request.store_id, request.principal.resident
    if query.store_id is not None and query.store_id.lower() != store_id:
        return empty_list(request)
    listing = f"own giftcards {store_id} {resident.uuid}"
    cursors = request.services.cursors.of(listing, lists.KEY_TYPES)
    position = cursors.read(query.cursor)
    owner, page = await request.operations.read(
        lists.list_shown, store_id, PageRequest(resident.uuid, position, query.limit)
    )
    show = partial(CustomerGiftCardResponse.own, store_id, owner)
    return list_reply(cursors, page.map(show), query.limit)


async def redeem_own_gift_card(request: CustomerRequest[None, None]) -> Reply[bool]:
    """Turn a card into store credit."""
    resident, card_id = request.principal.resident, GIFT_CARD_ID.of(request)
    wanted = RedeemRequest(request.caller, resident, card_id, new_id(), request.if_match())
    return await batched(request, _show_true, redemption.REDEEM_EACH, wanted)


async def transfer_own_gift_card(
    request: CustomerRequest[None, CustomerTransferRequest],
) -> Reply[bool]:
    """Pass a card on."""
    resident, card_id = request.principal.resident, GIFT_CARD_ID.of(request)
    receiver = parse_identifier(request.body.receiver_identifier)
    return await once(
        request,
        _show_true,
        transfers.transfer,
        request.caller,
        resident,
        card_id,
        receiver,
        if_match=request.if_match(),
    )


def empty_list(request: CustomerRequest[CustomerListQuery, None]) -> Reply[ListResponse[Any]]:
    """Answer with a page of a list that has no rows."""
    query = request.query
    cursors = request.services.cursors.of("nothing", ())
    cursors.read(query.cursor)
    return list_reply(cursors, Page[Any]([], None, None), query.limit)


def _show_true(_change: object) -> Reply[bool]:
    return Reply.json(True)


ROUTES: Final = (
    Route(
        "GET",
        "/v1/customer/profile",
        CUSTOMER,
        get_profile,
        tag=CUSTOMER_PAGE,
        summary="Whom to greet",
        description="The resident whose token it is. Gridgift keeps no pictures.",
        answer=ProfileResponse,
        example={
            "uuid": CARD_EXAMPLE["ownerUuid"],
            "username": CARD_EXAMPLE["ownerUsername"],
            "pictureUuid": None,
        },
    ),
    Route(
        "GET",
        "/v1/customer/context",
        CUSTOMER,
        get_context,
        tag=CUSTOMER_PAGE,
        summary="Whose page it is",
        description="The store, which is its own brand here.",
        answer=ContextResponse,
        example={
            "brand": _BRAND_EXAMPLE,
            "stores": [_BRAND_EXAMPLE | {"id": STORE_EXAMPLE["id"]}],
        },
    ),
    Route(
        "GET",
        "/v1/customer/account",
        CUSTOMER,
        get_account,
        tag=CUSTOMER_PAGE,
        summary="The resident's store credit",
        description="At the one store that the token is of. The lots are those with a date, "
        "soonest expiry first.",
        answer=AccountsResponse,
        example={"accounts": [_ACCOUNT_EXAMPLE]},
    ),
    Route(
        "GET",
        "/v1/customer/giftcards",
        CUSTOMER,
        list_own_gift_cards,
        tag=CUSTOMER_PAGE,
        summary="The resident's gift cards",
        description="All but those that expired unredeemed.",
        query=CustomerListQuery,
        answer=ListResponse[CustomerGiftCardResponse],
        example=ListResponse.example(_OWN_CARD_EXAMPLE),
    ),
    Route(
        "POST",
        "/v1/customer/giftcards/{id}/redeem",
        CUSTOMER,
        redeem_own_gift_card,
        tag=CUSTOMER_PAGE,
        summary="Turn a gift card into store credit",
        description="No body. The credit keeps the card's expiry.",
        path_parameters=(GIFT_CARD_ID,),
        answer=bool,
        example=True,
        refusals=(*redemption.REDEEM_REFUSALS, failures.PreconditionFailed),
    ),
    Route(
        "POST",
        "/v1/customer/giftcards/{id}/transfer",
        CUSTOMER,
        transfer_own_gift_card,
        tag=CUSTOMER_PAGE,
        summary="Pass a gift card on",
        description="It can't be undone.",
        path_parameters=(GIFT_CARD_ID,),
        body=CustomerTransferRequest,
        body_example={"receiverIdentifier": "jo.winter"},
        answer=bool,
        example=True,
        refusals=(*transfers.TRANSFER_REFUSALS, failures.PreconditionFailed),
    ),
)
