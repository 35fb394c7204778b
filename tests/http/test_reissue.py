"""POST /ext/v1/giftcards/{id}/actions/reissue."""

from typing import Any

import pytest

from tests.api import ApiFixture, problem
from tests.http.checks import check_chain, clean, unchanged
from tests.http.requests import TEXTURE, at, ext, other_stores_key


def reissue(api: ApiFixture, card_id: str, **options: Any) -> Any:
    return ext(api, card_id, "reissue", {"reason": "lost"}, **options)


@pytest.mark.contract("10.46", "10.47")
def test_a_new_card_for_the_old_one(api: ApiFixture) -> None:
    end = at(api, 100)
    old = api.grant(credit=70, transfer=True, texture=TEXTURE, expiresAt=end)
    response = reissue(api, old["id"])
    assert response.status_code == 201
    new = response.json()
    assert new["id"] != old["id"]
    assert new.items() >= (old | {"id": new["id"], "available": 70, "expiresAt": end}).items()
    assert api.card(old["id"]) == old | {"credit": 0, "active": False, "transfer": False}
    gone, came = api.entries(old["id"]), api.entries(new["id"])
    check_chain(gone)
    check_chain(came)
    assert [(e.kind, e.delta, e.reason) for e in (*gone[1:], *came)] == [
        ("reissued", -70, "lost"), ("reissued", 70, "lost"),
    ]  # fmt: skip
    assert f'"source":"{new["id"]}"' in gone[-1].state
    assert f'"source":"{old["id"]}"' in came[-1].state
    clean(api)


@pytest.mark.contract("10.47")
def test_the_old_card_can_be_changed_as_any_other(api: ApiFixture) -> None:
    """So a reissue by mistake can be taken back by hand; nothing comes back by itself."""
    old = api.grant(credit=70)["id"]
    new = reissue(api, old).json()["id"]
    assert ext(api, old, "adjust", {"delta": 70, "reason": "found"}).json()["credit"] == 70
    assert ext(api, new, "adjust", {"delta": -70, "reason": "found"}).json()["credit"] == 0
    problem(ext(api, old, "holds", {"amount": 1, "expiresIn": 60}), 409, "gift_card_inactive")
    body = {"credit": 70, "active": True, "transfer": False, "texture": None}
    assert api.call("PUT", f"/v1/giftcards/{old}", json=body).status_code == 200
    assert [entry.kind for entry in api.entries(old)][1:] == ["reissued", "adjusted", "enabled"]
    clean(api)


@pytest.mark.contract("10.46")
def test_does_not_take_the_stores_lifetime(api: ApiFixture) -> None:
    old = api.grant()["id"]
    api.sql("UPDATE stores SET card_lifetime = 3")
    assert reissue(api, old).json()["expiresAt"] is None


@pytest.mark.contract("10.48")
def test_conflicts(api: ApiFixture) -> None:
    twice, done = api.grant()["id"], api.grant()["id"]
    assert reissue(api, twice).status_code == 201
    api.redeem(done)
    with unchanged(api):
        problem(reissue(api, twice), 409, "gift_card_void")
        problem(reissue(api, done), 409, "gift_card_redeemed")
        for body in ({}, {"reason": ""}, {"reason": None}):
            problem(ext(api, twice, "reissue", body), 400, "validation_failed")


@pytest.mark.contract("10.14")
def test_another_stores_card_and_none(api: ApiFixture, unknown_id: str) -> None:
    card = api.grant()["id"]
    with unchanged(api):
        key = other_stores_key(api, "giftcards:write")
        problem(reissue(api, card, key=key), 404, "gift_card_not_found")
        problem(reissue(api, unknown_id), 404, "gift_card_not_found")


@pytest.mark.contract("10.3")
def test_replay(api: ApiFixture) -> None:
    card, once = api.grant()["id"], {"headers": {"Idempotency-Key": "r"}}
    first = reissue(api, card, **once)
    with unchanged(api):
        again = reissue(api, card, **once)
    assert (again.status_code, again.content) == (201, first.content)
