"""POST /ext/v1/customers/{identifier}/credit/actions/move."""

from typing import Any

import pytest

from gridgift.domain import ledger
from gridgift.domain.ledger import read_credit_state
from tests.api import JO, KELLY, ApiFixture, problem
from tests.http.checks import check_chain, clean, unchanged
from tests.http.requests import at, change_credit, credit_of, other_stores_key, without_ids

NOTHING = {"total": 0, "restricted": 0, "lots": []}


def move(api: ApiFixture, amount: Any = None, **more: Any) -> Any:
    """Move Kelly's credit to Jo."""
    body: Any = {"receiverIdentifier": "jo.winter"}
    body |= {} if amount is None else {"amount": amount}
    options = {name: more.pop(name) for name in ("headers", "key") if name in more}
    body |= {"reason": "why", "reference": "order 7"} | more
    path = "/ext/v1/customers/kelly/credit/actions/move"
    return api.call("POST", path, json=body, **options)


def chain(api: ApiFixture, resident: Any) -> Any:
    """Read a chain of store credit."""
    return api.read(ledger.entries, api.store.id, "credit", resident.uuid)


def deposit_some(api: ApiFixture) -> None:
    for amount, more in (
        (10, {"expiresAt": at(api, 20)}),
        (20, {"expiresAt": at(api, 10), "restricted": True}),
        (30, {}),
        (5, {}),
        (40, {"expiresAt": at(api, 20)}),
    ):
        assert change_credit(api, "deposit", amount, **more).status_code == 200


@pytest.mark.contract("10.114", "10.115")
def test_all_of_it(api: ApiFixture) -> None:
    deposit_some(api)
    before = credit_of(api)
    once = {"headers": {"Idempotency-Key": "m"}}
    for _ in range(2):
        response = move(api, **once)
        assert response.status_code == 200, response.text
        moved = response.json()
        assert moved == {"id": moved["id"], "amount": 105} | NOTHING
    received = without_ids(credit_of(api, "jo.winter"))
    assert received == {
        "total": before["total"],
        "restricted": before["restricted"],
        "lots": [
            {"amount": 20, "expiresAt": at(api, 10), "restricted": True},
            {"amount": 50, "expiresAt": at(api, 20), "restricted": False},
        ],
    }
    (*_, left), (entered,) = chain(api, KELLY), chain(api, JO)
    check_chain(chain(api, KELLY))
    check_chain([entered])
    assert (left.kind, left.delta, left.reason) == ("credit_moved", -105, "why")
    assert (entered.kind, entered.delta, entered.reason) == ("credit_moved", 105, "why")
    for entry, other in ((left, JO), (entered, KELLY)):
        state = read_credit_state(entry.state)
        assert (state.move, state.other) == (moved["id"], other.uuid)
        assert state.reference == "order 7"
    path = "/ext/v1/customers/jo.winter/credit/entries"
    (shown,) = api.call("GET", path).json()["data"]
    assert (shown["state"]["move"], shown["state"]["other"]) == (moved["id"], KELLY.uuid)
    clean(api)


@pytest.mark.contract("10.114", "10.115")
def test_a_part_of_it(api: ApiFixture) -> None:
    """The soonest first, restricted or not; it is spent and ends as it would have."""
    deposit_some(api)
    moved = move(api, 35).json()
    assert (moved["amount"], moved["total"], moved["restricted"]) == (35, 70, 0)
    assert without_ids(credit_of(api, "jo.winter"))["lots"] == [
        {"amount": 20, "expiresAt": at(api, 10), "restricted": True},
        {"amount": 15, "expiresAt": at(api, 20), "restricted": False},
    ]
    api.clock.advance(10)
    assert credit_of(api, "jo.winter")["restricted"] == 0
    api.clock.advance(10)
    assert credit_of(api, "jo.winter") == NOTHING
    assert credit_of(api)["total"] == 35
    assert move(api).json()["amount"] == 35
    clean(api)


@pytest.mark.contract("10.116")
def test_what_is_refused(api: ApiFixture) -> None:
    with unchanged(api):
        problem(move(api), 409, "insufficient_credit")
        problem(move(api, 1), 409, "insufficient_credit")
    change_credit(api, "deposit", 10, expiresAt=at(api, 5))
    path = "/ext/v1/customers/jo.winter/credit/actions/deposit"
    body = {"amount": 2_147_483_640, "reason": "why", "reference": "order 7"}
    assert api.call("POST", path, json=body).status_code == 200
    with unchanged(api):
        assert problem(move(api, 11), 409, "insufficient_credit")["available"] == 10
        problem(move(api), 409, "credit_limit_exceeded")
        problem(move(api, receiverIdentifier="no.one"), 409, "receiver_not_found")
        problem(move(api, receiverIdentifier="a b c"), 400, "identifier_malformed")
        problem(move(api, receiverIdentifier=KELLY.uuid), 409, "receiver_is_owner")
        for amount in (0, -1, 1.5, "7"):
            refused = problem(move(api, amount), 400, "validation_failed")
            assert list(refused["errors"]) == ["amount"]
        key = other_stores_key(api, "credits:write")
        problem(move(api, key=key), 409, "insufficient_credit")
    assert move(api, 7).status_code == 200
    api.clock.advance(5)
    with unchanged(api):
        problem(move(api), 409, "insufficient_credit")


@pytest.mark.contract("10.115")
def test_a_refund_goes_to_who_spent(api: ApiFixture) -> None:
    change_credit(api, "deposit", 50)
    spend = change_credit(api, "spend", 20).json()["id"]
    assert move(api).json()["amount"] == 30
    assert change_credit(api, "refund", 20, spend=spend).json()["total"] == 20
    assert credit_of(api, "jo.winter")["total"] == 30
    clean(api)
