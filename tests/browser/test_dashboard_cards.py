"""The list of gift cards in a browser: searching while typing, and switching with an undo."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Route, expect

from tests.browser.test_accessibility import violations
from tests.browser.test_dashboard import Desk, desk, sizes, themes
from tests.browser.visit import DESK, PHONE

__all__ = ["desk"]


@sizes
def test_typing_finds_and_keeps_the_address(
    desk: Callable[..., Desk], size: tuple[int, int]
) -> None:
    bo = desk(size, "clerk")
    page = bo.enter()
    kelly, jo = bo.store.resident(), bo.store.resident()
    for resident in (kelly, jo):
        bo.store.grant(resident)
    page.goto(f"{bo.url}/cards?show=usable")
    expect(page.locator("tbody").get_by_role("link", name=jo.username)).to_be_visible()
    entries = page.evaluate("history.length")
    page.get_by_role("searchbox").press_sequentially(kelly.username)
    expect(page.locator("tbody").get_by_role("link", name=jo.username)).to_have_count(0)
    expect(page.locator("tbody").get_by_role("link", name=kelly.username)).to_be_visible()
    page.wait_for_url(f"**/cards?q={kelly.username}&show=usable")
    assert page.evaluate("history.length") == entries  # replaced, letter by letter
    page.reload()
    expect(page.get_by_role("searchbox")).to_have_value(kelly.username)
    expect(page.locator("tbody").get_by_role("link", name=kelly.username)).to_be_visible()
    bo.visit.check()


@sizes
@themes
def test_a_switch_and_its_undo(
    desk: Callable[..., Desk], size: tuple[int, int], scheme: str
) -> None:
    bo = desk(size, "clerk", color_scheme=scheme, bypass_csp=True)  # axe itself breaks the policy
    page, owner = bo.enter(), bo.store.resident()
    card = bo.store.grant(owner)
    page.goto(f"{bo.url}/cards?q={owner.username}")
    page.get_by_role("button", name="Switch off").click()
    said = page.get_by_role("status")
    expect(said).to_contain_text(f"{owner.username}'s card is switched off.")
    assert bo.store.card(card)["active"] is False
    assert violations(bo.visit) == []
    page.get_by_role("link", name="Used up").click()
    expect(page.get_by_text("No card is like that")).to_be_visible()
    page.go_back()
    said.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status")).to_contain_text("is switched on.")
    assert bo.store.card(card)["active"] is True
    page.get_by_role("button", name="Dismiss").click()
    expect(page.get_by_role("status")).to_have_count(0)
    cookies = bo.visit.context.cookies
    bo.visit.until(lambda: "gridgift-flash" not in {each.get("name") for each in cookies()})
    page.reload()
    expect(page.get_by_role("status")).to_have_count(0)
    page.locator("tbody").get_by_role("link", name=owner.username).click()
    expect(page.get_by_role("heading", name=f"{owner.username}'s card")).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text="Switched off by you")).to_be_visible()
    assert violations(bo.visit) == []
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wide) <= 0
    bo.visit.check()


# How far what has the focus is covered by what was just said, in pixels; of that itself nothing is.
COVERED = """() => {
    const focused = document.activeElement, said = document.querySelector('.said');
    if (said.contains(focused) || !focused.closest('main')) return 0;
    return focused.getBoundingClientRect().bottom - said.getBoundingClientRect().top;
}"""


@sizes
def test_an_undo_covers_nothing_that_has_the_focus(
    desk: Callable[..., Desk], size: tuple[int, int]
) -> None:
    """It stays on all pages, and the browser brings what has the focus into sight above it."""
    bo = desk((size[0], 640), "clerk")
    page, owner = bo.enter(), bo.store.resident()
    bo.store.grant(owner)
    page.goto(f"{bo.url}/cards?q={owner.username}")
    page.get_by_role("button", name="Switch off").click()
    expect(page.locator(".said")).to_be_visible()
    page.goto(f"{bo.url}/send")
    page.locator("#main").focus()
    fields = set()
    for _ in range(25):
        page.keyboard.press("Tab")
        fields.add(bo.visit.focused())
        bo.visit.until(lambda: page.evaluate(COVERED) <= 1)
    assert "Check before sending" in fields


def test_on_a_phone_the_head_and_the_rows_are_whole(desk: Callable[..., Desk]) -> None:
    aria = desk(PHONE)
    page, owner = aria.enter(), aria.store.resident()
    aria.store.grant(owner)
    page.goto(aria.url)
    name = page.locator(".store .name")
    assert name.evaluate("name => name.scrollWidth - name.clientWidth") <= 0
    page.goto(f"{aria.url}/send")
    page.get_by_label("To", exact=True).fill(owner.username)
    page.get_by_label("L$ on each card").fill("5")
    page.get_by_role("button", name="Check before sending").click()
    page.get_by_role("button", name="Send 1 card").wait_for()
    table = page.locator(".table")
    assert table.evaluate("table => table.scrollWidth - table.clientWidth") <= 0


WINDOWS = [PHONE, (820, 1180), (1024, 768), (1180, 820), (1280, 800)]


@pytest.mark.parametrize("size", WINDOWS, ids=lambda size: size[0])
def test_a_switch_far_down_is_in_sight_and_leaves_the_list_where_it_is(
    desk: Callable[..., Desk], size: tuple[int, int]
) -> None:
    bo = desk(size, "clerk")
    page, owner = bo.enter(), bo.store.resident()
    for _ in range(24):
        bo.store.grant(owner)
    page.goto(f"{bo.url}/cards?q={owner.username}")
    top = page.get_by_role("heading", name="Gift cards").bounding_box()
    last = page.get_by_role("button", name="Switch off").last
    last.scroll_into_view_if_needed()
    box = last.bounding_box()
    assert box is not None and box["x"] + box["width"] <= size[0]
    last.click()
    expect(page.get_by_role("status")).to_be_in_viewport()
    expect(page.get_by_role("button", name="Switch on")).to_be_in_viewport()
    page.evaluate("scrollTo(0, 0)")
    assert page.get_by_role("heading", name="Gift cards").bounding_box() == top
    bo.visit.check()


@pytest.mark.parametrize("letters", [14, 20])
def test_tables_fit_a_phone(desk: Callable[..., Desk], letters: int) -> None:
    """A name that is no longer than most is in one line."""
    bo = desk(PHONE, "clerk")
    page, owner = bo.enter(), bo.store.resident(letters)
    bo.store.grant(owner, credit=12_000)
    used = bo.store.grant(owner, credit=25_000)
    bo.store.client.post(
        f"/v1/customer/giftcards/{used['id']}/redeem",
        headers={"X-Customer-Token": bo.store.token(owner)},
    ).raise_for_status()
    for path in ("cards", "residents", "redemptions", "moved"):
        page.goto(f"{bo.url}/{path}?q={owner.username}")
        name = page.locator("tbody").get_by_role("link", name=owner.username).first
        expect(name).to_be_visible()
        assert letters > 14 or name.evaluate("link => link.getClientRects().length") == 1, path
        hidden = page.locator(".table").evaluate("table => table.scrollWidth - table.clientWidth")
        assert hidden == 0, path
    bo.visit.check()


@sizes
def test_a_view_is_saved_and_opened(desk: Callable[..., Desk], size: tuple[int, int]) -> None:
    bo = desk(size, "clerk", bypass_csp=True)  # axe itself breaks the policy
    page, owner = bo.enter(), bo.store.resident()
    bo.store.grant(owner)
    page.goto(f"{bo.url}/cards?show=usable")
    page.get_by_role("searchbox").fill(owner.username)
    page.wait_for_url(f"**/cards?q={owner.username}&show=usable")
    expect(page.locator("tbody").get_by_role("link")).to_have_text([owner.username])
    page.get_by_text("Save this view").click()
    assert violations(bo.visit) == []
    page.get_by_label("What to call it").fill("Tester")
    page.get_by_role("button", name="Save it").click()
    view = page.get_by_role("list", name="Which cards").get_by_role("link", name="Tester")
    expect(view).to_have_attribute("aria-current", "true")
    page.goto(f"{bo.url}/cards")
    expect(view).not_to_have_attribute("aria-current", "true")
    view.click()
    expect(page.get_by_role("searchbox")).to_have_value(owner.username)
    expect(page.locator("tbody").get_by_role("link", name=owner.username)).to_have_count(1)
    page.get_by_text("Change this view").click()
    page.get_by_role("button", name="Remove it").click()
    expect(page.get_by_role("status")).to_contain_text("The view is removed.")
    expect(view).to_have_count(0)
    bo.visit.check()


@sizes
@pytest.mark.parametrize("scripts", [True, False], ids=["", "no scripts"])
def test_a_menu_opens_and_closes(
    desk: Callable[..., Desk], size: tuple[int, int], scripts: bool
) -> None:
    """By the browser alone; with something wrong in it, it is open, beside its button."""
    bo = desk(size, "clerk", java_script_enabled=scripts)
    page = bo.enter()
    page.goto(f"{bo.url}/cards?least=many")
    field, button = page.get_by_label("L$ on it, at least"), page.get_by_text("Filter by")
    expect(field).to_have_value("many")
    expect(page.get_by_text("Must be a whole number of L$.")).to_be_visible()
    if scripts:
        menu, opener = page.locator("#filter").bounding_box(), button.bounding_box()
        assert menu is not None and opener is not None
        assert abs(menu["y"] - opener["y"] - opener["height"]) < 9
        assert menu["x"] >= 0 and menu["x"] + menu["width"] <= size[0]
    page.goto(f"{bo.url}/cards")
    expect(field).to_be_hidden()
    button.click()
    expect(field).to_be_visible()
    page.get_by_role("heading", level=1).click()
    expect(field).to_be_hidden()
    button.click()
    field.press("Escape")
    expect(field).to_be_hidden()
    expect(button).to_be_focused()
    bo.visit.check("status of 400")


def test_without_javascript(desk: Callable[..., Desk]) -> None:
    bo = desk(java_script_enabled=False)
    page, owner = bo.enter(), bo.store.resident()
    bo.store.grant(owner)
    page.goto(f"{bo.url}/cards")
    page.get_by_role("searchbox").fill(owner.username)
    page.get_by_role("button", name="Search").click()
    page.get_by_role("button", name="Switch off").click()
    page.get_by_role("status").get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status")).to_contain_text("is switched on.")


@sizes
def test_two_tabs_on_one_card(desk: Callable[..., Desk], size: tuple[int, int]) -> None:
    bo = desk(size, "clerk")
    page, owner = bo.enter(), bo.store.resident()
    card = bo.store.grant(owner)
    other, listed = page.context.new_page(), page.context.new_page()
    for tab in (page, other):
        tab.goto(f"{bo.url}/cards/{card['id']}")
    listed.goto(f"{bo.url}/cards?q={owner.username}")
    for tab, delta, why in ((page, "-50", "rent"), (other, "30", "a gift")):
        tab.get_by_label("How much").fill(delta)
        tab.get_by_label("Why").fill(why)
    page.get_by_role("button", name="Change the credit").click()
    expect(page.get_by_role("status")).to_contain_text("The card has L$ 450 now.")
    other.get_by_role("button", name="Change the credit").click()
    told = other.get_by_role("alert")
    expect(told).to_contain_text("The card has changed meanwhile. Nothing of yours was saved.")
    expect(told).to_contain_text("rent")
    assert bo.store.card(card)["credit"] == 450
    expect(other.get_by_label("How much")).to_have_value("30")
    expect(other.get_by_label("Why")).to_have_value("a gift")
    other.get_by_role("button", name="Change the credit").click()
    expect(other.get_by_role("status")).to_contain_text("The card has L$ 480 now.")
    listed.get_by_role("button", name="Switch off").click()
    expect(listed.get_by_role("alert")).to_contain_text("a gift")
    assert bo.store.card(card)["active"] is True
    listed.get_by_role("button", name="Switch off").click()
    expect(listed.get_by_role("status")).to_contain_text("card is switched off.")
    assert bo.store.card(card)["active"] is False
    bo.visit.check("status of 412")


@sizes
@themes
def test_what_is_reserved_is_taken_in_part(
    desk: Callable[..., Desk], size: tuple[int, int], scheme: str
) -> None:
    bo = desk(size, "clerk", color_scheme=scheme, bypass_csp=True)  # axe itself breaks the policy
    page, owner = bo.enter(), bo.store.resident()
    card = bo.store.grant(owner, expiresAt="2099-01-01T00:00:00Z")
    for amount in (60, 25):
        bo.store.hold(card, amount)
    page.goto(f"{bo.url}/cards/{card['id']}")
    assert violations(bo.visit) == []
    row = page.get_by_role("listitem").filter(has_text="Free again by itself")
    row.filter(has_text="L$ 60 by").get_by_label("How much of it").fill("61")
    row.filter(has_text="L$ 60 by").get_by_role("button", name="Take it").click()
    expect(row.filter(has_text="L$ 60 by")).to_contain_text("Must be at most 60.")
    expect(row.filter(has_text="L$ 25 by").get_by_label("How much of it")).to_have_value("25")
    assert violations(bo.visit) == []
    row.filter(has_text="L$ 60 by").get_by_label("How much of it").fill("40")
    row.filter(has_text="L$ 60 by").get_by_role("button", name="Take it").click()
    expect(page.get_by_role("status")).to_contain_text("Taken as paid: L$ 40.")
    assert bo.store.card(card)["credit"] == 460
    row.get_by_role("button", name="Release").click()
    expect(page.get_by_role("status")).to_contain_text("Released: L$ 460")
    page.get_by_role("button", name="30 days").click()
    expect(page.get_by_role("status")).to_contain_text("The card is good up to")
    bo.visit.check("status of 400")


def test_what_is_on_its_way_is_sent_once_and_looks_so(desk: Callable[..., Desk]) -> None:
    """By whoever presses again while a slow answer is on its way."""
    bo = desk(DESK, "clerk")
    page, owner = bo.enter(), bo.store.resident()
    card = bo.store.grant(owner)
    page.goto(f"{bo.url}/cards/{card['id']}")
    page.get_by_label("How much", exact=True).fill("5")
    page.get_by_label("Why").fill("once")
    held: list[Route] = []
    page.route("**/adjust", lambda route: held.append(route))
    button = page.get_by_role("button", name="Change the credit")
    looks = button.evaluate("""async (button) => {
        for (let times = 0; times < 3; times++) {
            button.click();
            await new Promise((wake) => setTimeout(wake, 400));
        }
        return [button.form.ariaBusy, getComputedStyle(button).opacity];
    }""")
    assert looks == ["true", "0.55"]
    bo.visit.until(lambda: held)
    (only,) = held
    only.continue_()
    expect(page.locator(".said")).to_contain_text("505 now")
    assert bo.store.card(card)["credit"] == 505


@pytest.mark.parametrize("size", [PHONE, DESK])
def test_what_is_wrong_is_in_sight(desk: Callable[..., Desk], size: tuple[int, int]) -> None:
    """However far down the page its field stands: that has the focus."""
    bo = desk(size, "clerk")
    page, owner = bo.enter(), bo.store.resident()
    page.goto(f"{bo.url}/cards/{bo.store.grant(owner)['id']}")
    page.get_by_label("Tags", exact=True).fill("a;b")
    page.get_by_role("button", name="Write them on the card").click()
    expect(page.get_by_label("Tags", exact=True)).to_be_focused()
    expect(page.locator(".problem")).to_be_in_viewport()


def test_the_chips_stand_on_one_line(desk: Callable[..., Desk]) -> None:
    """Links and menus alike, to the fraction of a pixel."""
    page = (bo := desk(DESK, "clerk")).enter()
    page.goto(f"{bo.url}/cards?show=usable")
    tops = page.locator(".chip").evaluate_all("""chips => chips.map((chip) => {
        const range = document.createRange();
        range.selectNodeContents(chip.firstChild);
        return range.getBoundingClientRect().top;
    })""")
    assert len(tops) > 6 and len(set(tops)) == 1


@pytest.mark.parametrize("size", [(640, 400), (320, 480), PHONE])
def test_a_menu_is_on_the_screen_however_small_that_is(
    desk: Callable[..., Desk], size: tuple[int, int]
) -> None:
    """As on a screen of 1280 by 800 at twice the size: all of its form can be reached."""
    bo = desk(size, "clerk")
    page = bo.enter()
    page.goto(f"{bo.url}/cards?q=nobody&show=usable&least=5&ends_from=2026-01-31")
    page.get_by_role("button", name="Filter by…").click()
    box = page.locator("#filter").bounding_box()
    assert box is not None
    assert box["x"] >= 0 and box["x"] + box["width"] <= size[0]
    assert box["y"] >= 0 and box["y"] + box["height"] <= size[1]
    page.get_by_role("button", name="Show these").click()
    page.wait_for_url("**/cards?q=nobody&show=usable&least=5&**")
    bo.visit.check()
