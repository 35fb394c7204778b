"""Pages for people: the reference, and a page on every error code."""

import gzip
import re
from html import unescape
from typing import Any, Final, NoReturn

import pytest

from gridgift import messages
from gridgift.domain import stores
from gridgift.http.edge.problems import BY_CODE
from gridgift.storage.database import DatabaseUnavailable, Tx
from tests.api import OWNER, ApiFixture, problem
from tests.http.checks import one_engine

pytestmark = one_engine


FIRST_PAGE: Final = 40_000  # bytes


def page(api: ApiFixture, path: str, status: int = 200) -> str:
    """Open a page as a browser does, and check what holds for all of them."""
    response = api.call("GET", path, key=None, headers={"Accept": "text/html"})
    assert response.status_code == status
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    policy = response.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-eval" not in policy
    assert response.headers["x-content-type-options"] == "nosniff"
    return response.text


def test_the_bare_address_says_whose_server_it_is(api: ApiFixture) -> None:
    text = page(api, "/")
    assert f"<h1>{api.store.name}</h1>" in text
    for way in ("/dashboard/sign-in", "/docs"):
        assert f'href="{way}"' in text
        assert api.call("GET", way, key=None).status_code == 200
    api.add_store("<b>Elsewhere", OWNER)
    text = page(api, "/")
    assert "of 2 stores" in text
    assert api.store.name not in text and "Elsewhere" not in text  # whose customers see the page


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_the_bare_address_speaks_the_browsers_language(api: ApiFixture, language: str) -> None:
    headers = {"Accept-Language": f"{language}-XX, en;q=0.5"}
    texts, name = messages.home_texts(language), api.store.name

    def shown() -> str:
        answer = api.call("GET", "/", key=None, headers=headers)
        assert f'<html lang="{language}">' in answer.text
        assert answer.headers["vary"] == "Accept-Language"
        return unescape(answer.text)

    text = shown()
    for key in ("one", "ask", "card", "owner", "sign_in", "program", "reference"):
        assert texts[key].format(store=name) in text
    api.add_store("Elsewhere", OWNER)
    text = shown()
    for key in ("title", "several", "ask_store"):
        assert texts[key].format(count=2) in text


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_a_browser_is_told_of_trouble_in_a_page(
    api: ApiFixture, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    async def out_of_reach(tx: Tx) -> NoReturn:
        raise DatabaseUnavailable("out of reach")

    monkeypatch.setattr(stores, "list_all", out_of_reach)
    headers = {"Accept": BROWSERS[0], "Accept-Language": language}
    answer = api.call("GET", "/", key=None, headers=headers)
    texts = messages.home_texts(language)
    assert answer.status_code == 503 and answer.headers["cache-control"] == "no-store"
    assert f'<html lang="{language}">' in answer.text
    assert texts["trouble"] in unescape(answer.text) and "out of reach" not in answer.text
    told = api.call("GET", "/", key=None, headers={"Accept": "application/json"})
    assert (told.status_code, told.json()["code"]) == (503, "database_unavailable")


def test_all_that_the_reference_loads_is_here(api: ApiFixture) -> None:
    text = page(api, "/docs")
    loaded = re.findall(r'(?:src|href)="([^"]+)"', text)
    assert any("swagger-ui-bundle.js" in address for address in loaded)
    for address in loaded:
        assert address.startswith("/")
        assert api.call("GET", address, key=None).status_code == 200


@pytest.mark.contract("8.49")
def test_the_residents_page_lets_nothing_in_or_out(api: ApiFixture) -> None:
    response = api.call("GET", "/me", key=None)
    assert (response.status_code, response.headers["referrer-policy"]) == (200, "no-referrer")
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';" in policy
    assert "img-src 'self' https://picture-service.secondlife.com;" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert (
        re.search(r"<script(?! type=\"module\" src=)|<style|\son\w+=|style=", response.text) is None
    )
    script = api.call("GET", "/static/me.js", key=None).text
    for way_in in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert way_in not in script


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_the_residents_page_weighs_little(api: ApiFixture, language: str) -> None:
    """With all that it loads before it shows a card, as a browser that takes gzip gets it."""
    page = api.call("GET", "/me", key=None, headers={"Accept-Language": language})
    weight = len(gzip.compress(page.content, 9))
    loaded = re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text)
    assert {"/static/base.css", "/static/me.css", "/static/me.js"} <= {
        address.partition("?")[0] for address in loaded
    }
    for address in set(loaded):
        whole = api.call("GET", address, key=None).content
        weight += len(gzip.compress(whole, 9))
    assert weight < FIRST_PAGE


