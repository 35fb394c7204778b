"""What holds of every page and every form: the tests walk the table, so a new row is among them."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

import pytest

import gridgift.dashboard
from gridgift.dashboard.menu import MENU
from gridgift.dashboard.page import AnyPage, Page
from gridgift.dashboard.table import PAGES
from gridgift.domain.keys import digest
from gridgift.http.edge.session import Session, Visit
from tests.api import JO, ApiFixture
from tests.dashboard.people import FORMS, OPEN, Browser, People, address_of, fields_of, name_of
from tests.http.checks import one_engine

TEMPLATES: Final = sorted((Path(gridgift.dashboard.__file__).parent / "templates").glob("*.html"))
BEHIND: Final = [page for page in PAGES if isinstance(page.guard, Session)]
OWNERS: Final = [page for page in BEHIND if page.guard == Session("owner")]

every_form = pytest.mark.parametrize("page", FORMS, ids=name_of)


def everything(api: ApiFixture) -> list[object]:
    """Return all that a form may change; a session's last use is no change."""
    tables = {
        "operators": "*", "operator_stores": "*", "operator_links": "*", "gift_cards": "*",
        "entries": "*", "stores": "*", "api_keys": "*", "webhooks": "*", "webhook_deliveries": "*",
        "sendings": "*", "imports": "*", "bulk_changes": "*", "bulk_change_cards": "*",
        "bulk_change_parts": "*",
        "operator_sessions": "id, operator_id, chosen_store", "operator_actions": "*",
        "units": "*", "operator_second_factors": "*", "operator_recovery_codes": "*",
        "operator_sign_ins": "*",
        "saved_views": "*",
    }  # fmt: skip
    return [
        sorted(map(repr, api.sql(f"SELECT {columns} FROM {table}")))
        for table, columns in tables.items()
    ]


def browser_for(page: AnyPage, people: People) -> Browser:
    """Return a browser that may open a page."""
    return people.browser() if page.guard == Visit() else people.signed_in("Aria")


@every_form
@pytest.mark.parametrize("token", ["", "A" * 32, "another session's", "twice"])
@one_engine
def test_a_form_without_its_own_token_changes_nothing(
    api: ApiFixture, people: People, page: AnyPage, token: str
) -> None:
    browser, other = browser_for(page, people), people.signed_in("Eve")
    browser.get("/dashboard/account")
    browser.get("/dashboard/sign-in")
    other.get("/dashboard/account")
    fields, before = fields_of(page), everything(api)
    if token == "twice":
        fields, token = {**fields, "form_token": browser.token}, "A" * 32
    sent = other.token if token == "another session's" else token
    response = browser.post(address_of(page), fields, token=sent)
    assert response.status_code in {401, 403}, response.text
    assert "set-cookie" not in response.headers
    assert everything(api) == before


@every_form
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site", "Origin": "http://shop.test"},
        {"Sec_Fetch_Site": "", "Origin": "null"},
    ],
    ids=["cross-site", "same-site", "null"],
)
@one_engine
def test_a_form_from_another_site_is_refused(
    api: ApiFixture, people: People, page: AnyPage, headers: dict[str, str]
) -> None:
    browser = browser_for(page, people)
    browser.get("/dashboard/account" if isinstance(page.guard, Session) else "/dashboard/sign-in")
    before = everything(api)
    response = browser.post(address_of(page), fields_of(page), **headers)
    assert response.status_code == 403, response.text
    assert "another address" in response.text
    (way_on,) = re.findall(r'<a [^>]*href="([^"]+)"', response.text)
    assert way_on == f"{api.settings.public_url}/dashboard"
    assert everything(api) == before


@pytest.mark.parametrize("page", BEHIND, ids=name_of)
@one_engine
def test_nothing_opens_without_a_session(api: ApiFixture, people: People, page: AnyPage) -> None:
    before = everything(api)
    for cookie in ("", "A" * 43):
        browser = people.browser()
        browser.cookies = {"gridgift": cookie} if cookie else {}
        if page.method == "GET":
            response = browser.get(address_of(page))
            assert response.status_code == 303
            assert response.headers["location"].startswith("/dashboard/sign-in?next=%2Fdashboard")
        else:
            response = browser.post(address_of(page), fields_of(page))
            assert response.status_code == 401
            assert "Sign in again" in response.text
    assert everything(api) == before


