"""The tests' own databases: what one test leaves there, no other test finds."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from tests import databases
from tests.api import served
from tests.domain.fixture import bare_sql
from tests.emptying import GROWTH, MIGRATIONS, SCHEMA, TABLES, TOUCHED
from tests.shared import made_once
from tests.storage import full_store


@pytest.fixture(scope="module")
def server(postgres: databases.Postgres, run_folder: Path) -> Iterator[databases.Postgres]:
    """The server of this run; what these tests give back, only they use again."""
    with databases.shared(postgres.url, run_folder) as again:
        yield again


def sql(url: str, statement: str) -> list[tuple[object, ...]]:
    return asyncio.run(bare_sql(url, statement))


def use(server: databases.Postgres, test: Callable[[str], object]) -> str:
    """Let a test use a database, and wait until it is dealt with; return its address."""
    with server.database(migrated=True) as url:
        test(url)
    server.settle()
    return url


def fill_all_tables(url: str) -> None:
    with served(url) as api:
        full_store.fill(api)
        for (table,) in api.sql(TABLES):
            assert api.sql(f"SELECT 1 FROM {table} LIMIT 1"), table


def test_what_was_given_back_is_as_if_it_were_new(
    server: databases.Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(full_store, "CARDS", 5)
    with server.database(migrated=True) as new:
        kept = [sql(new, statement) for statement in (SCHEMA, MIGRATIONS)]
    server.settle()
    filled = use(server, fill_all_tables)
    with server.database(migrated=True) as url:
        assert url == filled == new
        for (table,) in sql(url, TABLES):
            assert sql(url, f"SELECT 1 FROM {table}") == [], table
        assert sql(url, TOUCHED) == []  # nor anything of them
        assert [sql(url, statement) for statement in (SCHEMA, MIGRATIONS)] == kept
        sql(url, f"INSERT INTO residents VALUES ('{'0' * 32}', 'a', 1)")
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            sql(url, f"INSERT INTO customers VALUES ('{'0' * 32}', '{'0' * 32}', 1, 1, 0)")


@pytest.mark.parametrize(
    "change",
    [
        "CREATE TABLE poems (id integer)",
        "ALTER TABLE residents ADD COLUMN age integer",
        "ALTER TABLE residents ALTER COLUMN updated_at SET DEFAULT 1",
        "ALTER TABLE residents ADD CHECK (username <> 'nobody')",
        "ALTER TABLE entries DISABLE TRIGGER entries_append_only",
        "DROP TRIGGER entries_append_only ON entries",
        "CREATE OR REPLACE FUNCTION tell_of_change() RETURNS trigger LANGUAGE plpgsql "
        "AS 'BEGIN RETURN NULL; END'",
        "CREATE INDEX more ON entries (created_at)",
        "REVOKE ALL ON residents FROM PUBLIC, CURRENT_USER",
        "CREATE SCHEMA aside",
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem = 64', current_database()); "
        "END $$",
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I CONNECTION LIMIT 9', current_database()); "
        "END $$",
        "UPDATE migrations SET checksum = 'x' WHERE version = 1",
        "INSERT INTO migrations VALUES (9000, 'holograms', 'x', 1)",
        f"INSERT INTO stores (id, name, owner_uuid, created_at) SELECT gen_random_uuid(), "
        f"repeat('x', 40), uuid, 1 FROM residents, generate_series(1, {GROWTH // 100})",
    ],
)
def test_what_a_test_changed_otherwise_is_not_used_again(
    server: databases.Postgres, change: str
) -> None:
    def alter(url: str) -> None:
        sql(url, f"INSERT INTO residents VALUES ('{'0' * 32}', 'a', 1)")
        sql(url, change)

    changed = use(server, alter)
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        sql(changed, "SELECT 1")
    with server.database(migrated=True) as url:
        assert sql(url, "SELECT 1 FROM stores") == []


def test_a_connection_that_a_test_left_open_is_ended(server: databases.Postgres) -> None:
    use(server, lambda url: None)  # from here on it needs no event loop of its own

    async def leave_it_open() -> None:
        with server.database(migrated=True) as url:
            left = await asyncpg.connect(url)
            await left.execute("BEGIN; LOCK TABLE entries")
        await asyncio.to_thread(server.settle)
        with server.database(migrated=True) as again:
            assert again == url
            with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
                await left.execute("COMMIT")

    asyncio.run(leave_it_open())


def test_copies_of_a_filled_database_are_filled(server: databases.Postgres) -> None:
    def make(url: str) -> None:
        databases.migrate_url(url)
        sql(url, f"INSERT INTO residents VALUES ('{'0' * 32}', 'a', 1)")

    for _ in range(3):
        with server.copy_of(server.template("one", make)) as url:
            assert sql(url, "SELECT username FROM residents") == [("a",)]
        server.settle()


def test_nothing_stays_on_a_server_of_somebody_elses(
    postgres: databases.Postgres, tmp_path: Path
) -> None:
    with databases.postgres(postgres.url, tmp_path / "own") as server:
        prefix = server.prefix
        use(server, lambda url: sql(url, "SELECT 1"))
        made = f"SELECT 1 FROM pg_database WHERE starts_with(datname, '{prefix}')"
        assert len(sql(postgres.url, made)) == 2  # a template and a copy
    assert sql(postgres.url, made) == []


def test_a_template_that_could_not_be_made_is_made_by_the_next(
    server: databases.Postgres, tmp_path: Path
) -> None:
    def fail(url: str) -> None:
        databases.migrate_url(url)
        raise RuntimeError("a defect")

    for _ in range(2):
        with pytest.raises(RuntimeError):
            server.template("broken", fail)
        with pytest.raises(RuntimeError):
            databases.sqlite_template(tmp_path, "broken", fail)
    for url in (
        server.url_of(server.template("broken", databases.migrate_url)),
        f"sqlite:///{databases.sqlite_template(tmp_path, 'broken', databases.migrate_url)}",
    ):
        assert sql(url, "SELECT count(*) > 5 FROM migrations") == [(True,)]


def test_a_file_is_made_once(tmp_path: Path) -> None:
    made: list[Path] = []

    def make(path: Path) -> None:
        made.append(path)
        path.write_text("made")

    for _ in range(2):
        assert made_once(tmp_path / "file", make).read_text() == "made"
    assert len(made) == 1
