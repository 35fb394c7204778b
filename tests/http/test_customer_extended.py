"""GET /ext/v1/customer/store, giftcards and residents/{identifier}."""

from collections.abc import Callable
from typing import Any

import pytest

from gridgift.domain import residents, stores
from gridgift.domain.model import Resident
from gridgift.domain.stores import StoreChanges
from gridgift.look_ups import BUDGETS
from tests.api import JO, OWNER, ApiFixture, problem
from tests.http.checks import clean, unchanged
from tests.http.customer_page import CustomerPage
from tests.http.requests import at, ext
from tests.test_directory import FOUND, Resolver

PATH = "/ext/v1/customer"


@pytest.fixture
def page(api: ApiFixture) -> CustomerPage:
    """Kelly's page."""
    return CustomerPage(api)


def hold(api: ApiFixture, card_id: str, amount: int, seconds: int) -> Any:
    response = ext(api, card_id, "holds", {"amount": amount, "expiresIn": seconds})
    assert response.status_code == 201, response.text
    return response.json()


def cards(page: CustomerPage, **query: Any) -> list[Any]:
    """Read a page of the cards; all but what is held is as the compatible list has it."""
    found: list[Any] = page.call("GET", f"{PATH}/giftcards", params=query).json()["data"]
    plain = [{k: v for k, v in card.items() if k not in {"available", "held"}} for card in found]
    assert plain == page.call("GET", "giftcards", params=query).json()["data"]
    for card in found:
        assert card["available"] == card["credit"] - sum(part["amount"] for part in card["held"])
    return found


@pytest.mark.contract("8.54")
def test_the_store_says_whom_to_ask(api: ApiFixture, page: CustomerPage) -> None:
    plain = {"id": api.store.id, "name": "Moonwall Couture", "logo": None}
    found = page.call("GET", f"{PATH}/store")
    assert found.json() == plain | {"contact": "", "locationSlUrl": ""}
    place, hostile = "secondlife://Moon/1/2/3", "<script>alert(1)</script> javascript:x {{7*7}}"
    api.write(
        stores.update, api.store.id, StoreChanges(contact=hostile, location_slurl=place)
    )  # fmt: skip
    found = page.call("GET", f"{PATH}/store")
    assert found.json() == plain | {"contact": hostile, "locationSlUrl": place}


@pytest.mark.contract("8.55")
def test_what_is_held_and_until_when(api: ApiFixture, page: CustomerPage) -> None:
    card, other = api.grant(credit=500)["id"], api.grant(credit=70)["id"]
    late, soon = hold(api, card, 100, 60), hold(api, card, 20, 30)
    shown, free = cards(page)
    assert (shown["id"], shown["credit"], shown["available"]) == (card, 500, 380)
    assert shown["held"] == [
        {"amount": each["amount"], "expiresAt": each["expiresAt"]} for each in (soon, late)
    ]
    assert (free["id"], free["available"], free["held"]) == (other, 70, [])
    api.clock.advance(29.999)
    assert cards(page)[0]["available"] == 380
    api.clock.advance(0.001)  # it comes free by the clock, whether or not a job ran
    assert [part["amount"] for part in cards(page)[0]["held"]] == [100]
    ext(api, card, f"holds/{late['id']}/actions/capture", {"amount": 60})
    (shown, _) = cards(page)
    assert (shown["credit"], shown["available"], shown["held"]) == (440, 440, [])
    clean(api)


@pytest.mark.contract("8.55")
def test_only_ones_own_are_shown_page_by_page(api: ApiFixture, page: CustomerPage) -> None:
    hold(api, api.grant(JO.username)["id"], 5, 60)
    ended = api.grant(expiresAt=at(api, 1))["id"]
    mine = [api.grant(credit=10 + number)["id"] for number in range(4)]
    hold(api, mine[3], 7, 60)
    api.clock.advance(1)
    assert ended not in [card["id"] for card in cards(page)]
    first = page.call("GET", f"{PATH}/giftcards", params={"limit": 3}).json()
    cursor = first["pagination"]["nextCursor"]
    rest = page.call("GET", f"{PATH}/giftcards", params={"limit": 3, "cursor": cursor}).json()
    assert [card["id"] for card in first["data"] + rest["data"]] == mine
    assert [part["amount"] for part in rest["data"][0]["held"]] == [7]
    # a position in one list is none in another, or in somebody else's
    problem(page.call("GET", "giftcards", params={"cursor": cursor}), 400, "cursor_invalid")
    jo = CustomerPage(api, JO.username)
    stolen = jo.call("GET", f"{PATH}/giftcards", params={"cursor": cursor})
    problem(stolen, 400, "cursor_invalid")


@pytest.mark.contract("8.56")
@pytest.mark.parametrize("name", ["jo.winter", "Jo Winter", "JO.WINTER", JO.uuid, JO.uuid.upper()])
def test_who_would_get_a_card(api: ApiFixture, page: CustomerPage, name: str) -> None:
    with unchanged(api):
        found = page.call("GET", f"{PATH}/residents/{name}")
        assert (found.status_code, found.json()) == (
            200, {"uuid": JO.uuid, "username": JO.username},
        )  # fmt: skip


@pytest.mark.contract("8.56")
def test_who_would_not(api: ApiFixture, page: CustomerPage) -> None:
    with unchanged(api):
        problem(page.call("GET", f"{PATH}/residents/no.one"), 404, "resident_not_found")
        nobody = "00000000-0000-0000-0000-000000000000"
        for name in ("a b c", "<b>", "\u212aelly", "%00", "%F0%9F%92%A9", "x" * 400, nobody):
            refused = page.call("GET", f"{PATH}/residents/{name}")
            problem(refused, 400, "identifier_malformed")
        problem(page.call("GET", f"{PATH}/residents/jo.winter", token="x"), 401,
                "customer_token_invalid")  # fmt: skip


@pytest.mark.contract("8.56")
def test_one_without_a_name_is_shown_by_the_uuid(api: ApiFixture, page: CustomerPage) -> None:
    nameless = "b9d4c1f0-0000-4000-8000-0000000000aa"
    api.write(residents.remember, Resident(nameless, nameless))
    found = page.call("GET", f"{PATH}/residents/{nameless}").json()
    assert found == {"uuid": nameless, "username": nameless}


@pytest.mark.contract("8.56")
def test_unknown_names_are_looked_up_on_the_links_budget(make_api: Callable[..., Any]) -> None:
    with Resolver.started() as resolver:
        api = make_api(resolver_url=resolver.url)
        page = CustomerPage(api)
        found = page.call("GET", f"{PATH}/residents/New Comer").json()
        assert found == {"uuid": FOUND, "username": "new.comer"}
        resolver.says(404)
        for number in range(BUDGETS["token"] - 1):
            response = page.call("GET", f"{PATH}/residents/no.one{number}")
            problem(response, 404, "resident_not_found")
        problem(page.call("GET", f"{PATH}/residents/no.two"), 429, "too_many_look_ups")
        card = api.grant(transfer=True)["id"]
        assert page.transfer(card, FOUND).json() is True


@pytest.mark.contract("8.54")
def test_another_store_is_not_shown(api: ApiFixture, page: CustomerPage) -> None:
    elsewhere = api.add_store("Elsewhere", OWNER)
    api.write(stores.update, elsewhere.id, StoreChanges(contact="Ask them"))
    assert page.call("GET", f"{PATH}/store").json()["id"] == api.store.id
