"""Tables for people, on standard output."""

from collections.abc import Iterable, Sequence
from typing import Final

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gridgift.cli.output import printable

WIDE: Final = 1_000  # columns, where there is no terminal to be wrapped at
GAP: Final = 2  # columns between two cells
LONG: Final = 24  # characters, from which on a cell with spaces is a sentence


def print_table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table on standard output; no cell is cut, coloured or taken for markup.

    In a terminal sentences are wrapped to its width; ids and keys stay whole, to be copied.
    """
    cells = [[printable(cell) for cell in row] for row in rows]
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, GAP, 0, 0))
    needed = 0
    for number, heading in enumerate(headings):
        column = [heading, *(row[number] for row in cells)]
        least, most = max(map(_least_width, column)), max(map(cell_len, column))
        needed += least + GAP
        table.add_column(heading, min_width=least, no_wrap=least == most)
    for row in cells:
        table.add_row(*map(Text, row))
    console = Console(highlight=False, emoji=False)
    console.width = max(console.width if console.is_terminal else WIDE, needed)
    console.print(table)


def _least_width(cell: str) -> int:
    """Return how narrow a cell may get: only sentences may be wrapped, and between words."""
    parts = cell.split() if len(cell) > LONG else [cell]
    return max(map(cell_len, parts), default=0)
