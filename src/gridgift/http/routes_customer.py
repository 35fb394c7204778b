"""The rows of the table for the resident's own page (contract section 8)."""

from typing import Any, Final

from gridgift.domain import failures
from gridgift.http import customer_page, pages
from gridgift.http.customer_schemas import (
    AccountsResponse,
    ContextResponse,
    CustomerGiftCardResponse,
    CustomerListQuery,
    CustomerTransferRequest,
    MintTokenRequest,
    MintTokenResponse,
    ProfileResponse,
    UnreadResponse,
)
from gridgift.http.examples import (
    CARD_EXAMPLE,
    EMPTY_PAGE,
    LOT_EXAMPLE,
    OWN_CARD_EXAMPLE,
    STORE_EXAMPLE,
    page_of,
)
from gridgift.http.route import CUSTOMER, PUBLIC, Route
from gridgift.http.schemas import ListResponse

_BRAND: Final = {"name": STORE_EXAMPLE["name"], "logo": None}
_READ: Final[dict[str, Any]] = {"method": "GET", "scope": CUSTOMER, "tag": "Customer page"}
_NOTHING: Final[dict[str, Any]] = _READ | {
    "query": CustomerListQuery,
    "answer": ListResponse[dict[str, Any]],
    "example": EMPTY_PAGE,
    "refusals": (failures.ValidationFailed, failures.CursorInvalid),
}

CUSTOMER_ROUTES: Final = (
    Route(
        method="GET",
        path="/me",
        scope=PUBLIC,
        handler=pages.get_residents_page,
        tag="Customer page",
        summary="The resident's own page",
        description="For stores that deploy none. It reads the token from its address's fragment, "
        "`#ct=…`; without one it says how to get it.",
        media_type="text/html",
    ),
    Route(
        method="POST",
        path="/v1/customer-tokens",
        scope="customertokens:mint",
        handler=customer_page.mint_customer_token,
        afresh=True,
        tag="Customer page",
        summary="Make a link to a resident's own page",
        description="Whoever has the link may redeem and pass on the resident's cards until it "
        "expires. Each call makes a new one, also with an Idempotency-Key: tokens are not kept.",
        body=MintTokenRequest,
        body_example={"customerIdentifier": "kelly.moonwall"},
        answer=MintTokenResponse,
        example={
            "token": "gct_PAYLOAD.SIGNATURE",
            "url": "https://gifts.example.com/me#ct=gct_PAYLOAD.SIGNATURE",
            "expiresAt": "2026-11-23T19:30:00Z",
        },
        refusals=(failures.IdentifierMalformed, failures.ResidentNotFound),
    ),
    Route(
        path="/v1/customer/profile",
        handler=customer_page.get_profile,
        summary="Whom to greet",
        answer=ProfileResponse,
        example={
            "uuid": CARD_EXAMPLE["ownerUuid"],
            "username": CARD_EXAMPLE["ownerUsername"],
            "pictureUuid": None,
        },
        **_READ,
    ),
    Route(
        path="/v1/customer/context",
        handler=customer_page.get_context,
        summary="Whose page it is",
        answer=ContextResponse,
        example={"brand": _BRAND, "stores": [_BRAND | {"id": STORE_EXAMPLE["id"]}]},
        **_READ,
    ),
    Route(
        path="/v1/customer/account",
        handler=customer_page.get_account,
        summary="The resident's store credit",
        answer=AccountsResponse,
        example={
            "accounts": [
                {
                    "storeId": STORE_EXAMPLE["id"],
                    "credit": 750,
                    "restrictedCredit": 0,
                    "discount": 0,
                    "creditLots": [LOT_EXAMPLE],
                }
            ]
        },
        **_READ,
    ),
    Route(
        path="/v1/customer/giftcards",
        handler=customer_page.list_own_gift_cards,
        summary="The resident's gift cards",
        description="All but those that expired unredeemed.",
        query=CustomerListQuery,
        answer=ListResponse[CustomerGiftCardResponse],
        example=page_of(OWN_CARD_EXAMPLE),
        refusals=(failures.ValidationFailed, failures.CursorInvalid),
        **_READ,
    ),
    Route(
        method="POST",
        path="/v1/customer/giftcards/{id}/redeem",
        scope=CUSTOMER,
        handler=customer_page.redeem_own_gift_card,
        tag="Customer page",
        summary="Turn a gift card into store credit",
        description="No body. The credit keeps the card's expiry.",
        answer=bool,
        example=True,
        refusals=(
            failures.GiftCardNotFound,
            failures.GiftCardRedeemed,
            failures.GiftCardInactive,
            failures.GiftCardExpired,
            failures.GiftCardHeld,
            failures.CreditLimitExceeded,
        ),
    ),
    Route(
        method="POST",
        path="/v1/customer/giftcards/{id}/transfer",
        scope=CUSTOMER,
        handler=customer_page.transfer_own_gift_card,
        tag="Customer page",
        summary="Pass a gift card on",
        description="It can't be undone.",
        body=CustomerTransferRequest,
        body_example={"receiverIdentifier": "jo.winter"},
        answer=bool,
        example=True,
        refusals=(
            failures.IdentifierMalformed,
            failures.GiftCardNotFound,
            failures.ReceiverNotFound,
            failures.ReceiverIsOwner,
            failures.GiftCardRedeemed,
            failures.GiftCardInactive,
            failures.GiftCardExpired,
            failures.GiftCardHeld,
            failures.GiftCardNotTransferable,
        ),
    ),
    Route(
        path="/v1/customer/transactions",
        handler=customer_page.list_transactions,
        summary="In-world transactions: always empty",
        **_NOTHING,
    ),
    Route(
        path="/v1/customer/redelivery/products",
        handler=customer_page.list_redeliverable_products,
        summary="Products to redeliver: always empty",
        **_NOTHING,
    ),
    Route(
        path="/v1/customer/news",
        handler=customer_page.list_news,
        summary="News: always empty",
        **_NOTHING,
    ),
    Route(
        path="/v1/customer/news/unread",
        handler=customer_page.get_unread_news,
        summary="Unread news: always 0",
        answer=UnreadResponse,
        example={"total": 0, "byStore": [{"storeId": STORE_EXAMPLE["id"], "count": 0}]},
        **_READ,
    ),
    Route(
        method="POST",
        path="/v1/customer/news/seen",
        scope=CUSTOMER,
        handler=customer_page.mark_news_seen,
        afresh=True,
        tag="Customer page",
        summary="Note that news were seen",
        status=204,
    ),
)
