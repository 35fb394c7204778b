"""Gift cards: the list, one card, and what is done with it."""

import base64
import csv
import io
import json
import re
from html import unescape
from urllib.parse import quote, urlencode

import pytest

from gridgift import card_files
from gridgift.dashboard.pages.cards import LEFT_OUT, ROWS
from tests.api import JO, KELLY, ApiFixture
from tests.dashboard.people import Browser, People, etag_on, fields_on, post_about
from tests.http.checks import one_engine
from tests.http.customer_page import CustomerPage
from tests.http.requests import at, ext

CARDS = "/dashboard/cards"
MONEY = "L$\N{NO-BREAK SPACE}"
HOSTILE = "<script>alert(1)</script>&\"'{{ 7 * 7 }}"


def listed(text: str) -> list[str]:
    """Return the ids of the cards on a page, in order."""
    return re.findall(r'<th scope="row"><a href="/dashboard/cards/([\w-]+)">', text)


def link(text: str, name: str) -> str | None:
    """Return where Next or Previous leads."""
    found = re.search(rf'href="([^"]+)" rel="{name}"', text)
    return found and unescape(found[1])


@pytest.mark.contract("9.39")
def test_the_list_finds_by_owner_id_tag_and_state(api: ApiFixture, bo: Browser) -> None:
    plain = api.grant(credit=1250)["id"]
    jos = api.grant(JO.username, tags=["vip", "summer sale"], transfer=True)["id"]
    off = api.grant()["id"]
    api.call("POST", f"/v1/giftcards/{off}/actions/disable")
    used = api.grant()["id"]
    api.redeem(used)
    soon = api.grant(expiresAt=at(api, 86_400))["id"]
    past = api.grant(expiresAt=at(api, 1))["id"]
    api.clock.advance(2)
    every = [past, soon, used, off, jos, plain]
    page = bo.get(CARDS)
    assert listed(page.text) == every
    assert "L$\N{NO-BREAK SPACE}1,250" in page.text
    assert "6 cards" in page.text
    for query, wanted in {
        "q=jo": [jos], "q=JO.W": [jos], f"q={JO.uuid}": [jos], "q=%23vip": [jos],
        f"q={quote('#summer sale')}": [jos], "q=50%25": [], "q=%23nothing": [], "q=zzz": [],
        "show=usable": [soon, jos, plain], "show=soon": [soon], "show=off": [off],
        "show=used": [used], "show=expired": [past], "show=usable&q=ke": [soon, plain],
        "sort=created": every[::-1], "sort=-credit&show=usable": [plain, soon, jos],
    }.items():  # fmt: skip
        found = bo.get(f"{CARDS}?{query}")
        assert found.status_code == 200
        assert listed(found.text) == wanted or (
            sorted(listed(found.text)) == sorted(wanted) and "sort=-credit" in query
        ), query
    opened = bo.get(f"{CARDS}?q={plain}")
    assert (opened.status_code, opened.headers["location"]) == (303, f"{CARDS}/{plain}")
    assert bo.get(f"{CARDS}?show=lost").status_code == 400
    assert bo.get(f"{CARDS}?cursor=AAAAAAAAAAAAAAAAAAAAAAAA").status_code == 400


@one_engine
def test_pages_lead_on_and_back_with_the_filter(api: ApiFixture, bo: Browser) -> None:
    cards = [api.grant(credit=number + 1)["id"] for number in range(ROWS + 3)]
    api.grant(JO.username)
    address, seen = f"{CARDS}?q=kelly&sort=credit", []
    while address:
        page = bo.get(address)
        seen += listed(page.text)
        last, address = page.text, link(page.text, "next") or ""
    assert seen == cards
    before = link(last, "prev")
    assert before is not None and "q=kelly" in before and "sort=credit" in before
    assert listed(bo.get(before).text) == cards[:ROWS]


