"""Redemptions, each of a card of its own by the owner's link: both are made beforehand."""

import asyncio
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from math import ceil
from typing import Any, Final

import asyncpg

from bench import dataset, load, writing
from bench.figures import Result
from bench.load import Script
from bench.runs import Bench
from bench.statements import Sent
from bench.writing import Write, lone_cards
from gridgift.domain import tokens
from gridgift.domain.instants import DAY
from gridgift.domain.keys import Signer, digest
from gridgift.storage.queries import QUERIES

MOST: Final = 5_000  # redemptions a second for which there are cards
_SIGNER: Final = Signer(dataset.SECRET.encode(), tokens.PREFIX)
HASH: Final = bytes(32)  # of the entries before, which the benchmark does not make


def _token(card: int) -> str:
    """Return the link's token of a card's owner; its id is the owner's UUID."""
    store = dataset.store_id(dataset.store_of(card))
    return _SIGNER.issue(store, dataset.resident_uuid(dataset.owner_of(card)), bytes(32))


def _each(bench: Bench) -> int:
    """How many cards each owner needs for one run."""
    return ceil(max(bench.seconds, load.WARM_UP) * MOST / len(lone_cards(bench.sizes.usual)))


def _script(bench: Bench, run: int) -> Script:
    listed = [_token(card) for card in lone_cards(bench.sizes.usual)]
    return load.redemptions(listed, run * _each(bench))


def _prepare(bench: Bench, url: str) -> None:
    """Make every owner's link, and cards for all runs."""
    cards = lone_cards(bench.sizes.usual)
    links = [_link_row(card) for card in [0, *cards]]
    runs = bench.rounds + 1  # and the one that warms up
    new = [
        _card_row(owner, number, card)
        for owner, card in enumerate(cards)
        for number in range(_each(bench) * runs)
    ]
    insert(url, "token_add", links)
    insert(url, "card_put", new)


def _link_row(card: int) -> tuple[Any, ...]:
    """Return the columns of ``token_add``."""
    store, owner = dataset.store_id(dataset.store_of(card)), dataset.owner_of(card)
    uuid, until = dataset.resident_uuid(owner), dataset.instant(dataset.MOST) + 3650 * DAY
    return store, uuid, uuid, digest(_token(card)), dataset.SINCE, until


def _card_row(owner: int, number: int, card: int) -> tuple[Any, ...]:
    """Return the columns of ``card_put``."""
    return (
        dataset.store_id(dataset.store_of(card)), f"{owner:08x}-0000-7000-8000-{number:012x}",
        dataset.resident_uuid(dataset.owner_of(card)), 5, True, False, False, None, False, None, 1,
        dataset.SINCE, dataset.SINCE, HASH,
    )  # fmt: skip


def insert(url: str, name: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Run a named statement for each row of its parameters."""
    query = QUERIES[name]
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as raw, raw:
            raw.executemany(query.numbered, rows)
        return

    async def run() -> None:
        connection = await asyncpg.connect(url)
        try:
            await connection.executemany(query.postgres, rows)
        finally:
            await connection.close()

    asyncio.run(run())


REDEEM: Final = Write(
    "redeem",
    Sent(
        f"/v1/customer/giftcards/{dataset.card_id(0)}/redeem", None, {"X-Customer-Token": _token(0)}
    ),
    writing.OF_CARDS | {"seq": "CASE WHEN :account_kind = 'card' THEN "
    f"{writing.OF_CARDS['seq']} ELSE {writing.OF_ACCOUNTS['seq']} END"},
    _script,
    _prepare,
)  # fmt: skip


def redeem(bench: Bench) -> Iterator[Result]:
    """Durable redemptions a second, each with an idempotency key."""
    return writing.measured(bench, REDEEM)
