"""The page at /me for those who see nothing, or use no mouse."""

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from gridgift.domain.model import Resident
from tests.browser.visit import DESK, Store, Visit

STRICT = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],  # to describe everything that is right takes longer than to look
}


def violations(visit: Visit) -> list[Any]:
    """Ask axe-core what is wrong with a page that has come whole."""
    visit.page.wait_for_load_state()
    found = Axe().run(visit.page, options=STRICT).response["violations"]
    return [(one["id"], [node["html"] for node in one["nodes"]]) for one in found]


def press(visit: Visit, key: str, text: str, times: int = 40) -> None:
    """Press a key until something with that text has the focus."""
    for _ in range(times):
        visit.page.keyboard.press(key)
        if visit.focused().startswith(text):
            return
    raise AssertionError(f"{key} never leads to {text!r}")


def focus_is_seen(visit: Visit) -> bool:
    """Tell whether what has the focus has a frame, and is in sight within 20 seconds."""
    for _ in range(400):
        if visit.page.evaluate(
            """() => {
                const element = document.activeElement;
                const style = getComputedStyle(element);
                const box = element.getBoundingClientRect();
                const top = document.elementFromPoint(
                    Math.min((box.left + box.right) / 2, innerWidth - 2),
                    Math.min(box.bottom, innerHeight) - 2);
                const onTop = top && (element.contains(top) || top.contains(element));
                return onTop && box.top > -1 && box.bottom < innerHeight + 1
                    && style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
            }"""
        ):
            return True
        visit.page.wait_for_timeout(50)  # the browser is still on its way there
    return False


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(
    visits: Callable[..., Visit], store: Store, kelly: Resident, jo: Resident, scheme: str
) -> None:
    store.deposit(kelly, 100, expiresAt="2099-06-30T00:00:00Z")
    store.deposit(kelly, 50, restricted=True)
    card = store.grant(kelly)
    store.grant(kelly, transfer=False)
    store.change(store.grant(kelly), active=False)
    store.hold(store.grant(kelly), 100, 3600)
    visit = visits(color_scheme=scheme, bypass_csp=True)  # axe itself breaks the policy
    page = visit.greet(kelly)
    assert violations(visit) == []
    visit.card(card).get_by_role("button", name="Transfer").click()
    assert violations(visit) == []
    visit.dialog.get_by_label("The receiver's username").fill("nobody.known")
    page.keyboard.press("Enter")
    expect(visit.dialog.get_by_role("alert")).to_contain_text("Nobody of this name")
    assert violations(visit) == []
    visit.dialog.get_by_label("The receiver's username").fill(jo.username)
    page.keyboard.press("Enter")
    expect(visit.dialog.locator("#ask-who svg")).to_be_visible()
    assert violations(visit) == []
    page.keyboard.press("Escape")
    visit.card(card).get_by_role("button", name="Redeem").click()
    visit.dialog.get_by_role("button", name="Redeem").click()
    expect(visit.said).to_contain_text("Redeemed")
    page.locator("#past summary").click()
    page.locator("#history summary").click()
    expect(page.locator("#moments li").first).to_be_visible()
    assert violations(visit) == []
    page.evaluate("location.hash = 'ct=gct_x.y'")
    expect(page.get_by_role("heading", level=1)).to_have_text("This link has expired")
    assert violations(visit) == []


def test_the_structure_says_what_is_what(visit: Visit, store: Store, kelly: Resident) -> None:
    store.grant(kelly)
    page = visit.greet(kelly)
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.title() == "Your gift cards at Moonwall Couture"
    for role in ("banner", "main", "contentinfo"):
        expect(page.get_by_role(role)).to_have_count(1)
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    expect(page.get_by_role("region", name="Store credit")).to_be_visible()
    expect(page.get_by_role("region", name="Gift cards")).to_be_visible()
    expect(page.get_by_role("article", name="L$ 500")).to_be_visible()
    for name in ("Redeem the card of L$ 500", "Transfer the card of L$ 500"):
        expect(page.get_by_role("button", name=name, exact=True)).to_be_visible()
    assert page.locator("img:not([alt])").count() == 0
    page.get_by_role("button", name="Transfer").click()
    expect(page.get_by_role("dialog", name="Transfer L$ 500")).to_be_visible()
    expect(visit.dialog.get_by_label("The receiver's username")).to_be_focused()


def test_redeeming_by_keyboard_alone(
    visits: Callable[..., Visit], store: Store, kelly: Resident
) -> None:
    first, second = store.grant(kelly, credit=500), store.grant(kelly, credit=70)
    visit = visits(DESK)
    page = visit.greet(kelly)
    press(visit, "Tab", "Redeem the card of L$\u00a0500", 1)
    assert focus_is_seen(visit)
    page.keyboard.press("Enter")
    assert visit.focused() == "Redeem L$\u00a0500?"
    page.keyboard.press("Escape")
    expect(visit.dialog).to_have_count(0)
    assert visit.focused() == "Redeem the card of L$\u00a0500"
    page.keyboard.press("Enter")
    press(visit, "Tab", "Cancel", 1)
    assert focus_is_seen(visit)
    press(visit, "Tab", "Redeem", 1)
    assert focus_is_seen(visit)
    visit.shoot("keyboard")
    page.keyboard.press("Enter")
    expect(visit.said).to_contain_text("Redeemed: L$ 500")
    expect(page.locator(".total")).to_have_text("L$ 500")
    assert visit.focused() == "L$\u00a070"
    assert focus_is_seen(visit)
    assert store.card(first)["redeemed"]
    assert not store.card(second)["redeemed"]
    visit.check()


def test_transferring_by_keyboard_alone(
    visits: Callable[..., Visit], store: Store, kelly: Resident, jo: Resident
) -> None:
    card = store.grant(kelly)
    visit = visits(DESK)
    page = visit.greet(kelly)
    press(visit, "Tab", "Transfer", 2)
    page.keyboard.press("Space")
    page.keyboard.type("nobody.known")
    page.keyboard.press("Enter")
    expect(visit.dialog.get_by_role("alert")).to_contain_text("Nobody of this name")
    page.keyboard.type(jo.username)  # what was there is selected
    assert focus_is_seen(visit)
    page.keyboard.press("Enter")
    expect(visit.dialog.locator("#ask-who")).to_contain_text(jo.username)
    assert visit.focused().startswith("Give L$\u00a0500 to ")
    press(visit, "Tab", "Back", 1)
    press(visit, "Tab", "Transfer", 1)
    page.keyboard.press("Enter")
    expect(visit.said).to_contain_text("Transferred")
    assert visit.focused() == "Gift cards"
    assert store.card(card)["ownerUuid"] == jo.uuid
    visit.check("status of 404")


def test_the_focus_stays_in_the_question(visit: Visit, store: Store, kelly: Resident) -> None:
    store.grant(kelly)
    page = visit.greet(kelly)
    page.get_by_role("button", name="Redeem").click()
    inside = """document.activeElement === document.body  // on its way through the browser's own
        || document.querySelector('dialog').contains(document.activeElement)"""
    for key in ["Tab"] * 4 + ["Shift+Tab"] * 4:
        page.keyboard.press(key)
        assert page.evaluate(inside)
