"""Two servers on one PostgreSQL, stopped and started again in turn under load.

``python -m tests.rolling --rounds 10`` runs rounds in two modes: SIGTERM, as a deployment does it,
and SIGKILL, as a crash does. Clients know both servers, as a balancer does: what one of them does
not answer goes to the other with the same idempotency key. In the end every acknowledged grant
is there exactly once, and verify is clean.

Only three things may come instead of an answer: no connection (the request was never sent), an
idle connection that was closed just as it was used again (nothing was begun), and, when a server
is killed, a connection that broke with the request in flight.
"""

import argparse
import asyncio
import random
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Final

import httpx2

from tests import databases
from tests.api import KELLY
from tests.leaving import end_on_sigterm
from tests.races import faults
from tests.serving import Server

CLIENTS: Final = 12
LEAVES: Final = 30.0  # seconds within which a server is gone after SIGTERM, on a busy machine
PATIENCE: Final = 120.0  # seconds within which a request is answered by one server or the other
GRANT: Final = f"/v1/customers/{KELLY.uuid}/actions/grant-gift-card"
MODES: Final = ("SIGTERM", "SIGKILL")


@dataclass
class Book:
    """What clients saw."""

    cards: set[str] = field(default_factory=set)
    acknowledged: int = 0
    replayed: int = 0
    not_connected: int = 0
    in_flight: int = 0  # sent, or partly sent, and not answered
    restarts: int = 0
    slowest_leave: float = 0.0


class Load:
    """Clients that grant cards at two servers."""

    def __init__(self, servers: Sequence[Server], seed: int) -> None:
        self.servers = servers
        self.seed = seed
        self.book = Book()
        self.over = False
        self.number = 0
        # one key for both servers: they share the database
        self.clients = [
            httpx2.AsyncClient(base_url=server.url, headers=servers[0].headers, timeout=30)
            for server in servers
        ]

    async def grant(self, first: int) -> None:
        """Grant one card: at one server or, if that does not answer, at the other."""
        self.number += 1
        headers = {"Idempotency-Key": f"{self.seed}-{self.number}"}
        deadline = time.monotonic() + PATIENCE
        at = first
        while time.monotonic() < deadline:
            try:
                answer = await self.clients[at].post(GRANT, json={"credit": 5}, headers=headers)
            except (httpx2.ConnectError, httpx2.ConnectTimeout):
                self.book.not_connected += 1
            except httpx2.TransportError:
                self.book.in_flight += 1
            else:
                assert answer.status_code == 200, answer.text
                self.book.acknowledged += 1
                self.book.replayed += "idempotent-replayed" in answer.headers
                self.book.cards.add(answer.json()["id"])
                return
            at = 1 - at
            await asyncio.sleep(0.01)
        raise AssertionError(f"not answered in {PATIENCE} s")

    async def work(self, number: int) -> None:
        """Grant until all is over, each client mostly at the same server."""
        while not self.over:
            await self.grant(number % 2)

    async def roll(self, rounds: int, mode: str) -> Book:
        """Restart the servers in turn, so many times; return what clients saw."""
        crowd = [asyncio.create_task(self.work(number)) for number in range(CLIENTS)]
        dice = random.Random(self.seed)
        for lap in range(rounds):
            await asyncio.sleep(dice.uniform(0.3, 1.0))
            await asyncio.to_thread(self.restart, self.servers[lap % 2], mode)
        await asyncio.sleep(0.5)
        self.over = True
        await asyncio.gather(*crowd)
        return self.book

    def restart(self, server: Server, mode: str) -> None:
        """Stop one server and start it again."""
        begun = time.monotonic()
        if mode == "SIGTERM":
            server.process.terminate()
            assert server.process.wait(LEAVES) == 0, server.log()
            self.book.slowest_leave = max(self.book.slowest_leave, time.monotonic() - begun)
        else:
            server.kill()
        self.book.restarts += 1
        server.restart()

    async def compare(self) -> None:
        """Assert that what was acknowledged is there, once, and nothing else."""
        assert len(self.book.cards) == self.book.acknowledged, "two grants had one card"
        there = [card["id"] async for card in self.granted()]
        assert len(there) == len(set(there))
        assert set(there) == self.book.cards, "a card too many, or one too few"
        assert await faults(self.servers[0]) == [], "verify is not clean"

    async def granted(self) -> Any:
        """Go through all cards."""
        query: dict[str, str] = {"limit": "1000"}
        while True:
            path = f"/v1/customers/{KELLY.uuid}/giftcards"
            page = (await self.clients[0].get(path, params=query)).json()
            for card in page["data"]:
                yield card
            if page["pagination"]["nextCursor"] is None:
                return
            query["cursor"] = page["pagination"]["nextCursor"]


async def run(servers: Sequence[Server], rounds: int, mode: str, seed: int) -> Book:
    """Roll and compare."""
    load = Load(servers, seed)
    try:
        book = await load.roll(rounds, mode)
        await load.compare()
    finally:
        for client in load.clients:
            await client.aclose()
    return book


def rolled(rounds: int, mode: str, seed: int, url: str, *options: str) -> Book:
    """Start two servers on a fresh database and roll them."""
    with ExitStack() as stack:
        servers = [stack.enter_context(Server.started(url, options)) for _ in range(2)]
        return asyncio.run(run(servers, rounds, mode, seed))


def show(books: dict[str, Book]) -> None:
    """Print a table."""
    total = sum(book.acknowledged for book in books.values())
    print(f"{total} grants acknowledged, each is there once; none failed for good; verify is clean")
    rows = (
        ("restarts", lambda book: book.restarts),
        ("grants acknowledged", lambda book: book.acknowledged),
        ("no connection, sent to the other server", lambda book: book.not_connected),
        ("sent and not answered, sent again", lambda book: book.in_flight),
        ("of these, had been done, so replayed", lambda book: book.replayed),
        ("slowest to leave, seconds", lambda book: round(book.slowest_leave, 2)),
    )
    print(f"{'':<43}" + "".join(f"{mode:>10}" for mode in books))
    for name, value in rows:
        print(f"{name:<43}" + "".join(f"{value(book):>10}" for book in books.values()))


def main(modes: Sequence[str], rounds: int, seed: int) -> None:
    """Roll in each mode and print the numbers."""
    books = {}
    for mode in modes:
        print(f"{mode}: {rounds} restarts under the load of {CLIENTS} clients, seed {seed}")
        with databases.fresh("postgres") as url:
            books[mode] = rolled(rounds, mode, seed, url)
    show(books)


if __name__ == "__main__":
    end_on_sigterm()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--mode", choices=MODES, action="append")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    arguments = parser.parse_args()
    main(arguments.mode or MODES, arguments.rounds, arguments.seed)
