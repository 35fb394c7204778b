"""``gridgift migrate``, and what every command says about a database that can't be used."""

import asyncio
import os
import socket
import sqlite3
from pathlib import Path
from typing import Final

import pytest
from typer.main import get_command

from gridgift.cli import command_line
from gridgift.storage.migrate import migrations
from tests.api import KELLY, SECRET
from tests.cli.commands import CommandRunner
from tests.cli.live import file_of
from tests.domain.fixture import bare_sql

UNKNOWN = "019aad3c-9d4b-7c1e-8f3a-2b1c0d9e8f7a"
WHY = ("--reason", "damaged", "--reference", "order 7")
LOOKING = [
    ("store", "list"),
    ("key", "list"),
    ("store", "show"),
    ("operator", "list"),
    ("card", "show", "ID"),
    ("card", "list", "kelly"),
    ("card", "list"),
    ("import", "list"),
    ("card", "history", "ID"),
    ("card", "notes", "ID"),
    ("resident", "show", "kelly"),
    ("resident", "search", "ke"),
    ("resident", "list"),
    ("customer", "list"),
    ("customer", "list", "--sort", "-cards", "--search", "ke"),
    ("customer", "show", "kelly"),
    ("hold", "list"),
    ("credit", "show", "kelly"),
    ("credit", "history", "kelly"),
    ("event", "tail", "--once"),
    ("webhook", "list"),
    ("webhook", "show", "ID"),
    ("webhook", "deliveries", "ID"),
    ("unit", "list"),
    ("unit", "show", "ID"),
    ("unit", "claims", "ID"),
    ("unit", "refunds", "ID"),
    ("report", "owed"),
    ("report", "granted"),
    ("report", "redeemed"),
    ("report", "expiring"),
    ("export", "redemptions"),
    ("export", "entries"),
    ("verify",),
]
CHANGING = [
    ("store", "update", "ID", "--name", "Shop"),
    ("key", "create", "--name", "Till", "--scope", "all"),
    ("key", "update", "ID", "--name", "Till"),
    ("key", "rotate", "ID"),
    ("key", "revoke", "ID"),
    ("operator", "add", "Aria"),
    ("operator", "link", "Aria"),
    ("operator", "remove", "Aria"),
    ("secret", "replace", "--yes"),
    ("attest",),
    ("card", "grant", "kelly", "--credit", "5"),
    ("card", "grant-many", "cards.csv"),
    ("card", "adjust", "ID", "--delta", "5", "--reason", "late"),
    ("card", "transfer", "ID", "jo", "--reason", "gift"),
    ("card", "reissue", "ID", "--reason", "lost"),
    ("card", "expire", "ID"),
    ("card", "redeem", "ID"),
    ("card", "update", "ID", "--transfer"),
    ("card", "label", "ID", "--reference", "order 7"),
    ("card", "note", "ID", "a text"),
    ("import", "undo", "abcdef"),
    ("card", "enable", UNKNOWN),
    ("card", "disable", UNKNOWN),
    ("card", "extend", UNKNOWN, "--days", "1"),
    ("card", "tag", UNKNOWN, "--add", "vip"),
    ("token", "mint", "kelly"),
    ("token", "revoke", "kelly"),
    ("resident", "rename", "kelly", "kelly.moonwall"),
    ("resident", "erase", "kelly", "--yes"),
    ("hold", "place", "ID", "--amount", "5", "--for", "15m"),
    ("hold", "extend", "ID", "ID", "--for", "15m"),
    ("hold", "capture", "ID", "ID"),
    ("hold", "void", "ID", "ID"),
    ("credit", "deposit", "kelly", "--amount", "5", *WHY),
    ("credit", "spend", "kelly", "--amount", "5", *WHY),
    ("credit", "refund", "kelly", "ID", "--amount", "5", *WHY),
    ("credit", "move", "kelly", "jo", *WHY),
    ("credit", "extend", "kelly", "ID", "--expires", "never"),
    ("webhook", "add", "https://shop.example.com/hooks"),
    ("webhook", "update", "ID", "--off"),
    ("webhook", "rotate", "ID"),
    ("webhook", "ping", "ID"),
    ("webhook", "remove", "ID"),
    ("webhook", "redeliver", "ID", "ID"),
    ("unit", "create", "--kind", "delivery", "--name", "Gift"),
    ("unit", "update", "ID", "--credit", "5"),
    ("unit", "begin-round", "ID"),
    ("unit", "pair", "ID"),
    ("unit", "pause", "ID"),
    ("unit", "resume", "ID"),
    ("unit", "revoke", "ID"),
    ("unit", "refund-paid", "ID", "ID"),
    ("inworld", "simulate"),
]
DRY = [
    ("card", "grant-many", "cards.csv", "--dry-run"),
    ("card", "disable", UNKNOWN, "--dry-run"),
    ("import", "undo", "abcdef", "--dry-run"),
    ("resident", "erase", "kelly", "--dry-run"),
]
MAKING = [
    ("store", "create", "Shop", "--owner", "kelly", "--owner-uuid", "UUID"),
    ("resident", "add", "kelly", "UUID"),
    ("resident", "import", "people.csv"),
    ("migrate",),
    ("demo", "--no-serve"),
]
ELSEWHERE = [  # in tests of their own
    ("serve",), ("doctor",), ("copy",), ("backup",), ("restore",), ("inworld", "script"),
]  # fmt: skip


