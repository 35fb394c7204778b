"""GET /ext/v1/events: a feed by cursor that can be waited for."""

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import httpx2
import pytest

from gridgift import waiting
from gridgift.domain import events
from tests.api import KELLY, ApiFixture, problem
from tests.http.requests import change_credit, ext, other_stores_key
from tests.serving import Server

PATH = "/ext/v1/events"
PATIENCE = 120.0  # seconds
LONGEST = 25  # seconds for which may be waited


def page(api: ApiFixture, **query: Any) -> Any:
    """Read a page of the feed."""
    response = api.call("GET", PATH, params=query)
    assert response.status_code == 200, response.text
    return response.json()


def follow(api: ApiFixture, count: int, **query: Any) -> tuple[list[Any], str]:
    """Read on until so many events came; on PostgreSQL other transactions may be in the way."""
    found: list[Any] = []
    until = time.monotonic() + PATIENCE
    while len(found) < count:
        assert time.monotonic() < until, found
        read = page(api, **query)
        found += read["data"]
        query["cursor"] = read["pagination"]["nextCursor"]
    return found, query["cursor"]


@pytest.mark.contract("10.93", "10.95")
def test_what_an_event_has(api: ApiFixture) -> None:
    card = api.grant(credit=50)["id"]
    api.clock.advance(1)
    body = {"delta": -20, "reason": "order 7"}
    ext(api, card, "adjust", body, headers={"X-Request-Id": "request-7"})
    found, _ = follow(api, 3)
    (made,) = [event for event in found if event["type"] == "key.changed"]
    assert made["about"] == {"keyId": api.issued.stored.id}
    granted, adjusted = [event for event in found if event is not made]
    assert (granted["type"], granted["before"], granted["seq"]) == ("gift_card.granted", None, 1)
    assert adjusted == {
        "id": adjusted["id"], "type": "gift_card.adjusted", "time": "2026-09-21T14:13:21Z",
        "storeId": api.store.id, "seq": 2, "delta": -20,
        "actor": {"kind": "key", "id": api.issued.stored.id},
        "requestId": "request-7", "reason": "order 7",
        "about": {"giftCardId": card, "customerUuid": KELLY.uuid},
        "before": granted["after"], "after": granted["after"] | {"credit": 30},
    }  # fmt: skip
    assert granted["after"] == {
        "credit": 50, "ownerUuid": KELLY.uuid, "active": True, "redeemed": False,
        "transfer": False, "texture": None, "purchased": False, "expiresAt": None,
    }  # fmt: skip


@pytest.mark.contract("10.95")
def test_what_else_an_event_is_about(api: ApiFixture) -> None:
    card = api.grant(credit=50)["id"]
    hold = ext(api, card, "holds", {"amount": 10, "expiresIn": 60}).json()
    ext(api, card, f"holds/{hold['id']}/actions/void")
    new = ext(api, card, "reissue", {"reason": "lost"}).json()["id"]
    change_credit(api, "deposit", 9)
    spend = change_credit(api, "spend", 4).json()["id"]
    found, _ = follow(api, 7)
    about = {event["type"]: event["about"] for event in found}
    of_card = {"giftCardId": card, "customerUuid": KELLY.uuid}
    of_hold = {"holdId": hold["id"], "holdAmount": 10, "holdExpiresAt": hold["expiresAt"]}
    assert about["hold.created"] == about["hold.voided"] == of_card | of_hold
    reissued = [event["about"] for event in found if event["type"] == "gift_card.reissued"]
    assert {(each["giftCardId"], each["otherGiftCardId"]) for each in reissued} == {
        (card, new), (new, card)}  # fmt: skip
    assert about["credit.spent"] == {
        "customerUuid": KELLY.uuid, "spendId": spend, "reference": "order 7"}  # fmt: skip


