"""Webhooks delivered a second to a local receiver, against the same posts in a bare loop."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from typing import Any, Final

from bench import dataset, servers
from bench.figures import Aim, Figure, Result
from bench.runs import SPOKEN, Bench
from gridgift.app import connect
from gridgift.domain import bulk, webhooks
from gridgift.domain.bulk import GrantRow
from gridgift.domain.giftcards import Terms
from gridgift.domain.ids import new_id
from gridgift.domain.model import Caller
from gridgift.domain.residents import Identifier
from gridgift.domain.webhooks import Wanted
from gridgift.settings import Settings
from gridgift.storage.database import Tx
from gridgift.storage.queries import Query
from gridgift.webhook_delivery import PLACES_OF_ONE
from gridgift.webhook_messages import Message
from gridgift.webhook_sender import Sender

HOOKS: Final = 10
LONGEST: Final = 300.0  # seconds that one run may take
LOOK: Final = 0.5  # seconds between two looks at what was delivered
PRIVATE: Final = {"GRIDGIFT_WEBHOOK_ALLOW_PRIVATE": "1"}
BODY: Final = b"{%s}" % (b" " * 800)  # as many bytes as a granted card's event
TIMES: Final = Query.parse(
    "deliveries_timed",
    "SELECT COUNT(finished_at), MIN(created_at), MAX(finished_at) FROM webhook_deliveries "
    "WHERE store_id = :store_id",
)
SECRET: Final = "whsec_" + "A" * 43 + "="


def delivered(bench: Bench) -> Iterator[Result]:
    """Deliveries a second of one server, from the making of the first one to the last answer."""
    events = bench.sizes.events
    for engine in bench.engines:
        figure = Figure(
            "webhooks", engine, f"{events:,} events, each to {HOOKS} webhooks",
            "gridgift serve", "a bare loop of the same posts", "deliveries/s", Aim(0.5),
        )  # fmt: skip
        ours, theirs = [], []
        for lap in range(bench.rounds):
            bench.progress.say(f"webhooks, {SPOKEN[engine]}, round {lap + 1} of {bench.rounds}")
            with ExitStack() as stack:
                receiver = bench.constant(stack)
                url = f"http://127.0.0.1:{receiver.port}{servers.HELLO}"
                settings = Settings(bench.copy(stack, engine, bench.sizes.usual))
                asyncio.run(_prepare(settings, url, events))
                stack.enter_context(
                    servers.gridgift(settings.database_url, bench.file(".log"), more=PRIVATE)
                )
                ours.append(asyncio.run(_rate(settings, events * HOOKS)))
            with ExitStack() as stack:
                receiver = bench.constant(stack)
                url = f"http://127.0.0.1:{receiver.port}{servers.HELLO}"
                theirs.append(asyncio.run(bare_loop(url, events * HOOKS)))
        yield figure.result(ours, theirs)


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Any]:
    database = connect(settings)
    try:
        yield database
    finally:
        await database.close()


async def _prepare(settings: Settings, url: str, events: int) -> None:
    """Make the webhooks, and then the events, while no server delivers them."""
    caller = Caller(dataset.store_id(0), "operator", "bench", "bench")
    wanted = Wanted(url, ("gift_card.granted",))
    rows = [GrantRow(Identifier(uuid=dataset.resident_uuid(0)), Terms(500))] * events
    async with _opened(settings) as database:
        for _ in range(HOOKS):
            await database.write(webhooks.create, caller, new_id(), wanted, allow_private=True)
        await database.write(bulk.grant, caller, rows, [new_id() for _ in rows])


async def _rate(settings: Settings, wanted: int) -> float:
    """Wait until all is delivered, and return how many were a second."""
    until = time.monotonic() + LONGEST
    async with _opened(settings) as database:
        while True:
            count, milliseconds = await database.read(_times)
            if count >= wanted:
                return float(count * 1000 / milliseconds)
            if time.monotonic() > until:
                raise RuntimeError(f"only {count} of {wanted} were delivered in {LONGEST:.0f} s")
            await asyncio.sleep(LOOK)


async def _times(tx: Tx) -> tuple[int, int]:
    """Return how many deliveries have ended, and within how many milliseconds."""
    row = await tx.one(TIMES, store_id=dataset.store_id(0))
    assert row is not None
    count, made, ended = row
    return (count, ended - made) if count else (0, 0)


async def bare_loop(url: str, posts: int) -> float:
    """Post as many messages, as many at once, and keep nothing; return how many a second."""
    sender = Sender(allow_private=True)
    numbers = iter(range(posts))

    async def client() -> None:
        for number in numbers:
            outcome = await sender.post(Message(str(number), url, BODY, (SECRET,)))
            assert outcome.delivered, outcome

    started = time.perf_counter()
    await asyncio.gather(*[client() for _ in range(HOOKS * PLACES_OF_ONE)])
    spent = time.perf_counter() - started
    await sender.close()
    return posts / spent
