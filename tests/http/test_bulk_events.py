"""A bulk tells by one event that all of its rows are done, however many transactions it took."""

import json
import time
from typing import Any

import pytest

from tests.api import KELLY, ApiFixture

PATH = "/ext/v1/giftcards/bulk"
PATIENCE = 120.0  # seconds
LINES = {"Content-Type": "application/jsonl"}


def rows(good: int, bad: int = 0) -> str:
    """Write rows for Kelly, and for nobody whom anyone knows."""
    names = [KELLY.username] * good + ["nobody.known"] * bad
    return "\n".join(json.dumps({"identifier": name, "credit": 5}) for name in names)


def finished(api: ApiFixture, count: int = 1) -> list[Any]:
    """Read the events that tell of bulks, once there are so many: others may be in their way."""
    until = time.monotonic() + PATIENCE
    while True:
        response = api.call("GET", "/ext/v1/events", params={"types": "bulk.finished"})
        assert response.status_code == 200, response.text
        found: list[Any] = response.json()["data"]
        if len(found) >= count:
            return found
        assert time.monotonic() < until, found


@pytest.mark.contract("10.70", "10.94", "10.95")
def test_one_event_of_all_rows(api: ApiFixture) -> None:
    sent = {"content": rows(120, bad=3), "headers": LINES | {"Idempotency-Key": "bulk 1"}}
    answer = api.call("POST", PATH, **sent)
    assert answer.status_code == 200, answer.text
    (event,) = finished(api)
    counts = {"granted": 120, "skipped": 0, "refused": 3}
    assert event["after"] == counts | {"amount": 600}
    assert counts.items() <= answer.json().items()
    assert (event["before"], event["seq"], event["delta"]) == (None, None, None)
    assert event["about"].keys() == {"bulkId"}
    assert event["actor"] == {"kind": "key", "id": api.issued.stored.id}
    assert event["requestId"] == answer.headers["x-request-id"]
    assert api.call("POST", PATH, **sent).headers["idempotent-replayed"] == "true"
    assert finished(api) == [event]


@pytest.mark.contract("10.70")
def test_one_that_went_on_after_a_break_counts_what_was_before(api: ApiFixture) -> None:
    sent = {"content": rows(120), "headers": LINES | {"Idempotency-Key": "bulk 1"}}
    assert api.call("POST", PATH, **sent).status_code == 200
    api.sql("DELETE FROM idempotency_keys WHERE key <> 'bulk 1'")  # as if the second part broke off
    api.sql("DELETE FROM events WHERE type = 'bulk.finished'")
    assert api.call("POST", PATH, **sent).status_code == 200
    (event,) = finished(api)
    assert event["after"] == {"granted": 120, "skipped": 0, "refused": 0, "amount": 600}


@pytest.mark.contract("10.72")
def test_what_was_refused_whole_is_not_finished(api: ApiFixture) -> None:
    sent = {"content": rows(2, bad=1), "headers": LINES}
    assert api.call("POST", PATH, params={"atomic": "true"}, **sent).status_code == 400
    assert api.call("POST", PATH, **sent).status_code == 200
    assert [event["after"]["refused"] for event in finished(api)] == [1]  # and none before it
