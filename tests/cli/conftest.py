"""Fixtures of the command line's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api import KELLY, OWNER, SECRET
from tests.cli.commands import CommandRunner, Commands


@pytest.fixture(scope="session")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    """What every command is forked from."""
    with Commands.started(tmp_path_factory.mktemp("commands")) as started:
        yield started


@pytest.fixture
def cli(commands: Commands, tmp_path: Path) -> CommandRunner:
    """An empty folder in which to type commands."""
    folder = tmp_path / "commands"
    folder.mkdir()
    return CommandRunner(commands, folder)


@pytest.fixture
def both(cli: CommandRunner, database_url: str) -> CommandRunner:
    """Commands whose environment names a migrated database, once on each engine."""
    cli.environ |= {"GRIDGIFT_DATABASE_URL": database_url, "GRIDGIFT_SECRET": SECRET}
    return cli


@pytest.fixture
def store(cli: CommandRunner) -> str:
    """The id of the only store of the commands' database."""
    return add_store(cli, "Moonwall Couture")


@pytest.fixture
def kelly(cli: CommandRunner, store: str) -> str:
    """The username of a resident who is known there."""
    assert cli("resident", "add", KELLY.username, KELLY.uuid).code == 0
    return KELLY.username


def add_store(cli: CommandRunner, name: str) -> str:
    """Make a store and return its id."""
    made = cli.json("store", "create", name, "--owner", OWNER.username, "--owner-uuid", OWNER.uuid)
    return str(made["id"])
