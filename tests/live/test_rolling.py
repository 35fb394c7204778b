"""The restarts of tests/rolling.py in a short form: nothing acknowledged is lost or doubled."""

import random

import pytest

from tests import rolling

pytestmark = pytest.mark.parametrize("engine", ["postgres"], indirect=True)

ROUNDS = 2


@pytest.mark.parametrize("mode", rolling.MODES)
@pytest.mark.parametrize("workers", ["1", "2"])
def test_restarted_in_turn_under_load(database_url: str, mode: str, workers: str) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    book = rolling.rolled(ROUNDS, mode, seed, database_url, "--workers", workers)
    assert book.restarts == ROUNDS
    assert book.acknowledged > rolling.CLIENTS
    assert book.in_flight <= ROUNDS * rolling.CLIENTS
    if mode == "SIGTERM":
        # a connection that idles may be closed in the very moment in which it is used again; what
        # was begun is answered, so nothing that is sent again had been done
        assert book.replayed == 0
        assert book.slowest_leave < rolling.LEAVES
