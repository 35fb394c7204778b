"""``gridgift resident``."""

import subprocess
import sys
import uuid

import pytest

from tests.api import JO, KELLY
from tests.cli.commands import CommandRunner
from tests.cli.live import file_of


def test_add_and_rename(both: CommandRunner) -> None:
    added = both.json("resident", "add", "Kelly Resident", KELLY.uuid.upper())
    assert added == {"uuid": KELLY.uuid, "username": "kelly"}
    both("resident", "add", "kelly", JO.uuid).refused(1, "kelly", KELLY.uuid)
    assert both.json("resident", "add", "Kelly New", KELLY.uuid)["username"] == "kelly.new"
    both("resident", "add", "kelly", JO.uuid).refused(1, "already belongs to")
    taken = both("resident", "add", "kelly", JO.uuid, "--reassign")
    assert (taken.code, taken.err) == (0, f"kelly led to {KELLY.uuid} until now.\n")
    both("resident", "add", "kelly", KELLY.uuid).refused(1, JO.uuid)


def test_bad_values_are_refused(cli: CommandRunner) -> None:
    cli("resident", "add", "a.b.c", KELLY.uuid).refused(1, "not a username")
    cli("resident", "add", "kelly", "1234").misused("not a UUID")


def test_import_reports_lines_and_keeps_the_others(both: CommandRunner) -> None:
    """Columns in another order and case, a byte order mark, CRLF, a blank line, extra columns."""
    rows = (
        "Note, UUID ,UserName",
        f"first,{KELLY.uuid.upper()},Kelly Resident",
        "second,1234,jo",
        "",
        f"fourth,{JO.uuid},kelly",
        f'"of, two\nlines",{JO.uuid},jo.winter',
        "short",
        f"eighth,{uuid.uuid4()},caf\xe9",
    )
    file_of(both, "people.csv", b"\xef\xbb\xbf" + "\r\n".join(rows).encode("latin-1"))
    result = both("resident", "import", "people.csv", "--json")
    assert result.code == 1
    assert (result.json["imported"], result.json["refused"]) == (2, 4)
    reasons = {each["line"]: each["reason"] for each in result.json["refusals"]}
    assert reasons.keys() == {3, 5, 8, 9}
    assert "'1234' is not a UUID" in reasons[3]
    assert f"kelly already belongs to {KELLY.uuid}" in reasons[5]
    assert "uuid: is missing" in reasons[8]
    assert "not in UTF-8" in reasons[9]
    # The refused lines have left nothing behind, the others are there.
    both("resident", "add", "jo.winter", KELLY.uuid).refused(1, JO.uuid)
    plain = both("resident", "import", "people.csv")
    assert plain.code == 1
    assert plain.out == ""
    assert [line.partition(":")[0] for line in plain.err.splitlines()] == [
        "line 3", "line 5", "line 8", "line 9", "2 residents imported, 4 refused.",
    ]  # fmt: skip


def test_a_refused_line_does_not_rename_anyone(cli: CommandRunner, store: str, kelly: str) -> None:
    file_of(cli, "people.csv", f"username,uuid\njo.winter,{JO.uuid}\nkelly,{JO.uuid}\n")
    assert cli("resident", "import", "people.csv").code == 1
    assert cli.json("card", "grant", JO.uuid, "--credit", 1)["ownerUsername"] == "jo.winter"


def test_import_takes_many_batches(both: CommandRunner) -> None:
    people = [(f"person{number}", str(uuid.uuid4())) for number in range(1203)]
    lines = "\n".join(f"{name},{key}" for name, key in people)
    file_of(both, "people.csv", f"username,uuid\n{lines}")
    imported = both.json("resident", "import", "people.csv")
    assert imported == {"imported": 1203, "refused": 0, "refusals": []}
    for name, key in (people[0], people[-1]):
        both("resident", "add", name, KELLY.uuid).refused(1, key)


def test_import_survives_broken_csv(cli: CommandRunner) -> None:
    good = f"kelly,{KELLY.uuid}\n"
    file_of(cli, "people.csv", f'username,uuid\n"x"y,z\n{good}kelly\0,{KELLY.uuid}\n"open,')
    result = cli("resident", "import", "people.csv", "--json")
    assert result.code == 1
    assert result.json["imported"] == 1
    assert [each["line"] for each in result.json["refusals"]] == [2, 4, 5]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_import_takes_what_grants_take(cli: CommandRunner, delimiter: str) -> None:
    """Spreadsheets' empty rows, cells left out, Allomancy's names of columns, a stray quote."""
    people = [str(uuid.uuid4()) for _ in range(4)]
    rows = (
        "Name,Key,Gift Card Credits,Note", ",,,,", f"One First,{people[0]},5", "",
        f'two,{people[1]},5,"open', f"three,{people[2]},,x,,,", ",,,", f"four,{people[3]}", "five",
    )  # fmt: skip
    text = "\r\n".join(rows).replace(",", delimiter)
    file_of(cli, "people.csv", b"\xef\xbb\xbf" + text.encode())
    result = cli("resident", "import", "people.csv", "--json").json
    assert (result["imported"], [each["line"] for each in result["refusals"]]) == (3, [5, 9])
    assert "quote" in result["refusals"][0]["reason"]
    cli("resident", "add", "one.first", KELLY.uuid).refused(1, people[0])


