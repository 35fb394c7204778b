"""GET /ext/v1/customers, one of them, and the ledger of a customer's store credit."""

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from gridgift.customer_views import SORTS
from gridgift.domain import customer_search, erasing, expiry, ledger, naming, residents
from gridgift.domain.customer_search import Wanted
from gridgift.domain.erasing import Mark
from gridgift.domain.model import Resident
from gridgift.domain.residents import Identifier
from tests.api import JO, KELLY, ApiFixture, problem
from tests.http.checks import check_chain, clean, one_engine
from tests.http.customer_page import CustomerPage
from tests.http.requests import at, change_credit, ext, other_stores_key

PATH = "/ext/v1/customers"
HOUR = 3_600  # seconds


def page(api: ApiFixture, **query: Any) -> Any:
    """Read a page."""
    response = api.call("GET", PATH, params=query)
    assert response.status_code == 200, response.text
    return response.json()


def names(api: ApiFixture, **query: Any) -> list[str]:
    """Walk a list to its end; return the usernames."""
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        read = page(api, **query, cursor=cursor)
        assert len(read["data"]) <= query.get("limit", 100)
        found += [row["username"] for row in read["data"]]
        cursor = read["pagination"]["nextCursor"]
    return found


def names_back(api: ApiFixture, **query: Any) -> list[str]:
    """Walk to the end, and back to the beginning; return the usernames of the way back."""
    read = page(api, **query)
    while read["pagination"]["nextCursor"] is not None:
        read = page(api, **query, cursor=read["pagination"]["nextCursor"])
    found = [row["username"] for row in read["data"]]
    while read["pagination"]["previousCursor"] is not None:
        read = page(api, **query, cursor=read["pagination"]["previousCursor"])
        found = [row["username"] for row in read["data"]] + found
    return found


def called(usernames: list[str], prefix: str) -> list[str]:
    """Return those that begin so."""
    return [name for name in usernames if name.startswith(prefix)]


@pytest.fixture
def crowd(api: ApiFixture) -> dict[str, list[str]]:
    """Residents with cards, with credit, and with neither; the usernames in each order."""
    credit: dict[str, int] = {}
    active: dict[str, int] = {}
    everybody = [f"face{number:02}" for number in range(12)]
    uuids = {name: str(uuid.uuid4()) for name in everybody}
    for name in everybody:
        api.write(residents.remember, Resident(uuids[name], name))
    for number, name in enumerate(everybody):
        path = f"{PATH}/{name}/credit/actions/deposit"
        if number % 3:
            api.clock.advance(1)
            api.grant(name)
            active[name] = api.clock.now()
        if number % 2 == 0:
            credit[name] = 100 * (number % 5 + 1)
            body = {"amount": credit[name], "reason": "why", "reference": "x"}
            assert api.call("POST", path, json=body).status_code == 200
            active[name] = api.clock.now()
    for name in ("face01", "face07", "face01"):
        api.clock.advance(1)
        api.grant(name)
        active[name] = api.clock.now()
    by_card = [f"face{n:02}" for n in (2, 4, 5, 8, 10, 11, 7, 1)]
    cards = dict.fromkeys(by_card, 1) | {"face01": 3, "face07": 2}
    everybody = [name for n, name in enumerate(everybody) if n % 3 or n % 2 == 0]
    return {
        "uuid": sorted(everybody, key=lambda name: uuids[name]),
        "name": everybody,
        "card": by_card,
        "cards": sorted(cards, key=lambda name: (cards[name], uuids[name])),
        "active": sorted(active, key=lambda name: (active[name], uuids[name])),
        "credit": sorted(credit, key=lambda name: (credit[name], uuids[name])),
    }


