"""Cookies that anyone can make up, and forms of those who have not signed in."""

import secrets
from collections.abc import Callable
from typing import Any, Final

import pytest

from gridgift.dashboard import endpoint
from gridgift.dashboard.pages.send import MAX_FORM, SEND
from gridgift.domain import sessions
from gridgift.domain.keys import digest
from gridgift.http.edge import decode
from gridgift.http.edge.decode import MAX_BODY
from gridgift.http.edge.limits import FAILURES
from tests.api import ApiFixture
from tests.dashboard.people import Browser, People
from tests.http.checks import one_engine

pytestmark = one_engine

BEYOND: Final = 20


@pytest.fixture
def people(make_api: Callable[..., ApiFixture]) -> People:
    """People of a server with limits."""
    return People(make_api(rate_limit=1200))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The cookies that are looked up, as they come."""
    found: list[str] = []
    find = sessions.find

    def heard(tx: Any, token: str) -> Any:
        found.append(token)
        return find(tx, token)

    monkeypatch.setattr(sessions, "find", heard)
    return found


def guess(people: People, path: str = "/dashboard") -> int:
    """Open a page with a cookie that nobody gave out."""
    browser = with_cookie(people, secrets.token_urlsafe(32))
    return browser.get(path, Accept="text/html").status_code


def with_cookie(people: People, token: str) -> Browser:
    """Return a browser that has this cookie."""
    browser = people.browser()
    browser.cookies = {"gridgift": token}
    return browser


@pytest.mark.contract("2.27", "10.169")
def test_cookies_are_not_looked_up_beyond_the_limit(people: People, asked: list[str]) -> None:
    """Whoever has signed in, or does, is served at the same address."""
    aria = people.with_password("Aria")
    asked.clear()
    answers = [guess(people) for _ in range(FAILURES + BEYOND)]
    assert answers == [303] * FAILURES + [429] * BEYOND
    assert len(asked) == FAILURES + 1
    assert aria.get("/dashboard").status_code == 200
    again = people.browser()
    assert again.sign_in("Aria").status_code == 303
    assert again.get("/dashboard").status_code == 200
    assert guess(people) == 429


@pytest.mark.contract("10.169")
def test_a_session_without_the_mark(people: People) -> None:
    """One of before, or under another secret, works where not too many failed."""
    aria, token = people.with_password("Aria"), secrets.token_urlsafe(32)
    people.api.sql(f"UPDATE operator_sessions SET hash = x'{digest(token).hex()}'")
    assert not aria.is_signed_in()
    old = with_cookie(people, token)
    assert old.is_signed_in()
    for _ in range(FAILURES):
        guess(people)
    assert old.get("/dashboard").status_code == 429
    people.api.clock.advance(1)
    assert old.is_signed_in()


@pytest.mark.contract("10.169")
def test_the_bare_address_looks_up_only_what_was_given_out(
    people: People, asked: list[str]
) -> None:
    aria = people.with_password("Aria")
    asked.clear()
    assert [guess(people, "/") for _ in range(3)] == [200] * 3
    assert asked == []
    assert aria.get("/", Accept="text/html").headers["location"] == "/dashboard"


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many bytes of bodies are read and kept, as they come."""
    sizes: list[int] = []
    whole = decode.read_body

    async def heard(*args: Any, **kwargs: Any) -> bytes:
        body = await whole(*args, **kwargs)
        sizes.append(len(body))
        return body

    monkeypatch.setattr(endpoint, "read_body", heard)
    return sizes


@pytest.mark.contract("10.169")
def test_a_form_of_nobody_is_kept_in_bounds(people: People, read: list[int]) -> None:
    """A small one, for after signing in; of a large one nothing."""
    stranger = people.browser()
    small = stranger.post(SEND, {"list": "x" * 1000})
    assert small.status_code == 401
    assert "What you typed is kept" in small.text
    assert len(read) == 1
    large = stranger.post(SEND, {"list": "x" * MAX_BODY})
    assert large.status_code == 401
    assert "too much to keep" in large.text
    assert large.headers["connection"] == "close"
    assert len(read) == 1
    for _ in range(FAILURES):
        stranger.post("/dashboard/team", {})
    read.clear()
    assert stranger.post(SEND, {"list": "x" * 1000}).status_code == 429
    assert read == []


@pytest.mark.contract("10.169")
def test_a_form_whose_session_has_ended_is_kept_whole(people: People) -> None:
    aria = people.with_password("Aria")
    aria.get(SEND)
    people.api.write(sessions.end_others, people.api.sql("SELECT id FROM operators")[0][0])
    lost = aria.post(SEND, {"list": "x" * (MAX_FORM - 1000)})
    assert lost.status_code == 401
    assert "What you typed is kept" in lost.text
    assert aria.post(SEND, {"list": "x" * MAX_FORM}).status_code == 401
