"""Files: cards, redemptions and entries, each exactly what its list has."""

import csv
import io
import json
import re
from html import unescape
from typing import Any

import pytest

from gridgift import card_files, ledger_files
from gridgift.dashboard.pages.export import EXPORT
from gridgift.domain.days import SECOND_LIFE, day_of
from gridgift.domain.instants import DAY
from tests.api import JO, KELLY, OWNER, ApiFixture
from tests.dashboard.people import Browser, People
from tests.http.checks import one_engine
from tests.http.customer_page import CustomerPage
from tests.http.requests import change_credit, ext

CARDS = "/dashboard/cards"
REDEMPTIONS = "/dashboard/redemptions"
FILES = [
    f"{path}.{kind}"
    for path in (f"{CARDS}/export", f"{REDEMPTIONS}/export", f"{EXPORT}/entries")
    for kind in ("csv", "jsonl")
]


@pytest.fixture(autouse=True)
def pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of several pages."""
    monkeypatch.setattr(card_files, "PAGE", 2)
    monkeypatch.setattr(ledger_files, "ENTRIES", 3)
    monkeypatch.setattr(ledger_files, "REDEMPTIONS", 2)


def lines(browser: Browser, address: str) -> list[Any]:
    """Return the rows of a file of JSON lines."""
    answer = browser.get(address)
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (
        200,
        "application/jsonl",
    )
    return [json.loads(line) for line in answer.text.splitlines()]


def table(browser: Browser, address: str) -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    answer = browser.get(address)
    assert "attachment" in answer.headers["content-disposition"]
    text = answer.content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def some_history(api: ApiFixture) -> None:
    """Let there be entries of each sort of account, on two days."""
    page = CustomerPage(api)
    for credit in (40, 2, 7):
        assert page.redeem(api.grant(credit=credit)["id"]).status_code == 200
    other = CustomerPage(api, JO.username)
    assert other.redeem(api.grant(JO.username, 9)["id"]).status_code == 200
    api.clock.advance(DAY // 1000)
    card = api.grant(credit=30)["id"]
    assert ext(api, card, "actions/adjust", {"delta": -5, "reason": "=1+1"}).status_code == 200
    assert change_credit(api, "spend", 41, reason="-2").status_code == 200


@pytest.mark.parametrize(
    ("query", "amounts"),
    [("", [9, 7, 2, 40]), ("q=ke", [7, 2, 40]), (f"q={JO.uuid}", [9]), ("q=%3Cb", []),
     ("q=nobody", [])],
)  # fmt: skip
def test_redemptions_are_those_of_the_list(
    api: ApiFixture, people: People, query: str, amounts: list[int]
) -> None:
    some_history(api)
    aria = people.signed_in("Aria")
    page = aria.get(f"{REDEMPTIONS}?{query}").text
    listed = re.findall(rf'{CARDS}/([\w-]+)">L\$\xa0(\d+)</a>', page)
    assert [int(amount) for _, amount in listed] == amounts
    found = lines(aria, f"{REDEMPTIONS}/export.jsonl?{query}")
    assert [(row["giftCardId"], str(row["amount"])) for row in found] == listed
    rows = table(aria, f"{REDEMPTIONS}/export.csv?{query}")
    assert [(row["giftCardId"], row["amount"]) for row in rows] == listed
    for row, line in zip(rows, found, strict=True):
        told = line | {f"actor{name.title()}": text for name, text in line.pop("actor").items()}
        assert row == {name: str(value) for name, value in told.items()}
    if listed:
        offered = re.findall(rf'href="({REDEMPTIONS}/export[^"]+)"', page)
        assert [lines(aria, unescape(path)) for path in offered if "jsonl" in path] == [
            lines(aria, f"{REDEMPTIONS}/export.jsonl?{query}")
        ]
        left = {row["ownerUsername"]: row["storeCredit"] for row in found}
        assert left == {
            name: left_of for name, left_of in {KELLY.username: 8, JO.username: 9}.items()
            if name in left
        }  # fmt: skip


def test_entries_are_the_ledgers_between_two_days(api: ApiFixture, people: People) -> None:
    first = day_of(api.clock.now(), SECOND_LIFE)
    some_history(api)
    second = day_of(api.clock.now(), SECOND_LIFE)
    aria = people.signed_in("Aria")
    stored = api.sql(
        "SELECT account_kind, account_id, seq, delta, created_at FROM entries "
        "ORDER BY account_kind, account_id, seq"
    )
    every = [(kind, str(account), seq, delta) for kind, account, seq, delta, _ in stored]
    late = [
        (kind, str(account), seq, delta)
        for kind, account, seq, delta, at in stored
        if day_of(at, SECOND_LIFE) == second
    ]
    assert 0 < len(late) < len(every)
    for query, wanted in {
        "": every, f"first={second}": late, f"first={second}&last={second}": late,
        f"last={first}": [entry for entry in every if entry not in late],
        f"first={first}&last={second}": every, "last=2020-01-01": [], "first=2030-01-01": [],
    }.items():  # fmt: skip
        names = ("accountKind", "accountId", "seq", "delta")
        found = lines(aria, f"{EXPORT}/entries.jsonl?{query}")
        assert [tuple(row[name] for name in names) for row in found] == wanted, query
        rows = table(aria, f"{EXPORT}/entries.csv?{query}")
        assert [tuple(row[name] for name in names) for row in rows] == [
            tuple(map(str, entry)) for entry in wanted
        ], query
        assert [row["reason"].lstrip("'") for row in rows] == [row["reason"] for row in found]
        assert not [row["reason"] for row in rows if row["reason"][:1] in {"=", "-"}]
    card = next(row for row in lines(aria, f"{EXPORT}/entries.jsonl") if row["reason"] == "=1+1")
    shown = api.call("GET", f"/ext/v1/giftcards/{card['accountId']}/entries").json()["data"]
    assert [row for row in shown if row["seq"] == card["seq"]] == [
        {name: value for name, value in card.items() if not name.startswith("account")}
    ]


@one_engine
def test_days_in_the_wrong_order_are_refused(aria: Browser) -> None:
    for query in ("first=2026-10-02&last=2026-10-01", "first=x", "last=2026-13-01"):
        answer = aria.get(f"{EXPORT}/entries.csv?{query}")
        assert (answer.status_code, "content-disposition" in answer.headers) == (400, False), query


@pytest.mark.parametrize("path", FILES)
@one_engine
def test_files_are_the_owners_of_this_store(
    api: ApiFixture, people: People, bo: Browser, path: str
) -> None:
    some_history(api)
    people.add("Eve", store=api.add_store("Elsewhere", OWNER))
    eve = people.browser()
    eve.use_link(people.link("Eve"))
    found = lines(eve, path) if path.endswith("jsonl") else table(eve, path)
    assert found == []
    clerk = people.browser()
    clerk.use_link(people.link("Bo"))
    assert clerk.get(path).status_code == 403
    for page in (CARDS, REDEMPTIONS):
        assert "export" not in clerk.get(page).text


def test_the_ticked_cards_are_exported_and_no_others(api: ApiFixture, aria: Browser) -> None:
    cards = [api.grant(credit=credit)["id"] for credit in (1, 2, 3, 4)]
    other = api.add_store("Elsewhere", JO)
    foreign = api.call(
        "POST", f"/v1/customers/{KELLY.username}/actions/grant-gift-card", json={"credit": 5},
        key=api.add_key("giftcards:write", store=other).key,
    ).json()["id"]  # fmt: skip
    chosen = "&".join(f"ids={card}" for card in [*cards[:3], foreign, "x", cards[0]])
    page = aria.get(f"{CARDS}/many?{chosen}").text
    offered = {
        path.partition("?")[0]: unescape(path)
        for path in re.findall(rf'href="({CARDS}/export[^"]+)"', page)
    }
    assert [row["id"] for row in lines(aria, offered[f"{CARDS}/export.jsonl"])] == cards[2::-1]
    assert [row["id"] for row in table(aria, offered[f"{CARDS}/export.csv"])] == cards[2::-1]
    every = aria.get(f"{CARDS}/many?every=true&least=3").text
    (path,) = re.findall(rf'href="({CARDS}/export.jsonl[^"]+)"', every)
    assert [row["credit"] for row in lines(aria, unescape(path))] == [4, 3]
    assert lines(aria, f"{CARDS}/export.jsonl?ids=x") == []


@one_engine
def test_a_clerk_who_chooses_cards_is_offered_no_file(api: ApiFixture, bo: Browser) -> None:
    assert "export" not in bo.get(f"{CARDS}/many?ids={api.grant()['id']}").text


@one_engine
def test_the_page_leads_to_each_file(aria: Browser) -> None:
    page = aria.get(EXPORT).text
    offered = re.findall(r'(?:href|action)="([^"]+\.(?:csv|jsonl))"', page)
    assert sorted(set(offered)) == sorted(FILES)
    for path in offered:
        assert aria.get(path).status_code == 200, path
