"""An operator's own account: password, sessions, colours, store."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from gridgift.dashboard import passwords
from gridgift.http.edge.refusals import RateLimited
from tests.api import JO, ApiFixture
from tests.dashboard.people import PASSWORD, Browser, People
from tests.http.checks import one_engine

CHANGE = "/dashboard/account/password"
OTHER = "violet anchor mumble eleven"


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("sh0rt", "must have 12 to 256 characters"),
        ("x" * 257, "must have 12 to 256 characters"),
        ("password12345", "is easily guessed"),
        ("moonwall couture", "is easily guessed"),
        ("qwertyuiop asdf", "is easily guessed"),
    ],
)
@one_engine
def test_weak_passwords_are_refused_with_a_reason(
    api: ApiFixture, aria: Browser, password: str, why: str
) -> None:
    aria.get(CHANGE)
    response = aria.post(CHANGE, {"new_password": password, "password_again": password})
    assert response.status_code == 400
    said = re.search(r'id="new_password-problem">([^<]+)<', response.text)
    assert said is not None
    assert why.capitalize()[1:] in said[1]
    assert password not in response.text
    assert api.sql("SELECT password FROM operators") == [(None,)]


def test_a_password_is_kept_as_argon2id(api: ApiFixture, people: People) -> None:
    people.with_password("Aria")
    ((encoded,),) = api.sql("SELECT password FROM operators")
    assert encoded.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert people.browser().sign_in("Aria").status_code == 303


def test_another_password_ends_every_session(api: ApiFixture, people: People) -> None:
    aria, elsewhere = people.with_password("Aria"), people.browser()
    elsewhere.sign_in("Aria")
    stolen = people.browser()
    stolen.sign_in("Aria")
    stolen.cookies = dict(stolen.cookies)
    link = people.link("Aria")
    before = aria.cookies["gridgift"]
    elsewhere.get(CHANGE)
    form = {"new_password": OTHER, "password_again": OTHER}
    assert elsewhere.post(CHANGE, form).status_code == 400  # without the present one
    assert aria.is_signed_in()
    done = elsewhere.post(CHANGE, {**form, "password": PASSWORD})
    assert done.status_code == 303
    assert elsewhere.is_signed_in()
    assert not aria.is_signed_in()
    assert not stolen.is_signed_in()
    assert people.browser().get(f"/dashboard/link/{link}").status_code == 401
    assert elsewhere.cookies["gridgift"] != before
    assert people.browser().sign_in("Aria").status_code == 401
    assert people.browser().sign_in("Aria", OTHER).status_code == 303


@one_engine
def test_whoever_came_by_a_link_needs_no_old_password(people: People) -> None:
    people.with_password("Aria")
    browser = people.browser()
    browser.use_link(people.link("Aria"))
    assert "need not know your old password" in browser.get(CHANGE).text
    form = {"new_password": OTHER, "password_again": OTHER}
    assert browser.post(CHANGE, form).status_code == 303


@one_engine
def test_two_that_differ_are_refused(aria: Browser) -> None:
    aria.get(CHANGE)
    response = aria.post(CHANGE, {"new_password": PASSWORD, "password_again": OTHER})
    assert "Is not the same." in response.text


@one_engine
def test_a_wrong_present_password_is_limited(make_api: Callable[..., ApiFixture]) -> None:
    people = People(make_api(rate_limit=1200))
    aria = people.with_password("Aria")
    aria.get(CHANGE)
    form = {"new_password": OTHER, "password_again": OTHER, "password": "wrong"}
    answers = [aria.post(CHANGE, form).status_code for _ in range(12)]
    assert answers == [400] * 10 + [429] * 2


def test_sessions_are_listed_and_ended(people: People) -> None:
    aria, other, third = people.with_password("Aria"), people.browser(), people.browser()
    for browser in (other, third):
        browser.sign_in("Aria")
    page = aria.get("/dashboard/account").text
    ends = re.findall(r'action="(/dashboard/account/sessions/[\w-]{36}/end)"', page)
    assert len(ends) == 2
    assert aria.post(ends[0]).status_code == 303
    assert sorted([other.is_signed_in(), third.is_signed_in()]) == [False, True]
    assert "That browser is signed out." in aria.get("/dashboard/account").text
    assert "That browser is signed out." not in aria.get("/dashboard/account").text
    aria.post("/dashboard/account/sessions/end")
    assert not other.is_signed_in()
    assert not third.is_signed_in()
    assert aria.is_signed_in()


@one_engine
def test_somebody_elses_session_is_not_ended(api: ApiFixture, people: People) -> None:
    aria, bo = people.signed_in("Aria"), people.signed_in("Bo")
    ((session,),) = api.sql(
        "SELECT s.id FROM operator_sessions s JOIN operators o ON o.id = s.operator_id "
        "WHERE o.name = 'Bo'"
    )
    aria.get("/dashboard/account")
    aria.post(f"/dashboard/account/sessions/{session}/end")
    assert bo.is_signed_in()
    aria.post("/dashboard/account/sessions/not-an-id/end")


@one_engine
def test_what_a_browser_calls_itself_is_only_text(people: People, aria: Browser) -> None:
    browser = people.browser()
    browser.get(f"/dashboard/link/{(token := people.link('Aria'))}")
    agent = "<script>alert(1)</script>" + "x" * 10_000
    browser.post(f"/dashboard/link/{token}", User_Agent=agent)
    page = aria.get("/dashboard/account").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    assert len(page) < 20_000


@one_engine
def test_colours_are_chosen(aria: Browser) -> None:
    assert 'data-theme="system"' in aria.get("/dashboard").text
    assert aria.post("/dashboard/account/theme", {"theme": "dark"}).status_code == 303
    assert 'data-theme="dark"' in aria.get("/dashboard").text
    aria.cookies["gridgift-theme"] = '"><script>'
    assert 'data-theme="system"' in aria.get("/dashboard").text
    assert aria.post("/dashboard/account/theme", {"theme": "pink"}).status_code == 400


def test_a_form_of_one_store_is_not_taken_while_another_is_shown(
    api: ApiFixture, people: People
) -> None:
    other = api.add_store("Another shop", JO)
    aria = people.signed_in("Aria")
    people.add("Aria", "clerk", other)
    names = [re.search(r'class="name">([^<]+)<', aria.get("/dashboard").text)[1]]  # type: ignore[index]
    first_token = aria.token
    aria.post("/dashboard/store", {"store": other.id})
    here = aria.get("/dashboard")
    names.append(re.search(r'class="name">([^<]+)<', here.text)[1])  # type: ignore[index]
    assert set(names) >= {"Another shop"}
    assert aria.get("/dashboard/team").status_code == 403  # a clerk there
    aria.post("/dashboard/store", {"store": api.store.id})
    assert aria.get("/dashboard/team").status_code == 200
    late = aria.token
    aria.get("/dashboard")
    aria.post("/dashboard/store", {"store": other.id})
    stale = aria.post("/dashboard/team", {"name": "Bo", "role": "clerk"}, token=late)
    assert stale.status_code == 403
    assert api.sql("SELECT count(*) FROM operators") == [(1,)]
    assert first_token


def test_few_passwords_are_hashed_at_once() -> None:
    """What is more than the queue holds is refused at once: it never takes memory."""
    import asyncio

    hashing = passwords.Hashing()

    async def crowd() -> list[object]:
        tasks = [hashing.run(passwords._verify, "x", None) for _ in range(60)]
        return await asyncio.gather(*tasks, return_exceptions=True)

    with ThreadPoolExecutor(1) as pool:
        answers = pool.submit(asyncio.run, crowd()).result()
    assert sum(isinstance(one, RateLimited) for one in answers) == 60 - 22
    assert answers.count(False) == 22
    assert hashing._threads._max_workers == 2
