"""Commands on a file system that takes no writes: they read, or say in one sentence why not."""

import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.commands import CommandRunner

READING = (
    ("store", "list"), ("card", "list"), ("verify", "--no-event"), ("report", "owed"),
    ("backup", "a.backup", "--without-secret"), ("migrate", "--dry-run"),
)  # fmt: skip


@pytest.fixture
def read_only(cli: CommandRunner, store: str) -> Iterator[Path]:
    """The commands' database once more, where nothing can be written."""
    here, there = cli.folder / "gridgift.db", cli.folder / "mounted"
    there.mkdir()
    mounts = (["mount", "--bind", cli.folder, there], ["mount", "-o", "remount,ro,bind", there])
    if any(subprocess.run(each, capture_output=True, check=False).returncode for each in mounts):
        pytest.skip("nothing may be mounted here")
    cli.environ["GRIDGIFT_DATABASE_URL"] = f"sqlite:///{there}/gridgift.db"
    try:
        yield here
    finally:
        subprocess.run(["umount", "--lazy", str(there)], check=True)


def test_a_database_on_a_read_only_disk(cli: CommandRunner, read_only: Path) -> None:
    """SQLite makes files beside it even to read; nobody is told to restore a backup for that."""
    for command in (*READING, ("verify",), ("serve", "--port", "0")):
        cli(*command).refused(2, "can't be opened, not even to be read", "can't be written")
    checks = {each["name"]: each for each in cli("doctor", "--json").json["checks"]}
    assert not checks["integrity"]["ok"]
    assert "backup" not in checks["integrity"]["remedy"]


def test_a_database_that_is_written_elsewhere(
    cli: CommandRunner, store: str, read_only: Path
) -> None:
    with closing(sqlite3.connect(read_only)) as elsewhere:
        elsewhere.execute("SELECT COUNT(*) FROM stores").fetchone()  # makes the files beside it
        for command in READING:
            assert cli(*command).code == 0, command
        cli("store", "update", store, "--contact", "Aria").refused(75, "readonly database")
