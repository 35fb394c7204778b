"""Finding cards, residents, pages and actions by one text."""

import re
from html import unescape
from urllib.parse import quote

import pytest

from gridgift.dashboard.menu import ACTIONS, MENU, Line
from gridgift.dashboard.pages.find import FEW
from gridgift.dashboard.table import PAGES
from gridgift.http.edge.session import Session
from tests.api import JO, KELLY, ApiFixture
from tests.dashboard.people import Browser
from tests.http.checks import one_engine

FIND = "/dashboard/find"
CARD, RESIDENT = "/dashboard/cards/", "/dashboard/residents/"


def page(browser: Browser, typed: str) -> str:
    """Return the page of what is found."""
    response = browser.get(f"{FIND}?q={quote(typed)}")
    assert response.status_code == 200
    return response.text.partition("<main")[2].partition("</main>")[0]


def options(browser: Browser, typed: str) -> list[str]:
    """Return where the palette's options lead."""
    response = browser.get(f"{FIND}?q={quote(typed)}", HX_Request="true")
    assert response.status_code == 200
    assert "<html" not in response.text
    return [
        unescape(each) for each in re.findall(r'role="option"[^>]* href="([^"]+)"', response.text)
    ]


def led_to(browser: Browser, typed: str, where: str) -> list[str]:
    """Return the ids to which a page and the palette lead; both to the same."""
    ids = [each[len(where) :] for each in options(browser, typed) if each.startswith(where)]
    assert re.findall(rf'href="{where}([^"]+)"', page(browser, typed)) == ids
    return ids


def test_cards_and_residents_are_found(api: ApiFixture, bo: Browser) -> None:
    order = api.grant(reference="SO 1001/a")["id"]
    jos = api.grant(JO.username, tags=["vip"])["id"]
    newest = api.grant()["id"]
    elsewhere = api.add_store("Elsewhere", JO)
    for typed, cards, residents in (
        (order, [order], []),
        (order.upper(), [order], []),
        ("SO 1001/a", [order], []),
        ("kel", [newest, order], [KELLY.uuid]),
        ("Jo W", [jos], [JO.uuid]),
        (JO.uuid, [jos], [JO.uuid]),
        ("#vip", [jos], []),
        ("nobody.here", [], []),
        (elsewhere.id, [], []),
        ("\0\n\u202e", [], []),
        ("", [], []),
        ("   ", [], []),
    ):
        assert led_to(bo, typed, CARD) == cards, typed
        assert led_to(bo, typed, RESIDENT) == residents, typed


def test_a_few_are_shown_and_the_way_to_all(api: ApiFixture, bo: Browser) -> None:
    cards = [api.grant()["id"] for _ in range(FEW + 1)]
    assert led_to(bo, "kelly", CARD) == cards[:0:-1]
    assert options(bo, "kelly & co")[-2:] == [
        f"/dashboard/{name}?q=kelly%20%26%20co" for name in ("cards", "residents")
    ]
    assert "Nothing here is called so." in page(bo, "kelly & co")


@one_engine
def test_another_stores_card_is_not_found(api: ApiFixture, aria: Browser) -> None:
    card = api.grant(reference="SO-1")["id"]
    other = api.add_store("Elsewhere", JO)
    api.sql(f"UPDATE operator_stores SET store = '{other.id}'")
    assert led_to(aria, card, CARD) == led_to(aria, "SO-1", CARD) == []
    assert led_to(aria, KELLY.uuid, RESIDENT) == led_to(aria, "kelly", RESIDENT) == []


@one_engine
def test_pages_and_actions_are_found_by_words_of_their_names(bo: Browser, aria: Browser) -> None:
    everything = [line.path for line in (*MENU, *ACTIONS)]
    for_clerks = [line.path for line in (*MENU, *ACTIONS) if line.role == "clerk"]
    assert options(aria, "") == everything
    assert options(bo, " ") == for_clerks
    assert options(aria, "mak ke")[0] == "/dashboard/keys#new"
    assert options(bo, "mak ke")[0].startswith("/dashboard/cards?q=")
    assert options(bo, "GIFT")[0] == "/dashboard/cards"
    assert not set(options(aria, "ake")) & set(everything)


@pytest.mark.parametrize("line", [*MENU, *ACTIONS], ids=lambda line: line.label)
@one_engine
def test_each_leads_where_it_says_for_its_role(aria: Browser, line: Line) -> None:
    path, _, place = line.path.partition("#")
    guards = {page.path: page.guard for page in PAGES if page.method == "GET"}
    assert guards[path] == Session(line.role)
    assert not place or f'id="{place}"' in aria.get(path).text


def test_a_key_is_one_pages() -> None:
    keys = [line.key for line in MENU if line.key]
    assert keys
    assert len({*keys}) == len(keys)
    assert all(re.fullmatch("[a-z]", key) for key in keys)


@one_engine
def test_what_is_typed_is_text(bo: Browser) -> None:
    hostile = "<script>alert(1)</script>&\"'{{ 7 * 7 }}" + "x" * 10_000
    shown = bo.get(f"{FIND}?q={quote(hostile)}").text
    assert "<script>alert" not in shown
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
    part = bo.get(f"{FIND}?q={quote(hostile)}", HX_Request="true").text
    assert "<script" not in part
    assert "{{ 7 * 7 }}" in part
