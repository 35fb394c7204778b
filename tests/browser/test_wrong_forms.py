"""A form that was refused, in a browser: whoever sent it sees why, wherever the form stands."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from gridgift.domain import operators
from gridgift.domain.ids import new_id
from tests.api import operator
from tests.browser.test_dashboard import Desk, desk
from tests.browser.visit import PHONE, Visit

__all__ = ["desk"]


@pytest.mark.parametrize("scripts", [True, False], ids=["", "no scripts"])
def test_below_a_long_list_on_a_phone(desk: Callable[..., Desk], scripts: bool) -> None:
    aria = desk(PHONE, java_script_enabled=scripts)
    for _ in range(12):
        aria.store.write(
            operators.add, operator(aria.store.server.store_id), f"Bo {new_id()}", "clerk", new_id()
        )
    page = aria.enter()
    page.goto(f"{aria.url}/team")
    page.get_by_role("link", name="Add somebody").click()
    name = page.get_by_label("Name", exact=True)
    expect(name).to_be_in_viewport()
    name.fill(aria.name)
    page.get_by_role("button", name="Add, and make a link").click()
    expect(page.locator("#name-problem")).to_be_in_viewport()
    expect(name).to_be_focused()
    aria.visit.check("status of 4")


def test_without_scripts_a_residents_page_only_says_that_it_needs_them(
    visits: Callable[..., Visit],
) -> None:
    visit = visits(PHONE, java_script_enabled=False)
    visit.page.goto(f"{visit.store.server.url}/me")
    expect(visit.page.locator("noscript p")).to_be_visible()
    expect(visit.page.locator("#lead")).to_be_hidden()
