"""Fixtures of the live tests."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving import Server


@pytest.fixture(scope="module")
def edge_server(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """One server for a whole file, for what the edge alone decides."""
    path = tmp_path_factory.mktemp("edge") / "gridgift.db"
    shutil.copy(sqlite_template, path)
    with Server.started(f"sqlite:///{path}") as server:
        yield server
