"""The second factor on the dashboard: setting it up, signing in with it, switching it off."""

import re
from collections.abc import Callable
from html import unescape
from typing import Final

import pytest
import segno
from pyotp import TOTP, parse_uri

from gridgift.dashboard import qr
from gridgift.domain import operators, second_factor, sessions
from gridgift.domain.second_factor import STEP
from tests import second_factors
from tests.api import JO, ApiFixture
from tests.dashboard.people import PASSWORD, Browser, People
from tests.http.checks import one_engine

CODE: Final = "/dashboard/sign-in/code"
FACTOR: Final = "/dashboard/account/second-factor"
CHANGE: Final = "/dashboard/account/password"


class Guarded:
    """Somebody with a password and a second factor, in the browser where both were set up."""

    def __init__(self, people: People, name: str = "Aria", role: str = "owner") -> None:
        self.people, self.api, self.name = people, people.api, name
        self.browser = people.with_password(name, role)
        self.id = self.api.sql(f"SELECT id FROM operators WHERE name = '{name}'")[0][0]
        self.codes = second_factors.set_up(
            self.api, self.api.store.id, str(self.id), self.api.clock.now()
        )

    @property
    def shows(self) -> str:
        """What the app shows now."""
        return second_factors.shown(str(self.id), self.api.clock.now())

    @property
    def wrong(self) -> str:
        """What it does not show."""
        return second_factors.wrong(str(self.id), self.api.clock.now())

    def at_the_code(self) -> Browser:
        """Return another browser, in which the password was right."""
        browser = self.people.browser()
        led = browser.sign_in(self.name)
        assert (led.status_code, led.headers["location"]) == (303, f"{CODE}?next=%2Fdashboard")
        assert not browser.is_signed_in()
        browser.get(led.headers["location"])
        return browser


@pytest.fixture
def aria(people: People) -> Guarded:
    """An owner who has a second factor."""
    return Guarded(people)


def said(text: str, field: str) -> str:
    """Return what a page complains about a field."""
    found = re.search(f'id="{field}-problem">([^<]+)<', text)
    return found[1] if found else ""


def hidden_in(text: str) -> dict[str, str]:
    """Return the hidden fields of a page but for its token."""
    pairs = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', text)
    return {name: unescape(value) for name, value in pairs if name != "form_token"}


@pytest.mark.parametrize("role", ["owner", "clerk"])
def test_it_is_set_up_by_what_the_page_shows(api: ApiFixture, people: People, role: str) -> None:
    browser = people.with_password("Aria", role)
    page = browser.get(FACTOR).text
    seed = hidden_in(page)["seed"]
    address = re.search(r'href="(otpauth://[^"]+)"', page)
    spelled = re.search(r'class="spelled">(.+?)</code>', page)
    assert address is not None and spelled is not None
    app = parse_uri(unescape(address[1]))
    assert isinstance(app, TOTP)
    assert (app.issuer, app.name) == ("Gridgift", "Aria (shop.test)")
    assert re.sub("<[^>]+>", "", spelled[1]) == app.secret
    assert f'd="{qr.draw(unescape(address[1])).path}"' in page
    now = api.clock.now() // 1000
    early = browser.post(
        FACTOR, {"seed": seed, "code": "000000" if app.at(now) != "000000" else "1"}
    )
    assert early.status_code == 400
    assert said(early.text, "code") == "Is not the one that your app shows now."
    assert hidden_in(early.text)["seed"] == seed  # the app need not scan anew
    assert people.browser().sign_in("Aria").headers["location"] == "/dashboard"  # nothing is on
    done = browser.post(FACTOR, {"seed": seed, "code": app.at(now)})
    assert done.status_code == 200
    listed = re.search(r"<textarea id=\"codes\"[^>]*>([^<]+)<", done.text)
    assert listed is not None
    codes = listed[1].split()
    assert len(set(codes)) == second_factor.CODES
    assert all(re.fullmatch(r"[A-Z2-7]{5}(-[A-Z2-7]{5}){2}", code) for code in codes)
    again = browser.get(FACTOR).text
    assert "10 not used yet" in again and codes[0] not in again  # they were shown once
    other = people.browser()
    assert other.sign_in("Aria").headers["location"] == f"{CODE}?next=%2Fdashboard"
    other.get(CODE)
    assert other.post(CODE, {"recovery_code": codes[0]}).status_code == 303
    assert other.is_signed_in()


