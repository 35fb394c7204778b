"""The palette and the keys in a browser."""

from collections.abc import Callable
from contextlib import suppress

from playwright.sync_api import Route, expect

from tests.browser.test_accessibility import focus_is_seen, violations
from tests.browser.test_dashboard import Desk, desk, sizes, themes

__all__ = ["desk"]


def only_pages(route: Route) -> None:
    """Let a browser open pages, and htmx ask for nothing."""
    if route.request.resource_type == "document":
        route.continue_()
    else:
        route.abort()


@sizes
def test_the_palette_finds_and_opens(desk: Callable[..., Desk], size: tuple[int, int]) -> None:
    bo = desk(size, "clerk")
    page, owner = bo.enter(), bo.store.resident()
    card = bo.store.grant(owner, credit=1250)
    page.goto(f"{bo.url}/residents")
    opener = page.get_by_role("button", name="Find")
    palette, field = page.get_by_role("dialog", name="Find"), page.get_by_role("combobox")
    opener.click()
    expect(field).to_be_focused()
    expect(palette.get_by_role("option", name="Gift cards")).to_be_visible()
    expect(palette.get_by_role("option", name="Keys")).to_have_count(0)  # the owners'
    page.keyboard.press("Escape")
    expect(palette).to_be_hidden()
    expect(opener).to_be_focused()
    page.keyboard.press("Control+k")
    field.fill(owner.username)
    chosen = palette.locator('[aria-selected="true"]')
    expect(chosen).to_contain_text("L$\N{NO-BREAK SPACE}1,250")
    first = chosen.get_attribute("id")
    expect(field).to_have_attribute("aria-activedescendant", str(first))
    page.keyboard.press("ArrowDown")
    expect(chosen).to_have_text(owner.username)  # the resident
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")  # round to the last one
    expect(chosen).to_have_text(f"Residents: “{owner.username}”")
    page.keyboard.press("ArrowDown")
    expect(field).to_have_attribute("aria-activedescendant", str(first))
    expect(field).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/dashboard/cards/{card['id']}")
    bo.visit.check()


@sizes
@themes
def test_axe_finds_nothing_in_the_dialogs(
    desk: Callable[..., Desk], size: tuple[int, int], scheme: str
) -> None:
    aria = desk(size, color_scheme=scheme, bypass_csp=True)  # axe itself breaks the policy
    page, owner = aria.enter(), aria.store.resident()
    aria.store.grant(owner)
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox")).to_be_focused()
    assert violations(aria.visit) == []
    page.get_by_role("combobox").fill(owner.username)
    expect(page.get_by_role("option", name=f"Gift cards: “{owner.username}”")).to_be_visible()
    assert violations(aria.visit) == []
    aria.visit.shoot(f"palette-{size[0]}-{scheme}")
    page.get_by_role("button", name="All keys").click()
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    assert violations(aria.visit) == []
    aria.visit.shoot(f"shortcuts-{size[0]}-{scheme}")


@sizes
def test_all_of_the_palette_is_on_the_screen(
    desk: Callable[..., Desk], size: tuple[int, int]
) -> None:
    """However much is found; and a button closes it, in browsers without commands too."""
    aria = desk(size)
    page = aria.enter()
    page.keyboard.press("Control+k")
    palette = page.get_by_role("dialog", name="Find")
    expect(palette.get_by_role("option", name="Audit")).to_be_attached()
    box = palette.bounding_box()
    assert box is not None and box["y"] + box["height"] <= size[1]
    assert page.locator("[command]").count() == 0
    palette.get_by_role("button", name="Close").click()
    expect(palette).to_be_hidden()
    aria.visit.check()


