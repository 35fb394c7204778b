"""``gridgift backup`` and ``restore``: one state, whole or not at all, on either engine."""

import asyncio
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest

from gridgift.cli import sealing
from gridgift.settings import Settings
from gridgift.storage import backup as backups
from gridgift.storage.backup import End, Header, Page
from tests.api import KELLY, SECRET, ApiFixture, served
from tests.cli.commands import REPOSITORY, CommandRunner
from tests.cli.live import file_of, running, until
from tests.cli.test_copy import MANY, look
from tests.cli.zygote import LITTLE, QUICK_SEALS
from tests.serving import Server
from tests.storage.test_migrations import migrate_to

PASSPHRASE = "correct horse battery staple"
PATIENCE = 60.0  # seconds


@pytest.fixture
def make_empty(request: pytest.FixtureRequest, cli: CommandRunner) -> Iterator[Callable[..., str]]:
    """Make addresses of databases without any table."""
    with ExitStack() as stack:

        def make(engine: str) -> str:
            if engine == "sqlite":
                return f"sqlite:///{cli.folder}/{len(list(cli.folder.iterdir()))}.db"
            server = request.getfixturevalue("postgres")
            return str(stack.enter_context(server.database(migrated=False)))

        yield make


@pytest.fixture
def sealed(both: CommandRunner, store: str, kelly: str) -> CommandRunner:
    """Commands at a store with a card and a key, and a passphrase."""
    both.json("card", "grant", kelly, "--credit", 100)
    both.environ["GRIDGIFT_BACKUP_PASSPHRASE"] = PASSPHRASE
    return both


@pytest.fixture
def kept(sealed: CommandRunner, monkeypatch: pytest.MonkeyPatch) -> CommandRunner:
    """The same commands, where it costs next to nothing to try a passphrase."""
    sealed.environ[QUICK_SEALS] = "1"
    monkeypatch.setattr(sealing, "COST", LITTLE)
    return sealed


def test_to_try_a_passphrase_costs_what_decision_33_says() -> None:
    decided = (REPOSITORY / "docs/decisions/0033-backups.md").read_text(encoding="utf-8")
    assert "scrypt (N = 2¹⁷, 128 MiB)" in decided
    assert sealing.COST == 2**17
    assert 128 * sealing.COST * sealing.BLOCK == 128 * 2**20  # bytes, as scrypt is defined


@pytest.mark.parametrize("other", ["sqlite", "postgres"])
def test_there_and_back(kept: CommandRunner, make_empty: Callable[..., str], other: str) -> None:
    key = kept("key", "create", "--name", "Till", "--scope", "all").out.strip()
    made = kept.json("backup", "one.backup")
    assert made["secret"] is True
    assert made["tables"]["gift_cards"] == made["ledger"]["accounts"] == 1
    assert (kept.folder / "one.backup").stat().st_mode & 0o777 == 0o600
    assert SECRET.encode() not in (kept.folder / "one.backup").read_bytes()
    target = make_empty(other)
    del kept.environ["GRIDGIFT_SECRET"]
    to = ("--secret-to", "kept.secret")
    restored = kept.json("restore", "one.backup", "--database", target, *to)
    assert restored["tables"] == made["tables"]
    assert restored["ledger"] == made["ledger"] | {"faults": 0}
    assert [each["name"] for each in restored["keys"]] == ["Till"]
    secret = kept.folder / "kept.secret"
    assert secret.stat().st_mode & 0o777 == 0o600
    kept.environ |= {"GRIDGIFT_DATABASE_URL": target, "GRIDGIFT_SECRET": secret.read_text().strip()}
    with running(kept, "serve", "--port", 0) as server:
        assert server.get("/v1/store", key=key).status_code == 200
    again = kept.json("backup", "two.backup", "--without-secret")
    tables = {name for name in made["tables"] if name != "api_keys"}  # a use was noted
    expected = made["tables"] | {"events": made["tables"]["events"] + 1}  # it was restored
    if other == "postgres":
        expected |= {"feed": 1}
    assert {name: again["tables"][name] for name in tables} == {
        name: expected[name] for name in tables
    }
    assert again["ledger"] == made["ledger"]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("note/x", "can't be written (Not a directory)"),
        ("no/folder/x", "can't be written (No such file or directory)"),
        ("n" * 300, "can't be written (File name too long)"),
        ("note", "is there already: name another file"),
        ("nowhere", "is there already: name another file"),
    ],
)
def test_where_no_backup_may_be(kept: CommandRunner, name: str, why: str) -> None:
    (kept.folder / "note").write_text("mine")
    (kept.folder / "nowhere").symlink_to("nothing")
    kept("backup", name).refused(2, why)
    assert (kept.folder / "note").read_text() == "mine"
    assert {path.name for path in kept.folder.iterdir()} == {"note", "nowhere"}


