"""The list of all commands in ``docs/command-line.md``, made of what they say of themselves.

``python -m tests.cli.reference`` writes it, and ``tests/test_docs.py`` compares it.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import typer

from gridgift.cli import command_line
from gridgift.cli.complaints import typed
from tests.cli.commands import REPOSITORY

PAGE: Final[Path] = REPOSITORY / "docs" / "command-line.md"
BEGIN: Final = "<!-- commands: written by python -m tests.cli.reference -->\n"
COMMON: Final = {"store", "database", "json", "help"}  # said once, above the list


def reference() -> str:
    """Return the list: a table for each group, a row for each command."""
    whole: Any = typer.main.get_command(command_line())
    alone = {name: each for name, each in whole.commands.items() if not hasattr(each, "commands")}
    tables = [_table("The server and its database", "", alone)]
    tables += [
        _table(f"gridgift {name}", group.help, {f"{name} {verb}": each
               for verb, each in group.commands.items()})
        for name, group in whole.commands.items() if name not in alone
    ]  # fmt: skip
    return "\n".join(tables)


def _table(heading: str, about: str, commands: dict[str, Any]) -> str:
    rows = [f"| `{_usage(words, each)}` | {_first(each)} |\n" for words, each in commands.items()]
    said = f"{about}\n\n" if about else ""
    return f"### {heading}\n\n{said}| Command | What it does |\n|---|---|\n{''.join(rows)}"


def _usage(words: str, command: Any) -> str:
    shown = [_shown(each) for each in command.params if each.name not in COMMON]
    return " ".join([words, *shown])


def _shown(parameter: Any) -> str:
    if parameter.param_type_name == "argument" and "[" in (parameter.metavar or ""):
        return str(parameter.metavar)
    name = typed(parameter)
    if parameter.param_type_name == "option" and not parameter.is_flag:
        name = f"{name} {parameter.metavar}"
    if parameter.secondary_opts:
        name = f"{name}/{parameter.secondary_opts[0]}"
    return name if parameter.required else f"[{name}]"


def _first(command: Any) -> str:
    """Return the first paragraph of a command's help."""
    return " ".join((command.help or "").split("\n\n")[0].split())


def parts(page: str) -> Iterator[str]:
    """Yield what is before the list, the list, and what is behind it."""
    before, begin, rest = page.partition(BEGIN)
    assert begin, "the page has a place for the list"
    listed, end, after = rest.partition("\n## ")
    yield before + begin
    yield listed
    yield end + after


def main() -> None:
    """Write the list into the page."""
    before, _, after = parts(PAGE.read_text(encoding="utf-8"))
    PAGE.write_text(f"{before}\n{reference()}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
