"""CORS on /v1/customer/*: the store's own page may read the answers, and nobody else's."""

from collections.abc import Callable
from typing import Any

import pytest

from gridgift.caches import REMEMBERED_FOR
from gridgift.domain import stores
from gridgift.domain.failures import ValidationFailed
from gridgift.domain.stores import StoreChanges
from gridgift.http.edge.limits import FAILURES
from gridgift.http.table import ROUTES
from tests.api import ApiFixture, problem
from tests.http.checks import one_engine
from tests.http.customer_page import CustomerPage
from tests.http.requests import other_stores_key

ORIGIN = "https://cards.example.com"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW")
PATHS = ("profile", "giftcards", "giftcards/x/redeem", "giftcards/x/transfer", "news/seen")


@pytest.fixture
def page(api: ApiFixture) -> CustomerPage:
    """Kelly's page, at a store with an origin."""
    api.write(stores.update, api.store.id, StoreChanges(customer_origin=ORIGIN))
    return CustomerPage(api)


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


def preflight(page: CustomerPage, path: str, origin: str = ORIGIN) -> Any:
    """Ask as a browser does before it sends."""
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type,x-customer-token",
    }
    return page.call("OPTIONS", path, token=None, headers=asked)


@pytest.mark.contract("8.8")
@pytest.mark.parametrize("path", PATHS)
def test_preflight(page: CustomerPage, path: str) -> None:
    response = preflight(page, path)
    assert (response.status_code, response.content) == (204, b"")
    readable(response)
    assert {"GET", "POST"} <= set(response.headers["access-control-allow-methods"].split(", "))
    allowed = response.headers["access-control-allow-headers"].lower().split(", ")
    assert {"x-customer-token", "content-type", "idempotency-key"} <= set(allowed)


@pytest.mark.contract("8.7")
@pytest.mark.parametrize(
    "origin", ["https://evil.example.com", "null", f"{ORIGIN}.evil.com", "http://cards.example.com"]
)
def test_other_origins(page: CustomerPage, origin: str) -> None:
    unreadable(preflight(page, "profile", origin))
    response = page.call("GET", "profile", headers={"Origin": origin})
    assert response.status_code == 200
    unreadable(response)


@pytest.mark.contract("8.5", "8.6", "8.9", "8.10", "8.11")
def test_answers_and_refusals_are_readable(
    api: ApiFixture, page: CustomerPage, unknown_id: str
) -> None:
    card, from_page = api.grant()["id"], {"headers": {"Origin": ORIGIN}}
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


PLACES = ("/v1/customer/", "/ext/v1/customer/")
BELOW = sorted({route.path for route in ROUTES if route.path.startswith(PLACES)})
UNKNOWN = (
    "/v1/customer/", "/v1/customer/orders", "/v1/customer/giftcards/", "/v1/customer//x",
    "/ext/v1/customer/", "/ext/v1/customer/orders",
)  # fmt: skip


@pytest.mark.contract("8.5", "8.10", "8.11", "8.54")
@pytest.mark.parametrize("path", [*BELOW, *UNKNOWN])
@one_engine
def test_every_answer_below_the_path_is_readable(page: CustomerPage, path: str) -> None:
    """Whatever the method, and whether or not there is anything at the path."""
    place = path.format(id="x", identifier="x")
    for method in METHODS:
        for token in (page.token, None, "x"):
            headers = {"Origin": ORIGIN}
            response = page.call(method, place, token=token, headers=headers)
            if path in UNKNOWN and method != "HEAD":
                problem(response, 404, "path_not_found")
            readable(response)
            headers["Origin"] = "https://evil.example.com"
            unreadable(page.call(method, place, token=token, headers=headers))
    assert preflight(page, place).status_code == 204
    readable(preflight(page, place))


@pytest.mark.contract("8.7")
@pytest.mark.parametrize("path", ["/v1/customer", "/v1/customers/", "/v1/x", "/"])
@one_engine
def test_no_other_answer_is(api: ApiFixture, page: CustomerPage, path: str) -> None:
    for method in METHODS:
        response = api.call(method, path, headers={"Origin": ORIGIN})
        assert "access-control-allow-origin" not in response.headers


@pytest.mark.contract("8.9", "8.10")
def test_retry_after_is_visible(make_api: Callable[..., ApiFixture]) -> None:
    api = make_api(rate_limit=1200, token_rate_limit=1)
    api.write(stores.update, api.store.id, StoreChanges(customer_origin=ORIGIN))
    page = CustomerPage(api)
    page.call("GET", "profile")
    response = page.call("GET", "profile", headers={"Origin": ORIGIN})
    problem(response, 429, "rate_limited")
    assert response.headers["retry-after"] == "60"
    readable(response)


