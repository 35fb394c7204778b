"""GET /v1/customers and GET /v1/loyalty/tiers."""

import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from gridgift.domain import residents, verify
from gridgift.domain.model import Resident
from tests.api import JO, KELLY, ApiFixture, problem
from tests.http.checks import clean, one_engine
from tests.http.customer_page import CustomerPage
from tests.http.requests import at, change_credit, credit_of, ext, other_stores_key

PATH = "/v1/customers"
FIELDS = [
    "uuid", "username", "spent", "credit", "restrictedCredit", "discount", "newsSubscriber",
    "createdAt",
]  # fmt: skip


def read(api: ApiFixture, **query: Any) -> Any:
    """Read a page."""
    response = api.call("GET", PATH, params=query)
    assert response.status_code == 200, response.text
    return response.json()


def spent_of(api: ApiFixture, resident: Resident = KELLY) -> int:
    """Read what one customer spent."""
    (found,) = [row for row in read(api)["data"] if row["uuid"] == resident.uuid]
    return int(found["spent"])


def walk(api: ApiFixture, way: str, cursor: Any, **query: Any) -> tuple[list[Any], Any]:
    """Follow cursors to the end of the list; return the rows and the last page's other cursor."""
    found: list[Any] = []
    back = "previousCursor" if way == "nextCursor" else "nextCursor"
    while True:
        page = read(api, **query, **({"cursor": cursor} if cursor else {}))
        found = found + page["data"] if way == "nextCursor" else page["data"] + found
        cursor = page["pagination"][way]
        if cursor is None:
            return found, page["pagination"][back]


def captured(api: ApiFixture, card: str, held: int, amount: int | None = None) -> None:
    """Hold a part of a card and capture it, or a part of that."""
    hold = ext(api, card, "holds", {"amount": held, "expiresIn": 60}).json()["id"]
    body = None if amount is None else {"amount": amount}
    assert ext(api, card, f"holds/{hold}/actions/capture", body).status_code == 200


@pytest.mark.contract("5.13", "5.14")
def test_a_customer(api: ApiFixture) -> None:
    assert read(api)["data"] == []
    card = api.grant(credit=500)["id"]
    change_credit(api, "deposit", 1000)
    change_credit(api, "deposit", 70, restricted=True)
    change_credit(api, "deposit", 5, expiresAt=at(api, 60))
    (shown,) = read(api)["data"]
    assert list(shown) == FIELDS
    assert shown == {
        "uuid": KELLY.uuid, "username": "kelly", "spent": 0, "credit": 1005,
        "restrictedCredit": 70, "discount": 0, "newsSubscriber": False, "createdAt": at(api, 0),
    }  # fmt: skip
    api.clock.advance(60)
    spend = change_credit(api, "spend", 300).json()["id"]
    captured(api, card, 50)
    captured(api, card, 40, 10)
    change_credit(api, "refund", 100, spend=spend)
    (shown,) = read(api)["data"]
    assert shown["spent"] == 360
    account = credit_of(api)
    assert (shown["credit"], shown["restrictedCredit"]) == (account["total"], 70) == (800, 70)
    clean(api)


@pytest.mark.contract("5.14")
def test_whoever_owned_the_card_spent_it(api: ApiFixture) -> None:
    card = api.grant(credit=500, transfer=True)["id"]
    captured(api, card, 30)
    assert CustomerPage(api).transfer(card).status_code == 200
    captured(api, card, 4)
    assert (spent_of(api), spent_of(api, JO)) == (30, 4)
    clean(api)


@pytest.mark.contract("5.14")
def test_of_changes_that_spend_nothing(api: ApiFixture) -> None:
    card = api.grant(credit=500)["id"]
    ext(api, card, "adjust", {"delta": -100, "reason": "why"})
    hold = ext(api, card, "holds", {"amount": 5, "expiresIn": 60}).json()["id"]
    ext(api, card, f"holds/{hold}/actions/void")
    change_credit(api, "deposit", 5)
    problem(change_credit(api, "spend", 6), 409, "insufficient_credit")
    assert CustomerPage(api).redeem(card).status_code == 200
    assert spent_of(api) == 0


@pytest.mark.contract("5.14")
def test_spends_and_captures_at_the_same_time_all_count(api: ApiFixture) -> None:
    change_credit(api, "deposit", 1000)
    cards = [api.grant(credit=10)["id"] for _ in range(8)]
    holds = [ext(api, card, "holds", {"amount": 7, "expiresIn": 60}).json()["id"] for card in cards]
    paths = [f"holds/{hold}/actions/capture" for hold in holds]
    with ThreadPoolExecutor(16) as threads:
        spends = [threads.submit(change_credit, api, "spend", 3) for _ in range(8)]
        captures = [threads.submit(ext, api, *each) for each in zip(cards, paths, strict=True)]
        assert {done.result().status_code for done in (*spends, *captures)} == {200}
    assert spent_of(api) == 8 * (3 + 7)
    clean(api)


