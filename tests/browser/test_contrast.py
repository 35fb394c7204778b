"""Contrast on all pages, in both themes: at rest, below the mouse, with the focus, and on paper."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Page, expect

from gridgift.domain.model import Resident
from tests.browser.screenshots import THEMES
from tests.browser.test_dashboard import PATHS, Desk, desk, themes
from tests.browser.visit import Store

__all__ = ["desk"]  # a fixture

CONTRAST: Final = (Path(__file__).parent / "contrast.js").read_text()
ALONE: Final = ("/", "/nothing", "/errors", "/errors/gift_card_redeemed", "/me")
AT_CARDS: Final = ("", "/edit", "/pass-on", "/replace")
AT_REST: Final = ("",)
STATES: Final = (*AT_REST, "hover", "focus")
IS_DARK: Final = "dark => document.documentElement.classList.contains('dark-mode') === dark"
# Of the reference's operations one of each method, beside the open one: more takes too long.
ONE_OF_EACH: Final = """() => {
    for (const method of ["get", "post", "put", "patch", "delete"]) {
        const all = document.querySelectorAll(`.opblock-${method}:not(.is-open)`);
        [...all].slice(1).forEach(each => each.remove());
    }
}"""
CHOSEN: Final = ".chip.on, [aria-current='page']"


def faint(page: Page, states: tuple[str, ...] = STATES) -> list[Any]:
    """Return what is hard to see on a page that has come whole, and in which state."""
    page.wait_for_load_state()
    found = {state: page.evaluate(CONTRAST, state) for state in states}
    return [(state, *each) for state, all_of_it in found.items() for each in all_of_it]


@pytest.fixture
def cards(store: Store, kelly: Resident) -> list[Any]:
    """Cards in states of all kinds."""
    soon = datetime.now(UTC) + timedelta(days=3)
    usable, off, held = (store.grant(kelly) for _ in range(3))
    store.change(off, active=False)
    store.hold(held, 100)
    store.deposit(kelly, 50, restricted=True)
    return [usable, off, held, store.grant(kelly, expiresAt=soon.strftime("%Y-%m-%dT%H:%M:%SZ"))]


@themes
def test_everything_is_seen(
    desk: Callable[..., Desk], store: Store, kelly: Resident, cards: list[Any], scheme: str
) -> None:
    aria = desk(color_scheme=scheme)
    page, url = aria.page, store.server.url
    for path in (*ALONE, "/dashboard/sign-in", "/dashboard/nothing"):
        page.goto(url + path)
        assert faint(page) == [], path
    page.goto(aria.link())
    assert faint(page) == []
    aria.enter()
    at_card = [f"/dashboard/cards/{cards[0]['id']}{path}" for path in AT_CARDS]
    for path in (*PATHS, *at_card, f"/dashboard/residents/{kelly.uuid}"):
        page.goto(url + path)
        assert faint(page) == [], path
    page.goto(aria.url + "/send")
    page.evaluate("document.querySelector('main form').noValidate = true")
    page.get_by_role("button", name="Check before sending").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert faint(page) == []
    aria.visit.greet(kelly)
    page.get_by_role("button", name="Transfer").first.click()
    assert faint(page) == []


def test_the_reference_is_seen(desk: Callable[..., Desk], store: Store) -> None:
    page = desk().page
    page.goto(f"{store.server.url}/docs")
    page.locator("#operations-Gift_cards-update_gift_card .opblock-summary").click()
    expect(page.locator(".responses-table")).to_be_visible()
    page.evaluate(ONE_OF_EACH)
    for state in STATES:
        for scheme in THEMES:
            page.emulate_media(color_scheme=scheme)
            page.wait_for_function(IS_DARK, arg=scheme == "dark")
            assert page.evaluate(CONTRAST, state) == [], (scheme, state)


def test_a_dark_page_is_printed_on_white(
    desk: Callable[..., Desk], kelly: Resident, cards: list[Any]
) -> None:
    """Browsers leave grounds out, so that a text which needs a dark one is lost."""
    aria = desk(color_scheme="dark")
    aria.enter()
    page = aria.visit.greet(kelly)
    page.emulate_media(media="print")
    expect(page.locator(".account").first).to_have_css("background-image", "none")
    expect(page.get_by_role("button").first).to_be_hidden()
    assert faint(page, AT_REST) == []
    page.goto(aria.url)
    expect(page.locator(".owed")).to_have_css("background-image", "none")
    for path in ("", "/cards", f"/cards/{cards[0]['id']}"):
        page.goto(aria.url + path)
        page.evaluate("document.documentElement.dataset.theme = 'dark'")
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert paper == "rgb(255, 255, 255)"
        expect(page.get_by_role("navigation")).to_be_hidden()
        assert faint(page, AT_REST) == [], path


@themes
def test_what_is_chosen_is_seen_in_colours_of_the_readers_own(
    desk: Callable[..., Desk], cards: list[Any], scheme: str
) -> None:
    aria = desk(color_scheme=scheme, forced_colors="active")
    page = aria.enter()
    page.goto(aria.url + "/cards")
    read = "all => all.map(each => getComputedStyle(each).backgroundColor)"
    chosen = page.locator(CHOSEN).evaluate_all(read)
    others = page.locator(".chip:not(.on), .side a:not([aria-current])").evaluate_all(read)
    assert len(chosen) == 2 and not {*chosen} & {*others}
    page.goto(aria.url)
    read = "all => all.map(each => getComputedStyle(each, '::before').backgroundColor)"
    lines = page.locator(".legend li").evaluate_all(read)
    assert len({*lines, page.evaluate("getComputedStyle(document.body).backgroundColor")}) == 3
    page.goto(aria.url + "/cards?show=soon")
    marks = page.locator(".st.soon").evaluate_all(read)
    assert marks and not {*marks} & {*others}
    assert faint(page, AT_REST) == []


@themes
def test_more_contrast_for_who_asks_for_it(desk: Callable[..., Desk], scheme: str) -> None:
    aria = desk(color_scheme=scheme, contrast="more")
    page = aria.enter()
    page.goto(aria.url)
    assert page.evaluate(CONTRAST.replace("4.5)", "7)"), "") == []