def test_a_backup_may_have_any_name(kept: CommandRunner) -> None:
    assert kept("backup", "n" * 255).code == 0
    assert [path.name for path in kept.folder.iterdir()] == ["n" * 255]


def test_what_a_restore_says(kept: CommandRunner, make_empty: Callable[..., str]) -> None:
    kept("key", "create", "--name", "Till", "--scope", "all")
    kept("backup", "a.backup", "--without-secret")
    said = kept("restore", "a.backup", "--database", make_empty("sqlite"))
    assert said.code == 0
    assert "Till" in said.out
    for words in ("not known here", "1 key works", "revoked since", "Idempotency-Key", "no secret"):
        assert words in said.err


def test_beside_a_server_that_writes(
    make_server: Callable[..., Server], cli: CommandRunner, make_empty: Callable[..., str]
) -> None:
    server = make_server()
    cli.environ |= {"GRIDGIFT_DATABASE_URL": server.database_url, "GRIDGIFT_SECRET": SECRET}
    look(server.database_url, MANY[server_engine(server)].format(rows=20_000))
    stop = threading.Event()

    def write() -> None:
        path = f"{server.url}/v1/customers/{KELLY.uuid}/actions/grant-gift-card"
        with httpx2.Client(headers=server.headers, timeout=PATIENCE) as client:
            while not stop.is_set():
                client.post(path, json={"credit": 5})

    writers = [threading.Thread(target=write) for _ in range(2)]
    for writer in writers:
        writer.start()
    until(lambda: look(server.database_url, "SELECT count(*) FROM gift_cards")[0][0] > 3)
    try:
        made = cli.json("backup", "online.backup", "--without-secret")
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    target = make_empty("sqlite")
    restored = cli.json("restore", "online.backup", "--database", target)
    assert restored["ledger"] == made["ledger"] | {"faults": 0}
    assert restored["tables"]["gift_cards"] == restored["tables"]["entries"] > 0


def server_engine(server: Server) -> str:
    """Return on which engine a server runs."""
    return "sqlite" if server.database_url.startswith("sqlite") else "postgres"


def test_a_stale_if_match_after_a_restore(
    kept: CommandRunner, database_url: str, engine: str, make_empty: Callable[..., str]
) -> None:
    with served(database_url) as api:
        card = api.grant()["id"]
        kept.json("backup", "a.backup")
        put = {"credit": 5, "active": True}
        lost = api.call("PUT", f"/v1/giftcards/{card}", json=put).headers["etag"]
    target = make_empty(engine)
    assert kept("restore", "a.backup", "--database", target).code == 0
    with served(target, api.clock, api.prepared) as restored:
        fresh = restored.call("PUT", f"/v1/giftcards/{card}", json=put | {"credit": 7})
        assert fresh.headers["etag"] != lost
        stale = {"If-Match": lost}
        response = restored.call("PUT", f"/v1/giftcards/{card}", json=put, headers=stale)
        assert response.status_code == 412
        assert restored.card(card)["credit"] == 7


