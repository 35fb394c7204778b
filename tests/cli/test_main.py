"""The program as a whole: both ways to start it, its help, and a reader that goes away."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from gridgift.cli import COMMANDS, command_line, main
from gridgift.grant_csv import GRANT_COLUMNS, RESIDENT_COLUMNS
from tests.cli.commands import CommandRunner

# the databases of the first are arguments, and the second asks none
WITHOUT_DATABASE = {("copy",), ("inworld", "script")}
SPELLED = {
    "cardnote": "card note",
    "giftcardcredits": "gift card credits",
    "expiresat": "expires_at",
}  # for people


def every_command() -> Iterator[tuple[str, ...]]:
    """Yield the words of each command; one of a group has two."""
    whole: Any = typer.main.get_command(command_line())
    for name, command in whole.commands.items():
        group = getattr(command, "commands", None)
        yield from [(name,)] if group is None else [(name, word) for word in group]


def test_both_ways_to_start_it(cli: CommandRunner) -> None:
    assert cli("migrate").code == 0
    for program in ([sys.executable, "-m", "gridgift"], [Path(sys.executable).parent / "gridgift"]):
        listed = subprocess.run(
            [*program, "store", "list", "--json"],
            cwd=cli.folder,
            env=cli.environ,
            capture_output=True,
            text=True,
        )
        assert (listed.returncode, listed.stdout, listed.stderr) == (0, "[]\n", "")


def test_the_command_line_is_made_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """To make a group's takes longer than most of its commands do."""
    make, made = typer.main.get_command, list[typer.Typer]()
    monkeypatch.setattr(typer.main, "get_command", lambda app: made.append(app) or make(app))
    monkeypatch.setattr(sys, "argv", ["gridgift", "card", "--help"])
    with pytest.raises(SystemExit, match="0"):
        main()
    assert "grant" in capsys.readouterr().out
    assert len(made) == 1


def test_every_command_explains_itself(cli: CommandRunner) -> None:
    help_text = cli("--help").out
    for command in COMMANDS:
        assert f"  {command} " in help_text
    commands = list(every_command())
    assert len(commands) > len(COMMANDS)
    for command in commands:
        shown = cli(*command, "--help")
        assert shown.code == 0
        assert "--json" in shown.out
        assert "--database" in shown.out or command in WITHOUT_DATABASE


def test_lists_of_commands_are_read_whole_at_80_columns(cli: CommandRunner) -> None:
    """The first sentence of each command fits beside its name: none ends in dots."""
    cli.environ["COLUMNS"] = "80"
    groups = {command[0] for command in every_command() if len(command) > 1}
    for words in [(), *((group,) for group in sorted(groups))]:
        shown = cli(*words, "--help").out
        assert "..." not in shown.partition("Commands:")[2], shown
        assert all(len(line) <= 80 for line in shown.splitlines())
    for command in every_command():
        assert all(len(line) <= 80 for line in cli(*command, "--help").out.splitlines())


def test_every_parameter_says_what_it_is_and_every_number_has_bounds() -> None:
    """An annotation that is lost on the way takes both with it."""
    whole: Any = typer.main.get_command(command_line())
    numbers = 0
    for words in every_command():
        command = whole
        for word in words:
            command = command.commands[word]
        for parameter in command.params:
            assert parameter.help, (words, parameter.name)
            assert parameter.metavar or getattr(parameter, "is_flag", False), parameter.name
            assert parameter.type.name not in {"int", "float"}, (words, parameter.name)
            numbers += parameter.type.name == "int range"
    assert numbers > 10


@pytest.mark.parametrize(
    ("command", "meanings"),
    [("resident import", RESIDENT_COLUMNS), ("card grant-many", GRANT_COLUMNS)],
)
def test_imports_name_every_column(
    cli: CommandRunner, command: str, meanings: dict[str, str]
) -> None:
    shown = cli(*command.split(), "--help").out
    for name in meanings:
        assert re.search(rf"\b{SPELLED.get(name, name)}\b", " ".join(shown.split())), name


def test_wrong_usage(cli: CommandRunner) -> None:
    cli("sell").misused("sell")
    cli("store", "list", "--colour").misused("--colour")
    assert cli().code == 2


@pytest.mark.parametrize(
    "prepare",
    ['eval "$(gridgift --show-completion)"',
     'gridgift --install-completion >/dev/null; . "$HOME/.bashrc"'],
)  # fmt: skip
def test_a_shell_completes_commands_and_options(cli: CommandRunner, prepare: str) -> None:
    environ = cli.environ | {
        "HOME": str(cli.folder),
        "PATH": f"{Path(sys.executable).parent}:{cli.environ['PATH']}",
    }
    for typed, wanted in {"": "card", "card adj": "adjust", "card adjust --del": "--delta"}.items():
        words = f"gridgift {typed}"
        script = f"""{prepare}
            COMP_WORDS=({words} {"" if typed else "''"})
            COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
            eval "$(complete -p gridgift | sed 's/.* -F \\([^ ]*\\) .*/\\1/') gridgift"
            echo "${{COMPREPLY[*]}}" """
        done = subprocess.run(
            ["bash", "-c", script], cwd=cli.folder, env=environ, capture_output=True, text=True
        )
        assert wanted in done.stdout.split(), (typed, done)


def test_a_reader_that_goes_away_is_no_crash(cli: CommandRunner) -> None:
    done = subprocess.run(
        ["bash", "-c", f"'{sys.executable}' -m gridgift doctor | true"],
        cwd=cli.folder,
        env=cli.environ,
        capture_output=True,
        text=True,
    )
    assert "Traceback" not in done.stderr and "Exception" not in done.stderr


def test_a_terminal_without_utf_8_is_no_reason_to_fail(cli: CommandRunner) -> None:
    owner = ("--owner", "kelly", "--owner-uuid", "c7d8e9f0-1a2b-4c3d-9e4f-5a6b7c8d9e0f")
    assert cli("store", "create", "Zoë 礼物", *owner).code == 0
    for options in ((), ("--json",)):
        listed = subprocess.run(
            [sys.executable, "-m", "gridgift", "store", "list", *options],
            cwd=cli.folder,
            env={**cli.environ, "PYTHONIOENCODING": "ascii"},
            capture_output=True,
            check=True,
        )
        assert b"Zo\\xeb \\u793c" in listed.stdout


def brought(*commands: str) -> set[str]:
    """List what is imported by the time that these commands, or all, could run."""
    look = (
        "import sys; from gridgift.cli import COMMANDS, command_line; "
        "command_line(sys.argv[1:] or COMMANDS); print(*sys.modules)"
    )
    shown = subprocess.run(
        [sys.executable, "-c", look, *commands], capture_output=True, text=True, check=True
    )
    return set(shown.stdout.split())


def test_commands_bring_only_what_each_of_them_needs() -> None:
    heavy = {"asyncpg", "httpx2", "jinja2", "prometheus_client", "limits", "importlib.metadata"}
    assert not heavy & brought()


def test_a_server_brings_only_what_it_needs() -> None:
    """What a command imports is a part of its start, and stays in the memory of every worker."""
    needed = brought("serve")
    assert {"typer", "granian", "starlette"} <= needed
    assert not {"rich", "structlog", "pydantic", "prometheus_client", "asyncpg", "jinja2"} & needed
    assert "gridgift.cli.card" not in needed
