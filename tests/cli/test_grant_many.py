"""``gridgift card grant-many``: files of grants, also broken off and begun again."""

import asyncio
import csv
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.api import JO, KELLY
from tests.cli.commands import REPOSITORY, CommandRunner
from tests.cli.conftest import add_store
from tests.cli.live import file_of
from tests.domain.fixture import bare_sql

ROWS = 12_000
OTHER_EACH_TIME = "/proc/sys/kernel/random/uuid"  # has another text at each reading


def sql(cli: CommandRunner, statement: str) -> Any:
    """Run a bare statement on the commands' database."""
    return asyncio.run(bare_sql(cli.environ["GRIDGIFT_DATABASE_URL"], statement))


def grant(cli: CommandRunner, name: str = "cards.csv", *options: str) -> Any:
    """Grant a file and return what it answered in JSON."""
    return cli("card", "grant-many", name, *options, "--json").json


@pytest.fixture
def api(both: CommandRunner) -> CommandRunner:
    """Commands for a store where Kelly is known, on each engine."""
    add_store(both, "Moonwall Couture")
    assert both("resident", "add", KELLY.username, KELLY.uuid).code == 0
    return both


def test_allomancys_customers(api: CommandRunner) -> None:
    """A byte order mark, semicolons, CRLF, quotes, a note of two lines, customers without cards."""
    rows = (
        "Key;Name;Gift Card Credits;Note",
        f"{JO.uuid.upper()};Jo Winter;500;",
        f'{KELLY.uuid};Kelly New;7;"two\nlines"',
        ";Sam Sample;0;",
        ";Sam Sample;;",
        f"{JO.uuid};kelly;5;",
        ";Nobody Here;5;",
    )
    file_of(api, "cards.csv", b"\xef\xbb\xbf" + "\r\n".join(rows).encode())
    result = api("card", "grant-many", "cards.csv", "--json")
    assert result.code == 1
    assert result.json == {
        "rows": 6, "granted": 2, "skipped": 2, "refused": 2, "continuedAfter": 0,
        "report": "cards.refused.csv", "ignoredColumns": ["Note"], "dryRun": False,
    }  # fmt: skip
    report = (api.folder / "cards.refused.csv").read_bytes()
    assert report.startswith(b"\xef\xbb\xbf")
    assert report.decode("utf-8-sig").splitlines() == [
        "Key;Name;Gift Card Credits;Note;line;problem",
        f"{JO.uuid};kelly;5;;7;The username kelly already belongs to {KELLY.uuid}.",
        ";Nobody Here;5;;8;No resident nobody.here is known here.",
    ]
    assert api.json("card", "list", "kelly.new")[0]["credit"] == 7
    assert api.json("card", "list", "jo.winter")[0]["credit"] == 500
    mended = report.replace(b"Nobody Here", b"Kelly New").replace(b";kelly;", b";Jo Winter;")
    file_of(api, "mended.csv", mended)
    assert grant(api, "mended.csv")["granted"] == 2
    assert api("verify").code == 0


def test_a_finished_file_is_granted_once_more_only_if_told(api: CommandRunner) -> None:
    file_of(api, "cards.csv", "identifier,credit\nkelly,5\nkelly,5\n")
    assert grant(api)["granted"] == 2
    api("card", "grant-many", "cards.csv").refused(1, "granted before", "--again")
    assert grant(api, "cards.csv", "--again")["granted"] == 2
    assert len(api.json("card", "list", "kelly")) == 4
    other = add_store(api, "Elsewhere")
    api("card", "grant-many", "cards.csv").refused(2, "--store")
    assert grant(api, "cards.csv", "--store", other)["granted"] == 2


def test_the_name_of_a_file_is_kept_as_it_can_be_shown(api: CommandRunner) -> None:
    file_of(api, "two\nlines.csv", f"username,credit\n{KELLY.username},5\n".encode())
    assert grant(api, "two\nlines.csv")["granted"] == 1
    assert sql(api, "SELECT file FROM imports") == [("two\N{REPLACEMENT CHARACTER}lines.csv",)]


def test_a_dry_run_changes_nothing(api: CommandRunner) -> None:
    text = f"key,name,credit\n{JO.uuid},jo.winter,5\n,nobody,5\n{KELLY.uuid},kelly,x\n"
    file_of(api, "cards.csv", text)
    result = api("card", "grant-many", "cards.csv", "--dry-run", "--report", "why.csv", "--json")
    assert (result.code, result.json["granted"], result.json["refused"]) == (1, 1, 2)
    assert len((api.folder / "why.csv").read_text().splitlines()) == 3
    for table in ("gift_cards", "imports", "customers"):
        assert sql(api, f"SELECT count(*) FROM {table}") == [(0,)]
    assert (JO.uuid,) not in [(str(uuid),) for (uuid,) in sql(api, "SELECT uuid FROM residents")]