@pytest.mark.contract("9.39")
def test_a_card_is_switched_off_and_that_is_undone(api: ApiFixture, bo: Browser) -> None:
    card = api.grant()["id"]
    back = f"{CARDS}?q=kelly&show=usable"
    bo.get(back)
    form = {"to": "off", "back": back, "etag": etag_on(bo, back)}
    done = bo.post(f"{CARDS}/{card}/switch", form)
    assert (done.status_code, done.headers["location"]) == (303, f"{back}#{card}")
    assert api.card(card)["active"] is False
    page = bo.get(back)
    assert "card is switched off." in page.text
    assert listed(page.text) == []
    undo = re.search(r'action="([^"]+)">(.{,900}?)Undo', page.text)
    assert undo is not None and undo[1] == f"{CARDS}/{card}/switch"
    form = fields_on(undo[2])
    assert (form["to"], form["back"]) == ("on", back)
    assert "Undo" in bo.get(back).text, "until it is dismissed"
    assert bo.post(undo[1], form).status_code == 303
    assert [entry.kind for entry in api.entries(card)] == ["granted", "disabled", "enabled"]
    assert {entry.actor_id for entry in api.entries(card)[1:]} == {"Bo"}
    post_about(bo, card, "switch", {"to": "on"})
    assert "already" in bo.get(CARDS).text
    assert len(api.entries(card)) == 3


@pytest.mark.parametrize("typed", ["k" * 100, "\N{SNOWMAN}" * 100, "k" * 9_000])
@one_engine
def test_undo_is_there_however_long_the_lists_address_is(
    api: ApiFixture, bo: Browser, typed: str
) -> None:
    card = api.grant()["id"]
    filters = "show=off&source=operator&least=1&ends_by=2027-01-31&given_from=2026-01-01"
    back = f"{CARDS}?{urlencode({'q': typed})}&{filters}"
    form = {"to": "off", "back": back, "etag": etag_on(bo, CARDS)}
    done = bo.post(f"{CARDS}/{card}/switch", form)
    assert done.headers["location"] == f"{back}#{card}"
    (line,) = done.headers.get_list("set-cookie")
    assert len(line) < 4096  # more a browser drops
    page = bo.get(CARDS).text
    undo = re.search(r'action="([^"]+/switch)">(.+?)Undo', page, re.DOTALL)
    assert undo is not None
    undone = bo.post(undo[1], fields_on(undo[2]))
    assert undone.headers["location"] == f"{back if len(back) < 1_500 else CARDS}#{card}"
    assert api.card(card)["active"] is True


@one_engine
def test_what_is_said_of_what_was_done_is_the_sessions_own(
    api: ApiFixture, people: People, bo: Browser
) -> None:
    card = api.grant()["id"]
    post_about(bo, card, "switch", {"to": "off"})
    said = bo.cookies["gridgift-flash"]
    packed, _, signature = said.partition(".")
    other = people.browser()
    other.use_link(people.link("Bo"))
    forged = base64.urlsafe_b64encode(b'{"text": "Send L$ to Eve"}').decode()
    for cookie in (said, packed, forged, f"{forged}.", f"{forged}.{signature}", f".{signature}"):
        other.cookies["gridgift-flash"] = cookie
        assert 'role="status"' not in other.get(CARDS).text
    for cookie in (f"{forged}.{signature}", f"{packed}.x"):
        bo.cookies["gridgift-flash"] = cookie
        assert 'role="status"' not in bo.get(CARDS).text
    bo.cookies["gridgift-flash"] = said
    assert "card is switched off." in bo.get(CARDS).text


