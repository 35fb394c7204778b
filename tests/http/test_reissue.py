"""POST /ext/v1/giftcards/{id}/actions/reissue."""

from typing import Any

import pytest

from tests.http.scene import TEXTURE, at, check_chain, clean, ext, other_stores_key, unchanged
from tests.shop import Shop, problem


def reissue(shop: Shop, card_id: str, **options: Any) -> Any:
    return ext(shop, card_id, "reissue", {"reason": "lost"}, **options)


@pytest.mark.contract("10.18")
def test_a_new_card_for_the_old_one(shop: Shop) -> None:
    end = at(shop, 100)
    old = shop.grant(credit=70, transfer=True, texture=TEXTURE, expiresAt=end)
    response = reissue(shop, old["id"])
    assert response.status_code == 201
    new = response.json()
    assert new["id"] != old["id"]
    assert new.items() >= (old | {"id": new["id"], "available": 70, "expiresAt": end}).items()
    assert shop.card(old["id"]) == old | {"credit": 0, "active": False, "transfer": False}
    gone, came = shop.entries(old["id"]), shop.entries(new["id"])
    check_chain(gone)
    check_chain(came)
    assert [(e.kind, e.delta, e.reason) for e in (*gone[1:], *came)] == [
        ("reissued", -70, "lost"), ("reissued", 70, "lost"),
    ]  # fmt: skip
    assert f'"source":"{new["id"]}"' in gone[-1].state
    assert f'"source":"{old["id"]}"' in came[-1].state
    clean(shop)


@pytest.mark.contract("10.18")
def test_does_not_take_the_stores_lifetime(shop: Shop) -> None:
    old = shop.grant()["id"]
    shop.sql("UPDATE stores SET card_lifetime = 3")
    assert reissue(shop, old).json()["expiresAt"] is None


@pytest.mark.contract("10.10", "10.18")
def test_conflicts(shop: Shop) -> None:
    twice, done = shop.grant()["id"], shop.grant()["id"]
    assert reissue(shop, twice).status_code == 201
    shop.redeem(done)
    with unchanged(shop):
        problem(reissue(shop, twice), 409, "gift_card_void")
        problem(reissue(shop, done), 409, "gift_card_redeemed")
        for body in ({}, {"reason": ""}, {"reason": None}):
            problem(ext(shop, twice, "reissue", body), 400, "validation_failed")


def test_another_stores_card_and_none(shop: Shop, unknown_id: str) -> None:
    card = shop.grant()["id"]
    with unchanged(shop):
        key = other_stores_key(shop, "giftcards:write")
        problem(reissue(shop, card, key=key), 404, "gift_card_not_found")
        problem(reissue(shop, unknown_id), 404, "gift_card_not_found")


@pytest.mark.contract("10.3")
def test_replay(shop: Shop) -> None:
    card, once = shop.grant()["id"], {"headers": {"Idempotency-Key": "r"}}
    first = reissue(shop, card, **once)
    with unchanged(shop):
        again = reissue(shop, card, **once)
    assert (again.status_code, again.content) == (201, first.content)
