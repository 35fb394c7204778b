"""Copying: there and back on every pair of engines, and whatever differs is found."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from gridgift.app import copying
from gridgift.domain import events, verify
from gridgift.settings import Settings
from gridgift.storage.copying import Copied, Copy
from gridgift.storage.database import CopyDiffers, DatabaseRefused
from gridgift.storage.tables import Tally
from tests.api import START, ApiFixture
from tests.domain.fixture import bare_sql
from tests.storage.operations import avatar

STATES = {
    "gift_cards": ("active", "redeemed", "transfer", "expiry_noted", "texture IS NULL"),
    "holds": ("state = 'open'", "state = 'captured'", "state = 'voided'"),
    "credit_lots": ("restricted", "remaining = 0", "expires_at IS NULL"),
    "api_keys": ("revoked_at IS NULL",),
    "resident_names": ("username = 'kelly.younger'", "noted_by IS NULL"),
}


def ignore(what: str, rows: int) -> None:
    """Hear of progress, and say nothing."""


def change(url: str, statement: str) -> None:
    """Change a database past everything."""
    asyncio.run(bare_sql(url, statement))


@contextmanager
def begun(source: str, target: str) -> Iterator[Copy]:
    """A copy of which all rows are moved, and nothing is compared yet."""
    with copying(Settings(database_url=source), Settings(database_url=target), ignore) as work:
        work.prepare(START)
        work.move()
        yield work


def copied(source: str, target: str) -> Copied:
    """Copy a whole database."""
    with begun(source, target) as work:
        done = work.compare()
        work.finish(events.resume)
    return done


def digests(done: Copied) -> dict[str, tuple[int, str]]:
    """Return each table's number of rows and digest, and the ledger's heads."""
    all_ = {name: (tally.rows, tally.hex()) for name, tally in done.tables.items()}
    return all_ | {"heads": (done.accounts, done.heads)}


@pytest.mark.parametrize("other", ["sqlite", "postgres"])
def test_there_and_back(full: ApiFixture, make_empty: Callable[[str], str], other: str) -> None:
    for table, states in STATES.items():
        for state in states:
            for rows in (f"({state})", f"NOT ({state})"):
                assert full.sql(f"SELECT 1 FROM {table} WHERE {rows}"), f"no {table} {rows}"
    there = make_empty(other)
    back = make_empty("sqlite" if full.settings.sqlite_path else "postgres")
    out = copied(full.settings.database_url, there)
    assert digests(out) == digests(copied(there, back))
    assert all(tally.rows for tally in out.tables.values()), digests(out)
    assert full.sql("SELECT COUNT(*) FROM entries") == [(out.tables["entries"].rows,)]
    accounts = full.sql(
        "SELECT COUNT(*) FROM (SELECT DISTINCT store_id, account_kind, account_id FROM entries) a"
    )
    assert accounts == [(out.accounts,)]


@pytest.mark.parametrize("other", ["sqlite", "postgres"])
def test_a_copy_goes_on_behind_the_last_row_of_every_table(
    full: ApiFixture, make_empty: Callable[[str], str], other: str
) -> None:
    """Whatever the columns of its key are, such as the digest of a file that was imported."""
    target = make_empty(other)
    with begun(full.settings.database_url, target) as broken_off:
        moved = broken_off.compare()
    assert all(tally.rows for tally in moved.tables.values())
    assert digests(copied(full.settings.database_url, target)) == digests(moved)


def test_the_digests_are_those_of_the_rows(
    full: ApiFixture, make_empty: Callable[[str], str]
) -> None:
    """The comparison is worth something: it is computed here in another way."""
    out = copied(full.settings.database_url, make_empty("sqlite"))
    rows = full.sql("SELECT store_id, key, fingerprint, created_at, answer FROM idempotency_keys")
    tally = Tally()
    tally.add([str(row[0]), *row[1:]] for row in rows)
    assert out.tables["idempotency_keys"] == tally
    assert len(rows) >= 2


def test_the_copy_adds_up_and_serves(full: ApiFixture, make_empty: Callable[[str], str]) -> None:
    target = make_empty("postgres" if full.settings.sqlite_path else "sqlite")
    before = full.call("GET", "/v1/customers/kelly/giftcards").json()
    with begun(full.settings.database_url, target) as work:
        work.compare()
        found = work.examine(verify.verify, lambda fault: None, lambda seen: None)
        work.finish(events.resume)
    assert found == 0
    assert len(before["data"]) > 5


@pytest.mark.parametrize("other", ["sqlite", "postgres"])
@pytest.mark.parametrize(
    ("tampering", "table"),
    [
        ("UPDATE gift_cards SET credit = credit + 1 WHERE id = '{card}'", "gift_cards"),
        ("UPDATE api_keys SET scopes = '' WHERE id = '{key}'", "api_keys"),
        ("DELETE FROM idempotency_keys WHERE key = 'Order 7'", "idempotency_keys"),
        (
            "INSERT INTO residents VALUES ('{avatar}', 'nobody', 1)",
            "residents",
        ),
    ],
    ids=["changed", "changed key", "lost", "added"],
)
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_tampered_row_is_named(
    full: ApiFixture, make_empty: Callable[[str], str], other: str, tampering: str, table: str
) -> None:
    names = {"card": full.grant()["id"], "key": full.issued.stored.id, "avatar": avatar().uuid}
    target = make_empty(other)
    with begun(full.settings.database_url, target) as work:
        change(target, tampering.format(**names))
        with pytest.raises(CopyDiffers, match=f"the row of {table} with") as refused:
            work.compare()
    told = str(refused.value)
    assert any(name in told for name in (*names.values(), "Order 7")), told
    with pytest.raises(DatabaseRefused, match="unfinished copy"):
        copied(target, make_empty("sqlite"))


def test_a_source_that_is_written_to_is_noticed(
    full: ApiFixture, make_empty: Callable[[str], str], engine: str
) -> None:
    target = make_empty("sqlite" if engine == "postgres" else "postgres")
    with begun(full.settings.database_url, target) as work:
        full.grant()
        with pytest.raises(CopyDiffers, match=r"source's table \w+ changed meanwhile\. Stop what"):
            work.compare()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE webhooks SET failing_since = 7",
        "UPDATE webhook_deliveries SET claimed_until = 7",
        "UPDATE webhook_attempts SET response = 'late'",
    ],
)
def test_deliveries_meanwhile_are_no_change(
    full: ApiFixture, make_empty: Callable[[str], str], engine: str, statement: str
) -> None:
    """A server that still runs posts what had happened before: the copy has it as it was."""
    target = make_empty("sqlite" if engine == "postgres" else "postgres")
    with begun(full.settings.database_url, target) as work:
        before = full.sql("SELECT count(*) FROM " + statement.split()[1])
        change(full.settings.database_url, statement)
        done = work.compare()
        work.finish(events.resume)
    assert before != [(0,)]
    assert digests(copied(target, make_empty("sqlite"))) == digests(done)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("other", ["sqlite", "postgres"])
def test_a_row_that_the_target_can_not_keep(
    full: ApiFixture, make_empty: Callable[[str], str], other: str
) -> None:
    assert full.settings.sqlite_path is not None
    with closing(sqlite3.connect(full.settings.sqlite_path)) as raw, raw:
        raw.execute("PRAGMA foreign_keys = OFF")
        raw.execute("DELETE FROM residents WHERE username = 'jo.winter'")
    with (
        pytest.raises(CopyDiffers, match="target can't keep a row"),
        begun(full.settings.database_url, make_empty(other)),
    ):
        pass


def test_a_target_with_rows_is_refused_and_left(
    full: ApiFixture, make_empty: Callable[[str], str], engine: str
) -> None:
    target = make_empty(engine)
    first = copied(full.settings.database_url, target)
    with pytest.raises(DatabaseRefused, match=r"target is not empty .* name an empty database"):
        copied(full.settings.database_url, target)
    assert digests(copied(target, make_empty("sqlite"))) == digests(first)


def test_a_table_of_someone_elses(
    full: ApiFixture, make_empty: Callable[[str], str], engine: str
) -> None:
    target = make_empty(engine)
    if engine == "sqlite":
        Path(target.removeprefix("sqlite:///")).touch()
    change(target, "CREATE TABLE poems (id integer PRIMARY KEY)")
    change(full.settings.database_url, "CREATE TABLE songs (text text)")  # it has no key
    change(full.settings.database_url, "INSERT INTO songs VALUES ('la')")
    for name in ("songs", "so{n}gs"):
        change(full.settings.database_url, f'CREATE TABLE IF NOT EXISTS "{name}" (text text)')
        change(target, f'CREATE TABLE "{name}" (text text)')
    made = copied(full.settings.database_url, target)
    assert "entries" in made.tables and not {"poems", "songs"} & made.tables.keys()


@pytest.mark.parametrize("name", ["stores", "migrations"])
def test_a_table_of_someone_elses_with_a_name_of_ours(
    full: ApiFixture, make_empty: Callable[[str], str], engine: str, name: str
) -> None:
    target = make_empty(engine)
    if engine == "sqlite":
        Path(target.removeprefix("sqlite:///")).touch()
    change(target, f"CREATE TABLE {name} (city text)")
    with pytest.raises(DatabaseRefused, match=f"needs .{name}.: name an empty"):
        copied(full.settings.database_url, target)
    change(target, f"DROP TABLE {name}")
    assert "entries" in copied(full.settings.database_url, target).tables, "nothing was made"


def test_every_table_of_gridgifts_is_copied(
    full: ApiFixture, make_empty: Callable[[str], str], engine: str
) -> None:
    made = copied(full.settings.database_url, make_empty(engine))
    there = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
        "postgres": "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()",
    }
    names = {name for (name,) in asyncio.run(bare_sql(full.settings.database_url, there[engine]))}
    assert made.tables.keys() == names - {"migrations"}


def test_the_copy_of_another_database_is_not_gone_on_with(
    full: ApiFixture, make_empty: Callable[[str], str], engine: str, sqlite_template: Path
) -> None:
    target = make_empty(engine)
    with begun(full.settings.database_url, target):
        pass
    other = make_empty("sqlite")
    copied(full.settings.database_url, other)
    with pytest.raises(DatabaseRefused, match="unfinished copy of another database"):
        copied(other, target)
    change(target, "DELETE FROM migrations WHERE version = (SELECT max(version) FROM migrations)")
    with pytest.raises(DatabaseRefused, match="an older Gridgift began"):
        copied(full.settings.database_url, target)


def test_a_source_that_lacks_migrations(make_empty: Callable[[str], str], tmp_path: Path) -> None:
    (tmp_path / "new.db").touch()
    with pytest.raises(DatabaseRefused, match="run 'gridgift migrate' first"):
        copied(f"sqlite:///{tmp_path}/new.db", make_empty("sqlite"))


def test_two_copies_into_one_target(
    full: ApiFixture, make_empty: Callable[[str], str], engine: str
) -> None:
    target = make_empty(engine)
    source = Settings(database_url=full.settings.database_url)
    with copying(source, Settings(database_url=target), ignore) as slow:
        slow.prepare(START)
        with begun(full.settings.database_url, target) as quick:
            with pytest.raises((CopyDiffers, DatabaseRefused)):
                slow.move()
            quick.compare()


def test_no_column_counts_by_itself(full: ApiFixture, engine: str) -> None:
    """A sequence would have to be set after a copy; there is none."""
    if engine == "sqlite":
        found: Any = full.sql("SELECT name FROM sqlite_master WHERE sql LIKE '%AUTOINCREMENT%'")
    else:
        found = full.sql(
            "SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' "
            "AND (is_identity = 'YES' OR column_default LIKE 'nextval%')"
        )
    assert found == []
