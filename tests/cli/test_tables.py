"""Tables: in a terminal no line is wider than it, in a pipe none is broken, and nothing is cut."""

import io
import re
import sqlite3
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from gridgift.cli.output import printable
from gridgift.cli.tables import print_facts, print_line, print_table
from tests.api import KELLY, OWNER
from tests.cli.commands import REPOSITORY, CommandRunner
from tests.cli.live import file_of

WIDTH: Final = 80  # columns
MOST: Final = 2**31 - 1  # L$
WIDE: Final = "礼物🎁Ünïcödé" * 11  # many of its characters take two columns
WORDS: Final = f"礼物 for the hunt, unbroken {'x' * 60} and more and more and more"
LONGEST: Final = f"{'a' * 31}.{'b' * 31}"  # a username
STYLE: Final = re.compile(r"\x1b\[[0-9;]*m")
UUID: Final = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")

CELLS: Final = st.one_of(
    st.uuids().map(str),
    st.integers(-MOST, MOST),
    st.sampled_from([None, True, WIDE, WORDS, LONGEST, "2027-01-31T12:00:00Z", "x" * 300]),
    st.text(st.characters(categories=["L", "N", "P", "Zs"]), max_size=90),
)
HEADINGS: Final = st.lists(
    st.sampled_from(["ID", "OWNER'S UUID", "NOTED BY STORE", "L$", ""]), min_size=1, max_size=9
)
TABLES: Final = HEADINGS.flatmap(
    lambda headings: st.tuples(
        st.just(headings), st.lists(st.tuples(*[CELLS] * len(headings)), max_size=3)
    )
)


class Screen(io.StringIO):
    """What is printed in a terminal of 80 columns."""

    def isatty(self) -> bool:
        return True


