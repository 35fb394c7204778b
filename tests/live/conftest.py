"""Fixtures of the live tests."""

from collections.abc import Callable

import pytest

from tests.serving import Server


@pytest.fixture(scope="module")
def edge_server(shared_server: Callable[..., Server]) -> Server:
    """One server for a whole file, for what the edge alone decides."""
    return shared_server("sqlite")
