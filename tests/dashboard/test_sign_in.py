"""Signing in and out, links that work once, and what is limited."""

import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from html import unescape

import pytest

from gridgift.domain import operators, sessions
from gridgift.domain.instants import HOUR
from tests.api import JO, ApiFixture
from tests.dashboard.people import PASSWORD, Browser, People
from tests.http.checks import one_engine

SIGN_IN = "/dashboard/sign-in"


def test_a_password_opens_the_page_that_was_asked_for(people: People) -> None:
    people.with_password("Aria")
    browser = people.browser()
    asked = browser.get("/dashboard/team?x=1")
    assert asked.headers["location"] == f"{SIGN_IN}?next=%2Fdashboard%2Fteam%3Fx%3D1"
    page = browser.get(asked.headers["location"])
    assert 'value="/dashboard/team?x=1"' in page.text
    before = browser.cookies["gridgift"]
    form = {"name": "aria", "password": PASSWORD, "next": "/dashboard/team?x=1"}
    response = browser.post(SIGN_IN, form)
    assert (response.status_code, response.headers["location"]) == (303, "/dashboard/team?x=1")
    assert browser.cookies["gridgift"] != before  # a cookie that somebody planted opens nothing
    assert "Aria" in browser.get("/dashboard").text


@pytest.mark.parametrize(
    "elsewhere",
    ["//evil.example", "https://evil.example", "/\\evil.example", "/dashboardx", "/dashboard/\nx",
     "/v1/store", "javascript:alert(1)"],
)  # fmt: skip
@one_engine
def test_it_leads_nowhere_else(people: People, elsewhere: str) -> None:
    people.with_password("Aria")
    browser = people.browser()
    browser.get(SIGN_IN)
    form = {"name": "Aria", "password": PASSWORD, "next": elsewhere}
    assert browser.post(SIGN_IN, form).headers["location"] == "/dashboard"


@one_engine
def test_a_wrong_name_and_a_wrong_password_look_the_same(people: People) -> None:
    people.with_password("Aria")
    people.add("New")  # has no password yet
    browser, pages = people.browser(), set()
    for name in ("Aria", "Nobody", "New"):
        browser.get(SIGN_IN)
        response = browser.post(SIGN_IN, {"name": name, "password": "wrong words they are"})
        assert response.status_code == 401
        assert "The name or the password is not right" in response.text
        pages.add(re.sub(r'nonce="[^"]+"', "", response.text).replace(name, "NAME"))
    assert len(pages) == 1
    assert not browser.is_signed_in()


@one_engine
def test_a_wrong_name_takes_as_long_as_a_wrong_password(people: People) -> None:
    """Each is tried often, by turns; without the same work a wrong name takes a tenth."""
    people.with_password("Aria")
    browser, spent = people.browser(), {"Aria": 0.0, "Nobody": 0.0}
    browser.get(SIGN_IN)
    for _ in range(5):
        for name in spent:
            began = time.process_time()
            browser.post(SIGN_IN, {"name": name, "password": "wrong words they are"})
            spent[name] += time.process_time() - began
    assert spent["Nobody"] > spent["Aria"] / 2


@one_engine
@pytest.mark.parametrize("rate_limit", [1200, 0])  # 0: no other limit
def test_wrong_passwords_are_limited_for_an_account(
    make_api: Callable[..., ApiFixture], rate_limit: int
) -> None:
    api = make_api(rate_limit=rate_limit)
    people = People(api)
    people.with_password("Aria")
    browser = people.browser()
    answers = [browser.sign_in("ARIA", f"wrong {n} password").status_code for n in range(12)]
    assert answers == [401] * 10 + [429] * 2
    assert browser.sign_in("Aria").status_code == 429  # the right one is not looked at
    token = people.link("Aria")
    assert people.browser().use_link(token).status_code == 303  # nobody is locked out
    api.clock.advance(61)
    assert browser.sign_in("Aria").status_code == 303


@one_engine
def test_many_at_once_are_not_all_tried(make_api: Callable[..., ApiFixture]) -> None:
    api = make_api(rate_limit=1200)
    people = People(api)
    people.with_password("Aria")
    browser = people.browser()
    browser.get(SIGN_IN)
    cookie, token = browser.cookies["gridgift"], browser.token
    headers = {"Cookie": f"gridgift={cookie}"}

    def guess(number: int) -> int:
        body = {"name": "Aria", "password": f"guess {number}", "form_token": token}
        sent = api.client.post(SIGN_IN, data=body, headers=headers, follow_redirects=False)
        return sent.status_code

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(guess, range(16)))
    assert sorted(answers) == [401] * 10 + [429] * 6


