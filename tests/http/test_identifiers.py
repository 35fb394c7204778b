"""How a path names a customer."""

from typing import Any
from urllib.parse import quote

import pytest

from gridgift.domain import residents
from gridgift.domain.failures import UsernameTaken
from gridgift.domain.model import Resident
from tests.api import JO, KELLY, ApiFixture, problem
from tests.http.checks import one_engine, unchanged


def owner(api: ApiFixture, identifier: str) -> tuple[str, str]:
    """Grant a card to whoever this is, and return who got it."""
    card = api.grant(quote(identifier, safe=""))
    return card["ownerUuid"], card["ownerUsername"]


@pytest.mark.contract("1.6", "5.1", "5.5", "5.6")
@pytest.mark.parametrize(
    "identifier",
    [
        "kelly", "Kelly", "KELLY", "Kelly Resident", "kelly resident", "kelly.resident",
        "Kelly.RESIDENT", KELLY.uuid, KELLY.uuid.upper(),
    ],
)  # fmt: skip
def test_the_ways_to_write_a_resident_without_a_last_name(api: ApiFixture, identifier: str) -> None:
    assert owner(api, identifier) == (KELLY.uuid, "kelly")


@pytest.mark.contract("5.1", "5.5", "5.6")
@pytest.mark.parametrize("identifier", ["jo.winter", "Jo Winter", "JO.WINTER", "jo winter"])
def test_the_ways_to_write_a_resident_with_a_last_name(api: ApiFixture, identifier: str) -> None:
    assert owner(api, identifier) == (JO.uuid, "jo.winter")


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
def test_malformed(api: ApiFixture, identifier: str) -> None:
    path = f"/v1/customers/{quote(identifier, safe='')}"
    problem(api.call("GET", f"{path}/giftcards"), 400, "identifier_malformed")
    with unchanged(api):
        response = api.call("POST", f"{path}/actions/grant-gift-card", json={"credit": 5})
        problem(response, 400, "identifier_malformed")


@pytest.mark.contract("5.7")
@one_engine
def test_parts_have_1_to_31_letters_and_digits(api: ApiFixture) -> None:
    for name in ("a", "7", "a" * 31, f"a.{'b' * 31}", f"{'a' * 31}.{'9' * 31}"):
        response = api.call("GET", f"/v1/customers/{name}/giftcards")
        problem(response, 404, "resident_not_found")


def rename(api: ApiFixture, resident: Resident, username: str) -> Any:
    """Note that a resident was seen with another username."""
    return api.write(residents.remember, Resident(resident.uuid, username))


@pytest.mark.contract("5.9", "5.10")
def test_a_renamed_resident(api: ApiFixture) -> None:
    card = api.grant("kelly")
    before = api.call("GET", f"/v1/giftcards/{card['id']}").headers["etag"]
    rename(api, KELLY, "kelly.moonwall")
    assert api.card(card["id"]) == card | {"ownerUsername": "kelly.moonwall"}
    assert api.call("GET", f"/v1/giftcards/{card['id']}").headers["etag"] != before
    for identifier in ("kelly", "Kelly Resident", "kelly.moonwall", "Kelly Moonwall", KELLY.uuid):
        (listed,) = api.call("GET", f"/v1/customers/{identifier}/giftcards").json()["data"]
        assert listed == card | {"ownerUsername": "kelly.moonwall"}
    rename(api, KELLY, "kelly")
    assert api.card(card["id"]) == card


@pytest.mark.contract("5.11")
def test_a_username_stays_with_its_first_resident(api: ApiFixture) -> None:
    rename(api, KELLY, "kelly.moonwall")
    for taken in ("kelly", "kelly.moonwall"):
        with pytest.raises(UsernameTaken):
            rename(api, JO, taken)
    assert owner(api, "kelly") == (KELLY.uuid, "kelly.moonwall")
    assert owner(api, "jo.winter") == (JO.uuid, "jo.winter")


@pytest.mark.contract("5.12")
def test_the_first_grant_makes_a_customer(api: ApiFixture) -> None:
    def customers() -> Any:
        return [(str(s), str(r)) for s, r, *_ in api.sql("SELECT * FROM customers")]

    api.call("GET", "/v1/customers/kelly/giftcards")
    assert customers() == []
    for _ in range(2):
        api.grant("kelly")
        assert customers() == [(api.store.id, KELLY.uuid)]
