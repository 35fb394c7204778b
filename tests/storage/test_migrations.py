"""Migrations: one schema whichever way it is reached, the same on both engines, never half."""

import asyncio
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import asyncpg
import msgspec
import pytest

from gridgift.app import connect
from gridgift.http.edge.principal import Principal
from gridgift.http.edge.reply import Reply
from gridgift.settings import Settings
from gridgift.storage import migrate as migrating
from gridgift.storage.database import DatabaseRefused
from gridgift.storage.migrate import Engine, Migration, migrate, migrations, pending, served_from
from gridgift.storage.sqlite_file import create_file
from tests.domain.fixture import bare_sql
from tests.storage.operations import in_a_loop, look

INSERT: Final = "INSERT INTO migrations (version, name, checksum, applied_at)"
FIRST_TO_SAY: Final = 16  # programs before it don't ask
KNOWN_ONLY: Final = "-- Served by programs that know it."
ENGINES: Final[tuple[Engine, ...]] = ("sqlite", "postgres")

STORE, OWNER = "019aad3c-9d4b-7c1e-8f3a-2b1c0d9e8f7a", "c7d8e9f0-1a2b-4c3d-9e4f-5a6b7c8d9e0f"
HASH = {"sqlite": f"x'{'00' * 32}'", "postgres": f"'\\x{'00' * 32}'"}

