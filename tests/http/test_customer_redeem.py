"""POST /v1/customer/giftcards/{id}/redeem."""

import pytest

from gridgift.domain import ledger
from tests.http.scene import (
    Page,
    altered,
    at,
    change_credit,
    check_chain,
    clean,
    credit_of,
    unchanged,
)  # fmt: skip
from tests.shop import JO, KELLY, Shop, problem

MAX = 2_147_483_647


@pytest.mark.contract("8.17", "8.18", "10.26")
def test_the_whole_card_becomes_credit(shop: Shop) -> None:
    end = at(shop, 100)
    card, page = shop.grant(credit=70, expiresAt=end), Page(shop)
    response = page.redeem(card["id"], headers={"X-Request-Id": "mine"})
    assert (response.status_code, response.content) == (200, b"true")
    assert response.headers["content-type"] == "application/json"
    assert shop.card(card["id"]) == card | {"credit": 0, "redeemed": True}
    lot = {"amount": 70, "expiresAt": end, "restricted": False}
    assert credit_of(shop) == {"total": 70, "restricted": 0, "lots": [lot]}
    chain = shop.read(ledger.entries, shop.store.id, "credit", KELLY.uuid)
    left, entered = shop.entries(card["id"])[-1], chain[-1]
    check_chain(shop.entries(card["id"]))
    check_chain(chain)
    assert (left.kind, left.delta) == ("redeemed", -70)
    assert (entered.kind, entered.delta) == ("credit_redeemed", 70)
    assert f'"reference":"{card["id"]}"' in entered.state
    for entry in (left, entered):
        assert (entry.actor_kind, entry.actor_id) == ("resident", KELLY.uuid)
        assert entry.request_id == "mine"
    clean(shop)


@pytest.mark.contract("8.18")
def test_redeeming_late_extends_nothing(shop: Shop) -> None:
    card, page = shop.grant(credit=70, expiresAt=at(shop, 10))["id"], Page(shop)
    shop.clock.advance(9.999)
    assert page.redeem(card).json() is True
    assert credit_of(shop)["total"] == 70
    shop.clock.advance(0.001)
    assert credit_of(shop)["total"] == 0


def test_without_a_date_it_stays(shop: Shop) -> None:
    page = Page(shop)
    page.redeem(shop.grant(credit=70)["id"])
    assert credit_of(shop) == {"total": 70, "restricted": 0, "lots": []}


def test_a_card_without_credit(shop: Shop) -> None:
    card, page = shop.grant()["id"], Page(shop)
    shop.call("PUT", f"/v1/giftcards/{card}", json={"active": True})
    assert page.redeem(card).json() is True
    assert credit_of(shop)["total"] == 0
    clean(shop)


@pytest.mark.contract("8.20")
def test_refusals(shop: Shop) -> None:
    page = Page(shop)
    done, off, ended = (
        shop.grant()["id"],
        shop.grant()["id"],
        shop.grant(expiresAt=at(shop, 5))["id"],
    )
    page.redeem(done)
    shop.call("POST", f"/v1/giftcards/{off}/actions/disable")
    shop.clock.advance(5)
    with unchanged(shop):
        problem(page.redeem(done), 400, "gift_card_redeemed")
        problem(page.redeem(off), 400, "gift_card_inactive")
        problem(page.redeem(ended), 400, "gift_card_expired")


def test_more_than_an_account_can_hold(shop: Shop) -> None:
    page, card = Page(shop), shop.grant(credit=2)["id"]
    change_credit(shop, "deposit", MAX - 1)
    with unchanged(shop):
        problem(page.redeem(card), 400, "credit_limit_exceeded")
    change_credit(shop, "spend", 1)
    assert page.redeem(card).json() is True


@pytest.mark.contract("8.21")
def test_someone_elses_card_and_none(shop: Shop, unknown_id: str) -> None:
    page, card = Page(shop), shop.grant(JO.username)["id"]
    with unchanged(shop):
        for id_ in (card, unknown_id, "abc", altered(card, -1)):
            problem(page.redeem(id_), 404, "gift_card_not_found")


@pytest.mark.contract("10.3")
def test_replay(shop: Shop) -> None:
    page, card, once = Page(shop), shop.grant()["id"], {"headers": {"Idempotency-Key": "r"}}
    assert page.redeem(card, **once).json() is True
    with unchanged(shop):
        again = page.redeem(card, **once)
    assert (again.content, again.headers["idempotent-replayed"]) == (b"true", "true")


@pytest.mark.contract("10.2")
def test_a_residents_keys_are_the_residents_own(shop: Shop) -> None:
    cards = [shop.grant()["id"], shop.grant(JO.username)["id"]]
    once = {"headers": {"Idempotency-Key": "1"}}
    pages = [Page(shop), Page(shop, JO.username)]
    for page, card in zip(pages, cards, strict=True):
        response = page.redeem(card, **once)
        assert response.json() is True
        assert "idempotent-replayed" not in response.headers
    assert change_credit(shop, "spend", 1, **once).status_code == 200
