"""Commands that write beside a full disk: one sentence, and nothing half-written stays."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.api import OWNER
from tests.cli.commands import CommandRunner, Result
from tests.cli.live import accepts, file_of, until
from tests.serving import PATIENCE


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Path]:
    """A file system without a free byte; its only file is ``filler``."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("nothing may be mounted here")
    try:
        fill(place)
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(place: Path) -> None:
    with (place / "filler").open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(4096)):
            pass


def left(place: Path) -> list[str]:
    return sorted(path.name for path in place.iterdir())


def test_a_database_is_not_made_without_its_secret(cli: CommandRunner, full: Path) -> None:
    cli.environ["GRIDGIFT_DATABASE_URL"] = f"sqlite:///{full}/shop.db"
    create = ("store", "create", "Shop", "--owner", OWNER.username, "--owner-uuid", OWNER.uuid)
    for _ in range(2):
        cli(*create).refused(75, "shop.db.secret can't be written", "No space left on device")
        assert left(full) == ["filler"]
    (full / "filler").unlink()
    assert cli(*create).code == 0
    assert left(full) == ["shop.db", "shop.db.secret"]
    assert cli("key", "create", "--name", "Till", "--scope", "all").code == 0


def test_a_server_waits_for_room_for_the_secret(cli: CommandRunner, full: Path) -> None:
    errors = cli.folder / "errors"
    with errors.open("w") as file:
        server = subprocess.Popen(
            [sys.executable, "-m", "gridgift", "serve", "--port", "0", "--database",
             f"sqlite:///{full}/shop.db"],
            cwd=cli.folder, env=cli.environ, stdout=subprocess.DEVNULL, stderr=file,
        )  # fmt: skip
    try:
        until(lambda: server.poll() is not None or "waiting for" in errors.read_text())
        assert server.poll() is None, errors.read_text()
        assert left(full) == ["filler"]
        (full / "filler").unlink()
        until(lambda: "listens on" in errors.read_text())
        assert accepts(errors.read_text().partition("listens on ")[2].partition(";")[0])
    finally:
        server.terminate()
        server.wait(timeout=PATIENCE)


def test_no_room_for_a_backup(both: CommandRunner, store: str, full: Path) -> None:
    told = both("backup", full / "a.backup", "--without-secret")
    assert (told.code, told.out) == (2, "")
    assert told.err.endswith("a.backup can't be written (No space left on device).\n")
    assert left(full) == ["filler"]


@pytest.mark.parametrize("rows", [1, 2_000])
def test_no_room_for_the_report(
    both: CommandRunner, store: str, kelly: str, full: Path, rows: int
) -> None:
    file_of(both, "cards.csv", "identifier,credit\nkelly,5\n" + "nobody,6\n" * rows)
    grant = ("card", "grant-many", "cards.csv", "--report", full / "refused.csv")
    unwritable = "refused.csv can't be written: No space left on device"
    both(*grant, "--dry-run").refused(2, unwritable)
    granted = f"1 of {rows + 1} rows were granted"
    for more in ((), ("--json",)):
        both(*grant, *more).refused(2, unwritable, granted, f"the {rows} that were refused")
        assert left(full) == ["filler"]
    (full / "filler").unlink()
    done = both(*grant, "--json").json
    assert (done["granted"], done["refused"]) == (1, rows)
    assert left(full) == ["refused.csv"]


PRINTING = pytest.mark.parametrize(
    "command",
    [
        ("card", "grant", "kelly", "--credit", "5"),
        ("key", "create", "--name", "Till", "--scope", "all"),
        ("report", "owed", "--csv"),
        ("--help",),
    ],
    ids=" ".join,
)


def shell(cli: CommandRunner, command: tuple[str, ...], redirection: str) -> Result:
    """Run a command by a shell, with its output redirected."""
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {redirection}', "sh", sys.executable, "-m", "gridgift", *command],
        cwd=cli.folder, env=cli.environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return Result(done.returncode, done.stdout, done.stderr)


@PRINTING
@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
def test_output_that_cannot_be_written_is_said_in_a_sentence(
    cli: CommandRunner, kelly: str, command: tuple[str, ...], unbuffered: str
) -> None:
    cli.environ["PYTHONUNBUFFERED"] = unbuffered
    result = shell(cli, command, ">/dev/full")
    assert result.code == 1
    assert "The output can't be written: No space left on device." in result.err.splitlines()[-1]
    assert "Traceback" not in result.err


@pytest.mark.parametrize("command", [("card", "list", "--json"), ("report", "owed", "--json")])
def test_output_that_cannot_be_written_is_told_to_scripts(
    cli: CommandRunner, kelly: str, command: tuple[str, ...]
) -> None:
    result = shell(cli, command, ">/dev/full")
    assert result.code == 1
    assert len(result.err.splitlines()) == 1
    assert result.err_json["code"] == "output_failed"


@PRINTING
def test_closed_streams_are_text_that_nobody_wants(
    cli: CommandRunner, kelly: str, command: tuple[str, ...]
) -> None:
    assert shell(cli, command, ">&- 2>&-").code == 0
