"""GET /ext/v1/reports/liability and /activity."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest

from gridgift.domain import reports
from gridgift.domain.days import start_of
from gridgift.domain.instants import format_instant
from tests.api import ApiFixture, problem
from tests.http.checks import one_engine, unchanged
from tests.http.requests import at, change_credit, ext, other_stores_key

LIABILITY = "/ext/v1/reports/liability"
ACTIVITY = "/ext/v1/reports/activity"
ZONE = "America/Los_Angeles"


def report(api: ApiFixture, path: str, **query: Any) -> Any:
    """Read a report."""
    with unchanged(api):
        response = api.call("GET", path, params=query)
    assert response.status_code == 200, response.text
    return response.json()


def some(count: int = 0, amount: int = 0) -> dict[str, int]:
    """Write a sum."""
    return {"count": count, "amount": amount}


@pytest.mark.contract("10.126", "10.127", "10.129")
def test_what_is_owed(api: ApiFixture) -> None:
    began = at(api, 0)
    open_card, disabled = api.grant(credit=500), api.grant(credit=70)
    expired = api.grant(credit=30)["id"]
    api.call("PATCH", f"/ext/v1/giftcards/{expired}", json={"expiresAt": at(api, 60)})
    api.call("POST", f"/v1/giftcards/{disabled['id']}/actions/disable")
    change_credit(api, "deposit", 1_000)
    change_credit(api, "deposit", 200, restricted=True)
    change_credit(api, "deposit", 9, expiresAt=at(api, 60))
    api.clock.advance(60)
    api.grant(credit=40)
    lost = ext(api, open_card["id"], "reissue", {"reason": "lost"}).json()
    api.clock.advance(1)
    cards = {"open": some(2, 540), "disabled": some(1, 70), "expired": some(1, 30)}
    by_key = {"open": some(1, 40), "disabled": some(1, 70), "expired": some(1, 30)}
    reissued = {"open": some(1, 500), "disabled": some(), "expired": some()}
    shown = {
        "at": at(api, 0),
        "timeZone": ZONE,
        "owed": 1_740,
        "giftCards": cards,
        "storeCredit": {"unrestricted": 1_000, "restricted": 200, "expired": 9},
        "byMonth": [{"month": "2026-09"} | cards],
        "bySource": [{"source": "key"} | by_key, {"source": "reissue"} | reissued],
    }
    assert lost["credit"] == 500
    assert report(api, LIABILITY) == shown
    assert report(api, LIABILITY, at=at(api, 0)) == shown
    then = report(api, LIABILITY, at=at(api, -2))  # nothing was given after it began
    assert (then["owed"], then["giftCards"]["open"]) == (1_739, some(2, 530))
    api.clock.advance(-61)
    assert report(api, LIABILITY, at=began)["owed"] == then["owed"]


@pytest.mark.contract("10.128")
def test_at_the_end_of_a_day(api: ApiFixture) -> None:
    api.grant(credit=500)
    day = "2026-09-21"
    today = problem(api.call("GET", LIABILITY, params={"at": day}), 400, "validation_failed")
    assert "a date is the end of that day" in today["detail"]
    api.clock.advance(86_400)
    api.grant(credit=30)
    shown = report(api, LIABILITY, at=day)
    assert (shown["at"], shown["owed"]) == ("2026-09-22T06:59:59.999Z", 500)
    assert report(api, LIABILITY, at="2026-09-22T12:00:00+05:00")["owed"] == 500


@pytest.mark.contract("10.128", "10.130")
@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        (LIABILITY, {"at": "2026-09-22"}, "at"),
        (LIABILITY, {"at": "never"}, "at"),
        (LIABILITY, {"at": "2026-02-30"}, "at"),
        (LIABILITY, {"at": "2026-09-21T00:00:00"}, "at"),
        (ACTIVITY, {"to": "2026-09-22"}, "to"),
        (ACTIVITY, {"to": "2026-09-21T00:00:00Z"}, "to"),
        (ACTIVITY, {"from": "2026-09-21", "to": "2026-09-20"}, "from"),
        (ACTIVITY, {"from": "2025-08-17", "by": "day"}, "from"),
        (ACTIVITY, {"from": "1999-12-31"}, "from"),
        (ACTIVITY, {"by": "year"}, "by"),
    ],
)
@one_engine
def test_what_no_report_is_made_of(
    api: ApiFixture, path: str, query: dict[str, str], field: str
) -> None:
    body = problem(api.call("GET", path, params=query), 400, "validation_failed")
    assert list(body["errors"]) == [field]


@pytest.mark.contract("10.130", "10.131")
def test_what_happened(api: ApiFixture) -> None:
    api.grant(credit=500)
    card = api.grant(credit=100)["id"]
    api.clock.advance(86_400)
    ext(api, card, "adjust", {"delta": -20, "reason": "why"})
    hold = ext(api, card, "holds", {"amount": 30, "expiresIn": 60}).json()["id"]
    ext(api, card, f"holds/{hold}/actions/capture", {"amount": 10})
    api.call("PATCH", f"/ext/v1/giftcards/{card}", json={"transfer": False})
    change_credit(api, "deposit", 1_000)
    spend = change_credit(api, "spend", 300).json()["id"]
    change_credit(api, "refund", 50, spend=spend)
    nothing = {name: some() for name in (
        "granted", "adjusted", "captured", "redeemed", "expired", "deposited", "spent", "refunded",
        "creditExpired",
    )}  # fmt: skip
    first = nothing | {"granted": some(2, 600)}
    then = {"adjusted": some(1, -20), "captured": some(1, 10), "deposited": some(1, 1_000)}
    then |= {"spent": some(1, 300), "refunded": some(1, 50)}
    days = report(api, ACTIVITY, by="day", **{"from": "2026-09-20", "to": "2026-09-22"})
    assert [(each["first"], each["complete"], each["figures"]) for each in days["periods"]] == [
        ("2026-09-20", True, nothing),
        ("2026-09-21", True, first),
        ("2026-09-22", False, nothing | then),
    ]
    assert days["timeZone"] == ZONE
    assert days["total"] == first | then
    (month,) = report(api, ACTIVITY, **{"from": "2026-09-20"})["periods"]
    begins = format_instant(start_of(date(2026, 9, 1), ZONE))
    ends = format_instant(start_of(date(2026, 10, 1), ZONE))
    assert (month["first"], month["from"], month["to"]) == ("2026-09-01", begins, ends)
    assert month["figures"] == days["total"]
    assert len(report(api, ACTIVITY, by="week")["periods"]) == 12


@pytest.mark.contract("10.126", "10.130")
def test_another_stores_report_is_its_own(api: ApiFixture) -> None:
    api.grant(credit=500)
    change_credit(api, "deposit", 1_000)
    theirs = other_stores_key(api, "reports:read")
    for query in ({}, {"at": at(api, 0)}):
        owed = api.call("GET", LIABILITY, params=query, key=theirs).json()
        assert (owed["owed"], owed["byMonth"], owed["bySource"]) == (0, [], [])
    total = api.call("GET", ACTIVITY, key=theirs).json()["total"]
    assert {each["count"] for each in total.values()} == {0}


@pytest.mark.contract("10.132")
@one_engine  # the one on which a report runs in a thread that can be kept waiting
def test_one_report_of_a_store_at_a_time(api: ApiFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on, make = threading.Event(), threading.Event(), reports.liability
    theirs = other_stores_key(api, "reports:read")

    async def slow(tx: Any, store_id: str, until: Any) -> Any:
        if store_id == api.store.id and not go_on.is_set():
            begun.set()
            go_on.wait(30)
        return await make(tx, store_id, until)

    monkeypatch.setattr(reports, "liability", slow)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(api.call, "GET", LIABILITY)
        try:
            assert begun.wait(30)
            for path in (LIABILITY, ACTIVITY):
                refused = api.call("GET", path)
                problem(refused, 429, "rate_limited")
                assert int(refused.headers["retry-after"]) > 0
            assert api.call("GET", LIABILITY, key=theirs).status_code == 200
            api.grant()  # writes go on meanwhile
        finally:
            go_on.set()
        assert first.result(30).json()["owed"] in {0, 500}
    assert api.call("GET", LIABILITY).status_code == 200
