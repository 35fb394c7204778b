"""The crashes of tests/crash.py in a short form: no acknowledged change is lost or doubled."""

import asyncio
import random

from tests import crash
from tests.serving import Server

ROUNDS = 3


def test_a_crash_loses_and_doubles_nothing(engine: str) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    with crash.crashable(engine) as (url, cluster), Server.started(url) as server:
        ledger = asyncio.run(crash.run(server, cluster, ROUNDS, seed))
    assert ledger.acknowledged > ROUNDS
