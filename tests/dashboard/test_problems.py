"""What people are told when there is no page: in their words, and with a way on."""

import re
from html import unescape

import pytest

from gridgift.dashboard.page import AnyPage
from gridgift.dashboard.table import PAGES
from tests.dashboard.people import UNKNOWN, Browser, People, address_of, name_of
from tests.http.checks import one_engine

PROGRAMS = re.compile(r"\b(cursor|customer|JSON|body|endpoint|header)\b", re.IGNORECASE)
ABOUT_ONE = [
    page for page in PAGES if page.method == "GET" and "{" in page.path and "link" not in page.path
]
LISTS = [
    page
    for page in PAGES
    if page.method == "GET"
    and page.media_type == "text/html"
    and page.query is not None
    and "{" not in page.path
    and "cursor" in page.query.__struct_fields__
    and page.path != "/dashboard/cards/many"  # has no pages
]


def ways(text: str) -> dict[str, str]:
    """Return where the buttons of a page that stands alone lead, by what they say."""
    found = re.findall(r'<a class="button[^"]*" href="([^"]*)">(.*?)</a>', text)
    return {unescape(label): unescape(address) for address, label in found}


def told(text: str) -> str:
    """Return what such a page says, or one of the dashboard."""
    main = text.partition('<main id="main"')[2].partition("</main>")[0]
    return " ".join(unescape(re.sub("<[^>]+>", " ", main)).split())


@pytest.mark.parametrize("page", ABOUT_ONE, ids=name_of)
@one_engine
def test_what_is_not_there_leads_to_what_is(aria: Browser, page: AnyPage) -> None:
    address = address_of(page)
    answer = aria.get(address)
    assert answer.status_code == 404, address
    assert not PROGRAMS.search(told(answer.text)), told(answer.text)
    (label, nearest), *_ = ways(answer.text).items()
    assert address.startswith(f"{nearest}/"), label
    assert aria.get(nearest).status_code == 200
    assert ways(answer.text)["To the dashboard"] == "/dashboard"


@pytest.mark.parametrize("page", LISTS, ids=name_of)
@one_engine
def test_a_list_that_was_cut_off_begins_anew(aria: Browser, page: AnyPage) -> None:
    answer = aria.get(f"{page.path}?cursor=abc")
    assert answer.status_code == 400
    assert not PROGRAMS.search(told(answer.text)), told(answer.text)
    if page.again is None:  # else it is the page itself, with what else was asked for
        assert ways(answer.text)["Show it from its beginning"] == page.path


@one_engine
def test_a_day_that_is_none_is_told_in_words(aria: Browser) -> None:
    answer = aria.get("/dashboard/residents?ends_by=20266-01-01")
    assert answer.status_code == 400
    assert "What was typed, or stands in the address, must be a date like" in told(answer.text)
    assert ways(answer.text)["Show it from its beginning"] == "/dashboard/residents"
    answer = aria.get("/dashboard/export/entries.csv?first=2026-11-20&last=2026-11-01")
    assert "must not be before the first day" in told(answer.text)
    assert ways(answer.text)["To Export"] == "/dashboard/export"
    answer = aria.get("/dashboard/moved?what=held&last=20266-01-01")
    assert answer.status_code == 400
    assert 'value="20266-01-01"' in answer.text
    assert re.search(r'<p class="problem" id="last-problem">Must be a date like', answer.text)
    assert 'aria-current="true">Held</a>' in answer.text


@one_engine
def test_nobody_is_led_where_they_may_not_go(people: People) -> None:
    people.add("Aria")
    answer = people.signed_in("Bo", "clerk").get(f"/dashboard/webhooks/{UNKNOWN}")
    assert answer.status_code == 403
    assert ways(answer.text) == {"To the dashboard": "/dashboard"}


@one_engine
def test_a_form_that_is_too_large_or_broken_is_told_in_words(aria: Browser) -> None:
    aria.get("/dashboard/keys")
    for fields, words in (
        ({"name": "x" * 10_000_000}, "That is too much at once"),
        ({f"n{number}": "x" for number in range(3_000)}, "The form did not arrive whole"),
    ):
        answer = aria.post("/dashboard/keys", fields)
        assert answer.status_code in {400, 413}
        said = told(answer.text)
        assert words in said and "Nothing was changed." in said
        assert not PROGRAMS.search(said), said
