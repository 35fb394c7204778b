"""Clocks that differ: for a card or an account time does not go back, whichever clock is asked."""

import pytest

from gridgift.http.edge.api_key import ApiKey
from gridgift.http.edge.route import AnyRoute
from gridgift.http.table import ROUTES
from tests.api import ApiFixture, problem
from tests.http.checks import clean
from tests.http.customer_page import CustomerPage
from tests.http.requests import change_credit, credit_of, ext, path_of, prepared, sent

HOUR = 3600
GRANTS = ("/actions/grant-gift-card", "/giftcards/bulk")  # write the first entries of new cards
CHANGES = [
    route
    for route in ROUTES
    if route.keyed and isinstance(route.guard, ApiKey) and not route.path.endswith(GRANTS)
]
BACKWARDS = """
SELECT b.kind FROM entries a JOIN entries b ON a.store_id = b.store_id
    AND a.account_kind = b.account_kind AND a.account_id = b.account_id AND b.seq = a.seq + 1
WHERE b.created_at < a.created_at
"""


@pytest.mark.parametrize("route", CHANGES, ids=lambda route: f"{route.method} {route.path}")
def test_no_entry_is_older_than_the_one_before(api: ApiFixture, route: AnyRoute) -> None:
    parts, body = prepared(api, route)
    api.clock.advance(-HOUR)
    response = api.call(route.method, path_of(route, **parts), **sent(route, body))
    assert response.status_code == route.status, response.text
    assert api.sql(BACKWARDS) == []
    clean(api)


@pytest.mark.contract("10.41", "10.43")
def test_what_was_held_twice_is_captured_once(api: ApiFixture) -> None:
    card = api.grant(credit=100)["id"]
    first = ext(api, card, "holds", {"amount": 60, "expiresIn": 60}).json()["id"]
    api.clock.advance(61)
    second = ext(api, card, "holds", {"amount": 100, "expiresIn": HOUR}).json()["id"]
    api.clock.advance(-30)  # the next server's clock is behind
    shown = api.call("GET", f"/ext/v1/giftcards/{card}").json()
    assert (shown["credit"], shown["available"]) == (100, 0)
    problem(ext(api, card, f"holds/{first}/actions/capture"), 409, "hold_closed")
    assert ext(api, card, f"holds/{second}/actions/capture").status_code == 200
    clean(api)


@pytest.mark.contract("8.40")
def test_a_card_that_was_seen_to_be_over_stays_so(api: ApiFixture) -> None:
    page = CustomerPage(api)
    card = api.grant(expiresAt="2026-09-22T00:00:00Z", transfer=True)["id"]
    api.clock.advance(48 * HOUR)
    ext(api, card, "adjust", {"delta": 1, "reason": "why"})
    api.clock.advance(-47.5 * HOUR)
    problem(page.redeem(card), 400, "gift_card_expired")
    problem(
        ext(api, card, "transfer", {"receiverIdentifier": "jo.winter"}), 409, "gift_card_expired"
    )


def test_credit_that_was_seen_to_be_over_stays_so(api: ApiFixture) -> None:
    """A refund goes back to a lot that is over, which no clock that is behind opens again."""
    change_credit(api, "deposit", 5, expiresAt="2026-09-22T00:00:00Z")
    spend = change_credit(api, "spend", 3).json()["id"]
    api.clock.advance(48 * HOUR)
    change_credit(api, "deposit", 7)
    api.clock.advance(-47.5 * HOUR)
    assert change_credit(api, "refund", 3, spend=spend).json()["total"] == 7
    assert credit_of(api)["total"] == 7
    clean(api)


def test_a_deposit_ends_after_what_was_seen_of_its_account(api: ApiFixture) -> None:
    api.clock.advance(48 * HOUR)
    change_credit(api, "deposit", 7)
    api.clock.advance(-47.5 * HOUR)
    late = change_credit(api, "deposit", 5, expiresAt="2026-09-22T00:00:00Z")
    problem(late, 400, "validation_failed")
    assert credit_of(api)["total"] == 7
    clean(api)


def test_a_redeemed_card_gives_credit_that_is_good_in_its_account(api: ApiFixture) -> None:
    """The account's newest entry is later than the card's end: so the card's end has come."""
    page = CustomerPage(api)
    card = api.grant(expiresAt="2026-09-22T00:00:00Z")["id"]
    api.clock.advance(48 * HOUR)
    change_credit(api, "deposit", 5)
    api.clock.advance(-47.5 * HOUR)
    problem(page.redeem(card), 400, "gift_card_expired")
    clean(api)
