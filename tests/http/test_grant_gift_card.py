"""POST /v1/customers/{identifier}/actions/grant-gift-card."""

from typing import Any

import msgspec
import pytest

from gridgift.domain.instants import format_instant, parse_instant
from gridgift.domain.model import CardState
from tests.api import KELLY, START, ApiFixture, problem
from tests.http.bodies import MALFORMED_BODIES, NO_AMOUNTS, NO_TEXTURES, each
from tests.http.checks import check_chain, one_engine, unchanged
from tests.http.requests import TEXTURE, other_stores_key

PATH = f"/v1/customers/{KELLY.username}/actions/grant-gift-card"
JSON = {"Content-Type": "application/json"}


def post(api: ApiFixture, text: str | bytes, **headers: str) -> Any:
    """Send a body as it is."""
    return api.call("POST", PATH, content=text, headers=JSON | headers)


def refused(api: ApiFixture, text: str, *fields: str) -> None:
    """Assert that a body is refused because of these fields, and leaves no trace."""
    with unchanged(api):
        body = problem(post(api, text), 400, "validation_failed")
    assert body["errors"].keys() == set(fields)


@pytest.mark.contract("1.3", "1.6", "6.1", "6.2", "6.3", "6.4", "6.12", "6.13", "6.25")
def test_grants_with_all_fields(api: ApiFixture) -> None:
    body = {"credit": 500, "transfer": True, "texture": TEXTURE.upper(), "expiresAt": None}
    response = api.call("POST", PATH, json=body, key=api.add_key("giftcards:write").key)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    card = response.json()
    assert card == {
        "id": card["id"],
        "ownerUuid": KELLY.uuid,
        "ownerUsername": KELLY.username,
        "credit": 500,
        "active": True,
        "redeemed": False,
        "transfer": True,
        "texture": TEXTURE,
        "purchased": False,
    }
    read = api.call("GET", f"/v1/giftcards/{card['id']}")
    assert read.json() == card
    assert read.headers["etag"] == response.headers["etag"]


@pytest.mark.contract("6.25")
def test_only_credit_is_required(api: ApiFixture) -> None:
    card = api.grant(credit=1)
    assert (card["transfer"], card["texture"]) == (False, None)
    refused(api, "{}", "credit")
    assert state(api, card).expires_at is None


@pytest.mark.contract("1.4")
def test_the_largest_amount(api: ApiFixture) -> None:
    assert api.card(api.grant(credit=2_147_483_647)["id"])["credit"] == 2_147_483_647


@pytest.mark.contract("6.20")
def test_unknown_fields_are_ignored(api: ApiFixture) -> None:
    card = api.grant(credit=5, active=False, redeemed=True, purchased=True, price=1.5, id="x")
    assert (card["active"], card["redeemed"], card["purchased"]) == (True, False, False)


def test_writes_one_entry(api: ApiFixture) -> None:
    response = post(api, '{"credit": 500}', **{"X-Request-Id": "grant-1"})
    (entry,) = api.entries(response.json()["id"])
    assert (entry.kind, entry.delta, entry.balance_after) == ("granted", 500, 500)
    assert (entry.actor_kind, entry.actor_id) == ("key", api.issued.stored.id)
    assert (entry.request_id, entry.created_at) == ("grant-1", START)
    check_chain([entry])


@pytest.mark.parametrize("credit", each(NO_AMOUNTS | {"zero": "0"}))
@pytest.mark.contract("1.5", "6.25")
@one_engine
def test_credit_that_is_none(api: ApiFixture, credit: str) -> None:
    refused(api, f'{{"credit": {credit}}}', "credit")


@pytest.mark.parametrize("texture", each(NO_TEXTURES))
@pytest.mark.contract("6.3")
@one_engine
def test_texture_that_is_none(api: ApiFixture, texture: str) -> None:
    refused(api, f'{{"credit": 5, "texture": {texture}}}', "texture")


@pytest.mark.parametrize("transfer", ['"true"', "1", "0", "null", "[]"])
@pytest.mark.contract("6.2")
@one_engine
def test_transfer_that_is_none(api: ApiFixture, transfer: str) -> None:
    refused(api, f'{{"credit": 5, "transfer": {transfer}}}', "transfer")


