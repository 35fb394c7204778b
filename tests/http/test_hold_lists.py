"""GET /ext/v1/giftcards/{id}/holds and GET /ext/v1/holds; …/holds/{hold}/actions/extend."""

import random
from typing import Any

import pytest

from tests.api import ApiFixture, problem
from tests.http.checks import check_chain, clean, unchanged
from tests.http.requests import at, ext, other_stores_key

WEEK = 604_800  # seconds


def place(api: ApiFixture, card_id: str, amount: int = 10, expires_in: int = 60) -> Any:
    response = ext(api, card_id, "holds", {"amount": amount, "expiresIn": expires_in})
    assert response.status_code == 201, response.text
    return response.json()


def extend(
    api: ApiFixture, card_id: str, hold_id: str, expires_in: Any = 120, **options: Any
) -> Any:
    path, body = f"holds/{hold_id}/actions/extend", {"expiresIn": expires_in}
    return ext(api, card_id, path, body, **options)


def close(api: ApiFixture, hold: Any, action: str) -> Any:
    response = ext(api, hold["giftCardId"], f"holds/{hold['id']}/actions/{action}")
    assert response.status_code == 200, response.text
    return response.json()


def walk(api: ApiFixture, path: str, way: str = "nextCursor", **query: Any) -> list[Any]:
    """Read a list to its end, or from there back to its start."""
    found: list[Any] = []
    cursor = ""
    while cursor is not None:
        answer = api.call("GET", path, params={**query, "cursor": cursor})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found = found + page["data"] if way == "nextCursor" else page["data"] + found
        last, cursor = cursor, page["pagination"][way]
    if way == "previousCursor":
        return found
    backward = page["pagination"]["previousCursor"]
    before = found[: -len(page["data"])] if page["data"] else found
    assert (backward is None) is (last == "")
    while backward is not None:  # the same rows on the way back
        page = api.call("GET", path, params={**query, "cursor": backward}).json()
        assert before[-len(page["data"]) :] == page["data"]
        before, backward = before[: -len(page["data"])], page["pagination"]["previousCursor"]
    assert before == []
    return found


@pytest.mark.contract("10.105")
def test_a_cards_holds(api: ApiFixture) -> None:
    card, path = api.grant(credit=100)["id"], "/ext/v1/giftcards/{}/holds"
    assert walk(api, path.format(card)) == []
    placed = [place(api, card, expires_in=60 - number) for number in range(5)]
    placed[1], placed[3] = close(api, placed[1], "capture"), close(api, placed[3], "void")
    other = place(api, api.grant()["id"])
    for limit in (1, 2, 5, 6):
        assert walk(api, path.format(card), limit=limit) == placed
    assert walk(api, path.format(other["giftCardId"])) == [other]
    key = other_stores_key(api, "giftcards:read")
    for asked in (path.format(card), path.format("abc")):
        problem(api.call("GET", asked, key=key), 404, "gift_card_not_found")


@pytest.mark.contract("10.106")
def test_a_stores_holds(api: ApiFixture) -> None:
    """Each hold is in one of four lists, in the order of their ends, at every instant."""
    made = random.Random(7)
    cards = [api.grant(credit=1000)["id"] for _ in range(3)]
    ends = [made.randint(1, 9) for _ in range(24)]  # some end together
    placed = [place(api, made.choice(cards), 1, end) for end in ends]
    expected: dict[str, list[Any]] = {"captured": [], "voided": []}
    for number, action in enumerate(["capture", "void"] * 4):
        done = close(api, placed.pop(number), action)
        expected[done["state"]].append(done)
    for second in range(11):
        expected["open"] = [hold for hold in placed if hold["expiresAt"] > at(api, 0)]
        expected["lapsed"] = [hold for hold in placed if hold["expiresAt"] <= at(api, 0)]
        for state, holds in expected.items():
            holds.sort(key=lambda hold: (hold["expiresAt"], hold["id"]))
            assert walk(api, "/ext/v1/holds", state=state, limit=made.choice([2, 3, 50])) == holds
        assert walk(api, "/ext/v1/holds") == expected["open"], second
        api.clock.advance(1)
    assert (len(expected["lapsed"]), expected["open"]) == (16, [])


@pytest.mark.contract("10.106")
def test_time_passes_between_two_pages(api: ApiFixture) -> None:
    """What lapses meanwhile is on no later page of open holds, in neither direction."""
    card, path = api.grant()["id"], "/ext/v1/holds"
    first, second, third, last = [place(api, card, expires_in=end) for end in (1, 2, 3, 9)]

    def page(cursor: str, state: str = "open") -> Any:
        query = {"cursor": cursor, "limit": 1, "state": state}
        return api.call("GET", path, params=query).json()

    start = page("")
    assert start["data"] == [first]
    api.clock.advance(2)
    after = page(start["pagination"]["nextCursor"])
    assert after["data"] == [third]
    end = page(after["pagination"]["nextCursor"])
    assert (end["data"], end["pagination"]["nextCursor"]) == ([last], None)
    before = page(end["pagination"]["previousCursor"])
    assert (before["data"], before["pagination"]["previousCursor"]) == ([third], None)
    lapsed = page("", "lapsed")
    assert lapsed["data"] == [first]
    rest = page(lapsed["pagination"]["nextCursor"], "lapsed")
    assert (rest["data"], rest["pagination"]["nextCursor"]) == ([second], None)


