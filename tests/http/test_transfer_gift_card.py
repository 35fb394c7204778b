"""POST /ext/v1/giftcards/{id}/actions/transfer: the store gives a card to another resident."""

from typing import Any

import pytest

from tests.api import JO, KELLY, ApiFixture, problem
from tests.http.bodies import each
from tests.http.checks import check_chain, clean, unchanged
from tests.http.requests import at, ext, other_stores_key


def transfer(api: ApiFixture, card_id: str, to: Any = JO.username, **options: Any) -> Any:
    return ext(api, card_id, "transfer", {"receiverIdentifier": to, "reason": "asked"}, **options)


@pytest.mark.contract("10.45")
@pytest.mark.parametrize("to", [JO.username, "Jo Winter", JO.uuid, JO.uuid.upper()])
def test_gives_it_away(api: ApiFixture, to: str) -> None:
    card = api.grant(credit=50, transfer=True)
    response = transfer(api, card["id"], to)
    assert response.status_code == 200
    given = card | {"ownerUuid": JO.uuid, "ownerUsername": JO.username}
    assert response.json().items() >= given.items()
    assert api.card(card["id"]) == given
    entries = api.entries(card["id"])
    check_chain(entries)
    last = entries[-1]
    assert (last.kind, last.delta, last.reason, last.actor_kind) == (
        "transferred", 0, "asked", "key",
    )  # fmt: skip
    assert f'"ownerUuid":"{JO.uuid}"' in last.state
    assert f'"source":"{KELLY.uuid}"' in last.state
    listed = api.call("GET", "/v1/customers/jo.winter/giftcards").json()["data"]
    assert listed == [given]
    clean(api)


@pytest.mark.contract("10.13", "10.26", "10.45")
def test_conflicts(api: ApiFixture) -> None:
    fixed, off = api.grant()["id"], api.grant(transfer=True)["id"]
    ended = api.grant(transfer=True, expiresAt=at(api, 1))["id"]
    done = api.grant(transfer=True)["id"]
    api.redeem(done)
    api.call("POST", f"/v1/giftcards/{off}/actions/disable")
    api.clock.advance(0.999)
    before = api.grant(transfer=True, expiresAt=at(api, 0.001))["id"]
    assert transfer(api, before).status_code == 200
    api.clock.advance(0.001)
    with unchanged(api):
        problem(transfer(api, fixed), 409, "gift_card_not_transferable")
        problem(transfer(api, off), 409, "gift_card_inactive")
        problem(transfer(api, ended), 409, "gift_card_expired")
        problem(transfer(api, done), 409, "gift_card_redeemed")
        problem(transfer(api, fixed, KELLY.username), 409, "receiver_is_owner")
        problem(transfer(api, fixed, "nobody.here"), 409, "receiver_not_found")


@pytest.mark.contract("10.45")
@pytest.mark.parametrize("to", each({"words": "a b c", "empty": "", "nil": "0" * 8 + "-0000" * 3}))
def test_malformed_receivers(api: ApiFixture, to: str) -> None:
    card = api.grant(transfer=True)["id"]
    with unchanged(api):
        problem(transfer(api, card, to), 400, "identifier_malformed")
        for wrong in (None, 5):
            problem(transfer(api, card, wrong), 400, "validation_failed")


@pytest.mark.contract("10.14")
def test_another_stores_card_and_none(api: ApiFixture, unknown_id: str) -> None:
    card = api.grant(transfer=True)["id"]
    with unchanged(api):
        key = other_stores_key(api, "giftcards:write")
        problem(transfer(api, card, key=key), 404, "gift_card_not_found")
        problem(transfer(api, unknown_id), 404, "gift_card_not_found")


@pytest.mark.contract("10.3")
def test_replay(api: ApiFixture) -> None:
    card, once = api.grant(transfer=True)["id"], {"headers": {"Idempotency-Key": "t"}}
    first = transfer(api, card, **once)
    with unchanged(api):
        again = transfer(api, card, **once)
    assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")