@pytest.mark.contract("10.93", "10.96")
def test_the_end_stays_usable(api: ApiFixture) -> None:
    _, cursor = follow(api, 1)  # its key was made
    empty = page(api, cursor=cursor)
    assert empty["data"] == []
    cards = [api.grant()["id"] for _ in range(5)]
    found, cursor = follow(api, 5, limit=2, cursor=empty["pagination"]["nextCursor"])
    assert [event["about"]["giftCardId"] for event in found] == cards
    end = page(api, cursor=cursor)
    assert end == {
        "data": [], "pagination": {"nextCursor": cursor, "previousCursor": None, "limit": 100}
    }  # fmt: skip
    card = api.grant()["id"]
    (later,), _ = follow(api, 1, cursor=cursor)
    assert later["about"]["giftCardId"] == card


@pytest.mark.contract("10.96")
def test_only_some_types(api: ApiFixture) -> None:
    card = api.grant()["id"]
    api.call("POST", f"/v1/giftcards/{card}/actions/disable")
    (only,), _ = follow(api, 1, types="hold.created,gift_card.disabled")
    assert only["type"] == "gift_card.disabled"
    follow(api, 2)
    problem(api.call("GET", f"{PATH}?types=gift_card.eaten"), 400, "validation_failed")


@pytest.mark.contract("10.93")
def test_who_may_read_it(api: ApiFixture) -> None:
    api.grant()
    follow(api, 1)
    assert api.call("GET", PATH, key=api.add_key("events:read").key).status_code == 200
    everything_else = [scope for scope in api.issued.stored.scopes if scope != "events:read"]
    problem(api.call("GET", PATH, key=api.add_key(*everything_else).key), 403, "scope_missing")
    theirs = other_stores_key(api, "events:read")
    told = api.call("GET", PATH, key=theirs).json()["data"]
    assert {event["type"] for event in told} <= {"key.changed"}
    assert api.store.id not in {event["storeId"] for event in told}
    mine = page(api)["pagination"]["nextCursor"]
    problem(api.call("GET", f"{PATH}?cursor={mine}", key=theirs), 400, "cursor_invalid")


@pytest.mark.contract("10.98")
@pytest.mark.parametrize("wait", ["-1", "26", "1.5", "x", ""])
def test_how_long_may_be_waited(api: ApiFixture, wait: str) -> None:
    found = problem(api.call("GET", f"{PATH}?wait={wait}"), 400, "validation_failed")
    assert found["errors"] == {"wait": ["must be an integer from 0 to 25 (seconds)"]}


class Poll(threading.Thread):
    """A long poll that runs beside the test, on its way to the server when it is made.

    ``patient``: it asks again until there is an event, as programs do.
    """

    def __init__(self, server: Server, cursor: str, *, patient: bool = False, **query: Any) -> None:
        super().__init__(daemon=True)
        self.query = {"cursor": cursor, "wait": LONGEST} | query
        self.patient = patient
        self.answer: Any = None
        self.client = server.client()
        assert self.client.get("/healthz").status_code == 200  # the poll's connection is made
        self.sent = threading.Event()
        self.start()
        assert self.sent.wait(PATIENCE)

    def run(self) -> None:
        """Wait for the answer."""
        began, until = time.monotonic(), time.monotonic() + PATIENCE
        with closing(self.client):
            answer = self._ask()
            while self.patient and not answer.json()["data"] and time.monotonic() < until:
                answer = self._ask()
        self.took = time.monotonic() - began
        self.answer = answer

    def _ask(self) -> Any:
        return self.client.get(PATH, params=self.query, extensions={"trace": self._note})

    def _note(self, event: str, _: Any) -> None:
        if event == "http11.send_request_body.complete":
            self.sent.set()

    def events(self) -> list[Any]:
        """Return what came."""
        self.join(PATIENCE)
        assert self.answer is not None, "no answer"
        assert self.answer.status_code == 200, self.answer.text
        return list(self.answer.json()["data"])


