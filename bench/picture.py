"""The picture: how far each figure is from its limit. Drawn from ``results.json`` alone."""

import re
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from bench.figures import Results
from bench.report import amount
from bench.runs import SPOKEN

WIDTH: Final = 5.0  # inches: as wide as a phone, so that nothing shrinks there
BAR: Final = 0.52  # inches a bar, with its label
LONGEST: Final = 2.0  # a bar ends at twice its limit; its label has the true figure
PALE: Final = 0.35  # how much is left of the colour of a bar that is not judged
COLOURS: Final = {"sqlite": "#0b7285", "postgres": "#5f3dc4"}
INK: Final = "#1c2430"
PAPER: Final = "#ffffff"  # a ground of its own: legible whatever the page's is
STYLE: Final[dict[Any, Any]] = {
    "svg.hashsalt": "gridgift",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9.5,
    "text.color": INK,
    "text.parse_math": False,
}


class Bar(Struct, frozen=True):
    """A figure that has an aim."""

    title: str
    engine: str
    ratio: float
    limit: float
    at_least: bool
    judged: bool

    @property
    def label(self) -> str:
        """What stands above it."""
        sign = "≥" if self.at_least else "≤"
        aim = f"aim {sign} {self.limit:g}{'' if self.judged else ', not judged'}"
        return f"{SPOKEN[self.engine]}: {amount(self.ratio)}, {aim}"


def bars(results: Results) -> list[Bar]:
    """Take the bars out of the results: what must reach its limit first, then what must not."""
    found = [
        Bar(
            row.title,
            row.engine,
            row.ratio.median,
            row.aim.limit,
            row.aim.at_least,
            row.met is not None,
        )
        for row in results.rows
        if row.ratio is not None and row.aim is not None
    ]
    return sorted(found, key=lambda bar: not bar.at_least)


def source(results: Results) -> str:
    """Write what is drawn; the picture carries it as its description."""
    return msgspec.json.encode(bars(results)).decode()


def source_of(path: Path) -> str:
    """Read from a picture what is drawn in it."""
    found = re.search(r"<dc:description>(.*?)</dc:description>", path.read_text(encoding="utf-8"))
    assert found is not None, "the picture says what it shows"
    return found[1].replace("&quot;", '"').replace("&gt;", ">").replace("&amp;", "&")


def draw(results: Results, path: Path) -> None:
    """Draw the bars against their limits, at least 1 to the right and at most 1 to the left."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    drawn = bars(results)
    groups = [group for group in _groups(drawn) if group[1]]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, BAR * len(drawn) + 0.5 * len(groups)), facecolor=PAPER)
        ratios = [len(group) + 0.6 for _, group in groups]
        axes = figure.subplots(len(groups), 1, squeeze=False, height_ratios=ratios)
        for (heading, group), (axis,) in zip(groups, axes, strict=True):
            _panel(axis, heading, group)
        figure.subplots_adjust(left=0.04, right=0.96, top=0.97, bottom=0.02, hspace=0.1)
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(
            path, format="svg", facecolor=PAPER, metadata=nothing | {"Description": source(results)}
        )


def _groups(drawn: list[Bar]) -> list[tuple[str, list[Bar]]]:
    return [
        ("Good: the bar reaches its limit, the line", [bar for bar in drawn if bar.at_least]),
        ("Good: the bar ends before its limit", [bar for bar in drawn if not bar.at_least]),
    ]


def _panel(axis: Any, heading: str, group: list[Bar]) -> None:
    axis.set_axis_off()
    axis.set_title(heading, loc="left", fontsize=10.5, fontweight="bold", color=INK)
    axis.set_xlim(0, LONGEST)
    axis.set_ylim(len(group), -0.1)
    for place, bar in enumerate(group):
        length = min(bar.ratio / bar.limit, LONGEST)
        colour, alpha = COLOURS[bar.engine], 1 if bar.judged else PALE
        axis.barh(place + 0.74, length, height=0.3, color=colour, alpha=alpha)
        axis.text(0, place + 0.13, bar.title, va="center", color=INK)
        axis.text(0, place + 0.42, bar.label, va="center", color=colour, fontsize=8.5)
        axis.plot([1, 1], [place + 0.55, place + 0.93], color=INK, linewidth=1.6)
