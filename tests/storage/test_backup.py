"""Backups: all tables in every state, there and back, and nothing that differs is kept."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gridgift.app import connect
from gridgift.domain import verify
from gridgift.settings import Settings
from gridgift.storage import backup
from gridgift.storage.backup import End, Page
from gridgift.storage.database import CopyDiffers, DatabaseRefused
from gridgift.storage.tables import Copied
from tests.api import ApiFixture
from tests.domain.fixture import bare_sql
from tests.storage.full_store import CARDS


def ignore(what: str, rows: int) -> None:
    """Hear of progress, and say nothing."""


def saved(url: str, path: Path) -> Copied:
    """Back a database up."""

    async def run() -> Any:
        database = connect(Settings(database_url=url))
        try:
            with backup.new_file(path) as writer:
                return await database.snapshot(backup.save, writer, "test", None, ignore)
        finally:
            await database.close()

    done: Copied = asyncio.run(run())
    return done


def loaded(url: str, path: Path) -> tuple[Copied, int]:
    """Fill an empty database, which is migrated first; return the faults of its ledger too."""
    settings = Settings(database_url=url)
    if settings.sqlite_path is not None:
        settings.sqlite_path.touch()

    async def run() -> Any:
        database = connect(settings)
        try:
            header, _ = backup.inspect(path)
            steps = await backup.lacking(database, path, header)
            done = await backup.fill(database, path, steps, ignore)
            faults = await database.snapshot(verify.verify, lambda fault: None, lambda seen: None)
            return done, faults
        finally:
            await database.close()

    result: tuple[Copied, int] = asyncio.run(run())
    return result


@pytest.mark.parametrize("other", ["sqlite", "postgres"])
def test_all_that_there_is(
    full: ApiFixture, make_empty: Callable[[str], str], tmp_path: Path, other: str
) -> None:
    made = saved(full.settings.database_url, tmp_path / "one")
    assert min(tally.rows for name, tally in made.tables.items() if name != "server_secret") > 0
    assert made.tables["gift_cards"].rows > CARDS
    target = make_empty(other)
    assert loaded(target, tmp_path / "one") == (made, 0)
    assert saved(target, tmp_path / "two") == made


@pytest.mark.parametrize("what", ["a row less", "another value", "a row that nothing can keep"])
def test_what_differs_is_not_kept(
    full: ApiFixture,
    make_empty: Callable[[str], str],
    engine: str,
    tmp_path: Path,
    what: str,
) -> None:
    """The file's hash fits, but its pages are not those that its end counted."""
    saved(full.settings.database_url, tmp_path / "one")
    with backup.new_file(tmp_path / "two") as writer:
        for frame in backup.frames(tmp_path / "one"):
            if isinstance(frame, Page) and frame.table == "residents":
                changed = {
                    "a row less": lambda rows: rows[:-1],
                    "another value": lambda rows: [[rows[0][0], "x", *rows[0][2:]], *rows[1:]],
                    "a row that nothing can keep": lambda rows: [[None, *rows[0][1:]], *rows[1:]],
                }[what](frame.rows)
                writer.add(Page(frame.table, changed))
            else:
                writer.add(frame)
    target = make_empty(engine)
    with pytest.raises(CopyDiffers):
        loaded(target, tmp_path / "two")
    tables = {
        "sqlite": "SELECT count(*) FROM sqlite_master",
        "postgres": "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace",
    }
    assert asyncio.run(bare_sql(target, tables[engine])) == [(0,)]


def test_a_backup_replaces_no_file_that_came_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "one"
    with (
        pytest.raises(DatabaseRefused, match="one is there already"),
        backup.new_file(path) as writer,
    ):
        writer.add(End({}, 0, ""))
        path.symlink_to("nothing")
    assert [each.name for each in tmp_path.iterdir()] == ["one"]
    assert path.is_symlink()


def test_a_table_of_someone_elses_with_a_name_of_ours(
    full: ApiFixture, make_empty: Callable[[str], str], engine: str, tmp_path: Path
) -> None:
    saved(full.settings.database_url, tmp_path / "one")
    target = make_empty(engine)
    if engine == "sqlite":
        Path(target.removeprefix("sqlite:///")).touch()
    asyncio.run(bare_sql(target, "CREATE TABLE stores (city text)"))
    with pytest.raises(DatabaseRefused, match="has a name that Gridgift needs"):
        loaded(target, tmp_path / "one")
    asyncio.run(bare_sql(target, "DROP TABLE stores"))
    loaded(target, tmp_path / "one")


def test_a_database_that_is_not_empty(full: ApiFixture, tmp_path: Path) -> None:
    made = saved(full.settings.database_url, tmp_path / "one")
    with pytest.raises(DatabaseRefused, match="is not empty"):
        loaded(full.settings.database_url, tmp_path / "one")
    assert saved(full.settings.database_url, tmp_path / "two") == made
    assert backup.inspect(tmp_path / "two")[1] == End.of(made)
