"""Fixtures of the scripts' tests."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.serving import Server

if TYPE_CHECKING:
    from tests.inworld.store import Store


@pytest.fixture
def store(request: pytest.FixtureRequest, shared_server: Callable[..., Server]) -> "Store":
    """A store of the test's own, at a server that the file's tests share: SQLite, if not said."""
    from tests.inworld.store import Store  # not without lummao

    return Store(shared_server(getattr(request, "param", "sqlite")))
