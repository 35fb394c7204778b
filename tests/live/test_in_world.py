"""Objects in Second Life whose server dies, and whose answers are lost: each thing happens once."""

import asyncio
import json
import time
import uuid
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

import httpx2
import pytest

from gridgift.inworld.protocol import signature
from tests import crash
from tests.api import OWNER
from tests.domain.fixture import bare_sql
from tests.domain.test_claims import stranger
from tests.http.in_world import OBJECT, PATH
from tests.races import faults
from tests.serving import Server

CROWD: Final = 30  # residents at once
PATIENCE: Final = 120.0  # seconds until each has an answer


class Box:
    """A paired object on a live server; a request is sent until it is answered."""

    def __init__(self, server: Server, kind: str, **settings: Any) -> None:
        self.server = server
        with server.client() as client:
            body = {"kind": kind, "name": "Gift"} | settings
            self.id = client.post("/ext/v1/units", json=body).raise_for_status().json()["id"]
            path = f"/ext/v1/units/{self.id}/actions/pair"
            code = client.post(path).raise_for_status().json()["code"]
            self.headers = {
                "Content-Type": "application/json",
                "X-GC-Unit": self.id,
                "X-SecondLife-Shard": "Production",
                "X-SecondLife-Object-Key": OBJECT,
                "X-SecondLife-Owner-Key": OWNER.uuid,
            }
            body = {"code": code, "obj": OBJECT, "owner": OWNER.uuid}
            paired = client.post(f"{PATH}/pair", json=body, headers=self.headers)
            self.secret = paired.raise_for_status().json()["secret"]

    async def send(self, client: httpx2.AsyncClient, action: str, body: Any, nonce: str) -> Any:
        """Send a request with one nonce, signed anew each time, until it is answered."""
        content, path = json.dumps(body).encode(), f"{PATH}/{action}"
        deadline = time.monotonic() + PATIENCE
        while True:
            now = str(int(time.time()))
            parts = (now.encode(), nonce.encode(), path.encode(), content)
            made = signature(self.secret, *parts).decode()
            signed = {"X-GC-Time": now, "X-GC-Nonce": nonce, "X-GC-Sig": made}
            try:
                answer = await client.post(path, content=content, headers=self.headers | signed)
                if answer.status_code != 503:
                    return answer
            except httpx2.TransportError:
                pass
            assert time.monotonic() < deadline, "no answer"
            await asyncio.sleep(0.05)

    async def crowd(self, wanted: list[tuple[str, Any, str]]) -> list[Any]:
        """Send many requests at once."""
        async with httpx2.AsyncClient(base_url=self.server.url, timeout=30) as client:
            return await asyncio.gather(*(self.send(client, *each) for each in wanted))


def touches(residents: int, each: int) -> list[tuple[str, Any, str]]:
    """Return claims of so many residents, each of whom touches so often."""
    return [
        ("claim", {"avatar": who.uuid, "name": who.username, "group": 0, "obj": OBJECT,
                   "owner": OWNER.uuid}, str(uuid.uuid4()))
        for who in map(stranger, range(residents))
        for _ in range(each)
    ]  # fmt: skip


def payments(number: int) -> list[tuple[str, Any, str]]:
    """Return so many payments, each of which an object tells of twice at once."""
    paid = [
        ("purchase", {"avatar": who.uuid, "name": who.username, "amount": 10 + n,
                      "paid_at": int(time.time())}, str(uuid.uuid4()))
        for n, who in enumerate(map(stranger, range(number)))
    ]  # fmt: skip
    return paid * 2


@pytest.fixture(params=[1, 2], ids=["1-worker", "2-workers"])
def server(
    request: pytest.FixtureRequest, engine: str, shared_server: Callable[..., Server]
) -> Server:
    """A store on a live server of one process, and of two, on each engine."""
    return shared_server(engine, "--workers", str(request.param)).with_new_store()