@pytest.mark.contract("10.101", "10.102", "4.9")
@pytest.mark.parametrize("limit", [1, 3, 100])
@pytest.mark.parametrize("looked_at", [1, 3, 1000])
def test_every_order_both_ways(
    api: ApiFixture,
    crowd: dict[str, list[str]],
    limit: int,
    looked_at: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(naming, "LOOKED_AT", looked_at)
    for query, wanted in (
        ({}, crowd["uuid"]),
        ({"search": "FACE"}, crowd["name"]),
        ({"search": "face1"}, ["face10", "face11"]),
        ({"sort": "credit"}, crowd["credit"]),
        ({"sort": "-credit"}, crowd["credit"][::-1]),
        ({"sort": "lastCard"}, crowd["card"]),
        ({"sort": "-lastCard"}, crowd["card"][::-1]),
        ({"sort": "cards"}, crowd["cards"]),
        ({"sort": "-cards"}, crowd["cards"][::-1]),
        ({"sort": "lastActivity"}, crowd["active"]),
        ({"sort": "-lastActivity"}, crowd["active"][::-1]),
        ({"sort": "credit", "search": "FACE0"}, called(crowd["credit"], "face0")),
        ({"sort": "-credit", "search": "face1"}, called(crowd["credit"], "face1")[::-1]),
        ({"sort": "lastCard", "search": "face0"}, called(crowd["card"], "face0")),
        ({"sort": "-lastCard", "search": "face"}, crowd["card"][::-1]),
        ({"sort": "cards", "search": "face0"}, called(crowd["cards"], "face0")),
        ({"sort": "-cards", "search": "face1"}, called(crowd["cards"], "face1")[::-1]),
        ({"sort": "lastActivity", "search": "face1"}, called(crowd["active"], "face1")),
        ({"sort": "-lastActivity", "search": "face0"}, called(crowd["active"], "face0")[::-1]),
        ({"sort": "-cards", "search": "nobody"}, []),
    ):
        assert names(api, **query, limit=limit) == wanted, query
        assert names_back(api, **query, limit=limit) == wanted, query


@pytest.mark.contract("10.101", "10.102")
def test_nobody_is_called_by_a_uuid(api: ApiFixture) -> None:
    """It is shown of whoever was erased, and a search for its beginning finds nobody."""
    api.grant()
    change_credit(api, "deposit", 7)
    for sort in SORTS:
        assert names(api, search="ke", sort=sort) == ["kelly"]
    known = api.read(erasing.names_of, Identifier(username="kelly"))
    api.write(erasing.erase, known, lambda answer: answer, Mark())
    assert [row["username"] for row in page(api)["data"]] == [KELLY.uuid]
    for query in ({}, *({"sort": sort} for sort in SORTS)):
        assert names(api, search=KELLY.uuid[:2], **query) == []


@pytest.mark.contract("10.165")
def test_the_number_of_cards_is_that_of_now(api: ApiFixture) -> None:
    """Whatever became of them, and whoever had them before."""

    def counts() -> dict[str, int]:
        rows = page(api, sort="-cards")["data"]
        assert [row["giftCardCount"] for row in rows] == sorted(
            (row["giftCardCount"] for row in rows), reverse=True
        )
        return {row["username"]: row["giftCardCount"] for row in rows}

    assert counts() == {}
    cards = [api.grant(transfer=True)["id"] for _ in range(4)]
    assert counts() == {KELLY.username: 4}
    assert CustomerPage(api).redeem(cards[0]).status_code == 200
    assert api.call("POST", f"/v1/giftcards/{cards[1]}/actions/disable").status_code == 200
    assert counts() == {KELLY.username: 4}
    assert CustomerPage(api).transfer(cards[2]).status_code == 200
    assert counts() == {KELLY.username: 3, JO.username: 1}
    assert ext(api, cards[2], "reissue", {"reason": "lost"}).status_code == 201
    assert counts() == {KELLY.username: 3, JO.username: 2}
    stored = api.sql("SELECT owner_uuid, COUNT(*) FROM gift_cards GROUP BY owner_uuid")
    assert {str(uuid): count for uuid, count in stored} == {KELLY.uuid: 3, JO.uuid: 2}
    assert "giftCardCount" not in page(api, sort="-lastCard")["data"][0]


@pytest.mark.contract("10.166")
def test_the_last_activity_is_the_newest_entry_that_is_no_expiry(api: ApiFixture) -> None:
    """Whoever wrote it, of the credit and of the cards that a customer has now."""

    def seen() -> list[tuple[str, str]]:
        rows = page(api, sort="-lastActivity")["data"]
        return [(row["username"], row["lastActivityAt"]) for row in rows]

    assert seen() == []
    api.write(residents.remember, JO)
    begun = at(api, 0)
    cards = [api.grant(transfer=True, expiresAt=at(api, HOUR))["id"] for _ in range(3)]
    assert seen() == [(KELLY.username, begun)]
    api.clock.advance(60)
    assert CustomerPage(api).transfer(cards[0]).status_code == 200
    transferred = at(api, 0)
    assert seen() == [(JO.username, transferred), (KELLY.username, begun)]
    api.clock.advance(60)
    assert CustomerPage(api).redeem(cards[1]).status_code == 200
    redeemed = at(api, 0)
    assert seen() == [(KELLY.username, redeemed), (JO.username, transferred)]
    api.clock.advance(60)
    assert ext(api, cards[0], "adjust", {"delta": 1, "reason": "why"}).status_code == 200
    adjusted = at(api, 0)
    api.clock.advance(2 * HOUR)
    assert api.write(expiry.note_cards, "job", 10) == 2
    assert api.sql("SELECT COUNT(*) FROM entries WHERE kind = 'expired'") == [(2,)]
    assert seen() == [(JO.username, adjusted), (KELLY.username, redeemed)]
    assert "lastActivityAt" not in page(api, sort="-lastCard")["data"][0]


@pytest.mark.contract("10.165")
@one_engine  # where a snapshot has a thread of its own
def test_one_count_at_a_time(api: ApiFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """While it is made, other orders are answered and cards are granted."""
    begun, go_on, usual = threading.Event(), threading.Event(), customer_search.list_of

    async def slow(tx: Any, store_id: str, wanted: Wanted, *rest: Any) -> Any:
        if wanted.is_over_all and not go_on.is_set():
            begun.set()
            go_on.wait(30)
        return await usual(tx, store_id, wanted, *rest)

    monkeypatch.setattr(customer_search, "list_of", slow)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(page, api, sort="cards")
        try:
            assert begun.wait(30)
            refused = api.call("GET", PATH, params={"sort": "-cards"})
            problem(refused, 429, "rate_limited")
            assert int(refused.headers["retry-after"]) > 0
            searched = {"sort": "lastCard", "search": "kel"}
            problem(api.call("GET", PATH, params=searched), 429, "rate_limited")
            assert page(api, sort="lastCard")["data"] == page(api, search="kel")["data"] == []
            api.grant()
        finally:
            go_on.set()
        assert len(first.result(30)["data"]) in {0, 1}
    assert [row["giftCardCount"] for row in page(api, sort="cards")["data"]] == [1]


@pytest.mark.contract("10.101", "10.102", "10.103", "10.165", "10.166")
def test_a_customer(api: ApiFixture) -> None:
    problem(api.call("GET", f"{PATH}/kelly"), 404, "customer_not_found")
    problem(api.call("GET", f"{PATH}/nobody"), 404, "resident_not_found")
    problem(api.call("GET", f"{PATH}/a.b.c"), 400, "identifier_malformed")
    api.grant(credit=500)
    api.clock.advance(10)
    held = api.grant(credit=70, expiresAt=at(api, 60))["id"]
    off = api.grant(credit=9)["id"]
    api.call("POST", f"/v1/giftcards/{off}/actions/disable")
    redeemed = api.grant(credit=30)["id"]
    assert CustomerPage(api).redeem(redeemed).status_code == 200
    hold = ext(api, held, "holds", {"amount": 20, "expiresIn": 60}).json()["id"]
    ext(api, held, f"holds/{hold}/actions/capture")
    change_credit(api, "deposit", 11, restricted=True)
    change_credit(api, "spend", 5)
    row = {
        "uuid": KELLY.uuid, "username": "kelly", "credit": 25, "restrictedCredit": 11,
        "spent": 25, "createdAt": at(api, -10), "lastCardAt": at(api, 0),
    }  # fmt: skip
    cards = {"count": 4, "usable": 2, "credit": 550, "capped": False}
    assert api.call("GET", f"{PATH}/{KELLY.uuid}").json() == row | {"giftCards": cards}
    for search in (KELLY.uuid, KELLY.uuid.upper(), "kelly", "ke", "Kelly Resident"):
        assert page(api, search=search)["data"] == [row]
    for sort in SORTS:
        assert page(api, search=KELLY.uuid, sort=sort)["data"] == [row]
    assert page(api, search=JO.uuid)["data"] == page(api, search="jo")["data"] == []
    api.clock.advance(60)
    shown = api.call("GET", f"{PATH}/kelly").json()["giftCards"]
    assert shown == cards | {"usable": 1, "credit": 500}
    clean(api)


@pytest.mark.contract("10.103")
def test_more_cards_than_are_counted(api: ApiFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gridgift.domain.customer_search.COUNTED", 3)
    for credit in (1, 10, 100, 1000):
        api.clock.advance(1)
        api.grant(credit=credit)
    shown = api.call("GET", f"{PATH}/kelly").json()["giftCards"]
    assert shown == {"count": 3, "usable": 3, "credit": 1110, "capped": True}


@pytest.mark.contract("10.102")
def test_credit_counts_as_its_ledger_has_it(api: ApiFixture) -> None:
    change_credit(api, "deposit", 7)
    change_credit(api, "spend", 7)
    assert names(api, sort="credit") == []
    assert names(api) == ["kelly"]
    change_credit(api, "deposit", 5, restricted=True)
    assert names(api, sort="-credit") == ["kelly"]
    clean(api)


@pytest.mark.contract("10.101")
@one_engine
def test_values_that_are_none(api: ApiFixture) -> None:
    api.grant()
    for name, texts in {
        "sort": ("", "uuid", "Credit", "--credit"),
        "search": ("a..", "x" * 32),
    }.items():
        for text in texts:
            refused = problem(api.call("GET", PATH, params={name: text}), 400, "validation_failed")
            assert list(refused["errors"]) == [name]
    api.grant("jo.winter")
    cursor = page(api, limit=1)["pagination"]["nextCursor"]
    for other in ({"sort": "lastCard"}, {"sort": "-credit"}, {"search": "kelly"}):
        problem(api.call("GET", PATH, params=other | {"cursor": cursor}), 400, "cursor_invalid")
    cursor = page(api, limit=1, sort="cards")["pagination"]["nextCursor"]
    other = {"sort": "cards", "search": "jo", "cursor": cursor}
    problem(api.call("GET", PATH, params=other), 400, "cursor_invalid")


@pytest.mark.contract("10.101", "10.103", "10.104", "1.9")
def test_only_the_stores_own(api: ApiFixture) -> None:
    api.grant()
    change_credit(api, "deposit", 7)
    key = other_stores_key(api, "customers:read", "credits:read")
    for query in ({}, {"search": "kelly"}, {"search": KELLY.uuid}, {"sort": "credit"},
                  {"sort": "lastCard"}, {"sort": "cards", "search": "kelly"},
                  {"sort": "credit", "search": "kelly"}):  # fmt: skip
        assert api.call("GET", PATH, params=query, key=key).json()["data"] == []
    problem(api.call("GET", f"{PATH}/kelly", key=key), 404, "customer_not_found")
    entries = api.call("GET", f"{PATH}/kelly/credit/entries", key=key)
    assert (entries.status_code, entries.json()["data"]) == (200, [])


@pytest.mark.contract("10.104", "10.62")
def test_the_ledger_of_credit(api: ApiFixture) -> None:
    path = f"{PATH}/kelly/credit/entries"
    assert api.call("GET", path).json()["data"] == []
    dated = change_credit(api, "deposit", 70, expiresAt=at(api, 60), restricted=True).json()["id"]
    free = change_credit(api, "deposit", 9).json()["id"]
    spend = change_credit(api, "spend", 75, restricted=True).json()["id"]
    change_credit(api, "refund", 6, spend=spend)
    read = api.call("GET", path, params={"limit": 3}).json()
    more = {"limit": 3, "cursor": read["pagination"]["nextCursor"]}
    rows = read["data"] + api.call("GET", path, params=more).json()["data"]
    assert [(row["seq"], row["kind"], row["delta"], row["balanceAfter"]) for row in rows] == [
        (1, "credit_deposited", 70, 70), (2, "credit_deposited", 9, 79),
        (3, "credit_spent", -75, 4), (4, "credit_refunded", 6, 10),
    ]  # fmt: skip
    assert rows[0]["state"] == {
        "lots": [{"lot": dated, "delta": 70, "expiresAt": at(api, 60), "restricted": True}],
        "reference": "order 7",
    }
    assert rows[1]["state"]["lots"] == [
        {"lot": free, "delta": 9, "expiresAt": None, "restricted": False}
    ]
    assert rows[2]["state"] == {
        "lots": [{"lot": dated, "delta": -70}, {"lot": free, "delta": -5}],
        "reference": "order 7", "spend": spend,
    }  # fmt: skip
    stored = api.read(ledger.entries,
                      api.store.id, "credit", KELLY.uuid)  # fmt: skip
    check_chain(stored)
    assert [row["hash"] for row in rows] == [entry.hash.hex() for entry in stored]
    problem(api.call("GET", f"{PATH}/nobody/credit/entries"), 404, "resident_not_found")