@one_engine
@pytest.mark.parametrize("rate_limit", [1200, 0])
def test_wrong_passwords_are_limited_for_an_address(
    make_api: Callable[..., ApiFixture], rate_limit: int
) -> None:
    people = People(make_api(rate_limit=rate_limit))
    people.with_password("Aria")
    browser = people.browser()
    answers = [browser.sign_in(f"name {n}", "wrong password").status_code for n in range(21)]
    assert answers == [401] * 20 + [429]
    assert browser.sign_in("Aria").status_code == 429


def test_a_link_works_once_and_not_by_being_looked_at(api: ApiFixture, people: People) -> None:
    people.add("Aria")
    token = people.link("Aria")
    for _ in range(3):
        preview = people.browser().get(f"/dashboard/link/{token}")
        assert preview.status_code == 200
        assert "Hello, Aria" in preview.text
    first, second = people.browser(), people.browser()
    second.get(f"/dashboard/link/{token}")
    assert first.use_link(token).headers["location"] == "/dashboard/account/password"
    assert first.is_signed_in()
    late = second.post(f"/dashboard/link/{token}")
    assert late.status_code == 401
    assert "does not work any more" in late.text
    assert not second.is_signed_in()
    assert api.sql("SELECT count(*) FROM operator_links") == [(0,)]


@one_engine
def test_a_link_ends(api: ApiFixture, people: People) -> None:
    people.add("Aria")
    old = people.link("Aria")
    token = people.link("Aria")  # in place of the old one
    assert people.browser().get(f"/dashboard/link/{old}").status_code == 401
    api.clock.advance(15 * 60 - 1)
    browser = people.browser()
    assert browser.get(f"/dashboard/link/{token}").status_code == 200
    api.clock.advance(1)
    assert browser.post(f"/dashboard/link/{token}").status_code == 401


@one_engine
def test_signing_out_ends_the_session(people: People, aria: Browser) -> None:
    cookie = dict(aria.cookies)
    aria.get("/dashboard")
    assert aria.post("/dashboard/sign-out").headers["location"] == SIGN_IN
    assert aria.cookies["gridgift"] != cookie["gridgift"]
    aria.cookies = cookie
    assert not aria.is_signed_in()