@pytest.mark.contract("9.3", "9.4")
def test_a_crowd_at_the_last_cards(server: Server) -> None:
    box = Box(server, "delivery", maxCards=CROWD // 2)
    answers = asyncio.run(box.crowd(touches(CROWD, 2)))
    codes = Counter(answer.json()["code"] for answer in answers)
    assert codes["granted"] == CROWD // 2
    assert codes.keys() <= {"granted", "already_claimed", "exhausted"}
    with server.client() as client:
        claims = client.get(f"/ext/v1/units/{box.id}/claims").json()["data"]
    assert len({claim["residentUuid"] for claim in claims}) == len(claims) == CROWD // 2
    assert asyncio.run(faults(server)) == []


@pytest.mark.contract("9.25")
def test_an_answer_that_comes_to_another_process(make_server: Callable[..., Server]) -> None:
    """Grants wait in two processes, and the directory's answers come to either."""
    server = make_server("--workers", "2", GRIDGIFT_RESOLVER_URL="in-world")
    box, strangers = Box(server, "directory"), list(map(stranger, range(8)))
    uuids = {who.username: who.uuid for who in strangers}

    async def answer(granted: asyncio.Future[Any]) -> None:
        answers = ""
        async with httpx2.AsyncClient(base_url=server.url, timeout=30) as client:
            while not granted.done():
                body = {"answers": answers}
                asked = await box.send(client, "questions", body, str(uuid.uuid4()))
                ask = [each.split("|") for each in asked.json()["ask"].split(",") if each]
                answers = ",".join(f"{number}|{uuids[name]}|{name}" for number, name in ask)
                await asyncio.sleep(0.1)

    async def grant(client: httpx2.AsyncClient, name: str) -> Any:
        path = f"/v1/customers/{name}/actions/grant-gift-card"
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            given = await client.post(path, json={"credit": 5}, headers={"Idempotency-Key": name})
            if given.status_code != 409:
                return given
        raise AssertionError("still pending")

    async def run() -> list[Any]:
        async with httpx2.AsyncClient(
            base_url=server.url, headers={"X-API-Key": server.key}, timeout=60
        ) as client:
            wanted = (grant(client, who.username) for who in strangers for _ in range(2))
            granted = asyncio.gather(*wanted)
            _, given = await asyncio.gather(answer(granted), granted)
            return given

    given = asyncio.run(run())
    assert {card.status_code for card in given} == {200}
    owners = Counter(card.json()["ownerUuid"] for card in given)
    assert owners == dict.fromkeys(uuids.values(), 2)
    assert len({card.json()["id"] for card in given}) == len(strangers)


@pytest.mark.contract("9.15", "9.22")
def test_a_server_that_dies_in_between(engine: str) -> None:
    """Who had no answer asks again with the same nonce: one card each, and one for each payment."""
    with crash.crashable(engine) as (url, _), Server.started(url) as server:
        box, vendor = Box(server, "delivery"), Box(server, "vendor")

        async def die() -> None:
            await asyncio.sleep(0.05)
            server.kill()
            await asyncio.to_thread(server.restart)

        async def run() -> tuple[list[Any], list[Any]]:
            claimed, sold, _ = await asyncio.gather(
                box.crowd(touches(CROWD, 1)), vendor.crowd(payments(CROWD)), die()
            )
            return claimed, sold

        claimed, sold = asyncio.run(run())
        assert {answer.json()["code"] for answer in claimed} == {"granted"}
        assert {answer.json()["code"] for answer in sold} == {"purchased"}
        cards = [answer.json()["card"] for answer in sold]
        assert cards[:CROWD] == cards[CROWD:]
        granted = "SELECT COUNT(*) FROM gift_cards WHERE purchased = "
        for purchased in ("TRUE", "FALSE"):
            assert asyncio.run(bare_sql(url, granted + purchased)) == [(CROWD,)]
        assert asyncio.run(faults(server)) == []
