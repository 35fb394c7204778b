"""The dashboard in a browser: on a phone and a desk, in both themes, and without JavaScript."""

import re
import uuid
from collections.abc import Callable
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Page, expect

from gridgift.dashboard.menu import MENU
from gridgift.domain import operators, sessions
from gridgift.domain.ids import new_id
from tests.api import operator
from tests.browser.conftest import QUIET
from tests.browser.test_accessibility import focus_is_seen, violations
from tests.browser.visit import CHROMIUM, DESK, PHONE, Store, Visit
from tests.dashboard.people import OPEN

PASSWORD: Final = "tray lunar opaque fig"
BAD_REQUEST, UNAUTHORISED = "status of 400", "status of 401"
PATHS: Final = [page.path for page in OPEN]

sizes = pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
themes = pytest.mark.parametrize("scheme", ["light", "dark"])


class Desk:
    """Somebody of the store's team, and a browser for them."""

    def __init__(self, visit: Visit, role: str = "owner") -> None:
        self.visit, self.store, self.page = visit, visit.store, visit.page
        self.name = f"Aria {uuid.uuid4().hex[:8]}"
        store_id = self.store.server.store_id
        self.id = self.store.write(operators.add, operator(store_id), self.name, role, new_id()).id

    @property
    def url(self) -> str:
        """Where the dashboard is."""
        return f"{self.store.server.url}/dashboard"

    def link(self) -> str:
        """Return a link that signs in."""
        token = uuid.uuid4().hex + "0" * 11
        self.store.write(operators.link, self.name, token)
        return f"{self.url}/link/{token}"

    def enter(self) -> Page:
        """Sign in by a link."""
        self.page.goto(self.link())
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url("**/dashboard/account/password")
        return self.page

    def choose_password(self, password: str = PASSWORD) -> None:
        """Fill the form in, and send it."""
        self.page.get_by_label("New password").fill(password)
        self.page.get_by_label("The same again").fill(password)
        self.page.get_by_role("button", name="Set the password").click()

    def sign_in(self, password: str = PASSWORD) -> None:
        """Fill the form in, and send it."""
        self.page.get_by_label("Name", exact=True).fill(self.name)
        self.page.get_by_label("Password", exact=True).fill(password)
        self.page.get_by_role("button", name="Sign in").click()


@pytest.fixture
def desk(visits: Callable[..., Visit]) -> Callable[..., Desk]:
    """Make somebody with a browser of the test's choice."""

    def make(size: tuple[int, int] = DESK, role: str = "owner", **options: Any) -> Desk:
        return Desk(visits(size, **options), role)

    return make


@sizes
@pytest.mark.parametrize("scripts", [True, False], ids=["", "no scripts"])
def test_from_the_link_to_the_password(
    desk: Callable[..., Desk], size: tuple[int, int], scripts: bool
) -> None:
    aria = desk(size, java_script_enabled=scripts)
    page = aria.enter()
    aria.choose_password("password12345")
    expect(page.locator("#new_password-problem")).to_contain_text("easily guessed")
    expect(page.locator("#new_password")).to_have_attribute("aria-invalid", "true")
    aria.choose_password()
    expect(page.get_by_role("status")).to_contain_text("Your password is set")
    page.get_by_role("button", name="Sign out", exact=True).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    aria.sign_in("wrong")
    expect(page.get_by_role("alert")).to_contain_text("The name or the password is not right")
    expect(page.get_by_label("Name", exact=True)).to_have_value(aria.name)
    aria.sign_in()
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
    page.goto(aria.url + "/account")
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    if scripts:
        aria.visit.check(BAD_REQUEST, UNAUTHORISED)


