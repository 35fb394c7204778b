"""PUT /v1/giftcards/{id}."""

from typing import Any

import pytest

from tests.api import KELLY, ApiFixture, problem
from tests.http.bodies import MALFORMED_BODIES, NO_AMOUNTS, NO_TEXTURES, each
from tests.http.checks import check_chain, one_engine, unchanged
from tests.http.requests import TEXTURE, other_stores_key

JSON = {"Content-Type": "application/json"}


def path(card: Any) -> str:
    """Where a card is."""
    return f"/v1/giftcards/{card['id']}"


def put(api: ApiFixture, card: Any, body: Any, **headers: str) -> Any:
    """Replace a card's fields."""
    return api.call("PUT", path(card), json=body, headers=headers)


def same(card: Any) -> Any:
    """Return the body that leaves a card as it is."""
    return {name: card[name] for name in ("credit", "texture", "transfer", "active")}


def refused(api: ApiFixture, text: str, *fields: str) -> None:
    """Assert that a body is refused because of these fields, and leaves no trace."""
    card = api.grant()
    with unchanged(api):
        response = api.call("PUT", path(card), content=text, headers=JSON)
        body = problem(response, 400, "validation_failed")
    assert body["errors"].keys() == set(fields)


@pytest.mark.contract("1.6", "6.1", "6.10", "6.15")
def test_replaces_all_four(api: ApiFixture) -> None:
    card = api.grant(credit=500)
    body = {"credit": 250, "texture": TEXTURE.upper(), "transfer": True, "active": False}
    key = api.add_key("giftcards:write").key
    response = api.call("PUT", path(card), json=body, key=key)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.json() == {
        "id": card["id"],
        "ownerUuid": KELLY.uuid,
        "ownerUsername": KELLY.username,
        "credit": 250,
        "active": False,
        "redeemed": False,
        "transfer": True,
        "texture": TEXTURE,
        "purchased": False,
    }
    assert api.card(card["id"]) == response.json()


@pytest.mark.contract("6.15", "6.16", "6.18")
@pytest.mark.parametrize(
    "body",
    [
        {},
        {"credit": 7},
        {"texture": TEXTURE},
        {"transfer": True},
        {"active": True},
        {"credit": 7, "active": True, "texture": None},
    ],
    ids=str,
)
def test_an_omitted_field_is_set_to_its_default(api: ApiFixture, body: dict[str, Any]) -> None:
    card = api.grant(credit=500, transfer=True, texture="a" * 8 + TEXTURE[8:])
    defaults = {"credit": 0, "texture": None, "transfer": False, "active": False}
    assert put(api, card, body).json() == card | defaults | body


@pytest.mark.contract("6.20")
def test_unknown_fields_are_ignored(api: ApiFixture) -> None:
    card = api.grant()
    extra = {"id": "x", "redeemed": True, "purchased": True, "ownerUuid": None, "price": 1.5}
    with unchanged(api):
        assert put(api, card, same(card) | extra).json() == card


@pytest.mark.contract("1.3")
def test_writes_an_entry(api: ApiFixture) -> None:
    card = api.grant(credit=500)
    api.clock.advance(60)
    put(api, card, same(card) | {"credit": 200}, **{"X-Request-Id": "put-1"})
    put(api, card, same(card) | {"credit": 900, "active": False})
    granted, lowered, raised = api.entries(card["id"])
    assert (lowered.kind, lowered.delta, lowered.balance_after) == ("updated", -300, 200)
    assert (lowered.actor_kind, lowered.actor_id) == ("key", api.issued.stored.id)
    assert (lowered.request_id, lowered.created_at) == ("put-1", api.clock.now())
    assert (raised.kind, raised.delta, raised.balance_after) == ("updated", 700, 900)
    check_chain([granted, lowered, raised])


@pytest.mark.contract("6.24")
def test_switching_is_named_so(api: ApiFixture) -> None:
    card = api.grant()
    for active in (False, True):
        assert put(api, card, same(card) | {"active": active}).json()["active"] is active
    entries = api.entries(card["id"])
    assert [(e.kind, e.delta) for e in entries] == [
        ("granted", 500),
        ("disabled", 0),
        ("enabled", 0),
    ]
    check_chain(entries)


@pytest.mark.contract("6.24")
def test_a_disabled_card_can_be_enabled(api: ApiFixture) -> None:
    card = api.grant()
    api.call("POST", f"{path(card)}/actions/disable")
    assert put(api, card, same(card)).json() == card


def test_the_same_values_write_no_entry(api: ApiFixture) -> None:
    card = api.grant(texture=TEXTURE)
    etag = api.call("GET", path(card)).headers["etag"]
    with unchanged(api):
        response = put(api, card, same(card) | {"texture": TEXTURE.upper()})
    assert response.json() == card
    assert response.headers["etag"] == etag


@pytest.mark.contract("6.5")
def test_a_purchased_card_is_changed_like_any_other(api: ApiFixture) -> None:
    card = api.grant()
    api.sql("UPDATE gift_cards SET purchased = TRUE")
    changed = put(api, card, {"credit": 1}).json()
    assert (changed["credit"], changed["purchased"]) == (1, True)


@pytest.mark.parametrize("credit", each(NO_AMOUNTS))
@pytest.mark.contract("1.5", "6.10")
@one_engine
def test_credit_that_is_none(api: ApiFixture, credit: str) -> None:
    refused(api, f'{{"credit": {credit}, "active": true}}', "credit")


@pytest.mark.contract("1.4")
def test_amounts_at_the_edge(api: ApiFixture) -> None:
    card = api.grant()
    for credit in (0, 2_147_483_647):
        assert put(api, card, {"credit": credit}).json()["credit"] == credit
        assert api.card(card["id"])["credit"] == credit