def test_sqlite_is_made_and_migrated(cli: CommandRunner) -> None:
    first = cli.json("migrate", "--database", "sqlite:///shop.db")
    assert first["database"] == "sqlite:///shop.db"
    assert [step["version"] for step in first["applied"]] == [
        migration.version for migration in migrations("sqlite")
    ]
    assert cli.json("migrate", "--database", "sqlite:///shop.db")["applied"] == []
    assert "up to date" in cli("migrate", "--database", "sqlite:///shop.db").err
    assert (cli.folder / "shop.db").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("command", [*LOOKING, *CHANGING], ids=" ".join)
def test_what_is_not_there_is_not_made(cli: CommandRunner, command: tuple[str, ...]) -> None:
    words = [word.replace("ID", UNKNOWN).replace("kelly", KELLY.uuid) for word in command]
    file_of(cli, "cards.csv", f"identifier,amount\n{KELLY.uuid},5\n")
    cli(*words, "--database", "sqlite:///typo.db").refused(2, "no database typo.db", "--database")
    foreign = sqlite3.connect(cli.folder / "other.db")
    foreign.execute("CREATE TABLE bookmarks (url text)")
    foreign.close()
    before = (cli.folder / "other.db").read_bytes()
    cli(*words, "--database", "sqlite:///other.db").refused(2, "no tables of Gridgift")
    assert (cli.folder / "other.db").read_bytes() == before
    assert {path.name for path in cli.folder.iterdir()} <= {"cards.csv", "other.db"}
    with sqlite3.connect(cli.folder / "other.db") as foreign:
        assert foreign.execute("SELECT name FROM sqlite_master").fetchall() == [("bookmarks",)]


@pytest.mark.parametrize("place", ["n" * 300, "note/x"])
@pytest.mark.parametrize("command", ["migrate", "migrate --dry-run", "doctor", "copy", "verify"])
def test_a_database_that_no_file_can_be(cli: CommandRunner, command: str, place: str) -> None:
    (cli.folder / "note").write_text("mine")
    url = f"sqlite:///{place}"
    words = ["copy", url, "sqlite:///b.db"] if command == "copy" else command.split()
    told = cli(*words, *(() if command == "copy" else ("--database", url)))
    assert told.code == (1 if command == "doctor" else 2), told
    assert place in told.out + told.err
    assert "Traceback" not in told.err
    assert [path.name for path in cli.folder.iterdir()] == ["note"]


def test_each_command_is_known_to_make_a_database_or_not() -> None:
    known = [*LOOKING, *CHANGING, *MAKING, *ELSEWHERE]
    for name, group in get_command(command_line()).commands.items():  # type: ignore[attr-defined]
        leaves = [(name, leaf) for leaf in getattr(group, "commands", ())] or [(name,)]
        for leaf in leaves:
            assert [words for words in known if words[: len(leaf)] == leaf], leaf


@pytest.mark.parametrize("command", MAKING, ids=" ".join)
def test_what_may_come_first_makes_the_database_and_its_secret(
    cli: CommandRunner, command: tuple[str, ...]
) -> None:
    file_of(cli, "people.csv", f"username,uuid\nkelly,{KELLY.uuid}\n")
    words = [word.replace("UUID", KELLY.uuid) for word in command]
    assert cli(*words, "--database", "sqlite:///new.db").code == 0
    assert {"new.db", "new.db.secret"} <= {path.name for path in cli.folder.iterdir()}
    secret = cli.folder / "new.db.secret"
    assert secret.stat().st_mode & 0o777 == 0o600


def test_postgres_is_migrated_by_a_step_of_its_own(
    cli: CommandRunner, empty_postgres_url: str
) -> None:
    cli.environ |= {"GRIDGIFT_DATABASE_URL": empty_postgres_url, "GRIDGIFT_SECRET": SECRET}
    cli("store", "list").refused(2, "run 'gridgift migrate' first")
    cli("serve", "--port", "0").refused(2, "run 'gridgift migrate' first")
    applied = cli("migrate")
    assert applied.code == 0
    assert "0001" in applied.out
    assert cli.json("store", "list") == []
    assert cli.json("migrate")["applied"] == []


