"""CORS on /v1/customer/*: the store's own page may read the answers, and nobody else's."""

from collections.abc import Callable
from typing import Any

import pytest

from gridgift.domain import stores
from gridgift.domain.stores import StoreChanges
from tests.http.scene import Page, other_stores_key
from tests.shop import Shop, problem

ORIGIN = "https://cards.example.com"
PATHS = ("profile", "giftcards", "giftcards/x/redeem", "giftcards/x/transfer", "news/seen")


@pytest.fixture
def page(shop: Shop) -> Page:
    """Kelly's page, at a store with an origin."""
    shop.write(stores.update, shop.store.id, StoreChanges(customer_origin=ORIGIN))
    return Page(shop)


def readable(response: Any, origin: str = ORIGIN) -> None:
    """Assert that a page on the origin may read the answer, and when to come again."""
    assert response.headers["access-control-allow-origin"] == origin
    assert "Origin" in response.headers["vary"]
    exposed = response.headers["access-control-expose-headers"].split(", ")
    assert {"Retry-After", "X-Request-Id"} <= set(exposed)
    assert "access-control-allow-credentials" not in response.headers


def unreadable(response: Any) -> None:
    """Assert that no page on another origin may read the answer."""
    assert "access-control-allow-origin" not in response.headers
    assert "Origin" in response.headers["vary"]


def preflight(page: Page, path: str, origin: str = ORIGIN) -> Any:
    """Ask as a browser does before it sends."""
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type,x-customer-token",
    }
    return page.call("OPTIONS", path, token=None, headers=asked)


@pytest.mark.contract("8.4")
@pytest.mark.parametrize("path", PATHS)
def test_preflight(page: Page, path: str) -> None:
    response = preflight(page, path)
    assert (response.status_code, response.content) == (204, b"")
    readable(response)
    assert {"GET", "POST"} <= set(response.headers["access-control-allow-methods"].split(", "))
    allowed = response.headers["access-control-allow-headers"].lower().split(", ")
    assert {"x-customer-token", "content-type", "idempotency-key"} <= set(allowed)


@pytest.mark.contract("8.3")
@pytest.mark.parametrize(
    "origin", ["https://evil.example.com", "null", f"{ORIGIN}.evil.com", "http://cards.example.com"]
)
def test_other_origins(page: Page, origin: str) -> None:
    unreadable(preflight(page, "profile", origin))
    response = page.call("GET", "profile", headers={"Origin": origin})
    assert response.status_code == 200
    unreadable(response)


@pytest.mark.contract("8.3")
def test_answers_and_refusals_are_readable(shop: Shop, page: Page, unknown_id: str) -> None:
    card, from_page = shop.grant()["id"], {"headers": {"Origin": ORIGIN}}
    readable(page.call("GET", "profile", **from_page))
    readable(page.redeem(card, **from_page))
    for response, status, code in (
        (page.redeem(card, **from_page), 400, "gift_card_redeemed"),
        (page.redeem(unknown_id, **from_page), 404, "gift_card_not_found"),
        (page.call("GET", "profile", token="x", **from_page), 401, "customer_token_invalid"),
        (page.call("GET", "profile", token=None, **from_page), 401, "customer_token_invalid"),
        (page.call("DELETE", "profile", **from_page), 405, "method_not_allowed"),
        (page.transfer(card, None, **from_page), 400, "validation_failed"),
    ):
        problem(response, status, code)
        readable(response)


@pytest.mark.contract("8.4", "8.9")
def test_retry_after_is_visible(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop(rate_limit=1200, token_rate_limit=1)
    shop.write(stores.update, shop.store.id, StoreChanges(customer_origin=ORIGIN))
    page = Page(shop)
    page.call("GET", "profile")
    response = page.call("GET", "profile", headers={"Origin": ORIGIN})
    problem(response, 429, "rate_limited")
    assert response.headers["retry-after"] == "60"
    readable(response)


@pytest.mark.contract("8.3")
def test_another_stores_origin(shop: Shop, page: Page) -> None:
    other = Page(shop, key=other_stores_key(shop, "customertokens:mint"))
    unreadable(other.call("GET", "profile", headers={"Origin": ORIGIN}))


def test_an_origin_that_was_changed_counts_within_five_seconds(shop: Shop, page: Page) -> None:
    readable(page.call("GET", "profile", headers={"Origin": ORIGIN}))
    shop.write(stores.update, shop.store.id, StoreChanges(customer_origin=None))
    shop.clock.advance(5)
    unreadable(page.call("GET", "profile", headers={"Origin": ORIGIN}))


def test_the_rest_of_the_api_has_none(shop: Shop, page: Page) -> None:
    response = shop.call("GET", "/v1/store", headers={"Origin": ORIGIN})
    assert "access-control-allow-origin" not in response.headers
    path = "/v1/customer-tokens"
    response = shop.call("OPTIONS", path, headers={"Origin": ORIGIN})
    assert "access-control-allow-origin" not in response.headers
