"""GET /v1/customer/profile, context, account, giftcards, and the lists that stay empty."""

import pytest

from tests.http.scene import TEXTURE, Page, at, change_credit, ext, one_engine
from tests.shop import KELLY, Shop, problem

EMPTY = {"data": [], "pagination": {"nextCursor": None, "previousCursor": None, "limit": 100}}


@pytest.fixture
def page(shop: Shop) -> Page:
    """Kelly's page."""
    return Page(shop)


@pytest.mark.contract("8.10")
def test_profile(page: Page) -> None:
    response = page.call("GET", "profile")
    assert response.status_code == 200
    assert response.json() == {"uuid": KELLY.uuid, "username": "kelly", "pictureUuid": None}
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.contract("8.11")
def test_context(shop: Shop, page: Page) -> None:
    shop.sql(f"UPDATE stores SET logo = '{TEXTURE}'")
    brand = {"name": "Moonwall Couture", "logo": TEXTURE}
    found = page.call("GET", "context").json()
    assert found == {"brand": brand, "stores": [brand | {"id": shop.store.id}]}


@pytest.mark.contract("8.12", "8.13", "8.14")
def test_account(shop: Shop, page: Page) -> None:
    account = {"storeId": shop.store.id, "credit": 0, "restrictedCredit": 0, "discount": 0}
    nothing = {"accounts": [account | {"creditLots": []}]}
    assert page.call("GET", "account").json() == nothing
    soon, late = at(shop, 10), at(shop, 20)
    change_credit(shop, "deposit", 100)
    change_credit(shop, "deposit", 30, expiresAt=late)
    change_credit(shop, "deposit", 20, expiresAt=soon)
    change_credit(shop, "deposit", 5, expiresAt=late, restricted=True)
    change_credit(shop, "spend", 8)
    lots = [
        {"amount": 12, "expiresAt": soon, "restricted": False},
        {"amount": 5, "expiresAt": late, "restricted": True},
        {"amount": 30, "expiresAt": late, "restricted": False},
    ]
    full = account | {"credit": 142, "restrictedCredit": 5, "creditLots": lots}
    assert page.call("GET", "account").json() == {"accounts": [full]}
    shop.clock.advance(9.999)
    assert page.call("GET", "account").json() == {"accounts": [full]}
    shop.clock.advance(0.001)
    full |= {"credit": 130, "creditLots": lots[1:]}
    assert page.call("GET", "account").json() == {"accounts": [full]}


@pytest.mark.contract("8.15", "8.16")
def test_cards_but_expired_ones(shop: Shop, page: Page) -> None:
    end = at(shop, 10)
    shop.grant("jo.winter")
    plain, dated, used = shop.grant(), shop.grant(expiresAt=end), shop.grant(expiresAt=end)
    off = shop.grant()
    shop.call("POST", f"/v1/giftcards/{off['id']}/actions/disable")
    page.redeem(used["id"])
    more = {"storeId": shop.store.id, "expiresAt": None}
    shown = [
        plain | more,
        dated | more | {"expiresAt": end},
        used | more | {"expiresAt": end, "credit": 0, "redeemed": True},
        off | more | {"active": False},
    ]
    assert page.call("GET", "giftcards").json() == EMPTY | {"data": shown}
    shop.clock.advance(9.999)
    assert page.call("GET", "giftcards").json()["data"] == shown
    shop.clock.advance(0.001)
    assert page.call("GET", "giftcards").json()["data"] == [shown[0], *shown[2:]]


@pytest.mark.contract("8.15")
def test_pages_of_cards(shop: Shop, page: Page) -> None:
    ids = [shop.grant()["id"] for _ in range(5)]
    first = page.call("GET", "giftcards", params={"limit": 3}).json()
    cursor = first["pagination"]["nextCursor"]
    second = page.call("GET", "giftcards", params={"limit": 3, "cursor": cursor}).json()
    assert [card["id"] for card in first["data"] + second["data"]] == ids
    back = {"limit": 3, "cursor": second["pagination"]["previousCursor"]}
    assert page.call("GET", "giftcards", params=back).json()["data"] == first["data"]
    other = Page(shop, "jo.winter").call("GET", "giftcards", params={"cursor": cursor})
    problem(other, 400, "cursor_invalid")
    for wrong in ({"limit": "0"}, {"limit": "x"}, {"storeId": "x"}):
        problem(page.call("GET", "giftcards", params=wrong), 400, "validation_failed")


@pytest.mark.contract("8.15")
def test_cards_of_one_store(shop: Shop, page: Page, unknown_id: str) -> None:
    card = shop.grant()["id"]
    for store_id in (shop.store.id, shop.store.id.upper()):
        found = page.call("GET", "giftcards", params={"storeId": store_id}).json()
        assert [shown["id"] for shown in found["data"]] == [card]
    found = page.call("GET", "giftcards", params={"storeId": unknown_id})
    assert found.json() == EMPTY


@one_engine
@pytest.mark.contract("8.22")
@pytest.mark.parametrize("path", ["transactions", "redelivery/products", "news"])
def test_lists_that_stay_empty(page: Page, path: str) -> None:
    assert page.call("GET", path).json() == EMPTY
    limited = page.call("GET", path, params={"limit": 7}).json()
    assert limited["pagination"]["limit"] == 7
    problem(page.call("GET", path, params={"limit": 0}), 400, "validation_failed")


@one_engine
@pytest.mark.contract("8.23", "8.24")
def test_news(shop: Shop, page: Page) -> None:
    assert page.call("GET", "news/unread").json() == {
        "total": 0, "byStore": [{"storeId": shop.store.id, "count": 0}],
    }  # fmt: skip
    for body in (None, {}, {"postIds": ["x"]}):
        response = page.call("POST", "news/seen", json=body)
        assert (response.status_code, response.content) == (204, b"")


@one_engine
def test_a_hold_does_not_hide_the_credit(shop: Shop, page: Page) -> None:
    card = shop.grant(credit=50)
    ext(shop, card["id"], "holds", {"amount": 20, "expiresIn": 10})
    (shown,) = page.call("GET", "giftcards").json()["data"]
    assert shown["credit"] == 50
