"""Pictures of every page for ``docs/dashboard.md``: ``make screenshots``.

The demo is served, its owner signs in, and links are followed from page to page until each kind of
page was met. Each is taken at two widths and in both themes.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Error, Page, sync_playwright

from gridgift.dashboard.table import PAGES
from tests.browser.conftest import QUIET
from tests.browser.visit import CHROMIUM, DESK, PHONE, PICTURE, PICTURES

Theme = Literal["light", "dark"]

FOLDER: Final = Path(__file__).parents[2] / "docs" / "screenshots"
SHOWN: Final = ("1280-light", "390-dark")  # what the document shows, and the repository keeps
HOME: Final = "/dashboard"
SIZES: Final = (DESK, PHONE)
THEMES: Final[tuple[Theme, Theme]] = ("light", "dark")
MOST: Final = 200  # pages that are opened on the way
LINKS: Final = "nodes => nodes.map(node => node.getAttribute('href'))"
# what a page that is chosen for needs to have something to show
CHOSEN: Final = {f"{HOME}/cards/many": "?every=true&show=soon", f"{HOME}/find": "?q=kelly"}
APART: Final = {f"{HOME}/link/{{token}}"}  # no page leads there


def name_of(path: str) -> str:
    """Name the picture of a kind of page: /dashboard/cards/{id} is cards-id."""
    parts = re.findall(r"\w+", path.removeprefix(HOME))
    return "-".join(parts) or "overview"


def kinds() -> list[str]:
    """Return the paths of all pages that can be opened."""
    shown = (page for page in PAGES if page.method == "GET" and page.media_type == "text/html")
    return sorted({page.path for page in shown} - APART)


def main() -> None:
    """Take all pictures anew; exit with 1 if a page was not met."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        demo(Path(folder)) as made,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        state = sign_in(browser, made["signIn"])
        send(browser, made["url"], state)
        change_many(browser, made["url"], state)
        met = walk(browser, made["url"], state)
        missing = {name_of(path) for path in kinds()} - met.keys()
        strangers = {"resident": made["link"], "start": f"{made['url']}/"}
        for name, address in sorted((met | strangers).items()):
            take(browser, name, address, None if name in strangers else state)
        browser.close()
    print(f"{len(met)} pages are in {FOLDER}")
    if missing:
        sys.exit(f"No link leads to {', '.join(sorted(missing))}.")


@contextmanager
def demo(folder: Path) -> Iterator[Any]:
    """Serve the demo on a free port, and yield what it says of itself."""
    given = {name: text for name, text in os.environ.items() if not name.startswith("GRIDGIFT_")}
    database = {"GRIDGIFT_DATABASE_URL": f"sqlite:///{folder}/demo.db"}
    command = [sys.executable, "-m", "gridgift", "demo", "--json"]
    with subprocess.Popen(
        command, env=given | database, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            yield _read(process)
        finally:
            process.terminate()


def _read(process: "subprocess.Popen[str]") -> Any:
    """Read the JSON that the demo prints before it serves."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        try:
            return json.loads(said)
        except ValueError:
            continue
    raise RuntimeError(f"the demo did not begin: {said}")


def opened(browser: Browser, state: Any, size: tuple[int, int], theme: Theme) -> BrowserContext:
    """Open a browser of this size and theme; pictures of textures are drawn, for want of a net."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme=theme, storage_state=state
    )
    context.route(
        f"**/{PICTURES}/**",
        lambda route: route.fulfill(body=PICTURE, content_type="image/svg+xml"),
    )
    return context


def sign_in(browser: Browser, link: str) -> Any:
    """Use the owner's link; return the browser's cookies."""
    with opened(browser, None, DESK, "light") as context:
        page = context.new_page()
        page.goto(link)
        page.get_by_role("button", name="Sign in").click()
        return context.storage_state()


def send(browser: Browser, url: str, state: Any) -> None:
    """Begin to send cards, so that there is a page that says what would be sent."""
    with opened(browser, state, DESK, "light") as context:
        page = context.new_page()
        page.goto(f"{url}{HOME}/send")
        page.fill("#to", "kelly.moonwall, jo.winter, nobody.known")
        page.fill("#credit", "500")
        page.get_by_role("button", name="Check before sending").click()


def change_many(browser: Browser, url: str, state: Any) -> None:
    """Tag many cards, so that there is a page that says what came of it."""
    with opened(browser, state, DESK, "light") as context:
        page = context.new_page()
        page.goto(f"{url}{HOME}/cards/many?every=true&show=soon")
        page.get_by_label("Give them a tag").check()
        page.get_by_label("Tag", exact=True).fill("ends soon")
        page.get_by_role("button", name="Show what will happen").click()
        page.get_by_role("button", name="Give them a tag").click()
        page.get_by_role("link", name="What came of each as CSV").wait_for()


def walk(browser: Browser, url: str, state: Any) -> dict[str, str]:
    """Follow links until each kind of page was met; return an address of each, by its name."""
    wanted = {path: _pattern(path) for path in kinds()}
    met: dict[str, str] = {}
    with opened(browser, state, DESK, "light") as context:
        page, seen = context.new_page(), set[str]()
        ahead = [path for path in wanted if "{" not in path]
        while ahead and len(seen) < MOST:
            path = ahead.pop(0)
            kind = next((kind for kind, form in wanted.items() if form.fullmatch(path)), None)
            if kind is None or path in seen or name_of(kind) in met:
                continue
            seen.add(path)
            address = url + path + CHOSEN.get(path, "")
            if _open(page, address):
                met[name_of(kind)] = address
                ahead += _links(page)
    return met


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"{\w+}", "[^/]+", path))


def _open(page: Page, address: str) -> bool:
    """Tell whether there is a page: not a file, nor somewhere else."""
    try:
        response = page.goto(address)
    except Error:  # a download is no page
        return False
    kind = "" if response is None else response.headers.get("content-type", "")
    is_there = urlsplit(page.url).path == urlsplit(address).path
    return response is not None and response.ok and kind.startswith("text/html") and is_there


def _links(page: Page) -> Sequence[str]:
    """Return the paths of the dashboard to which the page leads."""
    found = page.locator(f'a[href^="{HOME}"]').evaluate_all(LINKS)
    return [urlsplit(each).path for each in found]


def take(browser: Browser, name: str, address: str, state: Any) -> None:
    """Take a page at all sizes and in all themes."""
    for size in SIZES:
        for theme in THEMES:
            with opened(browser, state, size, theme) as context:
                page = context.new_page()
                page.goto(address)
                page.wait_for_load_state("networkidle")
                page.screenshot(path=FOLDER / f"{name}-{size[0]}-{theme}.png")


if __name__ == "__main__":
    main()