@one_engine
def test_an_undo_stays_until_it_is_dismissed(api: ApiFixture, people: People, bo: Browser) -> None:
    """On every page of the store, for an hour; what has none is said once."""
    card = api.grant()["id"]
    undo = f'action="{CARDS}/{card}/switch"'
    post_about(bo, card, "switch", {"to": "off"})
    for path in (CARDS, f"{CARDS}?show=used", "/dashboard/send", CARDS):
        said = bo.get(path).text.partition('class="said')[2].partition("</div>")[0]
        assert undo in said and "card is switched off." in said, path
        assert f'name="back" value="{path}"' in said
    bo.post(f"{CARDS}/{card}/note", {"etag": "x", "text": ""})
    assert undo in bo.get(CARDS).text.partition('class="said')[2].partition("</div>")[0]
    to = {"back": f"{CARDS}?show=used"}
    assert bo.post("/dashboard/said/dismiss", to).headers["location"] == to["back"]
    assert 'class="said' not in bo.get(CARDS).text
    assert bo.post("/dashboard/said/dismiss", {"back": "//x"}).headers["location"] == "/dashboard"
    post_about(bo, card, "switch", {"to": "on"})
    post_about(bo, card, "note", {"text": "Hello"})
    assert "The note is written." in bo.get(CARDS).text
    assert 'class="said' not in bo.get(CARDS).text


@one_engine
def test_an_undo_that_comes_too_late_is_no_longer_offered(api: ApiFixture, bo: Browser) -> None:
    card = api.grant()["id"]
    post_about(bo, card, "switch", {"to": "off"})
    page = bo.get(CARDS).text.partition('class="said')[2].partition("</form>")[0]
    undo = fields_on(page)
    api.call("POST", f"/ext/v1/giftcards/{card}/actions/adjust", json={"delta": 5, "reason": "x"})
    late = bo.post(f"{CARDS}/{card}/switch", undo)
    assert late.status_code == 412 and 'class="said' not in late.text
    assert 'class="said' not in bo.get(CARDS).text
    assert api.card(card)["active"] is False


@pytest.mark.parametrize(
    "back",
    [
        "https://evil.example/", "//evil.example", "/dashboard", f"{CARDS}@evil.example\\x",
        f"{CARDS}?q=a\r\nSet-Cookie: gridgift=x", f"{CARDS}?q=\0", f"{CARDS}/\N{SNOWMAN}",
    ],
)  # fmt: skip
@one_engine
def test_after_a_switch_nobody_is_led_away(api: ApiFixture, bo: Browser, back: str) -> None:
    card = api.grant()["id"]
    done = post_about(bo, card, "switch", {"to": "off", "back": back})
    assert done.headers["location"] == f"{CARDS}#{card}"


@pytest.mark.contract("9.39")
def test_a_cards_page_tells_its_life(api: ApiFixture, bo: Browser) -> None:
    page, card = CustomerPage(api), api.grant(transfer=True, tags=["vip"])["id"]
    ext(api, card, "holds", {"amount": 7, "expiresIn": 600})
    taken = post_about(bo, card, "adjust", {"delta": "-50", "reason": "rent"})
    assert taken.status_code == 303
    assert "has L$ 450 now" in bo.get(f"{CARDS}/{card}").text
    assert post_about(bo, card, "note", {"text": HOSTILE}).status_code == 303
    told = bo.get(f"{CARDS}/{card}").text
    for said in (
        f"Given to {KELLY.username} with L$\N{NO-BREAK SPACE}500", "by the program “all scopes”",
        "L$\N{NO-BREAK SPACE}7 reserved for a purchase, until ", "rent",
        "L$\N{NO-BREAK SPACE}50 taken", "by you", "vip", "reserved for a purchase",
    ):  # fmt: skip
        assert said in told, said
    assert HOSTILE not in told and "&lt;script&gt;" in told and ">49<" not in told
    given = api.grant(transfer=True)["id"]
    assert page.transfer(given).status_code == 200
    assert f"Passed on from {KELLY.username} to {JO.username}" in bo.get(f"{CARDS}/{given}").text
    used = api.grant()["id"]
    assert page.redeem(used).status_code == 200
    told = bo.get(f"{CARDS}/{used}").text
    assert "became store credit" in told and f"by {KELLY.username}" in told
    assert f"/dashboard/cards/{used}/switch" not in told