def test_ten_wrong_passwords(browser: Any, make_store: Callable[..., Store]) -> None:
    aria = Desk(Visit(browser, make_store(GRIDGIFT_RATE_LIMIT="1200"), DESK))
    aria.enter()
    aria.choose_password()
    aria.page.get_by_role("button", name="Sign out", exact=True).first.click()
    said = aria.page.get_by_role("alert")
    for number in range(10):
        aria.sign_in(f"wrong {number}")
        expect(said).to_contain_text("not right")
    for number in range(10, 60):  # one more may be tried every six seconds
        aria.sign_in(f"wrong {number}")
        expect(said).to_contain_text(re.compile("not right|Too many tries"))
        if "Too many" in said.inner_text():
            break
    expect(said).to_contain_text("Too many tries")
    aria.page.goto(aria.link())
    aria.page.get_by_role("button", name="Sign in").click()
    expect(aria.page.get_by_role("heading", level=1)).to_have_text("Another password")
    aria.visit.context.close()


@pytest.mark.parametrize("scripts", [True, False], ids=["", "no scripts"])
def test_back_shows_nothing_to_whoever_has_signed_out(
    browser: Browser, store: Store, scripts: bool
) -> None:
    keeping = browser.browser_type.launch(  # pages as they were, for Back
        executable_path=CHROMIUM,
        args=[*QUIET, "--enable-features=CacheControlNoStoreEnterBackForwardCache"],
        ignore_default_args=["--disable-back-forward-cache"],
    )
    aria = Desk(Visit(keeping, store, DESK, java_script_enabled=scripts))
    page = aria.enter()
    page.goto(aria.url + "/team")
    page.get_by_role("button", name="Sign out", exact=True).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    page.evaluate("history.back()")
    page.wait_for_url("**/sign-in?next=*")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    keeping.close()


@sizes
def test_what_was_typed_outlives_the_session(
    desk: Callable[..., Desk], size: tuple[int, int]
) -> None:
    aria = desk(size)
    page = aria.enter()
    aria.choose_password()
    page.goto(aria.url + "/team")
    someone = f"Bo {uuid.uuid4().hex[:8]}"
    page.get_by_label("Name", exact=True).fill(someone)
    page.get_by_label("Owner").check()
    aria.store.write(sessions.end_others, aria.id)
    page.get_by_role("button", name="Add, and make a link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in again")
    aria.sign_in()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Welcome back, {aria.name}")
    expect(page.get_by_text(someone)).to_be_visible()
    page.get_by_role("button", name="Send it now").click()
    expect(page.get_by_role("heading", name=f"The link for {someone}")).to_be_visible()
    row = page.get_by_role("listitem").filter(has_text=someone).first
    expect(row.get_by_text("owner", exact=True)).to_be_visible()
    aria.visit.check(UNAUTHORISED)


def test_a_link_is_copied(desk: Callable[..., Desk]) -> None:
    aria = desk(permissions=["clipboard-read", "clipboard-write"])
    page = aria.enter()
    page.goto(aria.url + "/team")
    someone = f"Bo {uuid.uuid4().hex[:8]}"
    page.get_by_label("Name", exact=True).fill(someone)
    page.get_by_role("button", name="Add, and make a link").click()
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.locator("#link").input_value()
    assert re.fullmatch(rf"{re.escape(aria.url)}/link/[\w-]{{43}}", copied)
    page.goto(copied)
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Hello, {someone}")
    aria.visit.check()


@sizes
@themes
def test_axe_finds_nothing_on_any_page(
    desk: Callable[..., Desk], size: tuple[int, int], scheme: str
) -> None:
    aria = desk(size, color_scheme=scheme, bypass_csp=True)  # axe itself breaks the policy
    page = aria.page
    for address in (aria.url + "/sign-in", aria.link(), aria.url + "/nothing"):
        page.goto(address)
        assert violations(aria.visit) == [], address
    aria.enter()
    aria.choose_password("password12345")
    expect(page.locator("#new_password-problem")).to_be_visible()
    assert violations(aria.visit) == []
    aria.choose_password()
    expect(page.get_by_role("status")).to_contain_text("Your password is set")
    assert violations(aria.visit) == []
    for path in PATHS:
        page.goto(aria.store.server.url + path)
        for menu in page.locator(".menu > button").all()[-1:]:
            menu.click()  # the last one: what it opens covers no other
        page.set_viewport_size({"width": size[0], "height": 4_000})  # a phone's menu covers nothing
        assert violations(aria.visit) == [], path
        page.set_viewport_size({"width": size[0], "height": size[1]})
        name = path.strip("/").replace("/", "-")
        aria.visit.shoot(f"{name}-{size[0]}-{scheme}", whole=True)


