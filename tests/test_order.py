"""Long tests start first, on all workers, and none is lost."""

from pathlib import Path

import pytest
from msgspec import Struct

from tests.order import LONG, arranged, is_in

ROOT = Path(__file__).parents[1]


class Fake(Struct, frozen=True):
    nodeid: str


SHORT = [Fake(f"tests/http/test_{n}.py::test_it") for n in range(500)]
LONGER = [Fake(f"{place}/x.py::test_{n}".replace(".py/x", "")) for place in LONG for n in range(5)]


def is_long(test: Fake) -> bool:
    return any(is_in(test, place) for place in LONG)


@pytest.mark.parametrize("workers", [1, 2, 3, 4, 7])
def test_every_worker_begins_with_long_ones(workers: int) -> None:
    tests = [*SHORT[:250], *LONGER, *SHORT[250:]]
    order = arranged(tests, workers)
    assert sorted(order, key=tests.index) == tests
    left = order
    for number in range(workers):
        size = len(left) // (workers - number)
        part, left = left[:size], left[size:]
        kinds = [is_long(test) for test in part]
        assert kinds == sorted(kinds, reverse=True)
        assert sum(kinds) >= 5
    assert left == []


@pytest.mark.parametrize("tests", [[], SHORT[:2], LONGER[:2], [*LONGER, SHORT[0]]])
def test_few_tests(tests: list[Fake]) -> None:
    assert sorted(arranged(tests, 3), key=tests.index) == tests


def test_what_is_long_is_there() -> None:
    assert all((ROOT / place).exists() for place in LONG)
