"""The same table in the terminal and in the documentation, and ``results.json``."""

import re
from pathlib import Path
from typing import Final

import msgspec
from rich.table import Table

from bench.figures import Facts, Range, Result, Results, Series
from bench.runs import SPOKEN

BEGIN: Final = "<!-- figures: written by make bench -->"
END: Final = "<!-- /figures -->"
NOTHING: Final = "Nothing was measured yet: run `make bench`."
PICTURE: Final = (
    "![Bars: how each figure compares with its limit; the table below has the same figures]"
    "(performance.svg)"
)
HEADINGS: Final = ("What", "Engine", "Measured", "Against", "Ratio", "Aim", "Met", "Measured on")


def read(path: Path) -> Results:
    """Read ``results.json``; one that is not there is empty."""
    return msgspec.json.decode(path.read_bytes(), type=Results) if path.exists() else Results()


def write(path: Path, results: Results) -> None:
    """Write ``results.json``, whole or not at all."""
    text = msgspec.json.format(msgspec.json.encode(rounded(results)), indent=2)
    draft = path.with_suffix(".draft")
    draft.write_bytes(text + b"\n")
    draft.replace(path)


def rounded(results: Results) -> Results:
    """Keep as many digits as a measurement is worth."""

    def short(value: object) -> object:
        if isinstance(value, float):
            return float(f"{value:.6g}")
        if isinstance(value, list):
            return [short(each) for each in value]
        if isinstance(value, dict):
            return {name: short(each) for name, each in value.items()}
        return value

    return msgspec.convert(short(msgspec.to_builtins(results)), type=Results)


def terminal(rows: list[Result]) -> Table:
    """Make the table for a terminal."""
    table = Table(*HEADINGS[:-1], title="Medians, and between what the runs lay")
    for row in rows:
        colour = {True: "green", False: "red", None: "yellow"}[row.met]
        *cells, met, _ = _cells(row)
        what = cells[0] + (f"\n[dim]{row.note}[/dim]" if row.note else "")
        table.add_row(what, *cells[1:], f"[{colour}]{met}[/{colour}]")
    return table


def markdown(results: Results) -> str:
    """Write what stands between the markers of the documentation's page."""
    if results.facts is None or not results.rows:
        return NOTHING
    lines = [PICTURE, "", _machine(results.facts), "", _line(HEADINGS), _line(["---"] * 8)]
    notes = list(dict.fromkeys(row.note for row in results.rows if row.note))
    for row in results.rows:
        cells = _cells(row)
        if row.note:
            cells[0] += f" ({notes.index(row.note) + 1})"
        lines.append(_line(cells))
    if notes:
        lines += ["", *(f"{number}. {note}" for number, note in enumerate(notes, 1))]
    return "\n".join(lines)


def put_into(page: str, results: Results) -> str:
    """Put the table into a page, between its markers. Raises ``ValueError`` without them."""
    between = re.compile(f"{re.escape(BEGIN)}.*{re.escape(END)}", re.DOTALL)
    if not between.search(page):
        raise ValueError("the page has no place for the figures")
    return between.sub(lambda _: f"{BEGIN}\n{markdown(results)}\n{END}", page)


def amount(value: float) -> str:
    """Write a value with three digits or more, thousands apart."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def spread(range_: Range) -> str:
    """Write a median and its range."""
    if range_.min == range_.max:
        return amount(range_.median)
    return f"{amount(range_.median)} ({amount(range_.min)}–{amount(range_.max)})"


def _cells(row: Result) -> list[str]:
    ratio = spread(row.ratio) if row.ratio else "–"
    met = {True: "yes", False: "no", None: "–" if row.ratio else "not measured"}[row.met]
    return [
        row.title, SPOKEN[row.engine], _series(row.measured, row.unit),
        _series(row.baseline, row.unit), ratio, str(row.aim or "–"), met,
        f"{row.date} {row.commit}".strip(),
    ]  # fmt: skip


def _series(series: Series | None, unit: str) -> str:
    return f"{series.what}: {spread(series.range)} {unit}" if series else "–"


def _machine(facts: Facts) -> str:
    postgres = f", PostgreSQL {facts.postgres}" if facts.postgres else ""
    return (
        f"{facts.cpu}, {facts.cores} cores, {facts.memory} GiB; Python {facts.python}, "
        f"SQLite {facts.sqlite}{postgres}, Granian {facts.granian}, Starlette {facts.starlette}."
    )


def _line(cells: list[str] | tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"
