"""GET /v1/customers/{identifier}/giftcards. Pages are in test_pagination.py."""

import pytest

from tests.http.scene import one_engine, other_stores_key
from tests.shop import JO, KELLY, Shop, problem

PATH = f"/v1/customers/{KELLY.username}/giftcards"


def ids(shop: Shop, query: str = "", **options: str) -> list[str]:
    """List a customer's cards and return their ids."""
    response = shop.call("GET", f"{PATH}?{query}", **options)
    assert response.status_code == 200, response.text
    return [card["id"] for card in response.json()["data"]]


@pytest.mark.contract("4.1", "6.1", "6.6")
def test_lists_a_customers_cards(shop: Shop) -> None:
    first, second = shop.grant(credit=1), shop.grant(credit=2, transfer=True)
    shop.grant(JO.username)
    response = shop.call("GET", PATH, key=shop.add_key("giftcards:read").key)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.json() == {
        "data": [first, second],
        "pagination": {"nextCursor": None, "previousCursor": None, "limit": 100},
    }


@pytest.mark.contract("5.4")
def test_a_known_resident_without_cards(shop: Shop) -> None:
    response = shop.call("GET", PATH)
    assert response.status_code == 200
    assert response.json() == {
        "data": [],
        "pagination": {"nextCursor": None, "previousCursor": None, "limit": 100},
    }


@pytest.mark.contract("1.9")
def test_another_stores_cards_are_not_listed(shop: Shop) -> None:
    card = shop.grant()
    assert ids(shop, key=other_stores_key(shop, "giftcards:read")) == []
    assert ids(shop) == [card["id"]]


@pytest.mark.contract("6.8")
def test_filters_combine_with_and(shop: Shop) -> None:
    plain, off, spent, off_and_spent = (shop.grant()["id"] for _ in range(4))
    for card in (off, off_and_spent):
        shop.call("POST", f"/v1/giftcards/{card}/actions/disable")
    for card in (spent, off_and_spent):
        shop.redeem(card)
    assert ids(shop) == [plain, off, spent, off_and_spent]
    assert ids(shop, "active=true") == [plain, spent]
    assert ids(shop, "active=false") == [off, off_and_spent]
    assert ids(shop, "redeemed=true") == [spent, off_and_spent]
    assert ids(shop, "redeemed=false") == [plain, off]
    assert ids(shop, "active=true&redeemed=true") == [spent]
    assert ids(shop, "active=true&redeemed=false") == [plain]
    assert ids(shop, "active=false&redeemed=true") == [off_and_spent]
    assert ids(shop, "active=false&redeemed=false") == [off]


@pytest.mark.contract("6.21")
@one_engine
def test_booleans_in_any_letter_case(shop: Shop) -> None:
    card = shop.grant()["id"]
    for true in ("true", "TRUE", "True", "tRuE", "%74rue"):
        assert ids(shop, f"active={true}") == [card]
    for false in ("false", "FALSE", "fAlse"):
        assert ids(shop, f"active={false}") == []


@pytest.mark.contract("3.8", "6.21")
@pytest.mark.parametrize("name", ["active", "redeemed"])
@pytest.mark.parametrize("text", ["maybe", "", "1", "0", "yes", "null", "true%20", "truе", "%00"])
@one_engine
def test_what_is_no_boolean(shop: Shop, name: str, text: str) -> None:
    body = problem(shop.call("GET", f"{PATH}?{name}={text}"), 400, "validation_failed")
    assert body["errors"] == {name: ["must be true or false"]}


@pytest.mark.contract("3.8")
@one_engine
def test_one_answer_names_every_wrong_parameter(shop: Shop) -> None:
    response = shop.call("GET", f"{PATH}?limit=0&active=maybe&redeemed=&cursor=1")
    assert problem(response, 400, "validation_failed")["errors"].keys() == {
        "limit",
        "active",
        "redeemed",
    }


@pytest.mark.parametrize("name", ["limit", "cursor", "active", "redeemed"])
@one_engine
def test_a_parameter_that_is_there_twice(shop: Shop, name: str) -> None:
    response = shop.call("GET", f"{PATH}?{name}=1&{name}=1")
    assert name in problem(response, 400, "validation_failed")["errors"]


@one_engine
def test_queries_that_cannot_be_read(shop: Shop) -> None:
    for query in ("limit=%FF", "&".join(f"x{n}=1" for n in range(200))):
        problem(shop.call("GET", f"{PATH}?{query}"), 400, "validation_failed")


@one_engine
def test_unknown_parameters_are_ignored(shop: Shop) -> None:
    assert ids(shop, "sort=credit&Limit=0&limit=5") == []


@pytest.mark.contract("5.3", "6.6")
def test_unknown_resident(shop: Shop) -> None:
    for unknown in ("nobody", "nobody.atall", "5c7a8d3e-0000-4000-8000-000000000001"):
        response = shop.call("GET", f"/v1/customers/{unknown}/giftcards")
        assert unknown in problem(response, 404, "resident_not_found")["detail"]


@pytest.mark.contract("2.18", "2.19", "6.6")
def test_missing_scope(shop: Shop) -> None:
    key = shop.add_key("giftcards:write", "customers:read").key
    body = problem(shop.call("GET", PATH, key=key), 403, "scope_missing")
    assert "giftcards:read" in body["detail"]