@pytest.mark.parametrize("command", [("store", "list"), ("serve", "--port", "0"), ("migrate",)])
def test_unusable_databases_are_one_sentence(cli: CommandRunner, command: tuple[str, ...]) -> None:
    def refused(url: str, *words: str) -> None:
        cli(*command, "--database", url).refused(2, *words)

    cli("migrate", "--database", "sqlite:///newer.db")
    with sqlite3.connect(cli.folder / "newer.db") as newer:
        newer.execute("INSERT INTO migrations VALUES (9999, 'tomorrow', 'x', 0, NULL)")
    refused("sqlite:///newer.db", "newer than this Gridgift", "9999 tomorrow")
    file_of(cli, "junk.db", os.urandom(4096))
    refused("sqlite:///junk.db", "junk.db is not a SQLite database")
    refused("sqlite:///no/folder/x.db", "no/folder/x.db", "No such file or directory")
    refused("sqlite:///.", "--database must be sqlite:///FILE")
    refused(f"sqlite:///{cli.folder}", "can't be used")
    refused("postgresql://db/shop?channel_binding=require", "channel_binding")
    refused("postgresql://db/shop?sslmode", "?name=value")
    refused("shop.db", "--database must be sqlite:///FILE")
    refused("sqlite:///:memory:", "--database must be sqlite:///FILE")


def test_what_would_be_done_is_said_and_not_done(both: CommandRunner) -> None:
    both("migrate")
    url = both.environ.get("GRIDGIFT_DATABASE_URL", f"sqlite:///{both.folder}/gridgift.db")
    step = migrations("sqlite" if url.startswith("sqlite") else "postgres")[-1]
    newest, oldest = step.version, step.oldest_program or step.version
    forget = f"DELETE FROM migrations WHERE version = {newest}"
    asyncio.run(bare_sql(url, forget))
    for _ in range(2):
        said = both.json("migrate", "--dry-run")
        assert [step["version"] for step in said["toApply"]] == [newest]
        assert said["servedFrom"] == oldest
    asked = both("migrate", "--dry-run")
    assert f"{newest:04d}" in asked.out
    only = f"Only servers that know migration {oldest:04d} can serve it"
    too = f"Servers that know no more than {newest - 1:04d} can serve it too"
    assert (only if oldest == newest else too) in asked.err


def test_a_dry_run_writes_nothing_into_an_empty_file(cli: CommandRunner) -> None:
    file_of(cli, "empty.db", "")
    assert cli.json("migrate", "--dry-run", "--database", "sqlite:///empty.db")["toApply"]
    assert [path.stat().st_size for path in cli.folder.iterdir()] == [0]


OBJECTS: Final = """SELECT relname::text FROM pg_class
    WHERE relnamespace = current_schema()::regnamespace ORDER BY 1"""


def all_of(url: str) -> object:
    """Return what tells whether a database was changed: a file's bytes, or what there is."""
    path = Path(url.removeprefix("sqlite:///"))
    return path.read_bytes() if path.exists() else asyncio.run(bare_sql(url, OBJECTS))


def leave_one_out(url: str) -> None:
    """Make a database lack the newest migration, as it says itself."""
    newest = migrations("sqlite")[-1].version
    asyncio.run(bare_sql(url, f"DELETE FROM migrations WHERE version = {newest}"))


@pytest.mark.parametrize("command", [*LOOKING, *DRY], ids=" ".join)
def test_what_only_reads_migrates_nothing(both: CommandRunner, command: tuple[str, ...]) -> None:
    url = both.environ["GRIDGIFT_DATABASE_URL"]
    leave_one_out(url)
    before = all_of(url)
    file_of(both, "cards.csv", f"identifier,amount\n{KELLY.uuid},5\n")
    words = [word.replace("ID", UNKNOWN) for word in command]
    both(*words).refused(2, "run 'gridgift migrate' first")
    assert all_of(url) == before


def test_doctor_migrates_nothing(both: CommandRunner) -> None:
    url = both.environ["GRIDGIFT_DATABASE_URL"]
    leave_one_out(url)
    before = all_of(url)
    assert both("doctor").code == 1
    checks = both("doctor", "--json").json["checks"]
    assert any("run 'gridgift migrate' first" in check["found"] for check in checks)
    assert all_of(url) == before


