"""POST /ext/v1/giftcards/{id}/actions/transfer: the store gives a card to another resident."""

from typing import Any

import pytest

from tests.http.scene import at, check_chain, clean, each, ext, other_stores_key, unchanged
from tests.shop import JO, KELLY, Shop, problem


def transfer(shop: Shop, card_id: str, to: Any = JO.username, **options: Any) -> Any:
    return ext(shop, card_id, "transfer", {"receiverIdentifier": to, "reason": "asked"}, **options)


@pytest.mark.contract("10.17")
@pytest.mark.parametrize("to", [JO.username, "Jo Winter", JO.uuid, JO.uuid.upper()])
def test_gives_it_away(shop: Shop, to: str) -> None:
    card = shop.grant(credit=50, transfer=True)
    response = transfer(shop, card["id"], to)
    assert response.status_code == 200
    given = card | {"ownerUuid": JO.uuid, "ownerUsername": JO.username}
    assert response.json().items() >= given.items()
    assert shop.card(card["id"]) == given
    entries = shop.entries(card["id"])
    check_chain(entries)
    last = entries[-1]
    assert (last.kind, last.delta, last.reason, last.actor_kind) == (
        "transferred", 0, "asked", "key",
    )  # fmt: skip
    assert f'"ownerUuid":"{JO.uuid}"' in last.state
    assert f'"source":"{KELLY.uuid}"' in last.state
    listed = shop.call("GET", "/v1/customers/jo.winter/giftcards").json()["data"]
    assert listed == [given]
    clean(shop)


@pytest.mark.contract("10.10", "10.17")
def test_conflicts(shop: Shop) -> None:
    fixed, off = shop.grant()["id"], shop.grant(transfer=True)["id"]
    ended = shop.grant(transfer=True, expiresAt=at(shop, 1))["id"]
    done = shop.grant(transfer=True)["id"]
    shop.redeem(done)
    shop.call("POST", f"/v1/giftcards/{off}/actions/disable")
    shop.clock.advance(0.999)
    before = shop.grant(transfer=True, expiresAt=at(shop, 0.001))["id"]
    assert transfer(shop, before).status_code == 200
    shop.clock.advance(0.001)
    with unchanged(shop):
        problem(transfer(shop, fixed), 409, "gift_card_not_transferable")
        problem(transfer(shop, off), 409, "gift_card_inactive")
        problem(transfer(shop, ended), 409, "gift_card_expired")
        problem(transfer(shop, done), 409, "gift_card_redeemed")
        problem(transfer(shop, fixed, KELLY.username), 409, "receiver_is_owner")
        problem(transfer(shop, fixed, "nobody.here"), 409, "receiver_not_found")


@pytest.mark.parametrize("to", each({"words": "a b c", "empty": "", "nil": "0" * 8 + "-0000" * 3}))
def test_malformed_receivers(shop: Shop, to: str) -> None:
    card = shop.grant(transfer=True)["id"]
    with unchanged(shop):
        problem(transfer(shop, card, to), 400, "identifier_malformed")
        for wrong in (None, 5):
            problem(transfer(shop, card, wrong), 400, "validation_failed")


def test_another_stores_card_and_none(shop: Shop, unknown_id: str) -> None:
    card = shop.grant(transfer=True)["id"]
    with unchanged(shop):
        key = other_stores_key(shop, "giftcards:write")
        problem(transfer(shop, card, key=key), 404, "gift_card_not_found")
        problem(transfer(shop, unknown_id), 404, "gift_card_not_found")


@pytest.mark.contract("10.3")
def test_replay(shop: Shop) -> None:
    card, once = shop.grant(transfer=True)["id"], {"headers": {"Idempotency-Key": "t"}}
    first = transfer(shop, card, **once)
    with unchanged(shop):
        again = transfer(shop, card, **once)
    assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")
