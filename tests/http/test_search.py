"""GET /ext/v1/giftcards: what comes in and goes out; which cards are found, tests/domain says."""

import json
from typing import Any

import msgspec
import pytest

from gridgift.domain.card_filters import NO_FILTERS
from tests.api import JO, KELLY, ApiFixture, problem
from tests.http.checks import one_engine, unchanged
from tests.http.requests import at, ext, other_stores_key

PATH = "/ext/v1/giftcards"


def found(api: ApiFixture, **query: Any) -> list[str]:
    """Return the ids of the cards that a search finds, on one page."""
    response = api.call("GET", PATH, params=query)
    assert response.status_code == 200, response.text
    return [card["id"] for card in response.json()["data"]]


@pytest.mark.contract("10.108", "10.110")
def test_a_card_that_is_found(api: ApiFixture) -> None:
    labels = {"reference": "order 7", "tags": ["hunt", "vip"], "metadata": {"a": "b"}}
    card = api.grant(credit=50, expiresAt=at(api, 60), **labels)["id"]
    ext(api, card, "holds", {"amount": 7, "expiresIn": 30})
    (shown,) = api.call("GET", PATH).json()["data"]
    details = api.call("GET", f"{PATH}/{card}").json()
    assert shown == details | labels | {"source": "key"}
    assert shown["available"] == 43
    api.clock.advance(31)
    assert api.call("GET", PATH).json()["data"][0]["available"] == 50


@pytest.mark.contract("10.108", "10.109")
def test_filters_and_orders(api: ApiFixture) -> None:
    first = api.grant(credit=5, expiresAt=at(api, 10), tags=["vip"])["id"]
    api.clock.advance(1)
    path = f"/v1/customers/{JO.uuid}/actions/grant-gift-card"
    second = api.call("POST", path, json={"credit": 7, "reference": "order 7"}).json()["id"]
    api.clock.advance(1)
    third = api.grant(credit=6)["id"]
    api.clock.advance(1)
    ext(api, first, "adjust", {"delta": 3, "reason": "a gift"})
    api.call("POST", f"/v1/giftcards/{third}/actions/disable")
    assert found(api) == found(api, sort="-created") == [third, second, first]
    assert found(api, sort="created") == [first, second, third]
    assert found(api, sort="credit") == [third, second, first]
    assert found(api, sort="-expiry")[2] == found(api, sort="expiry")[0] == first
    assert found(api, sort="-updated")[2] == second
    for query, expected in (
        ({"owner": "KEL"}, [third, first]), ({"owner": "Jo W"}, [second]),
        ({"owner": "jo."}, [second]), ({"owner": KELLY.uuid.upper()}, [third, first]),
        ({"owner": "elly"}, []), ({"active": "false"}, [third]), ({"redeemed": "true"}, []),
        ({"expired": "true"}, []), ({"expiringBefore": at(api, 60)}, [first]),
        ({"expiringBefore": at(api, 7)}, []), ({"expiringFrom": at(api, 7)}, [first]),
        ({"expiringFrom": at(api, 8)}, []), ({"creditFrom": 7}, [second, first]),
        ({"creditTo": 7}, [third, second]), ({"createdFrom": at(api, -1)}, [third]),
        ({"createdTo": at(api, -1)}, [second, first]), ({"tag": "vip"}, [first]),
        ({"tag": "VIP"}, []), ({"reference": "order 7"}, [second]),
        ({"reference": "order 7", "owner": "kelly"}, []),
        ({"tag": "vip", "owner": "kelly", "active": "true"}, [first]),
        ({"source": "reissue"}, []), ({"source": "key"}, [third, second, first]),
    ):  # fmt: skip
        assert found(api, **query) == expected, query
    api.clock.advance(10)
    assert found(api, expired="true") == [first]
    assert found(api, expired="false") == [third, second]


