"""Pages of a list, on the one list that there is (contract section 4)."""

import re
from itertools import pairwise
from typing import Any

import pytest

from gridgift.cursors import Cursors
from gridgift.domain.lists import KEY_TYPES
from gridgift.domain.paging import Position
from gridgift.http.edge.route import AnyRoute
from gridgift.http.table import ROUTES
from tests.api import KELLY, SECRET, ApiFixture, problem
from tests.cursors_before import LAST, NIL, cursor_before
from tests.http.bodies import altered
from tests.http.checks import one_engine
from tests.http.customer_page import CustomerPage
from tests.http.requests import other_stores_key, path_of, prepared
from tests.storage.calls import STATEMENTS, declared_as
from tests.storage.test_queries import BOUNDED_OFFSETS

PATH = "/v1/customers/kelly/giftcards"


def page(api: ApiFixture, cursor: str | None = None, limit: int = 2, **filters: str) -> Any:
    """Read a page."""
    params = {"limit": limit} | filters | ({} if cursor is None else {"cursor": cursor})
    response = api.call("GET", PATH, params=params)
    assert response.status_code == 200, response.text
    return response.json()


def ids(found: Any) -> list[str]:
    """Return the ids on a page."""
    return [card["id"] for card in found["data"]]


def listing(api: ApiFixture) -> str:
    """Return the name under which the list's cursors are sealed."""
    return f"giftcards {api.store.id} {KELLY.uuid}"


def cursor_after(api: ApiFixture, limit: int) -> str:
    """Return the cursor behind the first rows."""
    return str(page(api, limit=limit)["pagination"]["nextCursor"])


def walk(
    api: ApiFixture, direction: str, cursor: str | None = None, **options: Any
) -> list[list[str]]:
    """Read pages until there is no cursor in a direction; return their ids."""
    pages = []
    while True:
        found = page(api, cursor, **options)
        pages.append(ids(found))
        cursor = found["pagination"][direction]
        if cursor is None:
            return pages


@pytest.mark.contract("4.1", "4.5", "4.6", "4.9", "4.10", "6.7")
def test_forward_and_backward_are_the_same_rows(api: ApiFixture) -> None:
    cards = [api.grant(credit=n)["id"] for n in range(1, 6)]
    assert cards == sorted(cards)
    pages = [cards[0:2], cards[2:4], cards[4:5]]
    assert walk(api, "nextCursor") == pages
    last = page(api, page(api, page(api)["pagination"]["nextCursor"])["pagination"]["nextCursor"])
    assert walk(api, "previousCursor", last["pagination"]["previousCursor"]) == pages[1::-1]


@pytest.mark.contract("4.5", "4.6")
def test_the_envelope_at_the_edges(api: ApiFixture) -> None:
    for _ in range(4):
        api.grant()
    first = page(api)["pagination"]
    assert (first["previousCursor"], first["limit"]) == (None, 2)
    last = page(api, first["nextCursor"])["pagination"]
    assert (last["nextCursor"], last["limit"]) == (None, 2)
    back = page(api, last["previousCursor"])["pagination"]
    assert back["previousCursor"] is None
    assert back["nextCursor"] == first["nextCursor"]


@pytest.mark.contract("4.9")
def test_ids_are_uuid7(api: ApiFixture) -> None:
    for one, other in pairwise(api.grant()["id"] for _ in range(20)):
        assert one < other
        assert one[14] == "7"


@pytest.mark.contract("4.2", "6.7")
@one_engine
def test_limit(api: ApiFixture) -> None:
    for limit in (1, 10, 100, 1000):
        assert page(api, limit=limit)["pagination"]["limit"] == limit
    assert api.call("GET", PATH).json()["pagination"]["limit"] == 100


@pytest.mark.contract("4.2")
def test_a_page_has_100_rows_unless_told(api: ApiFixture) -> None:
    for _ in range(101):
        api.grant()
    found = api.call("GET", PATH).json()
    assert len(found["data"]) == 100
    assert len(page(api, found["pagination"]["nextCursor"])["data"]) == 1
    assert len(page(api, limit=1000)["data"]) == 101


@pytest.mark.contract("4.3")
@pytest.mark.parametrize(
    "text",
    [
        "0", "1001", "-1", "ten", "", "+5", "%2B5", "%205", "5%20", "05", "5.0", "1e2", "0x5", "٥",
        "5%00", "9" * 30, "9" * 5000, "null", "true",
    ],
    ids=lambda text: text[:10],
)  # fmt: skip
@one_engine
def test_limits_that_are_none(api: ApiFixture, text: str) -> None:
    body = problem(api.call("GET", f"{PATH}?limit={text}"), 400, "validation_failed")
    assert body["errors"] == {"limit": ["must be an integer from 1 to 1000"]}


@pytest.mark.contract("4.4")
def test_a_cursor_is_opaque_base64url(api: ApiFixture) -> None:
    cards = [api.grant()["id"] for _ in range(4)]
    first = page(api)["pagination"]["nextCursor"]
    last = page(api, first)["pagination"]["previousCursor"]
    for cursor in (first, last):
        assert re.fullmatch(r"[A-Za-z0-9_-]+", cursor)
        assert not any(card in cursor for card in cards)


@pytest.mark.contract("4.7")
def test_pages_are_never_found_by_counting() -> None:
    for name, query in STATEMENTS.items():
        if declared_as(name) in BOUNDED_OFFSETS:  # which step over a bounded number
            continue
        assert "offset" not in (query.sqlite + query.postgres).lower()


LISTS = [route for route in ROUTES if "cursor" in getattr(route.query, "__struct_fields__", ())]


