"""What commands end with: one table of exit codes, and errors that scripts can read."""

import json
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gridgift import __version__
from gridgift.cli.exit_codes import MEANINGS, ExitCode
from tests.cli.commands import CommandRunner, Result
from tests.cli.test_main import every_command

PAGE = (Path(__file__).parents[2] / "docs" / "command-line.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| (\d+) \| `(\w+)` \| (.*) \|$", re.MULTILINE)
EVERY = pytest.mark.parametrize("command", list(every_command()), ids=" ".join)


def trouble(result: Result, code: ExitCode) -> Any:
    """Return the only line of standard error, which is a JSON object."""
    assert (result.code, result.out) == (code, ""), result
    (line,) = result.err.splitlines()
    told = json.loads(line)
    assert told["exitCode"] == code
    assert told["title"] == MEANINGS[code]
    return told


def test_the_page_has_the_table() -> None:
    told = [(int(code), name, meaning) for code, name, meaning in ROW.findall(PAGE)]
    assert told == [(code, code.name, meaning) for code, meaning in MEANINGS.items()]
    assert set(MEANINGS) == set(ExitCode)


def test_codes_that_are_reached(cli: CommandRunner, kelly: str) -> None:
    assert cli("store", "list").code == ExitCode.DONE
    assert cli("resident", "show", "nobody.here").code == ExitCode.REFUSED
    assert cli("store", "list", "--colour").code == ExitCode.UNUSABLE
    assert cli("store", "list", "--database", "mysql://x").code == ExitCode.UNUSABLE
    nowhere = "postgresql://127.0.0.1:1/x"
    assert cli("store", "list", "--database", nowhere).code == ExitCode.TRY_LATER


def test_ctrl_c(cli: CommandRunner) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://127.0.0.1:{silent.getsockname()[1]}/x"
        command = [sys.executable, "-m", "gridgift", "store", "list", "--database", url]
        with subprocess.Popen(
            command, cwd=cli.folder, env=cli.environ, stderr=subprocess.PIPE
        ) as process:
            silent.accept()  # it is connected, and waits for an answer
            process.send_signal(signal.SIGINT)
            assert process.stderr is not None
            assert b"Traceback" not in process.stderr.read()
        assert process.returncode == ExitCode.INTERRUPTED


@EVERY
def test_wrong_usage_of_every_command(cli: CommandRunner, command: tuple[str, ...]) -> None:
    told = trouble(cli(*command, "--json", "--colour", "red"), ExitCode.UNUSABLE)
    assert told["code"] == "usage"
    assert "--colour" in told["detail"]


def test_refusals_for_scripts(cli: CommandRunner, kelly: str) -> None:
    refused = trouble(
        cli("card", "grant", "nobody.here", "--credit", 5, "--json"), ExitCode.REFUSED
    )
    assert refused["code"] == "resident_not_found"
    assert "errors" not in refused
    late = ("card", "grant", kelly, "--credit", 5, "--expires", "2020-01-01")
    told = trouble(cli(*late, "--json"), ExitCode.REFUSED)
    assert told["code"] == "validation_failed"
    assert told["errors"].keys() == {"--expires"}
    assert cli(*late).err == f"gridgift: {told['detail']}\n"
    missing = trouble(cli("card", "grant", kelly, "--json"), ExitCode.UNUSABLE)
    assert missing["errors"] == {"--credit": ["is missing"]}
    bad = trouble(cli("card", "grant", kelly, "--credit", "x", "--json"), ExitCode.UNUSABLE)
    assert bad["errors"].keys() == {"--credit"}
    argument = trouble(cli("card", "show", "x", "--json"), ExitCode.UNUSABLE)
    assert argument["errors"].keys() == {"ID"}


def test_databases_for_scripts(cli: CommandRunner) -> None:
    for url, code, exit_code in (
        ("mysql://x", "settings", ExitCode.UNUSABLE),
        ("sqlite:///missing.db", "database_refused", ExitCode.UNUSABLE),
        ("postgresql://127.0.0.1:1/x", "database_unavailable", ExitCode.TRY_LATER),
    ):
        told = trouble(cli("store", "list", "--database", url, "--json"), exit_code)
        assert told["code"] == code


def test_the_version(cli: CommandRunner) -> None:
    for option in ("--version", "-V"):
        shown = cli(option)
        assert (shown.code, shown.out, shown.err) == (0, f"gridgift {__version__}\n", "")


def completed(cli: CommandRunner, shell: str, line: str) -> list[str]:
    """Return what a shell would offer for the last word of a line."""
    words = line.split(" ")
    environ = {
        **cli.environ, "_GRIDGIFT_COMPLETE": f"complete_{shell}", "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1), "_TYPER_COMPLETE_ARGS": line,
    }  # fmt: skip
    shown = subprocess.run(
        [Path(sys.executable).parent / "gridgift"], env=environ, capture_output=True, text=True
    )
    assert shown.returncode == 0, shown
    return re.findall(r"[\w-]+", shown.stdout)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete_commands_and_options(cli: CommandRunner, shell: str) -> None:
    if shell == "fish":
        cli.environ["_TYPER_COMPLETE_FISH_ACTION"] = "get-args"
    assert "store" in completed(cli, shell, "gridgift st")
    assert "grant-many" in completed(cli, shell, "gridgift card gr")
    assert "--credit" in completed(cli, shell, "gridgift card grant --cr")


def test_a_real_bash_completes(cli: CommandRunner) -> None:
    program = Path(sys.executable).parent / "gridgift"
    script = f"""
        PATH={program.parent}:$PATH
        source <(_GRIDGIFT_COMPLETE=source_bash gridgift)
        COMP_WORDS=(gridgift card gr); COMP_CWORD=2
        $(complete -p gridgift | sed 's/.*-F \\([^ ]*\\).*/\\1/') gridgift gr card
        echo "${{COMPREPLY[@]}}"
    """
    bash = shutil.which("bash")
    assert bash is not None
    shown = subprocess.run(
        [bash, "-c", script], cwd=cli.folder, env=cli.environ, capture_output=True, text=True
    )
    assert shown.stdout.split() == ["grant", "grant-many"], shown
