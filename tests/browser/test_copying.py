"""What is shown once is copied by a button: a key, a pairing code, a resident's link."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from gridgift.domain.model import Resident
from tests.browser.test_dashboard import Desk, desk
from tests.browser.visit import Store

__all__ = ["desk"]


def copied(page: Page, name: str) -> str:
    """Press the button beside what is shown once, and return what was copied."""
    section = page.locator(".shown")
    section.get_by_role("button", name="Copy").click()
    expect(section.get_by_role("button", name="Copied")).to_be_visible()
    text = str(page.evaluate("navigator.clipboard.readText()"))
    assert text == section.locator(f"#{name}").input_value() != ""
    return text


def test_whatever_is_shown_once_is_copied(
    desk: Callable[..., Desk], store: Store, kelly: Resident
) -> None:
    aria = desk(permissions=["clipboard-read", "clipboard-write"])
    store.grant(kelly)
    page = aria.enter()
    page.goto(f"{aria.url}/keys")
    page.get_by_label("What it is for").fill(f"shop of {kelly.username}")
    page.get_by_label("Read the store's own details.").check()
    page.get_by_role("button", name="Make the key").click()
    assert copied(page, "key").startswith("allo_live_")
    page.goto(f"{aria.url}/units")
    page.get_by_label("Name", exact=True).fill("Welcome gift")
    page.get_by_role("button", name="Make it, and show the code").click()
    copied(page, "code")
    page.goto(f"{aria.url}/residents/{kelly.uuid}")
    page.get_by_role("button", name="Make a link to their own page").click()
    link = copied(page, "link")
    aria.visit.check()
    page.goto(link)
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Hello, {kelly.username}")
