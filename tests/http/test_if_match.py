"""``If-Match``: nothing that changes one card overlooks that it has to be in a certain state."""

from typing import Any

import pytest

from gridgift.http.edge.customer_token import CustomerToken
from gridgift.http.edge.route import AnyRoute
from gridgift.http.table import ROUTES
from tests.api import JO, ApiFixture, problem
from tests.http.checks import unchanged
from tests.http.customer_page import CustomerPage
from tests.http.requests import etag_of, path_of, prepared

CHANGING = [route for route in ROUTES if "/giftcards/{id}" in route.path and route.method != "GET"]
each_change = pytest.mark.parametrize("route", CHANGING, ids=lambda r: f"{r.method} {r.path}")


def token_for(api: ApiFixture, route: AnyRoute) -> str:
    return CustomerPage(api).token if isinstance(route.guard, CustomerToken) else ""


@each_change
@pytest.mark.contract("10.9", "10.10")
def test_a_card_in_another_state_is_not_changed(api: ApiFixture, route: AnyRoute) -> None:
    parts, body = prepared(api, route)
    etag, token = etag_of(api, parts["id"]), token_for(api, route)

    def change(if_match: str) -> Any:
        headers = {"If-Match": if_match, "X-Customer-Token": token}
        return api.call(route.method, path_of(route, **parts), json=body, headers=headers)

    with unchanged(api):
        for other in ('"other"', f"W/{etag}"):
            problem(change(other), 412, "precondition_failed")
    assert change(f'"other", {etag}').status_code == route.status


@pytest.mark.contract("8.41", "10.10")
@pytest.mark.parametrize("action", ["redeem", "transfer"])
def test_nobody_hears_of_someone_elses_card(api: ApiFixture, action: str) -> None:
    card = api.grant(JO.username, transfer=True)
    (route,) = (each for each in CHANGING if each.path == f"/v1/customer/giftcards/{{id}}/{action}")
    headers = {"If-Match": '"other"', "X-Customer-Token": token_for(api, route)}
    path = path_of(route, id=card["id"])
    answer = api.call("POST", path, json=route.body_example, headers=headers)
    problem(answer, 404, "gift_card_not_found")
    assert etag_of(api, card["id"]).strip('"') not in answer.text
