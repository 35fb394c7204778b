"""A card beside its list, and a list that is walked back."""

import json
import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from gridgift.dashboard.pages.cards import ROWS
from gridgift.domain.model import Resident
from tests.browser.test_accessibility import violations
from tests.browser.test_dashboard import Desk, desk, sizes, themes

__all__ = ["desk"]

WIDE = (1280, 800)


def expect_credits(page: Page, credits_: list[int]) -> None:
    """Wait until the list's page shows cards of just these credits, in this order."""
    shown = page.locator(".cards tbody td.n:not(.act)")
    expect(shown).to_have_text([f"L$ {credit:,}" for credit in credits_])


def grant_many(bo: Desk, owner: Resident, number: int) -> None:
    """Grant cards of 1, 2, 3 … L$."""
    rows = [{"identifier": owner.uuid, "credit": each + 1} for each in range(number)]
    granted = bo.store.client.post(
        "/ext/v1/giftcards/bulk",
        content="\n".join(map(json.dumps, rows)),
        headers={"Content-Type": "application/x-ndjson", "Idempotency-Key": owner.uuid},
    )
    granted.raise_for_status()


def test_back_leads_through_the_pages_of_a_filtered_and_sorted_list(
    desk: Callable[..., Desk],
) -> None:
    bo = desk(role="clerk")
    page, owner = bo.enter(), bo.store.resident()
    grant_many(bo, owner, 5 * ROWS + 3)
    bo.store.grant(bo.store.resident(), credit=9999)
    page.goto(f"{bo.url}/cards?q={owner.username}&sort=-credit")
    every = [*range(5 * ROWS + 3, 0, -1)]
    wanted = [every[start : start + ROWS] for start in range(0, len(every), ROWS)]
    addresses = []
    for rows in wanted:
        expect_credits(page, rows)
        addresses.append(page.url)
        if rows is not wanted[-1]:
            page.get_by_role("link", name="Next").click()
            page.wait_for_url(lambda url: url not in addresses)
    page.reload()
    expect_credits(page, wanted[-1])
    for rows, address in [*zip(wanted, addresses, strict=True)][-2::-1]:
        page.go_back()
        page.wait_for_url(address)
        expect_credits(page, rows)
    assert f"q={owner.username}" in page.url
    assert "sort=-credit" in page.url
    bo.visit.check()


def test_typing_makes_no_steps_and_back_leaves_no_half_page(desk: Callable[..., Desk]) -> None:
    bo = desk(role="clerk")
    page, owner = bo.enter(), bo.store.resident()
    bo.store.grant(owner)
    page.goto(f"{bo.url}/residents")
    page.goto(f"{bo.url}/cards")
    page.get_by_role("searchbox").press_sequentially(owner.username)
    page.wait_for_url(f"**/cards?q={owner.username}")
    expect(page.locator("tbody").get_by_role("link")).to_have_text([owner.username])
    page.get_by_role("link", name="Skip to the page").press("Enter")
    page.wait_for_url("**#main")
    page.go_back()
    expect(page.locator("tbody").get_by_role("link")).to_have_text([owner.username])
    expect(page.get_by_role("navigation")).to_be_visible()
    expect(page.get_by_role("searchbox")).to_have_value(owner.username)
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Residents")
    bo.visit.check()


@sizes
def test_two_tabs_on_one_card(desk: Callable[..., Desk], size: tuple[int, int]) -> None:
    bo = desk(size, "clerk")
    first, owner = bo.enter(), bo.store.resident()
    card = bo.store.grant(owner, credit=500)
    second = bo.visit.context.new_page()
    for tab in (first, second):
        tab.goto(f"{bo.url}/cards/{card['id']}/edit")
    first.get_by_label("Credit in L$").fill("700")
    first.get_by_role("button", name="Save the card").click()
    first.wait_for_url(f"**/cards/{card['id']}")
    second.get_by_label("Its owner may pass it on").uncheck()
    second.get_by_role("button", name="Save the card").click()
    expect(second.get_by_text("Nothing of yours was saved")).to_be_visible()
    expect(second.get_by_text("L$\N{NO-BREAK SPACE}500 → L$\N{NO-BREAK SPACE}700")).to_be_visible()
    expect(second.get_by_label("Credit in L$")).to_have_value("700")
    expect(second.get_by_label("Its owner may pass it on")).not_to_be_checked()
    assert (bo.store.card(card)["credit"], bo.store.card(card)["transfer"]) == (700, True)
    second.get_by_role("button", name="Save the card").click()
    second.wait_for_url(f"**/cards/{card['id']}")
    assert (bo.store.card(card)["credit"], bo.store.card(card)["transfer"]) == (700, False)