def test_import_names_another_encoding(cli: CommandRunner) -> None:
    text = f"username,uuid\nz\u00f6e,{KELLY.uuid}\n"
    file_of(cli, "people.csv", text.encode("cp1252"))
    refused = cli("resident", "import", "people.csv")
    assert "line 2: The row is not in UTF-8; it may be Windows-1252" in refused.err
    file_of(cli, "people.csv", text.encode("utf-16"))
    cli("resident", "import", "people.csv").refused(2, "UTF-16")


def test_import_refuses_a_file_without_the_columns(cli: CommandRunner) -> None:
    for text in ("", f"kelly,{KELLY.uuid}\n", "username,uuid,uuid\n"):
        file_of(cli, "people.csv", text)
        cli("resident", "import", "people.csv").refused(2, "can't be read")
    cli("resident", "import", "nobody.csv").misused("nobody.csv")
    cli("resident", "import", ".").misused("directory")


def test_import_needs_little_memory(cli: CommandRunner) -> None:
    """Of 80 000 refused lines no more is kept than of ten."""
    peaks = []
    for lines in (10, 80_000):
        file_of(cli, "people.csv", "username,uuid\n" + "no,no\n" * lines)
        script = (
            "import resource, subprocess, sys;"
            "subprocess.run(sys.argv[1:], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL);"
            "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
        )
        command = [sys.executable, "-m", "gridgift", "resident", "import", "people.csv"]
        measured = subprocess.run(
            [sys.executable, "-c", script, *command],
            cwd=cli.folder,
            env=cli.environ,
            capture_output=True,
            text=True,
            check=True,
        )
        peaks.append(int(measured.stdout))
    assert peaks[1] - peaks[0] < 40_000  # KiB


def test_show_search_list_and_rename(both: CommandRunner) -> None:
    both("resident", "add", "kelly", KELLY.uuid)
    both("resident", "add", "jo.winter", JO.uuid)
    renamed = both.json("resident", "rename", "Kelly Resident", "Kelly New")
    assert renamed == {"uuid": KELLY.uuid, "username": "kelly.new"}
    for identifier in ("kelly", KELLY.uuid):
        shown = both.json("resident", "show", identifier)
        assert (shown["uuid"], shown["username"]) == (KELLY.uuid, "kelly.new")
        assert {name["username"] for name in shown["names"]} == {"kelly", "kelly.new"}
        assert {name["notedBy"] for name in shown["names"]} == {None}
    assert "kelly.new" in both("resident", "show", "kelly").out
    assert both.json("resident", "search", "Kel") == [renamed]
    assert both.json("resident", "search", "nobody") == []
    listed = both.json("resident", "list")
    assert [row["uuid"] for row in listed] == sorted([KELLY.uuid, JO.uuid])
    assert both("resident", "list").out.splitlines()[0].split() == ["UUID", "USERNAME"]
    both("resident", "rename", "nobody", "someone").refused(1, "No resident nobody")
    both("resident", "show", "nobody").refused(1, "No resident nobody")
    both("resident", "rename", "kelly", "jo.winter").refused(1, "already belongs to", JO.uuid)
    both("resident", "search", "a..b").refused(1, "must be the beginning of a username")


def test_search_and_list_read_every_page(
    both: CommandRunner,
) -> None:
    people = [(f"person{number:04}", str(uuid.uuid4())) for number in range(1203)]
    lines = "\n".join(f"{name},{key}" for name, key in people)
    file_of(both, "people.csv", f"username,uuid\n{lines}")
    both("resident", "import", "people.csv")
    found = both.json("resident", "search", "person")
    assert [row["username"] for row in found] == [name for name, _ in people]
    assert len(both.json("resident", "list")) == len(people)


def test_a_card_for_an_avatar_whom_nobody_knows(cli: CommandRunner, store: str) -> None:
    cli("card", "grant", JO.uuid, "--credit", "1").refused(1, "No resident")
    cli.environ["GRIDGIFT_UNKNOWN_UUIDS"] = "accept"
    assert cli.json("card", "grant", JO.uuid, "--credit", 1)["ownerUsername"] == JO.uuid


def test_cards_for_avatars_whom_nobody_knows(both: CommandRunner) -> None:
    """A row with a UUID alone, in a file whose other rows give a username too."""
    both("store", "create", "S", "--owner", "owner", "--owner-uuid", KELLY.uuid)
    file_of(both, "cards.csv", f"uuid,username,credit\n{JO.uuid},,5\n{uuid.uuid4()},sam,7\n")
    grant = ("card", "grant-many", "cards.csv")
    assert both(*grant, "--dry-run", "--json").json["refused"] == 1
    both.environ["GRIDGIFT_UNKNOWN_UUIDS"] = "accept"
    assert both.json(*grant, "--dry-run")["granted"] == 2
    assert both.json("resident", "list") == [{"uuid": KELLY.uuid, "username": "owner"}]
    assert both.json(*grant)["granted"] == 2
    owners = {card["ownerUsername"]: card["credit"] for card in both.json("card", "list")}
    assert owners == {JO.uuid: 5, "sam": 7}
