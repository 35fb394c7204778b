"""Requests of the same moment run in one batch, and each gets its own answer."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from gridgift.batching import Batcher
from gridgift.domain.failures import GiftCardNotFound
from gridgift.storage.database import DatabaseUnavailable
from tests.api import JO, KELLY, ApiFixture

CONCURRENCY = 2
MAX_BATCH = 100
GRANT = f"/v1/customers/{KELLY.username}/actions/grant-gift-card"


class Source:
    """What batchers run: it keeps what it was asked, and fails when it is told to."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, list[str]]] = []
        self.error: Exception | None = None
        self.open = asyncio.Event()
        self.open.set()

    async def run_batch(self, store_id: str, ids: Sequence[str]) -> list[str | Exception]:
        """Answer with a row for every id but those that begin with ``no``."""
        self.asked.append((store_id, list(ids)))
        await self.open.wait()
        if self.error is not None:
            raise self.error
        return [
            GiftCardNotFound(row_id) if row_id.startswith("no") else f"{store_id}/{row_id}"
            for row_id in ids
        ]


def made(source: Source, concurrency: int, **more: Any) -> Batcher[str, str]:
    """Make a batcher of a source."""
    return Batcher(source.run_batch, max_batch=MAX_BATCH, concurrency=concurrency, **more)


def batched(
    use: Callable[[Batcher[str, str], Source], Awaitable[Any]], concurrency: int = CONCURRENCY
) -> tuple[Any, Source]:
    """Use a batcher in a loop of its own; return what came out, and what was asked."""

    async def run() -> tuple[Any, Source]:
        source = Source()
        return await use(made(source, concurrency), source), source

    return asyncio.run(run())


def test_a_batch_is_of_one_store() -> None:
    wanted = [("a", "1"), ("b", "1"), ("a", "2"), ("a", "none"), ("a", "1")]
    rows, source = batched(
        lambda batcher, _: asyncio.gather(
            *[batcher.submit(*names) for names in wanted], return_exceptions=True
        )
    )
    assert rows[:3] == ["a/1", "b/1", "a/2"]
    assert isinstance(rows[3], GiftCardNotFound)
    assert rows[4] == "a/1"
    assert source.asked == [("a", ["1", "2", "none", "1"]), ("b", ["1"])]


def test_batches_of_several_stores_may_share_a_moment() -> None:
    async def use(_: Batcher[str, str], source: Source) -> tuple[list[Any], int]:
        batcher = made(source, 1, across_stores=True)
        source.open.clear()
        first = asyncio.create_task(batcher.submit("a", "1"))
        while not source.asked:
            await asyncio.sleep(0)
        wanted = [("b", "1"), ("a", "2"), ("b", "none")]
        later = [asyncio.create_task(batcher.submit(*names)) for names in wanted]
        await asyncio.sleep(0.01)
        begun = len(source.asked)
        source.open.set()
        return await asyncio.gather(first, *later, return_exceptions=True), begun

    (rows, begun), source = batched(use)
    assert rows[:3] == ["a/1", "b/1", "a/2"]
    assert isinstance(rows[3], GiftCardNotFound)
    assert begun == 1
    assert source.asked == [("a", ["1"]), ("b", ["1", "none"]), ("a", ["2"])]


def test_a_later_request_is_not_answered_by_an_earlier_batch() -> None:
    async def use(batcher: Batcher[str, str], source: Source) -> None:
        source.open.clear()
        first = asyncio.create_task(batcher.submit("a", "1"))
        while not source.asked:
            await asyncio.sleep(0)
        second = asyncio.create_task(
            batcher.submit("a", "1")
        )  # its answer may not be older than it
        await asyncio.sleep(0.01)
        source.open.set()
        assert await second == await first

    assert batched(use)[1].asked == [("a", ["1"]), ("a", ["1"])]


def test_batches_have_a_limit_and_grow_while_others_are_under_way() -> None:
    ids = [str(number) for number in range(3 * MAX_BATCH)]

    async def use(batcher: Batcher[str, str], source: Source) -> list[str]:
        source.open.clear()
        tasks = []
        for row_id in ids:
            tasks.append(asyncio.create_task(batcher.submit("a", row_id)))
            await asyncio.sleep(0)
        await asyncio.sleep(0.01)
        assert len(source.asked) == CONCURRENCY
        source.open.set()
        return await asyncio.gather(*tasks)

    rows, source = batched(use)
    assert rows == [f"a/{row_id}" for row_id in ids]
    assert max(len(asked) for _, asked in source.asked) == MAX_BATCH
    assert sorted(row_id for _, asked in source.asked for row_id in asked) == sorted(ids)


def test_a_request_at_the_moment_a_task_ends_is_not_left_waiting() -> None:
    async def use(batcher: Batcher[str, str], source: Source) -> list[str]:
        async with asyncio.timeout(30):  # each ask comes in the turn in which the last was answered
            return [await batcher.submit("a", str(number)) for number in range(20)]

    rows, source = batched(use, concurrency=1)
    assert rows == [f"a/{number}" for number in range(20)]
    assert source.asked == [("a", [str(number)]) for number in range(20)]


def test_an_error_reaches_the_whole_batch_and_ends_nothing() -> None:
    async def use(batcher: Batcher[str, str], source: Source) -> list[Any]:
        source.error = DatabaseUnavailable("away")
        both = [batcher.submit("a", "1"), batcher.submit("a", "2")]
        answers = await asyncio.gather(*both, return_exceptions=True)
        source.error = None
        return [*map(type, answers), await batcher.submit("a", "1")]

    assert batched(use)[0] == [DatabaseUnavailable, DatabaseUnavailable, "a/1"]


