"""Reads that are asked for at the same moment travel together, and each gets its own answer."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, cast

import pytest

from gridgift.http.gathering import MAX_GATHERED, Gatherer
from gridgift.storage.database import Database, DatabaseUnavailable
from tests.shop import JO, Shop


class Reads:
    """A database that keeps what it was asked, and answers when it is told to."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, list[str]]] = []
        self.error: Exception | None = None

    async def read(self, _: Any, store_id: str, ids: Sequence[str]) -> Mapping[str, str]:
        """Answer with a row for every id but those that begin with ``no``."""
        self.asked.append((store_id, list(ids)))
        await asyncio.sleep(0)
        if self.error is not None:
            raise self.error
        return {row_id: f"{store_id}/{row_id}" for row_id in ids if not row_id.startswith("no")}


def gathered(use: Callable[[Gatherer[str], Reads], Awaitable[Any]]) -> tuple[Any, Reads]:
    """Use a gatherer in a loop of its own; return what came out and what was asked."""
    reads = Reads()

    async def run() -> Any:
        operation = cast("Any", None)  # this database asks no operation
        return await use(Gatherer(cast("Database", reads), operation), reads)

    return asyncio.run(run()), reads


def test_one_statement_a_store() -> None:
    wanted = [("a", "1"), ("b", "1"), ("a", "2"), ("a", "none"), ("a", "1")]
    rows, reads = gathered(
        lambda gatherer, _: asyncio.gather(*[gatherer.get(*names) for names in wanted])
    )
    assert rows == ["a/1", "b/1", "a/2", None, "a/1"]
    assert reads.asked == [("a", ["1", "2", "none", "1"]), ("b", ["1"])]


def test_whoever_comes_later_reads_again() -> None:
    async def use(gatherer: Gatherer[str], reads: Reads) -> None:
        first = asyncio.create_task(gatherer.get("a", "1"))
        while not reads.asked:
            await asyncio.sleep(0)
        assert await gatherer.get("a", "1") == await first  # its read had begun: not an old answer

    assert gathered(use)[1].asked == [("a", ["1"]), ("a", ["1"])]


def test_a_statement_has_a_limit() -> None:
    ids = [str(number) for number in range(2 * MAX_GATHERED + 1)]
    rows, reads = gathered(
        lambda gatherer, _: asyncio.gather(*[gatherer.get("a", row_id) for row_id in ids])
    )
    assert rows == [f"a/{row_id}" for row_id in ids]
    assert [len(asked) for _, asked in reads.asked] == [MAX_GATHERED, MAX_GATHERED, 1]


def test_trouble_reaches_everyone() -> None:
    async def use(gatherer: Gatherer[str], reads: Reads) -> list[Any]:
        reads.error = DatabaseUnavailable("away")
        both = [gatherer.get("a", "1"), gatherer.get("a", "2")]
        answers = await asyncio.gather(*both, return_exceptions=True)
        reads.error = None
        return [*map(type, answers), await gatherer.get("a", "1")]

    assert gathered(use)[0] == [DatabaseUnavailable, DatabaseUnavailable, "a/1"]


def test_a_caller_that_gives_up_takes_nobody_with_it() -> None:
    async def use(gatherer: Gatherer[str], reads: Reads) -> str | None:
        impatient = asyncio.create_task(gatherer.get("a", "1"))
        patient = asyncio.create_task(gatherer.get("a", "1"))
        await asyncio.sleep(0)
        impatient.cancel()
        with pytest.raises(asyncio.CancelledError):
            await impatient
        return await patient

    assert gathered(use)[0] == "a/1"


def test_cards_asked_for_at_once(shop: Shop, unknown_id: str) -> None:
    cards = [shop.grant(credit=credit) for credit in (1, 2, 3)]
    stranger = shop.add_store("Another", JO)
    key = shop.add_key("giftcards:read", store=stranger).key
    asked = [(card["id"], shop.key) for card in cards] + [(unknown_id, shop.key)]
    asked += [(card["id"], key) for card in cards]

    async def ask(card_id: str, key: str) -> tuple[int, Any]:
        answer = await asyncio.to_thread(shop.call, "GET", f"/v1/giftcards/{card_id}", key=key)
        return answer.status_code, answer.json().get("credit")

    async def ask_all() -> list[tuple[int, Any]]:
        return await asyncio.gather(*[ask(*names) for names in asked])

    answers = asyncio.run(ask_all())
    assert answers == [(200, 1), (200, 2), (200, 3), (404, None)] + [(404, None)] * 3
