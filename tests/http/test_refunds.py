"""Refunds: what vendors were paid for nothing, until it went back, once."""

import uuid
from typing import Any, Final

import pytest

from gridgift.domain.refunds import UNDER_WAY
from tests.api import KELLY, ApiFixture, problem
from tests.http.checks import one_engine, unchanged
from tests.http.in_world import InWorldObject, refused
from tests.http.requests import make_unit, other_stores_key, owe
from tests.http.test_in_world import bought, told

PATH: Final = "/ext/v1/refunds"
TEXTS: Final = ["", "x" * 201, "a\nb", "a\u202eb", 7]


def listed(api: ApiFixture, path: str = PATH, **query: Any) -> list[Any]:
    """List refunds, page by page."""
    found: list[Any] = []
    cursor = ""
    while cursor is not None:
        page = api.call("GET", path, params={"limit": 2, "cursor": cursor} | query).json()
        found += page["data"]
        cursor = page["pagination"]["nextCursor"]
    return found


def mark(api: ApiFixture, unit_id: str, refund_id: str, **options: Any) -> Any:
    """Say that a refund was paid."""
    path = f"/ext/v1/units/{unit_id}/refunds/{refund_id}/actions/mark-paid"
    return api.call("POST", path, **options)


def ask(vendor: InWorldObject, refund_id: str, paid: int = 0) -> Any:
    """Ask as an object whether a refund may be paid, or say that it was."""
    return vendor.send("refund", {"payment": refund_id, "paid": paid})


@pytest.fixture
def vendor(api: ApiFixture) -> InWorldObject:
    """A vendor that sells nothing."""
    return InWorldObject(api, "vendor", paused=True)


@pytest.fixture
def owed(api: ApiFixture, vendor: InWorldObject) -> str:
    """A refund of the vendor's."""
    nonce = str(uuid.uuid4())
    refused(vendor.send("purchase", bought(), nonce=nonce), 422, "refund")
    return nonce


@pytest.mark.contract("9.30")
def test_refunds_are_listed_newest_first(api: ApiFixture) -> None:
    units = [make_unit(api, kind="vendor")["id"] for _ in range(2)]
    made = []
    for number in range(6):
        made.append((units[number % 2], owe(api, units[number % 2], 100 + number)))
        api.clock.advance(number % 2)  # two of one moment
    for unit_id, refund_id in made[:2]:
        assert mark(api, unit_id, refund_id).status_code == 200
    found = listed(api)
    assert sorted((each["unitId"], each["id"]) for each in found) == sorted(made)
    assert [each["createdAt"] for each in found] == sorted(
        (each["createdAt"] for each in found), reverse=True
    )
    states = {"owed": made[2:], "paid": made[:2]}
    for state, expected in states.items():
        some = listed(api, state=state)
        assert some == [each for each in found if each["state"] == state]
        assert {each["id"] for each in some} == {refund_id for _, refund_id in expected}
    for unit_id in units:
        path = f"/ext/v1/units/{unit_id}/refunds"
        assert listed(api, path) == [each for each in found if each["unitId"] == unit_id]
        for state in states:
            assert listed(api, path, state=state) == [
                each for each in found if (each["unitId"], each["state"]) == (unit_id, state)
            ]
    first = api.call("GET", PATH, params={"limit": 4}).json()
    rest = api.call("GET", PATH, params={"cursor": first["pagination"]["nextCursor"]}).json()
    back = api.call("GET", PATH, params={"cursor": rest["pagination"]["previousCursor"]}).json()
    assert first["data"] + rest["data"] == found
    assert back["data"] == first["data"]
    other = {"cursor": first["pagination"]["nextCursor"], "state": "owed"}
    problem(api.call("GET", PATH, params=other), 400, "cursor_invalid")
    problem(api.call("GET", PATH, params={"state": "due"}), 400, "validation_failed")


@pytest.mark.contract("9.31", "9.34")
def test_one_is_marked_as_paid_once(api: ApiFixture, vendor: InWorldObject, owed: str) -> None:
    (before,) = listed(api)
    assert (before["state"], before["begunAt"], before["refundedAt"]) == ("owed", None, None)
    api.clock.advance(60)
    options = {"json": {"note": "by hand: 東京"}, "headers": {"Idempotency-Key": "1"}}
    paid = mark(api, vendor.id, owed, **options)
    assert paid.json() == before | {
        "state": "paid",
        "refundedAt": "2026-09-21T14:14:20Z",
        "refundedBy": {"kind": "key", "id": api.issued.stored.id},
        "note": "by hand: 東京",
    }
    assert mark(api, vendor.id, owed, **options).json() == paid.json()
    problem(mark(api, vendor.id, owed), 409, "refund_already_paid")
    assert listed(api) == [paid.json()]
    ((unit_id, after),) = told(api, "vendor.refund_paid")
    assert unit_id == vendor.id
    assert told(api, "vendor.refund_owed") == [(vendor.id, after)]


