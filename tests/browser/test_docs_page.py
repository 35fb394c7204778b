"""The pages for people, in a real browser: all of it shows, works, and comes from here."""

from typing import Any, Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from gridgift.http.edge.problems import BY_CODE
from gridgift.http.table import ROUTES
from tests.browser.screenshots import THEMES
from tests.browser.test_contrast import CONTRAST, IS_DARK
from tests.browser.visit import PATIENCE, Store, keep_picture
from tests.serving import Server

Scheme = Literal["light", "dark"]
# of each operation on the page: the element's id, the method and the path
SHOWN = """() => [...document.querySelectorAll(".opblock")].map(shown => [
    shown.id,
    shown.querySelector(".opblock-summary-method").innerText,
    shown.querySelector(".opblock-summary-path").innerText.replaceAll("\u200b", ""),
])"""
# widths in pixels: of each tag's description, and of what an open operation hides on its right
DESCRIPTIONS = "[...document.querySelectorAll('.opblock-tag > small')].map((e) => e.clientWidth)"
CUT_OFF = (
    "[...document.querySelectorAll('.opblock-body')].map((e) => e.scrollWidth - e.clientWidth)"
)
WIDE, NARROW = (1280, 900), (390, 844)


@pytest.fixture
def server(store: Store) -> Server:
    """The server that the browser's tests share."""
    return store.server


class Visit:
    """A page of the server, with everything that its console and its requests said."""

    def __init__(
        self, browser: Browser, server: Server, size: tuple[int, int], scheme: Scheme
    ) -> None:
        self.server = server
        self.home = urlsplit(server.url).netloc
        self.complaints: list[str] = []
        self.strangers: list[str] = []
        width, height = size
        self.page: Page = browser.new_page(
            viewport={"width": width, "height": height}, color_scheme=scheme
        )
        self.page.set_default_timeout(PATIENCE)
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._look_at)

    def open(self, path: str) -> Page:
        """Go to a path; return the page."""
        self.page.goto(self.server.url + path, wait_until="networkidle")
        return self.page

    def shoot(self, name: str, *, whole: bool = True) -> None:
        """Keep a picture for people to look at."""
        keep_picture(self.page, name, whole=whole)

    def check(self) -> None:
        """Assert that nothing complained, left the house, or stood out to the right."""
        assert self.complaints == []
        assert self.strangers == []
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert self.page.evaluate(wide) <= 0

    def _note(self, message: Any) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{message.text} ({message.location.get('url')})")

    def _look_at(self, request: Any) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in {"data", "blob"} and parts.netloc != self.home:
            self.strangers.append(request.url)


@pytest.mark.parametrize(
    ("size", "scheme"), [(WIDE, "light"), (NARROW, "dark")], ids=["wide", "narrow"]
)
def test_the_reference_shows_every_operation(
    browser: Browser, server: Server, size: tuple[int, int], scheme: Scheme
) -> None:
    visit = Visit(browser, server, size, scheme)
    page = visit.open("/docs")
    expect(page.locator(".opblock")).to_have_count(len(ROUTES))
    shown = {id_: (method, path) for id_, method, path in page.evaluate(SHOWN)}
    for route in ROUTES:
        tag = route.tag.name.replace(" ", "_").replace(",", "\\,")  # Swagger UI escapes ids
        assert shown.pop(f"operations-{tag}-{route.name}") == (route.method, route.path)
    assert shown == {}
    widths = page.evaluate(DESCRIPTIONS)
    assert len(widths) == len({route.tag.name for route in ROUTES})
    assert min(widths) >= 300
    assert '"links"' not in page.request.get(f"{server.url}/openapi.json").text()  # no column
    visit.check()
    visit.shoot(f"docs-{scheme}-{size[0]}")
    page.locator("#operations-Gift_cards-update_gift_card .opblock-summary").click()
    expect(page.locator("#operations-Gift_cards-update_gift_card .responses-table")).to_be_visible()
    assert page.evaluate(CUT_OFF) == [0]
    visit.shoot(f"docs-operation-{scheme}-{size[0]}")
    visit.check()
    page.close()


def test_trying_it_out_calls_the_server(browser: Browser, server: Server) -> None:
    visit = Visit(browser, server, WIDE, "light")
    page = visit.open("/docs")
    page.get_by_role("button", name="Authorize").first.click()
    page.locator(".modal-ux input[type=text], .modal-ux input[type=password]").first.fill(
        server.key
    )
    visit.shoot("docs-authorize", whole=False)
    page.locator(".modal-ux button.authorize").first.click()
    page.locator(".modal-ux .btn-done").first.click()
    operation = page.locator("#operations-Store-get_store")
    operation.locator(".opblock-summary").click()
    operation.get_by_role("button", name="Execute").click()
    answer = operation.locator(".live-responses-table .response").first
    expect(answer.locator(".response-col_status")).to_contain_text("200")
    expect(answer).to_contain_text("Moonwall Couture")
    curl, copy = (operation.locator(f".curl-command {part}") for part in (".curl", "button"))
    assert top_of(copy) + copy.evaluate("(e) => e.offsetHeight") <= top_of(curl)
    visit.shoot("docs-tried")
    visit.check()
    for scheme in THEMES:
        page.emulate_media(color_scheme=scheme)
        page.wait_for_function(IS_DARK, arg=scheme == "dark")
        assert page.evaluate(CONTRAST, "") == [], scheme
    page.close()


def top_of(shown: Locator) -> float:
    """Return where an element begins, in pixels from the top."""
    return float(shown.evaluate("(e) => e.getBoundingClientRect().top"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_the_pages_on_errors(
    browser: Browser, server: Server, size: tuple[int, int], scheme: Scheme
) -> None:
    visit = Visit(browser, server, size, scheme)
    page = visit.open("/errors")
    expect(page.locator("dt a")).to_have_text(list(BY_CODE))
    visit.shoot(f"errors-{scheme}-{size[0]}")
    visit.check()
    page.get_by_role("link", name="gift_card_redeemed").click()
    expect(page.locator("h1")).to_have_text(BY_CODE["gift_card_redeemed"].title)
    visit.shoot(f"error-{scheme}-{size[0]}")
    visit.check()
    page.close()
