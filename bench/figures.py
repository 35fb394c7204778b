"""A figure: what was measured, against what in the same run, and the aim of their ratio."""

from statistics import median
from typing import Final, Literal

import msgspec
from msgspec import Struct

NAMES: Final = (
    "read", "page", "grant", "flush", "adjust", "redeem", "spend", "p99", "beside", "deep", "bulk",
    "search", "events", "dashboard", "webhooks", "workers", "start", "idle", "memory", "growth",
)  # fmt: skip


class Aim(Struct, frozen=True):
    """A limit for the ratio, and on which side of it is good."""

    limit: float
    at_least: bool = True

    def met_by(self, ratio: float) -> bool:
        """Tell whether a ratio is on the good side."""
        return ratio >= self.limit if self.at_least else ratio <= self.limit

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.limit:g}"


class Range(Struct, frozen=True):
    """The median of some values and between which they lie."""

    median: float
    min: float
    max: float

    @classmethod
    def of(cls, values: list[float]) -> "Range":
        """Sum up one value or more."""
        return cls(median(values), min(values), max(values))


class Series(Struct, frozen=True):
    """What every run gave, in their order."""

    what: str
    values: list[float]
    range: Range

    @classmethod
    def of(cls, what: str, values: list[float]) -> "Series":
        """Sum up the runs of one thing."""
        return cls(what, values, Range.of(values))


class Result(Struct, frozen=True):
    """One row of the table.

    ``name`` is that of ``only=``; ``ratio`` is that of the medians, its range that of the pairs.
    ``met`` is None where it can't be judged; ``note`` then says why. ``date`` is UTC.
    """

    name: str
    id: str
    engine: Literal["sqlite", "postgres"]
    title: str
    unit: str
    measured: Series | None
    baseline: Series | None
    ratio: Range | None
    aim: Aim | None
    met: bool | None
    note: str = ""
    date: str = ""
    commit: str = ""


class Figure(Struct, frozen=True):
    """What a row is about, before anything was measured."""

    name: str
    engine: Literal["sqlite", "postgres"]
    title: str
    measured: str
    baseline: str
    unit: str
    aim: Aim | None = None
    part: str = ""

    @property
    def id(self) -> str:
        """What no other row has."""
        return "-".join(filter(None, (self.name, self.part, self.engine)))

    def result(
        self,
        measured: list[float],
        baseline: list[float],
        *,
        errors: int = 0,
        note: str = "",
        also: bool = True,
        judged: bool = True,
    ) -> Result:
        """Make the row from pairs of runs.

        Any failed request makes it invalid; ``also`` is a second condition of the aim; one that
        is not ``judged`` is neither met nor missed.
        """
        if errors:
            return self.missing(f"invalid: {errors} requests failed")
        ratio = median(measured) / median(baseline)
        pairs = [ours / theirs for ours, theirs in zip(measured, baseline, strict=True)]
        met = self.aim.met_by(ratio) and also if self.aim is not None and judged else None
        return Result(
            self.name, self.id, self.engine, self.title, self.unit,
            Series.of(self.measured, measured), Series.of(self.baseline, baseline),
            Range(ratio, min(pairs), max(pairs)), self.aim, met, note,
        )  # fmt: skip

    def missing(self, note: str) -> Result:
        """Make the row of what could not be measured, which says why."""
        return Result(
            self.name, self.id, self.engine, self.title, self.unit, None, None, None, self.aim,
            None, note,
        )  # fmt: skip


class Facts(Struct, frozen=True):
    """The machine and the versions; memory in GiB."""

    cpu: str
    cores: int
    memory: int
    python: str
    sqlite: str
    postgres: str
    granian: str
    starlette: str
    date: str
    commit: str

    def same_machine(self, other: "Facts") -> bool:
        """Tell whether figures of both may stand in one table."""
        return (self.cpu, self.cores, self.memory) == (other.cpu, other.cores, other.memory)


class Results(Struct, frozen=True):
    """All of ``bench/results.json``; without facts nothing was measured yet."""

    facts: Facts | None = None
    rows: list[Result] = []

    def merged(self, facts: Facts, fresh: list[Result]) -> "Results":
        """Put fresh rows in the place of older ones; another machine's rows are dropped."""
        kept: dict[str, Result] = {}
        if self.facts is not None and self.facts.same_machine(facts):
            again = {(row.name, row.engine) for row in fresh}
            kept = {row.id: row for row in self.rows if (row.name, row.engine) not in again}
            postgres = facts.postgres or self.facts.postgres  # it runs only when it is asked for
            facts = msgspec.structs.replace(facts, postgres=postgres)
        kept |= {row.id: row for row in fresh}
        return Results(facts, sorted(kept.values(), key=_place))


def _place(row: Result) -> tuple[int, bool]:
    return NAMES.index(row.name), row.engine != "sqlite"
