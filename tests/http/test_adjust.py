"""POST /ext/v1/giftcards/{id}/actions/adjust."""

import pytest

from tests.api import ApiFixture, problem
from tests.http.bodies import each
from tests.http.checks import check_chain, clean, unchanged
from tests.http.requests import etag_of, ext, other_stores_key

MAX = 2_147_483_647


def adjust(api: ApiFixture, card_id: str, delta: object, **options: object) -> object:
    return ext(api, card_id, "adjust", {"delta": delta, "reason": "order 7"}, **options)


@pytest.mark.contract("10.33", "10.28")
def test_adds_and_takes(api: ApiFixture) -> None:
    card = api.grant(credit=500)
    api.clock.advance(1)
    response = adjust(api, card["id"], -120)
    assert response.status_code == 200
    assert response.json() == card | {
        "credit": 380,
        "available": 380,
        "expiresAt": None,
        "createdAt": "2026-09-21T14:13:20Z",
        "updatedAt": "2026-09-21T14:13:21Z",
    }
    assert response.headers["etag"] == etag_of(api, card["id"])
    assert adjust(api, card["id"], 20).json()["credit"] == 400
    entries = api.entries(card["id"])
    check_chain(entries)
    assert [(e.kind, e.delta, e.balance_after, e.reason) for e in entries[1:]] == [
        ("adjusted", -120, 380, "order 7"), ("adjusted", 20, 400, "order 7"),
    ]  # fmt: skip
    clean(api)


@pytest.mark.contract("10.13", "10.34")
def test_never_below_nothing(api: ApiFixture) -> None:
    card = api.grant(credit=5)["id"]
    with unchanged(api):
        body = problem(adjust(api, card, -6), 409, "insufficient_credit")
    assert body["available"] == 5
    assert adjust(api, card, -5).json()["credit"] == 0


@pytest.mark.contract("10.35")
def test_never_above_the_maximum(api: ApiFixture) -> None:
    card = api.grant(credit=MAX - 1)["id"]
    with unchanged(api):
        problem(adjust(api, card, 2), 409, "credit_limit_exceeded")
        problem(adjust(api, card, MAX), 409, "credit_limit_exceeded")
    assert adjust(api, card, 1).json()["credit"] == MAX


@pytest.mark.contract("10.34", "10.40", "10.41")
def test_takes_only_what_is_not_held(api: ApiFixture) -> None:
    card = api.grant(credit=100)["id"]
    ext(api, card, "holds", {"amount": 70, "expiresIn": 10})
    body = problem(adjust(api, card, -31), 409, "insufficient_credit")
    assert body["available"] == 30
    shown = adjust(api, card, -30).json()
    assert (shown["credit"], shown["available"]) == (70, 0)
    api.clock.advance(9.999)
    problem(adjust(api, card, -1), 409, "insufficient_credit")
    api.clock.advance(0.001)
    assert adjust(api, card, -70).json()["credit"] == 0


@pytest.mark.contract("10.35")
@pytest.mark.parametrize(
    "delta", each({"0": 0, "text": "5", "float": 1.5, "bool": True, "big": MAX + 1, "null": None})
)
def test_bad_deltas(api: ApiFixture, delta: object) -> None:
    card = api.grant()["id"]
    with unchanged(api):
        body = problem(adjust(api, card, delta), 400, "validation_failed")
    assert list(body["errors"]) == ["delta"]


@pytest.mark.contract("10.15")
@pytest.mark.parametrize(
    "reason", each({"empty": "", "long": "x" * 201, "null": None, "\\n": "a\n"})
)
def test_bad_reasons(api: ApiFixture, reason: object) -> None:
    card = api.grant()["id"]
    with unchanged(api):
        response = ext(api, card, "adjust", {"delta": 1, "reason": reason})
        assert list(problem(response, 400, "validation_failed")["errors"]) == ["reason"]
        assert "reason" in ext(api, card, "adjust", {"delta": 1}).json()["errors"]


@pytest.mark.contract("10.13", "10.35")
def test_a_redeemed_card(api: ApiFixture) -> None:
    card = api.grant()["id"]
    api.redeem(card)
    with unchanged(api):
        problem(adjust(api, card, 1), 409, "gift_card_redeemed")


@pytest.mark.contract("10.14")
def test_another_stores_card_and_none(api: ApiFixture, unknown_id: str) -> None:
    card = api.grant()["id"]
    key = other_stores_key(api, "giftcards:write")
    with unchanged(api):
        problem(adjust(api, card, 1, key=key), 404, "gift_card_not_found")
        problem(adjust(api, unknown_id, 1), 404, "gift_card_not_found")
        problem(adjust(api, "abc", 1), 404, "gift_card_not_found")


@pytest.mark.contract("10.3", "10.4")
def test_replay(api: ApiFixture) -> None:
    card = api.grant()["id"]
    once = {"headers": {"Idempotency-Key": "a"}}
    first = adjust(api, card, -5, **once)
    with unchanged(api):
        again = adjust(api, card, -5, **once)
        problem(adjust(api, card, -6, **once), 422, "idempotency_key_reused")
    assert again.headers["idempotent-replayed"] == "true"
    assert (again.content, again.headers["etag"]) == (first.content, first.headers["etag"])