# Rows that a database has after each step, so that later steps meet data.
ROWS: Final = {
    1: [
        f"INSERT INTO residents VALUES ('{OWNER}', 'kelly', 1)",
        f"INSERT INTO resident_names VALUES ('kelly', '{OWNER}', 1)",
        "INSERT INTO stores (id, name, owner_uuid, created_at) "
        f"VALUES ('{STORE}', 'Moonwall', '{OWNER}', 1)",
        f"INSERT INTO customers VALUES ('{STORE}', '{OWNER}', 1)",
    ],
    2: [
        "INSERT INTO api_keys (store_id, id, name, hash, preview, scopes, created_at) "
        f"VALUES ('{STORE}', '{OWNER}', 'website', HASH, 'x', 'store:read', 1)",
    ],
    3: [
        f"INSERT INTO gift_cards VALUES ('{STORE}', '{STORE}', '{OWNER}', 5, TRUE, FALSE, FALSE, "
        "NULL, FALSE, NULL, 1, 1, 1)",
        f"INSERT INTO entries VALUES ('{STORE}', 'card', '{STORE}', 1, 'granted', 5, 5, '{{}}', "
        "'key', 'k', '', 'r', 1, HASH, HASH)",
    ],
    4: [f"INSERT INTO idempotency_keys VALUES ('{STORE}', 'k', HASH, 200, NULL, HASH, 1)"],
    5: [
        f"INSERT INTO credit_lots VALUES ('{STORE}', '{OWNER}', '{STORE}', 9, 4, NULL, FALSE, 1)",
        f"INSERT INTO credit_spends VALUES ('{STORE}', '{OWNER}', '{OWNER}', 5, 0, 'x', 1)",
        "INSERT INTO credit_spend_lots "
        f"VALUES ('{STORE}', '{OWNER}', '{OWNER}', 0, '{STORE}', 5, 0)",
        f"INSERT INTO holds VALUES ('{STORE}', '{STORE}', '{OWNER}', 1, 'open', 9, 1)",
    ],
    6: [
        f"INSERT INTO customer_tokens VALUES ('{STORE}', '{OWNER}', '{OWNER}', HASH, 1, 9, NULL)",
    ],
    7: [],
    8: ["UPDATE stores SET name = 'Moonwall Couture'"],
    9: [
        f"INSERT INTO imports VALUES ('{STORE}', HASH, 1, 0, 0, 1, 1, NULL)",
        f"INSERT INTO import_refusals VALUES ('{STORE}', HASH, 1, 'why')",
    ],
    10: [],
    11: [],
    12: [],
    13: [],
    14: ["UPDATE holds SET state = 'captured', captured = 1"],
    15: [],
    16: [],
    17: ["UPDATE stores SET time_zone = 'Europe/Berlin'"],
    18: [],
    19: ["INSERT INTO server_secret VALUES (1, HASH, 1)"],
    20: [
        f"INSERT INTO gift_card_labels VALUES ('{STORE}', '{STORE}', 'order 7', '{{}}')",
        f"INSERT INTO gift_card_tags VALUES ('{STORE}', '{STORE}', 'vip')",
    ],
    21: [
        f"INSERT INTO resident_names VALUES ('kelly.new', '{OWNER}', 2, '{STORE}')",
        f"INSERT INTO store_names VALUES ('{STORE}', 'kelly.new', 2)",
    ],
    22: [
        f"INSERT INTO events VALUES ('{STORE}', 1, 'card', '{STORE}', 1, 1, NULL, NULL)",
        f"INSERT INTO feed VALUES (1, 0, 1, '{STORE}', 1, '{STORE}')",
    ],
    23: [],
    24: [],
    25: [],
    26: [],
    27: [
        f"INSERT INTO webhooks VALUES ('{STORE}', '{STORE}', 'https://a.example/', '[]', "
        f"'standard', 1, NULL, TRUE, NULL, NULL, 1, 1, NULL, 1, '', '{STORE}', 0)",
        f"INSERT INTO webhook_deliveries VALUES ('{STORE}', '{STORE}', '{STORE}', 1, 'card', "
        f"'{STORE}', 1, '{STORE}', 'gift_card.granted', 'pending', 1, 1, 9, NULL, 1, NULL)",
        f"INSERT INTO webhook_attempts VALUES ('{STORE}', '{STORE}', '{STORE}', 1, 1, 500, 7, "
        "'', '')",
    ],
    28: [
        "INSERT INTO units (store_id, id, kind, name, credit, group_only, usernames, paused, "
        f"created_at, updated_at) VALUES ('{STORE}', '{STORE}', 'delivery', 'Gift', 5, FALSE, "
        "'[]', FALSE, 1, 1)",
        f"INSERT INTO unit_stores VALUES ('{STORE}', '{STORE}')",
        f"INSERT INTO unit_claims VALUES ('{STORE}', '{STORE}', 1, '{OWNER}', '{STORE}', 5, 1)",
    ],
    29: [
        f"INSERT INTO operators VALUES ('{OWNER}', 'aria', 'Aria', NULL, 1)",
        f"INSERT INTO operator_stores VALUES ('{STORE}', '{OWNER}', 'owner', 1)",
        f"INSERT INTO operator_links VALUES ('{OWNER}', HASH, 9)",
        f"INSERT INTO operator_sessions VALUES ('{OWNER}', HASH, '{OWNER}', '{STORE}', 1, 1, '', "
        "'', FALSE)",
    ],
    30: [
        f"INSERT INTO unit_purchases VALUES ('{STORE}', '{STORE}', '{STORE}', HASH, '{OWNER}', 5, "
        f"1, '{STORE}', NULL, 1)",
    ],
    31: [
        "UPDATE imports SET file = 'cards.csv', undone_at = 2",
        f"INSERT INTO import_cards VALUES ('{STORE}', HASH, '{STORE}')",
    ],
    32: [f"INSERT INTO questions VALUES ('{STORE}', 'no.one', '5a1d0c93be', 9, 0, FALSE)"],
    33: [
        f"INSERT INTO operator_actions VALUES ('{STORE}', '{STORE}', 1, 'Aria', 'signed_in', '', "
        "'', '', '')",
    ],
    34: [
        f"INSERT INTO announcements VALUES ('{STORE}', '{STORE}', '{OWNER}', 1, 0)",
        "UPDATE stores SET announce = 'link'",
        "UPDATE customers SET language = 'de'",
    ],
    35: [
        f"INSERT INTO sendings VALUES ('{STORE}', '{STORE}', HASH, 'cards.csv', 'name', '{{}}', 1, "
        "'Bo', 1, 1, 1)",
    ],
    36: [],
    37: [
        f"INSERT INTO unit_purchases (store_id, unit_id, nonce, digest, payer_uuid, amount, "
        f"paid_at, refund, created_at) VALUES ('{STORE}', '{STORE}', '{OWNER}', HASH, '{OWNER}', "
        "5, 1, 'disabled', 1)",
        "UPDATE unit_purchases SET refund_begun_at = 2, refunded_at = 3, refunded_by_kind = 'key', "
        "refunded_by = 'x', refund_note = 'by hand' WHERE refund IS NOT NULL",
    ],
    38: ["UPDATE stores SET contact = 'Aria'"],
    39: ["UPDATE units SET silence_told = 1"],
    40: [],
    41: [
        f"INSERT INTO operator_second_factors VALUES ('{OWNER}', 'seed', 1, 1, 0, 0)",
        f"INSERT INTO operator_recovery_codes VALUES ('{OWNER}', HASH)",
        f"INSERT INTO operator_sign_ins VALUES (HASH, '{OWNER}', FALSE, 9)",
    ],
    42: [f"INSERT INTO verifications VALUES ('{STORE}', 1, 0, 1, 5, 1, 5)"],
    43: [f"INSERT INTO saved_views VALUES ('{STORE}', '{OWNER}', '{STORE}', 'Late', 'show=soon')"],
    44: ["UPDATE units SET transferable = TRUE"],
    45: [
        f"INSERT INTO bulk_changes VALUES ('{STORE}', '{STORE}', '{{}}', '{STORE}', 1, 1, 1, 0, 0, "
        "'Bo', 1, 1, 1)",
        f"INSERT INTO bulk_change_cards VALUES ('{STORE}', '{STORE}', 'changed', 1, '{STORE}', '')",
    ],
    46: [],
    47: [
        f"INSERT INTO bulk_changes VALUES ('{STORE}', '{OWNER}', '{{}}', 0, 0, 0, 0, 0, 'Bo', 1, "
        "NULL, NULL, '[1]', NULL)",
        f"INSERT INTO bulk_change_parts VALUES ('{STORE}', '{OWNER}', 0, '{STORE}')",
    ],
    48: [],
    49: [],
    50: [],
}

