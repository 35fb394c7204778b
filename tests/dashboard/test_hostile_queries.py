"""Addresses of the dashboard with texts that nobody types: an answer for people, and no failure."""

import pytest

from gridgift.dashboard.page import AnyPage
from gridgift.dashboard.table import PAGES
from tests.api import ApiFixture
from tests.dashboard.people import (
    FORMS,
    PASSWORD,
    Browser,
    People,
    address_of,
    fields_of,
    name_of,
)

HOSTILE = ("%00", "a%0Ab", "%FF", "%ED%A0%80", "%E2%80%AE", "%2500", "-1", "9" * 20, "a" * 3000)


def queried() -> list[AnyPage]:
    """Return the pages that need no id and have members in their query."""
    return [
        page
        for page in PAGES
        if page.method == "GET" and "{" not in page.path and page.query is not None
    ]


@pytest.mark.parametrize("page", queried(), ids=lambda page: page.path)
def test_no_text_in_an_address_is_a_failure(aria: Browser, page: AnyPage) -> None:
    for name in page.query.__struct_fields__:
        for text in HOSTILE:
            answer = aria.get(f"{page.path}?{name}={text}")
            assert answer.status_code < 500, (name, text)


@pytest.mark.parametrize("page", FORMS, ids=name_of)
def test_no_text_in_a_form_is_a_failure(aria: Browser, page: AnyPage) -> None:
    aria.get("/dashboard")
    for name in page.body.__struct_fields__:
        for text in ("a\0b", "\u202e" * 3000):
            answer = aria.post(address_of(page), fields_of(page) | {name: text})
            assert answer.status_code < 500, (name, text)


def test_no_text_of_a_visitor_is_a_failure(people: People) -> None:
    stranger = people.browser()
    stranger.get("/dashboard/sign-in")
    refused = stranger.post("/dashboard/sign-in", {"name": "a\0b", "password": PASSWORD})
    assert refused.status_code == 401


def test_the_name_of_a_file_is_kept_as_it_can_be_shown(api: ApiFixture, aria: Browser) -> None:
    aria.get("/dashboard/send")
    kept = aria.upload("/dashboard/send", {"credit": "5"}, "a\0\u202eb.csv", b"name\nkelly\n")
    assert kept.status_code == 303
    assert api.sql("SELECT file FROM sendings") == [
        ("a\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}b.csv",)
    ]
