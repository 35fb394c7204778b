"""GET /ext/v1/giftcards/{id}."""

from typing import Any

import pytest

from tests.http.scene import at, ext, other_stores_key
from tests.shop import Shop, problem


def details(shop: Shop, card_id: str, **options: Any) -> Any:
    return shop.call("GET", f"/ext/v1/giftcards/{card_id}", **options)


@pytest.mark.contract("10.11")
def test_the_nine_fields_and_four_more(shop: Shop) -> None:
    end = at(shop, 1.5)
    card = shop.grant(credit=50, expiresAt=end)
    response = details(shop, card["id"], key=shop.add_key("giftcards:read").key)
    assert response.status_code == 200
    assert response.json() == card | {
        "available": 50, "expiresAt": end, "createdAt": at(shop, 0), "updatedAt": at(shop, 0),
    }  # fmt: skip


@pytest.mark.contract("10.7", "10.8")
def test_etag(shop: Shop) -> None:
    card = shop.grant()["id"]
    etag = details(shop, card).headers["etag"]
    assert details(shop, card, headers={"If-None-Match": etag}).status_code == 304


@pytest.mark.contract("10.16")
def test_what_the_clock_frees_is_shown_also_to_who_has_the_etag(shop: Shop) -> None:
    card = shop.grant(credit=50)["id"]
    ext(shop, card, "holds", {"amount": 20, "expiresIn": 10})
    first = details(shop, card)
    assert first.json()["available"] == 30
    shop.clock.advance(10)
    again = details(shop, card, headers={"If-None-Match": first.headers["etag"]})
    assert again.json()["available"] == 50


@pytest.mark.contract("10.20")
def test_a_stores_usual_lifetime(shop: Shop) -> None:
    shop.sql("UPDATE stores SET card_lifetime = 2")
    usual, never = shop.grant()["id"], shop.grant(expiresAt=None)["id"]
    dated = shop.grant(expiresAt=at(shop, 5))["id"]
    assert details(shop, usual).json()["expiresAt"] == at(shop, 2 * 86_400)
    assert details(shop, never).json()["expiresAt"] is None
    assert details(shop, dated).json()["expiresAt"] == at(shop, 5)


def test_another_stores_card_and_none(shop: Shop, unknown_id: str) -> None:
    card = shop.grant()["id"]
    key = other_stores_key(shop, "giftcards:read")
    problem(details(shop, card, key=key), 404, "gift_card_not_found")
    problem(details(shop, unknown_id), 404, "gift_card_not_found")
