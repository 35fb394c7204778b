"""What a browser loads for a first page, and how much that is on the wire."""

import gzip
import re
from pathlib import Path
from typing import Final

import pytest

import gridgift.http
from tests.api import ApiFixture
from tests.dashboard.people import Browser, People
from tests.http.checks import one_engine

FIRST_PAGE: Final = 40_000  # bytes
STATIC: Final = Path(gridgift.http.__file__).parent / "static"
GZIP: Final = {"Accept-Encoding": "br;q=1.0, gzip;q=0.8"}


@one_engine
def test_a_first_page_weighs_little(api: ApiFixture, aria: Browser) -> None:
    page = aria.get("/dashboard", Accept_Encoding="gzip", Sec_Fetch_Site="none")
    weight = int(page.headers["content-length"])
    loaded = re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text)
    assert len(loaded) == 6
    for path in loaded:
        response = api.call("GET", path, key=None, headers=GZIP)
        assert response.status_code == 200
        assert response.headers["content-encoding"] == "gzip"
        weight += int(response.headers["content-length"])
    assert weight < FIRST_PAGE


@pytest.mark.parametrize(
    ("site", "accepted", "compressed"),
    [
        ("none", "gzip", True),
        ("same-origin", "br, gzip", True),
        ("same-origin", "identity", False),
        ("same-site", "gzip", False),
        ("cross-site", "gzip", False),
        ("", "gzip", False),
    ],
)
@one_engine
def test_a_page_is_compressed_unless_another_site_leads_to_it(
    aria: Browser, site: str, accepted: str, compressed: bool
) -> None:
    page = aria.get("/dashboard/find?q=kelly", Accept_Encoding=accepted, Sec_Fetch_Site=site)
    assert ("content-encoding" in page.headers) == compressed
    assert (int(page.headers["content-length"]) < len(page.content)) == compressed
    assert page.text.endswith("</html>")


@pytest.mark.parametrize("name", ["dashboard.css", "vendor/htmx-4.0.1/htmx.min.js", "icon.svg"])
@one_engine
def test_a_file_is_the_same_compressed_or_not(api: ApiFixture, name: str) -> None:
    whole = (STATIC / name).read_bytes()
    small = api.call("GET", f"/static/{name}", key=None, headers=GZIP)
    plain = api.call("GET", f"/static/{name}", key=None, headers={"Accept-Encoding": "identity"})
    assert (small.content, plain.content) == (whole, whole)
    assert int(small.headers["content-length"]) == len(gzip.compress(whole, 9, mtime=0))
    assert "content-encoding" not in plain.headers
    assert small.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
    assert small.headers["content-type"] == plain.headers["content-type"]
    for response in (small, plain):
        known = {"If-None-Match": response.headers["etag"], **GZIP}
        assert api.call("GET", f"/static/{name}", key=None, headers=known).status_code == 304


@one_engine
def test_the_bare_address_leads_to_the_dashboard(
    api: ApiFixture, people: People, aria: Browser
) -> None:
    led = aria.get("/")
    assert (led.status_code, led.headers["location"]) == (303, "/dashboard")
    stranger = people.browser()
    stranger.get("/dashboard/sign-in")
    assert stranger.cookies
    assert stranger.get("/").status_code == 200
    assert api.call("GET", "/", key=None).status_code == 200