@pytest.mark.contract("4.8")
@pytest.mark.parametrize("route", LISTS, ids=lambda route: route.path)
@one_engine
def test_an_empty_cursor_is_the_first_page(api: ApiFixture, route: AnyRoute) -> None:
    api.grant()
    parts, _ = prepared(api, route)
    path = path_of(route, **{"identifier": "kelly"} | parts)
    headers = {"X-Customer-Token": CustomerPage(api).token}
    first, same = (
        api.call("GET", f"{path}?limit=1{more}", headers=headers) for more in ("", "&cursor=")
    )
    assert first.status_code == same.status_code == 200
    assert first.json() == same.json()


@pytest.mark.contract("4.8")
@pytest.mark.parametrize(
    "text", ["a", "garbage!", "null", "A" * 39, "A" * 40, "A" * 5000, "é", "%00", "MQ=="]
)
@one_engine
def test_cursors_that_are_none(api: ApiFixture, text: str) -> None:
    problem(api.call("GET", f"{PATH}?cursor={text}"), 400, "cursor_invalid")


@pytest.mark.contract("4.8")
def test_cursors_that_are_not_ours(api: ApiFixture) -> None:
    cards = [api.grant()["id"] for _ in range(3)]
    cursor = page(api)["pagination"]["nextCursor"]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    before = cursor_before(SECRET, listing(api), cards[1])
    same_bytes = before[:-1] + alphabet[alphabet.index(before[-1]) ^ 1]
    position = Position((cards[1],))
    of_another_server = Cursors(b"another secret").of(listing(api), KEY_TYPES).write(position)
    of_another_list = Cursors(SECRET.encode()).of("residents", KEY_TYPES).write(position)
    forged = [altered(cursor, index) for index in (0, 1, 15, 30, -2)]
    padded = [cursor + "=", cursor + "%0A", "%20" + cursor, cursor[:-1], cursor[1:], cursor * 2]
    for text in [same_bytes, of_another_server, of_another_list, *forged, *padded]:
        problem(api.call("GET", f"{PATH}?cursor={text}"), 400, "cursor_invalid")


@pytest.mark.contract("4.8")
def test_a_cursor_with_keys_of_other_types(api: ApiFixture) -> None:
    api.grant()
    of_entries = Cursors(SECRET.encode()).of(listing(api), ("integer",)).write(Position((1,)))
    problem(api.call("GET", f"{PATH}?cursor={of_entries}"), 400, "cursor_invalid")


@pytest.mark.contract("4.6", "4.10")
def test_cursors_of_the_version_before(api: ApiFixture) -> None:
    cards = [api.grant()["id"] for _ in range(5)]
    after = cursor_before(SECRET, listing(api), cards[1])
    found = page(api, after)
    assert ids(found) == cards[2:4]
    assert (
        found["pagination"]["nextCursor"]
        == page(api, cursor_after(api, 2))["pagination"]["nextCursor"]
    )
    assert (
        ids(page(api, cursor_before(SECRET, listing(api), cards[3], backward=True))) == cards[1:3]
    )
    assert ids(page(api, cursor_before(SECRET, listing(api), LAST, backward=True))) == cards[3:]
    assert page(api, cursor_before(SECRET, listing(api), NIL)) == page(api)
    assert ids(page(api, after, active="true")) == cards[2:4]


@pytest.mark.contract("4.8")
def test_cursors_of_other_customers_and_stores(api: ApiFixture) -> None:
    for _ in range(3):
        api.grant()
    cursor = page(api)["pagination"]["nextCursor"]
    others = api.call("GET", f"/v1/customers/jo.winter/giftcards?cursor={cursor}")
    problem(others, 400, "cursor_invalid")
    key = other_stores_key(api, "giftcards:read")
    elsewhere = api.call("GET", f"{PATH}?cursor={cursor}", key=key)
    problem(elsewhere, 400, "cursor_invalid")


@pytest.mark.contract("4.7", "4.11")
def test_rows_added_and_changed_during_a_walk(api: ApiFixture) -> None:
    cards = [api.grant()["id"] for _ in range(6)]
    seen, cursor = [], None
    for changed in (cards[0], cards[5], cards[2]):
        found = page(api, cursor)
        seen += ids(found)
        cursor = found["pagination"]["nextCursor"]
        added = api.grant(credit=1)["id"]
        api.call("PUT", f"/v1/giftcards/{changed}", json={"credit": 9})
        api.clock.advance(60)
    assert seen == cards
    assert added in ids(page(api, cursor, limit=100))


@pytest.mark.contract("4.11")
def test_rows_that_leave_a_filtered_list_during_a_walk(api: ApiFixture) -> None:
    cards = [api.grant()["id"] for _ in range(5)]
    first = page(api, active="true")
    for gone in (cards[0], cards[1], cards[3]):
        api.call("POST", f"/v1/giftcards/{gone}/actions/disable")
    (rest,) = walk(api, "nextCursor", first["pagination"]["nextCursor"], active="true")
    assert ids(first) + rest == [cards[0], cards[1], cards[2], cards[4]]


def test_an_empty_page_leads_back(api: ApiFixture) -> None:
    cards = [api.grant()["id"] for _ in range(3)]
    cursor = page(api)["pagination"]["nextCursor"]
    api.call("POST", f"/v1/giftcards/{cards[2]}/actions/disable")
    empty = page(api, cursor, active="true")
    assert ids(empty) == []
    assert empty["pagination"]["nextCursor"] is None
    assert ids(page(api, empty["pagination"]["previousCursor"], active="true")) == cards[:2]


@pytest.mark.contract("4.2")
def test_a_cursor_works_with_another_limit(api: ApiFixture) -> None:
    cards = [api.grant()["id"] for _ in range(6)]
    cursor = page(api)["pagination"]["nextCursor"]
    assert ids(page(api, cursor, limit=3)) == cards[2:5]
