"""Hearing of changes: whatever happens, the listener listens again."""

import asyncio
from typing import Any

import asyncpg
import pytest

from gridgift.storage.listener import CHANNEL, Listener
from tests.storage.operations import in_a_loop


@pytest.mark.parametrize(
    "trouble", [MemoryError(), RuntimeError("a defect"), asyncio.CancelledError()]
)
@in_a_loop
async def test_no_trouble_ends_it(empty_postgres_url: str, trouble: BaseException) -> None:
    troubles = [trouble, trouble]
    heard: asyncio.Queue[tuple[str, str]] = asyncio.Queue()

    def lost() -> None:
        if troubles:
            raise troubles.pop()

    def changed(*change: str) -> None:
        heard.put_nowait(change)  # type: ignore[arg-type]

    listener = Listener(empty_postgres_url, changed, lost)
    listener.start()
    connection: Any = await asyncpg.connect(empty_postgres_url)
    async with asyncio.timeout(60):
        while heard.empty():
            await connection.execute(f"NOTIFY {CHANNEL}, 'key 1'")
            await asyncio.sleep(0.05)
    assert not troubles
    assert heard.get_nowait() == ("key", "1")
    await connection.close()
    await listener.stop()