@pytest.mark.parametrize("header", ["a,b", "username", ""])
def test_an_import_without_a_header_makes_no_database(cli: CommandRunner, header: str) -> None:
    file_of(cli, "bad.csv", f"{header}\nkelly,{KELLY.uuid}\n")
    cli("resident", "import", "bad.csv", "--database", "sqlite:///new.db").refused(2, "can't be")
    assert [path.name for path in cli.folder.iterdir()] == ["bad.csv"]


def test_a_dry_run_makes_no_file(cli: CommandRunner) -> None:
    cli("migrate", "--dry-run", "--database", "sqlite:///none.db").refused(2, "is not there")
    assert list(cli.folder.iterdir()) == []


@pytest.mark.parametrize("command", [("store", "list"), ("migrate",), ("demo", "--no-serve")])
def test_a_database_that_is_out_of_reach_is_another_exit_code(
    cli: CommandRunner, command: tuple[str, ...]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for port in (1, silent.getsockname()[1]):
            url = f"postgresql://someone:hush@127.0.0.1:{port}/shop?connect_timeout=1"
            result = cli(*command, "--database", url)
            result.refused(75, "The database can't be used for now: ")
            assert "hush" not in result.err
            assert "now: ." not in result.err


def test_settings_that_are_wrong_are_one_sentence(cli: CommandRunner) -> None:
    for name, value, words in (
        ("GRIDGIFT_COLOUR", "red", "GRIDGIFT_COLOUR is no setting"),
        ("GRIDGIFT_RATE_LIMIT", "many", "GRIDGIFT_RATE_LIMIT must be a whole number"),
        ("GRIDGIFT_SECRET", "short", "GRIDGIFT_SECRET must have at least 32"),
        ("GRIDGIFT_DATABASE_URL", "mysql://x/y", "GRIDGIFT_DATABASE_URL must be"),
    ):
        cli.environ[name] = value
        for command in (("store", "list"), ("serve", "--port", "0"), ("demo", "--no-serve")):
            cli(*command).refused(2, words)
        del cli.environ[name]
    assert list(cli.folder.iterdir()) == []


ANOTHERS: Final = {
    "view": ("CREATE VIEW totals AS SELECT 1 AS total",),
    "migrations": (
        "CREATE TABLE migrations (id integer, migration text, batch integer)",
        "INSERT INTO migrations VALUES (1, '2014_10_12_000000_create_users_table', 1)",
    ),
    "stores": ("CREATE TABLE stores (city text)",),
}


@pytest.fixture
def empty(cli: CommandRunner, engine: str, request: pytest.FixtureRequest) -> str:
    """The address of a database without any table, which the commands' environment names."""
    if engine == "postgres":
        url = str(request.getfixturevalue("empty_postgres_url"))
    else:
        url = f"sqlite:///{file_of(cli, 'empty.db', '').absolute()}"
    cli.environ |= {"GRIDGIFT_DATABASE_URL": url, "GRIDGIFT_SECRET": SECRET}
    return url


@pytest.mark.parametrize("kind", ANOTHERS)
@pytest.mark.parametrize("command", ["migrate", "migrate --dry-run"])
def test_another_programs_tables_are_left_alone(
    cli: CommandRunner, empty: str, command: str, kind: str
) -> None:
    for statement in ANOTHERS[kind]:
        asyncio.run(bare_sql(empty, statement))
    before = all_of(empty)
    cli(*command.split()).refused(2, "Another program's tables are in the database")
    assert all_of(empty) == before


@pytest.mark.parametrize(
    "command", [("serve", "--tls-certificate", "none.pem"), *MAKING], ids=" ".join
)
def test_no_command_takes_another_programs_database(
    cli: CommandRunner, empty: str, command: tuple[str, ...]
) -> None:
    asyncio.run(bare_sql(empty, "CREATE TABLE bookmarks (url text)"))
    before = all_of(empty)
    file_of(cli, "people.csv", f"username,uuid\nkelly,{KELLY.uuid}\n")
    result = cli(*[word.replace("UUID", KELLY.uuid) for word in command])
    assert result.code == 2 and "Traceback" not in result.err
    if empty.startswith("sqlite") or command == ("migrate",):  # else it is a step of its own
        assert "bookmarks" in result.err
    assert all_of(empty) == before


def test_an_extensions_tables_are_for_any_program(
    cli: CommandRunner, empty_postgres_url: str
) -> None:
    asyncio.run(bare_sql(empty_postgres_url, "CREATE TABLE spatial_ref_sys (srid integer)"))
    asyncio.run(bare_sql(empty_postgres_url, "ALTER EXTENSION plpgsql ADD TABLE spatial_ref_sys"))
    assert cli.json("migrate", "--database", empty_postgres_url)["applied"]
