"""Tables for people, on standard output."""

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len

from gridgift.cli.output import printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

GAP: Final = 2  # columns between two cells
LONG: Final = 24  # characters, from which on a cell with spaces is a sentence
WORD: Final = 40  # columns of the longest word of a sentence that stays whole: a UUID does


def print_table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table on standard output; no cell is cut, coloured or taken for markup.

    In a terminal sentences are wrapped to its width; ids and keys stay whole, to be copied. A table
    that is too wide even so is printed as a list, with a line for each cell. Elsewhere each row is
    one line, whatever its width.
    """
    cells = [[printable(cell) for cell in row] for row in rows]
    if sys.stdout.isatty():
        _print_in_terminal(headings, cells)
    else:
        _print_lines([headings, *cells])


def print_facts(facts: Iterable[tuple[str, object]]) -> None:
    """Print what is known of one thing: a line for each fact, and its name before it."""
    rows = [(name, printable(value)) for name, value in facts]
    if sys.stdout.isatty():
        names, values = zip(*rows, strict=True)
        _console().print(_as_list(names, [values]))
    else:
        _print_lines(rows)


def print_line(text: str) -> None:
    """Print a line; a terminal gets it wrapped to its width, between words, the rest indented."""
    line = printable(text)
    if sys.stdout.isatty():
        console = _console()
        wrapped = _plain(line).wrap(console, max(1, console.width - GAP), overflow="fold")
        console.print(_plain("\n" + " " * GAP).join(wrapped), soft_wrap=True)
    else:
        print(line, flush=True)


def _print_lines(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        padded = [
            cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)
        ]
        print((" " * GAP).join(padded).rstrip(" "))
    sys.stdout.flush()


def _print_in_terminal(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    console = _console()
    columns = list(zip(headings, *rows, strict=True))
    least = [max(map(_least_width, column)) for column in columns]
    most = [max(map(cell_len, column)) for column in columns]
    room = console.width - GAP * (len(columns) - 1)
    if sum(least) > room:
        console.print(_as_list(headings, rows))
    else:
        console.print(_as_table(headings, rows, _fitted(least, most, room)))


def _console() -> "Console":
    from rich.console import Console  # a pipe does without

    return Console(highlight=False, emoji=False)


def _as_table(
    headings: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int]
) -> "Table":
    table = _made(show_header=True)
    for heading, width in zip(headings, widths, strict=True):
        table.add_column(heading, width=max(1, width), overflow="fold")
    for row in rows:
        table.add_row(*map(_plain, row))
    return table


def _as_list(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> "Table":
    table = _made(show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for row in rows:
        if table.row_count:
            table.add_row()
        for heading, cell in zip(headings, row, strict=True):
            table.add_row(heading, _plain(cell))
    return table


def _made(*, show_header: bool) -> "Table":
    from rich.table import Table

    return Table(
        box=None, header_style="bold", pad_edge=False, padding=(0, GAP, 0, 0),
        show_header=show_header,
    )  # fmt: skip


def _plain(cell: str) -> "Text":
    from rich.text import Text

    return Text(cell)  # no markup


def _fitted(least: Sequence[int], most: Sequence[int], room: int) -> list[int]:
    """Share the room: each column has what it needs, then those that want least what they want."""
    widths, spare = list(least), room - sum(least)
    for n in sorted(range(len(widths)), key=lambda n: most[n] - least[n]):
        more = min(spare, most[n] - least[n])
        widths[n] += more
        spare -= more
    return widths


def _least_width(cell: str) -> int:
    """Return how narrow a cell may get: only sentences may be wrapped, and between words."""
    if len(cell) <= LONG or " " not in cell:
        return cell_len(cell)
    return min(WORD, max(map(cell_len, cell.split())))
