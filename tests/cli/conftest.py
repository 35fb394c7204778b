"""Fixtures of the command line's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.commands import Commands, Desk
from tests.shop import KELLY, OWNER, SECRET


@pytest.fixture(scope="session")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    """What every command is forked from."""
    with Commands.started(tmp_path_factory.mktemp("commands")) as started:
        yield started


@pytest.fixture
def desk(commands: Commands, tmp_path: Path) -> Desk:
    """An empty folder in which to type commands."""
    folder = tmp_path / "desk"
    folder.mkdir()
    return Desk(commands, folder)


@pytest.fixture
def both(desk: Desk, database_url: str) -> Desk:
    """A desk whose environment names a migrated database, once on each engine."""
    desk.environ |= {"GRIDGIFT_DATABASE_URL": database_url, "GRIDGIFT_SECRET": SECRET}
    return desk


@pytest.fixture
def store(desk: Desk) -> str:
    """The id of the only store of the desk's database."""
    return add_store(desk, "Moonwall Couture")


@pytest.fixture
def kelly(desk: Desk, store: str) -> str:
    """The username of a resident who is known there."""
    assert desk("resident", "add", KELLY.username, KELLY.uuid).code == 0
    return KELLY.username


def add_store(desk: Desk, name: str) -> str:
    """Make a store and return its id."""
    made = desk.json("store", "create", name, "--owner", OWNER.username, "--owner-uuid", OWNER.uuid)
    return str(made["id"])