@sizes
def test_no_page_complains_nor_scrolls_sideways(
    desk: Callable[..., Desk], size: tuple[int, int]
) -> None:
    """Under the policy, with Trusted Types, and htmx at work."""
    aria = desk(size)
    page = aria.enter()
    for path in PATHS:
        page.goto(aria.store.server.url + path)
        page.wait_for_function("typeof htmx === 'object' && htmx.config.extensions === 'hx-csp'")
        aria.visit.check()


def test_what_is_injected_does_nothing(desk: Callable[..., Desk]) -> None:
    """An element without the page's nonce asks for nothing, and no text becomes HTML."""
    aria = desk()
    page = aria.enter()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.evaluate(
        """() => {
            const thief = document.createElement('div');
            thief.setAttribute('hx-get', '/v1/store');
            thief.setAttribute('hx-trigger', 'load');
            document.body.append(thief);
            htmx.process(thief);
        }"""
    )
    refused = page.evaluate(
        """() => {
            try { document.body.innerHTML = '<img src=x>'; return 'taken'; }
            catch (error) { return error.name; }
        }"""
    )
    page.wait_for_timeout(200)
    assert refused == "TypeError"
    assert [url for url in asked if "/v1/" in url] == []


@sizes
def test_the_keyboard_is_enough(desk: Callable[..., Desk], size: tuple[int, int]) -> None:
    for _ in range(3):
        desk(size)  # a list that is longer than the screen
    aria = desk((size[0], 520))
    page = aria.enter()
    page.goto(aria.url)
    page.keyboard.press("Tab")
    assert aria.visit.focused() == "Skip to the page"
    page.keyboard.press("Enter")
    aria.visit.until(lambda: page.evaluate("document.activeElement.id") == "main")
    page.goto(aria.url + "/team")
    for _ in range(90):  # others of the team come before
        page.keyboard.press("Tab")
        assert focus_is_seen(aria.visit)
        if aria.visit.focused() == f"Change {aria.name}":
            break
    page.keyboard.press("Enter")
    menu = page.locator(".drop:popover-open")
    expect(menu).to_have_count(1)
    page.keyboard.press("Tab")
    assert aria.visit.focused() == "Make a clerk"
    page.keyboard.press("Escape")
    expect(menu).to_have_count(0)
    aria.visit.until(lambda: aria.visit.focused().startswith("Change"))


def test_on_a_phone_the_menu_shows_whole_what_has_the_focus(desk: Callable[..., Desk]) -> None:
    page = desk(PHONE).enter()
    links = page.get_by_role("navigation").get_by_role("link")
    links.last.evaluate("link => link.closest('nav').scrollLeft = 0")
    for link in [*links.all(), *reversed(links.all())]:
        link.evaluate("link => link.focus({ preventScroll: true })")
        box = link.bounding_box()
        assert box is not None
        assert box["x"] >= -1 and box["x"] + box["width"] <= PHONE[0] + 1, link.inner_text()


def test_a_long_name_leaves_room_for_what_is_said_of_it(desk: Callable[..., Desk]) -> None:
    """A store's name stands before the role that somebody has there."""
    aria = desk(PHONE)
    page = aria.enter()
    page.goto(aria.url + "/account")
    facts = page.locator(".card .facts").first
    facts.locator("dt").nth(1).evaluate("name => name.textContent = 'W'.repeat(64)")
    list_, role = facts.bounding_box(), facts.locator("dd").nth(1).bounding_box()
    assert list_ is not None and role is not None
    assert role["width"] > 0.4 * list_["width"]
    aria.visit.check()


@sizes
def test_a_clerk_sees_no_owners_page(desk: Callable[..., Desk], size: tuple[int, int]) -> None:
    bo = desk(size, "clerk")
    page = bo.enter()
    labels = [line.label for line in MENU if line.role == "clerk"]
    expect(page.get_by_role("navigation").get_by_role("link")).to_have_text(labels)
    page.goto(bo.url + "/team")
    expect(page.get_by_role("heading", level=1)).to_have_text("Only for owners")
