"""POST /ext/v1/customers/{identifier}/credit/lots/{lot}/actions/extend."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from gridgift.domain import ledger
from gridgift.domain.ledger import read_credit_state
from tests.api import JO, KELLY, ApiFixture, problem
from tests.http.checks import check_chain, clean, unchanged
from tests.http.requests import at, change_credit, credit_of, other_stores_key


def extend(api: ApiFixture, lot: str, end: str | None, **options: Any) -> Any:
    """Let one of Kelly's lots (or of ``who``) end later."""
    path = f"/ext/v1/customers/{options.pop('who', 'kelly')}/credit/lots/{lot}/actions/extend"
    return api.call("POST", path, json={"expiresAt": end}, **options)


def deposit(api: ApiFixture, amount: int, seconds: float | None, **more: Any) -> str:
    """Deposit for Kelly; return the lot's id."""
    end = None if seconds is None else at(api, seconds)
    return str(change_credit(api, "deposit", amount, expiresAt=end, **more).json()["id"])


def lots(api: ApiFixture, who: str = "kelly") -> list[tuple[str, int, str]]:
    """Return the open dated lots."""
    found = credit_of(api, who)["lots"]
    return [(lot["id"], lot["amount"], lot["expiresAt"]) for lot in found]


@pytest.mark.contract("10.49", "10.143", "10.145")
def test_it_ends_later_and_is_spent_later(api: ApiFixture) -> None:
    first, second = deposit(api, 10, 5), deposit(api, 20, 10, restricted=True)
    assert lots(api) == [(first, 10, at(api, 5)), (second, 20, at(api, 10))]
    end = at(api, 60)
    once = {"headers": {"Idempotency-Key": "later"}, "key": api.add_key("credits:write").key}
    for _ in range(2):
        response = extend(api, first.upper(), end, **once)
        assert response.status_code == 200, response.text
    shown = {"id": first, "amount": 10, "expiresAt": end, "restricted": False}
    (soonest, last) = response.json()["lots"]
    assert (soonest["id"], last) == (second, shown)
    assert response.json() == credit_of(api) | {"id": first, "amount": 10}
    change_credit(api, "spend", 25, restricted=True)
    assert lots(api) == [(first, 5, end)], "the other one ended sooner"
    api.clock.advance(59)
    assert credit_of(api)["total"] == 5
    api.clock.advance(1)
    assert credit_of(api)["total"] == 0
    chain = api.read(ledger.entries, api.store.id, "credit", KELLY.uuid)
    check_chain(chain)
    entry = chain[2]
    assert (entry.kind, entry.delta, entry.balance_after) == ("credit_extended", 0, 30)
    assert read_credit_state(entry.state).lots == [(first, 0)]
    told = api.call("GET", "/ext/v1/customers/kelly/credit/entries").json()["data"][2]["state"]
    assert told["lots"] == [{"lot": first, "delta": 0, "expiresAt": end, "restricted": False}]
    clean(api)


@pytest.mark.contract("10.143", "10.144")
def test_for_ever(api: ApiFixture) -> None:
    lot = deposit(api, 10, 5)
    assert extend(api, lot, None).json() == {
        "id": lot, "amount": 10, "total": 10, "restricted": 0, "lots": [],
    }  # fmt: skip
    api.clock.advance(10)
    assert credit_of(api)["total"] == 10
    with unchanged(api):
        for end in (None, at(api, 60)):
            refused = problem(extend(api, lot, end), 400, "validation_failed")
            assert "never ends" in refused["detail"]
    clean(api)


@pytest.mark.contract("10.144")
def test_what_is_refused(api: ApiFixture, unknown_id: str) -> None:
    lot, spent = deposit(api, 10, 20), deposit(api, 10, 10)
    change_credit(api, "spend", 10)
    ended = deposit(api, 3, 2)
    problem(extend(api, spent, at(api, 60)), 409, "lot_closed")
    with unchanged(api):
        for end in (at(api, 20), at(api, 19.999), at(api, 0), "2020-01-01T00:00:00Z"):
            assert list(problem(extend(api, lot, end), 400, "validation_failed")["errors"]) == [
                "expiresAt"
            ]
        for end in ("", "never", 5):
            problem(extend(api, lot, end), 400, "validation_failed")
        path = f"/ext/v1/customers/kelly/credit/lots/{lot}/actions/extend"
        problem(api.call("POST", path, json={}), 400, "validation_failed")
        for id_ in (unknown_id, "x"):
            problem(extend(api, id_, at(api, 60)), 404, "lot_not_found")
        problem(extend(api, lot, at(api, 60), who=JO.uuid), 404, "lot_not_found")
        problem(extend(api, lot, at(api, 60), who="nobody.known"), 404, "resident_not_found")
        key = other_stores_key(api, "credits:write")
        problem(extend(api, lot, at(api, 60), key=key), 404, "lot_not_found")
    api.clock.advance(2)
    with unchanged(api):  # also before a job has noted that it is over
        assert "expired" in problem(extend(api, ended, at(api, 60)), 409, "lot_closed")["detail"]
    change_credit(api, "spend", 1)
    with unchanged(api):
        assert "expired" in problem(extend(api, ended, at(api, 60)), 409, "lot_closed")["detail"]
        assert "spent" in problem(extend(api, spent, at(api, 60)), 409, "lot_closed")["detail"]
    clean(api)


@pytest.mark.contract("10.144", "10.145")
def test_lots_that_moved_and_came_back(api: ApiFixture) -> None:
    moved, kept = deposit(api, 10, 20), deposit(api, 30, 30)
    path = "/ext/v1/customers/kelly/credit/actions/move"
    body = {"receiverIdentifier": "jo.winter", "amount": 15, "reason": "a", "reference": "b"}
    assert api.call("POST", path, json=body).status_code == 200
    problem(extend(api, moved, at(api, 60)), 409, "lot_closed")
    assert extend(api, kept, at(api, 60)).json()["amount"] == 25
    (begun, *_) = lots(api, "jo.winter")
    assert extend(api, begun[0], at(api, 90), who="jo.winter").json()["amount"] == 10
    spend = change_credit(api, "spend", 25).json()["id"]
    problem(extend(api, kept, at(api, 90)), 409, "lot_closed")
    change_credit(api, "refund", 5, spend=spend)
    assert lots(api) == [(kept, 5, at(api, 60))]
    assert extend(api, kept, at(api, 90)).json()["amount"] == 5
    clean(api)


@pytest.mark.contract("10.143")
def test_beside_spends(api: ApiFixture) -> None:
    """Whatever comes first, every L$ is spent once and the lot is as long as the last one said."""
    lot = deposit(api, 8, 20)
    ends = [at(api, seconds) for seconds in range(30, 38)]

    def one(number: int) -> int:
        if number % 2:
            return int(change_credit(api, "spend", 1).status_code)
        return int(extend(api, lot, ends[number // 2]).status_code)

    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(one, range(16)))
    assert said[1::2] == [200] * 8
    assert 200 in said[::2] and {*said[::2]} <= {200, 400, 409}
    assert credit_of(api)["total"] == 0
    change_credit(api, "spend", 1)
    clean(api)