def state(api: ApiFixture, card: Any) -> CardState:
    """Return what the newest entry says of a card."""
    return msgspec.json.decode(api.entries(card["id"])[-1].state, type=CardState)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("2027-01-31T12:00:00Z", "2027-01-31T12:00:00Z"),
        ("2027-01-31t12:00:00.5z", "2027-01-31T12:00:00.500Z"),
        ("2027-01-31T14:00:00+02:00", "2027-01-31T12:00:00Z"),
        ("2027-01-31T02:30:00-09:30", "2027-01-31T12:00:00Z"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
    ],
)
@pytest.mark.contract("1.7", "6.25")
def test_expiry(api: ApiFixture, text: str, normal: str) -> None:
    expires_at = state(api, api.grant(expiresAt=text)).expires_at
    assert expires_at == parse_instant(normal)
    assert format_instant(expires_at) == normal


@pytest.mark.contract("6.28")
@pytest.mark.parametrize(
    "expires_at",
    [
        "2020-01-01T00:00:00Z", format_instant(START), "soon", "", "2027-01-31", "1800000000",
        "2027-01-31T12:00:00", "2027-02-30T12:00:00Z", "2027-01-31T12:00:00Z\n",
        "2027-01-31T25:00:00Z", "2027-01-31 12:00:00Z", "٢٠٢٧-01-31T12:00:00Z",
        "9999-12-31T23:59:59-23:59", "0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z", "\\ud800",
    ],
)  # fmt: skip
@pytest.mark.contract("6.25")
@one_engine
def test_expiry_that_is_none(api: ApiFixture, expires_at: str) -> None:
    text = expires_at.replace("\n", "\\n")
    refused(api, f'{{"credit": 5, "expiresAt": "{text}"}}', "expiresAt")


@pytest.mark.parametrize("expires_at", ["1800000000", "true", "{}"])
@one_engine
def test_expiry_of_another_type(api: ApiFixture, expires_at: str) -> None:
    refused(api, f'{{"credit": 5, "expiresAt": {expires_at}}}', "expiresAt")


@pytest.mark.contract("3.8")
def test_one_answer_names_every_wrong_field(api: ApiFixture) -> None:
    text = '{"credit": -1, "transfer": 1, "texture": "abc", "expiresAt": "soon"}'
    refused(api, text, "credit", "transfer", "texture", "expiresAt")


@pytest.mark.parametrize("raw", each(MALFORMED_BODIES))
@pytest.mark.contract("3.14")
@one_engine
def test_malformed_body(api: ApiFixture, raw: bytes) -> None:
    with unchanged(api):
        problem(post(api, raw), 400, "body_malformed")


@pytest.mark.contract("5.3", "6.12")
def test_unknown_resident(api: ApiFixture) -> None:
    with unchanged(api):
        response = api.call("POST", PATH.replace("kelly", "nobody"), json={"credit": 5})
        problem(response, 404, "resident_not_found")


@pytest.mark.contract("2.18", "2.19", "6.12")
def test_missing_scope(api: ApiFixture) -> None:
    key = api.add_key("giftcards:read", "customers:write").key
    with unchanged(api):
        response = api.call("POST", PATH, json={"credit": 5}, key=key)
        assert "giftcards:write" in problem(response, 403, "scope_missing")["detail"]


@pytest.mark.contract("1.9", "1.10")
def test_the_card_belongs_to_the_keys_store(api: ApiFixture) -> None:
    key = other_stores_key(api, "giftcards:read", "giftcards:write")
    card = api.call("POST", PATH, json={"credit": 5}, key=key).json()
    assert api.call("GET", f"/v1/giftcards/{card['id']}", key=key).json() == card
    problem(api.call("GET", f"/v1/giftcards/{card['id']}"), 404, "gift_card_not_found")


@pytest.mark.contract("10.3")
def test_replay(api: ApiFixture) -> None:
    first = post(api, '{"credit": 5}', **{"Idempotency-Key": "once"})
    with unchanged(api):
        again = post(api, '{"credit": 5}', **{"Idempotency-Key": "once"})
    assert again.headers["idempotent-replayed"] == "true"
    assert (again.status_code, again.content) == (first.status_code, first.content)


def test_without_a_key_two_requests_are_two_grants(api: ApiFixture) -> None:
    assert api.grant()["id"] != api.grant()["id"]