@pytest.mark.contract("9.31")
@pytest.mark.parametrize("note", TEXTS)
@one_engine
def test_notes_that_are_refused(
    api: ApiFixture, vendor: InWorldObject, owed: str, note: Any
) -> None:
    refusal = problem(mark(api, vendor.id, owed, json={"note": note}), 400, "validation_failed")
    assert list(refusal["errors"]) == ["note"]
    assert listed(api, state="paid") == []


@pytest.mark.contract("9.32")
def test_an_object_asks_pays_and_says_so(api: ApiFixture, vendor: InWorldObject, owed: str) -> None:
    begun = ask(vendor, owed).json()
    assert (begun["code"], begun["amount"]) == ("refund_begun", 250)
    assert begun["asked"] == api.clock.now() // 1000
    assert ask(vendor, owed).json() == begun  # its answer may have been lost
    assert ask(vendor, owed, paid=1).json()["code"] == "refund_paid"
    for paid in (0, 1):
        refused(ask(vendor, owed, paid), 409, "refund_already_paid")
    (refund,) = listed(api)
    assert (refund["state"], refund["refundedBy"]) == ("paid", {"kind": "unit", "id": vendor.id})
    problem(mark(api, vendor.id, owed), 409, "refund_already_paid")
    assert len(told(api, "vendor.refund_paid")) == 1


@pytest.mark.contract("9.32", "9.33")
def test_what_was_marked_as_paid_no_object_pays(
    api: ApiFixture, vendor: InWorldObject, owed: str
) -> None:
    assert mark(api, vendor.id, owed).status_code == 200
    for paid in (0, 1):
        refused(ask(vendor, owed, paid), 409, "refund_already_paid")
    (refund,) = listed(api)
    assert (refund["begunAt"], refund["refundedBy"]["kind"]) == (None, "key")


@pytest.mark.contract("9.33")
def test_what_an_object_may_be_paying_nobody_marks(
    api: ApiFixture, vendor: InWorldObject, owed: str
) -> None:
    ask(vendor, owed)
    api.clock.advance(300)
    ask(vendor, owed)  # once more
    api.clock.advance(UNDER_WAY / 1000 - 1)
    refusal = problem(mark(api, vendor.id, owed), 409, "refund_under_way")
    assert refusal["retryAfter"] == 1
    assert listed(api, state="paid") == []
    api.clock.advance(1)
    assert mark(api, vendor.id, owed).status_code == 200
    refused(ask(vendor, owed, paid=1), 409, "refund_already_paid")


@pytest.mark.contract("9.30", "9.31", "9.32")
def test_nobody_elses(api: ApiFixture, vendor: InWorldObject, owed: str, unknown_id: str) -> None:
    """Another store's, another unit's, a sale's, and what is no id at all."""
    sold = str(uuid.uuid4())
    shop, box = InWorldObject(api, "vendor"), InWorldObject(api, "terminal")
    assert shop.send("purchase", bought(), nonce=sold).status_code == 200
    with unchanged(api):
        for unit_id, refund_id in (
            (shop.id, owed), (shop.id, sold), (vendor.id, unknown_id), (vendor.id, "x")
        ):  # fmt: skip
            problem(mark(api, unit_id, refund_id), 404, "refund_not_found")
        for each in (owed, sold, unknown_id):
            for paid in (0, 1):
                refused(ask(shop, each, paid), 404, "refund_not_found")
        refused(ask(box, owed), 403, "unit_kind_refused")
        theirs = other_stores_key(api, "units:read", "units:write")
        problem(mark(api, vendor.id, owed, key=theirs), 404, "unit_not_found")
        path = f"/ext/v1/units/{vendor.id}/refunds"
        problem(api.call("GET", path, key=theirs), 404, "unit_not_found")
        assert api.call("GET", PATH, key=theirs).json()["data"] == []
        api.call("POST", f"/ext/v1/units/{vendor.id}/actions/revoke")
        refused(ask(vendor, owed), 401, "unit_not_paired")
    assert mark(api, vendor.id, owed).status_code == 200  # a revoked unit's are still owed


@pytest.mark.contract("9.30")
def test_whoever_was_erased_is_shown_by_uuid(api: ApiFixture, owed: str) -> None:
    assert listed(api)[0]["payerUsername"] == KELLY.username
    api.sql(f"UPDATE residents SET username = uuid WHERE uuid = '{KELLY.uuid}'")
    assert listed(api)[0]["payerUsername"] == KELLY.uuid
