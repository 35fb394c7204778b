"""What look-ups found is remembered for a moment, within bounds, and forgotten when it changed."""

import asyncio
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridgift import caches
from gridgift.caches import REMEMBERED_FOR, LookUps


def find(cache: "LookUps[bytes | None]", key: bytes, tick: float) -> bool:
    """Look a key up, and tell whether that was needed."""
    asked: list[bytes] = []

    async def look_up() -> bytes | None:
        asked.append(key)
        return key or None

    assert asyncio.run(cache.find(key, tick, look_up)) == (key or None)
    return bool(asked)


def test_remembered_for_a_moment() -> None:
    cache: LookUps[bytes | None] = LookUps()
    assert cache.recall(b"x", 0) is None
    for key in (b"x", b""):  # that nothing is there is remembered too
        assert find(cache, key, 1)
        assert not find(cache, key, 1 + REMEMBERED_FOR)
        assert find(cache, key, 1.1 + REMEMBERED_FOR)
    assert cache.recall(b"x", 2) == b"x"


def test_forgotten() -> None:
    cache: LookUps[bytes | None] = LookUps()
    for key in (b"a", b"b"):
        find(cache, key, 1)
    cache.forget(lambda found: found == b"a")
    assert find(cache, b"a", 1)
    assert not find(cache, b"b", 1)
    cache.forget()
    assert find(cache, b"b", 1)


def test_what_was_overtaken_by_a_change_is_not_remembered() -> None:
    cache: LookUps[bytes] = LookUps()

    async def look_up() -> bytes:
        cache.forget()
        return b"old"

    asyncio.run(cache.find(b"x", 1, look_up))
    assert cache.recall(b"x", 1) is None


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 400)), max_size=60))
def test_bounded_in_number_and_in_bytes(keys: list[tuple[int, int]]) -> None:
    async def use() -> None:
        cache, seen = LookUps[bytes](), set[bytes]()
        for number, length in keys:
            key = b"%d " % number + b"x" * length
            seen.add(key)
            await cache.find(key, 1, partial(asyncio.sleep, 0, key))
            assert cache.recall(key, 1) == key  # the newest one is never dropped
            known = [old for old in seen if cache.recall(old, 1)]
            assert len(known) <= 10
            assert sum(map(len, known)) == cache.size <= 1_000

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(caches, "MAX_ENTRIES", 10)
        patch.setattr(caches, "MAX_BYTES", 1_000)
        asyncio.run(use())
