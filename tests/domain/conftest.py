"""Fixtures of the domain's tests."""

from collections.abc import Iterator

import pytest

from tests.domain.world import World


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A store and two residents on each engine."""
    with World.opened(database_url) as opened:
        yield opened
