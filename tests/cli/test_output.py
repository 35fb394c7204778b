"""What is printed for people."""

import os
import sys
import uuid

import pytest

from gridgift.cli.output import printable
from gridgift.cli.phases import PhaseBar
from gridgift.cli.tables import print_table


def test_no_control_character_reaches_the_terminal() -> None:
    assert printable("a\x1b[31mb\r\n\x07\u009b\u202e\udcff") == "a\ufffd[31mb" + "\ufffd" * 6
    assert printable("Zoë 礼物 🎁 [red]") == "Zoë 礼物 🎁 [red]"


def test_values_are_written_for_people() -> None:
    assert [printable(value) for value in (None, True, False, 0, "")] == ["", "yes", "no", "0", ""]


def test_a_table_cuts_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    long = "x" * 300
    print_table(("ONE", "TWO"), [(long, "[bold]y[/bold]"), ("\x1b[31m", ":gift:")])
    out = capsys.readouterr().out
    assert long in out and "[bold]y[/bold]" in out and ":gift:" in out
    assert "\x1b" not in out


def test_in_a_narrow_terminal_ids_stay_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    screen, terminal = os.openpty()
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "xterm")
    uuids = [str(uuid.uuid4()) for _ in range(3)]
    with os.fdopen(terminal, "w") as out, monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", out)
        print_table(("A", "B", "C", "D", "E"), [(*uuids, "word " * 20, "last")])
        out.flush()
        shown_there = ""
        while shown_there.count("word") < 20:
            shown_there += os.read(screen, 10_000).decode()
    os.close(screen)
    assert all(each in shown_there for each in (*uuids, "last"))
    assert shown_there.count("\r\n") > 5


def test_bars_are_drawn_in_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    screen, terminal = os.openpty()
    monkeypatch.setenv("TERM", "xterm")
    with os.fdopen(terminal, "w") as err, monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", err)
        bar = PhaseBar()
        with bar.shown:
            bar.begin("copying", 2)
            bar.advance("entries", 2)
            bar.begin("verifying", 1)
            bar.advance_accounts(1)
        err.flush()
        shown_there = b""
        while b"verifying the ledger" not in shown_there:
            shown_there += os.read(screen, 10_000)
    os.close(screen)
    assert b"copying entries" in shown_there