@pytest.mark.contract("5.14", "10.64")
@pytest.mark.parametrize("wrong", ["spent + 1", "0"])
def test_verify_computes_the_sum_again(api: ApiFixture, wrong: str) -> None:
    captured(api, api.grant()["id"], 30)
    change_credit(api, "deposit", 5)
    change_credit(api, "spend", 5)
    clean(api)
    api.sql(f"UPDATE customers SET spent = {wrong}")
    found: list[verify.Fault] = []
    assert api.read(verify.verify, found.append, lambda seen: None) == 1
    assert found[0].account_id == KELLY.uuid
    assert found[0].what.endswith("its entries say 35")


@pytest.fixture
def crowd(api: ApiFixture) -> list[Any]:
    """Customers who spent different sums, several the same; as the list shows them."""
    dice = random.Random(7)
    for number in range(12):
        uuid = f"{dice.getrandbits(32):08x}-0000-4000-8000-{number:012d}"
        api.write(residents.remember, Resident(uuid, f"r{number}"))
        api.grant(f"r{number}")
    sums = (0, 0, 0, 5, 5, 5, 6, 7, 7, 100, 3_000_000_000, 5)
    for number, spent in enumerate(sums):
        api.sql(f"UPDATE customers SET spent = {spent} WHERE resident_uuid = (SELECT resident_uuid "
                f"FROM resident_names WHERE username = 'r{number}')")  # fmt: skip
    found: list[Any] = read(api)["data"]
    assert sorted(row["spent"] for row in found) == sorted(sums)
    return found


@pytest.mark.contract("5.13", "5.15", "5.16", "4.10")
def test_every_page_both_ways(api: ApiFixture, crowd: list[Any]) -> None:
    for more_than in (None, -1, 0, 4, 5, 7, 100, 3_000_000_000):
        wanted = sorted(crowd, key=lambda row: row["uuid"])
        bound = {} if more_than is None else {"spentMoreThan": more_than}
        if more_than is not None:
            wanted = [row for row in wanted if row["spent"] > more_than]
            wanted.sort(key=lambda row: row["spent"])
        for limit in (1, 2, 5, 100):
            query = {"limit": limit} | bound
            there, last = walk(api, "nextCursor", None, **query)
            assert there == wanted, query
            if last is not None:
                back, first = walk(api, "previousCursor", last, **query)
                found = back + read(api, **query, cursor=first)["data"][:0]
                assert found == wanted[: len(back)], query
                assert len(back) >= len(wanted) - limit, query


@pytest.mark.contract("5.16", "4.11")
def test_whoever_spends_during_a_walk_hides_nobody(api: ApiFixture, crowd: list[Any]) -> None:
    for more_than in ({}, {"spentMoreThan": 0}):
        first = read(api, limit=3, **more_than)
        name = first["data"][1]["uuid"]
        api.sql(f"UPDATE customers SET spent = spent + 50 WHERE resident_uuid = '{name}'")
        rest, _ = walk(api, "nextCursor", first["pagination"]["nextCursor"], limit=3, **more_than)
        seen = [row["uuid"] for row in (*first["data"], *rest) if row["uuid"] != name]
        wanted = {row["uuid"] for row in read(api, **more_than)["data"]} - {name}
        assert len(seen) == len(set(seen))
        assert set(seen) == wanted


@pytest.mark.contract("5.15")
def test_the_filters_combine(api: ApiFixture, crowd: list[Any]) -> None:
    for more_than in ({}, {"spentMoreThan": 6}):
        assert read(api, newsSubscriber="FALSE", **more_than) == read(api, **more_than)
        nobody = read(api, newsSubscriber="true", limit=3, **more_than)
        assert nobody["data"] == []
        assert nobody["pagination"] == {"nextCursor": None, "previousCursor": None, "limit": 3}


@pytest.mark.contract("5.15")
@one_engine
def test_values_that_are_none(api: ApiFixture, crowd: list[Any]) -> None:
    for name, texts in {
        "spentMoreThan": ("", "1.5", "many", "9" * 16, "-" + "9" * 16, "9" * 40, "+5"),
        "newsSubscriber": ("", "1", "yes"),
    }.items():
        for text in texts:
            response = api.call("GET", PATH, params={name: text})
            assert list(problem(response, 400, "validation_failed")["errors"]) == [name]
    ours = read(api, limit=1, spentMoreThan=5)["pagination"]["nextCursor"]
    for other in ({}, {"spentMoreThan": 6}, {"newsSubscriber": "true"}):
        response = api.call("GET", PATH, params={"cursor": ours, **other})
        problem(response, 400, "cursor_invalid")


@pytest.mark.contract("5.13", "1.9")
def test_only_the_stores_own(api: ApiFixture) -> None:
    api.grant()
    response = api.call("GET", PATH, key=other_stores_key(api, "customers:read"))
    assert response.json()["data"] == []


@pytest.mark.contract("7.6")
@one_engine
def test_loyalty_tiers(api: ApiFixture) -> None:
    response = api.call("GET", "/v1/loyalty/tiers", key=api.add_key("store:read").key)
    assert (response.status_code, response.content) == (200, b"[]")
    assert response.headers["content-type"] == "application/json"
