"""POST /ext/v1/giftcards/{id}/holds, …/holds/{hold}/actions/capture and void."""

from typing import Any

import pytest

from tests.api import ApiFixture, problem
from tests.http.checks import check_chain, clean, unchanged
from tests.http.customer_page import CustomerPage
from tests.http.requests import at, ext, other_stores_key


def place(
    api: ApiFixture, card_id: str, amount: Any = 40, expires_in: Any = 60, **options: Any
) -> Any:
    return ext(api, card_id, "holds", {"amount": amount, "expiresIn": expires_in}, **options)


def close(
    api: ApiFixture, card_id: str, hold_id: str, action: str, body: Any = None, **options: Any
) -> Any:
    return ext(api, card_id, f"holds/{hold_id}/actions/{action}", body, **options)


def details(api: ApiFixture, card_id: str) -> tuple[int, int]:
    shown = api.call("GET", f"/ext/v1/giftcards/{card_id}").json()
    return shown["credit"], shown["available"]


@pytest.mark.contract("10.36", "10.42")
def test_placed_and_captured(api: ApiFixture) -> None:
    card = api.grant(credit=100)["id"]
    response = place(api, card)
    assert response.status_code == 201
    hold = response.json()
    assert hold == {
        "id": hold["id"], "giftCardId": card, "amount": 40, "state": "open", "captured": 0,
        "expiresAt": at(api, 60), "createdAt": at(api, 0),
    }  # fmt: skip
    assert details(api, card) == (100, 60)
    response = close(api, card, hold["id"], "capture")
    assert (response.status_code, response.json()) == (
        200,
        hold | {"state": "captured", "captured": 40},
    )
    assert details(api, card) == (60, 60)
    entries = api.entries(card)
    check_chain(entries)
    assert [(e.kind, e.delta, e.reason) for e in entries[1:]] == [
        ("held", 0, ""), ("captured", -40, ""),
    ]  # fmt: skip
    shown = api.call("GET", f"/ext/v1/giftcards/{card}/entries").json()["data"]
    about = {"hold": hold["id"], "holdAmount": 40, "holdExpiresAt": hold["expiresAt"]}
    assert all(about.items() <= entry["state"].items() for entry in shown[1:])
    assert about.keys().isdisjoint(shown[0]["state"])
    clean(api)


@pytest.mark.contract("10.157")
def test_placed_for_a_reason(api: ApiFixture) -> None:
    card = api.grant()["id"]
    body = {"amount": 40, "expiresIn": 60}
    for reason in ("order 7", None):
        assert ext(api, card, "holds", body | {"reason": reason}).status_code == 201
    assert [entry.reason for entry in api.entries(card)[1:]] == ["order 7", ""]
    for reason in ("", "x" * 201, "a\u202eb", 7):
        refused = ext(api, card, "holds", body | {"reason": reason})
        assert "reason" in problem(refused, 400, "validation_failed")["errors"]
    assert len(api.entries(card)) == 3
    clean(api)


@pytest.mark.contract("10.42")
def test_voided(api: ApiFixture) -> None:
    card = api.grant(credit=100)["id"]
    hold = place(api, card).json()
    assert close(api, card, hold["id"], "void").json() == hold | {"state": "voided"}
    assert details(api, card) == (100, 100)
    clean(api)


@pytest.mark.contract("10.42")
@pytest.mark.parametrize("amount", [1, 39, 40])
def test_captured_in_part(api: ApiFixture, amount: int) -> None:
    """What is not taken is free at once, and what other holds reserve is not."""
    card = api.grant(credit=100)["id"]
    hold, _other = place(api, card).json(), place(api, card, 30)
    captured = hold | {"state": "captured", "captured": amount}
    once = {"headers": {"Idempotency-Key": "c"}}
    for _ in range(2):
        response = close(api, card, hold["id"], "capture", body={"amount": amount}, **once)
        assert (response.status_code, response.json()) == (200, captured)
        assert details(api, card) == (100 - amount, 70 - amount)
    (*_, entry) = api.entries(card)
    assert (entry.kind, entry.delta) == ("captured", -amount)
    with unchanged(api):
        for action in ("capture", "void"):
            problem(close(api, card, hold["id"], action), 409, "hold_closed")
        more = close(api, card, hold["id"], "capture", body={"amount": 1})
        problem(more, 409, "hold_closed")
    clean(api)


