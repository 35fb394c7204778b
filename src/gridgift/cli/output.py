"""What commands print: tables for people, JSON for scripts, sentences on standard error."""

import sys
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gridgift.domain.instants import format_instant

WIDE: Final = 1_000  # columns, where there is no terminal to be wrapped at


def print_json(value: Any) -> None:
    """Print a value as indented JSON on standard output."""
    print(msgspec.json.format(msgspec.json.encode(value), indent=2).decode(), flush=True)


def print_table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table on standard output; no cell is cut, coloured or taken for markup."""
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*[Text(shown(cell)) for cell in row])
    width = None if sys.stdout.isatty() else WIDE
    Console(width=width, highlight=False, emoji=False).print(table)


def shown(value: object) -> str:
    """Write a value for people: yes and no, nothing for None, no control characters."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "".join(
        sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in str(value)
    )


def instant(milliseconds: int | None) -> str | None:
    """Write an instant in ISO 8601, or None where there is none."""
    return None if milliseconds is None else format_instant(milliseconds)


def say(sentence: str) -> None:
    """Tell people something, on standard error."""
    print(shown(sentence), file=sys.stderr, flush=True)


def complain(sentence: str) -> None:
    """Tell people what went wrong, on standard error."""
    say(f"gridgift: {sentence}")