@pytest.mark.parametrize("seed", ["", "A" * 21, "A" * 23, "é" * 22, "A" * 21 + "\n"])
@one_engine
def test_a_seed_is_the_pages_own(people: People, seed: str) -> None:
    browser = people.signed_in("Aria")
    browser.get(FACTOR)
    refused = browser.post(FACTOR, {"seed": seed, "code": "123456"})
    assert refused.status_code == 400
    assert 'class="qr"' in refused.text


def test_the_password_alone_opens_nothing(aria: Guarded) -> None:
    browser = aria.at_the_code()
    waiting = dict(browser.cookies)
    assert browser.get("/dashboard/cards").status_code == 303
    assert browser.post("/dashboard/account/theme", {"theme": "dark"}).status_code == 401
    browser.get(CODE)
    assert browser.post(CODE, {"code": aria.shows}).headers["location"] == "/dashboard"
    assert browser.is_signed_in()
    assert browser.cookies["gridgift"] != waiting["gridgift"]
    browser.cookies = waiting
    assert not browser.is_signed_in()


def test_a_code_counts_once(aria: Guarded) -> None:
    first, second = aria.at_the_code(), aria.at_the_code()
    code = aria.shows
    assert first.post(CODE, {"code": code}).status_code == 303
    late = second.post(CODE, {"code": code})
    assert late.status_code == 400
    assert said(late.text, "code") == "Is not right, or was used before."
    assert code not in late.text
    assert not second.is_signed_in()
    aria.api.clock.advance(STEP // 1000)
    second.get(CODE)
    assert second.post(CODE, {"code": aria.shows}).status_code == 303


def test_a_recovery_code_counts_once(aria: Guarded) -> None:
    first, second = aria.at_the_code(), aria.at_the_code()
    code = aria.codes[0].lower()
    assert first.post(CODE, {"recovery_code": code}).status_code == 303
    late = second.post(CODE, {"recovery_code": code})
    assert said(late.text, "recovery_code") == "Is not right, or was used before."
    assert code not in late.text
    assert "9 not used yet" in first.get(FACTOR).text


@one_engine
def test_something_has_to_be_typed(aria: Guarded) -> None:
    browser = aria.at_the_code()
    for empty in ({}, {"code": "  ", "recovery_code": " "}):
        refused = browser.post(CODE, empty)
        assert (refused.status_code, said(refused.text, "code")) == (400, "Is required.")
    assert aria.api.sql("SELECT wrong FROM operator_second_factors") == [(0,)]


@one_engine
def test_only_the_browser_with_the_password_may_send_the_code(aria: Guarded) -> None:
    """What ties the two steps together is the cookie, and it is another one after the first."""
    before = aria.people.browser()
    before.get("/dashboard/sign-in")
    planted = before.cookies["gridgift"]
    before.post("/dashboard/sign-in", {"name": "Aria", "password": PASSWORD})
    for cookie in (planted, "A" * 43):
        stranger = aria.people.browser()
        stranger.cookies = {"gridgift": cookie}
        assert stranger.get(CODE).status_code == 200  # it says nothing of anyone
        answer = stranger.post(CODE, {"code": aria.shows, "next": "/dashboard/team"})
        assert answer.status_code == 401
        assert "The 10 minutes for the code are over." in answer.text
        assert hidden_in(answer.text) == {"next": "/dashboard/team"}
        assert not stranger.is_signed_in()
    before.get(CODE)
    assert before.post(CODE, {"code": aria.shows}).status_code == 303


@one_engine
def test_the_code_must_come_within_ten_minutes(aria: Guarded) -> None:
    browser = aria.at_the_code()
    aria.api.clock.advance(600)
    late = browser.post(CODE, {"code": aria.shows})
    assert late.status_code == 401
    assert "Begin with your password again." in late.text
    assert browser.sign_in("Aria").status_code == 303
    browser.get(CODE)
    assert browser.post(CODE, {"code": aria.shows}).status_code == 303


@one_engine
def test_what_is_answered_tells_nobody_who_has_one(aria: Guarded) -> None:
    aria.people.with_password("Bo")
    pages = set()
    for name in ("Aria", "Bo", "Nobody"):
        browser = aria.people.browser()
        browser.get("/dashboard/sign-in")
        form = {"name": name, "password": "wrong words they are"}
        response = browser.post("/dashboard/sign-in", form)
        assert response.status_code == 401
        text = re.sub(r'(nonce|name="form_token" value)="[^"]+"', "", response.text)
        pages.add(text.replace(name, "NAME"))
    assert len(pages) == 1


@one_engine
def test_wrong_codes_are_limited_with_wrong_passwords(make_api: Callable[..., ApiFixture]) -> None:
    aria = Guarded(People(make_api(rate_limit=1200)))
    aria.api.clock.advance(61)
    browser = aria.at_the_code()  # the first of ten
    answers = [browser.post(CODE, {"code": aria.wrong}).status_code for _ in range(11)]
    assert answers == [400] * 9 + [429] * 2
    stopped = browser.post(CODE, {"code": aria.shows})
    assert stopped.status_code == 429
    assert "Too many tries. Wait" in stopped.text and 'name="code"' in stopped.text
    aria.api.clock.advance(61)
    assert browser.post(CODE, {"code": aria.shows}).status_code == 303


@one_engine
def test_codes_are_limited_for_an_address(make_api: Callable[..., ApiFixture]) -> None:
    people = People(make_api(rate_limit=1200))
    browser = people.browser()
    browser.get(CODE)
    answers = [browser.post(CODE, {"code": "123456"}).status_code for _ in range(21)]
    assert answers == [401] * 20 + [429]


def test_a_link_asks_for_the_code_as_well(aria: Guarded) -> None:
    browser = aria.people.browser()
    led = browser.use_link(aria.people.link("Aria"))
    location = led.headers["location"]
    assert location == f"{CODE}?next=%2Fdashboard%2Faccount%2Fpassword"
    assert not browser.is_signed_in()
    asked = browser.get(location)
    sent = browser.post(CODE, {**hidden_in(asked.text), "code": aria.shows})
    assert sent.headers["location"] == CHANGE
    assert "need not know your old password" in browser.get(CHANGE).text


@one_engine
def test_a_form_outlives_its_session_and_both_steps(aria: Guarded) -> None:
    """What was typed when the session had ended is sent after both steps, at the same store."""
    api, browser = aria.api, aria.browser
    other = api.add_store("Another shop", JO)
    aria.people.add("Aria", "owner", other)
    browser.get("/dashboard/account")
    browser.post("/dashboard/store", {"store": api.store.id})
    browser.get("/dashboard/team")
    api.write(sessions.end_others, str(aria.id))
    lost = browser.post("/dashboard/team", {"name": "Bo & Co", "role": "owner"})
    form = {**hidden_in(lost.text), "name": "Aria", "password": PASSWORD}
    asked = browser.post("/dashboard/sign-in", form)
    assert "One more code" in asked.text
    wrong = browser.post(CODE, {**hidden_in(asked.text), "code": aria.wrong})
    back = browser.post(CODE, {**hidden_in(wrong.text), "code": aria.shows})
    assert back.status_code == 200
    assert "Bo &amp; Co" in back.text
    sent = browser.post("/dashboard/team", {"name": "Bo & Co", "role": "owner"})
    assert "The link for Bo &amp; Co" in sent.text
    store = "SELECT store FROM operator_stores m JOIN operators o ON o.id = m.operator_id WHERE "
    assert [str(row[0]) for row in api.sql(f"{store} o.login <> 'aria'")] == [api.store.id]


@one_engine
def test_a_form_of_another_browser_is_not_taken_up(aria: Guarded) -> None:
    browser = aria.people.browser()
    browser.get("/dashboard/sign-in")
    form = {"name": "Aria", "password": PASSWORD, "next": "//evil.example",
            "kept": "name=Eve&role=owner&form_token=AAAA"}  # fmt: skip
    led = browser.post("/dashboard/sign-in", form).headers["location"]
    assert led.startswith(f"{CODE}?")
    asked = hidden_in(browser.get(led).text)
    assert "kept" not in asked
    sent = browser.post(CODE, {**asked, "kept": form["kept"], "code": aria.shows})
    assert sent.headers["location"] == "/dashboard"


def test_it_is_switched_off_only_by_its_owner(aria: Guarded) -> None:
    aria.browser.get(FACTOR)
    for form, field in (
        ({}, "code"),
        ({"code": aria.wrong}, "code"),
        ({"recovery_code": "ZZZZZ-ZZZZZ-ZZZZZ"}, "recovery_code"),
        ({"password": "wrong words they are"}, "password"),
    ):
        for path in ("off", "codes"):
            refused = aria.browser.post(f"{FACTOR}/{path}", form)
            assert refused.status_code == 400
            assert said(refused.text, field), (form, path)
    aria.api.clock.advance(61)  # so many proofs are all of a minute
    assert aria.people.browser().sign_in("Aria").headers["location"].startswith(CODE)
    done = aria.browser.post(f"{FACTOR}/off", {"password": PASSWORD})
    assert done.headers["location"] == "/dashboard/account"
    assert "Your second factor is off" in aria.browser.get("/dashboard/account").text
    assert aria.people.browser().sign_in("Aria").headers["location"] == "/dashboard"


def test_new_recovery_codes_end_the_old_ones(aria: Guarded) -> None:
    aria.browser.get(FACTOR)
    made = aria.browser.post(f"{FACTOR}/codes", {"code": aria.shows})
    assert made.status_code == 200
    assert "Your recovery codes" in made.text and "10 not used yet" in made.text
    browser = aria.at_the_code()
    assert browser.post(CODE, {"recovery_code": aria.codes[0]}).status_code == 400


@one_engine
def test_proofs_are_limited_with_passwords(make_api: Callable[..., ApiFixture]) -> None:
    aria = Guarded(People(make_api(rate_limit=1200)))
    aria.api.clock.advance(61)
    aria.browser.get(FACTOR)
    answers = [
        aria.browser.post(f"{FACTOR}/off", {"code": aria.wrong}).status_code for _ in range(11)
    ]
    assert answers == [400] * 10 + [429]


def test_another_password_ends_sessions_and_keeps_the_factor(aria: Guarded) -> None:
    waiting = aria.at_the_code()
    aria.browser.get(CHANGE)
    form = dict.fromkeys(("new_password", "password_again"), f"{PASSWORD}!")
    assert aria.browser.post(CHANGE, form | {"password": PASSWORD}).status_code == 303
    assert waiting.post(CODE, {"code": aria.shows}).status_code == 401
    again = aria.people.browser().sign_in("Aria", f"{PASSWORD}!")
    assert again.headers["location"].startswith(CODE)


@one_engine
def test_the_team_sees_who_has_one(aria: Guarded) -> None:
    aria.people.add("Bo", "clerk")
    page = aria.browser.get("/dashboard/team").text
    rows = re.findall(r"<strong>(\w+)</strong>(.*?)</p>", page, re.DOTALL)
    assert {name: "second factor" in row for name, row in rows} == {"Aria": True, "Bo": False}
    assert "On since" in aria.browser.get("/dashboard/account").text


@one_engine
def test_nothing_typed_as_a_code_is_kept(aria: Guarded) -> None:
    """A form that comes after its session's end is written into the page that asks to sign in."""
    aria.browser.get(FACTOR)
    aria.api.write(sessions.end_others, str(aria.id))
    form = {"code": "975310", "recovery_code": aria.codes[0], "password": PASSWORD}
    lost = aria.browser.post(f"{FACTOR}/off", form)
    assert lost.status_code == 401
    assert all(text not in lost.text for text in form.values())


@one_engine
def test_what_is_hostile_in_a_name_stays_a_name(people: People) -> None:
    name = '"><script>alert(1)</script>&secret=A'
    people.add(name)
    people.api.write(operators.link, name, "token")
    browser = people.browser()
    browser.use_link("token")
    page = browser.get(FACTOR).text
    assert "<script>alert" not in page
    address = re.search(r'href="(otpauth://[^"]+)"', page)
    assert address is not None
    app = parse_uri(unescape(address[1]))
    assert isinstance(app, TOTP)
    assert app.name == f"{name} (shop.test)" and len(app.secret) == 32


@pytest.mark.parametrize("text", ["x", "otpauth://totp/" + "a" * 200, "A-1" * 9])
def test_a_qr_code_is_drawn_square_by_square(text: str) -> None:
    drawn = qr.draw(text)
    dark = {
        (int(x) + step, int(y))
        for x, y, length in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\3z", drawn.path)
        for step in range(int(length))
    }
    rows = segno.make(text, error="m", micro=False).matrix
    assert drawn.size == len(rows) + 2 * qr.BORDER
    assert dark == {
        (x + qr.BORDER, y + qr.BORDER)
        for y, row in enumerate(rows)
        for x, square in enumerate(row)
        if square
    }
