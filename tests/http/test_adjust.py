"""POST /ext/v1/giftcards/{id}/actions/adjust."""

import pytest

from tests.http.scene import check_chain, clean, each, ext, other_stores_key, unchanged
from tests.shop import Shop, problem

MAX = 2_147_483_647


def adjust(shop: Shop, card_id: str, delta: object, **options: object) -> object:
    return ext(shop, card_id, "adjust", {"delta": delta, "reason": "order 7"}, **options)


@pytest.mark.contract("10.13")
def test_adds_and_takes(shop: Shop) -> None:
    card = shop.grant(credit=500)
    shop.clock.advance(1)
    response = adjust(shop, card["id"], -120)
    assert response.status_code == 200
    assert response.json() == card | {
        "credit": 380,
        "available": 380,
        "expiresAt": None,
        "createdAt": "2026-09-21T14:13:20Z",
        "updatedAt": "2026-09-21T14:13:21Z",
    }
    assert response.headers["etag"] == '"2-kelly"'
    assert adjust(shop, card["id"], 20).json()["credit"] == 400
    entries = shop.entries(card["id"])
    check_chain(entries)
    assert [(e.kind, e.delta, e.balance_after, e.reason) for e in entries[1:]] == [
        ("adjusted", -120, 380, "order 7"), ("adjusted", 20, 400, "order 7"),
    ]  # fmt: skip
    clean(shop)


@pytest.mark.contract("10.10", "10.13")
def test_never_below_nothing(shop: Shop) -> None:
    card = shop.grant(credit=5)["id"]
    with unchanged(shop):
        body = problem(adjust(shop, card, -6), 409, "insufficient_credit")
    assert body["available"] == 5
    assert adjust(shop, card, -5).json()["credit"] == 0


@pytest.mark.contract("10.13")
def test_never_above_the_maximum(shop: Shop) -> None:
    card = shop.grant(credit=MAX - 1)["id"]
    with unchanged(shop):
        problem(adjust(shop, card, 2), 409, "credit_limit_exceeded")
        problem(adjust(shop, card, MAX), 409, "credit_limit_exceeded")
    assert adjust(shop, card, 1).json()["credit"] == MAX


@pytest.mark.contract("10.16")
def test_takes_only_what_is_not_held(shop: Shop) -> None:
    card = shop.grant(credit=100)["id"]
    ext(shop, card, "holds", {"amount": 70, "expiresIn": 10})
    body = problem(adjust(shop, card, -31), 409, "insufficient_credit")
    assert body["available"] == 30
    shown = adjust(shop, card, -30).json()
    assert (shown["credit"], shown["available"]) == (70, 0)
    shop.clock.advance(9.999)
    problem(adjust(shop, card, -1), 409, "insufficient_credit")
    shop.clock.advance(0.001)
    assert adjust(shop, card, -70).json()["credit"] == 0


@pytest.mark.parametrize(
    "delta", each({"0": 0, "text": "5", "float": 1.5, "bool": True, "big": MAX + 1, "null": None})
)
def test_bad_deltas(shop: Shop, delta: object) -> None:
    card = shop.grant()["id"]
    with unchanged(shop):
        body = problem(adjust(shop, card, delta), 400, "validation_failed")
    assert list(body["errors"]) == ["delta"]


@pytest.mark.parametrize(
    "reason", each({"empty": "", "long": "x" * 201, "null": None, "\\n": "a\n"})
)
def test_bad_reasons(shop: Shop, reason: object) -> None:
    card = shop.grant()["id"]
    with unchanged(shop):
        response = ext(shop, card, "adjust", {"delta": 1, "reason": reason})
        assert list(problem(response, 400, "validation_failed")["errors"]) == ["reason"]
        assert "reason" in ext(shop, card, "adjust", {"delta": 1}).json()["errors"]


@pytest.mark.contract("10.10")
def test_a_redeemed_card(shop: Shop) -> None:
    card = shop.grant()["id"]
    shop.redeem(card)
    with unchanged(shop):
        problem(adjust(shop, card, 1), 409, "gift_card_redeemed")


def test_another_stores_card_and_none(shop: Shop, unknown_id: str) -> None:
    card = shop.grant()["id"]
    key = other_stores_key(shop, "giftcards:write")
    with unchanged(shop):
        problem(adjust(shop, card, 1, key=key), 404, "gift_card_not_found")
        problem(adjust(shop, unknown_id, 1), 404, "gift_card_not_found")
        problem(adjust(shop, "abc", 1), 404, "gift_card_not_found")


@pytest.mark.contract("10.3")
def test_replay(shop: Shop) -> None:
    card = shop.grant()["id"]
    once = {"headers": {"Idempotency-Key": "a"}}
    first = adjust(shop, card, -5, **once)
    with unchanged(shop):
        again = adjust(shop, card, -5, **once)
        problem(adjust(shop, card, -6, **once), 422, "idempotency_key_reused")
    assert again.headers["idempotent-replayed"] == "true"
    assert (again.content, again.headers["etag"]) == (first.content, first.headers["etag"])
