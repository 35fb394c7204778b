"""QR codes, drawn by the page: a path of squares, so that no picture is loaded."""

from collections.abc import Iterable
from itertools import groupby

from msgspec import Struct

BORDER = 4  # squares that are light all around (ISO/IEC 18004)


class Drawing(Struct, frozen=True):
    """A QR code: its size in squares, with the border, and the dark ones as an SVG path."""

    size: int
    path: str


def draw(text: str) -> Drawing:
    """Draw a text's QR code."""
    import segno

    rows = list(segno.make(text, error="m", micro=False).matrix_iter(border=BORDER))
    return Drawing(len(rows), "".join(_line(row, y) for y, row in enumerate(rows)))


def _line(row: Iterable[int], y: int) -> str:
    """Draw a row: each stretch of dark squares in one piece."""
    path, x = "", 0
    for dark, squares in groupby(row):
        length = len(list(squares))
        if dark:
            path += f"M{x} {y}h{length}v1h-{length}z"
        x += length
    return path
