"""GET /ext/v1/customers/{identifier}/credit; POST …/actions/deposit, spend and refund."""

from typing import Any

import pytest

from gridgift.domain import ledger
from tests.api import JO, KELLY, ApiFixture, problem
from tests.http.bodies import each
from tests.http.checks import check_chain, clean, unchanged
from tests.http.requests import at, change_credit, credit_of, other_stores_key, without_ids

MAX = 2_147_483_647
NOTHING = {"total": 0, "restricted": 0, "lots": []}


def chain(api: ApiFixture) -> Any:
    """Read Kelly's chain."""
    return api.read(ledger.entries, api.store.id, "credit", KELLY.uuid)


@pytest.mark.contract("10.14", "10.49", "10.51")
def test_nobody_has_nothing(api: ApiFixture) -> None:
    assert credit_of(api) == NOTHING
    problem(api.call("GET", "/ext/v1/customers/no.one/credit"), 404, "resident_not_found")
    problem(api.call("GET", "/ext/v1/customers/a b c/credit"), 400, "identifier_malformed")


@pytest.mark.contract("10.49", "10.50", "10.52", "10.53")
def test_deposits(api: ApiFixture) -> None:
    response = change_credit(api, "deposit", 50)
    assert response.status_code == 200
    made = response.json()
    assert made == {"id": made["id"], "amount": 50, "total": 50, "restricted": 0, "lots": []}
    soon, late = at(api, 10), at(api, 20)
    change_credit(api, "deposit", 7, expiresAt=late)
    change_credit(api, "deposit", 5, expiresAt=soon, restricted=True)
    assert without_ids(credit_of(api)) == {
        "total": 57,
        "restricted": 5,
        "lots": [
            {"amount": 5, "expiresAt": soon, "restricted": True},
            {"amount": 7, "expiresAt": late, "restricted": False},
        ],
    }
    entries = chain(api)
    check_chain(entries)
    assert [(e.kind, e.delta, e.balance_after, e.reason) for e in entries] == [
        ("credit_deposited", 50, 50, "why"), ("credit_deposited", 7, 57, "why"),
        ("credit_deposited", 5, 62, "why"),
    ]  # fmt: skip
    assert '"reference":"order 7"' in entries[0].state
    clean(api)


@pytest.mark.contract("10.53", "10.56")
def test_soonest_first_undated_last(api: ApiFixture) -> None:
    soon, late = at(api, 10), at(api, 20)
    change_credit(api, "deposit", 10)
    change_credit(api, "deposit", 10, expiresAt=late)
    change_credit(api, "deposit", 10, expiresAt=soon)
    spent = without_ids(change_credit(api, "spend", 15).json())
    assert spent["lots"] == [{"amount": 5, "expiresAt": late, "restricted": False}]
    assert (spent["amount"], spent["total"]) == (15, 15)
    assert change_credit(api, "spend", 6).json()["lots"] == []
    clean(api)


@pytest.mark.contract("10.57", "10.58")
def test_restricted_credit_only_where_allowed(api: ApiFixture) -> None:
    change_credit(api, "deposit", 10, restricted=True)
    change_credit(api, "deposit", 5)
    with unchanged(api):
        body = problem(change_credit(api, "spend", 6), 409, "insufficient_credit")
        assert body["available"] == 5
        allowed = change_credit(api, "spend", 16, restricted=True)
        assert problem(allowed, 409, "insufficient_credit")["available"] == 15
    after = change_credit(api, "spend", 12, restricted=True).json()
    assert (after["total"], after["restricted"]) == (3, 0)
    clean(api)


@pytest.mark.contract("10.50", "10.62")
def test_an_expiry_counts_at_its_instant_without_any_job(api: ApiFixture) -> None:
    change_credit(api, "deposit", 10, expiresAt=at(api, 10))
    change_credit(api, "deposit", 1)
    api.clock.advance(9.999)
    assert credit_of(api)["total"] == 11
    api.clock.advance(0.001)
    assert credit_of(api) == NOTHING | {"total": 1}
    with unchanged(api):
        body = problem(change_credit(api, "spend", 2), 409, "insufficient_credit")
    assert body["available"] == 1
    assert change_credit(api, "spend", 1).status_code == 200
    assert [entry.kind for entry in chain(api)][2:] == ["credit_expired", "credit_spent"]
    clean(api)