def grant(server: Server) -> str:
    with server.client() as client:
        answer = client.post("/v1/customers/kelly/actions/grant-gift-card", json={"credit": 5})
        return str(answer.json()["id"])


def end_of(server: Server) -> str:
    """Return the feed's end, once it has what a new store begins with: its key was made."""
    until = time.monotonic() + PATIENCE
    with server.client() as client:
        while not (read := client.get(PATH).json())["data"]:
            assert time.monotonic() < until, "nothing was told of the store"
    return str(read["pagination"]["nextCursor"])


@pytest.mark.contract("10.98")
def test_many_wait_for_what_any_process_writes(
    engine: str, shared_server: Callable[..., Server]
) -> None:
    """Two workers, more who wait than connections to PostgreSQL, and others are not kept out."""
    server = shared_server(engine, "--workers", "2").with_new_store()
    other = server.with_new_store()
    cursor = end_of(server)
    polls = [Poll(server, cursor, patient=True) for _ in range(8)]
    picky = Poll(server, cursor, patient=True, types="gift_card.disabled")
    end = end_of(other)
    elsewhere = [Poll(other, end) for _ in range(9)]
    shorter = Poll(other, end, wait=3)
    time.sleep(1)
    card = grant(server)
    # nobody had to leave for it
    assert all(poll.is_alive() or poll.took >= LONGEST for poll in elsewhere)
    for poll in polls:
        (event,) = poll.events()
        assert event["about"]["giftCardId"] == card
    assert picky.is_alive()
    with server.client() as client:
        client.post(f"/v1/giftcards/{card}/actions/disable")
    assert [event["type"] for event in picky.events()] == ["gift_card.disabled"]
    assert shorter.events() == []
    assert shorter.took >= 3


@pytest.mark.contract("10.98")
def test_a_key_has_ten_places_to_wait(engine: str, shared_server: Callable[..., Server]) -> None:
    server = shared_server(engine, "--workers", "1").with_new_store()
    cursor = end_of(server)
    polls = [Poll(server, cursor) for _ in range(waiting.WAITS_OF_A_KEY + 1)]
    until = time.monotonic() + PATIENCE
    while all(poll.is_alive() for poll in polls):
        assert time.monotonic() < until, "all of them wait"
        time.sleep(0.05)
    (turned_away,) = (poll for poll in polls if not poll.is_alive())
    refused = turned_away.answer
    assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
    assert int(refused.headers["retry-after"]) > 0
    polls.remove(turned_away)
    with server.client() as client:
        assert client.get(PATH, params={"cursor": cursor}).status_code == 200
    grant(server)
    assert all(poll.events() for poll in polls)


@pytest.mark.contract("10.98")
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_server_that_leaves_lets_nobody_wait(
    make_server: Callable[..., Server], workers: str
) -> None:
    server = make_server("--workers", workers)
    polls = [Poll(server, end_of(server)) for _ in range(4)]
    for _ in range(20):  # what came before these is read before them
        assert httpx2.get(f"{server.url}/healthz", timeout=PATIENCE).status_code == 200
    time.sleep(0.5)
    began = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - began < LONGEST - 5
    assert [poll.events() for poll in polls] == [[]] * 4


@pytest.mark.parametrize("trouble", [OSError("out of reach"), asyncio.CancelledError()])
def test_waiting_ends_when_nothing_can_be_looked_for(trouble: BaseException) -> None:
    """Those who wait look for themselves then, and tell what is wrong; the next ones do so too."""

    class Broken:
        async def read(self, *_: Any) -> Any:
            raise trouble

    async def wait() -> list[bool]:
        watch = waiting.Waiting(Broken(), every=0.01)  # type: ignore[arg-type]
        async with watch.looking():
            return [await watch.until_after("a store", 0, 10) for _ in range(2)]

    assert asyncio.run(wait()) == [True, True]
    assert events.TYPES
