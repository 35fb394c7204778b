"""The first page: its figures are those of the ledger."""

import re

from gridgift.domain.instants import DAY, format_instant
from tests.api import JO, KELLY, START, ApiFixture
from tests.dashboard.people import Browser, People
from tests.http.checks import one_engine


def figures(page: str) -> list[int]:
    """Return the large figures of a page, in L$."""
    found = re.findall(r'class="figure">L\$\xa0([\d,]+)<', page)
    return [int(text.replace(",", "")) for text in found]


def test_the_figures_are_what_is_owed(api: ApiFixture, people: People, aria: Browser) -> None:
    assert figures(aria.get("/dashboard").text) == [0, 0, 0]
    api.grant(KELLY.username, 1000)
    soon = format_instant(START + 5 * DAY)
    api.grant(KELLY.username, 250, expiresAt=soon)
    off = api.grant(JO.username, 70)
    assert api.call("POST", f"/v1/giftcards/{off['id']}/actions/disable").status_code == 200
    path = f"/ext/v1/customers/{JO.uuid}/credit/actions/deposit"
    sent = {"amount": 30, "reason": "gift", "reference": "1", "expiresAt": soon}
    assert api.call("POST", path, json=sent).status_code == 200
    page = aria.get("/dashboard").text
    assert figures(page) == [1280, 280, 70]
    assert "L$\xa01,250 on 2 cards · L$\xa030 store credit" in page
    assert "L$\xa0250 on 1 card · L$\xa030 store credit" in page
    assert "Your shop&#39;s programs" in page
    held = api.sql("SELECT SUM(credit) FROM gift_cards")[0][0] + 30
    assert sum(figures(page)) - 280 == held
    api.clock.advance(6 * DAY // 1000)
    aria.use_link(people.link("Aria"))
    assert figures(aria.get("/dashboard").text) == [1000, 0, 350]


@one_engine
def test_another_stores_credit_is_not_among_it(
    api: ApiFixture, people: People, aria: Browser
) -> None:
    other = api.add_store("Elsewhere", JO)
    key = api.add_key("giftcards:write", store=other).key
    grant = f"/v1/customers/{KELLY.username}/actions/grant-gift-card"
    api.call("POST", grant, json={"credit": 5}, key=key)
    assert figures(aria.get("/dashboard").text) == [0, 0, 0]


@one_engine
def test_a_clerk_sees_it_too(bo: Browser) -> None:
    assert figures(bo.get("/dashboard").text) == [0, 0, 0]
