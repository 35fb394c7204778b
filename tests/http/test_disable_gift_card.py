"""POST /v1/giftcards/{id}/actions/disable."""

from typing import Any

import pytest

from tests.api import ApiFixture, problem
from tests.http.checks import check_chain, unchanged
from tests.http.requests import other_stores_key


def disable(api: ApiFixture, card_id: str, **options: Any) -> Any:
    """Disable a card."""
    return api.call("POST", f"/v1/giftcards/{card_id}/actions/disable", **options)


@pytest.mark.contract("6.1", "6.11")
def test_disables(api: ApiFixture) -> None:
    card = api.grant(transfer=True)
    response = disable(api, card["id"], key=api.add_key("giftcards:write").key)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.json() == card | {"active": False}
    assert api.card(card["id"]) == card | {"active": False}


def test_writes_one_entry(api: ApiFixture) -> None:
    card = api.grant()
    api.clock.advance(1)
    disable(api, card["id"], headers={"X-Request-Id": "off-1"})
    granted, entry = api.entries(card["id"])
    assert (entry.kind, entry.delta, entry.balance_after) == ("disabled", 0, 500)
    assert (entry.actor_kind, entry.actor_id) == ("key", api.issued.stored.id)
    assert (entry.request_id, entry.created_at) == ("off-1", api.clock.now())
    check_chain([granted, entry])


@pytest.mark.contract("6.23")
def test_disabling_twice_writes_one_entry(api: ApiFixture) -> None:
    card = api.grant()
    first = disable(api, card["id"])
    with unchanged(api):
        second = disable(api, card["id"])
    assert second.status_code == 200
    assert (second.json(), second.headers["etag"]) == (first.json(), first.headers["etag"])


@pytest.mark.contract("6.11")
@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"null", b" \n"])
def test_a_body_that_says_nothing_does_not_matter(api: ApiFixture, body: bytes) -> None:
    card = api.grant()
    assert disable(api, card["id"], content=body).json() == card | {"active": False}


@pytest.mark.contract("6.5")
def test_a_purchased_card_is_disabled_like_any_other(api: ApiFixture) -> None:
    card = api.grant()
    api.sql("UPDATE gift_cards SET purchased = TRUE")
    assert disable(api, card["id"]).json() == card | {"active": False, "purchased": True}


@pytest.mark.contract("6.22")
def test_a_redeemed_card_stays_as_it_is(api: ApiFixture) -> None:
    on, off = api.grant()["id"], api.grant()["id"]
    disable(api, off)
    for card_id in (on, off):
        api.redeem(card_id)
        with unchanged(api):
            problem(disable(api, card_id), 400, "gift_card_redeemed")


@pytest.mark.contract("6.11", "6.17")
def test_a_card_that_is_not_there(api: ApiFixture, unknown_id: str) -> None:
    api.grant()
    with unchanged(api):
        for card_id in (unknown_id, "abc", "%00"):
            problem(disable(api, card_id), 404, "gift_card_not_found")


@pytest.mark.contract("1.10")
def test_another_stores_card(api: ApiFixture) -> None:
    card = api.grant()
    key = other_stores_key(api, "giftcards:write")
    with unchanged(api):
        problem(disable(api, card["id"], key=key), 404, "gift_card_not_found")


@pytest.mark.contract("2.18", "2.19", "6.11")
def test_missing_scope(api: ApiFixture) -> None:
    card = api.grant()
    key = api.add_key("giftcards:read").key
    with unchanged(api):
        body = problem(disable(api, card["id"], key=key), 403, "scope_missing")
    assert "giftcards:write" in body["detail"]


@pytest.mark.contract("10.3")
def test_replay(api: ApiFixture) -> None:
    card = api.grant()
    once = {"headers": {"Idempotency-Key": "off"}}
    first = disable(api, card["id"], **once)
    api.call("PUT", f"/v1/giftcards/{card['id']}", json={"active": True})
    with unchanged(api):
        again = disable(api, card["id"], **once)
    assert again.headers["idempotent-replayed"] == "true"
    assert again.content == first.content


def test_if_match(api: ApiFixture) -> None:
    card = api.grant()
    stale = api.call("GET", f"/v1/giftcards/{card['id']}").headers["etag"]
    api.call("PUT", f"/v1/giftcards/{card['id']}", json={"credit": 1, "active": True})
    with unchanged(api):
        response = disable(api, card["id"], headers={"If-Match": stale})
        problem(response, 412, "precondition_failed")
    fresh = api.call("GET", f"/v1/giftcards/{card['id']}").headers["etag"]
    assert disable(api, card["id"], headers={"If-Match": fresh}).json()["active"] is False