@pytest.mark.parametrize(
    ("action", "fields", "why"),
    [
        ("adjust", {"delta": "-501", "reason": "x"}, "available"),
        ("adjust", {"delta": "0", "reason": "x"}, "0"),
        ("adjust", {"delta": "1.5", "reason": "x"}, "whole number"),
        ("adjust", {"delta": "5"}, "Is required"),
        ("note", {"text": ""}, "Is required"),
        ("note", {"text": "a\u202eb"}, "printable"),
    ],
)
@one_engine
def test_what_is_refused_is_said_at_its_field(
    api: ApiFixture, bo: Browser, action: str, fields: dict[str, str], why: str
) -> None:
    card = api.grant()["id"]
    refused = post_about(bo, card, action, fields)
    assert refused.status_code in {400, 409}
    assert why in refused.text or why in unescape(refused.text)
    assert len(api.entries(card)) == 1


def test_another_stores_card_is_not_there(api: ApiFixture, people: People, aria: Browser) -> None:
    other = people.signed_in("Eve")
    elsewhere = api.add_store("Elsewhere", KELLY)
    people.add("Zoe", "owner", elsewhere)
    zoe = people.browser()
    assert zoe.use_link(people.link("Zoe")).status_code == 303
    card = api.grant()["id"]
    assert listed(other.get(CARDS).text) == [card]
    assert listed(zoe.get(CARDS).text) == []
    assert zoe.get(f"{CARDS}/{card}").status_code == 404
    assert zoe.get(f"{CARDS}?q={card}").status_code == 200
    zoe.get(CARDS)
    for action, fields in {
        "switch": {"to": "off"}, "adjust": {"delta": "5", "reason": "x"}, "note": {"text": "x"},
    }.items():  # fmt: skip
        assert zoe.post(f"{CARDS}/{card}/{action}", fields).status_code == 404
    assert len(api.entries(card)) == 1


