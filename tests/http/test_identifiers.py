"""How a path names a customer."""

from typing import Any
from urllib.parse import quote

import pytest

from gridgift.domain import residents
from gridgift.domain.failures import UsernameTaken
from gridgift.domain.model import Resident
from tests.http.scene import everything, one_engine, unchanged
from tests.shop import JO, KELLY, Shop, problem


def owner(shop: Shop, identifier: str) -> tuple[str, str]:
    """Grant a card to whoever this is, and return who got it."""
    card = shop.grant(quote(identifier, safe=""))
    return card["ownerUuid"], card["ownerUsername"]


@pytest.mark.contract("1.6", "5.1", "5.5", "5.6")
@pytest.mark.parametrize(
    "identifier",
    [
        "kelly", "Kelly", "KELLY", "Kelly Resident", "kelly resident", "kelly.resident",
        "Kelly.RESIDENT", KELLY.uuid, KELLY.uuid.upper(),
    ],
)  # fmt: skip
def test_the_ways_to_write_a_resident_without_a_last_name(shop: Shop, identifier: str) -> None:
    assert owner(shop, identifier) == (KELLY.uuid, "kelly")


@pytest.mark.contract("5.1", "5.5", "5.6")
@pytest.mark.parametrize("identifier", ["jo.winter", "Jo Winter", "JO.WINTER", "jo winter"])
def test_the_ways_to_write_a_resident_with_a_last_name(shop: Shop, identifier: str) -> None:
    assert owner(shop, identifier) == (JO.uuid, "jo.winter")


@pytest.mark.contract("5.2", "5.7", "5.8")
@pytest.mark.parametrize(
    "identifier",
    [
        " ", "kelly ", " kelly", "kelly  resident", "a.b.c", "a b c", ".kelly", "kelly.",
        "kelly_resident", "kelly-resident", "kelly+resident", "k@lly", "kélly", "\u212aelly",
        "kelly\0", "kelly\n", "\0", "kelly\u200b", "a" * 32, f"jo.{'a' * 32}", "x" * 2000,
        "00000000-0000-0000-0000-000000000000", KELLY.uuid.replace("-", ""), f"{{{KELLY.uuid}}}",
        KELLY.uuid[:-1], KELLY.uuid + "0", KELLY.uuid.replace("c", "g", 1), KELLY.uuid + "\n",
        "' OR 1=1 --", "<script>", "%",
    ],
    ids=lambda text: repr(text[:40]),
)  # fmt: skip
@one_engine
def test_malformed(shop: Shop, identifier: str) -> None:
    path = f"/v1/customers/{quote(identifier, safe='')}"
    problem(shop.call("GET", f"{path}/giftcards"), 400, "identifier_malformed")
    with unchanged(shop):
        response = shop.call("POST", f"{path}/actions/grant-gift-card", json={"credit": 5})
        problem(response, 400, "identifier_malformed")


@pytest.mark.contract("5.7")
@one_engine
def test_parts_have_1_to_31_letters_and_digits(shop: Shop) -> None:
    for name in ("a", "7", "a" * 31, f"a.{'b' * 31}", f"{'a' * 31}.{'9' * 31}"):
        response = shop.call("GET", f"/v1/customers/{name}/giftcards")
        problem(response, 404, "resident_not_found")


def rename(shop: Shop, resident: Resident, username: str) -> Any:
    """Note that a resident was seen with another username."""
    return shop.write(residents.remember, Resident(resident.uuid, username), shop.clock.now())


@pytest.mark.contract("5.9", "5.10")
def test_a_renamed_resident(shop: Shop) -> None:
    card = shop.grant("kelly")
    before = shop.call("GET", f"/v1/giftcards/{card['id']}").headers["etag"]
    rename(shop, KELLY, "kelly.moonwall")
    assert shop.card(card["id"]) == card | {"ownerUsername": "kelly.moonwall"}
    assert shop.call("GET", f"/v1/giftcards/{card['id']}").headers["etag"] != before
    for identifier in ("kelly", "Kelly Resident", "kelly.moonwall", "Kelly Moonwall", KELLY.uuid):
        (listed,) = shop.call("GET", f"/v1/customers/{identifier}/giftcards").json()["data"]
        assert listed == card | {"ownerUsername": "kelly.moonwall"}
    rename(shop, KELLY, "kelly")
    assert shop.card(card["id"]) == card


@pytest.mark.contract("5.11")
def test_a_username_stays_with_its_first_resident(shop: Shop) -> None:
    rename(shop, KELLY, "kelly.moonwall")
    for taken in ("kelly", "kelly.moonwall"):
        with pytest.raises(UsernameTaken):
            rename(shop, JO, taken)
    assert owner(shop, "kelly") == (KELLY.uuid, "kelly.moonwall")
    assert owner(shop, "jo.winter") == (JO.uuid, "jo.winter")


@pytest.mark.contract("5.12")
def test_the_first_grant_makes_a_customer(shop: Shop) -> None:
    def customers() -> Any:
        return [(str(s), str(r)) for s, r, *_ in everything(shop)[2]]

    shop.call("GET", "/v1/customers/kelly/giftcards")
    assert customers() == []
    for _ in range(2):
        shop.grant("kelly")
        assert customers() == [(shop.store.id, KELLY.uuid)]
