"""POST /v1/customer/giftcards/{id}/transfer."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.api import JO, KELLY, ApiFixture, problem
from tests.http.checks import check_chain, clean, unchanged
from tests.http.customer_page import CustomerPage
from tests.http.requests import at
from tests.test_directory import Resolver


@pytest.mark.contract("8.37", "8.38", "8.45")
@pytest.mark.parametrize("to", ["jo.winter", "Jo Winter", JO.uuid])
def test_passed_on(api: ApiFixture, to: str) -> None:
    card, page = api.grant(credit=70, transfer=True), CustomerPage(api)
    response = page.transfer(card["id"], to)
    assert (response.status_code, response.content) == (200, b"true")
    given = card | {"ownerUuid": JO.uuid, "ownerUsername": JO.username}
    assert api.card(card["id"]) == given
    chain = api.entries(card["id"])
    check_chain(chain)
    assert (chain[-1].kind, chain[-1].actor_kind, chain[-1].actor_id) == (
        "transferred", "resident", KELLY.uuid,
    )  # fmt: skip
    assert f'"source":"{KELLY.uuid}"' in chain[-1].state
    clean(api)


@pytest.mark.contract("8.39", "8.41")
def test_it_can_not_be_undone(api: ApiFixture) -> None:
    card, page, jo = (
        api.grant(transfer=True)["id"],
        CustomerPage(api),
        CustomerPage(api, "jo.winter"),
    )
    page.transfer(card)
    with unchanged(api):
        for response in (page.transfer(card), page.transfer(card, "kelly"), page.redeem(card)):
            problem(response, 404, "gift_card_not_found")
    assert [shown["id"] for shown in jo.call("GET", "giftcards").json()["data"]] == [card]
    assert jo.redeem(card).json() is True


@pytest.mark.contract("8.39", "8.40", "8.42")
def test_refusals(api: ApiFixture) -> None:
    page = CustomerPage(api)
    fixed = api.grant()["id"]
    done, off = api.grant(transfer=True)["id"], api.grant(transfer=True)["id"]
    ended = api.grant(transfer=True, expiresAt=at(api, 5))["id"]
    page.redeem(done)
    api.call("POST", f"/v1/giftcards/{off}/actions/disable")
    api.clock.advance(4.999)
    assert page.transfer(api.grant(transfer=True, expiresAt=at(api, 0.001))["id"]).json() is True
    api.clock.advance(0.001)
    with unchanged(api):
        problem(page.transfer(fixed), 400, "gift_card_not_transferable")
        problem(page.transfer(done), 400, "gift_card_redeemed")
        problem(page.transfer(off), 400, "gift_card_inactive")
        problem(page.transfer(ended), 400, "gift_card_expired")
        problem(page.transfer(fixed, "kelly"), 400, "receiver_is_owner")
        problem(page.transfer(fixed, KELLY.uuid), 400, "receiver_is_owner")
        problem(page.transfer(fixed, "no.one"), 400, "receiver_not_found")
        problem(page.transfer(fixed, "a b c"), 400, "identifier_malformed")
        problem(page.transfer(fixed, None), 400, "validation_failed")


@pytest.mark.contract("8.41")
def test_someone_elses_card_and_none(api: ApiFixture, unknown_id: str) -> None:
    page, card = CustomerPage(api), api.grant(JO.username, transfer=True)["id"]
    with unchanged(api):
        for id_ in (card, unknown_id, "abc"):
            problem(page.transfer(id_, "kelly"), 404, "gift_card_not_found")


@pytest.mark.contract("8.40")
def test_unknown_receivers_are_looked_up(make_api: Callable[..., Any]) -> None:
    with Resolver.started() as resolver:
        api = make_api(resolver_url=resolver.url)
        page, card = CustomerPage(api), api.grant(transfer=True)["id"]
        resolver.status = 404
        problem(page.transfer(card, "no.one"), 400, "receiver_not_found")
        resolver.status = 200
        assert page.transfer(card, "new.comer").json() is True
    assert api.card(card)["ownerUsername"] == "new.comer"


@pytest.mark.contract("8.44")
def test_replay(api: ApiFixture) -> None:
    page, once = CustomerPage(api), {"headers": {"Idempotency-Key": "t"}}
    card = api.grant(transfer=True)["id"]
    assert page.transfer(card, **once).json() is True
    with unchanged(api):
        again = page.transfer(card, **once)
        problem(page.transfer(card, "kelly", **once), 422, "idempotency_key_reused")
    assert (again.content, again.headers["idempotent-replayed"]) == (b"true", "true")
