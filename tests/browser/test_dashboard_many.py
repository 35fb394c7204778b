"""Many cards at once in a browser: how far it is, is seen with and without a script."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from gridgift.domain.many import CARDS_AT_ONCE
from tests.browser.test_accessibility import violations
from tests.browser.test_dashboard import Desk, desk
from tests.browser.test_drawer import grant_many
from tests.browser.visit import DESK, PHONE

__all__ = ["desk"]

CARDS = 3 * CARDS_AT_ONCE + 5
PATIENCE = 120_000  # milliseconds
PAGE = "**/cards/many/*"


def hold(route: Route, held: list[Route]) -> None:
    """Keep what htmx asks for waiting."""
    if "hx-request" in route.request.headers:
        held.append(route)
    else:
        route.continue_()


def begin(page: Page, url: str, name: str) -> None:
    """Tag all cards of somebody, and stay on the page that says how far it is."""
    page.goto(f"{url}/cards?q={name}")
    page.get_by_role("link", name=f"All {CARDS} that match").click()
    for field in ("Last day", "Tag"):
        expect(page.get_by_label(field, exact=True)).to_be_hidden()
    page.get_by_label("Give them a tag").check()
    expect(page.get_by_label("Last day")).to_be_hidden()
    page.get_by_label("Tag", exact=True).fill("vip")
    page.get_by_role("button", name="Show what will happen").click()
    expect(page.locator(".figure")).to_have_text(f"{CARDS} cards will change")


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "dark"), (DESK, "light")])
def test_a_change_is_watched_and_undone(
    desk: Callable[..., Desk], size: tuple[int, int], scheme: str
) -> None:
    bo = desk(size, "clerk", color_scheme=scheme, bypass_csp=True)  # axe itself breaks the policy
    page, owner = bo.enter(), bo.store.resident()
    grant_many(bo, owner, CARDS)
    begin(page, bo.url, owner.username)
    assert violations(bo.visit) == []
    held: list[Route] = []  # looks at how far it is, while axe looks at the page
    page.route(PAGE, lambda route: hold(route, held))
    page.get_by_role("button", name="Give them a tag").click()
    expect(page.get_by_role("status")).to_be_visible()
    assert violations(bo.visit) == []
    if held:  # it is not done yet: whoever is at the button stays there when the page is told more
        stop = page.get_by_role("button", name="Stop")
        stop.focus()
        shown = page.locator("#progress").evaluate("each => each.outerHTML")
        more = shown.replace("What is done", "More is done. What is done")
        held[0].fulfill(body=re.sub(r' hx-[\w-]+="[^"]*"', "", more), content_type="text/html")
        expect(page.get_by_text("More is done.")).to_be_visible()
        expect(stop).to_be_focused()
        page.reload()  # nothing looks again after that answer
    page.unroute(PAGE)
    said = page.get_by_role("status")
    expect(said).to_have_text(f"{CARDS} cards changed", timeout=PATIENCE)
    expect(page.get_by_role("heading", level=1)).to_have_text("Given a tag")
    assert violations(bo.visit) == []
    with page.expect_download() as download:
        page.get_by_role("link", name="What came of each as CSV").click()
    assert len(download.value.path().read_text(encoding="utf-8-sig").splitlines()) == CARDS + 1
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".figure")).to_have_text(f"{CARDS} cards will change")
    bo.visit.check()


def test_without_javascript_the_page_is_loaded_again(desk: Callable[..., Desk]) -> None:
    """The tab is closed meanwhile: what was begun is found again under its own name."""
    bo = desk(PHONE, "clerk", java_script_enabled=False)
    page, owner = bo.enter(), bo.store.resident()
    grant_many(bo, owner, CARDS)
    begin(page, bo.url, owner.username)
    page.get_by_role("button", name="Give them a tag").click()
    expect(page.get_by_role("status")).to_be_visible()
    page.goto(f"{bo.url}/cards")
    page.get_by_role("link", name="Recent changes of many").click()
    page.get_by_role("link", name=re.compile(f"Given? .*a tag: {CARDS} cards")).first.click()
    again, done = page.get_by_role("link", name="Look again"), page.get_by_text("cards changed")
    expect(again.or_(done)).to_be_visible()
    for _ in range(PATIENCE // 100):
        if not again.is_visible():
            break
        again.click()
        page.wait_for_timeout(100)
    expect(done).to_have_text(f"{CARDS} cards changed")
