"""A newcomer's walk: a card is sent, seen in the list, switched off and on, and has a history."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from gridgift.domain.model import Resident
from tests.browser.test_accessibility import violations
from tests.browser.test_dashboard import Desk, desk, sizes
from tests.browser.visit import DESK, PHONE

__all__ = ["desk"]


def see_it_through(page: Page, receiver: Resident) -> None:
    """Go on from the page that says that the card is sent, to the card's history."""
    expect(page.get_by_role("status")).to_contain_text("1 card sent")
    page.get_by_role("link", name="See them in the list").click()
    row = page.locator("tbody tr").filter(has_text=receiver.username)
    row.get_by_role("button", name="Switch off").click()
    page.get_by_role("status").get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status")).to_contain_text("is switched on.")
    page.locator("tbody").get_by_role("link", name=receiver.username).click()
    life = page.locator("ol.rows li")
    for said in ("Switched on", "Switched off", f"Given to {receiver.username}"):
        expect(life.filter(has_text=said)).to_contain_text("by you")


@pytest.mark.parametrize(
    ("size", "scripts"), [(PHONE, True), (DESK, True), (PHONE, False)],
    ids=["phone", "desk", "no scripts"],
)  # fmt: skip
def test_a_newcomer_sends_a_card(
    desk: Callable[..., Desk], size: tuple[int, int], scripts: bool
) -> None:
    bo = desk(size, "clerk", java_script_enabled=scripts)
    page, receiver = bo.enter(), bo.store.resident()
    page.goto(bo.url)
    page.get_by_role("link", name="Send").click()
    page.get_by_role("textbox", name="To", exact=True).fill(receiver.username)
    page.get_by_label("L$ on each card").fill("500")
    page.get_by_role("button", name="Check before sending").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Check, then send")
    expect(page.locator("tbody")).to_contain_text(receiver.username)
    page.get_by_role("button", name="Send 1 card").click()
    see_it_through(page, receiver)
    if scripts:
        bo.visit.check()


def test_a_card_is_sent_by_keyboard(desk: Callable[..., Desk]) -> None:
    bo = desk(DESK, "clerk")
    page, receiver = bo.enter(), bo.store.resident()
    page.goto(f"{bo.url}/send")
    page.locator("#to").focus()
    page.keyboard.type(receiver.username)
    for _ in ("the name that is looked for", "its button", "the file", "the credit"):
        page.keyboard.press("Tab")
    page.keyboard.type("500")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Check, then send")
    page.get_by_role("button", name="Send 1 card").focus()
    page.keyboard.press("Enter")
    see_it_through(page, receiver)
    bo.visit.check()


@sizes
def test_a_name_is_found_and_a_file_is_checked(
    desk: Callable[..., Desk], size: tuple[int, int]
) -> None:
    bo = desk(size, "clerk", bypass_csp=True)  # axe itself breaks the policy
    page, receiver = bo.enter(), bo.store.resident()
    bo.store.grant(receiver)
    page.goto(f"{bo.url}/send")
    to = page.get_by_role("textbox", name="To", exact=True)
    to.fill("somebody.else")
    page.get_by_role("searchbox").press_sequentially(receiver.username[:8])
    page.get_by_role("link", name=receiver.username).click()
    expect(to).to_have_value(f"somebody.else\n{receiver.username}\n")
    assert page.url == f"{bo.url}/send"
    assert violations(bo.visit) == []
    to.fill("")
    text = f"username,credit\n{receiver.username},7\nnobody.known,7\n" * 120
    file = {"name": "hunt.csv", "mimeType": "text/csv", "buffer": text.encode()}
    page.locator("#file").set_input_files(file)  # type: ignore[arg-type]
    page.get_by_role("button", name="Check before sending").click()
    expect(page.locator(".figure")).to_contain_text("120 cards, L$ 840 in all")
    assert violations(bo.visit) == []
    with page.expect_download() as download:
        page.get_by_role("link", name="All of them as CSV").click()
    assert download.value.suggested_filename == "refused.csv"
    page.get_by_role("button", name="Send 120 cards").click()
    expect(page.get_by_role("status")).to_contain_text("120 cards sent", timeout=120_000)
    assert violations(bo.visit) == []
    bo.visit.check()
