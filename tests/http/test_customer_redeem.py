"""POST /v1/customer/giftcards/{id}/redeem."""

import pytest

from gridgift.domain import ledger
from tests.api import JO, KELLY, ApiFixture, problem
from tests.http.bodies import altered
from tests.http.checks import check_chain, clean, unchanged
from tests.http.customer_page import CustomerPage
from tests.http.requests import at, change_credit, credit_of, without_ids

MAX = 2_147_483_647


@pytest.mark.contract("8.33", "8.34", "8.45")
def test_the_whole_card_becomes_credit(api: ApiFixture) -> None:
    end = at(api, 100)
    card, page = api.grant(credit=70, expiresAt=end), CustomerPage(api)
    response = page.redeem(card["id"], headers={"X-Request-Id": "mine"})
    assert (response.status_code, response.content) == (200, b"true")
    assert response.headers["content-type"] == "application/json"
    assert api.card(card["id"]) == card | {"credit": 0, "redeemed": True}
    lot = {"amount": 70, "expiresAt": end, "restricted": False}
    assert without_ids(credit_of(api)) == {"total": 70, "restricted": 0, "lots": [lot]}
    chain = api.read(ledger.entries, api.store.id, "credit", KELLY.uuid)
    left, entered = api.entries(card["id"])[-1], chain[-1]
    check_chain(api.entries(card["id"]))
    check_chain(chain)
    assert (left.kind, left.delta) == ("redeemed", -70)
    assert (entered.kind, entered.delta) == ("credit_redeemed", 70)
    assert f'"reference":"{card["id"]}"' in entered.state
    for entry in (left, entered):
        assert (entry.actor_kind, entry.actor_id) == ("resident", KELLY.uuid)
        assert entry.request_id == "mine"
    clean(api)


@pytest.mark.contract("8.35")
def test_redeeming_late_extends_nothing(api: ApiFixture) -> None:
    card, page = api.grant(credit=70, expiresAt=at(api, 10))["id"], CustomerPage(api)
    api.clock.advance(9.999)
    assert page.redeem(card).json() is True
    assert credit_of(api)["total"] == 70
    api.clock.advance(0.001)
    assert credit_of(api)["total"] == 0


def test_without_a_date_it_stays(api: ApiFixture) -> None:
    page = CustomerPage(api)
    page.redeem(api.grant(credit=70)["id"])
    assert credit_of(api) == {"total": 70, "restricted": 0, "lots": []}


def test_a_card_without_credit(api: ApiFixture) -> None:
    card, page = api.grant()["id"], CustomerPage(api)
    api.call("PUT", f"/v1/giftcards/{card}", json={"active": True})
    assert page.redeem(card).json() is True
    assert credit_of(api)["total"] == 0
    clean(api)


@pytest.mark.contract("8.36", "8.42", "10.26")
def test_refusals(api: ApiFixture) -> None:
    page = CustomerPage(api)
    done, off, ended = (
        api.grant()["id"],
        api.grant()["id"],
        api.grant(expiresAt=at(api, 5))["id"],
    )
    page.redeem(done)
    api.call("POST", f"/v1/giftcards/{off}/actions/disable")
    api.clock.advance(5)
    with unchanged(api):
        problem(page.redeem(done), 400, "gift_card_redeemed")
        problem(page.redeem(off), 400, "gift_card_inactive")
        problem(page.redeem(ended), 400, "gift_card_expired")


@pytest.mark.contract("8.36")
def test_more_than_an_account_can_hold(api: ApiFixture) -> None:
    page, card = CustomerPage(api), api.grant(credit=2)["id"]
    change_credit(api, "deposit", MAX - 1)
    with unchanged(api):
        problem(page.redeem(card), 400, "credit_limit_exceeded")
    change_credit(api, "spend", 1)
    assert page.redeem(card).json() is True


@pytest.mark.contract("8.41")
def test_someone_elses_card_and_none(api: ApiFixture, unknown_id: str) -> None:
    page, card = CustomerPage(api), api.grant(JO.username)["id"]
    with unchanged(api):
        for id_ in (card, unknown_id, "abc", altered(card, -1)):
            problem(page.redeem(id_), 404, "gift_card_not_found")


@pytest.mark.contract("8.44")
def test_replay(api: ApiFixture) -> None:
    page, card, once = CustomerPage(api), api.grant()["id"], {"headers": {"Idempotency-Key": "r"}}
    assert page.redeem(card, **once).json() is True
    with unchanged(api):
        again = page.redeem(card, **once)
    assert (again.content, again.headers["idempotent-replayed"]) == (b"true", "true")


@pytest.mark.contract("8.44")
def test_a_residents_keys_are_the_residents_own(api: ApiFixture) -> None:
    cards = [api.grant()["id"], api.grant(JO.username)["id"]]
    once = {"headers": {"Idempotency-Key": "1"}}
    pages = [CustomerPage(api), CustomerPage(api, JO.username)]
    for page, card in zip(pages, cards, strict=True):
        response = page.redeem(card, **once)
        assert response.json() is True
        assert "idempotent-replayed" not in response.headers
    assert change_credit(api, "spend", 1, **once).status_code == 200