@pytest.mark.contract("10.53", "10.59", "10.61")
def test_a_refund_restores_the_lots(api: ApiFixture) -> None:
    end = at(api, 10)
    change_credit(api, "deposit", 10, expiresAt=end)
    change_credit(api, "deposit", 20)
    spend = change_credit(api, "spend", 25).json()["id"]
    response = change_credit(api, "refund", 17, spend=spend)
    assert response.status_code == 200
    refunded = response.json()
    assert without_ids(refunded) == {
        "id": spend, "amount": 17, "total": 22, "restricted": 0,
        "lots": [{"amount": 2, "expiresAt": end, "restricted": False}],
    }  # fmt: skip
    with unchanged(api):
        body = problem(change_credit(api, "refund", 9, spend=spend), 409, "refund_exceeds_spend")
    assert body["refundable"] == 8
    assert change_credit(api, "refund", 8, spend=spend).json()["total"] == 30
    assert (
        problem(change_credit(api, "refund", 1, spend=spend), 409, "refund_exceeds_spend")[
            "refundable"
        ]
        == 0
    )
    assert [e.kind for e in chain(api)][2:] == ["credit_spent", *["credit_refunded"] * 2]
    clean(api)


@pytest.mark.contract("10.60")
def test_a_refund_does_not_revive_what_has_expired(api: ApiFixture) -> None:
    change_credit(api, "deposit", 10, expiresAt=at(api, 10))
    change_credit(api, "deposit", 5)
    spend = change_credit(api, "spend", 12).json()["id"]
    api.clock.advance(10)
    assert change_credit(api, "refund", 12, spend=spend).json()["total"] == 5
    assert [(e.kind, e.delta) for e in chain(api)][3:] == [
        ("credit_refunded", 12), ("credit_expired", -10),
    ]  # fmt: skip
    clean(api)


@pytest.mark.contract("10.61")
def test_spends_of_others_are_not_found(api: ApiFixture, unknown_id: str) -> None:
    change_credit(api, "deposit", 10)
    spend = change_credit(api, "spend", 5).json()["id"]
    path = f"/ext/v1/customers/{JO.uuid}/credit/actions/refund"
    body = {"spend": spend, "amount": 1, "reason": "x", "reference": "x"}
    with unchanged(api):
        problem(api.call("POST", path, json=body), 404, "spend_not_found")
        problem(change_credit(api, "refund", 1, spend=unknown_id), 404, "spend_not_found")
        problem(change_credit(api, "refund", 1, spend="abc"), 400, "validation_failed")
        problem(change_credit(api, "refund", 1), 400, "validation_failed")


@pytest.mark.contract("10.55")
def test_the_limit_of_an_account(api: ApiFixture) -> None:
    change_credit(api, "deposit", MAX - 1)
    with unchanged(api):
        problem(change_credit(api, "deposit", 2), 409, "credit_limit_exceeded")
    assert change_credit(api, "deposit", 1).json()["total"] == MAX


@pytest.mark.parametrize("action", ["deposit", "spend", "refund"])
@pytest.mark.parametrize(
    "amount", each({"0": 0, "-1": -1, "fraction": 1.5, "text": "1", "big": MAX + 1})
)
def test_bad_amounts(api: ApiFixture, action: str, amount: Any) -> None:
    spend = {"spend": KELLY.uuid} if action == "refund" else {}
    with unchanged(api):
        body = problem(change_credit(api, action, amount, **spend), 400, "validation_failed")
    assert list(body["errors"]) == ["amount"]


@pytest.mark.contract("10.15", "10.54")
def test_bad_fields(api: ApiFixture) -> None:
    with unchanged(api):
        for wrong in ({"reason": ""}, {"reference": None}, {"expiresAt": at(api, 0)},
                      {"expiresAt": "soon"}, {"restricted": "yes"}):  # fmt: skip
            body = problem(change_credit(api, "deposit", 1, **wrong), 400, "validation_failed")
            assert list(body["errors"]) == list(wrong)


@pytest.mark.contract("1.9")
def test_each_store_has_its_own_credit(api: ApiFixture) -> None:
    change_credit(api, "deposit", 10)
    key = other_stores_key(api, "credits:read", "credits:write")
    found = api.call("GET", "/ext/v1/customers/kelly/credit", key=key)
    assert found.json() == NOTHING
    problem(change_credit(api, "spend", 1, key=key), 409, "insufficient_credit")
    assert credit_of(api)["total"] == 10


@pytest.mark.contract("10.49", "10.53")
def test_missing_scopes(api: ApiFixture) -> None:
    key = api.add_key("credits:read").key
    problem(change_credit(api, "deposit", 1, key=key), 403, "scope_missing")
    key = api.add_key("credits:write").key
    problem(api.call("GET", "/ext/v1/customers/kelly/credit", key=key), 403, "scope_missing")


@pytest.mark.contract("10.3")
def test_replays(api: ApiFixture) -> None:
    more: dict[str, Any] = {}
    for action in ("deposit", "spend", "refund"):
        once = {"headers": {"Idempotency-Key": action}}
        first = change_credit(api, action, 5, **once, **more)
        assert first.status_code == 200
        with unchanged(api):
            again = change_credit(api, action, 5, **once, **more)
        assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")
        more = {"spend": first.json()["id"]} if action == "spend" else {}
    clean(api)
