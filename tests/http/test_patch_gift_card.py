"""PATCH /ext/v1/giftcards/{id}, and the same as POST …/actions/patch."""

from typing import Any

import pytest

from tests.http.scene import TEXTURE, at, check_chain, clean, each, ext, other_stores_key, unchanged
from tests.shop import Shop, problem


@pytest.fixture(params=["PATCH", "POST"])
def method(request: pytest.FixtureRequest) -> str:
    """Both ways to send a patch."""
    return str(request.param)


def patch(shop: Shop, card_id: str, body: Any, method: str = "PATCH", **options: Any) -> Any:
    path = f"/ext/v1/giftcards/{card_id}" + ("/actions/patch" if method == "POST" else "")
    return shop.call(method, path, json=body, **options)


@pytest.mark.contract("10.12")
def test_changes_what_is_named_and_nothing_else(shop: Shop, method: str) -> None:
    card = shop.grant(credit=500, transfer=True, texture=TEXTURE)
    for body in ({"credit": 7}, {"transfer": False}, {"texture": None}, {"active": False}):
        card |= body
        response = patch(shop, card["id"], body, method)
        assert response.status_code == 200, response.text
        assert response.json().items() >= card.items()
        assert shop.card(card["id"]) == card
    entries = shop.entries(card["id"])
    check_chain(entries)
    kinds = [entry.kind for entry in entries]
    assert kinds == ["granted", "updated", "updated", "updated", "disabled"]
    clean(shop)


@pytest.mark.contract("10.12")
def test_an_empty_patch_and_one_that_changes_nothing(shop: Shop, method: str) -> None:
    card = shop.grant()
    with unchanged(shop):
        for body in ({}, {"credit": 500}, {"unknown": 5}, {"expiresAt": None}):
            response = patch(shop, card["id"], body, method)
            assert response.json().items() >= card.items()
            assert response.headers["etag"] == '"1-kelly"'


@pytest.mark.contract("10.12", "10.21")
def test_moves_the_expiry(shop: Shop, method: str) -> None:
    card = shop.grant(expiresAt=at(shop, 10))["id"]
    shop.clock.advance(11)
    later = at(shop, 60)
    assert patch(shop, card, {"expiresAt": later}, method).json()["expiresAt"] == later
    assert patch(shop, card, {"expiresAt": None}, method).json()["expiresAt"] is None
    with unchanged(shop):
        for past in (at(shop, 0), at(shop, -5)):
            body = problem(patch(shop, card, {"expiresAt": past}, method), 400, "validation_failed")
            assert list(body["errors"]) == ["expiresAt"]
    assert patch(shop, card, {"expiresAt": at(shop, 0.001)}, method).status_code == 200


@pytest.mark.parametrize(
    "body",
    each({
        "credit": {"credit": None}, "negative": {"credit": -1}, "texture": {"texture": "x"},
        "transfer": {"transfer": None}, "active": {"active": 1}, "date": {"expiresAt": "soon"},
        "number": {"expiresAt": 5},
    }),
)  # fmt: skip
def test_bad_input(shop: Shop, body: Any) -> None:
    card = shop.grant()["id"]
    with unchanged(shop):
        found = problem(patch(shop, card, body), 400, "validation_failed")
    assert list(found["errors"]) == list(body)


@pytest.mark.contract("10.9", "10.12")
def test_if_match(shop: Shop, method: str) -> None:
    card = shop.grant()["id"]
    patch(shop, card, {"credit": 1})
    stale, fresh = {"If-Match": '"1-kelly"'}, {"If-Match": '"2-kelly"'}
    with unchanged(shop):
        response = patch(shop, card, {"credit": 2}, method, headers=stale)
        problem(response, 412, "precondition_failed")
    assert patch(shop, card, {"credit": 2}, method, headers=fresh).json()["credit"] == 2


@pytest.mark.contract("10.10", "10.16")
def test_conflicts(shop: Shop, method: str) -> None:
    card = shop.grant()["id"]
    ext(shop, card, "holds", {"amount": 1, "expiresIn": 5})
    with unchanged(shop):
        problem(patch(shop, card, {"credit": 2}, method), 409, "gift_card_held")
    assert patch(shop, card, {"transfer": True}, method).status_code == 200
    shop.clock.advance(5)
    assert patch(shop, card, {"credit": 2}, method).status_code == 200
    shop.redeem(card)
    with unchanged(shop):
        problem(patch(shop, card, {"credit": 3}, method), 409, "gift_card_redeemed")


def test_another_stores_card_and_none(shop: Shop, unknown_id: str) -> None:
    card = shop.grant()["id"]
    key = other_stores_key(shop, "giftcards:write")
    with unchanged(shop):
        problem(patch(shop, card, {"credit": 1}, key=key), 404, "gift_card_not_found")
        problem(patch(shop, unknown_id, {"credit": 1}), 404, "gift_card_not_found")


@pytest.mark.contract("10.3")
def test_replay(shop: Shop, method: str) -> None:
    card = shop.grant()["id"]
    once = {"headers": {"Idempotency-Key": "p"}}
    first = patch(shop, card, {"credit": 9}, method, **once)
    shop.call("PUT", f"/v1/giftcards/{card}", json={"credit": 1})
    with unchanged(shop):
        again = patch(shop, card, {"credit": 9}, method, **once)
    assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")
