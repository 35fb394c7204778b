"""The time-out of a body: it counts time in which the process runs, by one timer for all."""

import asyncio
import time
from typing import Any

import pytest

from gridgift.http.edge import timeouts
from gridgift.http.edge.timeouts import RunningTimeout
from tests.storage.operations import in_a_loop


@pytest.fixture(autouse=True)
def tick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeouts, "TICK", 0.02)


async def bounded(seconds: float, work: float) -> None:
    with RunningTimeout(seconds):
        await asyncio.sleep(work)


@in_a_loop
async def test_only_what_takes_too_long_is_ended() -> None:
    started = time.monotonic()
    outcomes = await asyncio.gather(
        bounded(0.1, 0), bounded(0.1, 60), bounded(60, 0.3), bounded(0.1, 60),
        return_exceptions=True,
    )  # fmt: skip
    assert [type(outcome) for outcome in outcomes] == [
        type(None), TimeoutError, type(None), TimeoutError,
    ]  # fmt: skip
    assert time.monotonic() - started < 30


@in_a_loop
async def test_all_blocks_share_one_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    loop, timers = asyncio.get_running_loop(), list[Any]()
    call_at = loop.call_at

    def counted(*given: Any, **more: Any) -> asyncio.TimerHandle:
        timers.append(given)
        return call_at(*given, **more)

    monkeypatch.setattr(loop, "call_at", counted)
    for _ in range(1000):
        with RunningTimeout(10):
            pass
    assert len(timers) == 1
    await asyncio.sleep(0.1)
    assert len(timers) == 2, "with the pause itself: nothing ticks on when no block is left"


@in_a_loop
async def test_what_arrived_while_the_process_stood_still_is_taken() -> None:
    loop = asyncio.get_running_loop()
    body = loop.create_future()

    def stand_still() -> None:
        time.sleep(0.5)
        loop.call_soon(body.set_result, b"here")

    loop.call_soon(stand_still)
    with RunningTimeout(0):  # the next tick is its last one
        assert await body == b"here"


@in_a_loop
async def test_who_is_cancelled_by_others_is_not_told_of_a_time_out() -> None:
    waiting = asyncio.ensure_future(bounded(60, 60))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
