"""GET /ext/v1/customer/history: what happened, as the resident sees it."""

from typing import Any

import pytest

from gridgift.domain import residents
from gridgift.domain.model import Resident
from gridgift.domain.resident_history import KINDS
from tests.api import JO, KELLY, ApiFixture, problem
from tests.http.checks import unchanged
from tests.http.customer_page import CustomerPage
from tests.http.requests import change_credit, ext

HISTORY = "/ext/v1/customer/history"


@pytest.fixture
def page(api: ApiFixture) -> CustomerPage:
    """Kelly's page."""
    return CustomerPage(api)


@pytest.fixture
def jo(api: ApiFixture) -> CustomerPage:
    """Jo's page."""
    return CustomerPage(api, JO.username)


def told(page: CustomerPage) -> list[tuple[str, int, str | None]]:
    """Read the whole history: what happened, with how much, and from or to whom; oldest first."""
    moments: list[Any] = []
    cursor: str | None = ""
    while cursor is not None:
        query = {"limit": 7, "cursor": cursor} if cursor else {"limit": 7}
        answer = page.call("GET", HISTORY, params=query)
        assert answer.status_code == 200, answer.text
        moments += answer.json()["data"]
        cursor = answer.json()["pagination"]["nextCursor"]
    instants = [moment["at"] for moment in moments]
    assert instants == sorted(instants, reverse=True)
    return [
        (each["kind"], each["amount"], each["other"] and each["other"]["username"])
        for each in reversed(moments)
    ]


@pytest.mark.contract("8.57")
def test_what_happens_to_a_card(api: ApiFixture, page: CustomerPage) -> None:
    assert told(page) == []
    card = api.grant(credit=500)["id"]

    def then(action: str, **body: Any) -> Any:
        api.clock.advance(1)  # so that there is one order
        response = ext(api, card, action, body or None)
        assert response.is_success, response.text
        return response.json()

    hold = then("holds", amount=100, expiresIn=60)["id"]
    then(f"holds/{hold}/actions/extend", expiresIn=600)
    then(f"holds/{hold}/actions/capture", amount=80)
    hold = then("holds", amount=30, expiresIn=60)["id"]
    then(f"holds/{hold}/actions/void")
    then("adjust", delta=5, reason="SECRET")
    then("adjust", delta=-25, reason="SECRET")
    api.call("POST", f"/ext/v1/giftcards/{card}/notes", json={"text": "SECRET"})
    api.clock.advance(1)
    api.call("POST", f"/v1/giftcards/{card}/actions/disable")
    api.clock.advance(1)
    api.call("POST", "/ext/v1/giftcards/actions/enable", json={"ids": [card]})
    expected = [
        ("granted", 500, None), ("held", 100, None), ("held_longer", 100, None),
        ("used", 80, None), ("held", 30, None), ("released", 30, None), ("added", 5, None),
        ("taken", 25, None), ("switched_off", 400, None), ("switched_on", 400, None),
    ]  # fmt: skip
    assert told(page) == expected
    whole = page.call("GET", HISTORY).json()["data"]
    assert "SECRET" not in str(whole)
    assert {moment["giftCardId"] for moment in whole} == {card}
    held = [moment for moment in whole if moment["kind"] in {"held", "held_longer"}]
    assert all(moment["until"] > moment["at"] for moment in held)
    then("reissue", reason="SECRET")
    assert sorted(told(page)[-2:]) == [("replaced", 400, None), ("replacement", 400, None)]