def opened(bo: Desk) -> tuple[Page, Any, Any]:
    """Open a list with two cards, and the first of them beside it."""
    page, owner = bo.enter(), bo.store.resident()
    cards = [bo.store.grant(owner, credit=credit) for credit in (500, 70)]
    page.goto(f"{bo.url}/cards?q={owner.username}&sort=-credit")
    link = page.locator("tbody").get_by_role("link", name=owner.username)
    link.first.click()
    drawer = page.get_by_role("dialog", name="Gift card")
    expect(drawer.get_by_role("heading", level=1)).to_have_text(f"{owner.username}'s card")
    page.wait_for_url(f"**/cards/{cards[0]['id']}")
    return page, drawer, link.first


def test_a_card_opens_beside_its_list(desk: Callable[..., Desk]) -> None:
    bo = desk(WIDE, "clerk")
    page, drawer, link = opened(bo)
    card = page.url
    expect(drawer.get_by_role("button", name="Close")).to_be_focused()
    expect(page).to_have_title(re.compile("'s card$"))
    for close in (
        lambda: page.keyboard.press("Escape"),
        lambda: drawer.get_by_role("button", name="Close").click(),
        lambda: page.mouse.click(300, 400),  # on the list
        page.go_back,
    ):
        close()
        page.wait_for_url("**/cards?q=*&sort=-credit")
        expect(drawer).to_be_hidden()
        expect(link).to_be_focused()
        expect(page).to_have_title(re.compile("^Gift cards"))
        expect_credits(page, [500, 70])
        page.go_forward()
        page.wait_for_url(card)
        expect(drawer.get_by_role("heading", level=1)).to_be_visible()
    page.reload()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("heading", level=1)).to_contain_text("'s card")
    expect(page.get_by_role("navigation")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Gift cards")
    expect_credits(page, [500, 70])
    bo.visit.check()


def test_what_is_done_beside_the_list_is_done(desk: Callable[..., Desk]) -> None:
    bo = desk(WIDE, "clerk")
    page, drawer, _ = opened(bo)
    card = {"id": page.url.rpartition("/")[2]}
    drawer.get_by_label("How much").fill("-50")
    drawer.get_by_label("Why").fill("a test")
    drawer.get_by_role("button", name="Change the credit").click()
    expect(page.get_by_role("status")).to_contain_text("L$ 450")
    assert bo.store.card(card)["credit"] == 450
    bo.visit.check()


def test_a_card_that_is_gone_or_a_session_that_is_over_is_told(desk: Callable[..., Desk]) -> None:
    bo = desk(WIDE, "clerk")
    page, _, link = opened(bo)
    page.keyboard.press("Escape")
    expect(link).to_be_focused()
    unknown = "/dashboard/cards/019aad3c-9d4b-7c1e-8f3a-2b1c0d9e8f7a"
    link.evaluate("(link, address) => { link.href = address; }", unknown)
    link.press("Enter")
    page.wait_for_url(f"**{unknown}")
    expect(page.get_by_role("heading", level=1)).to_have_text("No such gift card")
    page.go_back()
    bo.visit.context.clear_cookies()
    page.locator("tbody").get_by_role("link").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    bo.visit.check("status of 404")


def test_a_narrow_screen_has_pages(desk: Callable[..., Desk]) -> None:
    bo = desk((1000, 800), "clerk")
    page, owner = bo.enter(), bo.store.resident()
    bo.store.grant(owner)
    page.goto(f"{bo.url}/cards?q={owner.username}")
    page.locator("tbody").get_by_role("link", name=owner.username).click()
    expect(page.get_by_role("navigation")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{owner.username}'s card")
    expect(page.get_by_role("dialog")).to_have_count(0)


@themes
def test_axe_finds_nothing_in_the_drawer(desk: Callable[..., Desk], scheme: str) -> None:
    bo = desk(WIDE, "clerk", color_scheme=scheme, bypass_csp=True)  # axe itself breaks the policy
    opened(bo)
    assert violations(bo.visit) == []
    bo.visit.shoot(f"drawer-{scheme}")