@pytest.mark.parametrize("texture", each(NO_TEXTURES))
@pytest.mark.contract("6.3")
@one_engine
def test_texture_that_is_none(api: ApiFixture, texture: str) -> None:
    refused(api, f'{{"texture": {texture}}}', "texture")


@pytest.mark.parametrize("name", ["transfer", "active"])
@pytest.mark.parametrize("value", ['"true"', "1", "null", "[]"])
@pytest.mark.contract("6.2")
@one_engine
def test_switch_that_is_none(api: ApiFixture, name: str, value: str) -> None:
    refused(api, f'{{"{name}": {value}}}', name)


@pytest.mark.contract("3.8")
def test_one_answer_names_every_wrong_field(api: ApiFixture) -> None:
    text = '{"credit": 1.5, "texture": "abc", "transfer": "yes", "active": 1}'
    refused(api, text, "credit", "texture", "transfer", "active")


@pytest.mark.parametrize("raw", each(MALFORMED_BODIES))
@pytest.mark.contract("3.14", "6.19")
@one_engine
def test_malformed_body(api: ApiFixture, raw: bytes) -> None:
    card = api.grant()
    with unchanged(api):
        response = api.call("PUT", path(card), content=raw, headers=JSON)
        problem(response, 400, "body_malformed")


@pytest.mark.contract("6.22")
@pytest.mark.parametrize("active", [True, False])
def test_a_redeemed_card_stays_as_it_is(api: ApiFixture, active: bool) -> None:
    card = api.grant()
    api.redeem(card["id"])
    with unchanged(api):
        for body in (same(card), same(card) | {"active": active, "credit": 1}, {}):
            problem(put(api, card, body), 400, "gift_card_redeemed")


@pytest.mark.contract("6.10", "6.17")
def test_a_card_that_is_not_there(api: ApiFixture, unknown_id: str) -> None:
    api.grant()
    with unchanged(api):
        for card_id in (unknown_id, "abc", "%00"):
            problem(put(api, {"id": card_id}, {}), 404, "gift_card_not_found")


@pytest.mark.contract("1.10")
def test_another_stores_card(api: ApiFixture) -> None:
    card = api.grant()
    key = other_stores_key(api, "giftcards:write")
    with unchanged(api):
        response = api.call("PUT", path(card), json={}, key=key)
        problem(response, 404, "gift_card_not_found")


@pytest.mark.contract("2.18", "2.19", "6.10")
def test_missing_scope(api: ApiFixture) -> None:
    card = api.grant()
    key = api.add_key("giftcards:read").key
    with unchanged(api):
        response = api.call("PUT", path(card), json={}, key=key)
        assert "giftcards:write" in problem(response, 403, "scope_missing")["detail"]


@pytest.mark.contract("10.3")
def test_replay(api: ApiFixture) -> None:
    card = api.grant()
    first = put(api, card, {"credit": 5}, **{"Idempotency-Key": "once"})
    put(api, card, {"credit": 9})
    with unchanged(api):
        again = put(api, card, {"credit": 5}, **{"Idempotency-Key": "once"})
    assert again.headers["idempotent-replayed"] == "true"
    assert (again.content, again.headers["etag"]) == (first.content, first.headers["etag"])


@pytest.mark.contract("10.7", "10.9")
def test_if_match_guards_against_a_lost_update(api: ApiFixture) -> None:
    card = api.grant(credit=500)
    stale = api.call("GET", path(card)).headers["etag"]
    first = put(api, card, same(card) | {"credit": 400}, **{"If-Match": stale})
    assert first.status_code == 200
    with unchanged(api):
        second = put(api, card, same(card) | {"credit": 300}, **{"If-Match": stale})
        problem(second, 412, "precondition_failed")
    fresh = first.headers["etag"]
    assert put(api, card, {"credit": 300}, **{"If-Match": fresh}).json()["credit"] == 300


@pytest.mark.contract("10.9")
@pytest.mark.parametrize("form", ["{}", '"other", {}', '{},"other"', "*", " * ", '"a,b" ,  {}'])
def test_if_match_that_holds(api: ApiFixture, form: str) -> None:
    card = api.grant()
    etag = api.call("GET", path(card)).headers["etag"]
    response = put(api, card, {"credit": 1}, **{"If-Match": form.format(etag)})
    assert response.json()["credit"] == 1


@pytest.mark.contract("10.9")
@pytest.mark.parametrize("form", ["W/{}", '"other"', '"", "x"', "", "x", "{}x", 'W/{}, "other"'])
def test_if_match_that_does_not_hold(api: ApiFixture, form: str) -> None:
    card = api.grant()
    etag = api.call("GET", path(card)).headers["etag"]
    form = form.format(etag.strip('"') if form == "{}x" else etag)
    with unchanged(api):
        for body in ({"credit": 1}, same(card)):
            response = put(api, card, body, **{"If-Match": form})
            problem(response, 412, "precondition_failed")


@pytest.mark.contract("10.9")
def test_if_match_over_two_lines(api: ApiFixture) -> None:
    card = api.grant()
    etag = api.call("GET", path(card)).headers["etag"]
    for lines in (('"other"', etag), (etag, '"other"')):
        headers = [("X-API-Key", api.key), *(("If-Match", line) for line in lines)]
        response = api.client.put(path(card), json=same(card), headers=headers)
        assert response.status_code == 200, response.text


def test_if_match_does_not_make_a_card(api: ApiFixture, unknown_id: str) -> None:
    for value in ("*", '"1-kelly"'):
        response = put(api, {"id": unknown_id}, {}, **{"If-Match": value})
        problem(response, 404, "gift_card_not_found")