@pytest.mark.contract("10.171", "10.147")
def test_notes_and_metadata(api: ApiFixture) -> None:
    noted = api.grant(metadata={"order": "17", "a:b": "c"})["id"]
    other = api.grant(metadata={"a": "b:c"})["id"]
    for card, text in ((noted, "Ärger: 5% off"), (noted, "paid"), (other, "Paid_in [full]")):
        answer = api.call("POST", f"{PATH}/{card}/notes", json={"text": text})
        assert answer.status_code == 201
    ext(api, api.grant()["id"], "adjust", {"delta": 3, "reason": "paid"})
    for query, expected in (
        ({"note": "PAID"}, [other, noted]), ({"note": "ärger"}, [noted]), ({"note": "5%"}, [noted]),
        ({"note": "%"}, [noted]), ({"note": "d_I"}, [other]), ({"note": "_"}, [other]),
        ({"note": "[FULL]"}, [other]), ({"note": "paid*"}, []), ({"note": "ger", "tag": "x"}, []),
        ({"metadata": "order"}, [noted]), ({"metadata": "order:17"}, [noted]),
        ({"metadata": "order:1"}, []), ({"metadata": "ORDER"}, []), ({"metadata": "a"}, [other]),
        ({"metadata": "a:b"}, [noted]), ({"metadata": "a:b:c"}, [other, noted]),
        ({"metadata": "a:b:c", "note": "full"}, [other]),
    ):  # fmt: skip
        assert found(api, **query) == expected, query
        counted = api.call("GET", PATH, params={**query, "count": "capped"}).json()["count"]
        assert counted == {"value": len(expected), "exact": True}
        for form in ("jsonl", "csv"):
            rows = api.call("GET", f"{PATH}/export.{form}", params=query).text
            assert rows.count(noted) + rows.count(other) == len(expected)
        chosen = {"filter": query, "dryRun": True}
        shown = api.call("POST", f"{PATH}/actions/disable", json=chosen).json()
        assert {each["id"] for each in shown["results"]} == set(expected)


def test_a_cursor_of_before_notes_could_be_searched() -> None:
    """A search without them has the name that it had: other servers may be of that version yet."""
    shown = json.loads(msgspec.json.encode(NO_FILTERS))
    assert "note" not in shown
    assert "metadata" not in shown


@pytest.mark.contract("10.110", "4.10")
def test_pages(api: ApiFixture) -> None:
    ids = [api.grant(credit=1)["id"] for _ in range(5)]
    query: dict[str, Any] = {"limit": 2, "sort": "credit", "owner": "kelly"}
    pages, cursor = list[list[str]](), ""
    while cursor is not None:
        page = api.call("GET", PATH, params=query | {"cursor": cursor}).json()
        pages.append([card["id"] for card in page["data"]])
        cursor = page["pagination"]["nextCursor"]
    assert pages == [ids[:2], ids[2:4], ids[4:]]
    before = page["pagination"]["previousCursor"]
    page = api.call("GET", PATH, params=query | {"cursor": before}).json()
    assert [card["id"] for card in page["data"]] == pages[1]
    with unchanged(api):
        for other in ({"sort": "-credit"}, {"owner": "kell"}, {"active": "true"}):
            answer = api.call("GET", PATH, params=query | other | {"cursor": before})
            problem(answer, 400, "cursor_invalid")
        answer = api.call(
            "GET", PATH, params=query | {"cursor": before},
            key=other_stores_key(api, "giftcards:read"),
        )  # fmt: skip
        problem(answer, 400, "cursor_invalid")


@pytest.mark.contract("10.111")
def test_counts(api: ApiFixture) -> None:
    for _ in range(3):
        api.grant()
    assert "count" not in api.call("GET", PATH).json()
    for kind in ("exact", "capped"):
        for query, number in (({}, 3), ({"limit": 1}, 3), ({"active": "false"}, 0)):
            page = api.call("GET", PATH, params={"count": kind} | query).json()
            assert page["count"] == {"value": number, "exact": True}


@pytest.mark.contract("10.109")
@one_engine
def test_what_is_not_acceptable(api: ApiFixture) -> None:
    bad = {
        "owner": ["", "a b c", "kelly%", "ä", ".x", "a" * 64, KELLY.uuid[:-1] + "g"],
        "sort": ["", "-", "--created", "Created", "created,credit", "id"],
        "source": ["", "keys", "KEY"],
        "tag": ["", "a,b", "x" * 41],
        "reference": ["", "x" * 201],
        "note": ["", "x" * 201, "a\nb"],
        "metadata": ["", "x" * 542, "a:\0"],
        "creditFrom": ["-1", "2147483648", "1.5", "x"],
        "creditTo": ["-1", "x"],
        "createdFrom": ["2026-01-01", "yesterday", ""],
        "createdTo": ["2026-01-01"],
        "expiringFrom": ["2026-01-01", "never"],
        "expiringBefore": ["2026-01-01"],
        "count": ["", "all"],
        "limit": ["0", "1001"],
        "active": ["yes"],
    }
    for name, values in bad.items():
        for value in values:
            answer = api.call("GET", PATH, params={name: value})
            assert list(problem(answer, 400, "validation_failed")["errors"]) == [name], value
