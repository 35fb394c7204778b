"""Lists of a whole store: searches over the API, the feed of events, and the dashboard's list."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Final

import asyncpg

from bench import dataset, load
from bench.figures import Aim, Figure, Result
from bench.load import PAGE
from bench.reading import RATE, walk
from bench.runs import SPOKEN, Bench, failed, rates
from bench.writing import run_sql
from gridgift.app import connect
from gridgift.domain import operators, sessions
from gridgift.domain.ids import new_id
from gridgift.domain.instants import DAY, format_instant
from gridgift.domain.model import Caller
from gridgift.domain.sessions import NewSession
from gridgift.http.edge.session import COOKIE, new_token
from gridgift.settings import Settings
from gridgift.storage.database import Tx

DEEP: Final = 100
FEED_PAGE: Final = 10  # as deep in the feed as in the list of cards
GOOD_FOR: Final = 730 * DAY  # every tenth card, from its grant
TOGETHER: Final = 1_000  # events at one position, as of a large transaction
LIST: Final = f"/ext/v1/giftcards?limit={PAGE}"
FEED: Final = f"/ext/v1/events?limit={PAGE}"
CARDS: Final = "/dashboard/cards"
FAMILY: Final = "moon"  # begins a name of every sixteenth resident


def search(bench: Bench) -> Iterator[Result]:
    """Searches that find by owner and by date, against the first page of one owner's list."""
    cards = bench.sizes.large
    paths_of = searches(cards)
    for engine in bench.engines:
        with ExitStack() as stack:
            url = bench.copy(stack, engine, cards)
            _let_expire(url)
            _rename(url)
            server = bench.serve(stack, url)
            paths = [
                (f"{name}-{number}", walk(server, number, path))
                for name, path in paths_of.items()
                for number in (1, DEEP)
            ]
            scripts = [load.same(path) for _, path in paths]
            runs = [(script, server) for script in (*scripts, load.same(walk(server, 1)))]
            *found, listed = bench.compare(runs, what=f"search, {SPOKEN[engine]}")
        for (part, _), loads in zip(paths, found, strict=True):
            title = f"search by {part.replace('-', ', page ')}, {cards:,} cards"
            figure = Figure(
                "search", engine, title, "GET a page", "page 1 of one owner", RATE, Aim(0.5), part
            )
            yield figure.result(rates(loads), rates(listed), errors=failed(loads, listed))


def searches(cards: int) -> dict[str, str]:
    """Say what is searched for among so many cards.

    Of usernames: what begins those of every sixteenth resident, whose cards are of all ages; and
    what begins only those whose cards are old, which a walk from the newest on comes to last.
    """
    old = dataset.username(cards // dataset.BLOCK * 100)[:3]
    half = format_instant(dataset.instant(cards // 2) + GOOD_FOR)
    return {
        "owner": f"{LIST}&owner={FAMILY}",
        "old owner": f"{LIST}&owner={old}",
        "expiry": f"{LIST}&expiringBefore={half}&sort=credit",
    }


def events(bench: Bench) -> Iterator[Result]:
    """A page of the feed, against a page of cards that is as deep in its list."""
    cards = bench.sizes.usual
    for engine in bench.engines:
        figure = Figure(
            "events", engine, f"a page of {PAGE} events", "GET a page of the feed",
            "GET a page of cards", RATE, Aim(1.0),
        )  # fmt: skip
        with ExitStack() as stack:
            url = bench.copy(stack, engine, cards)
            _tell(url)
            server = bench.serve(stack, url)
            runs = [
                (load.same(walk(server, FEED_PAGE, FEED)), server),
                (load.same(walk(server, FEED_PAGE)), server),
            ]
            told, listed = bench.compare(runs, what=f"events, {SPOKEN[engine]}")
        yield figure.result(rates(told), rates(listed), errors=failed(told, listed))


def dashboard(bench: Bench) -> Iterator[Result]:
    """The first page of the dashboard's list, signed in, against a page over the API."""
    cards = bench.sizes.large
    for engine in bench.engines:
        figure = Figure(
            "dashboard", engine, f"the dashboard's list of cards, {cards:,} cards",
            f"GET {CARDS}", "GET a page over the API", RATE, Aim(0.15),
        )  # fmt: skip
        with ExitStack() as stack:
            url = bench.copy(stack, engine, cards)
            cookie = asyncio.run(_sign_in(Settings(url)))
            server = bench.serve(stack, url)
            runs = [(load.signed_in(CARDS, cookie), server), (load.same(LIST), server)]
            shown, listed = bench.compare(runs, what=f"dashboard, {SPOKEN[engine]}")
        yield figure.result(rates(shown), rates(listed), errors=failed(shown, listed))


def _let_expire(url: str) -> None:
    """Give every tenth card a date, two years after it was granted."""
    tenth = "credit % 10 = 0"
    run_sql(url, f"UPDATE gift_cards SET expires_at = created_at + {GOOD_FOR} WHERE {tenth}")
    if url.startswith("postgres"):
        asyncio.run(_vacuum(url))


def _rename(url: str) -> None:
    """Give every sixteenth resident, whatever the age of the cards, a name of one family."""
    run_sql(
        url,
        "INSERT INTO resident_names (username, resident_uuid, seen_at) "
        f"SELECT '{FAMILY}.' || username, uuid, updated_at FROM residents "
        "WHERE CAST(uuid AS text) LIKE '%0'",
    )


async def _vacuum(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("VACUUM (ANALYZE) gift_cards")
    finally:
        await connection.close()


def _tell(url: str) -> None:
    """Make the event of each card's grant."""
    run_sql(
        url,
        "INSERT INTO events (store_id, position, account_kind, account_id, seq, created_at) "
        f"SELECT store_id, 1 + (ROW_NUMBER() OVER (ORDER BY created_at)) / {TOGETHER}, "
        "account_kind, account_id, seq, created_at FROM entries",
    )


async def _sign_in(settings: Settings) -> str:
    """Begin a session of an owner of the first store, and return its cookie."""
    database = connect(settings)
    token = new_token()
    caller = Caller(dataset.store_id(0), "operator", "bench", "bench")

    async def begin(tx: Tx) -> None:
        member = await operators.add(tx, caller, "Bench", "owner", new_id())
        operator = await operators.find(tx, member.name)
        assert await sessions.begin(tx, operator, NewSession(new_id(), token, "", ""))

    try:
        await database.write(begin)
    finally:
        await database.close()
    return f"{COOKIE}={token}"
