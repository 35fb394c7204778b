"""GET /v1/customer/profile, context, account, giftcards, and the lists that stay empty."""

import pytest

from tests.api import KELLY, ApiFixture, problem
from tests.http.checks import one_engine, unchanged
from tests.http.customer_page import CustomerPage
from tests.http.requests import TEXTURE, at, change_credit, ext

EMPTY = {"data": [], "pagination": {"nextCursor": None, "previousCursor": None, "limit": 100}}


@pytest.fixture
def page(api: ApiFixture) -> CustomerPage:
    """Kelly's page."""
    return CustomerPage(api)


@pytest.mark.contract("8.21")
def test_profile(page: CustomerPage) -> None:
    response = page.call("GET", "profile")
    assert response.status_code == 200
    assert response.json() == {"uuid": KELLY.uuid, "username": "kelly", "pictureUuid": None}
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.contract("8.22")
def test_context(api: ApiFixture, page: CustomerPage) -> None:
    api.sql(f"UPDATE stores SET logo = '{TEXTURE}'")
    brand = {"name": "Moonwall Couture", "logo": TEXTURE}
    found = page.call("GET", "context").json()
    assert found == {"brand": brand, "stores": [brand | {"id": api.store.id}]}


@pytest.mark.contract("8.23", "8.24", "8.25", "8.26", "8.27", "8.28", "8.29")
def test_account(api: ApiFixture, page: CustomerPage) -> None:
    account = {"storeId": api.store.id, "credit": 0, "restrictedCredit": 0, "discount": 0}
    nothing = {"accounts": [account | {"creditLots": []}]}
    assert page.call("GET", "account").json() == nothing
    soon, late = at(api, 10), at(api, 20)
    change_credit(api, "deposit", 100)
    change_credit(api, "deposit", 30, expiresAt=late)
    change_credit(api, "deposit", 20, expiresAt=soon)
    change_credit(api, "deposit", 5, expiresAt=late, restricted=True)
    change_credit(api, "spend", 8)
    lots = [
        {"amount": 12, "expiresAt": soon, "restricted": False},
        {"amount": 5, "expiresAt": late, "restricted": True},
        {"amount": 30, "expiresAt": late, "restricted": False},
    ]
    full = account | {"credit": 142, "restrictedCredit": 5, "creditLots": lots}
    assert page.call("GET", "account").json() == {"accounts": [full]}
    api.clock.advance(9.999)
    assert page.call("GET", "account").json() == {"accounts": [full]}
    api.clock.advance(0.001)
    full |= {"credit": 130, "creditLots": lots[1:]}
    assert page.call("GET", "account").json() == {"accounts": [full]}


@pytest.mark.contract("8.30", "8.31", "10.25")
def test_cards_but_expired_ones(api: ApiFixture, page: CustomerPage) -> None:
    end = at(api, 10)
    api.grant("jo.winter")
    plain, dated, used = api.grant(), api.grant(expiresAt=end), api.grant(expiresAt=end)
    off = api.grant()
    api.call("POST", f"/v1/giftcards/{off['id']}/actions/disable")
    page.redeem(used["id"])
    more = {"storeId": api.store.id, "expiresAt": None}
    shown = [
        plain | more,
        dated | more | {"expiresAt": end},
        used | more | {"expiresAt": end, "credit": 0, "redeemed": True},
        off | more | {"active": False},
    ]
    assert page.call("GET", "giftcards").json() == EMPTY | {"data": shown}
    api.clock.advance(9.999)
    assert page.call("GET", "giftcards").json()["data"] == shown
    api.clock.advance(0.001)
    assert page.call("GET", "giftcards").json()["data"] == [shown[0], *shown[2:]]


@pytest.mark.contract("8.30")
def test_pages_of_cards(api: ApiFixture, page: CustomerPage) -> None:
    ids = [api.grant()["id"] for _ in range(5)]
    first = page.call("GET", "giftcards", params={"limit": 3}).json()
    cursor = first["pagination"]["nextCursor"]
    second = page.call("GET", "giftcards", params={"limit": 3, "cursor": cursor}).json()
    assert [card["id"] for card in first["data"] + second["data"]] == ids
    back = {"limit": 3, "cursor": second["pagination"]["previousCursor"]}
    assert page.call("GET", "giftcards", params=back).json()["data"] == first["data"]
    other = CustomerPage(api, "jo.winter").call("GET", "giftcards", params={"cursor": cursor})
    problem(other, 400, "cursor_invalid")
    for wrong in ({"limit": "0"}, {"limit": "x"}, {"storeId": "x"}):
        problem(page.call("GET", "giftcards", params=wrong), 400, "validation_failed")


@pytest.mark.contract("8.30", "8.32")
def test_cards_of_one_store(api: ApiFixture, page: CustomerPage, unknown_id: str) -> None:
    card = api.grant()["id"]
    for store_id in (api.store.id, api.store.id.upper()):
        found = page.call("GET", "giftcards", params={"storeId": store_id}).json()
        assert [shown["id"] for shown in found["data"]] == [card]
    found = page.call("GET", "giftcards", params={"storeId": unknown_id})
    assert found.json() == EMPTY


@pytest.mark.contract("8.46")
@one_engine
@pytest.mark.parametrize("path", ["transactions", "redelivery/products", "news"])
def test_lists_that_stay_empty(page: CustomerPage, path: str) -> None:
    assert page.call("GET", path).json() == EMPTY
    limited = page.call("GET", path, params={"limit": 7}).json()
    assert limited["pagination"]["limit"] == 7
    problem(page.call("GET", path, params={"limit": 0}), 400, "validation_failed")


@pytest.mark.contract("8.47", "8.48")
@one_engine
def test_news(api: ApiFixture, page: CustomerPage) -> None:
    assert page.call("GET", "news/unread").json() == {
        "total": 0, "byStore": [{"storeId": api.store.id, "count": 0}],
    }  # fmt: skip
    for body in (None, {}, {"postIds": ["x"]}):
        response = page.call("POST", "news/seen", json=body)
        assert (response.status_code, response.content) == (204, b"")


@pytest.mark.contract("8.50")
@one_engine
def test_what_other_tabs_ask_for_is_refused(api: ApiFixture, page: CustomerPage) -> None:
    item = "news/019aad3f-4444-7555-8666-777788889999/request-item"
    with unchanged(api):
        for product in ("019aad3f-4444-7555-8666-777788889999", "42"):
            response = page.call("POST", "redelivery", json={"productId": product})
            assert product in problem(response, 400, "product_not_found")["detail"]
        for wrong in ({}, {"productId": ""}, {"productId": None}):
            response = page.call("POST", "redelivery", json=wrong)
            problem(response, 400, "validation_failed")
        for path in (item, "news/x/request-item"):
            problem(page.call("POST", path), 400, "news_item_not_available")


@one_engine
def test_a_hold_does_not_hide_the_credit(api: ApiFixture, page: CustomerPage) -> None:
    card = api.grant(credit=50)
    ext(api, card["id"], "holds", {"amount": 20, "expiresIn": 10})
    (shown,) = page.call("GET", "giftcards").json()["data"]
    assert shown["credit"] == 50