def test_a_session_ends_by_itself(api: ApiFixture, people: People) -> None:
    idle, busy = people.signed_in("Idle"), people.signed_in("Busy")
    for _ in range(7 * 24 // 11):
        api.clock.advance(11 * HOUR // 1000)
        assert busy.is_signed_in()
    assert not idle.is_signed_in()
    api.clock.advance(3 * HOUR // 1000 + 1)
    assert not busy.is_signed_in()  # 7 days in all
    people.api.write(operators.link, "Busy", "t")
    busy.use_link("t")
    assert api.sql("SELECT count(*) FROM operator_sessions") == [(2,)]  # the dead one of Busy went


@one_engine
def test_a_session_that_nobody_uses_ends_after_half_a_day(api: ApiFixture, people: People) -> None:
    busy, idle = people.signed_in("Busy"), people.signed_in("Idle")
    api.clock.advance(12 * HOUR // 1000 - 1)
    assert busy.is_signed_in()
    api.clock.advance(1)
    assert busy.is_signed_in() and not idle.is_signed_in()


@one_engine
def test_who_signs_in_while_the_clock_is_ahead_ends_no_other_session(people: People) -> None:
    desk = people.signed_in("Aria")
    people.api.clock.leap(8 * 86_400)
    assert people.browser().use_link(people.link("Aria")).status_code == 303
    people.api.clock.leap(-8 * 86_400)
    assert desk.is_signed_in()


@one_engine
def test_a_session_of_a_clock_that_was_ahead_is_none(api: ApiFixture, people: People) -> None:
    """It would last for as much longer."""
    api.clock.leap(400 * 86_400)
    early = people.signed_in("Early")
    assert early.is_signed_in()
    api.clock.leap(-400 * 86_400)
    assert not early.is_signed_in()
    api.clock.leap(3_600)
    near = people.signed_in("Near")
    api.clock.leap(-3_600)
    assert near.is_signed_in()


@one_engine
def test_a_form_outlives_its_session(api: ApiFixture, people: People) -> None:
    """What was typed when the session had ended is sent after a sign-in, at the same store."""
    aria = people.with_password("Aria")
    other = api.add_store("Another shop", JO)
    people.add("Aria", "owner", other)
    aria.get("/dashboard")
    aria.post("/dashboard/store", {"store": api.store.id})
    assert "Moonwall Couture" in aria.get("/dashboard/team").text
    api.write(sessions.end_others, api.sql("SELECT id FROM operators")[0][0])
    lost = aria.post("/dashboard/team", {"name": "Bo & <b>Co</b>", "role": "owner"})
    assert lost.status_code == 401
    assert "What you typed is kept" in lost.text
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', lost.text))
    form = {name: unescape(value) for name, value in hidden.items() if name != "form_token"}
    wrong = aria.post(SIGN_IN, {**form, "name": "Aria", "password": "no"})
    assert wrong.status_code == 401
    assert 'name="kept"' in wrong.text
    back = aria.post(SIGN_IN, {**form, "name": "Aria", "password": PASSWORD})
    assert back.status_code == 200
    assert "Bo &amp; &lt;b&gt;Co&lt;/b&gt;" in back.text
    assert api.sql("SELECT count(*) FROM operators") == [(1,)]
    sent = aria.post("/dashboard/team", {"name": "Bo & <b>Co</b>", "role": "owner"})
    assert "The link for Bo &amp; &lt;b&gt;Co&lt;/b&gt;" in sent.text
    assert api.sql("SELECT store FROM operator_stores WHERE added_at > 0 AND operator_id NOT IN "
                   "(SELECT id FROM operators WHERE login = 'aria')")  # fmt: skip


@one_engine
def test_a_form_of_another_browser_is_not_taken_up(people: People) -> None:
    people.with_password("Aria")
    browser = people.browser()
    browser.get(SIGN_IN)
    form = {"name": "Aria", "password": PASSWORD, "next": "/dashboard/team",
            "kept": "name=Eve&role=owner&form_token=AAAA"}  # fmt: skip
    assert browser.post(SIGN_IN, form).headers["location"] == "/dashboard/team"


@one_engine
def test_the_cookie(make_api: Callable[..., ApiFixture]) -> None:
    for url, name, secure in (
        ("http://shop.test", "gridgift", ""),
        ("https://shop.test", "__Host-gridgift", "; Secure"),
    ):
        browser = People(make_api(public_url=url)).browser()
        (line,) = browser.get(SIGN_IN).headers.get_list("set-cookie")
        value = browser.cookies[name]
        assert line == f"{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}"
        assert len(value) == 43


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec_Fetch_Site": "none"}, 401),
        ({"Sec_Fetch_Site": "same-origin", "Origin": "http://proxy.test"}, 401),
        ({"Sec_Fetch_Site": "same-site"}, 403),
    ],
)
@one_engine
def test_what_browsers_say_of_a_forms_origin(
    people: People, headers: dict[str, str], status: int
) -> None:
    browser = people.browser()
    browser.get(SIGN_IN)
    form = {"name": "Aria", "password": "wrong"}
    assert browser.post(SIGN_IN, form, **headers).status_code == status


@one_engine
def test_the_origin_counts_where_a_browser_says_no_more(api: ApiFixture, people: People) -> None:
    """By plain HTTP browsers send no Sec-Fetch-Site; a Host that a proxy wrote decides nothing."""
    browser = people.browser()
    browser.get(SIGN_IN)
    content = f"name=Aria&password=wrong&form_token={browser.token}"
    cookie = f"gridgift={browser.cookies['gridgift']}"
    for origin, host, status in (
        ("http://shop.test", "10.0.0.7:8080", 401),
        ("http://evil.test", "evil.test", 403),
        ("http://shop.test:81", "shop.test", 403),
        ("null", "shop.test", 403),
    ):
        headers = {"Origin": origin, "Host": host, "Cookie": cookie}
        response = api.call("POST", SIGN_IN, key=None, headers=headers, content=content)
        assert response.status_code == status, origin


@one_engine
def test_a_page_that_is_not_there_is_a_page(people: People, aria: Browser) -> None:
    response = aria.get("/dashboard/nothing/here")
    assert response.status_code == 404
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "There is no such page" in response.text
    assert aria.post("/dashboard", {}).status_code == 405
