"""PATCH /ext/v1/giftcards/{id}, and the same as POST …/actions/patch."""

from typing import Any

import pytest

from tests.api import ApiFixture, problem
from tests.http.bodies import each
from tests.http.checks import check_chain, clean, unchanged
from tests.http.requests import TEXTURE, at, etag_of, ext, other_stores_key


@pytest.fixture(params=["PATCH", "POST"])
def method(request: pytest.FixtureRequest) -> str:
    """Both ways to send a patch."""
    return str(request.param)


def patch(api: ApiFixture, card_id: str, body: Any, method: str = "PATCH", **options: Any) -> Any:
    path = f"/ext/v1/giftcards/{card_id}" + ("/actions/patch" if method == "POST" else "")
    return api.call(method, path, json=body, **options)


@pytest.mark.contract("10.19", "10.20")
def test_changes_what_is_named_and_nothing_else(api: ApiFixture, method: str) -> None:
    card = api.grant(credit=500, transfer=True, texture=TEXTURE)
    for body in ({"credit": 7}, {"transfer": False}, {"texture": None}, {"active": False}):
        card |= body
        response = patch(api, card["id"], body, method)
        assert response.status_code == 200, response.text
        assert response.json().items() >= card.items()
        assert api.card(card["id"]) == card
    entries = api.entries(card["id"])
    check_chain(entries)
    kinds = [entry.kind for entry in entries]
    assert kinds == ["granted", "updated", "updated", "updated", "disabled"]
    clean(api)


@pytest.mark.contract("10.23")
def test_an_empty_patch_and_one_that_changes_nothing(api: ApiFixture, method: str) -> None:
    card = api.grant()
    etag = etag_of(api, card["id"])
    with unchanged(api):
        for body in ({}, {"credit": 500}, {"unknown": 5}, {"expiresAt": None}):
            response = patch(api, card["id"], body, method)
            assert response.json().items() >= card.items()
            assert response.headers["etag"] == etag


@pytest.mark.contract("10.21", "10.22")
def test_moves_the_expiry(api: ApiFixture, method: str) -> None:
    card = api.grant(expiresAt=at(api, 10))["id"]
    api.clock.advance(11)
    later = at(api, 60)
    assert patch(api, card, {"expiresAt": later}, method).json()["expiresAt"] == later
    assert patch(api, card, {"expiresAt": None}, method).json()["expiresAt"] is None
    with unchanged(api):
        for past in (at(api, 0), at(api, -5)):
            body = problem(patch(api, card, {"expiresAt": past}, method), 400, "validation_failed")
            assert list(body["errors"]) == ["expiresAt"]
    assert patch(api, card, {"expiresAt": at(api, 0.001)}, method).status_code == 200


@pytest.mark.contract("10.21")
@pytest.mark.parametrize(
    "body",
    each({
        "credit": {"credit": None}, "negative": {"credit": -1}, "texture": {"texture": "x"},
        "transfer": {"transfer": None}, "active": {"active": 1}, "date": {"expiresAt": "soon"},
        "number": {"expiresAt": 5},
    }),
)  # fmt: skip
def test_bad_input(api: ApiFixture, body: Any) -> None:
    card = api.grant()["id"]
    with unchanged(api):
        found = problem(patch(api, card, body), 400, "validation_failed")
    assert list(found["errors"]) == list(body)


@pytest.mark.contract("10.10")
def test_if_match(api: ApiFixture, method: str) -> None:
    card = api.grant()["id"]
    stale = {"If-Match": etag_of(api, card)}
    fresh = {"If-Match": patch(api, card, {"credit": 1}).headers["etag"]}
    with unchanged(api):
        response = patch(api, card, {"credit": 2}, method, headers=stale)
        problem(response, 412, "precondition_failed")
    assert patch(api, card, {"credit": 2}, method, headers=fresh).json()["credit"] == 2


@pytest.mark.contract("10.13", "10.24")
def test_conflicts(api: ApiFixture, method: str) -> None:
    card = api.grant()["id"]
    ext(api, card, "holds", {"amount": 1, "expiresIn": 5})
    with unchanged(api):
        problem(patch(api, card, {"credit": 2}, method), 409, "gift_card_held")
    assert patch(api, card, {"transfer": True}, method).status_code == 200
    api.clock.advance(5)
    assert patch(api, card, {"credit": 2}, method).status_code == 200
    api.redeem(card)
    with unchanged(api):
        problem(patch(api, card, {"credit": 3}, method), 409, "gift_card_redeemed")


@pytest.mark.contract("10.14")
def test_another_stores_card_and_none(api: ApiFixture, unknown_id: str) -> None:
    card = api.grant()["id"]
    key = other_stores_key(api, "giftcards:write")
    with unchanged(api):
        problem(patch(api, card, {"credit": 1}, key=key), 404, "gift_card_not_found")
        problem(patch(api, unknown_id, {"credit": 1}), 404, "gift_card_not_found")


@pytest.mark.contract("10.3")
def test_replay(api: ApiFixture, method: str) -> None:
    card = api.grant()["id"]
    once = {"headers": {"Idempotency-Key": "p"}}
    first = patch(api, card, {"credit": 9}, method, **once)
    api.call("PUT", f"/v1/giftcards/{card}", json={"credit": 1})
    with unchanged(api):
        again = patch(api, card, {"credit": 9}, method, **once)
    assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")