@pytest.mark.parametrize(
    "trouble", [MemoryError(), RuntimeError("a defect"), asyncio.CancelledError(), "an answer less"]
)
@pytest.mark.parametrize("across_stores", [False, True])
def test_whatever_happens_in_a_batch_its_callers_are_answered(
    trouble: BaseException | str, across_stores: bool
) -> None:
    async def run_batch(store_id: str, ids: Sequence[str]) -> list[str]:
        if "bad" not in ids:
            return list(ids)
        if isinstance(trouble, BaseException):
            raise trouble
        return [*ids][1:]

    async def use() -> list[Any]:
        batcher = Batcher(
            run_batch, max_batch=MAX_BATCH, concurrency=1, across_stores=across_stores
        )
        wanted = [("a", "1"), ("a", "bad"), ("b", "2")]
        async with asyncio.timeout(30):
            answers = await asyncio.gather(
                *[batcher.submit(*names) for names in wanted], return_exceptions=True
            )
            return [*answers, await batcher.submit("a", "3"), await batcher.submit("b", "3")]

    first, bad, _, *later = asyncio.run(use())
    assert isinstance(first, BaseException)
    assert isinstance(bad, BaseException)
    assert later == ["3", "3"]


@pytest.mark.parametrize("trouble", [MemoryError(), asyncio.CancelledError()])
def test_what_waits_behind_a_batch_in_trouble_is_answered(trouble: BaseException) -> None:
    async def run_batch(_: str, ids: Sequence[str]) -> list[str]:
        if "bad" in ids:
            raise trouble
        return list(ids)

    async def use() -> list[Any]:
        batcher = Batcher(run_batch, max_batch=1, concurrency=1)
        async with asyncio.timeout(10):
            return await asyncio.gather(
                *[batcher.submit("a", row_id) for row_id in ("bad", "1")], return_exceptions=True
            )

    bad, behind = asyncio.run(use())
    assert isinstance(bad, type(trouble))
    assert behind == "1"


def test_a_cancelled_caller_leaves_the_batch_alone() -> None:
    async def use(batcher: Batcher[str, str], source: Source) -> str:
        impatient = asyncio.create_task(batcher.submit("a", "1"))
        patient = asyncio.create_task(batcher.submit("a", "1"))
        await asyncio.sleep(0)
        impatient.cancel()
        with pytest.raises(asyncio.CancelledError):
            await impatient
        return await patient

    assert batched(use)[0] == "a/1"


def at_once(api: ApiFixture, *requests: tuple[str, str, dict[str, Any]]) -> list[Any]:
    """Send requests at the same moment and return their answers in order."""

    async def send() -> list[Any]:
        return await asyncio.gather(
            *[asyncio.to_thread(api.call, way, path, **more) for way, path, more in requests]
        )

    return asyncio.run(send())


def test_cards_asked_for_at_once(api: ApiFixture, unknown_id: str) -> None:
    cards = [api.grant(credit=credit) for credit in (1, 2, 3)]
    key = api.add_key("giftcards:read", store=api.add_store("Another", JO)).key
    asked = [(card["id"], api.key) for card in cards] + [(unknown_id, api.key)]
    asked += [(card["id"], key) for card in cards]
    answers = at_once(
        api, *[("GET", f"/v1/giftcards/{card_id}", {"key": key}) for card_id, key in asked]
    )
    found = [(answer.status_code, answer.json().get("credit")) for answer in answers]
    assert found == [(200, 1), (200, 2), (200, 3), (404, None)] + [(404, None)] * 3


def test_grants_at_once_are_answered_each_for_itself(api: ApiFixture) -> None:
    other = "/v1/customers/nobody.known/actions/grant-gift-card"
    same = {"headers": {"Idempotency-Key": "same"}, "json": {"credit": 7}}
    answers = at_once(
        api,
        ("POST", GRANT, {"json": {"credit": 1}}),
        ("POST", other, {"json": {"credit": 2}}),
        ("POST", GRANT, {"json": {"credit": 3, "expiresAt": "2001-01-01T00:00:00Z"}}),
        *[("POST", GRANT, same)] * 4,
        ("POST", GRANT, {"headers": {"Idempotency-Key": "own"}, "json": {"credit": 9}}),
    )
    assert [answer.status_code for answer in answers] == [200, 404, 400, *[200] * 5]
    fourfold = answers[3:7]
    assert len({answer.content for answer in fourfold}) == 1
    replays = [answer.headers.get("idempotent-replayed") for answer in fourfold]
    assert sorted(replays, key=str) == [None, "true", "true", "true"]
    ids = {answer.json()["id"] for answer in answers if answer.status_code == 200}
    assert [(len(api.entries(card_id)), api.card(card_id)["id"]) for card_id in ids] == [
        (1, card_id) for card_id in ids
    ]
    ((count, total),) = api.sql("SELECT COUNT(*), SUM(credit) FROM gift_cards")
    assert (count, total) == (3, 1 + 7 + 9)


def test_one_key_for_two_requests_at_once(api: ApiFixture) -> None:
    headers = {"Idempotency-Key": "torn"}
    answers = at_once(
        api,
        *[("POST", GRANT, {"headers": headers, "json": {"credit": credit}}) for credit in (1, 2)],
    )
    assert sorted(answer.status_code for answer in answers) == [200, 422]
    ((count,),) = api.sql("SELECT COUNT(*) FROM gift_cards")
    assert count == 1