@pytest.mark.contract("8.7")
def test_another_stores_origin(api: ApiFixture, page: CustomerPage) -> None:
    other = CustomerPage(api, key=other_stores_key(api, "customertokens:mint"))
    unreadable(other.call("GET", "profile", headers={"Origin": ORIGIN}))


def test_an_origin_that_was_changed_counts_within_five_seconds(
    api: ApiFixture, page: CustomerPage
) -> None:
    readable(page.call("GET", "profile", headers={"Origin": ORIGIN}))
    api.write(stores.update, api.store.id, StoreChanges(customer_origin=None))
    api.clock.advance(5)
    unreadable(page.call("GET", "profile", headers={"Origin": ORIGIN}))


def test_the_rest_of_the_api_has_none(api: ApiFixture, page: CustomerPage) -> None:
    response = api.call("GET", "/v1/store", headers={"Origin": ORIGIN})
    assert "access-control-allow-origin" not in response.headers
    path = "/v1/customer-tokens"
    response = api.call("OPTIONS", path, headers={"Origin": ORIGIN})
    assert "access-control-allow-origin" not in response.headers


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The look-ups of origins, as they come."""
    found: list[str] = []

    def listen(name: str, look_up: Callable[..., Any]) -> None:
        def heard(tx: Any, what: str) -> Any:
            found.append(f"{name} {what}")
            return look_up(tx, what)

        monkeypatch.setattr(stores, name, heard)

    listen("is_origin", stores.is_origin)
    listen("origin_of", stores.origin_of)
    return found


def limited_page(make_api: Callable[..., ApiFixture]) -> CustomerPage:
    api = make_api(rate_limit=1200, token_rate_limit=1000)
    api.write(stores.update, api.store.id, StoreChanges(customer_origin=ORIGIN))
    return CustomerPage(api)


@pytest.mark.contract("8.8")
def test_preflights_from_many_origins_are_limited_by_their_address(
    make_api: Callable[..., ApiFixture], asked: list[str]
) -> None:
    page = limited_page(make_api)
    origins = [f"https://{number}.example.org" for number in range(FAILURES + 20)]
    answers = [preflight(page, "profile", origin) for origin in origins]
    assert [answer.status_code for answer in answers] == [204] * FAILURES + [429] * 20
    assert len(asked) == FAILURES + 1
    for answer in answers:
        unreadable(answer)
    refused = problem(answers[-1], 429, "rate_limited")
    assert int(answers[-1].headers["retry-after"]) == refused["retryAfter"] == 1
    assert page.call("GET", "profile").status_code == 200
    page.api.clock.advance(60)
    readable(preflight(page, "profile"))


def test_the_stores_own_page_is_not_counted(
    make_api: Callable[..., ApiFixture], asked: list[str]
) -> None:
    page = limited_page(make_api)
    for _ in range(FAILURES + 20):
        readable(preflight(page, "profile"))
        page.api.clock.advance(REMEMBERED_FOR + 0.1)
    assert asked == [f"is_origin {ORIGIN}"] * (FAILURES + 20)


def test_whatever_origin_comes_with_a_token_the_stores_own_is_looked_up(
    make_api: Callable[..., ApiFixture], asked: list[str]
) -> None:
    page = limited_page(make_api)
    for number in range(FAILURES + 20):
        headers = {"Origin": f"https://{number}.example.org"}
        unreadable(page.call("GET", "profile", headers=headers))
    readable(page.call("GET", "profile", headers={"Origin": ORIGIN}))
    assert set(asked) == {f"origin_of {page.api.store.id}"}
    assert len(asked) <= 3  # PostgreSQL tells of the store's change a little later


def test_an_origin_that_is_too_long_is_nobodys(page: CustomerPage, asked: list[str]) -> None:
    origin = "https://" + "x" * 260
    with pytest.raises(ValidationFailed):
        page.api.write(stores.update, page.api.store.id, StoreChanges(customer_origin=origin))
    for headers in ({"Origin": origin}, {"Origin": origin, "X-Customer-Token": "wrong"}):
        unreadable(page.call("GET", "profile", token=None, headers=headers))
    unreadable(preflight(page, "profile", origin))
    assert asked == []