@pytest.mark.contract("3.4")
def test_every_code_has_a_page(api: ApiFixture) -> None:
    index = page(api, "/errors")
    for code, found in BY_CODE.items():
        assert f"/errors/{code}" in index
        text = unescape(page(api, f"/errors/{code}"))
        for words in (found.title, str(found.status)):
            assert words in text


@pytest.mark.contract("3.3", "3.4")
def test_a_problems_type_leads_to_its_page(api: ApiFixture) -> None:
    found = problem(api.call("GET", "/v1/store", key=None), 401, "api_key_missing")
    assert found["type"] == "http://shop.test/errors/api_key_missing"
    assert "api_key_missing" in page(api, found["type"].removeprefix("http://shop.test"))


def test_an_unknown_code_is_not_found(api: ApiFixture) -> None:
    assert "gift_card_redeemed" in page(api, "/errors/no_such_code", 404)


@pytest.mark.parametrize(
    "code", ["<script>alert(1)", "%3Cimg src=x onerror=alert(1)%3E", "{{7*7}}", "%00"]
)
def test_a_hostile_code_is_not_repeated(api: ApiFixture, code: str) -> None:
    text = page(api, f"/errors/{code}", 404)
    for word in ("<script>", "onerror", "49", "\0"):
        assert word not in text


# Addresses that nothing is at

BROWSERS = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8",
    "text/html, */*;q=0.1",
    "text/html",
    "application/json;q=0.3, text/*",
)
PROGRAMS = (
    None, "*/*", "application/json", "application/problem+json", "text/html;q=0, */*",
    "application/json, text/html;q=0.9", "text/plain", "", "text/html, application/json", ";;q=,,",
)  # fmt: skip
MISTYPED = (
    "/me/", "/me/xyz", "/mee", "/anything", "/dashboards", "/docs/", "/v1", "/errors/a/b",
    "/me/%00", "/me/<script>alert(1)</script>", "/me/{{7*7}}",
)  # fmt: skip


@pytest.mark.parametrize("path", MISTYPED)
@pytest.mark.contract("8.53")
def test_a_mistyped_address_is_a_page_for_people(api: ApiFixture, path: str) -> None:
    for accept in BROWSERS:
        response = api.call("GET", path, key=None, headers={"Accept": accept})
        assert response.status_code == 404
        assert response.headers["content-type"] == "text/html; charset=utf-8"
        assert response.headers["vary"] == "Accept, Accept-Language"
        assert "default-src 'none'" in response.headers["content-security-policy"]
        assert response.headers["referrer-policy"] == "no-referrer"
        for word in ("alert(1)", "49", "\0"):
            assert word not in response.text
    for way in re.findall(r'(?:href|src)="([^"]+)"', response.text):
        assert api.call("GET", way, key=None).status_code == 200
    head = api.call("HEAD", path, key=None, headers={"Accept": BROWSERS[0]})
    assert (head.status_code, head.content) == (404, b"")


@pytest.mark.parametrize("path", MISTYPED)
@pytest.mark.contract("8.53")
def test_a_program_is_told_in_json_that_nothing_is_there(api: ApiFixture, path: str) -> None:
    for accept in PROGRAMS:
        headers = {} if accept is None else {"Accept": accept}
        assert_told_in_json(api.call("GET", path, key=None, headers=headers))
    posted = api.call("POST", path, key=None, headers={"Accept": BROWSERS[0]}, json={})
    assert_told_in_json(posted)


@pytest.mark.parametrize("path", ["/v1/", "/v1/stor", "/ext/v1/x", "/inworld/x", "/static/me.cs"])
def test_where_programs_ask_everyone_is_told_in_json(api: ApiFixture, path: str) -> None:
    assert_told_in_json(api.call("GET", path, key=None, headers={"Accept": BROWSERS[0]}))


def assert_told_in_json(response: Any) -> None:
    assert response.status_code == 404
    assert response.json()["code"] == "path_not_found"


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_a_mistyped_address_is_told_of_in_the_browsers_language(
    api: ApiFixture, language: str
) -> None:
    headers = {"Accept": BROWSERS[0], "Accept-Language": f"{language}-XX, en;q=0.5"}
    text = api.call("GET", "/me/xyz", key=None, headers=headers).text
    texts = messages.page_texts(language)
    assert f'<html lang="{language}">' in text
    for key in ("missing_title", "missing", "page_title", "missing_home"):
        assert texts[key] in unescape(text)