@pytest.mark.contract("10.106")
def test_what_a_stores_list_refuses(api: ApiFixture) -> None:
    card = api.grant()["id"]
    place(api, card), place(api, card)
    path = "/ext/v1/holds"
    for state in ("", "expired", "OPEN"):
        refused = problem(api.call("GET", path, params={"state": state}), 400, "validation_failed")
        assert refused["errors"] == {"state": ["must be open, lapsed, captured or voided"]}
    cursor = api.call("GET", path, params={"limit": 1}).json()["pagination"]["nextCursor"]
    for query, key in (
        ({"state": "lapsed"}, api.key),
        ({}, other_stores_key(api, "giftcards:read")),
    ):
        asked = api.call("GET", path, params=query | {"cursor": cursor}, key=key)
        problem(asked, 400, "cursor_invalid")
    elsewhere = other_stores_key(api, "giftcards:read")
    assert api.call("GET", path, key=elsewhere).json()["data"] == []


@pytest.mark.contract("10.107")
def test_extended(api: ApiFixture) -> None:
    card = api.grant(credit=100)["id"]
    hold, other = place(api, card, 40, 60), place(api, card, 30, 50)
    api.clock.advance(59)
    assert extend(api, card, other["id"]).json()["code"] == "hold_closed"
    once = {"headers": {"Idempotency-Key": "e"}}
    later = hold | {"expiresAt": at(api, 120)}
    for _ in range(2):
        response = extend(api, card, hold["id"], **once)
        assert (response.status_code, response.json()) == (200, later)
    (*_, entry) = entries = api.entries(card)
    check_chain(entries)
    assert (entry.kind, entry.delta, len(entries)) == ("hold_extended", 0, 4)
    shown = api.call("GET", f"/ext/v1/giftcards/{card}/entries").json()["data"][-1]["state"]
    about = {"hold": hold["id"], "holdAmount": 40, "holdExpiresAt": later["expiresAt"]}
    assert about.items() <= shown.items()
    api.clock.advance(119.999)
    assert api.call("GET", f"/ext/v1/giftcards/{card}").json()["available"] == 60
    receiver = {"receiverIdentifier": "jo.winter"}
    problem(ext(api, card, "transfer", receiver), 409, "gift_card_held")
    api.clock.advance(0.001)
    assert api.call("GET", f"/ext/v1/giftcards/{card}").json()["available"] == 100
    with unchanged(api):
        problem(extend(api, card, hold["id"]), 409, "hold_closed")
    clean(api)


@pytest.mark.contract("10.107")
def test_extended_again_and_again(api: ApiFixture) -> None:
    """Each time for 7 days at most; it can be captured at the end of all of them."""
    card = api.grant(credit=100)["id"]
    hold = place(api, card, 40, WEEK)
    for _ in range(3):
        api.clock.advance(WEEK - 1)
        assert extend(api, card, hold["id"], WEEK).json()["expiresAt"] == at(api, WEEK)
        clean(api)
    api.clock.advance(WEEK - 1)
    assert close(api, hold, "capture")["captured"] == 40
    clean(api)


@pytest.mark.contract("10.107")
@pytest.mark.parametrize("expires_in", [0, -1, WEEK + 1, 1.5, "60", None, 59, 60])
def test_an_end_that_a_hold_can_not_have(api: ApiFixture, expires_in: Any) -> None:
    card = api.grant()["id"]
    hold = place(api, card, 10, 60)["id"]
    with unchanged(api):
        refused = problem(extend(api, card, hold, expires_in), 400, "validation_failed")
    assert list(refused["errors"]) == ["expiresIn"]
    assert extend(api, card, hold, 61).status_code == 200


@pytest.mark.contract("10.107")
def test_holds_that_are_not_extended(api: ApiFixture, unknown_id: str) -> None:
    card, off, ended = (
        api.grant()["id"],
        api.grant()["id"],
        api.grant(expiresAt=at(api, 1))["id"],
    )
    holds = {id_: place(api, id_)["id"] for id_ in (card, off, ended)}
    api.call("POST", f"/v1/giftcards/{off}/actions/disable")
    api.clock.advance(1)
    key = other_stores_key(api, "giftcards:write")
    with unchanged(api):
        problem(extend(api, off, holds[off]), 409, "gift_card_inactive")
        problem(extend(api, ended, holds[ended]), 409, "gift_card_expired")
        problem(extend(api, card, holds[card], key=key), 404, "gift_card_not_found")
        for id_ in (unknown_id, "abc", holds[off]):
            problem(extend(api, card, id_), 404, "hold_not_found")
    for action in ("capture", "void"):
        hold = place(api, card)
        close(api, hold, action)
        with unchanged(api):
            problem(extend(api, card, hold["id"]), 409, "hold_closed")
