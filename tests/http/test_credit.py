"""GET /ext/v1/customers/{identifier}/credit; POST …/actions/deposit, spend and refund."""

from typing import Any

import pytest

from gridgift.domain import ledger
from tests.http.scene import (
    at,
    change_credit,
    check_chain,
    clean,
    credit_of,
    each,
    other_stores_key,
    unchanged,
)  # fmt: skip
from tests.shop import JO, KELLY, Shop, problem

MAX = 2_147_483_647
NOTHING = {"total": 0, "restricted": 0, "lots": []}


def chain(shop: Shop) -> Any:
    """Read Kelly's chain."""
    return shop.read(ledger.entries, shop.store.id, "credit", KELLY.uuid)


@pytest.mark.contract("10.22")
def test_nobody_has_nothing(shop: Shop) -> None:
    assert credit_of(shop) == NOTHING
    problem(shop.call("GET", "/ext/v1/customers/no.one/credit"), 404, "resident_not_found")
    problem(shop.call("GET", "/ext/v1/customers/a b c/credit"), 400, "identifier_malformed")


@pytest.mark.contract("10.22", "10.23")
def test_deposits(shop: Shop) -> None:
    response = change_credit(shop, "deposit", 50)
    assert response.status_code == 200
    made = response.json()
    assert made == {"id": made["id"], "amount": 50, "total": 50, "restricted": 0, "lots": []}
    soon, late = at(shop, 10), at(shop, 20)
    change_credit(shop, "deposit", 7, expiresAt=late)
    change_credit(shop, "deposit", 5, expiresAt=soon, restricted=True)
    assert credit_of(shop) == {
        "total": 57,
        "restricted": 5,
        "lots": [
            {"amount": 5, "expiresAt": soon, "restricted": True},
            {"amount": 7, "expiresAt": late, "restricted": False},
        ],
    }
    entries = chain(shop)
    check_chain(entries)
    assert [(e.kind, e.delta, e.balance_after, e.reason) for e in entries] == [
        ("credit_deposited", 50, 50, "why"), ("credit_deposited", 7, 57, "why"),
        ("credit_deposited", 5, 62, "why"),
    ]  # fmt: skip
    assert '"reference":"order 7"' in entries[0].state
    clean(shop)


@pytest.mark.contract("10.24")
def test_soonest_first_undated_last(shop: Shop) -> None:
    soon, late = at(shop, 10), at(shop, 20)
    change_credit(shop, "deposit", 10)
    change_credit(shop, "deposit", 10, expiresAt=late)
    change_credit(shop, "deposit", 10, expiresAt=soon)
    spent = change_credit(shop, "spend", 15).json()
    assert spent["lots"] == [{"amount": 5, "expiresAt": late, "restricted": False}]
    assert (spent["amount"], spent["total"]) == (15, 15)
    assert change_credit(shop, "spend", 6).json()["lots"] == []
    clean(shop)


@pytest.mark.contract("10.10", "10.24")
def test_restricted_credit_only_where_allowed(shop: Shop) -> None:
    change_credit(shop, "deposit", 10, restricted=True)
    change_credit(shop, "deposit", 5)
    with unchanged(shop):
        body = problem(change_credit(shop, "spend", 6), 409, "insufficient_credit")
        assert body["available"] == 5
        allowed = change_credit(shop, "spend", 16, restricted=True)
        assert problem(allowed, 409, "insufficient_credit")["available"] == 15
    after = change_credit(shop, "spend", 12, restricted=True).json()
    assert (after["total"], after["restricted"]) == (3, 0)
    clean(shop)


@pytest.mark.contract("10.21", "10.22")
def test_an_expiry_counts_at_its_instant_without_any_job(shop: Shop) -> None:
    change_credit(shop, "deposit", 10, expiresAt=at(shop, 10))
    change_credit(shop, "deposit", 1)
    shop.clock.advance(9.999)
    assert credit_of(shop)["total"] == 11
    shop.clock.advance(0.001)
    assert credit_of(shop) == NOTHING | {"total": 1}
    with unchanged(shop):
        body = problem(change_credit(shop, "spend", 2), 409, "insufficient_credit")
    assert body["available"] == 1
    assert change_credit(shop, "spend", 1).status_code == 200
    assert [entry.kind for entry in chain(shop)][2:] == ["credit_expired", "credit_spent"]
    clean(shop)


