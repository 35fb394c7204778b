"""Sums at the largest amount: what fits is exact, the rest is refused, on both engines alike."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.api import ApiFixture, problem
from tests.http.checks import clean, unchanged
from tests.http.customer_page import CustomerPage
from tests.http.requests import change_credit, credit_of, ext

MAX = 2_147_483_647
Prepared = tuple[Callable[[], Any], Callable[[], int]]


def adjusting(api: ApiFixture, before: int, more: int) -> Prepared:
    card = api.grant(credit=before)["id"]
    body = {"delta": more, "reason": "x"}
    return lambda: ext(api, card, "adjust", body), lambda: int(api.card(card)["credit"])


def depositing(api: ApiFixture, before: int, more: int) -> Prepared:
    change_credit(api, "deposit", before)
    return lambda: change_credit(api, "deposit", more), lambda: int(credit_of(api)["total"])


def redeeming(api: ApiFixture, before: int, more: int) -> Prepared:
    page, card = CustomerPage(api), api.grant(credit=more)["id"]
    change_credit(api, "deposit", before)
    return lambda: page.redeem(card), lambda: int(credit_of(api)["total"])


def refunding(api: ApiFixture, before: int, more: int) -> Prepared:
    change_credit(api, "deposit", more)
    spend = change_credit(api, "spend", more).json()["id"]
    change_credit(api, "deposit", before)
    return (
        lambda: change_credit(api, "refund", more, spend=spend),
        lambda: int(credit_of(api)["total"]),
    )


@pytest.mark.contract("10.35", "10.55")
@pytest.mark.parametrize("adding", [adjusting, depositing, redeeming, refunding])
@pytest.mark.parametrize(
    ("before", "more"),
    [(MAX - 2, 1), (MAX - 1, 1), (1, MAX - 1), (MAX, 1), (1, MAX), (2, MAX - 1), (MAX, MAX)],
)
def test_what_is_added(
    api: ApiFixture, adding: Callable[..., Prepared], before: int, more: int
) -> None:
    send, balance = adding(api, before, more)
    if before + more > MAX:
        with unchanged(api):
            problem(send(), 400 if adding is redeeming else 409, "credit_limit_exceeded")
        assert balance() == before
    else:
        assert send().status_code == 200
        assert balance() == before + more
    clean(api)


@pytest.mark.contract("10.61")
@pytest.mark.parametrize("amount", [5, 6, MAX - 4, MAX - 1, MAX])
def test_a_refund_of_more_than_is_left(api: ApiFixture, amount: int) -> None:
    change_credit(api, "deposit", 5)
    spend = change_credit(api, "spend", 5).json()["id"]
    change_credit(api, "refund", 1, spend=spend)
    change_credit(api, "spend", 1)  # an empty account has room for the largest amount
    with unchanged(api):
        refused = change_credit(api, "refund", amount, spend=spend)
        assert problem(refused, 409, "refund_exceeds_spend")["refundable"] == 4
    assert change_credit(api, "refund", 4, spend=spend).json()["total"] == 4


@pytest.mark.contract("10.38", "10.48")
def test_all_that_one_card_can_have(api: ApiFixture) -> None:
    card = api.grant(credit=MAX, transfer=True)["id"]
    body = {"amount": MAX, "expiresIn": 60}
    for action in ("void", "capture"):
        hold = ext(api, card, "holds", body).json()["id"]
        with unchanged(api):
            refused = ext(api, card, "holds", {"amount": 1, "expiresIn": 60})
            assert problem(refused, 409, "insufficient_credit")["available"] == 0
            down = ext(api, card, "adjust", {"delta": -MAX, "reason": "x"})
            assert problem(down, 409, "insufficient_credit")["available"] == 0
        assert ext(api, card, f"holds/{hold}/actions/{action}").json()["amount"] == MAX
    assert api.card(card)["credit"] == 0
    lost = api.grant(credit=MAX)["id"]
    found = ext(api, lost, "reissue", {"reason": "lost"}).json()
    assert found["credit"] == MAX
    assert ext(api, found["id"], "adjust", {"delta": -MAX, "reason": "x"}).json()["credit"] == 0
    clean(api)
