"""POST /v1/customer/giftcards/{id}/transfer."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.http.scene import Page, at, check_chain, clean, unchanged
from tests.shop import JO, KELLY, Shop, problem
from tests.test_directory import Resolver


@pytest.mark.contract("8.19")
@pytest.mark.parametrize("to", ["jo.winter", "Jo Winter", JO.uuid])
def test_passed_on(shop: Shop, to: str) -> None:
    card, page = shop.grant(credit=70, transfer=True), Page(shop)
    response = page.transfer(card["id"], to)
    assert (response.status_code, response.content) == (200, b"true")
    given = card | {"ownerUuid": JO.uuid, "ownerUsername": JO.username}
    assert shop.card(card["id"]) == given
    chain = shop.entries(card["id"])
    check_chain(chain)
    assert (chain[-1].kind, chain[-1].actor_kind, chain[-1].actor_id) == (
        "transferred", "resident", KELLY.uuid,
    )  # fmt: skip
    assert f'"source":"{KELLY.uuid}"' in chain[-1].state
    clean(shop)


@pytest.mark.contract("8.19", "8.21")
def test_it_can_not_be_undone(shop: Shop) -> None:
    card, page, jo = shop.grant(transfer=True)["id"], Page(shop), Page(shop, "jo.winter")
    page.transfer(card)
    with unchanged(shop):
        for response in (page.transfer(card), page.transfer(card, "kelly"), page.redeem(card)):
            problem(response, 404, "gift_card_not_found")
    assert [shown["id"] for shown in jo.call("GET", "giftcards").json()["data"]] == [card]
    assert jo.redeem(card).json() is True


@pytest.mark.contract("8.20")
def test_refusals(shop: Shop) -> None:
    page = Page(shop)
    fixed = shop.grant()["id"]
    done, off = shop.grant(transfer=True)["id"], shop.grant(transfer=True)["id"]
    ended = shop.grant(transfer=True, expiresAt=at(shop, 5))["id"]
    page.redeem(done)
    shop.call("POST", f"/v1/giftcards/{off}/actions/disable")
    shop.clock.advance(4.999)
    assert page.transfer(shop.grant(transfer=True, expiresAt=at(shop, 0.001))["id"]).json() is True
    shop.clock.advance(0.001)
    with unchanged(shop):
        problem(page.transfer(fixed), 400, "gift_card_not_transferable")
        problem(page.transfer(done), 400, "gift_card_redeemed")
        problem(page.transfer(off), 400, "gift_card_inactive")
        problem(page.transfer(ended), 400, "gift_card_expired")
        problem(page.transfer(fixed, "kelly"), 400, "receiver_is_owner")
        problem(page.transfer(fixed, KELLY.uuid), 400, "receiver_is_owner")
        problem(page.transfer(fixed, "no.one"), 400, "receiver_not_found")
        problem(page.transfer(fixed, "a b c"), 400, "identifier_malformed")
        problem(page.transfer(fixed, None), 400, "validation_failed")


@pytest.mark.contract("8.21")
def test_someone_elses_card_and_none(shop: Shop, unknown_id: str) -> None:
    page, card = Page(shop), shop.grant(JO.username, transfer=True)["id"]
    with unchanged(shop):
        for id_ in (card, unknown_id, "abc"):
            problem(page.transfer(id_, "kelly"), 404, "gift_card_not_found")


@pytest.mark.contract("8.20")
def test_unknown_receivers_are_looked_up(make_shop: Callable[..., Any]) -> None:
    with Resolver.started() as resolver:
        shop = make_shop(resolver_url=resolver.url)
        page, card = Page(shop), shop.grant(transfer=True)["id"]
        resolver.status = 404
        problem(page.transfer(card, "no.one"), 400, "receiver_not_found")
        resolver.status = 200
        assert page.transfer(card, "new.comer").json() is True
    assert shop.card(card)["ownerUsername"] == "new.comer"


@pytest.mark.contract("10.3")
def test_replay(shop: Shop) -> None:
    page, once = Page(shop), {"headers": {"Idempotency-Key": "t"}}
    card = shop.grant(transfer=True)["id"]
    assert page.transfer(card, **once).json() is True
    with unchanged(shop):
        again = page.transfer(card, **once)
        problem(page.transfer(card, "kelly", **once), 422, "idempotency_key_reused")
    assert (again.content, again.headers["idempotent-replayed"]) == (b"true", "true")
