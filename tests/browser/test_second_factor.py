"""The second factor in a browser on a phone: from the QR code to the recovery code."""

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from pyotp import TOTP, parse_uri

from tests.browser.test_accessibility import violations
from tests.browser.test_dashboard import BAD_REQUEST, Desk
from tests.browser.visit import PHONE, Visit


class App:
    """An authenticator app. It shows no code twice: it waits for none, but takes the next one."""

    def __init__(self, page: Page) -> None:
        address = page.get_by_role("link", name="Open it there").get_attribute("href")
        app = parse_uri(address or "")
        assert isinstance(app, TOTP)
        self._app, self._last = app, 0

    def code(self, ahead: int = 0) -> str:
        """Return a code that counts now and was not taken before; of a step ahead, for longer."""
        self._last = max(self._last + 1, int(time.time()) // self._app.interval + ahead)
        return self._app.generate_otp(self._last)


def set_up(aria: Desk) -> tuple[App, list[str]]:
    """Sign in by a link and switch the second factor on; return the app and recovery codes."""
    page = aria.enter()
    aria.choose_password()
    page.get_by_role("link", name="Set up a second factor").click()
    app = App(page)
    page.get_by_label("Code", exact=True).fill("12345")
    page.get_by_role("button", name="Switch it on").click()
    expect(page.locator("#code-problem")).to_contain_text("is not the one", ignore_case=True)
    page.get_by_label("Code", exact=True).fill(app.code())
    page.get_by_role("button", name="Switch it on").click()
    codes = page.get_by_role("textbox", name="Your recovery codes").input_value().split()
    assert len(codes) == 10
    return app, codes


def come_to_the_code(aria: Desk) -> None:
    """Sign out, and in again with the password."""
    aria.page.get_by_role("button", name="Sign out", exact=True).first.click()
    aria.sign_in()
    expect(aria.page.get_by_role("heading", level=1)).to_have_text("One more code")
    aria.page.goto(aria.page.url)  # as phones do that have forgotten the page meanwhile


@pytest.mark.parametrize("scripts", [True, False], ids=["", "no scripts"])
def test_from_the_qr_code_to_the_recovery_code(visits: Callable[..., Visit], scripts: bool) -> None:
    permissions = ["clipboard-read", "clipboard-write"]
    visit = visits(PHONE, java_script_enabled=scripts, permissions=permissions)
    aria, page, here = Desk(visit), visit.page, visit.page.get_by_role("heading", level=1)
    app, codes = set_up(aria)
    if scripts:
        page.get_by_role("button", name="Copy").click()
        expect(page.get_by_role("button", name="Copied")).to_be_visible()
        assert page.evaluate("navigator.clipboard.readText()").split() == codes
        visit.check(BAD_REQUEST)
    come_to_the_code(aria)
    used = app.code(ahead=1)
    page.get_by_label("Code", exact=True).fill(used)
    page.get_by_role("button", name="Sign in").click()
    expect(here).to_have_text("Overview")
    come_to_the_code(aria)
    page.get_by_label("Code", exact=True).fill(used)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("#code-problem")).to_contain_text("was used before")
    page.get_by_text("Without the app").click()
    page.get_by_label("Recovery code").fill(codes[0].lower())
    page.get_by_role("button", name="Sign in").click()
    expect(here).to_have_text("Overview")
    come_to_the_code(aria)
    page.get_by_text("Without the app").click()
    page.get_by_label("Recovery code").fill(codes[0])
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("#recovery_code-problem")).to_contain_text("was used before")
    page.get_by_label("Recovery code").fill(codes[1])
    page.get_by_role("button", name="Sign in").click()
    expect(here).to_have_text("Overview")
    page.goto(aria.url + "/account/second-factor")
    expect(page.get_by_text("8 not used yet")).to_be_visible()
    page.get_by_text("Without the app").click()
    page.get_by_label("Recovery code").fill(codes[2])
    page.get_by_role("button", name="Switch it off").click()
    expect(page.get_by_role("status")).to_contain_text("Your second factor is off")
    if scripts:
        visit.check(BAD_REQUEST)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_while_it_is_on(visits: Callable[..., Visit], scheme: str) -> None:
    tall = (PHONE[0], 4_000)  # its menu covers nothing
    visit = visits(tall, color_scheme=scheme, bypass_csp=True)  # axe itself breaks the policy
    aria = Desk(visit)
    set_up(aria)
    assert violations(visit) == []
    visit.page.goto(aria.url + "/account/second-factor")
    visit.page.get_by_text("Without the app").click()
    visit.page.get_by_role("button", name="Switch it off").click()
    expect(visit.page.locator("#code-problem")).to_contain_text("Is required")
    assert violations(visit) == []
    for path in ("/account", "/team"):
        visit.page.goto(aria.url + path)
        assert violations(visit) == [], path
    come_to_the_code(aria)
    visit.page.get_by_label("Code", exact=True).fill("12345")
    visit.page.get_by_role("button", name="Sign in").click()
    expect(visit.page.locator("#code-problem")).to_be_visible()
    assert violations(visit) == []