def test_what_is_pressed_at_once_opens_the_palette_with_its_pages(
    desk: Callable[..., Desk],
) -> None:
    """Timers come late on a busy machine."""
    aria = desk()
    aria.page.add_init_script(
        "const soon = setTimeout;"
        "window.setTimeout = (what, after, ...rest) => soon(what, after ?? 60_000, ...rest);"
    )
    page = aria.enter()
    page.keyboard.press("Control+k")
    palette = page.get_by_role("dialog", name="Find")
    expect(palette.get_by_role("option", name="Audit")).to_be_attached()
    aria.visit.check()


def test_enter_before_anything_is_found_leads_to_the_page(desk: Callable[..., Desk]) -> None:
    bo = desk(role="clerk")
    page, owner = bo.enter(), bo.store.resident()
    bo.store.grant(owner)
    page.goto(bo.url)
    page.route("**/dashboard/find*", only_pages)
    page.keyboard.press("Control+k")
    page.get_by_role("combobox").fill(owner.username)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/dashboard/find?q={owner.username}")
    expect(page.get_by_role("link", name=owner.username)).to_have_count(2)


def test_a_place_on_the_same_page_closes_the_palette(desk: Callable[..., Desk]) -> None:
    aria = desk()
    page = aria.enter()
    page.goto(f"{aria.url}/keys")
    page.keyboard.press("Control+k")
    page.get_by_role("combobox").fill("make a key")
    expect(page.get_by_role("option", name="Overview")).to_have_count(0)  # the list grows short
    page.get_by_role("option", name="Make a key", exact=True).click()
    expect(page.get_by_role("dialog", name="Find")).to_be_hidden()
    page.wait_for_url("**/keys#new")
    aria.visit.check()


def test_finding_without_javascript(desk: Callable[..., Desk]) -> None:
    bo = desk(role="clerk", java_script_enabled=False)
    page, owner = bo.enter(), bo.store.resident()
    bo.store.grant(owner)
    page.goto(bo.url)
    page.get_by_role("button", name="Find").click()
    page.get_by_role("searchbox").fill(owner.username)
    page.get_by_role("main").get_by_role("button", name="Find").click()
    page.get_by_role("link", name=owner.username).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{owner.username}'s card")


def test_keys_open_pages_and_can_be_switched_off(desk: Callable[..., Desk]) -> None:
    bo = desk(role="clerk")
    page = bo.enter()
    page.goto(bo.url)
    heading, shortcuts = (
        page.get_by_role("heading", level=1),
        page.get_by_role("dialog", name="Keys"),
    )
    page.keyboard.press("c")  # alone it is nothing
    for pressed, name in {"gr": "Residents", "n": "Send", "gc": "Gift cards"}.items():
        while True:
            for key in pressed:
                page.keyboard.press(key)
            with suppress(AssertionError):  # on a busy machine g may be too long ago for the next
                expect(heading).to_have_text(name, timeout=10_000)
                break
        page.wait_for_load_state()  # before that a key is nobody's
    page.keyboard.press("g")
    page.keyboard.press("k")  # the owners'
    page.keyboard.press("/")
    search = page.get_by_role("searchbox")
    expect(search).to_be_focused()
    assert focus_is_seen(bo.visit)
    search.press_sequentially("n?gr/")
    expect(search).to_have_value("n?gr/")
    expect(heading).to_have_text("Gift cards")
    search.blur()
    page.keyboard.press("Shift+?")
    expect(shortcuts).to_be_visible()
    page.keyboard.press("n")  # not behind a dialog
    shortcuts.get_by_label("Keys without Ctrl").uncheck()
    shortcuts.get_by_role("button", name="Close").click()
    page.keyboard.press("n")
    page.keyboard.press("Shift+?")
    expect(shortcuts).to_be_hidden()
    page.goto(f"{bo.url}/account")
    page.keyboard.press("n")
    page.get_by_role("button", name="All keys, and the switch").click()
    expect(heading).to_have_text("Your account")
    shortcuts.get_by_label("Keys without Ctrl").check()
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    expect(heading).to_have_text("Send")
    bo.visit.check()
