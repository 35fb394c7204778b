"""What the mistakes of a first day are answered with: each says what to do instead."""

from typing import Any

import pytest

from tests.api import ApiFixture, problem
from tests.http.checks import one_engine

SEARCH = "/ext/v1/giftcards"
GRANT = "/v1/customers/kelly/actions/grant-gift-card"
INSTANT = "must be a date and time with its zone, like 2027-01-31T12:00:00Z, of the years"


@pytest.mark.contract("3.8")
@pytest.mark.parametrize(
    ("method", "path", "body", "says"),
    [
        ("GET", "/ext/v1/reports/activity?by=year", None, "by: must be one of day, week, month."),
        ("GET", f"{SEARCH}?createdFrom=2026-01-01T00:00:00", None, f"createdFrom: {INSTANT}"),
        ("GET", f"{SEARCH}?createdFrom=2026-01-01T00:00:00+01:00", None,
         "(a + is written %2B in an address)."),
        ("POST", GRANT, {"credit": 5, "tags": "vip"}, "tags: must be a list."),
        ("POST", GRANT, {"credit": 5, "expiresAt": "2027-01-31"}, f"expiresAt: {INSTANT}"),
        ("POST", f"{SEARCH}/actions/enable", {"ids": "x"}, "ids: must be a list."),
        ("PATCH", "/ext/v1/store", {"cardLifetime": "30"},
         "cardLifetime: must be an integer from 1 to 36500 (days)."),
    ],
)  # fmt: skip
@one_engine
def test_a_bad_value(api: ApiFixture, method: str, path: str, body: Any, says: str) -> None:
    answer = api.call(method, path, json=body)
    assert says in problem(answer, 400, "validation_failed")["detail"]


@pytest.mark.contract("5.5")
@one_engine
def test_an_identifier_that_is_none_is_shown_one(api: ApiFixture) -> None:
    answer = api.call("GET", "/v1/customers/kelly@moonwall/giftcards")
    assert "like kelly.moonwall" in problem(answer, 400, "identifier_malformed")["detail"]


@pytest.mark.contract("10.86", "10.89")
@one_engine
def test_the_page_of_an_unknown_resident_says_how_they_become_known(api: ApiFixture) -> None:
    page = api.call("GET", "/errors/resident_not_found", key=None).text
    assert "POST /ext/v1/residents adds one" in page