@pytest.mark.parametrize("query", ["", "?q=kelly&sort=credit", "?show=off", "?q=%23vip", "?q=zz"])
def test_an_export_has_exactly_the_cards_of_the_list(
    api: ApiFixture, aria: Browser, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    monkeypatch.setattr(card_files, "PAGE", 2)
    for number in range(5):
        api.grant(credit=9 - number, tags=["vip"] if number % 2 else [])
    off = api.grant(JO.username)["id"]
    api.call("POST", f"/v1/giftcards/{off}/actions/disable")
    expected = listed(aria.get(CARDS + query).text)
    lines = aria.get(f"{CARDS}/export.jsonl{query}")
    assert [json.loads(line)["id"] for line in lines.text.splitlines()] == expected
    file = aria.get(f"{CARDS}/export.csv{query}")
    assert "attachment" in file.headers["content-disposition"]
    rows = csv.DictReader(io.StringIO(file.content.decode("utf-8-sig")))
    assert [row["id"] for row in rows] == expected
    assert f'/export.csv{query.replace("&", "&amp;")}"' in aria.get(CARDS + query).text or (
        not expected
    )


@one_engine
def test_exports_are_the_owners(bo: Browser) -> None:
    assert "export" not in bo.get(CARDS).text
    assert bo.get(f"{CARDS}/export.csv").status_code == 403
    assert bo.get(f"{CARDS}/export.csv?sort=age").status_code in {400, 403}


@one_engine
def test_more_filters_are_chips_that_come_off_one_by_one(api: ApiFixture, bo: Browser) -> None:
    rich = api.grant(credit=900, expiresAt="2026-10-02T06:59:59Z")["id"]  # still 1 October there
    api.grant(credit=900, expiresAt="2026-10-03T07:00:00Z")
    poor = api.grant(credit=5)["id"]
    asked = "given_from=2026-09-21&given_to=2026-09-21&source=key"
    page = bo.get(f"{CARDS}?least=100&ends_by=2026-10-01&{asked}").text
    assert listed(page) == [rich]
    for first, found in (("2026-09-30", [rich]), ("2026-10-01", [rich]), ("2026-10-02", [])):
        between = f"{CARDS}?ends_from={first}&ends_by=2026-10-01"
        assert listed(bo.get(between).text) == found, first
    assert len(listed(bo.get(f"{CARDS}?ends_from=2026-10-02").text)) == 1  # not what never ends
    assert "Ends from 2026-10-02" in bo.get(f"{CARDS}?ends_from=2026-10-02").text
    for words in (f"From {MONEY}100", "Ends by 2026-10-01", "Given from 2026-09-21", "shop"):
        assert words in unescape(page), words
    chips = re.findall(r'<a class="chip on" href="([^"]+)">From L\$.100', page)
    assert len(chips) == 1
    assert listed(bo.get(unescape(chips[0])).text) == [rich]
    assert listed(bo.get(f"{CARDS}?{asked}&least=0").text)[0] == poor
    assert listed(bo.get(f"{CARDS}?given_to=2026-09-20").text) == []
    assert listed(bo.get(f"{CARDS}?source=unit").text) == []
    for query in (
        "least=-1", "ends_by=soon", "ends_from=soon", "given_from=2026-13-01", "source=x",
    ):  # fmt: skip
        assert bo.get(f"{CARDS}?{query}").status_code == 400, query


FILTERED = {
    "least": "1,000", "source": "key", "ends_from": "", "ends_by": "", "given_from": "",
    "given_to": "", "noted": "",
}  # fmt: skip


@one_engine
def test_the_list_is_filtered_by_a_form(api: ApiFixture, bo: Browser) -> None:
    large = api.grant(credit=1_500)["id"]
    api.grant(credit=999)
    page = bo.get(f"{CARDS}?show=usable&sort=credit").text
    form = page.partition("Filter by…")[2].partition("</form>")[0]
    assert set(FILTERED) <= set(re.findall(r'name="(\w+)"', form))
    assert fields_on(form) == {
        "show": "usable", "sort": "credit",
        "least": "", "ends_from": "", "ends_by": "", "given_from": "", "given_to": "", "noted": "",
    }  # fmt: skip
    found = bo.get(f"{CARDS}?{urlencode(FILTERED)}")
    assert listed(found.text) == [large]
    assert f"From {MONEY}1,000" in found.text and "Given by: Your shop" in found.text


@one_engine
def test_the_list_is_filtered_by_what_was_noted(api: ApiFixture, bo: Browser) -> None:
    noted, _ = api.grant(note="Paid with the key")["id"], api.grant(note="for {0} <b>")
    for typed, found in (("KEY", [noted]), ("key", [noted]), ("nothing", [])):
        page = bo.get(f"{CARDS}?{urlencode({'noted': typed})}")
        assert listed(page.text) == found
        assert f"Note: {typed} " in page.text and f'value="{typed}"' in page.text
    page = bo.get(f"{CARDS}?{urlencode({'noted': '{0} <B>'})}").text
    assert len(listed(page)) == 1 and "Note: {0} &lt;B&gt;" in page
    wrong = bo.get(f"{CARDS}?{urlencode({'noted': 'x' * 201})}")
    assert wrong.status_code == 400 and "at most 200" in wrong.text.replace(
        "1 to 200", "at most 200"
    )


@one_engine
def test_what_is_wrong_in_a_filter_is_said_there(api: ApiFixture, bo: Browser) -> None:
    used, _ = api.grant()["id"], api.grant()
    api.redeem(used)
    wrong = bo.get(f"{CARDS}?show=used&least=lots&cursor=zzz&source=somebody")
    assert wrong.status_code == 400
    assert listed(wrong.text) == [used]  # what is right of it still counts
    assert 'value="lots"' in wrong.text and "Must be a whole number of L$" in wrong.text
    assert LEFT_OUT not in wrong.text
    for query in ("show=lost", "show=used&cursor=" + "A" * 24):  # of no field of the form
        wrong = bo.get(f"{CARDS}?{query}")
        assert wrong.status_code == 400 and LEFT_OUT in wrong.text, query
        assert used in listed(wrong.text)


@one_engine
def test_the_list_says_who_gave_a_card_and_whether_it_passes_on(
    api: ApiFixture, bo: Browser
) -> None:
    api.grant(transfer=True)
    assert re.search(r'<td class="[^"]*">yes</td>', bo.get(CARDS).text)
    assert "Your shop&#39;s programs" in bo.get(CARDS).text.partition("<tbody>")[2]
