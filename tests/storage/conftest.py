"""Fixtures of the storage's tests."""

from collections.abc import Iterator

import pytest

from tests.domain.fixture import DomainFixture


@pytest.fixture
def domain(database_url: str) -> Iterator[DomainFixture]:
    """A store and two residents on each engine."""
    with DomainFixture.opened(database_url) as opened:
        yield opened
