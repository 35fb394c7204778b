"""The table of the whole API. It drives routing, scopes, decoding, OpenAPI and the reference."""

from typing import Any, Final

from gridgift.domain import failures
from gridgift.http import giftcards, health, pages, refusals, stores
from gridgift.http.endpoint import Endpoint
from gridgift.http.examples import CARD_EXAMPLE, STORE_EXAMPLE, page_of
from gridgift.http.route import PUBLIC, Route
from gridgift.http.routes_customer import CUSTOMER_ROUTES
from gridgift.http.routes_extension import EXTENSION_ROUTES
from gridgift.http.schemas import (
    GiftCardResponse,
    GiftCardsQuery,
    GrantGiftCardRequest,
    HealthResponse,
    ListResponse,
    StoreResponse,
    UpdateGiftCardRequest,
)
from gridgift.http.services import Services

ROUTES: Final = (
    Route(
        method="GET",
        path="/v1/giftcards/{id}",
        scope="giftcards:read",
        handler=giftcards.get_gift_card,
        tag="Gift cards",
        summary="Read a gift card",
        description="With If-None-Match and the card's present ETag the answer is 304.",
        answer=GiftCardResponse,
        example=CARD_EXAMPLE,
        etag=True,
        refusals=(failures.GiftCardNotFound,),
    ),
    Route(
        method="PUT",
        path="/v1/giftcards/{id}",
        scope="giftcards:write",
        handler=giftcards.update_gift_card,
        tag="Gift cards",
        summary="Replace a gift card's fields",
        description="Replaces credit, texture, transfer and active, all four: an omitted one is "
        "set to its default (0, null, false, false), not left. With If-Match the card must still "
        "have that ETag.",
        body=UpdateGiftCardRequest,
        body_example={"credit": 250, "texture": None, "transfer": True, "active": True},
        answer=GiftCardResponse,
        example=CARD_EXAMPLE | {"credit": 250},
        etag=True,
        refusals=(
            failures.ValidationFailed,
            failures.GiftCardNotFound,
            failures.GiftCardRedeemed,
            failures.GiftCardHeld,
            failures.PreconditionFailed,
        ),
    ),
    Route(
        method="GET",
        path="/v1/store",
        scope="store:read",
        handler=stores.get_store,
        tag="Store",
        summary="Read the store",
        description="The store that the key belongs to.",
        answer=StoreResponse,
        example=STORE_EXAMPLE,
        refusals=(failures.StoreNotFound,),
    ),
    Route(
        method="GET",
        path="/v1/customers/{identifier}/giftcards",
        scope="giftcards:read",
        handler=giftcards.list_gift_cards,
        tag="Gift cards",
        summary="List a customer's gift cards",
        description="Oldest first. The filters combine with AND. A known resident without cards "
        "at this store has an empty list.",
        query=GiftCardsQuery,
        answer=ListResponse[GiftCardResponse],
        example=page_of(CARD_EXAMPLE),
        refusals=(
            failures.ValidationFailed,
            failures.IdentifierMalformed,
            failures.CursorInvalid,
            failures.ResidentNotFound,
        ),
    ),
    Route(
        method="POST",
        path="/v1/customers/{identifier}/actions/grant-gift-card",
        scope="giftcards:write",
        handler=giftcards.grant_gift_card,
        tag="Gift cards",
        summary="Grant a gift card",
        description="The resident becomes the store's customer.",
        body=GrantGiftCardRequest,
        body_example={"credit": 500, "transfer": True},
        answer=GiftCardResponse,
        example=CARD_EXAMPLE,
        etag=True,
        refusals=(
            failures.ValidationFailed,
            failures.IdentifierMalformed,
            failures.ResidentNotFound,
        ),
    ),
    Route(
        method="POST",
        path="/v1/giftcards/{id}/actions/disable",
        scope="giftcards:write",
        handler=giftcards.disable_gift_card,
        tag="Gift cards",
        summary="Disable a gift card",
        description="No body. A card that is inactive already stays as it is.",
        answer=GiftCardResponse,
        example=CARD_EXAMPLE | {"active": False},
        etag=True,
        refusals=(
            failures.GiftCardNotFound,
            failures.GiftCardRedeemed,
            failures.PreconditionFailed,
        ),
    ),
    *CUSTOMER_ROUTES,
    *EXTENSION_ROUTES,
    Route(
        method="GET",
        path="/healthz",
        scope=PUBLIC,
        handler=health.get_health,
        tag="Health",
        summary="Is the server alive",
        answer=HealthResponse,
        example={"status": "alive"},
    ),
    Route(
        method="GET",
        path="/readyz",
        scope=PUBLIC,
        handler=health.get_readiness,
        tag="Health",
        summary="Can the server serve",
        description="The database is reachable and has this version's schema.",
        answer=HealthResponse,
        example={"status": "ready"},
    ),
    Route(
        method="GET",
        path="/metrics",
        scope=PUBLIC,
        handler=health.get_metrics,
        tag="Health",
        summary="Counts for Prometheus",
        description="How many requests were answered, how, and within how many seconds. There only "
        "if the operator set a token, which is sent as Authorization: Bearer.",
        media_type="text/plain",
        refusals=(refusals.MetricsTokenInvalid, refusals.PathNotFound),
    ),
    Route(
        method="GET",
        path="/",
        scope=PUBLIC,
        handler=pages.get_home,
        tag="Documentation",
        summary="Go to the reference",
        media_type="text/html",
        status=307,
    ),
    Route(
        method="GET",
        path="/docs",
        scope=PUBLIC,
        handler=pages.get_reference,
        tag="Documentation",
        summary="The interactive reference",
        media_type="text/html",
    ),
    Route(
        method="GET",
        path="/openapi.json",
        scope=PUBLIC,
        handler=pages.get_openapi,
        tag="Documentation",
        summary="This document",
        answer=dict[str, Any],
    ),
    Route(
        method="GET",
        path="/errors",
        scope=PUBLIC,
        handler=pages.get_errors,
        tag="Documentation",
        summary="All error codes",
        media_type="text/html",
    ),
    Route(
        method="GET",
        path="/errors/{code}",
        scope=PUBLIC,
        handler=pages.get_error,
        tag="Documentation",
        summary="What an error code means",
        media_type="text/html",
    ),
)


def endpoints(services: Services, table: tuple[Route, ...] = ROUTES) -> dict[str, Endpoint]:
    """Make one endpoint per path, which knows the path's methods."""
    paths: dict[str, dict[str, Route]] = {}
    for route in table:
        methods = paths.setdefault(route.path, {})
        if route.method in methods:
            raise ValueError(f"{route.method} {route.path} is there twice")
        methods[route.method] = route
    return {path: Endpoint(services, path, routes) for path, routes in paths.items()}
