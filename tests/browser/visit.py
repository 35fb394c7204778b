"""A visit of the resident's page, and the store behind it."""

import asyncio
import os
import shutil
import time
import uuid
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Locator, Page, Request, Route

from gridgift.app import connect, now, token_signer
from gridgift.domain import residents, stores, tokens
from gridgift.domain.ids import new_id
from gridgift.domain.keys import NewCredential
from gridgift.domain.model import Caller, Resident
from gridgift.domain.residents import parse_identifier
from gridgift.storage.database import Clock
from tests.serving import Server

# Debian's Chromium; first the one that draws no window around a page, which costs an eighth.
PROGRAMS: Final = ("chromium-headless-shell", "chromium", "chromium-browser")
CHROMIUM: Final = next(filter(None, map(shutil.which, PROGRAMS)), None)
PATIENCE: Final = 60_000  # milliseconds; several browsers and servers share two cores
SHOTS: Final = Path(__file__).parents[2] / "test-results"
KEPT: Final = "TEST_PICTURES" in os.environ  # each takes as long as some tests
PICTURES: Final = "picture-service.secondlife.com"
PHONE, SMALL, DESK = (390, 844), (320, 640), (1280, 800)
PICTURE: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 256 192">'
    '<path fill="#c0587e" d="M0 0h256v192H0z"/><circle cx="96" cy="90" r="60" fill="#e0a080"/>'
    "</svg>"
)
# What stands beyond the right edge of a page that can be moved sideways.
TOO_WIDE: Final = """() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return scrollWidth <= clientWidth ? [] : [...document.querySelectorAll('*')]
        .filter(each => each.getBoundingClientRect().right > clientWidth)
        .map(each => each.outerHTML.slice(0, 100));
}"""


def keep_picture(page: Page, name: str, *, whole: bool) -> None:
    """Keep a picture for people to look at, if they set ``TEST_PICTURES``."""
    if KEPT:
        SHOTS.mkdir(exist_ok=True)
        page.screenshot(path=SHOTS / f"{name}.png", full_page=whole)


def apart(function: Callable[..., Any], *args: Any) -> Any:
    """Call something in a thread without an event loop; Playwright has one in this thread."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function, *args).result()


class Store:
    """The store whose page is visited: what its owner and its residents do elsewhere."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.client = server.client()

    def resident(self, letters: int = 20) -> Resident:
        """Make a resident without cards, whose name has so many letters."""
        new = Resident(str(uuid.uuid4()), f"r{uuid.uuid4().hex[: letters - 8]}.tester")
        self.write(residents.remember, new)
        return new

    def grant(self, resident: Resident, **fields: Any) -> Any:
        """Grant a card that may be passed on."""
        body = {"credit": 500, "transfer": True, **fields}
        return self._post(f"/v1/customers/{resident.uuid}/actions/grant-gift-card", body)

    def hold(self, card: Any, amount: int, seconds: int = 600) -> Any:
        """Reserve a part of a card."""
        body = {"amount": amount, "expiresIn": seconds}
        return self._post(f"/ext/v1/giftcards/{card['id']}/holds", body)

    def deposit(self, resident: Resident, amount: int, **fields: Any) -> None:
        """Deposit store credit."""
        body = {"amount": amount, "reason": "test", "reference": "test", **fields}
        self._post(f"/ext/v1/customers/{resident.uuid}/credit/actions/deposit", body)

    def change(self, card: Any, **fields: Any) -> None:
        """Replace a card's fields."""
        names = ("credit", "texture", "transfer", "active")
        body = {name: card[name] for name in names} | fields
        self.client.put(f"/v1/giftcards/{card['id']}", json=body).raise_for_status()

    def void(self, card: Any, hold: Any) -> None:
        """Free what is held."""
        self._post(f"/ext/v1/giftcards/{card['id']}/holds/{hold['id']}/actions/void", {})

    def card(self, card: Any) -> Any:
        """Read a card."""
        return self.client.get(f"/v1/giftcards/{card['id']}").json()

    def credit(self, resident: Resident) -> int:
        """Read a resident's total."""
        found = self.client.get(f"/ext/v1/customers/{resident.uuid}/credit").json()
        credit: int = found["total"]
        return credit

    def token(self, resident: Resident) -> str:
        """Mint a token."""
        minted: str = self._mint(resident)["token"]
        return minted

    def link(self, resident: Resident) -> str:
        """Mint a link, at the address of this server."""
        return f"{self.server.url}/me#ct={self.token(resident)}"

    def dead_token(self, resident: Resident) -> str:
        """Mint a token that is over before it is used."""
        caller = Caller(self.server.store_id, "operator", "test", "test")
        minted = self.write(
            tokens.mint,
            caller,
            token_signer(self.server.settings),
            parse_identifier(resident.uuid),
            1,
            NewCredential(new_id(), uuid.uuid4().bytes * 2),
            clock=lambda: now() - 1000,
        )
        text: str = minted.token
        return text

    def revoke(self, resident: Resident) -> None:
        """End all tokens of a resident."""
        self.write(tokens.revoke, self.server.store_id, resident)

    def update(self, **changes: Any) -> None:
        """Change the store."""
        self.write(stores.update, self.server.store_id, stores.StoreChanges(**changes))

    def write(self, operation: Any, *args: Any, clock: Clock = now) -> Any:
        """Run an operation on the server's database, by a clock of its own."""

        async def run() -> Any:
            database = connect(self.server.settings, clock)
            try:
                return await database.write(operation, *args)
            finally:
                await database.close()

        return apart(_run, run())

    def _mint(self, resident: Resident) -> Any:
        return self._post("/v1/customer-tokens", {"customerIdentifier": resident.uuid})

    def _post(self, path: str, body: Any) -> Any:
        response = self.client.post(path, json=body)
        response.raise_for_status()
        return response.json()