def shown(print_it: Any, *arguments: Any, on: io.StringIO) -> str:
    """Return what a function prints, without styles."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(WIDTH))
        patch.setenv("TERM", "xterm")
        patch.setattr(sys, "stdout", on)
        print_it(*arguments)
    return STYLE.sub("", on.getvalue())


def signs(*texts: object) -> Counter[str]:
    """Count the characters that are not spaces, whatever line they are on."""
    return Counter("".join("".join(printable(text).split()) for text in texts))


def all_is_there(out: str, cells: Sequence[object]) -> None:
    """Check that nothing was cut, and that each id is whole, to be copied."""
    assert not signs(*cells) - signs(*out.splitlines())
    for cell in cells:
        if UUID.fullmatch(str(cell)):
            assert any(str(cell) in line for line in out.splitlines())


@given(TABLES)
def test_any_table_fits_a_terminal(table: tuple[Any, Any]) -> None:
    headings, rows = table
    out = shown(print_table, headings, rows, on=Screen())
    assert all(cell_len(line.rstrip()) <= WIDTH for line in out.splitlines()), out
    all_is_there(out, [cell for row in rows for cell in row])
    facts = list(zip(headings, rows[0] if rows else headings, strict=True))
    out = shown(print_facts, facts, on=Screen())
    assert all(cell_len(line.rstrip()) <= WIDTH for line in out.splitlines()), out
    all_is_there(out, [cell for fact in facts for cell in fact])


@given(TABLES)
def test_in_a_pipe_each_row_is_a_line(table: tuple[Any, Any]) -> None:
    headings, rows = table
    out = shown(print_table, headings, rows, on=io.StringIO())
    lines = out.removesuffix("\n").split("\n")
    assert len(lines) == 1 + len(rows)
    for line, cells in zip(lines, [headings, *rows], strict=True):
        assert signs(line) == signs(*cells)
        assert all(printable(cell).strip(" ") in line for cell in cells)


@given(st.lists(CELLS, min_size=1, max_size=9))
def test_any_line_fits_a_terminal(cells: list[object]) -> None:
    line = " ".join(printable(cell) for cell in cells)
    out = shown(print_line, line, on=Screen())
    assert all(cell_len(shown_line.rstrip()) <= WIDTH for shown_line in out.splitlines()), out
    all_is_there(out, cells)
    assert shown(print_line, line, on=io.StringIO()) == f"{line}\n"


def fill(cli: CommandRunner) -> dict[str, str]:
    """Make a store whose every text is as long and as wide as it may be; return ids by name."""
    owner = ("--owner", LONGEST, "--owner-uuid", OWNER.uuid)
    ids = {"LONGEST": LONGEST, "RECEIVER": LONGEST[::-1]}
    cli.json("resident", "add", ids["RECEIVER"], KELLY.uuid)
    ids["STORE"] = cli.json("store", "create", WIDE, *owner)["id"]
    origin = f"https://{'shop.' * 40}example.com"
    cli.json("store", "update", ids["STORE"], "--customer-origin", origin, "--card-lifetime", 36500)
    ids["KEY"] = cli.json("key", "create", "--name", WIDE, "--scope", "all")["id"]
    card = ("card", "grant", LONGEST, "--credit", MOST, "--transfer", "--texture", OWNER.uuid)
    for name in ("CARD", "LOST"):
        ids[name] = cli.json(*card, "--expires", "2099-01-31", "--reason", WORDS)["id"]
    hold = ("hold", "place", ids["CARD"], "--amount", MOST, "--for", "7d")
    ids["HOLD"] = cli.json(*hold)["id"]
    why = ("--reason", WORDS, "--reference", WIDE)
    dated = ("--expires", "2099-01-31", "--restricted")
    cli.json("credit", "deposit", LONGEST, "--amount", MOST, *why, *dated)
    unit = ("unit", "create", "--kind", "delivery", "--name", WIDE[:63], "--credit", MOST)
    ids["UNIT"] = cli.json(*unit)["id"]
    url = f"https://shop.example.com/{'path/' * 300}"
    ids["WEBHOOK"] = cli.json("webhook", "add", url, "--type", "gift_card.granted")["id"]
    cli.json("operator", "add", ids["RECEIVER"].replace(".", ""))
    assert cli("backup", "saved.gridgift", "--without-secret").code == 0
    return ids


# Commands that print tables, as they are typed; ids are named.
TABLES_OF: Final = [
    "verify",
    "store list",
    "operator list",
    "store update STORE --name 礼物",
    "key list",
    "key update KEY --name 礼物礼",
    "card grant LONGEST --credit 5",
    "card list LONGEST",
    "card show CARD",
    "card history CARD",
    "hold list",
    "hold list CARD",
    "hold extend CARD HOLD --for 7d",
    "hold void CARD HOLD",
    "hold place CARD --amount 2147483647 --for 7d",
    "card adjust LOST --delta -5 --reason 礼物",
    "card note LOST 礼物",
    "card notes LOST",
    "card transfer LOST RECEIVER --reason 礼物",
    "card reissue LOST --reason 礼物",
    "card expire LOST",
    "credit show LONGEST",
    "credit history LONGEST",
    "credit spend LONGEST --amount 5 --reason 礼物 --reference 礼物 --restricted",
    "resident show LONGEST",
    "resident search aa",
    "resident list",
    "resident rename LONGEST b.c",
    "operator list",
    "report owed",
    "report owed --by month",
    "report granted",
    "report redeemed",
    "report expiring --days 366",
    "unit list",
    "unit show UNIT",
    "unit create --kind vendor --name 礼物",
    "unit pause UNIT",
    "unit resume UNIT",
    "unit revoke UNIT",
    "webhook list",
    "webhook show WEBHOOK",
    "webhook deliveries WEBHOOK",
    "webhook update WEBHOOK --off",
    "event tail --kept --once",
    "doctor",
    "copy sqlite:///gridgift.db sqlite:///other.db",
    "migrate --dry-run --database sqlite:///older.db",
    "migrate --database sqlite:///older.db",
    "restore saved.gridgift --without-secret --database sqlite:///restored.db",
    "key revoke KEY",
    "resident erase LONGEST --dry-run",
]


def test_all_tables_are_printed_in_one_place() -> None:
    """So what holds for any table, holds for that of a command that nobody has written yet."""
    drawing = {
        path.name
        for path in (REPOSITORY / "src" / "gridgift").rglob("*.py")
        if re.search(r"\brich\.(table|console|text)\b", path.read_text(encoding="utf-8"))
    }
    # the others draw bars, and one table that changes while it is looked at
    assert drawing == {"tables.py", "phases.py", "simulation_output.py"}


def test_every_table_of_a_command_fits_a_terminal(cli: CommandRunner) -> None:
    ids = fill(cli)
    with closing(sqlite3.connect(cli.folder / "gridgift.db")) as database, database:
        database.execute("UPDATE gift_cards SET purchased = 1")  # a fault to be found
    file_of(cli, "older.db", "")
    for typed in TABLES_OF:
        words = [ids.get(word, word) for word in typed.split()]
        result = cli.in_terminal(WIDTH, *words)
        assert "Traceback" not in result.err
        assert result.out, (typed, result)
        for line in STYLE.sub("", result.out).splitlines():
            assert cell_len(line.rstrip()) <= WIDTH, (typed, line)
        if len(words) == 2:  # it looks at all there is, and changes nothing
            again = cli(*words)
            assert set(UUID.findall(again.out)) <= set(UUID.findall(result.out)), typed


def test_a_pipe_gets_neither_colours_nor_bars(cli: CommandRunner) -> None:
    fill(cli)
    cli.environ |= {"FORCE_COLOR": "1", "TTY_COMPATIBLE": "1", "TERM": "xterm-256color"}
    for command in ("store list", "doctor", "verify", "backup again.gridgift --without-secret"):
        result = cli(*command.split())
        assert "\x1b" not in result.out + result.err, result
        assert not re.search("[\u2500-\u259f]", result.out + result.err)
