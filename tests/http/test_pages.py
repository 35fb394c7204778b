"""Pages for people: the reference, and a page on every error code."""

import re
from html import unescape

import pytest

from gridgift.http.edge.problems import BY_CODE
from tests.api import OWNER, ApiFixture, problem
from tests.http.checks import one_engine

pytestmark = one_engine


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
