"""Residents: found by name, each with a page; and what was redeemed."""

import re
from contextlib import nullcontext
from html import unescape

import pytest

from gridgift.dashboard.pages import residents as residents_page
from gridgift.domain import customer_search
from gridgift.domain.ids import new_id
from gridgift.domain.model import Caller
from gridgift.domain.redemption import redeem_for_owner
from gridgift.limits import Places
from tests.api import JO, KELLY, OWNER, ApiFixture
from tests.dashboard.people import Browser, People
from tests.dashboard.test_held import assert_both_ways
from tests.http.checks import one_engine
from tests.http.customer_page import CustomerPage
from tests.http.requests import at, change_credit, ext, make_unit

RESIDENTS = "/dashboard/residents"
REDEMPTIONS = "/dashboard/redemptions"
MONEY = "L$\N{NO-BREAK SPACE}"


def listed(text: str) -> list[str]:
    """Return the UUIDs of the residents on a page, in order."""
    return re.findall(rf'<th scope="row"><a href="{RESIDENTS}/([\w-]+)">', text)


def test_residents_are_found(api: ApiFixture, bo: Browser) -> None:
    assert "Send the first card" in bo.get(RESIDENTS).text
    api.grant()
    api.clock.advance(1)
    api.grant(JO.username)
    for query, wanted in {
        "": [JO.uuid, KELLY.uuid], "?q=KE": [KELLY.uuid], f"?q={JO.uuid}": [JO.uuid],
        "?q=aria": [], "?q=%3Cb%3E": [], f"?q={OWNER.uuid}": [],
    }.items():  # fmt: skip
        assert listed(bo.get(RESIDENTS + query).text) == wanted, query