def _run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(work)


class Visit:
    """One visitor's browser; it notes what the console says and which hosts are called."""

    def __init__(
        self, browser: Browser, store: Store, size: tuple[int, int], **options: Any
    ) -> None:
        self.store = store
        self.complaints: list[str] = []
        self.strangers: list[str] = []
        self.pictures: list[str] = []
        self.posts: list[Request] = []
        self.broken_pictures = False
        width, height = size
        usual = {"locale": "en-GB", "timezone_id": "UTC", "reduced_motion": "reduce"}
        options = usual | options
        self.context = browser.new_context(viewport={"width": width, "height": height}, **options)
        self.context.set_default_timeout(PATIENCE)
        self.context.route(lambda url: not url.startswith(store.server.url), self._elsewhere)
        self.page: Page = self.context.new_page()
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._count)

    def open(self, address: str) -> Page:
        """Go to an address and wait until everything is there."""
        self.page.goto(address)
        self.page.wait_for_selector("#main:not([aria-busy])")
        return self.page

    def greet(self, resident: Resident) -> Page:
        """Open a resident's link and wait for the greeting."""
        page = self.open(self.store.link(resident))
        page.get_by_role("heading", name=f"Hello, {resident.username}", level=1).wait_for()
        return page

    def card(self, card: Any) -> Locator:
        """Find a card on the page."""
        return self.page.locator(f'[data-id="{card["id"]}"]')

    @property
    def dialog(self) -> Locator:
        """The open question."""
        return self.page.get_by_role("dialog")

    @property
    def said(self) -> Locator:
        """What the page said last."""
        return self.page.locator("#said")

    def focused(self) -> str:
        """Return what is read aloud of what has the focus."""
        read = "document.activeElement.ariaLabel ?? document.activeElement.textContent.trim()"
        return str(self.page.evaluate(read))

    def until(self, true: Callable[[], Any]) -> None:
        """Wait until something is true here: what the browser does is told a moment later."""
        deadline = time.monotonic() + PATIENCE / 1000
        while not true():
            assert time.monotonic() < deadline, "not in time"
            self.page.wait_for_timeout(10)

    def shoot(self, name: str, *, whole: bool = False) -> None:
        """Keep a picture for people to look at."""
        keep_picture(self.page, name, whole=whole)

    def check(self, *expected: str) -> None:
        """Assert that nothing complained but what is expected, and nobody else was called."""
        unexpected = [said for said in self.complaints if not any(e in said for e in expected)]
        assert unexpected == []
        assert self.strangers == []
        self.page.wait_for_load_state()  # without its stylesheets a page is as wide as it likes
        assert self.page.evaluate(TOO_WIDE) == []

    def _elsewhere(self, route: Route) -> None:
        """Answer for the picture service; nobody else is reached."""
        if urlsplit(route.request.url).netloc != PICTURES:
            self.strangers.append(route.request.url)
            route.abort()
            return
        self.pictures.append(route.request.url)
        if self.broken_pictures:
            route.fulfill(status=404, body="")
        else:
            route.fulfill(content_type="image/svg+xml", body=PICTURE)

    def _note(self, message: Any) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{message.text} ({message.location.get('url')})")

    def _count(self, request: Request) -> None:
        if request.method == "POST":
            self.posts.append(request)
