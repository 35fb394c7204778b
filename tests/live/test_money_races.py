"""The races of tests/races.py in a short form: one winner, or as many as the credit pays for."""

import asyncio

from tests import races

ROUNDS = 5


def test_races(engine: str, database_url: str) -> None:
    with races.started(engine, database_url) as servers:
        asyncio.run(races.run(servers, ROUNDS))
        assert asyncio.run(races.faults(servers[0])) == []