@pytest.mark.contract("8.57")
def test_what_happens_to_credit(api: ApiFixture, page: CustomerPage, jo: CustomerPage) -> None:
    card = api.grant(credit=70)["id"]
    api.clock.advance(1)
    page.redeem(card)
    for action, amount in (("deposit", 90), ("spend", 60)):
        api.clock.advance(1)
        changed = change_credit(api, action, amount)
        assert changed.is_success, changed.text
    api.clock.advance(1)
    refunded = change_credit(api, "refund", 20, spend=changed.json()["id"])
    assert refunded.is_success, refunded.text
    api.clock.advance(1)
    body = {
        "receiverIdentifier": JO.username,
        "amount": 10,
        "reason": "SECRET",
        "reference": "SECRET",
    }
    moved = api.call("POST", "/ext/v1/customers/kelly/credit/actions/move", json=body)
    assert moved.is_success, moved.text
    assert told(page) == [
        ("granted", 70, None), ("redeemed", 70, None), ("credited", 90, None),
        ("spent", 60, None), ("refunded", 20, None), ("moved_out", 10, JO.username),
    ]  # fmt: skip
    assert told(jo) == [("moved_in", 10, "kelly")]
    whole = page.call("GET", HISTORY).text
    assert "SECRET" not in whole and "order 7" not in whole
    redeemed = [m for m in page.call("GET", HISTORY).json()["data"] if m["kind"] == "redeemed"]
    assert redeemed[0]["giftCardId"] == card


@pytest.mark.contract("8.57")
def test_a_card_has_the_history_of_whose_it_was(
    api: ApiFixture, page: CustomerPage, jo: CustomerPage
) -> None:
    """Of a card that goes to a friend, comes back, and goes for good, each sees their own time."""
    card = api.grant(credit=500, transfer=True)["id"]
    robin = Resident("b9d4c1f0-2222-4333-8444-5555666677c1", "b9d4c1f0-2222-4333-8444-5555666677c1")
    api.write(residents.remember, robin)

    def then(response: Any) -> None:
        assert response.is_success, response.text
        api.clock.advance(1)

    api.clock.advance(1)
    then(ext(api, card, "adjust", {"delta": -100, "reason": "r"}))
    then(page.transfer(card, JO.username))
    then(ext(api, card, "adjust", {"delta": -30, "reason": "r"}))
    then(jo.transfer(card, KELLY.username))
    then(ext(api, card, "adjust", {"delta": -7, "reason": "r"}))
    then(page.transfer(card, robin.uuid))
    then(ext(api, card, "adjust", {"delta": -1, "reason": "r"}))
    assert told(page) == [
        ("granted", 500, None), ("taken", 100, None), ("passed_on", 400, JO.username),
        ("received", 370, JO.username), ("taken", 7, None),
        ("passed_on", 363, None),  # to one whose name nobody knows
    ]  # fmt: skip
    assert told(jo) == [
        ("received", 400, "kelly"), ("taken", 30, None), ("passed_on", 370, "kelly"),
    ]  # fmt: skip
    assert told(CustomerPage(api, robin.uuid)) == [("received", 363, "kelly"), ("taken", 1, None)]


@pytest.mark.contract("8.57")
def test_pages_of_ones_own_history(api: ApiFixture, page: CustomerPage, jo: CustomerPage) -> None:
    """Also of what happened at one instant."""
    amounts = list(range(1, 12))
    for amount in amounts:
        api.grant(credit=amount)
    api.grant(JO.username, credit=999)
    with unchanged(api):
        assert sorted(amount for _, amount, _ in told(page)) == amounts
        first = page.call("GET", HISTORY, params={"limit": 4}).json()
        cursor = first["pagination"]["nextCursor"]
        second = page.call("GET", HISTORY, params={"limit": 4, "cursor": cursor}).json()
        back = second["pagination"]["previousCursor"]
        again = page.call("GET", HISTORY, params={"limit": 4, "cursor": back}).json()
        assert again["data"] == first["data"]
        stolen = jo.call("GET", HISTORY, params={"cursor": cursor})
        problem(stolen, 400, "cursor_invalid")
        problem(page.call("GET", HISTORY, token="x"), 401, "customer_token_invalid")
    assert {kind for kind, _, _ in told(page)} <= set(KINDS)