@pytest.mark.contract("10.42")
@pytest.mark.parametrize("body", [{}, {"amount": None}, {"other": 1}, []], ids=repr)
def test_without_an_amount_all_is_captured(api: ApiFixture, body: Any) -> None:
    card = api.grant(credit=100)["id"]
    hold = place(api, card).json()["id"]
    assert close(api, card, hold, "capture", body=body).json()["captured"] == 40
    assert details(api, card) == (60, 60)


@pytest.mark.contract("10.43")
@pytest.mark.parametrize("amount", [41, 100, 2**31 - 1])
def test_no_more_is_captured_than_is_held(api: ApiFixture, amount: int) -> None:
    card = api.grant(credit=100)["id"]
    hold = place(api, card).json()["id"]
    with unchanged(api):
        refused = close(api, card, hold, "capture", body={"amount": amount})
        assert problem(refused, 409, "capture_exceeds_hold")["held"] == 40
    assert close(api, card, hold, "capture").status_code == 200


@pytest.mark.contract("10.42")
@pytest.mark.parametrize("amount", [0, -1, 1.5, "60", True, 2**31])
def test_a_bad_amount_captures_nothing(api: ApiFixture, amount: Any) -> None:
    card = api.grant(credit=100)["id"]
    hold = place(api, card).json()["id"]
    with unchanged(api):
        refused = close(api, card, hold, "capture", body={"amount": amount})
        assert "amount" in problem(refused, 400, "validation_failed")["errors"]
        problem(close(api, card, hold, "capture", body=[60]), 400, "body_malformed")


@pytest.mark.contract("10.43")
def test_closed_once(api: ApiFixture) -> None:
    card = api.grant(credit=100)["id"]
    for first in ("capture", "void"):
        hold = place(api, card).json()["id"]
        close(api, card, hold, first)
        with unchanged(api):
            for action in ("capture", "void"):
                problem(close(api, card, hold, action), 409, "hold_closed")


@pytest.mark.contract("10.41", "10.43")
def test_frees_itself_at_its_time(api: ApiFixture) -> None:
    card = api.grant(credit=100)["id"]
    hold, other = place(api, card, 90, 10).json()["id"], place(api, card, 5, 20).json()["id"]
    api.clock.advance(9.999)
    assert details(api, card) == (100, 5)
    api.clock.advance(0.001)
    assert details(api, card) == (100, 95)
    with unchanged(api):
        problem(close(api, card, hold, "capture"), 409, "hold_closed")
    assert close(api, card, other, "capture").status_code == 200
    assert details(api, card) == (95, 95)
    clean(api)


@pytest.mark.contract("10.38", "10.40")
def test_is_not_held_twice(api: ApiFixture) -> None:
    card = api.grant(credit=100)["id"]
    place(api, card, 60)
    with unchanged(api):
        assert problem(place(api, card, 41), 409, "insufficient_credit")["available"] == 40
    assert place(api, card, 40).status_code == 201


@pytest.mark.contract("8.36", "8.40", "10.24", "10.40")
def test_held_credit_stays_on_the_card(api: ApiFixture) -> None:
    page, card = CustomerPage(api), api.grant(credit=100, transfer=True)["id"]
    place(api, card, 1, 10)
    put = {"credit": 5, "transfer": True, "active": True}
    with unchanged(api):
        problem(page.redeem(card), 400, "gift_card_held")
        problem(page.transfer(card), 400, "gift_card_held")
        receiver = {"receiverIdentifier": "jo.winter"}
        problem(ext(api, card, "transfer", receiver), 409, "gift_card_held")
        problem(ext(api, card, "reissue", {"reason": "lost"}), 409, "gift_card_held")
        response = api.call("PUT", f"/v1/giftcards/{card}", json=put)
        problem(response, 400, "gift_card_held")
    api.clock.advance(10)
    assert page.transfer(card).json() is True
    card = api.grant(credit=100)["id"]
    place(api, card, 1, 10)
    api.clock.advance(10)
    assert page.redeem(card).json() is True