def test_residents_are_sorted_by_their_cards(
    api: ApiFixture, bo: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a list is of, it says how many cards each has, and leads to exactly those."""
    monkeypatch.setattr(residents_page, "ROWS", 1)
    for name, cards in ((KELLY.username, 3), (JO.username, 1), (OWNER.username, 2)):
        for _ in range(cards):
            api.grant(name)
    given = f"/v1/giftcards/{api.grant()['id']}/actions/disable"
    assert api.call("POST", given).status_code == 200
    change_credit(api, "deposit", 70, expiresAt=at(api, 600), reason="sorry")
    for query, wanted in {
        "?sort=-cards": [(KELLY, 4), (OWNER, 2), (JO, 1)], "": [(KELLY, 4), (OWNER, 2), (JO, 1)],
        "?sort=-cards&q=j": [(JO, 1)], "?sort=cards&q=KEL": [(KELLY, 4)], "?sort=-card&q=xy": [],
        f"?q={JO.uuid}&sort=cards": [(JO, 1)], "?sort=-card&q=a": [(OWNER, 2)],
        "?sort=cards": [(JO, 1), (OWNER, 2), (KELLY, 4)], "?q=jo": [(JO, 1)],
        "?show=credit&sort=cards": [(KELLY, 4)], f"?q={JO.uuid}": [(JO, 1)],
        "?ends_by=2030-01-01": [(KELLY, 4)],
    }.items():  # fmt: skip
        found, address = [], RESIDENTS + query
        while address:
            page = bo.get(address).text
            found += counted(page)
            address = unescape(next(iter(re.findall('href="([^"]+)" rel="next"', page)), ""))
        assert found == [(each.uuid, f"{count}") for each, count in wanted], query
    exported = bo.get(f"/dashboard/cards?q={OWNER.uuid}").text
    assert len(re.findall('name="ids" value="[^"]+" form="ticked"', exported)) == 2
    page = bo.get(f"{RESIDENTS}?sort=-cards").text
    assert 'aria-sort="descending"><a href="/dashboard/residents?sort=cards">Cards ↓' in page
    page = bo.get(f"{RESIDENTS}?q=j").text
    assert "aria-sort" not in page
    by_cards = f"{RESIDENTS}?q=j&amp;sort=-cards"
    assert by_cards in page
    assert 'aria-sort="descending"><a href="/dashboard/residents?q=j&amp;sort=cards">Cards ↓' in (
        bo.get(unescape(by_cards)).text
    )
    assert bo.get(f"{RESIDENTS}?sort=name").status_code == 400
    for module in (customer_search, residents_page):
        monkeypatch.setattr(module, "COUNTED", 2)
    assert counted(bo.get(f"{RESIDENTS}?q=kelly").text) == [(KELLY.uuid, "2+")]
    assert counted(bo.get(f"{RESIDENTS}?sort=-cards").text) == [(KELLY.uuid, "4")]


@one_engine
def test_those_whose_credit_ends_are_paged_to_and_fro(
    api: ApiFixture, bo: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(residents_page, "ROWS", 1)
    for number, who in enumerate((KELLY, JO, OWNER)):
        sent = {"amount": 5, "reason": "gift", "reference": f"{number}"}
        sent |= {"expiresAt": at(api, 600 + number // 2)}  # two of them at one instant
        path = f"/ext/v1/customers/{who.uuid}/credit/actions/deposit"
        assert api.call("POST", path, json=sent).status_code == 200
    for query in ("?ends_by=2030-01-01", "?show=expired"):
        assert 'rel="next"' in bo.get(RESIDENTS + query).text
        assert_both_ways(bo, RESIDENTS + query)
        api.clock.advance(700)


def test_cards_are_counted_for_one_person_at_a_time(
    api: ApiFixture, bo: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.grant()
    monkeypatch.setattr(Places, "taken", lambda *_: nullcontext(False))
    assert "counted for somebody else" in bo.get(f"{RESIDENTS}?sort=-cards").text
    assert "counted for somebody else" in bo.get(f"{RESIDENTS}?q=k&sort=-card").text
    for query in ("", "?q=k"):
        assert listed(bo.get(RESIDENTS + query).text) == [KELLY.uuid]


def counted(text: str) -> list[tuple[str, str]]:
    """Return the UUIDs of the residents on a page, and how many cards each is said to have."""
    return re.findall(r'<a href="/dashboard/cards\?q=([\w-]+)">([\d,]+\+?)</a>', text)


def test_a_resident_is_shown_whole(api: ApiFixture, bo: Browser) -> None:
    page = CustomerPage(api)
    assert page.redeem(api.grant(credit=1250)["id"]).status_code == 200
    kept = api.grant(credit=30)["id"]
    change_credit(api, "deposit", 70, expiresAt=at(api, 600), reason="sorry")
    change_credit(api, "spend", 20, reference="hat 7", reason="a hat")
    shown = bo.get(f"{RESIDENTS}/{KELLY.uuid}")
    assert shown.status_code == 200
    for said in (
        f"{MONEY}1,300", f"{MONEY}50</strong>", f"of {MONEY}70",
        f"{MONEY}1,250</strong> <span class=\"sub\">without an end",
        "by the program “all scopes”", f"by {KELLY.username}",
        f"A card of {MONEY}1,250 became store credit", f"{MONEY}20 spent", "Order hat 7",
        f"{MONEY}70 deposited", "sorry", f"/dashboard/cards/{kept}",
    ):  # fmt: skip
        assert said in shown.text, said
    assert f"/dashboard/send?to={KELLY.username}" in shown.text


def note(api: ApiFixture, card: str, text: str) -> None:
    """Write a note on a card."""
    answer = api.call("POST", f"/ext/v1/giftcards/{card}/notes", json={"text": text})
    assert answer.status_code == 201, answer.text


def test_a_resident_is_shown_with_what_is_reserved_and_noted(api: ApiFixture, bo: Browser) -> None:
    card, other = api.grant(credit=500)["id"], api.grant(JO.username)["id"]
    page = f"{RESIDENTS}/{KELLY.uuid}"
    assert "Notes on these cards" not in bo.get(page).text
    assert ext(api, card, "holds", {"amount": 120, "expiresIn": 600}).status_code == 201
    for number in range(22):
        note(api, card, f"<b>note {number:02}</b>")
    note(api, other, "of Jo's card")
    shown = unescape(bo.get(page).text)
    assert f"{MONEY}120 reserved" in shown
    told = re.findall(r"<p><b>note (\d\d)</b></p>", shown)
    assert told == [f"{number:02}" for number in range(21, 1, -1)]
    assert 'on <a href="/dashboard/cards/' + card in shown
    assert "of Jo's card" not in shown
    assert "<b>note" not in bo.get(page).text


@one_engine
def test_a_link_is_shown_once_and_works(api: ApiFixture, bo: Browser) -> None:
    api.grant()
    address = f"{RESIDENTS}/{KELLY.uuid}"
    bo.get(address)
    made = bo.post(f"{address}/link")
    link = re.search(r'<input id="link" readonly value="([^"]+)"', made.text)
    assert link is not None
    where, _, token = unescape(link[1]).partition("#ct=")
    assert where == "http://shop.test/me"
    opened = api.call("GET", "/v1/customer/profile", key=None, headers={"X-Customer-Token": token})
    assert opened.json()["username"] == KELLY.username, opened.text
    assert token not in bo.get(address).text
    assert bo.post(f"{RESIDENTS}/{JO.uuid}/link").status_code == 404
    assert len(api.sql("SELECT id FROM customer_tokens")) == 1


@one_engine
def test_another_stores_residents_are_not_there(
    api: ApiFixture, people: People, bo: Browser
) -> None:
    assert CustomerPage(api).redeem(api.grant()["id"]).status_code == 200
    people.add("Eve", store=api.add_store("Elsewhere", OWNER))
    eve = people.browser()
    eve.use_link(people.link("Eve"))
    assert listed(eve.get(RESIDENTS).text) == listed(eve.get(f"{RESIDENTS}?q=kelly").text) == []
    assert listed(eve.get(REDEMPTIONS).text) == []
    assert eve.get(f"{RESIDENTS}/{KELLY.uuid}").status_code == 404
    assert eve.post(f"{RESIDENTS}/{KELLY.uuid}/link").status_code == 404
    assert bo.get(f"{RESIDENTS}/nobody").status_code == 404


@one_engine
def test_who_did_it_is_called_by_name(api: ApiFixture, bo: Browser) -> None:
    at_terminal, by_stranger = api.grant()["id"], api.grant()["id"]
    unit = make_unit(api, name="Terminal <1>")["id"]
    for actor, card in ((unit, at_terminal), (new_id(), by_stranger)):
        caller = Caller(api.store.id, "unit", actor, "test")
        api.write(redeem_for_owner, caller, card, new_id())
    pages = (REDEMPTIONS, f"{RESIDENTS}/{KELLY.uuid}", f"/dashboard/cards/{at_terminal}")
    for path in pages:
        assert "the unit “Terminal &lt;1&gt;”" in bo.get(path).text, path
    assert "a unit in-world" in bo.get(REDEMPTIONS).text


def test_redemptions_tell_what_and_when(api: ApiFixture, bo: Browser) -> None:
    assert "No card was redeemed yet" in bo.get(REDEMPTIONS).text
    page, first, second = CustomerPage(api), api.grant(credit=40)["id"], api.grant(credit=2)["id"]
    api.grant(JO.username)
    assert page.redeem(first).status_code == 200
    api.clock.advance(3600)
    assert page.redeem(second).status_code == 200
    change_credit(api, "spend", 41, reference="hat", reason="a hat")
    text = bo.get(REDEMPTIONS).text
    cells = re.findall(r'/dashboard/cards/([\w-]+)">([^<]+)</a>', text)
    assert cells == [(second, f"{MONEY}2"), (first, f"{MONEY}40")]
    assert re.findall(rf'<td class="n">{re.escape(MONEY)}(\d+)</td>', text) == ["1", "0"]
    assert "1 hour ago" in text and "just now" in text and "its owner" in text
    assert len(listed(bo.get(f"{REDEMPTIONS}?q=ke").text)) == 2
    assert listed(bo.get(f"{REDEMPTIONS}?q=jo").text) == []
