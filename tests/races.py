"""Races for money: 64 requests at once for one card or account, over several server processes.

``python -m tests.races --rounds 200`` runs them on both engines and prints what came of it; on
PostgreSQL against two servers, on SQLite against one server with two workers.
"""

import argparse
import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Final

import httpx2

from gridgift.app import connect
from gridgift.domain import verify
from gridgift.domain.verify import Fault
from tests import databases
from tests.api import JO, KELLY
from tests.leaving import end_on_sigterm
from tests.serving import Server

RUNNERS: Final = 64
HEAD_START: Final = 0.05  # seconds, at most, where all would not be equal otherwise
CREDIT: Final = f"/ext/v1/customers/{KELLY.uuid}/credit"
NOTE: Final = {"reason": "race", "reference": "race"}

Said = Counter[tuple[int, str]]  # how often which status and code were answered
Send = Callable[[int], Awaitable[httpx2.Response]]


class Track:
    """Two processes over one database, and a client that spreads its requests over both."""

    def __init__(self, servers: Sequence[Server]) -> None:
        self.servers = servers
        # one that was idle is not used again: the server gives it up after a while
        limits = httpx2.Limits(
            max_connections=RUNNERS, max_keepalive_connections=RUNNERS, keepalive_expiry=1
        )
        headers = servers[0].headers
        self.clients = [
            httpx2.AsyncClient(base_url=server.url, headers=headers, limits=limits, timeout=60)
            for server in servers
        ]
        self.requests = 0
        self.tokens: dict[str, str] = {}

    async def post(self, path: str, body: Any = None, runner: int = 0, **headers: str) -> Any:
        """Send a POST by way of the runner's server."""
        self.requests += 1
        client = self.clients[runner % len(self.clients)]
        return await client.post(path, json=body, headers=headers)

    async def good(self, path: str, body: Any = None) -> Any:
        """Send a POST that must succeed and return what it answers."""
        response = await self.post(path, body)
        assert response.is_success, response.text
        return response.json()

    async def at_once(self, send: Send) -> Said:
        """Let every runner send, and count the answers by status and code."""
        responses = await asyncio.gather(*(send(number) for number in range(RUNNERS)))
        return Counter(outcome(response) for response in responses)

    async def card(self, credit: int, **terms: Any) -> str:
        """Grant Kelly a card."""
        path = f"/v1/customers/{KELLY.uuid}/actions/grant-gift-card"
        card: str = (await self.good(path, {"credit": credit} | terms))["id"]
        return card

    async def token(self, uuid: str) -> dict[str, str]:
        """Return the header of a resident's page."""
        if uuid not in self.tokens:
            minted = await self.good("/v1/customer-tokens", {"customerIdentifier": uuid})
            self.tokens[uuid] = minted["token"]
        return {"X-Customer-Token": self.tokens[uuid]}

    async def total(self) -> int:
        """Read Kelly's store credit."""
        total: int = (await self.clients[0].get(CREDIT)).json()["total"]
        return total

    async def fill(self, amount: int) -> None:
        """Make Kelly's store credit exactly this much."""
        there = await self.total()
        if there:
            await self.good(f"{CREDIT}/actions/spend", {"amount": there} | NOTE)
        await self.good(f"{CREDIT}/actions/deposit", {"amount": amount} | NOTE)

    async def close(self) -> None:
        """Close the connections."""
        for client in self.clients:
            await client.aclose()


def outcome(response: httpx2.Response) -> tuple[int, str]:
    """Return the status and, of a refusal, the code."""
    return response.status_code, "" if response.is_success else response.json()["code"]


async def redeem(track: Track) -> Said:
    card = await track.card(37)
    before, token = await track.total(), await track.token(KELLY.uuid)
    path = f"/v1/customer/giftcards/{card}/redeem"
    said = await track.at_once(lambda n: track.post(path, None, n, **token))
    expect(said, {(200, ""): 1, (400, "gift_card_redeemed"): RUNNERS - 1})
    assert await track.total() == before + 37
    return said


async def transfer(track: Track) -> Said:
    card, token = await track.card(5, transfer=True), await track.token(KELLY.uuid)
    path, body = f"/v1/customer/giftcards/{card}/transfer", {"receiverIdentifier": JO.uuid}
    said = await track.at_once(lambda n: track.post(path, body, n, **token))
    expect(said, {(200, ""): 1, (404, "gift_card_not_found"): RUNNERS - 1})
    return said


async def redeem_or_transfer(track: Track) -> Said:
    """Half of the runners redeem the card, the other half give it away: one of all succeeds."""
    card, token = await track.card(11, transfer=True), await track.token(KELLY.uuid)
    before, path = await track.total(), f"/v1/customer/giftcards/{card}"

    async def send(number: int) -> Any:
        await asyncio.sleep(random.uniform(0, HEAD_START))  # a request with a body is slower
        if number // 2 % 2:
            return await track.post(f"{path}/redeem", None, number, **token)
        body = {"receiverIdentifier": JO.uuid}
        return await track.post(f"{path}/transfer", body, number, **token)

    said = await track.at_once(send)
    gained = await track.total() - before  # 0: it was given away
    lost = (400, "gift_card_redeemed") if gained else (404, "gift_card_not_found")
    assert gained in {0, 11}
    expect(said, {(200, ""): 1, lost: RUNNERS - 1})
    return said


