"""Charts: from figures to places in a drawing of 640 by 180, whose points are links."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

WIDTH: Final = 640
HEIGHT: Final = 180
TOP: Final = 22  # below it lines are drawn, above it stands what the topmost one means
BOTTOM: Final = 152  # below it stand the days
LEFT: Final = 64  # beside the amounts of the scale
RIGHT: Final = 632
LINES: Final = 3  # of the scale, above zero


class Point(Struct, frozen=True):
    """A figure in a drawing: where it stands, how much it is, what it is called, where it leads."""

    x: float
    y: float
    amount: int
    label: str
    address: str


class Line(Struct, frozen=True):
    """A row of figures, whose last one may be of a time that is not over."""

    name: str
    points: Sequence[Point]

    @property
    def path(self) -> str:
        """The drawing of all that is over."""
        return _path(self.points[:-1])

    @property
    def open_path(self) -> str:
        """The drawing of what leads to the last figure, whose time goes on."""
        return _path(self.points[-2:])


class Chart(Struct, frozen=True):
    """Lines on one scale: ``scale`` has heights and what they mean, the largest last."""

    lines: Sequence[Line]
    scale: Sequence[tuple[float, int]]


def chart(labels: Sequence[str], rows: dict[str, Sequence[tuple[int, str]]]) -> Chart:
    """Draw rows of figures, none of them negative, that have a label each.

    Each is an amount (L$), and the address to which it leads.
    """
    top = _round_up(max((amount for row in rows.values() for amount, _ in row), default=0))

    def y(amount: int) -> float:
        return round(BOTTOM - (BOTTOM - TOP) * amount / top, 1)

    step = (RIGHT - LEFT) / max(len(labels) - 1, 1)
    lines = [
        Line(
            name,
            [
                Point(round(LEFT + step * place, 1), y(amount), amount, label, address)
                for place, (label, (amount, address)) in enumerate(zip(labels, row, strict=True))
            ],
        )
        for name, row in rows.items()
    ]
    marks = [top * line // LINES for line in range(LINES + 1)]
    return Chart(lines, [(y(mark), mark) for mark in marks])


def _round_up(amount: int) -> int:
    """Return a round number that is no smaller, and that the scale divides evenly."""
    unit = LINES
    while amount > unit * 10:
        unit *= 10
    return max(-(-amount // unit), 1) * unit


def _path(points: Sequence[Point]) -> str:
    return "M" + " ".join(f"{point.x} {point.y}" for point in points) if points else ""