@pytest.mark.contract("10.97", "10.155")
@pytest.mark.parametrize("other", ["sqlite", "postgres"])
def test_readers_that_were_ahead_of_the_backup_miss_nothing(
    kept: CommandRunner, database_url: str, make_empty: Callable[..., str], other: str
) -> None:
    with served(database_url) as api:
        api.grant()
        kept.json("backup", "a.backup")
        lost = [api.grant()["id"] for _ in range(3)]
        _, ahead = told(api, None, lost)
    target = make_empty(other)
    said = kept.json("restore", "a.backup", "--database", target)
    with served(target, api.clock, api.prepared) as restored:
        granted = restored.grant()["id"]
        (first, *later), _ = told(restored, ahead, [granted])
        assert first["type"] == "store.restored"
        assert first["after"] == {"backupMadeAt": said["madeAt"]}
        assert first["about"] == {"storeId": restored.store.id}
        assert [event["about"].get("giftCardId") for event in later] == [granted]


def told(api: ApiFixture, cursor: str | None, card_ids: list[str]) -> tuple[list[Any], str]:
    """Follow the feed until it has told of some cards; return what it told, and the cursor."""
    found: list[Any] = []
    deadline = time.monotonic() + PATIENCE
    while not {*card_ids} <= {event["about"].get("giftCardId") for event in found}:
        assert time.monotonic() < deadline, found
        read = api.call("GET", "/ext/v1/events", params={"cursor": cursor} if cursor else {}).json()
        found += read["data"]
        cursor = read["pagination"]["nextCursor"]
    assert cursor is not None
    return found, cursor


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_what_is_refused_changes_nothing(kept: CommandRunner, database_url: str) -> None:
    assert kept("key", "create", "--name", "Till", "--scope", "all").code == 0
    assert kept("backup", "a.backup").code == 0
    kept("backup", "a.backup").refused(2, "a.backup is there already")
    kept("restore", "a.backup").refused(2, "not empty")
    fresh = ("--database", "sqlite:///fresh.db")
    kept("restore", "none.backup", *fresh).refused(2, "none.backup can't be read")
    kept.environ["GRIDGIFT_BACKUP_PASSPHRASE"] = "another long passphrase"
    kept("restore", "a.backup", *fresh).refused(2, "not the passphrase")
    kept.environ["GRIDGIFT_BACKUP_PASSPHRASE"] = PASSPHRASE
    kept.environ["GRIDGIFT_SECRET"] = "another secret, as long as it has to be"
    kept("restore", "a.backup", *fresh).refused(2, "another secret than the backup's")
    kept("backup", "b.backup").refused(2, "another secret")
    del kept.environ["GRIDGIFT_SECRET"]
    file_of(kept, "fresh.db.secret", "yet another secret, as long as it has to be")
    kept("restore", "a.backup", *fresh).refused(2, "another secret in fresh.db.secret")
    (kept.folder / "fresh.db.secret").unlink()
    nowhere = ("--database", "postgresql://a:b@127.0.0.1:1/c")
    kept("restore", "a.backup", *nowhere).refused(2, "--secret-to")
    del kept.environ["GRIDGIFT_BACKUP_PASSPHRASE"]
    kept("restore", "a.backup", *fresh).refused(2, "needs a passphrase")
    file_of(kept, "short", "short\n")
    kept.environ["GRIDGIFT_SECRET"] = SECRET
    kept("backup", "b.backup", "--passphrase-file", "short").refused(2, "at least 12")
    kept("backup", "b.backup", "--database", "sqlite:///typo.db").refused(2, "no database typo.db")
    assert {path.name for path in kept.folder.iterdir()} == {"a.backup", "short"}


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_damaged_file_is_refused(kept: CommandRunner) -> None:
    assert kept("backup", "a.backup").code == 0
    whole = (kept.folder / "a.backup").read_bytes()
    size = len(whole)
    spoilt = [whole[:end] for end in (0, 5, 40, size // 2, size - 33, size - 1)] + [whole + b"x"]
    for place in (0, 20, 25, size // 3, size // 2, size - 40, size - 1):
        spoilt.append(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
    for number, content in enumerate(spoilt):
        file_of(kept, f"{number}.bad", content)
        refused = kept("restore", f"{number}.bad", "--database", "sqlite:///fresh.db")
        refused.refused(2, f"{number}.bad")
    assert not (kept.folder / "fresh.db").exists()


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_backup_of_a_newer_gridgift(kept: CommandRunner) -> None:
    kept("backup", "a.backup", "--without-secret")
    header, end = backups.inspect(kept.folder / "a.backup")
    assert isinstance(header, Header) and isinstance(end, End)
    with backups.new_file(kept.folder / "b.backup") as writer:
        schema = [*header.schema, (9000, "holograms")]
        writer.add(Header("9.0", header.made_at, schema, header.tables, None))
        writer.add(end)
    kept("restore", "b.backup", "--database", "sqlite:///fresh.db").refused(
        2, "Gridgift 9.0", "9000 holograms", "newer"
    )


@pytest.mark.parametrize("other", ["sqlite", "postgres"])
@pytest.mark.parametrize("columns", ["id integer PRIMARY KEY, seq integer", "seq integer"])
def test_what_other_programs_keep_in_the_database_is_left_out(
    kept: CommandRunner,
    database_url: str,
    make_empty: Callable[..., str],
    other: str,
    columns: str,
) -> None:
    look(database_url, f"CREATE TABLE _litestream_seq ({columns})")
    look(database_url, 'CREATE TABLE "{un}""usual" (a integer PRIMARY KEY)')
    look(database_url, 'ALTER TABLE "{un}""usual" ADD COLUMN b integer REFERENCES "{un}""usual"')
    look(
        database_url,
        "INSERT INTO _litestream_seq (seq) VALUES (1)"
        if columns[0] == "s"
        else "INSERT INTO _litestream_seq VALUES (1, 1)",
    )
    made = kept.json("backup", "a.backup")
    assert made["tables"]["gift_cards"] == 1 and "_litestream_seq" not in made["tables"]
    assert kept.json("restore", "a.backup", "--database", make_empty(other))["keys"] == []


def test_a_newer_gridgift_has_to_make_the_backup(kept: CommandRunner, database_url: str) -> None:
    look(
        database_url,
        "INSERT INTO migrations SELECT 9000, 'holograms', '', applied_at, 1 "
        "FROM migrations WHERE version = 1",
    )
    assert kept("store", "list").code == 0  # which this one may serve
    kept("backup", "a.backup").refused(2, "install the newer Gridgift")
    assert not list(kept.folder.glob("*.backup*"))


def rewritten(kept: CommandRunner, change: Callable[[Any], Any]) -> None:
    """Write a.backup again as b.backup, with other frames and the hash that fits them."""
    with backups.new_file(kept.folder / "b.backup") as writer:
        for frame in backups.frames(kept.folder / "a.backup"):
            writer.add(change(frame))


def with_another_secret(frame: Any) -> Any:
    """Seal a secret that is not the one of the backup's keys."""
    if not isinstance(frame, Header):
        return frame
    sealed = sealing.seal(b"another secret, as long as it has to be", PASSPHRASE)
    return msgspec.structs.replace(frame, secret=sealed)


def with_fewer_rows(frame: Any) -> Any:
    """Leave rows out that the end has counted."""
    is_page = isinstance(frame, Page) and frame.table == "resident_names"
    return msgspec.structs.replace(frame, rows=frame.rows[1:]) if is_page else frame


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (with_another_secret, "is another secret than the one with which this database's keys"),
        (with_fewer_rows, "does not hold what is in the backup"),
    ],
)
def test_a_refused_restore_leaves_nothing(
    kept: CommandRunner,
    make_empty: Callable[..., str],
    engine: str,
    change: Callable[[Any], Any],
    words: str,
) -> None:
    kept("key", "create", "--name", "Till", "--scope", "all")
    kept("backup", "a.backup")
    rewritten(kept, change)
    before = {path.name for path in kept.folder.iterdir()}
    target = make_empty(engine)
    del kept.environ["GRIDGIFT_SECRET"]
    to = () if engine == "sqlite" else ("--secret-to", "kept.secret")
    restored = kept("restore", "b.backup", "--database", target, *to)
    restored.refused(1 if change is with_fewer_rows else 2, words)
    assert {path.name for path in kept.folder.iterdir()} == before
    if engine == "postgres":
        assert look(target, TABLES[engine]) == []
    if change is with_another_secret:
        leave = (*to, "--without-secret")
        assert kept("restore", "b.backup", "--database", target, *leave).code == 0


def test_a_refused_restore_leaves_what_it_found(kept: CommandRunner) -> None:
    kept("backup", "a.backup")
    del kept.environ["GRIDGIFT_SECRET"]
    foreign = kept.folder / "other.db"
    with closing(sqlite3.connect(foreign)) as raw, raw:
        raw.execute("CREATE TABLE bookmarks (url text)")
        raw.execute("INSERT INTO bookmarks VALUES ('secondlife://')")
    before = foreign.read_bytes()
    kept("restore", "a.backup", "--database", "sqlite:///other.db").refused(2, "rows in bookmarks")
    assert foreign.read_bytes() == before
    assert {path.name for path in kept.folder.iterdir()} >= {"a.backup", "other.db"}
    assert not list(kept.folder.glob("other.db?*"))


def test_a_secret_that_is_replaced_meanwhile_is_not_sealed(
    kept: CommandRunner, database_url: str
) -> None:
    """The secret was read, and the passphrase is asked for: then another secret counts."""
    kept("key", "create", "--name", "Till", "--scope", "all")
    os.mkfifo(kept.folder / "asked")

    def replace_and_answer() -> None:
        with (kept.folder / "asked").open("w") as pipe:  # once it is read
            look(database_url, "UPDATE server_secret SET noted_at = 1, fingerprint = key.hash "
                 "FROM (SELECT hash FROM api_keys) key")  # fmt: skip
            pipe.write(PASSPHRASE)

    answer = threading.Thread(target=replace_and_answer)
    answer.start()
    refused = kept("backup", "a.backup", "--passphrase-file", "asked")
    answer.join()
    refused.refused(2, "GRIDGIFT_SECRET is another secret than the one", "--without-secret")
    assert not list(kept.folder.glob("*.backup*"))


OLD = 12  # the schema before a database knew its secret


def test_an_old_database(
    cli: CommandRunner, engine: str, make_empty: Callable[..., str], request: pytest.FixtureRequest
) -> None:
    old = make_empty(engine)
    if engine == "sqlite":
        Path(old.removeprefix("sqlite:///")).touch()
    asyncio.run(migrate_to(old, OLD))
    look(old, f"INSERT INTO residents VALUES ('{KELLY.uuid}', 'kelly', 1)")
    look(old, f"INSERT INTO resident_names VALUES ('kelly', '{KELLY.uuid}', 1)")
    cli.environ |= {"GRIDGIFT_SECRET": SECRET, "GRIDGIFT_BACKUP_PASSPHRASE": PASSPHRASE}
    cli.environ[QUICK_SEALS] = "1"
    assert cli("backup", "a.backup", "--database", old).code == 0
    assert look(old, "SELECT max(version) FROM migrations") == [(OLD,)]
    for other in ("sqlite", "postgres"):
        target = make_empty(other)
        assert cli("restore", "a.backup", "--database", target).code == 0
        assert cli.json("migrate", "--database", target)["applied"] == []
        assert look(target, "SELECT username FROM residents") == [("kelly",)]


def killed(cli: CommandRunner, command: list[object], ready: Callable[[], bool]) -> bool:
    """Start a command and kill it outright when it has come so far; False if it ended before."""
    deadline = time.monotonic() + PATIENCE
    with subprocess.Popen(
        [sys.executable, "-m", "gridgift", *map(str, command)],
        cwd=cli.folder,
        env=cli.environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        while not ready() and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        _, said = process.communicate()
    assert process.returncode in {0, -signal.SIGKILL}, said
    return process.returncode != 0


def test_a_backup_that_was_killed(kept: CommandRunner, database_url: str, engine: str) -> None:
    look(database_url, MANY[engine].format(rows=30_000))

    def begun() -> bool:
        return any(part.stat().st_size > 50_000 for part in kept.folder.glob("*.part"))

    while not killed(kept, ["backup", "a.backup", "--without-secret"], begun):
        (kept.folder / "a.backup").unlink()  # it was faster than this test
    assert not (kept.folder / "a.backup").exists()
    (part,) = kept.folder.glob("*.part")
    kept("restore", part.name, "--database", "sqlite:///fresh.db").refused(2, "damaged")
    assert kept("backup", "a.backup", "--without-secret").code == 0


@pytest.mark.parametrize("after", [0.0, 0.2])
def test_a_restore_that_was_killed(
    sealed: CommandRunner,
    database_url: str,
    engine: str,
    make_empty: Callable[..., str],
    after: float,
) -> None:
    """Killed in its transaction it has left nothing, and after it, everything.

    Sealed and opened at the full cost.
    """
    look(database_url, MANY[engine].format(rows=30_000))
    made = sealed.json("backup", "a.backup")
    left = [("some", 1)]
    while left:
        target = make_empty(engine)
        if killed(
            sealed, ["restore", "a.backup", "--database", target], writing(target, engine, after)
        ):
            left = look(target, TABLES[engine])
        if left:  # it was faster than this test
            assert look(target, "SELECT count(*) FROM residents") == [(30_002,)]
            after /= 2
    assert sealed.json("restore", "a.backup", "--database", target)["tables"] == made["tables"]
    assert sealed("verify", "--database", target).code == 0


TABLES = {
    "sqlite": "SELECT name, 1 FROM sqlite_master",
    "postgres": "SELECT relname, 1 FROM pg_class WHERE relnamespace = 'public'::regnamespace",
}


def writing(target: str, engine: str, after: float) -> Callable[[], bool]:
    """Return what tells whether something has been writing to the target for so many seconds."""
    since: list[float] = []

    def ready() -> bool:
        if not since and is_written(target, engine):
            since.append(time.monotonic())
        return bool(since) and time.monotonic() >= since[0] + after

    return ready


def is_written(target: str, engine: str) -> bool:
    """Tell whether a transaction that writes is open."""
    if engine == "postgres":
        return bool(
            look(
                target,
                "SELECT 1 FROM pg_stat_activity "
                "WHERE datname = current_database() AND backend_xid IS NOT NULL",
            )
        )
    path = Settings(database_url=target).sqlite_path
    assert path is not None
    if not path.exists() or not path.stat().st_size:  # not even opened by what will write
        return False
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as raw:
        try:
            raw.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
    return False


@pytest.mark.parametrize("page", ["README.md", "docs/operating.md"])
def test_the_documents_commands(cli: CommandRunner, store: str, page: str) -> None:
    text = (REPOSITORY / page).read_text(encoding="utf-8")
    section = re.findall(r"^## Backup.*?(?=^## )", text, re.M | re.S)[0]
    lines = re.findall(r"^gridgift .*$", section, re.M)
    commands = [
        re.sub(r"/(backup|etc/gridgift|var/lib/gridgift)/", f"{cli.folder}/", line).split()[1:]
        for line in lines
    ]
    assert [words[0] for words in commands] == ["backup", "restore"]
    file_of(cli, "passphrase", f"{PASSPHRASE}\n")
    for words in commands:
        done: Any = cli(*words)
        assert done.code == 0, done
