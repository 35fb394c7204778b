"""What was held at the end of a week leads to exactly the cards and credit that it was on."""

import re
from html import unescape

import pytest

from gridgift.dashboard.pages import moved as moved_page
from gridgift.domain import held
from gridgift.domain.instants import DAY
from tests.api import JO, KELLY, ApiFixture
from tests.dashboard.people import Browser, People
from tests.dashboard.test_overview import aria_again, moved_at, weeks
from tests.http.checks import one_engine
from tests.http.customer_page import CustomerPage
from tests.http.requests import at, change_credit, ext


@pytest.mark.parametrize("looked_at", [2_000, 3])
def test_what_was_held_leads_to_exactly_its_rows(
    api: ApiFixture, monkeypatch: pytest.MonkeyPatch, looked_at: int
) -> None:
    """Whatever became of it since, to and fro; also where a page ends before it is full."""
    monkeypatch.setattr(moved_page, "ROWS", 4)
    monkeypatch.setattr(held, "LOOKED_AT", looked_at)
    monkeypatch.setattr(held, "WINDOWS", 2)
    People(api).add("Aria")
    wanted = [[0]] * 8
    expected: list[list[int]] = []
    for week in range(4):
        page = CustomerPage(api)
        kept, used = (api.grant(credit=100 * n + week)["id"] for n in (1, 2))
        api.grant(JO.username, 7, expiresAt=at(api, 60))
        assert page.redeem(used).status_code == 200
        ext(api, kept, "actions/adjust", {"delta": -30, "reason": "rent"})
        api.call("POST", f"/v1/giftcards/{kept}/actions/disable")
        if week == 1:
            change_credit(api, "spend", 150, reference="hat")
        api.clock.advance(7 * DAY // 1000)
        cards = [amount for n in range(week + 1) for amount in (70 + n, 7)]
        credit = sum(200 + n for n in range(week + 1)) - (150 if week else 0)
        expected.append(sorted([*cards, credit]))
    wanted += [*expected, expected[-1]]
    aria = aria_again(api)
    text = aria.get("/dashboard").text
    rows = re.findall(r'<tr id="week-\d+">(.*?)</tr>', text)[::-1]
    found = []
    for row in rows:
        address = unescape(re.findall(r'<a href="(/dashboard/moved\?what=held[^"]*)"', row)[0])
        *amounts, told = moved_at(aria, address)
        assert sum(amounts) == told
        assert_both_ways(aria, address)
        found.append(sorted(amounts) or [0])
    assert [sum(each) for each in found] == [week[-1] for week in weeks(text)]
    assert found[-5:] == wanted[-5:]
    points = re.findall(r'<a href="([^"]+)"><circle[^>]*/><title>Held', text)
    assert all(point.startswith("/dashboard/moved?what=held") for point in points)


def assert_both_ways(browser: Browser, address: str) -> None:
    """Go through all pages, then back from the last one: they have the same rows.

    Where a page begins may be another place on the way back.
    """
    there, last = rows_on(browser, address, "next")
    back, first = rows_on(browser, last, "prev")
    again, _ = rows_on(browser, first, "next")
    assert back[::-1] == there == again


def rows_on(browser: Browser, address: str, way: str) -> tuple[list[str], str]:
    """Return the rows of all pages that way, as they are met, and the last page's address."""
    rows: list[str] = []
    while True:
        page = browser.get(address).text
        found = re.findall(r"<tr>\s*<th scope=\"row\">.*?</tr>", page, re.DOTALL)
        rows += found if way == "next" else found[::-1]
        beyond = re.findall(rf'href="([^"]+)" rel="{way}"', page)
        if not beyond:
            return rows, address
        address = unescape(beyond[0])


@one_engine
def test_now_and_at_another_store(api: ApiFixture) -> None:
    People(api).add("Aria")
    other = api.add_store("Elsewhere", JO)
    key = api.add_key("giftcards:write", store=other).key
    grant = f"/v1/customers/{KELLY.username}/actions/grant-gift-card"
    assert api.call("POST", grant, json={"credit": 5}, key=key).status_code == 200
    aria = aria_again(api)
    assert moved_at(aria, "/dashboard/moved?what=held") == [0]
    assert "Nothing was held." in aria.get("/dashboard/moved?what=held").text
    api.grant(credit=9)
    assert moved_at(aria, "/dashboard/moved?what=held") == [9, 9]
