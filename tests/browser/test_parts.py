"""Parts of the dashboard's pages that do not come, or come without what is shown of them."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.test_dashboard import Desk, desk
from tests.browser.test_dashboard_many import CARDS, PAGE, PATIENCE, begin
from tests.browser.test_drawer import grant_many

__all__ = ["desk"]

FAILURES = ("net::ERR_FAILED", "Failed to fetch", "503")  # as the browser tells of them
ERROR_PAGE = "<!doctype html><title>Busy</title><main><h1>The server is busy</h1></main>"


def no_answer(route: Route) -> None:
    route.abort()


def too_busy(route: Route) -> None:
    route.fulfill(status=503, content_type="text/html", body=ERROR_PAGE)


def type_into_the_search(page: Page, text: str) -> None:
    page.get_by_role("main").get_by_role("searchbox").fill(text)


def type_into_the_palette(page: Page, text: str) -> None:
    page.keyboard.press("Control+k")
    page.get_by_role("combobox").fill(text)


PARTS = {
    "/cards": ("#found", type_into_the_search),
    "/residents": ("#found", type_into_the_search),
    "/redemptions": ("#found", type_into_the_search),
    "/send": ("#names", type_into_the_search),
    "": ("#options", type_into_the_palette),
}


@pytest.mark.parametrize("fails", [no_answer, too_busy])
@pytest.mark.parametrize("place", PARTS)
def test_what_could_not_be_loaded_is_said_and_the_page_stays(
    desk: Callable[..., Desk], place: str, fails: Callable[[Route], None]
) -> None:
    bo = desk(role="clerk")
    page, owner = bo.enter(), bo.store.resident()
    bo.store.grant(owner)
    page.goto(bo.url + place)
    shown, type_into = PARTS[place]
    part, told = page.locator(shown), page.get_by_role("alert")
    page.route(f"**/dashboard{place or '/find'}?*", fails)
    type_into(page, "nobody is called so")
    expect(told).to_have_text("This could not be loaded. Try again")
    expect(part).to_be_attached()
    again = told.get_by_role("link", name="Try again")
    expect(again).to_have_attribute("href", re.compile("=nobody[+]is[+]called[+]so$"))
    page.unroute_all(behavior="wait")
    type_into(page, owner.username)
    expect(part).to_contain_text(
        "has redeemed a card" if place == "/redemptions" else owner.username
    )
    expect(told).to_have_count(0)
    bo.visit.check(*FAILURES)


@pytest.mark.parametrize("place", PARTS)
def test_what_was_typed_last_is_what_is_shown(desk: Callable[..., Desk], place: str) -> None:
    """However slow the answers to what was typed before are."""
    bo = desk(role="clerk")
    page, owner = bo.enter(), bo.store.resident()
    bo.store.grant(owner)
    page.goto(bo.url + place)
    shown, type_into = PARTS[place]
    held: list[Route] = []
    is_slow = True
    page.route(
        f"**/dashboard{place or '/find'}?*",
        lambda route: held.append(route) if is_slow else route.continue_(),
    )
    for text in ("nobody", "nobody is", owner.username):
        type_into(page, text)
        page.wait_for_timeout(500)  # each is asked for, or waits for the one before
    is_slow = False
    for route in held:
        route.continue_()
    if shown == "#found":  # the list is at an address of its own
        page.wait_for_url(re.compile(rf"[?&]q={owner.username}(&|$)"))
    expect(page.locator(shown)).to_contain_text(
        "has redeemed a card" if place == "/redemptions" else owner.username
    )
    bo.visit.check()


def test_the_link_leads_to_the_page_which_says_more(desk: Callable[..., Desk]) -> None:
    bo = desk(role="clerk")
    page = bo.enter()
    page.goto(f"{bo.url}/residents")
    page.route("**/dashboard/residents?*", too_busy)
    type_into_the_search(page, "kelly")
    page.get_by_role("link", name="Try again").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The server is busy")
    bo.visit.check(*FAILURES)


def test_how_far_it_is_is_asked_again_after_a_failure(desk: Callable[..., Desk]) -> None:
    bo = desk(role="clerk")
    page, owner = bo.enter(), bo.store.resident()
    grant_many(bo, owner, CARDS)
    begin(page, bo.url, owner.username)
    asked: list[Route] = []

    def fail_at_first(route: Route) -> None:
        if "hx-request" not in route.request.headers or asked:
            route.continue_()
        else:
            asked.append(route)
            route.abort()

    page.route(PAGE, fail_at_first)
    page.get_by_role("button", name="Give them a tag").click()
    said = page.get_by_role("status")
    expect(said).to_have_text(f"{CARDS} cards changed", timeout=PATIENCE)
    expect(page.get_by_role("alert")).to_have_count(0)
    bo.visit.check(*FAILURES)
