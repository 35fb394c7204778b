"""Settings: every variable, read once; a bad one stops the start with a sentence."""

import errno
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gridgift.app import shared_counter
from gridgift.settings import (
    MINIMUM_SECRET,
    VARIABLES,
    Settings,
    SettingsError,
    keep_secret,
    make_secret,
    mask_url,
    new_secret,
    secret_file,
    server_secret,
)
from gridgift.storage.database import DatabaseUnavailable

SECRET = "s" * MINIMUM_SECRET
GOOD = {
    "GRIDGIFT_DATABASE_URL": [
        ("sqlite:///gifts.db", "sqlite:///gifts.db"),
        ("sqlite:////var/lib/gifts.db", "sqlite:////var/lib/gifts.db"),
        ("postgresql://me:pw@db:5432/gifts", "postgresql://me:pw@db:5432/gifts"),
        ("postgres://db/gifts", "postgres://db/gifts"),
    ],
    "GRIDGIFT_DATABASE_CONNECTIONS": [("1", 1), ("1000", 1000)],
    "GRIDGIFT_SECRET": [(SECRET, SECRET)],
    "GRIDGIFT_PUBLIC_URL": [
        ("https://gifts.example", "https://gifts.example"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
        ("https://example.com/gifts/", "https://example.com/gifts"),
    ],
    "GRIDGIFT_TOKEN_HOURS": [("1", 1), ("24", 24), ("8760", 8760)],
    "GRIDGIFT_TOKEN_RATE_LIMIT": [("0", 0), ("120", 120), ("10000000", 10_000_000)],
    "GRIDGIFT_RATE_LIMIT": [("0", 0), ("1200", 1200), ("10000000", 10_000_000)],
    "GRIDGIFT_REDIS_URL": [
        ("redis://cache", "redis://cache"),
        ("rediss://me:pw@cache:6380/2", "rediss://me:pw@cache:6380/2"),
    ],
    "GRIDGIFT_KEY_PREFIX": [("shop_live", "shop_live"), ("x" * 32, "x" * 32)],
    "GRIDGIFT_RESOLVER_URL": [("https://names.example/id", "https://names.example/id")],
    "GRIDGIFT_RESOLVER_KEY": [("k", "k"), ("", "")],
    "GRIDGIFT_BACKUP_PASSPHRASE": [("correct horse", "correct horse"), ("", "")],
    "GRIDGIFT_METRICS_TOKEN": [("m" * 16, "m" * 16), ("aA0-._~+/aA0-._~==", "aA0-._~+/aA0-._~==")],
    "GRIDGIFT_LOG_FORMAT": [("auto", "auto"), ("json", "json"), ("console", "console")],
    "GRIDGIFT_UNKNOWN_UUIDS": [("accept", "accept"), ("refuse", "refuse")],
    "GRIDGIFT_WEBHOOK_ALLOW_PRIVATE": [("0", False), ("1", True)],
}
BAD = {
    "GRIDGIFT_DATABASE_URL": [
        "", "gifts.db", "mysql://db/gifts", "sqlite://gifts.db", "sqlite:///", "sqlite:///:memory:",
        "postgresql://db", "postgresql://db/", "postgresql://[db/gifts", "postgresql://me:a@b@db/gifts",
        "postgresql://me:a/b@db/gifts", "postgresql://me:a@b/c@db/gifts", "postgresql://me@db/gifts/2",
        "postgresql://me:a#b@db/gifts", "postgresql://db:port/gifts",
    ],
    "GRIDGIFT_DATABASE_CONNECTIONS": ["", "0", "1001", "-1", "ten", "1.5", "١", " 1"],
    "GRIDGIFT_SECRET": [
        "", "short", "s" * (MINIMUM_SECRET - 1), f"{SECRET}\n", f" {SECRET}", f"{SECRET}\u00a0",
        f'"{SECRET}"', f"'{SECRET}'", f"\u201c{SECRET}\u201d",
    ],
    "GRIDGIFT_PUBLIC_URL": [
        "", "gifts.example", "ftp://gifts.example", "https://", "https://x/?q=1",
        "https://x:99999", "https://x:port", "https://[x",
    ],
    "GRIDGIFT_TOKEN_HOURS": ["", "0", "8761", "1.5", "a day"],
    "GRIDGIFT_TOKEN_RATE_LIMIT": ["", "-1", "10000001", "many"],
    "GRIDGIFT_RATE_LIMIT": ["", "-1", "10000001", "many", "1e3", "9" * 400],
    "GRIDGIFT_REDIS_URL": ["", "cache:6379", "http://cache", "redis://", "redis://x:port"],
    "GRIDGIFT_KEY_PREFIX": ["", "x" * 33, "a-b", "a.b", "é"],
    "GRIDGIFT_RESOLVER_URL": ["", "names.example", "https://x:99999/"],
    "GRIDGIFT_LOG_FORMAT": ["", "JSON", "pretty"],
    "GRIDGIFT_UNKNOWN_UUIDS": ["", "ACCEPT", "yes", "1"],
    "GRIDGIFT_WEBHOOK_ALLOW_PRIVATE": ["", "2", "yes", "true", "01"],
    "GRIDGIFT_METRICS_TOKEN": ["", "short", "x" * 513, "a token with blanks", "é" * 16],
    "GRIDGIFT_TRUSTED_PROXIES": ["", "proxy", "10.0.0.0/33", "10.0.0.1,,", "10.0.0.1/8"],
}  # fmt: skip


def test_every_variable_is_tested() -> None:
    assert set(VARIABLES) == {*GOOD, *BAD}
    assert {field.name for field in VARIABLES.values()} == set(Settings.__struct_fields__)
    assert all(field.help for field in VARIABLES.values())


@pytest.mark.parametrize(
    ("variable", "text", "value"),
    [(variable, text, value) for variable, pairs in GOOD.items() for text, value in pairs],
)
def test_good_values(variable: str, text: str, value: object) -> None:
    settings = Settings.from_environ({variable: text, "PATH": "/bin", "GRID": "x"})
    assert getattr(settings, VARIABLES[variable].name) == value


@pytest.mark.parametrize(
    ("variable", "text"), [(variable, text) for variable, bad in BAD.items() for text in bad]
)
def test_bad_values_are_refused_with_a_sentence(variable: str, text: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.from_environ({variable: text})
    assert str(refused.value).startswith(f"{variable} must ")
    assert str(refused.value).endswith(".")
    assert "\n" not in str(refused.value)


def test_a_bad_secret_is_not_repeated() -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.from_environ({"GRIDGIFT_SECRET": "hunter2"})
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("name", ["GRIDGIFT_DATABASE", "GRIDGIFT_", "GRIDGIFT_secret"])
def test_unknown_names_are_refused(name: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name} is no setting .*GRIDGIFT_SECRET"):
        Settings.from_environ({name: "x"})


def test_trusted_proxies() -> None:
    settings = Settings.from_environ({"GRIDGIFT_TRUSTED_PROXIES": "10.0.0.0/8, ::1"})
    assert settings.masked()["GRIDGIFT_TRUSTED_PROXIES"] == "10.0.0.0/8, ::1/128"


@pytest.mark.contract("2.24")
def test_defaults() -> None:
    settings = Settings.from_environ({})
    assert settings == Settings()
    assert settings.database_url == "sqlite:///gridgift.db"
    assert settings.rate_limit == 1200
    assert settings.key_prefix == "allo_live"


def test_settings_do_not_change() -> None:
    with pytest.raises(AttributeError):
        Settings().rate_limit = 5  # type: ignore[misc]


@pytest.mark.parametrize(
    ("url", "path"),
    [("sqlite:///a.db", Path("a.db")), ("sqlite:////a/b.db", Path("/a/b.db"))],
)
def test_sqlite_path(url: str, path: Path) -> None:
    assert Settings(database_url=url).sqlite_path == path
    assert Settings(database_url="postgresql://db/gifts").sqlite_path is None


def test_what_is_shown_gives_no_secret_away() -> None:
    for url in (
        "postgresql://me:hunter2@db/gifts",
        "postgresql://me:hunter2/@:x@db:5432/gifts?sslmode=require",
        "postgresql://:hunter2@db/gifts",
        "postgresql://db/gifts?user=me&password=hunter2",
        "postgresql://db/gifts?password=hunter2&sslmode=require",
        "postgresql://me@db/gifts?sslmode=require&PASSWORD=hunter2",
        "postgresql://db/gifts?sslpassword=hunter2",
        "postgresql://db/gifts?%70assword=hunter2",
    ):
        settings = Settings(
            database_url=url,
            secret="hunter2",
            resolver_key="hunter2",
            backup_passphrase="hunter2",
            public_url="https://me:hunter2@gifts.example",
            resolver_url="https://me:hunter2@names.example/id",
            redis_url="redis://:hunter2@cache:6379/0",
        )
        shown = settings.masked()
        assert set(shown) == set(VARIABLES)
        assert "hunter2" not in repr(shown), url
        assert shown["GRIDGIFT_SECRET"] == shown["GRIDGIFT_RESOLVER_KEY"] == "***"
    assert Settings().masked()["GRIDGIFT_SECRET"] == ""


@pytest.mark.parametrize(
    "url",
    ["sqlite:///a:b@c.db", "postgresql://me@db:5432/gifts?sslmode=require", "https://x:8080/y"],
)
def test_addresses_without_a_password_are_shown_as_they_are(url: str) -> None:
    assert mask_url(url) == url


def on(path: Path) -> Settings:
    return Settings(database_url=f"sqlite:///{path}")


def test_the_secret_of_the_settings_comes_first(tmp_path: Path) -> None:
    settings = Settings(database_url=f"sqlite:///{tmp_path / 'a.db'}", secret=SECRET)
    assert server_secret(settings) == SECRET.encode()
    assert list(tmp_path.iterdir()) == []


def test_a_secret_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    settings, file = on(tmp_path / "a.db"), secret_file(tmp_path / "a.db")
    before = os.umask(0)
    try:
        make_secret(file)
    finally:
        os.umask(before)
    secret = server_secret(settings)
    assert list(tmp_path.iterdir()) == [file]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(secret) >= MINIMUM_SECRET
    make_secret(file)
    assert server_secret(settings) == secret
    make_secret(secret_file(tmp_path / "b.db"))
    assert server_secret(on(tmp_path / "b.db")) != secret


def test_a_secret_that_is_missing_is_not_made_by_who_reads_it(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"can't be used .*: put it back from a backup, or set"):
        server_secret(on(tmp_path / "a.db"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("written", [f"{SECRET}\n", f"  {SECRET}\r\n", f"\t{SECRET} \n\n"])
def test_spaces_around_a_secret_in_a_file_do_not_count(tmp_path: Path, written: str) -> None:
    file = secret_file(tmp_path / "a.db")
    file.write_text(written)
    file.chmod(0o600)
    assert server_secret(on(tmp_path / "a.db")) == SECRET.encode()


@pytest.mark.parametrize("around", ["'", '"', "`"])
def test_a_quoted_secret_in_a_file_is_refused(tmp_path: Path, around: str) -> None:
    file = secret_file(tmp_path / "a.db")
    file.write_text(f"{around}{SECRET}{around}\n")
    file.chmod(0o600)
    with pytest.raises(SettingsError, match=r"quotes around it: restore it, or set .*\.$"):
        server_secret(on(tmp_path / "a.db"))


def test_processes_that_start_at_once_agree(tmp_path: Path) -> None:
    program = (
        "import sys\nfrom pathlib import Path\nfrom gridgift.settings import *\n"
        "sys.stdin.readline()\n"
        f"make_secret(Path('{tmp_path}/a.db.secret'))\n"
        f"print(server_secret(Settings(database_url='sqlite:///{tmp_path}/a.db')).decode())"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(b"go\n")
        process.stdin.flush()
    secrets = [process.communicate(timeout=30)[0].strip() for process in processes]
    assert {len(secret) for secret in secrets} == {64}
    assert len(set(secrets)) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["a.db.secret"]


def fail(number: int) -> Callable[..., None]:
    """Make what fails as the system's calls do."""

    def call(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return call


@pytest.mark.parametrize("number", [errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK])
def test_a_secret_is_made_where_there_are_no_hard_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(os, "link", fail(number))
    file = secret_file(tmp_path / "a.db")
    make_secret(file)
    secret = server_secret(on(tmp_path / "a.db"))
    make_secret(file)
    assert server_secret(on(tmp_path / "a.db")) == secret
    assert list(tmp_path.iterdir()) == [file]


def make(path: Path) -> None:
    make_secret(secret_file(path))


def keep(path: Path) -> None:
    keep_secret(secret_file(path), SECRET)


def renew(path: Path) -> None:
    with new_secret(on(path)):
        pytest.fail("there is no secret to go on with")


@pytest.mark.parametrize("write", [make, keep, renew])
@pytest.mark.parametrize("call", ["open", "fsync"])
@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, DatabaseUnavailable),
        (errno.EDQUOT, DatabaseUnavailable),
        (errno.EIO, DatabaseUnavailable),
        (errno.EMFILE, DatabaseUnavailable),
        (errno.EACCES, SettingsError),
        (errno.EROFS, SettingsError),
    ],
)
def test_a_secret_that_cant_be_written_leaves_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    write: Callable[[Path], None],
    call: str,
    number: int,
    kind: type[Exception],
) -> None:
    monkeypatch.setattr(os, call, fail(number))
    with pytest.raises(kind, match=rf"secret can't be written \({os.strerror(number)}\)"):
        write(tmp_path / "a.db")
    monkeypatch.undo()
    assert list(tmp_path.iterdir()) == []


def test_the_new_secret_is_kept_if_it_cant_take_its_place(tmp_path: Path) -> None:
    file = secret_file(tmp_path / "a.db")
    file.mkdir()  # no file may be renamed to it
    with (
        pytest.raises(SettingsError, match=r"can't be put in its place \(Is a directory\)") as told,
        new_secret(on(tmp_path / "a.db")) as secret,
    ):
        pass
    (draft,) = (path for path in tmp_path.iterdir() if path != file)
    assert f": move {draft} to {file}," in str(told.value)
    file.rmdir()
    draft.rename(file)
    assert server_secret(on(tmp_path / "a.db")) == secret


def test_the_old_secret_stays_if_the_new_one_is_not_used(tmp_path: Path) -> None:
    file = secret_file(tmp_path / "a.db")
    make_secret(file)
    before = file.read_text()
    with pytest.raises(ZeroDivisionError), new_secret(on(tmp_path / "a.db")):
        _ = 1 / 0
    assert file.read_text() == before
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o610])
def test_a_secret_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    file = secret_file(tmp_path / "a.db")
    file.write_text(SECRET)
    file.chmod(mode)
    with pytest.raises(SettingsError, match=rf"run 'chmod 600 .*{file.name}'\.$"):
        server_secret(on(tmp_path / "a.db"))


@pytest.mark.parametrize("content", [b"", b"short\n", b"\xff" * 64, "é".encode() * 40])
def test_a_spoilt_secret_is_refused(tmp_path: Path, content: bytes) -> None:
    file = secret_file(tmp_path / "a.db")
    file.write_bytes(content)
    file.chmod(0o600)
    with pytest.raises(SettingsError, match=r"^The secret .*\.$"):
        server_secret(on(tmp_path / "a.db"))
    assert file.read_bytes() == content


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"^The secret .* can't be used .*\.$"):
        server_secret(on(tmp_path / "missing" / "a.db"))


def test_postgres_needs_a_secret_in_the_settings() -> None:
    with pytest.raises(SettingsError, match="GRIDGIFT_SECRET is not set"):
        server_secret(Settings(database_url="postgresql://db/gifts"))


def test_redis_needs_what_is_optional(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gridgift.counter", None)
    assert shared_counter(Settings()) is None
    with pytest.raises(SettingsError, match=r"pip install gridgift\[redis\]"):
        shared_counter(Settings(redis_url="redis://cache"))
