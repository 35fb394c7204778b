"""What is printed for people."""

import pytest

from gridgift.cli.output import print_table, shown


def test_no_control_character_reaches_the_terminal() -> None:
    assert shown("a\x1b[31mb\r\n\x07\u009b\u202e\udcff") == "a\ufffd[31mb" + "\ufffd" * 6
    assert shown("Zoë 礼物 🎁 [red]") == "Zoë 礼物 🎁 [red]"


def test_values_are_written_for_people() -> None:
    assert [shown(value) for value in (None, True, False, 0, "")] == ["", "yes", "no", "0", ""]


def test_a_table_cuts_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    long = "x" * 300
    print_table(("ONE", "TWO"), [(long, "[bold]y[/bold]"), ("\x1b[31m", ":gift:")])
    out = capsys.readouterr().out
    assert long in out and "[bold]y[/bold]" in out and ":gift:" in out
    assert "\x1b" not in out