SQLITE_SCHEMA: Final = {
    "objects": "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name",
    "columns": "SELECT m.name, c.* FROM sqlite_master m JOIN pragma_table_xinfo(m.name) c "
    "WHERE m.type = 'table' ORDER BY m.name, c.cid",
    "indexes": 'SELECT m.name, i.name, i."unique", i.origin, i.partial FROM sqlite_master m '
    "JOIN pragma_index_list(m.name) i WHERE m.type = 'table' ORDER BY m.name, i.name",
    "keys": "SELECT m.name, k.* FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) k "
    "WHERE m.type = 'table' ORDER BY m.name, k.id, k.seq",
}
POSTGRES_SCHEMA: Final = {
    "columns": "SELECT table_name, ordinal_position, column_name, data_type, is_nullable, "
    "column_default FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2",
    "constraints": "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) "
    "FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2",
    "indexes": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1",
    "triggers": "SELECT tgrelid::regclass::text, tgname, pg_get_triggerdef(oid) FROM pg_trigger "
    "WHERE NOT tgisinternal ORDER BY 1, 2",
    "functions": "SELECT proname, pg_get_functiondef(oid) FROM pg_proc "
    "WHERE pronamespace = 'public'::regnamespace ORDER BY 1",
}
LOGICAL: Final = {
    "TEXT": {"text", "uuid"},
    "INTEGER": {"bigint", "integer", "boolean"},
    "BLOB": {"bytea"},
}