@pytest.mark.contract("6.29")
def test_a_put_may_change_all_but_held_credit(api: ApiFixture) -> None:
    card = api.grant(credit=100)["id"]
    place(api, card, 1, 10)
    path = f"/v1/giftcards/{card}"
    with unchanged(api):
        problem(api.call("PUT", path, json={"credit": 101}), 400, "gift_card_held")
    changed = api.call("PUT", path, json={"credit": 100, "transfer": True})
    assert changed.json().items() >= {"transfer": True, "active": False}.items()
    api.clock.advance(10)
    assert api.call("PUT", path, json={"credit": 101}).json()["credit"] == 101


@pytest.mark.contract("10.44")
def test_captured_also_when_the_card_has_ended(api: ApiFixture) -> None:
    off, ended = api.grant(credit=100)["id"], api.grant(credit=100, expiresAt=at(api, 5))["id"]
    taken = {card: place(api, card).json()["id"] for card in (off, ended)}
    api.call("POST", f"/v1/giftcards/{off}/actions/disable")
    api.clock.advance(5)
    for card, hold in taken.items():
        assert close(api, card, hold, "capture").json()["state"] == "captured"
        assert details(api, card) == (60, 60)
    clean(api)


@pytest.mark.contract("10.26", "10.39")
def test_a_card_that_may_not_be_used(api: ApiFixture) -> None:
    off, ended, done = (
        api.grant()["id"],
        api.grant(expiresAt=at(api, 1))["id"],
        api.grant()["id"],
    )
    api.call("POST", f"/v1/giftcards/{off}/actions/disable")
    CustomerPage(api).redeem(done)
    api.clock.advance(1)
    with unchanged(api):
        problem(place(api, off), 409, "gift_card_inactive")
        problem(place(api, ended), 409, "gift_card_expired")
        problem(place(api, done), 409, "gift_card_redeemed")


@pytest.mark.contract("10.37")
@pytest.mark.parametrize(
    ("amount", "expires_in", "wrong"),
    [(0, 1, "amount"), (1.5, 1, "amount"), (1, 0, "expiresIn"), (1, 604_801, "expiresIn"),
     (1, "60", "expiresIn")],
)  # fmt: skip
def test_bad_input(api: ApiFixture, amount: Any, expires_in: Any, wrong: str) -> None:
    card = api.grant()["id"]
    with unchanged(api):
        body = problem(place(api, card, amount, expires_in), 400, "validation_failed")
    assert list(body["errors"]) == [wrong]


@pytest.mark.contract("10.14", "10.43")
def test_holds_that_are_not_there(api: ApiFixture, unknown_id: str) -> None:
    card, other = api.grant()["id"], api.grant()["id"]
    hold = place(api, card).json()["id"]
    key = other_stores_key(api, "giftcards:write")
    with unchanged(api):
        for id_ in (unknown_id, "abc"):
            problem(close(api, card, id_, "capture"), 404, "hold_not_found")
        problem(close(api, other, hold, "void"), 404, "hold_not_found")
        problem(close(api, card, hold, "void", key=key), 404, "gift_card_not_found")
        problem(place(api, card, key=key), 404, "gift_card_not_found")


@pytest.mark.contract("10.3")
def test_replay(api: ApiFixture) -> None:
    card, once = api.grant()["id"], {"headers": {"Idempotency-Key": "h"}}
    first = place(api, card, **once)
    with unchanged(api):
        again = place(api, card, **once)
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    hold, once = first.json()["id"], {"headers": {"Idempotency-Key": "c"}}
    captured = close(api, card, hold, "capture", **once)
    with unchanged(api):
        assert close(api, card, hold, "capture", **once).content == captured.content