@pytest.mark.contract("10.25")
def test_a_refund_restores_the_lots(shop: Shop) -> None:
    end = at(shop, 10)
    change_credit(shop, "deposit", 10, expiresAt=end)
    change_credit(shop, "deposit", 20)
    spend = change_credit(shop, "spend", 25).json()["id"]
    response = change_credit(shop, "refund", 17, spend=spend)
    assert response.status_code == 200
    refunded = response.json()
    assert refunded == {
        "id": spend, "amount": 17, "total": 22, "restricted": 0,
        "lots": [{"amount": 2, "expiresAt": end, "restricted": False}],
    }  # fmt: skip
    with unchanged(shop):
        body = problem(change_credit(shop, "refund", 9, spend=spend), 409, "refund_exceeds_spend")
    assert body["refundable"] == 8
    assert change_credit(shop, "refund", 8, spend=spend).json()["total"] == 30
    assert (
        problem(change_credit(shop, "refund", 1, spend=spend), 409, "refund_exceeds_spend")[
            "refundable"
        ]
        == 0
    )
    assert [e.kind for e in chain(shop)][2:] == ["credit_spent", *["credit_refunded"] * 2]
    clean(shop)


@pytest.mark.contract("10.25")
def test_a_refund_does_not_revive_what_has_expired(shop: Shop) -> None:
    change_credit(shop, "deposit", 10, expiresAt=at(shop, 10))
    change_credit(shop, "deposit", 5)
    spend = change_credit(shop, "spend", 12).json()["id"]
    shop.clock.advance(10)
    assert change_credit(shop, "refund", 12, spend=spend).json()["total"] == 5
    assert [(e.kind, e.delta) for e in chain(shop)][3:] == [
        ("credit_refunded", 12), ("credit_expired", -10),
    ]  # fmt: skip
    clean(shop)


def test_spends_of_others_are_not_found(shop: Shop, unknown_id: str) -> None:
    change_credit(shop, "deposit", 10)
    spend = change_credit(shop, "spend", 5).json()["id"]
    path = f"/ext/v1/customers/{JO.uuid}/credit/actions/refund"
    body = {"spend": spend, "amount": 1, "reason": "x", "reference": "x"}
    with unchanged(shop):
        problem(shop.call("POST", path, json=body), 404, "spend_not_found")
        problem(change_credit(shop, "refund", 1, spend=unknown_id), 404, "spend_not_found")
        problem(change_credit(shop, "refund", 1, spend="abc"), 400, "validation_failed")
        problem(change_credit(shop, "refund", 1), 400, "validation_failed")


def test_the_limit_of_an_account(shop: Shop) -> None:
    change_credit(shop, "deposit", MAX - 1)
    with unchanged(shop):
        problem(change_credit(shop, "deposit", 2), 409, "credit_limit_exceeded")
    assert change_credit(shop, "deposit", 1).json()["total"] == MAX


@pytest.mark.parametrize("action", ["deposit", "spend", "refund"])
@pytest.mark.parametrize(
    "amount", each({"0": 0, "-1": -1, "float": 1.0, "text": "1", "big": MAX + 1})
)
def test_bad_amounts(shop: Shop, action: str, amount: Any) -> None:
    spend = {"spend": KELLY.uuid} if action == "refund" else {}
    with unchanged(shop):
        body = problem(change_credit(shop, action, amount, **spend), 400, "validation_failed")
    assert list(body["errors"]) == ["amount"]


def test_bad_fields(shop: Shop) -> None:
    with unchanged(shop):
        for wrong in ({"reason": ""}, {"reference": None}, {"expiresAt": at(shop, 0)},
                      {"expiresAt": "soon"}, {"restricted": "yes"}):  # fmt: skip
            body = problem(change_credit(shop, "deposit", 1, **wrong), 400, "validation_failed")
            assert list(body["errors"]) == list(wrong)


@pytest.mark.contract("1.9")
def test_each_store_has_its_own_credit(shop: Shop) -> None:
    change_credit(shop, "deposit", 10)
    key = other_stores_key(shop, "credits:read", "credits:write")
    found = shop.call("GET", "/ext/v1/customers/kelly/credit", key=key)
    assert found.json() == NOTHING
    problem(change_credit(shop, "spend", 1, key=key), 409, "insufficient_credit")
    assert credit_of(shop)["total"] == 10


def test_missing_scopes(shop: Shop) -> None:
    key = shop.add_key("credits:read").key
    problem(change_credit(shop, "deposit", 1, key=key), 403, "scope_missing")
    key = shop.add_key("credits:write").key
    problem(shop.call("GET", "/ext/v1/customers/kelly/credit", key=key), 403, "scope_missing")


@pytest.mark.contract("10.3")
def test_replays(shop: Shop) -> None:
    more: dict[str, Any] = {}
    for action in ("deposit", "spend", "refund"):
        once = {"headers": {"Idempotency-Key": action}}
        first = change_credit(shop, action, 5, **once, **more)
        assert first.status_code == 200
        with unchanged(shop):
            again = change_credit(shop, action, 5, **once, **more)
        assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")
        more = {"spend": first.json()["id"]} if action == "spend" else {}
    clean(shop)