@pytest.fixture
def empty_url(engine: Engine, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database on each engine."""
    if engine == "postgres":
        return str(request.getfixturevalue("empty_postgres_url"))
    create_file(tmp_path / "empty.db")
    return f"sqlite:///{tmp_path / 'empty.db'}"


async def migrate_to(url: str, up_to: int | None = None) -> list[Migration]:
    database = connect(Settings(database_url=url))
    try:
        lacking = pending(database.engine, await database.applied_migrations())
        wanted = [step for step in lacking if up_to is None or step.version <= up_to]
        for step in wanted:
            await database.apply_migration(step, 1)
        return wanted
    finally:
        await database.close()


async def schema(url: str, engine: Engine) -> dict[str, Any]:
    catalogues = SQLITE_SCHEMA if engine == "sqlite" else POSTGRES_SCHEMA
    return {what: await bare_sql(url, query) for what, query in catalogues.items()}


@in_a_loop
async def test_step_by_step_with_rows_equals_all_at_once(
    engine: Engine, database_url: str, empty_url: str
) -> None:
    steps = migrations(engine)
    assert {step.version for step in steps} == set(ROWS), "say which rows the new step adds"
    for step in steps:
        assert await migrate_to(empty_url, step.version) == [step]
        for statement in ROWS[step.version]:
            await change(empty_url, statement.replace("HASH", HASH[engine]))
    assert await migrate_to(empty_url) == []
    assert await schema(empty_url, engine) == await schema(database_url, engine)
    applied = "SELECT version, name, checksum FROM migrations ORDER BY version"
    assert await bare_sql(empty_url, applied) == await bare_sql(database_url, applied)
    for table in ("customers", "api_keys", "gift_cards", "entries", "idempotency_keys", "holds"):
        assert await bare_sql(empty_url, f"SELECT count(*) FROM {table}") == [(1,)]


@in_a_loop
async def test_cards_get_the_hash_of_their_newest_entry(engine: Engine, empty_url: str) -> None:
    for step in migrations(engine)[:25]:
        await migrate_to(empty_url, step.version)
        for statement in ROWS[step.version]:
            await change(empty_url, statement.replace("HASH", HASH[engine]))
    await migrate_to(empty_url)
    kept = await bare_sql(empty_url, "SELECT head, head_seq FROM gift_cards")
    assert [(bytes(head), seq) for head, seq in kept] == [(bytes(32), 1)]


async def change(url: str, statement: str) -> None:
    await bare_sql(url, statement)


async def sqlite_tables(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """Each table's columns: name, type, whether it may be null, place in the primary key."""
    tables: dict[str, list[tuple[Any, ...]]] = {}
    for table, _, name, sort, not_null, _, key, _ in await bare_sql(url, SQLITE_SCHEMA["columns"]):
        tables.setdefault(table, []).append((name, sort.upper(), not not_null, key))
    return tables


async def postgres_tables(url: str) -> dict[str, list[tuple[Any, ...]]]:
    keys = await bare_sql(
        url,
        "SELECT c.conrelid::regclass::text, a.attname, k.place FROM pg_constraint c, "
        "unnest(c.conkey) WITH ORDINALITY AS k (number, place), pg_attribute a WHERE "
        "c.contype = 'p' AND a.attrelid = c.conrelid AND a.attnum = k.number "
        "AND c.connamespace = 'public'::regnamespace",
    )
    places = {(table, name): place for table, name, place in keys}
    tables: dict[str, list[tuple[Any, ...]]] = {}
    for table, _, name, sort, nullable, _ in await bare_sql(url, POSTGRES_SCHEMA["columns"]):
        column = (name, sort, nullable == "YES", places.get((table, name), 0))
        tables.setdefault(table, []).append(column)
    return tables


@pytest.fixture
def both(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Any, Any]:
    """The tables of a SQLite file and of a PostgreSQL database."""
    path = tmp_path / "one.db"
    shutil.copy(request.getfixturevalue("sqlite_template"), path)
    with request.getfixturevalue("postgres").database(migrated=True) as url:
        return (
            asyncio.run(sqlite_tables(f"sqlite:///{path}")),
            asyncio.run(postgres_tables(url)),
        )


def test_both_engines_have_the_same_logical_columns(both: tuple[Any, Any]) -> None:
    small, large = both
    assert set(small) == set(large)
    for table, columns in small.items():
        names = [(name, nullable, key) for name, _, nullable, key in columns]
        assert names == [(name, nullable, key) for name, _, nullable, key in large[table]], table
        for ours, theirs in zip(columns, large[table], strict=True):
            assert theirs[1] in LOGICAL[ours[1]], f"{table}.{ours[0]}"


def test_a_primary_key_begins_with_the_store(both: tuple[Any, Any]) -> None:
    for tables in both:
        with_store = 0
        for table, columns in tables.items():
            names = {name for name, *_ in columns}
            first = [name for name, _, _, place in columns if place == 1]
            assert first, f"{table} has no primary key"
            if "store_id" in names:
                assert first == ["store_id"], table
                with_store += 1
        assert with_store >= 5


@in_a_loop
async def test_sqlite_tables_are_strict(request: Any, sqlite_template: Path) -> None:
    statement = "SELECT name, strict FROM pragma_table_list WHERE schema = 'main'"
    tables = dict(await bare_sql(f"sqlite:///{sqlite_template}", statement))
    strict = {name for name, is_strict in tables.items() if is_strict}
    assert strict == {name for name in tables if not name.startswith("sqlite_")} - {"migrations"}


def test_every_migration_exists_for_both_engines() -> None:
    small, large = ([(step.version, step.name) for step in migrations(e)] for e in ENGINES)
    assert small == large
    assert [version for version, _ in small] == list(range(1, len(small) + 1))
    assert all(re.fullmatch(r"[a-z_]+", name) for _, name in small)


@in_a_loop
async def test_a_balance_is_what_the_newest_entry_says(engine: Engine, empty_url: str) -> None:
    await migrate_to(empty_url, 1)
    for statement in ROWS[1]:
        await change(empty_url, statement)
    await migrate_to(empty_url, 22)
    for statement in (
        "UPDATE customers SET version = 2",
        *(
            f"INSERT INTO entries VALUES ('{STORE}', 'credit', '{OWNER}', {seq}, 'x', 0, {balance},"
            " '{}', 'key', 'k', '', 'r', 1, HASH, HASH)"
            for seq, balance in ((1, 9), (2, 4))
        ),
    ):
        await change(empty_url, statement.replace("HASH", HASH[engine]))
    await migrate_to(empty_url, 23)
    assert [tuple(row) for row in await bare_sql(empty_url, "SELECT balance FROM customers")] == [
        (4,)
    ]


@in_a_loop
async def test_migrating_again_changes_nothing(engine: Engine, database_url: str) -> None:
    before = await schema(database_url, engine)
    assert await migrate_to(database_url) == []
    assert await schema(database_url, engine) == before


@in_a_loop
async def test_another_checksum_is_refused(database_url: str) -> None:
    await change(database_url, "UPDATE migrations SET checksum = 'other' WHERE version = 2")
    with pytest.raises(DatabaseRefused, match=r"0002 keys differs .*\.$"):
        await migrate_to(database_url)


@in_a_loop
async def test_a_newer_database_is_refused(database_url: str) -> None:
    await change(database_url, f"{INSERT} VALUES (9000, 'holograms', 'x', 1)")
    with pytest.raises(DatabaseRefused, match=r"newer .*9000 holograms.*install the newer"):
        await migrate_to(database_url)


@pytest.mark.parametrize("oldest", [None, "this one", "the next one"])
@in_a_loop
async def test_a_newer_database_is_served_by_programs_that_can(
    engine: Engine, database_url: str, oldest: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = migrations(engine)
    version = {"this one": len(known), "the next one": len(known) + 1}.get(oldest or "")
    newer = Migration(len(known) + 1, "colours", "CREATE TABLE colours (id integer)", "x", version)
    database = connect(Settings(database_url=database_url))
    with monkeypatch.context() as newer_program:
        newer_program.setattr(migrating, "migrations", lambda _: [*known, newer])
        assert await migrate(database, 1) == [newer]
        await migrating.require_ready(database)
    if oldest == "this one":
        assert await migrate(database, 1) == []
        await migrating.require_ready(database)
        await migrating.require_current(database)
    else:
        for ask in (migrating.require_ready, migrating.require_current):
            with pytest.raises(DatabaseRefused, match=r"newer .* colours\): install the newer"):
                await ask(database)
    with pytest.raises(DatabaseRefused, match="install the newer"):
        await migrating.require_same(database)
    await database.close()


def test_every_migration_says_which_programs_can_serve_it() -> None:
    """Without its first line, those that know it: each step since there is such a line decides."""
    for engine in ENGINES:
        for step in migrations(engine):
            if step.version > FIRST_TO_SAY:
                says = step.text.splitlines()[0]
                assert step.oldest_program is not None or says == KNOWN_ONLY, step.name
                assert served_from([step]) <= step.version


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
@in_a_loop
async def test_a_step_that_waits_for_a_lock_lets_requests_pass(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = migrations("postgres")
    step = Migration(len(known) + 1, "colours", "ALTER TABLE stores ADD COLUMN colour text", "x")
    monkeypatch.setattr(migrating, "migrations", lambda _: [*known, step])
    reader = await asyncpg.connect(database_url)
    long_read = reader.transaction()
    await long_read.start()
    await reader.fetch("SELECT id FROM stores")
    database = connect(Settings(database_url=database_url))
    migrated = asyncio.ensure_future(migrate(database, 1))
    for _ in range(6):  # while the step waits, and between its tries
        async with asyncio.timeout(30):
            await database.read(look)
        await asyncio.sleep(0.5)
    assert not migrated.done()
    await long_read.rollback()
    assert await migrated == [step]
    await reader.close()
    await database.close()


@in_a_loop
async def test_a_server_says_that_migrations_are_lacking(empty_url: str) -> None:
    database = connect(Settings(database_url=empty_url))
    with pytest.raises(DatabaseRefused, match=r"lacks \d+ of .*run 'gridgift migrate' first\.$"):
        await migrating.require_current(database)
    await database.close()


BROKEN = {
    "a bad statement at the end": "CREATE TABLE half (x integer);\nSELECT nonsense FROM nowhere;\n",
    "a row that breaks a rule": "CREATE TABLE half (x integer NOT NULL);\n"
    "INSERT INTO half VALUES (NULL);\n",
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN.keys())
@in_a_loop
async def test_a_failing_step_leaves_nothing(
    engine: Engine, database_url: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await schema(database_url, engine)
    known = migrations(engine)
    broken = Migration(len(known) + 1, "broken", text, "checksum")
    monkeypatch.setattr(migrating, "migrations", lambda _: [*known, broken])
    with pytest.raises(DatabaseRefused, match=r"\.$"):
        await migrate_to(database_url)
    assert await schema(database_url, engine) == before
    assert await bare_sql(database_url, "SELECT max(version) FROM migrations") == [(len(known),)]
    mended = msgspec.structs.replace(broken, text="CREATE TABLE half (x integer)")
    monkeypatch.setattr(migrating, "migrations", lambda _: [*known, mended])
    assert await migrate_to(database_url) == [mended]
    await bare_sql(database_url, "SELECT x FROM half")  # also without its last semicolon


MIGRATE = """
import sys
from tests.databases import migrate_url
sys.stdin.readline()
migrate_url(sys.argv[1])
"""


def test_several_processes_at_once(empty_url: str, engine: Engine, database_url: str) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", MIGRATE, empty_url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    failed = [errors for _, errors in (p.communicate(timeout=300) for p in processes) if errors]
    assert not failed, failed[0]
    assert [process.returncode for process in processes] == [0] * 4
    ours, fresh = (asyncio.run(schema(url, engine)) for url in (empty_url, database_url))
    assert ours == fresh


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "letter.db"
    path.write_bytes(b"Dear Kelly, " * 400)
    with pytest.raises(DatabaseRefused, match=r"is not a SQLite database: name another file"):
        asyncio.run(migrate_to(f"sqlite:///{path}"))
    assert path.read_bytes() == b"Dear Kelly, " * 400


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.db", tmp_path / "missing" / "gridgift.db"):
        with pytest.raises(DatabaseRefused, match=r"is not there: run 'gridgift migrate' first\.$"):
            asyncio.run(migrate_to(f"sqlite:///{path}"))
        assert not path.exists()


def test_a_folder_in_the_files_place(tmp_path: Path) -> None:
    with pytest.raises(DatabaseRefused, match=r"can't be used: .*\.$"):
        asyncio.run(migrate_to(f"sqlite:///{tmp_path}"))


def test_an_old_sqlite_is_refused(sqlite_template: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 38, 5))
    with pytest.raises(DatabaseRefused, match=r"needs 3\.39 or newer\.$"):
        asyncio.run(migrate_to(f"sqlite:///{sqlite_template}"))


def test_pending_compares_in_order() -> None:
    known = list(migrations("sqlite"))
    applied = [migrating.Applied(step.version, step.name, step.checksum) for step in known]
    assert pending("sqlite", applied) == []
    assert pending("sqlite", applied[:2]) == known[2:]
    assert pending("sqlite", []) == known
    with pytest.raises(DatabaseRefused, match="differs"):
        pending("sqlite", applied[1:])


def test_triggers_hold_on_a_plain_connection(sqlite_template: Path, tmp_path: Path) -> None:
    """The ledger is append-only for any program, whatever pragmas it uses."""
    shutil.copy(sqlite_template, tmp_path / "a.db")
    row = f"('{STORE}','card','{STORE}',1,'granted',5,5,'','key','k','','r',1,HASH,HASH)"
    row = row.replace("HASH", HASH["sqlite"])
    with closing(sqlite3.connect(tmp_path / "a.db")) as raw:
        raw.execute(f"INSERT INTO entries VALUES {row}")
        for recursive in ("OFF", "ON"):
            raw.execute(f"PRAGMA recursive_triggers = {recursive}")
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                raw.execute(f"REPLACE INTO entries VALUES {row}")


STORED_BEFORE: Final = {
    "with an ETag": ("201", "'\"7-kelly\"'", '{"id":"é"}', b'201 "7-kelly"\n{"id":"\xc3\xa9"}'),
    "without one": ("200", "NULL", "true", b"200 \ntrue"),
}


@pytest.mark.parametrize("name", STORED_BEFORE)
@in_a_loop
async def test_an_answer_that_was_stored_before_is_replayed(
    engine: Engine, empty_url: str, name: str
) -> None:
    status, etag, body, packed = STORED_BEFORE[name]
    await migrate_to(empty_url, 10)
    written = f"x'{body.encode().hex()}'" if engine == "sqlite" else f"'\\x{body.encode().hex()}'"
    await bare_sql(
        empty_url,
        f"INSERT INTO idempotency_keys VALUES ('{STORE}', 'k', {HASH[engine]}, {status}, {etag}, "
        f"{written}, 1)",
    )
    await migrate_to(empty_url)
    ((answer,),) = await bare_sql(empty_url, "SELECT answer FROM idempotency_keys")
    assert bytes(answer) == packed
    reply: Reply[Any] = Reply.unpack(packed, replayed=True)
    assert (reply.status, reply.body) == (int(status), body.encode())


@in_a_loop
async def test_one_of_two_who_showed_a_name_shows_it(empty_url: str) -> None:
    others = [f"{number}" * 8 + OWNER[8:] for number in (1, 2)]
    await migrate_to(empty_url, 11)
    for uuid in (OWNER, *others):
        await bare_sql(empty_url, f"INSERT INTO residents VALUES ('{uuid}', 'kelly', 1)")
    for seen_at, (name, uuid) in enumerate(
        [("kelly", OWNER), ("jo", others[0]), ("jo.winter", others[0])]
    ):
        await bare_sql(
            empty_url, f"INSERT INTO resident_names VALUES ('{name}', '{uuid}', {seen_at})"
        )
    await migrate_to(empty_url)
    shown = dict(await bare_sql(empty_url, "SELECT CAST(uuid AS TEXT), username FROM residents"))
    assert shown == {OWNER: "kelly", others[0]: "jo.winter", others[1]: others[1]}


@in_a_loop
async def test_a_residents_stored_answers_stay_the_residents(
    engine: Engine, empty_url: str
) -> None:
    """Also where a key of the store's looks like one of theirs, which none can do any more."""
    await migrate_to(empty_url, 14)
    before = {
        f"{OWNER} a key": (b"200 \ntrue", f"resident {OWNER}\na key"),
        f"{OWNER} of the store": (b'200 "1-kelly"\n{}', f"{OWNER} of the store"),
        "true": (b"200 \ntrue", "true"),
    }
    for key, (answer, _) in before.items():
        written = f"x'{answer.hex()}'" if engine == "sqlite" else f"'\\x{answer.hex()}'"
        await bare_sql(
            empty_url,
            "INSERT INTO idempotency_keys (store_id, key, fingerprint, created_at, answer) "
            f"VALUES ('{STORE}', '{key}', {HASH[engine]}, 1, {written})",
        )
    await migrate_to(empty_url)
    rows = await bare_sql(empty_url, "SELECT key, answer FROM idempotency_keys")
    assert {key: bytes(answer) for key, answer in rows} == {
        after: answer for answer, after in before.values()
    }
    kelly = Principal(actor_kind="resident", actor_id=OWNER)
    assert kelly.own_key("a key") in dict(rows)
