"""Fixtures of the command line's tests."""

import shutil
from pathlib import Path
from typing import Final

import pytest

from tests.api import KELLY, OWNER, SECRET
from tests.cli.commands import CommandRunner, Commands

STORE: Final = "Moonwall Couture"


@pytest.fixture(scope="session")
def store_folder(commands: Commands, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder in which a store was made, to copy from, and the store's id."""
    folder = tmp_path_factory.mktemp("store")
    return folder, add_store(CommandRunner(commands, folder), STORE)


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
def store(cli: CommandRunner, store_folder: tuple[Path, str]) -> str:
    """The id of the only store of the commands' database."""
    if cli.settings or list(cli.folder.iterdir()):
        return add_store(cli, STORE)
    made, store_id = store_folder
    shutil.copytree(made, cli.folder, dirs_exist_ok=True)
    return store_id


@pytest.fixture
def kelly(cli: CommandRunner, store: str) -> str:
    """The username of a resident who is known there."""
    assert cli("resident", "add", KELLY.username, KELLY.uuid).code == 0
    return KELLY.username


def add_store(cli: CommandRunner, name: str) -> str:
    """Make a store and return its id."""
    made = cli.json("store", "create", name, "--owner", OWNER.username, "--owner-uuid", OWNER.uuid)
    return str(made["id"])