def test_what_is_no_csv_of_grants_is_refused(cli: CommandRunner, store: str, kelly: str) -> None:
    for text in (
        "",
        "kelly,5\n",
        b"\xff\xfek\0",
        b"\x89PNG\r\n\x1a\n\0",
        "identifier,credit,Credit\n",
    ):
        file_of(cli, "cards.csv", text)
        cli("card", "grant-many", "cards.csv").refused(2, "can't be read")
    cli("card", "grant-many", "nobody.csv").misused("nobody.csv")
    cli("card", "grant-many", "/dev/null").refused(2, "not a file")
    assert not list(cli.folder.glob("*.refused.csv"))


def test_broken_rows_are_reported(cli: CommandRunner, store: str, kelly: str) -> None:
    text = b'identifier,credit,reason\n"x"y,5,\nkelly,5,caf\xe9\nkelly\0,5,\nkelly,5\n'
    file_of(cli, "cards.csv", text + b"kelly,5," + b"x" * 200_000 + b"\nkelly,6,ok\n")
    result = cli("card", "grant-many", "cards.csv", "--json")
    assert (result.json["granted"], result.json["refused"]) == (2, 4)
    report = (cli.folder / "cards.refused.csv").read_bytes().splitlines()
    assert report[1].startswith(b'"""x""y,5,",,,2,"row: can\'t be split into cells')
    assert report[2].startswith(b"kelly,5,caf\xe9,3,row: is not in UTF-8; it may be Windows-1252")
    assert b"longer than 65536" in report[4]
    assert len(report) == 5


def test_a_stray_quote_takes_no_other_row(api: CommandRunner) -> None:
    """The row is in the report with its line and its text, and mended there."""
    lines = [f"kelly,{number},prize" for number in range(1, 301)]
    lines[2] = 'kelly,3,"prize'
    file_of(api, "cards.csv", "\n".join(["identifier,credit,reason", *lines]))
    totals = grant(api)
    assert (totals["rows"], totals["granted"], totals["refused"]) == (300, 299, 1)
    report = api.folder / "cards.refused.csv"
    (row,) = csv.DictReader(report.open(newline=""))
    assert (row["identifier"], row["line"]) == (lines[2], "4")
    mended = report.read_text().replace('"kelly,3,""prize",,', "kelly,3,prize")
    file_of(api, "mended.csv", mended)
    assert grant(api, "mended.csv")["granted"] == 1
    there = sql(api, "SELECT credit FROM gift_cards ORDER BY credit")
    assert there == [(number,) for number in range(1, 301)]


def test_a_report_never_takes_the_place_of_a_file(api: CommandRunner) -> None:
    """What was mended after a dry run is there after the run; the same report is not made twice."""
    text = "identifier,credit\nkelly,5\nnobody,6\n"
    original = file_of(api, "cards.csv", text)
    assert grant(api, "cards.csv", "--dry-run")["report"] == "cards.refused.csv"
    assert grant(api, "cards.csv", "--dry-run")["report"] == "cards.refused.csv"
    mended = file_of(api, "cards.refused.csv", "identifier,credit\nkelly,6\n")
    assert grant(api)["report"] == "cards.refused-2.csv"
    assert mended.read_text() == "identifier,credit\nkelly,6\n"
    assert "nobody,6,3,No resident" in (api.folder / "cards.refused-2.csv").read_text()
    assert grant(api, "cards.csv", "--again", "--report", "cards.csv")["report"] == "cards-2.csv"
    assert original.read_text() == text
    assert sorted(path.name for path in api.folder.glob("*.csv*")) == [
        "cards-2.csv", "cards.csv", "cards.refused-2.csv", "cards.refused.csv",
    ]  # fmt: skip
    assert not list(api.folder.glob("*.part"))


@pytest.mark.parametrize("place", [".", "/"])
def test_a_report_is_no_folder(api: CommandRunner, place: str) -> None:
    file_of(api, "cards.csv", "identifier,credit\nnobody,5\n")
    api("card", "grant-many", "cards.csv", "--report", place).misused("--report", "is a directory")


def test_a_file_that_is_saved_while_it_is_granted(api: CommandRunner) -> None:
    """What was there at the start is granted, and nothing of the new content before its own run."""
    big(api)
    process = started(api)
    deadline = time.monotonic() + 60
    while not sql(api, "SELECT 1 FROM imports WHERE rows_done BETWEEN 1 AND 11000"):
        assert time.monotonic() < deadline
        assert process.poll() is None
    new = [f"kelly,{1_000_000 + number}" for number in range(1, ROWS + 1)]
    file_of(api, "cards.csv", "\n".join(["identifier,credit", *new]))  # in place, as editors do
    process.communicate(timeout=300)
    before = [credit for (credit,) in sql(api, "SELECT credit FROM gift_cards ORDER BY id")]
    assert before == [number for number in range(1, ROWS + 1) if number % 7]
    assert grant(api)["granted"] == ROWS
    after = [credit for (credit,) in sql(api, "SELECT credit FROM gift_cards ORDER BY id")]
    assert after == before + [1_000_000 + number for number in range(1, ROWS + 1)]


