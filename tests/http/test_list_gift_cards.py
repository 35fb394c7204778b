"""GET /v1/customers/{identifier}/giftcards. Pages are in test_pagination.py."""

import pytest

from tests.api import JO, KELLY, ApiFixture, problem
from tests.http.checks import one_engine
from tests.http.requests import other_stores_key

PATH = f"/v1/customers/{KELLY.username}/giftcards"


def ids(api: ApiFixture, query: str = "", **options: str) -> list[str]:
    """List a customer's cards and return their ids."""
    response = api.call("GET", f"{PATH}?{query}", **options)
    assert response.status_code == 200, response.text
    return [card["id"] for card in response.json()["data"]]


@pytest.mark.contract("4.1", "6.1", "6.6")
def test_lists_a_customers_cards(api: ApiFixture) -> None:
    first, second = api.grant(credit=1), api.grant(credit=2, transfer=True)
    api.grant(JO.username)
    response = api.call("GET", PATH, key=api.add_key("giftcards:read").key)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.json() == {
        "data": [first, second],
        "pagination": {"nextCursor": None, "previousCursor": None, "limit": 100},
    }


@pytest.mark.contract("5.4")
def test_a_known_resident_without_cards(api: ApiFixture) -> None:
    response = api.call("GET", PATH)
    assert response.status_code == 200
    assert response.json() == {
        "data": [],
        "pagination": {"nextCursor": None, "previousCursor": None, "limit": 100},
    }


@pytest.mark.contract("1.9")
def test_another_stores_cards_are_not_listed(api: ApiFixture) -> None:
    card = api.grant()
    assert ids(api, key=other_stores_key(api, "giftcards:read")) == []
    assert ids(api) == [card["id"]]


@pytest.mark.contract("6.8")
def test_filters_combine_with_and(api: ApiFixture) -> None:
    plain, off, spent, off_and_spent = (api.grant()["id"] for _ in range(4))
    for card in (off, off_and_spent):
        api.call("POST", f"/v1/giftcards/{card}/actions/disable")
    for card in (spent, off_and_spent):
        api.redeem(card)
    assert ids(api) == [plain, off, spent, off_and_spent]
    assert ids(api, "active=true") == [plain, spent]
    assert ids(api, "active=false") == [off, off_and_spent]
    assert ids(api, "redeemed=true") == [spent, off_and_spent]
    assert ids(api, "redeemed=false") == [plain, off]
    assert ids(api, "active=true&redeemed=true") == [spent]
    assert ids(api, "active=true&redeemed=false") == [plain]
    assert ids(api, "active=false&redeemed=true") == [off_and_spent]
    assert ids(api, "active=false&redeemed=false") == [off]


@pytest.mark.contract("6.21")
@one_engine
def test_booleans_in_any_letter_case(api: ApiFixture) -> None:
    card = api.grant()["id"]
    for true in ("true", "TRUE", "True", "tRuE", "%74rue"):
        assert ids(api, f"active={true}") == [card]
    for false in ("false", "FALSE", "fAlse"):
        assert ids(api, f"active={false}") == []


@pytest.mark.contract("3.8", "6.21")
@pytest.mark.parametrize("name", ["active", "redeemed"])
@pytest.mark.parametrize("text", ["maybe", "", "1", "0", "yes", "null", "true%20", "truе", "%00"])
@one_engine
def test_what_is_no_boolean(api: ApiFixture, name: str, text: str) -> None:
    body = problem(api.call("GET", f"{PATH}?{name}={text}"), 400, "validation_failed")
    assert body["errors"] == {name: ["must be true or false"]}


@pytest.mark.contract("3.8")
@one_engine
def test_one_answer_names_every_wrong_parameter(api: ApiFixture) -> None:
    response = api.call("GET", f"{PATH}?limit=0&active=maybe&redeemed=&cursor=1")
    assert problem(response, 400, "validation_failed")["errors"].keys() == {
        "limit",
        "active",
        "redeemed",
    }


@pytest.mark.parametrize("name", ["limit", "cursor", "active", "redeemed"])
@one_engine
def test_a_parameter_that_is_there_twice(api: ApiFixture, name: str) -> None:
    response = api.call("GET", f"{PATH}?{name}=1&{name}=1")
    assert name in problem(response, 400, "validation_failed")["errors"]


@one_engine
def test_queries_that_cannot_be_read(api: ApiFixture) -> None:
    for query in ("limit=%FF", "&".join(f"x{n}=1" for n in range(200))):
        problem(api.call("GET", f"{PATH}?{query}"), 400, "validation_failed")


@one_engine
def test_unknown_parameters_are_ignored(api: ApiFixture) -> None:
    assert ids(api, "sort=credit&Limit=0&limit=5") == []


@pytest.mark.contract("5.3", "6.6")
def test_unknown_resident(api: ApiFixture) -> None:
    for unknown in ("nobody", "nobody.atall", "5c7a8d3e-0000-4000-8000-000000000001"):
        response = api.call("GET", f"/v1/customers/{unknown}/giftcards")
        assert unknown in problem(response, 404, "resident_not_found")["detail"]


@pytest.mark.contract("2.18", "2.19", "6.6")
def test_missing_scope(api: ApiFixture) -> None:
    key = api.add_key("giftcards:write", "customers:read").key
    body = problem(api.call("GET", PATH, key=key), 403, "scope_missing")
    assert "giftcards:read" in body["detail"]
