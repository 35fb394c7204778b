"""``gridgift event tail``."""

import json
import signal
import subprocess
import sys

from tests.api import KELLY
from tests.cli.commands import CommandRunner
from tests.cli.live import until
from tests.serving import PATIENCE


def test_a_line_for_each_event(both: CommandRunner) -> None:
    both.json("store", "create", "Moonwall", "--owner", "aria", "--owner-uuid", KELLY.uuid)
    card = both.json("card", "grant", "aria", "--credit", "500")["id"]
    tail = ("event", "tail", "--kept", "--once")
    until(lambda: bool(both(*tail).out))  # on PostgreSQL, older transactions may be in its way
    shown = both(*tail)
    assert (shown.code, shown.err) == (0, "")
    (line,) = shown.out.splitlines()
    time, *words = line.split()
    assert time.endswith("Z")
    assert words[:5] == ["gift_card.granted", "L$", "+500", card, "operator"]
    (event,) = [json.loads(line) for line in both(*tail, "--json").out.splitlines()]
    assert (event["type"], event["about"]["giftCardId"]) == ("gift_card.granted", card)
    assert both("event", "tail", "--once").out == ""
    assert both(*tail, "--type", "hold.created").out == ""
    both(*tail, "--type", "hold.eaten").refused(1, "--type", "hold.eaten", "hold.created")


def hear_ctrl_c() -> None:
    """A job in the background of a shell ignores SIGINT, and so do its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_it_follows_until_ctrl_c(both: CommandRunner) -> None:
    both.json("store", "create", "Moonwall", "--owner", "aria", "--owner-uuid", KELLY.uuid)
    both.json("card", "grant", "aria", "--credit", "5")
    command = [sys.executable, "-m", "gridgift", "event", "tail", "--json", "--kept"]
    with subprocess.Popen(
        command, env=both.environ, cwd=both.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, preexec_fn=hear_ctrl_c,
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            assert json.loads(process.stdout.readline())["delta"] == 5
            card = both.json("card", "grant", "aria", "--credit", "7")["id"]
            assert json.loads(process.stdout.readline())["about"]["giftCardId"] == card
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
    assert (process.returncode, out, err) == (0, "", "")
