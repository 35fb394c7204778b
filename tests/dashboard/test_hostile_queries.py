"""Addresses of the dashboard with texts that nobody types: an answer for people, and no failure."""

import pytest

from gridgift.dashboard.page import AnyPage
from gridgift.dashboard.table import PAGES
from tests.dashboard.people import Browser

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