@pytest.mark.parametrize("page", OWNERS, ids=name_of)
@one_engine
def test_a_clerk_opens_nothing_of_the_owners(
    api: ApiFixture, people: People, bo: Browser, page: AnyPage
) -> None:
    bo.get("/dashboard/account")
    before = everything(api)
    if page.method == "GET":
        response = bo.get(address_of(page))
    else:
        response = bo.post(address_of(page), fields_of(page))
    assert response.status_code == 403
    assert "Only for owners" in response.text
    assert everything(api) == before


@one_engine
def test_the_owners_pages_are_not_in_a_clerks_menu(bo: Browser, people: People) -> None:
    page = bo.get("/dashboard").text
    shown = [line.path for line in MENU if f'href="{line.path}"' in page]
    assert shown == [line.path for line in MENU if line.role == "clerk"]


def test_the_menu_has_pages_and_their_roles() -> None:
    guards = {page.path: page.guard for page in PAGES if page.method == "GET"}
    assert {line.path: Session(line.role) for line in MENU} == {
        line.path: guards[line.path] for line in MENU
    }
    assert len({line.icon for line in MENU}) == len(MENU), "each has a shape of its own"


def test_every_path_is_the_dashboards() -> None:
    assert all(page.path == "/dashboard" or page.path.startswith("/dashboard/") for page in PAGES)


def test_a_form_without_fields_does_not_load() -> None:
    with pytest.raises(ValueError, match="every POST has a form"):
        Page("POST", "/dashboard/x", Visit(), PAGES[0].handler)


class Tags(HTMLParser):
    """Collects what a page must not have."""

    def __init__(self) -> None:
        super().__init__()
        self.forbidden: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attributes]
        if tag == "style" or "style" in names or any(name.startswith("on") for name in names):
            self.forbidden.append(tag)


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: file.name)
def test_no_template_has_a_style_or_a_script_of_its_own(file: Path) -> None:
    text = file.read_text()
    tags = Tags()
    tags.feed(text)
    assert tags.forbidden == []
    scripts = re.findall(r"<script[^>]*>", text)
    assert all('nonce="{{ nonce }}" src="/static/' in script for script in scripts)
    assert not re.search(r"\|\s*safe\b|autoescape", text)


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: file.name)
def test_a_button_that_copies_has_something_to_copy(file: Path) -> None:
    text = file.read_text()
    assert set(re.findall(r'data-copy="([^"]+)"', text)) <= set(re.findall(r' id="([^"]+)"', text))


@pytest.mark.parametrize("page", OPEN, ids=name_of)
@one_engine
def test_every_page_has_its_policy(people: People, aria: Browser, page: AnyPage) -> None:
    response = aria.get(page.path)
    assert response.status_code == 200
    policy = response.headers["content-security-policy"]
    nonce = re.search(r"script-src 'nonce-([\w-]{22})'", policy)
    assert nonce is not None
    for demand in ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'",
                   "form-action 'self'", "require-trusted-types-for 'script'"):  # fmt: skip
        assert demand in policy
    assert "unsafe" not in policy
    assert response.text.count(f' nonce="{nonce[1]}"') == response.text.count("<script")
    assert response.headers["cache-control"] == "no-store"
    assert nonce[1] not in aria.get(page.path).headers["content-security-policy"]


@one_engine
def test_nothing_of_another_store_is_reachable(api: ApiFixture, people: People) -> None:
    other = api.add_store("Elsewhere", JO)
    stranger = people.add("Stranger", "clerk", other)
    aria = people.signed_in("Aria")
    aria.get("/dashboard/team")
    before = everything(api)
    for page in FORMS:
        if page.path.startswith("/dashboard/team/{id}"):
            response = aria.post(page.path.format(id=stranger), fields_of(page))
            assert response.status_code == 404, name_of(page)
    assert aria.post("/dashboard/store", {"store": other.id}).status_code == 400
    assert everything(api) == before


@one_engine
def test_only_hashes_are_stored(api: ApiFixture, people: People, aria: Browser) -> None:
    rows = [bytes(row[0]) for row in api.sql("SELECT hash FROM operator_sessions")]
    assert rows == [digest(aria.cookies["gridgift"])]
    token = people.link("Aria")
    assert [bytes(row[0]) for row in api.sql("SELECT hash FROM operator_links")] == [digest(token)]
