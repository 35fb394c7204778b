"""GET /ext/v1/giftcards/{id}/entries."""

import json
from typing import Any

import pytest

from tests.api import KELLY, SECRET, ApiFixture, problem
from tests.cursors_before import cursor_before, disguised
from tests.http.requests import ext, other_stores_key


def entries(api: ApiFixture, card_id: str, **options: Any) -> Any:
    return api.call("GET", f"/ext/v1/giftcards/{card_id}/entries", **options)


@pytest.mark.contract("10.27", "10.28", "10.29", "10.30")
def test_a_cards_life(api: ApiFixture) -> None:
    card = api.grant(credit=50)["id"]
    api.clock.advance(1)
    body = {"delta": -20, "reason": "order 7"}
    ext(api, card, "adjust", body, headers={"X-Request-Id": "request-7"})
    response = entries(api, card, key=api.add_key("giftcards:read").key)
    assert response.status_code == 200
    granted, adjusted = response.json()["data"]
    first, second = api.entries(card)
    assert adjusted == {
        "seq": 2, "kind": "adjusted", "delta": -20, "balanceAfter": 30,
        "state": granted["state"],
        "actor": {"kind": "key", "id": api.issued.stored.id},
        "reason": "order 7", "requestId": "request-7", "createdAt": "2026-09-21T14:13:21Z",
        "previousHash": granted["hash"], "hash": second.hash.hex(),
    }  # fmt: skip
    assert granted["previousHash"] == "00" * 32
    assert granted["hash"] == first.hash.hex()
    assert response.json()["pagination"] == {
        "nextCursor": None, "previousCursor": None, "limit": 100,
    }  # fmt: skip


@pytest.mark.contract("10.28")
def test_a_states_expiry_is_a_date(api: ApiFixture) -> None:
    """It is stored in milliseconds, as it always was: hashes of old entries stay as they are."""
    card = api.grant(expiresAt="2027-01-31T12:00:00.25Z")["id"]
    path = f"/ext/v1/giftcards/{card}"
    dates = [api.call("GET", path).json()["expiresAt"]]
    for date in (None, "2028-02-29T00:00:00Z"):
        dates.append(api.call("PATCH", path, json={"expiresAt": date}).json()["expiresAt"])
    shown = [entry["state"]["expiresAt"] for entry in entries(api, card).json()["data"]]
    assert shown == dates == ["2027-01-31T12:00:00.250Z", None, "2028-02-29T00:00:00Z"]
    stored = [json.loads(entry.state)["expiresAt"] for entry in api.entries(card)]
    assert stored == [1_801_396_800_250, None, 1_835_395_200_000]


@pytest.mark.contract("10.27")
def test_pages_there_and_back(api: ApiFixture) -> None:
    card = api.grant(credit=50)["id"]
    for _ in range(6):
        ext(api, card, "adjust", {"delta": 1, "reason": "x"})
    pages, cursor = [], None
    while True:
        params = {"limit": 3} | ({"cursor": cursor} if cursor else {})
        page = entries(api, card, params=params).json()
        pages.append([row["seq"] for row in page["data"]])
        cursor = page["pagination"]["nextCursor"]
        if cursor is None:
            break
    assert pages == [[1, 2, 3], [4, 5, 6], [7]]
    back = {"limit": 3, "cursor": page["pagination"]["previousCursor"]}
    page = entries(api, card, params=back).json()
    assert [row["seq"] for row in page["data"]] == [4, 5, 6]
    other = api.grant()["id"]
    problem(entries(api, other, params=back), 400, "cursor_invalid")
    problem(entries(api, card, params={"limit": 0}), 400, "validation_failed")


@pytest.mark.contract("10.27")
def test_cursors_of_the_version_before(api: ApiFixture) -> None:
    card = api.grant(credit=50)["id"]
    for _ in range(6):
        ext(api, card, "adjust", {"delta": 1, "reason": "x"})
    listing = f"entries {api.store.id} {card}"

    def numbers(seq: int, *, backward: bool) -> list[int]:
        cursor = cursor_before(SECRET, listing, disguised(seq), backward=backward)
        page = entries(api, card, params={"limit": 3, "cursor": cursor})
        assert page.status_code == 200, page.text
        return [row["seq"] for row in page.json()["data"]]

    assert numbers(3, backward=False) == [4, 5, 6]
    assert numbers(6, backward=False) == [7]
    assert numbers(7, backward=True) == [4, 5, 6]
    of_the_cards = cursor_before(SECRET, f"giftcards {api.store.id} {KELLY.uuid}", disguised(3))
    problem(entries(api, card, params={"cursor": of_the_cards}), 400, "cursor_invalid")


@pytest.mark.contract("10.14")
def test_another_stores_card_and_none(api: ApiFixture, unknown_id: str) -> None:
    card = api.grant()["id"]
    key = other_stores_key(api, "giftcards:read")
    problem(entries(api, card, key=key), 404, "gift_card_not_found")
    problem(entries(api, unknown_id), 404, "gift_card_not_found")
    problem(entries(api, "abc"), 404, "gift_card_not_found")
