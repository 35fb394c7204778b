"""POST /ext/v1/giftcards/{id}/holds, …/holds/{hold}/actions/capture and void."""

from typing import Any

import pytest

from tests.http.scene import (
    Page,
    at,
    check_chain,
    clean,
    ext,
    other_stores_key,
    unchanged,
)  # fmt: skip
from tests.shop import Shop, problem


def place(shop: Shop, card_id: str, amount: Any = 40, expires_in: Any = 60, **options: Any) -> Any:
    return ext(shop, card_id, "holds", {"amount": amount, "expiresIn": expires_in}, **options)


def close(shop: Shop, card_id: str, hold_id: str, action: str, **options: Any) -> Any:
    return ext(shop, card_id, f"holds/{hold_id}/actions/{action}", **options)


def details(shop: Shop, card_id: str) -> tuple[int, int]:
    shown = shop.call("GET", f"/ext/v1/giftcards/{card_id}").json()
    return shown["credit"], shown["available"]


@pytest.mark.contract("10.14", "10.15")
def test_placed_and_captured(shop: Shop) -> None:
    card = shop.grant(credit=100)["id"]
    response = place(shop, card)
    assert response.status_code == 201
    hold = response.json()
    assert hold == {
        "id": hold["id"], "giftCardId": card, "amount": 40, "state": "open",
        "expiresAt": at(shop, 60), "createdAt": at(shop, 0),
    }  # fmt: skip
    assert details(shop, card) == (100, 60)
    response = close(shop, card, hold["id"], "capture")
    assert (response.status_code, response.json()) == (200, hold | {"state": "captured"})
    assert details(shop, card) == (60, 60)
    entries = shop.entries(card)
    check_chain(entries)
    assert [(e.kind, e.delta, e.reason) for e in entries[1:]] == [
        ("held", 0, hold["id"]), ("captured", -40, hold["id"]),
    ]  # fmt: skip
    clean(shop)


@pytest.mark.contract("10.15")
def test_voided(shop: Shop) -> None:
    card = shop.grant(credit=100)["id"]
    hold = place(shop, card).json()
    assert close(shop, card, hold["id"], "void").json() == hold | {"state": "voided"}
    assert details(shop, card) == (100, 100)
    clean(shop)


@pytest.mark.contract("10.10", "10.15")
def test_closed_once(shop: Shop) -> None:
    card = shop.grant(credit=100)["id"]
    for first in ("capture", "void"):
        hold = place(shop, card).json()["id"]
        close(shop, card, hold, first)
        with unchanged(shop):
            for action in ("capture", "void"):
                problem(close(shop, card, hold, action), 409, "hold_closed")


@pytest.mark.contract("10.16")
def test_frees_itself_at_its_time(shop: Shop) -> None:
    card = shop.grant(credit=100)["id"]
    hold, other = place(shop, card, 90, 10).json()["id"], place(shop, card, 5, 20).json()["id"]
    shop.clock.advance(9.999)
    assert details(shop, card) == (100, 5)
    shop.clock.advance(0.001)
    assert details(shop, card) == (100, 95)
    with unchanged(shop):
        problem(close(shop, card, hold, "capture"), 409, "hold_closed")
    assert close(shop, card, other, "capture").status_code == 200
    assert details(shop, card) == (95, 95)
    clean(shop)


@pytest.mark.contract("10.16")
def test_is_not_held_twice(shop: Shop) -> None:
    card = shop.grant(credit=100)["id"]
    place(shop, card, 60)
    with unchanged(shop):
        assert problem(place(shop, card, 41), 409, "insufficient_credit")["available"] == 40
    assert place(shop, card, 40).status_code == 201


@pytest.mark.contract("10.16")
def test_held_credit_stays_on_the_card(shop: Shop) -> None:
    page, card = Page(shop), shop.grant(credit=100, transfer=True)["id"]
    place(shop, card, 1, 10)
    put = {"credit": 5, "transfer": True, "active": True}
    with unchanged(shop):
        problem(page.redeem(card), 400, "gift_card_held")
        problem(page.transfer(card), 400, "gift_card_held")
        receiver = {"receiverIdentifier": "jo.winter"}
        problem(ext(shop, card, "transfer", receiver), 409, "gift_card_held")
        problem(ext(shop, card, "reissue", {"reason": "lost"}), 409, "gift_card_held")
        response = shop.call("PUT", f"/v1/giftcards/{card}", json=put)
        problem(response, 400, "gift_card_held")
    shop.clock.advance(10)
    assert page.redeem(card).json() is True


def test_a_card_that_may_not_be_used(shop: Shop) -> None:
    off, ended, done = (
        shop.grant()["id"],
        shop.grant(expiresAt=at(shop, 1))["id"],
        shop.grant()["id"],
    )
    shop.call("POST", f"/v1/giftcards/{off}/actions/disable")
    Page(shop).redeem(done)
    shop.clock.advance(1)
    with unchanged(shop):
        problem(place(shop, off), 409, "gift_card_inactive")
        problem(place(shop, ended), 409, "gift_card_expired")
        problem(place(shop, done), 409, "gift_card_redeemed")


@pytest.mark.parametrize(
    ("amount", "expires_in", "wrong"),
    [(0, 1, "amount"), (1.5, 1, "amount"), (1, 0, "expiresIn"), (1, 604_801, "expiresIn"),
     (1, "60", "expiresIn")],
)  # fmt: skip
def test_bad_input(shop: Shop, amount: Any, expires_in: Any, wrong: str) -> None:
    card = shop.grant()["id"]
    with unchanged(shop):
        body = problem(place(shop, card, amount, expires_in), 400, "validation_failed")
    assert list(body["errors"]) == [wrong]


def test_holds_that_are_not_there(shop: Shop, unknown_id: str) -> None:
    card, other = shop.grant()["id"], shop.grant()["id"]
    hold = place(shop, card).json()["id"]
    key = other_stores_key(shop, "giftcards:write")
    with unchanged(shop):
        for id_ in (unknown_id, "abc"):
            problem(close(shop, card, id_, "capture"), 404, "hold_not_found")
        problem(close(shop, other, hold, "void"), 404, "hold_not_found")
        problem(close(shop, card, hold, "void", key=key), 404, "gift_card_not_found")
        problem(place(shop, card, key=key), 404, "gift_card_not_found")


@pytest.mark.contract("10.3")
def test_replay(shop: Shop) -> None:
    card, once = shop.grant()["id"], {"headers": {"Idempotency-Key": "h"}}
    first = place(shop, card, **once)
    with unchanged(shop):
        again = place(shop, card, **once)
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    hold, once = first.json()["id"], {"headers": {"Idempotency-Key": "c"}}
    captured = close(shop, card, hold, "capture", **once)
    with unchanged(shop):
        assert close(shop, card, hold, "capture", **once).content == captured.content