@pytest.mark.skipif(not Path(OTHER_EACH_TIME).exists(), reason="it is Linux's")
def test_a_file_that_changes_under_its_reader(cli: CommandRunner, store: str) -> None:
    cli("card", "grant-many", OTHER_EACH_TIME).refused(2, "was changed while it was read")
    cli("resident", "import", OTHER_EACH_TIME).refused(2, "was changed while it was read")


def big(cli: CommandRunner) -> list[int]:
    """Write a file of many rows, each with its own credit; return the credits to be refused."""
    lines, refused = ["identifier,credit"], []
    for number in range(1, ROWS + 1):
        bad = number % 7 == 0
        lines.append(f"{'nobody' if bad else 'kelly'},{number}")
        if bad:
            refused.append(number)
    file_of(cli, "cards.csv", "\n".join(lines))
    return refused


def started(cli: CommandRunner, *options: str) -> "subprocess.Popen[str]":
    """Begin to grant in a process that may be killed."""
    return subprocess.Popen(
        [sys.executable, "-m", "gridgift", "card", "grant-many", "cards.csv", *options],
        cwd=cli.folder,
        env={**cli.environ, "PYTHONPATH": str(REPOSITORY / "src")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def check_whole(cli: CommandRunner, refused: list[int]) -> None:
    """Every row is granted once or in the report once, in order."""
    there = [credit for (credit,) in sql(cli, "SELECT credit FROM gift_cards ORDER BY id")]
    assert there == [number for number in range(1, ROWS + 1) if number % 7]
    with (cli.folder / "cards.refused.csv").open(newline="") as text:
        rows = list(csv.DictReader(text))
    assert [int(row["credit"]) for row in rows] == refused
    assert {row["problem"] for row in rows} == {"No resident nobody is known here."}
    assert cli("verify").code == 0


def test_killed_and_begun_again(api: CommandRunner) -> None:
    refused = big(api)
    dice, kills, last = random.Random(5), 0, -1
    while True:
        process = started(api)
        try:
            process.communicate(timeout=60 if kills >= 6 else dice.uniform(0.8, 2.5))
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            kills += 1
            done = (sql(api, "SELECT rows_done FROM imports") or [(0,)])[0][0]
            assert done >= last
            last = done
            continue
        assert process.returncode == 1
        break
    check_whole(api, refused)
    api("card", "grant-many", "cards.csv").refused(1, "granted before")


def test_killed_in_the_middle(api: CommandRunner) -> None:
    """Not by luck: the kill comes when some rows are done and some are not."""
    refused = big(api)
    process = started(api)
    deadline = time.monotonic() + 60
    while not (sql(api, "SELECT 1 FROM imports WHERE rows_done BETWEEN 1 AND 11000")):
        assert time.monotonic() < deadline
        assert process.poll() is None
    process.kill()
    process.communicate()
    totals = grant(api)
    assert 0 < totals["continuedAfter"] <= ROWS
    assert (totals["rows"], totals["granted"], totals["refused"]) == (
        ROWS, ROWS - len(refused), len(refused),
    )  # fmt: skip
    check_whole(api, refused)


def test_two_at_once(api: CommandRunner) -> None:
    refused = big(api)
    processes = [started(api) for _ in range(2)]
    for process in processes:
        process.communicate(timeout=300)
    if not sql(api, "SELECT 1 FROM imports WHERE finished_at IS NOT NULL"):
        assert api("card", "grant-many", "cards.csv").code == 1
    check_whole(api, refused)


NO_ROOM = """
import resource, sys
from pathlib import Path
from gridgift.cli.files import private_copy
from gridgift.cli.options import UsageError

resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, 1_000))
try:
    with private_copy(Path(sys.argv[1])):
        pass
except UsageError as error:
    print(error)
"""


def test_where_there_is_no_room_for_a_copy(tmp_path: Path) -> None:
    file = tmp_path / "cards.csv"
    file.write_text("kelly,5\n" * 1_000)
    command = [sys.executable, "-c", NO_ROOM, str(file)]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    assert f"{file} can't be copied to be read" in told.stdout


MEASURE = """
import asyncio, sys
from pathlib import Path
from gridgift.cli import granting
from gridgift.cli.granting import GrantOptions
from gridgift.cli.session import read_settings

def resident():
    return int(Path('/proc/self/statm').read_text().split()[1]) * 4 // 1024

seen = []
whole = granting.new_id
def counted():
    seen.append(resident()) if len(seen) < 1 else seen.__setitem__(slice(1, None), [resident()])
    return whole()
granting.new_id = counted
file = Path(sys.argv[1])
options = GrantOptions(file, None, file.with_suffix('.r'), False, False, False)
granting.grant_file(read_settings(None), options)
print(seen[-1] - seen[0])
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")
def test_memory_is_flat(cli: CommandRunner, store: str, kelly: str) -> None:
    """After 300 000 rows, most without a card, some granted, it is within 30 MB of its start."""
    lines = ("kelly,0\n" * 29 + "kelly,5\n") * 10_000
    file_of(cli, "cards.csv", "name,gift card credits\n" + lines)
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, "cards.csv"],
        cwd=cli.folder,
        env={**cli.environ, "PYTHONPATH": str(REPOSITORY / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 30
