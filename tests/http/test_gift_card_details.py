"""GET /ext/v1/giftcards/{id}."""

from typing import Any

import pytest

from tests.api import ApiFixture, problem
from tests.http.requests import at, ext, other_stores_key


def details(api: ApiFixture, card_id: str, **options: Any) -> Any:
    return api.call("GET", f"/ext/v1/giftcards/{card_id}", **options)


@pytest.mark.contract("10.16")
def test_the_nine_fields_and_four_more(api: ApiFixture) -> None:
    end = at(api, 1.5)
    card = api.grant(credit=50, expiresAt=end)
    response = details(api, card["id"], key=api.add_key("giftcards:read").key)
    assert response.status_code == 200
    assert response.json() == card | {
        "available": 50, "expiresAt": end, "createdAt": at(api, 0), "updatedAt": at(api, 0),
    }  # fmt: skip


@pytest.mark.contract("10.7", "10.8")
def test_etag(api: ApiFixture) -> None:
    card = api.grant()["id"]
    etag = details(api, card).headers["etag"]
    assert details(api, card, headers={"If-None-Match": etag}).status_code == 304


@pytest.mark.contract("10.17", "10.18", "10.41")
def test_what_the_clock_frees_is_shown_also_to_who_has_the_etag(api: ApiFixture) -> None:
    card = api.grant(credit=50)["id"]
    ext(api, card, "holds", {"amount": 20, "expiresIn": 10})
    first = details(api, card)
    assert first.json()["available"] == 30
    api.clock.advance(10)
    again = details(api, card, headers={"If-None-Match": first.headers["etag"]})
    assert again.json()["available"] == 50


@pytest.mark.contract("6.26", "6.27")
def test_a_stores_usual_lifetime(api: ApiFixture) -> None:
    api.sql("UPDATE stores SET card_lifetime = 2")
    usual, never = api.grant()["id"], api.grant(expiresAt=None)["id"]
    dated = api.grant(expiresAt=at(api, 5))["id"]
    assert details(api, usual).json()["expiresAt"] == at(api, 2 * 86_400)
    assert details(api, never).json()["expiresAt"] is None
    assert details(api, dated).json()["expiresAt"] == at(api, 5)


@pytest.mark.contract("10.14")
def test_another_stores_card_and_none(api: ApiFixture, unknown_id: str) -> None:
    card = api.grant()["id"]
    key = other_stores_key(api, "giftcards:read")
    problem(details(api, card, key=key), 404, "gift_card_not_found")
    problem(details(api, unknown_id), 404, "gift_card_not_found")