async def spend(track: Track) -> Said:
    await track.fill(100)
    body = {"amount": 7} | NOTE
    said = await track.at_once(lambda n: track.post(f"{CREDIT}/actions/spend", body, n))
    expect(said, {(200, ""): 14, (409, "insufficient_credit"): RUNNERS - 14})
    assert await track.total() == 2
    return said


async def refund(track: Track) -> Said:
    await track.fill(60)
    spent = (await track.good(f"{CREDIT}/actions/spend", {"amount": 55} | NOTE))["id"]
    body = {"spend": spent, "amount": 10} | NOTE
    said = await track.at_once(lambda n: track.post(f"{CREDIT}/actions/refund", body, n))
    expect(said, {(200, ""): 5, (409, "refund_exceeds_spend"): RUNNERS - 5})
    assert await track.total() == 55
    return said


async def hold(track: Track) -> Said:
    path = f"/ext/v1/giftcards/{await track.card(100)}/holds"
    body = {"amount": 9, "expiresIn": 600}
    said = await track.at_once(lambda n: track.post(path, body, n))
    expect(said, {(201, ""): 11, (409, "insufficient_credit"): RUNNERS - 11})
    return said


async def capture(track: Track) -> Said:
    """All capture a hold, wholly or in part, or void it: one of all succeeds."""
    card = await track.card(100)
    path = f"/ext/v1/giftcards/{card}/holds"
    held = (await track.good(path, {"amount": 40, "expiresIn": 600}))["id"]

    async def send(number: int) -> Any:
        action = "void" if number % 8 == 7 else "capture"
        body = {"amount": 15} if number % 8 < 4 else None
        return await track.post(f"{path}/{held}/actions/{action}", body, number)

    said = await track.at_once(send)
    expect(said, {(200, ""): 1, (409, "hold_closed"): RUNNERS - 1})
    left = (await track.clients[0].get(f"/v1/giftcards/{card}")).json()["credit"]
    assert left in {60, 85, 100}
    return said


async def adjust(track: Track) -> Said:
    path = f"/ext/v1/giftcards/{await track.card(100)}/actions/adjust"
    body = {"delta": -30, "reason": "race"}
    said = await track.at_once(lambda n: track.post(path, body, n))
    expect(said, {(200, ""): 3, (409, "insufficient_credit"): RUNNERS - 3})
    return said


async def reissue(track: Track) -> Said:
    path = f"/ext/v1/giftcards/{await track.card(8)}/actions/reissue"
    said = await track.at_once(lambda n: track.post(path, {"reason": "race"}, n))
    expect(said, {(201, ""): 1, (409, "gift_card_void"): RUNNERS - 1})
    return said


async def one_key(track: Track) -> Said:
    """The same deposit from everybody, with one idempotency key: it is made once."""
    await track.fill(1)
    body, key = {"amount": 5} | NOTE, f"race {time.monotonic_ns()}"
    path = f"{CREDIT}/actions/deposit"
    said = await track.at_once(lambda n: track.post(path, body, n, **{"Idempotency-Key": key}))
    expect(said, {(200, ""): RUNNERS})
    assert await track.total() == 6
    return said


RACES: Final = (
    redeem, transfer, redeem_or_transfer, spend, refund, hold, capture, adjust, reissue, one_key,
)  # fmt: skip


def expect(said: Said, wanted: dict[tuple[int, str], int]) -> None:
    """Assert that the answers were exactly these."""
    assert said == wanted, said


async def run(servers: Sequence[Server], rounds: int) -> tuple[dict[str, Said], int]:
    """Run every race so many times; return all that was answered, and how many requests."""
    track = Track(servers)
    totals: dict[str, Said] = {race.__name__: Counter() for race in RACES}
    try:
        for lap in range(1, rounds + 1):
            for race in RACES:
                totals[race.__name__] += await race(track)
            if lap % 20 == 0:
                print(f"  {lap} rounds", flush=True)
    finally:
        await track.close()
    return totals, track.requests


async def faults(server: Server) -> list[Fault]:
    """Verify a server's database."""
    found: list[Fault] = []
    database = connect(server.settings)
    try:
        await database.snapshot(verify.verify, found.append, lambda seen: None)
    finally:
        await database.close()
    return found


@contextmanager
def started(engine: str, url: str) -> Iterator[list[Server]]:
    """Start two processes on one database."""
    with ExitStack() as stack:
        if engine == "sqlite":
            yield [stack.enter_context(Server.started(url, ["--workers", "2"]))]
        else:
            yield [stack.enter_context(Server.started(url)) for _ in range(2)]


def main(engines: Sequence[str], rounds: int) -> None:
    """Race on each engine and print the numbers."""
    for engine in engines:
        with databases.fresh(engine) as url, started(engine, url) as servers:
            print(f"{engine}: {rounds} rounds of {len(RACES)} races, {RUNNERS} at once")
            begun = time.monotonic()
            totals, requests = asyncio.run(run(servers, rounds))
            took = time.monotonic() - begun
            assert asyncio.run(faults(servers[0])) == [], "verify is not clean"
        for name, said in totals.items():
            answers = ", ".join(f"{n} × {s} {c}".strip() for (s, c), n in sorted(said.items()))
            print(f"  {name}: {answers}")
        print(f"{engine}: {requests} requests in {took:.0f} s; verify is clean", flush=True)


if __name__ == "__main__":
    end_on_sigterm()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--engine", choices=["sqlite", "postgres"], action="append")
    arguments = parser.parse_args()
    main(arguments.engine or ["sqlite", "postgres"], arguments.rounds)
