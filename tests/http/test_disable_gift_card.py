"""POST /v1/giftcards/{id}/actions/disable."""

from typing import Any

import pytest

from tests.http.scene import check_chain, other_stores_key, unchanged
from tests.shop import Shop, problem


def disable(shop: Shop, card_id: str, **options: Any) -> Any:
    """Disable a card."""
    return shop.call("POST", f"/v1/giftcards/{card_id}/actions/disable", **options)


@pytest.mark.contract("6.1", "6.11")
def test_disables(shop: Shop) -> None:
    card = shop.grant(transfer=True)
    response = disable(shop, card["id"], key=shop.add_key("giftcards:write").key)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.json() == card | {"active": False}
    assert shop.card(card["id"]) == card | {"active": False}


def test_writes_one_entry(shop: Shop) -> None:
    card = shop.grant()
    shop.clock.advance(1)
    disable(shop, card["id"], headers={"X-Request-Id": "off-1"})
    granted, entry = shop.entries(card["id"])
    assert (entry.kind, entry.delta, entry.balance_after) == ("disabled", 0, 500)
    assert (entry.actor_kind, entry.actor_id) == ("key", shop.issued.stored.id)
    assert (entry.request_id, entry.created_at) == ("off-1", shop.clock.now())
    check_chain([granted, entry])


@pytest.mark.contract("6.23")
def test_disabling_twice_writes_one_entry(shop: Shop) -> None:
    card = shop.grant()
    first = disable(shop, card["id"])
    with unchanged(shop):
        second = disable(shop, card["id"])
    assert second.status_code == 200
    assert (second.json(), second.headers["etag"]) == (first.json(), first.headers["etag"])


@pytest.mark.contract("6.11")
@pytest.mark.parametrize("body", [b"", b"{}", b'{"active": true}', b"[[[", b"\xff"])
def test_a_body_does_not_matter(shop: Shop, body: bytes) -> None:
    card = shop.grant()
    assert disable(shop, card["id"], content=body).json() == card | {"active": False}


@pytest.mark.contract("6.5")
def test_a_purchased_card_is_disabled_like_any_other(shop: Shop) -> None:
    card = shop.grant()
    shop.sql("UPDATE gift_cards SET purchased = TRUE")
    assert disable(shop, card["id"]).json() == card | {"active": False, "purchased": True}


@pytest.mark.contract("6.22")
def test_a_redeemed_card_stays_as_it_is(shop: Shop) -> None:
    on, off = shop.grant()["id"], shop.grant()["id"]
    disable(shop, off)
    for card_id in (on, off):
        shop.redeem(card_id)
        with unchanged(shop):
            problem(disable(shop, card_id), 400, "gift_card_redeemed")


@pytest.mark.contract("6.11", "6.17")
def test_a_card_that_is_not_there(shop: Shop, unknown_id: str) -> None:
    shop.grant()
    with unchanged(shop):
        for card_id in (unknown_id, "abc", "%00"):
            problem(disable(shop, card_id), 404, "gift_card_not_found")


@pytest.mark.contract("1.10")
def test_another_stores_card(shop: Shop) -> None:
    card = shop.grant()
    key = other_stores_key(shop, "giftcards:write")
    with unchanged(shop):
        problem(disable(shop, card["id"], key=key), 404, "gift_card_not_found")


@pytest.mark.contract("2.18", "2.19", "6.11")
def test_missing_scope(shop: Shop) -> None:
    card = shop.grant()
    key = shop.add_key("giftcards:read").key
    with unchanged(shop):
        body = problem(disable(shop, card["id"], key=key), 403, "scope_missing")
    assert "giftcards:write" in body["detail"]


@pytest.mark.contract("10.3")
def test_replay(shop: Shop) -> None:
    card = shop.grant()
    once = {"headers": {"Idempotency-Key": "off"}}
    first = disable(shop, card["id"], **once)
    shop.call("PUT", f"/v1/giftcards/{card['id']}", json={"active": True})
    with unchanged(shop):
        again = disable(shop, card["id"], **once)
    assert again.headers["idempotent-replayed"] == "true"
    assert again.content == first.content


def test_if_match(shop: Shop) -> None:
    card = shop.grant()
    stale = shop.call("GET", f"/v1/giftcards/{card['id']}").headers["etag"]
    shop.call("PUT", f"/v1/giftcards/{card['id']}", json={"credit": 1, "active": True})
    with unchanged(shop):
        response = disable(shop, card["id"], headers={"If-Match": stale})
        problem(response, 412, "precondition_failed")
    fresh = shop.call("GET", f"/v1/giftcards/{card['id']}").headers["etag"]
    assert disable(shop, card["id"], headers={"If-Match": fresh}).json()["active"] is False
