"""Statistics, aims, and how fresh rows take the place of older ones."""

import pytest

from bench.figures import Aim, Facts, Figure, Range, Result, Results

FACTS = Facts("CPU", 2, 8, "3.11.7", "3.40.1", "18.0", "2.8.0", "1.10.0", "2026-11-22", "abc")
READ = Figure("read", "sqlite", "read", "ours", "the constant", "answers/s", Aim(0.6))
P99 = Figure("p99", "sqlite", "p99", "beside grants", "alone", "ms", Aim(3, at_least=False))


def read_row(engine: str = "sqlite", rate: float = 60.0) -> Result:
    assert engine in {"sqlite", "postgres"}
    figure = Figure("read", engine, "read", "ours", "base", "answers/s", Aim(0.6))  # type: ignore[arg-type]
    return figure.result([rate], [100.0])


def test_the_ratio_is_that_of_the_medians_and_its_range_that_of_the_pairs() -> None:
    row = READ.result([50.0, 70.0, 60.0], [100.0, 100.0, 80.0])
    assert row.measured is not None
    assert row.measured.values == [50.0, 70.0, 60.0]
    assert row.measured.range == Range(60.0, 50.0, 70.0)
    assert row.ratio == Range(0.6, 0.5, 0.75)
    assert row.met is True


@pytest.mark.parametrize(
    ("figure", "ours", "met"), [(READ, 59.9, False), (P99, 300.0, True), (P99, 300.1, False)]
)
def test_an_aim_has_a_good_side(figure: Figure, ours: float, met: bool) -> None:
    assert figure.result([ours], [100.0]).met is met


def test_failed_requests_make_a_row_invalid() -> None:
    row = READ.result([60.0], [100.0], errors=3)
    assert (row.ratio, row.met, row.note) == (None, None, "invalid: 3 requests failed")


def test_what_is_not_judged_is_neither_met_nor_missed() -> None:
    row = READ.result([10.0], [100.0], judged=False, note="too few cores")
    assert row.ratio is not None
    assert row.met is None


def test_a_second_condition_counts() -> None:
    assert READ.result([60.0], [100.0], also=False).met is False


def test_fresh_rows_replace_theirs_and_leave_the_others() -> None:
    old = Results(FACTS, [read_row(), read_row("postgres")])
    merged = old.merged(FACTS, [P99.result([1.0], [1.0]), read_row(rate=90.0)])
    assert [row.id for row in merged.rows] == ["read-sqlite", "read-postgres", "p99-sqlite"]
    assert merged.rows[0].ratio == Range(0.9, 0.9, 0.9)


def test_figures_of_two_machines_are_not_mixed() -> None:
    other = Facts("CPU", 64, 8, "3.11.7", "3.40.1", "18.0", "2.8.0", "1.10.0", "2026-11-22", "abc")
    merged = Results(FACTS, [read_row("postgres")]).merged(other, [read_row()])
    assert [row.id for row in merged.rows] == ["read-sqlite"]


def test_a_run_without_postgresql_forgets_no_version_of_it() -> None:
    without = Facts("CPU", 2, 8, "3.11.7", "3.40.1", "", "2.8.0", "1.10.0", "2026-11-23", "def")
    merged = Results(FACTS, [read_row("postgres")]).merged(without, [read_row()])
    assert merged.facts is not None
    assert (merged.facts.postgres, merged.facts.date) == ("18.0", "2026-11-23")
