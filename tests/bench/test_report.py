"""The documentation's table and picture say what results.json says."""

import re
from pathlib import Path

import pytest

from bench import picture, report
from bench.figures import Results
from tests.bench.test_figures import FACTS, P99, READ

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
PICTURE = ROOT / "docs" / "performance.svg"
KEPT = report.read(ROOT / "bench" / "results.json")
SAMPLE = Results(
    FACTS,
    [
        READ.result([12_345.0, 12_000.0], [20_000.0, 20_000.0], note="a note & more"),
        P99.missing("invalid: 3 requests failed"),
        P99.result([1.0], [1.0]),
    ],
)


def test_the_page_shows_the_kept_results() -> None:
    assert report.put_into(PAGE, KEPT) == PAGE


def test_the_picture_shows_the_kept_results() -> None:
    if picture.bars(KEPT):
        assert picture.source_of(PICTURE) == picture.source(KEPT)
    else:
        assert not PICTURE.exists()


def test_the_page_explains_every_row() -> None:
    from bench.figures import NAMES

    assert tuple(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)) == NAMES
    (listed,) = re.findall(r"^The names for `only=` are (.+?)\.", PAGE, re.MULTILINE | re.DOTALL)
    assert tuple(re.findall(r"`(\w+)`", listed)) == NAMES


def test_the_kept_results_name_no_machine() -> None:
    text = (ROOT / "bench" / "results.json").read_text(encoding="utf-8")
    assert not re.search(r'"/|/home/|/tmp/|://', text)


def test_a_table_has_medians_ranges_and_notes() -> None:
    text = report.markdown(SAMPLE)
    assert "| read (1) | SQLite | ours: 12,172 (12,000–12,345) answers/s |" in text
    assert "| 0.61 (0.60–0.62) | ≥ 0.6 | yes |" in text
    assert "| p99 (2) | SQLite | – | – | – | ≤ 3 | not measured |" in text
    assert "1. a note & more\n2. invalid: 3 requests failed" in text


def test_results_come_back_from_their_file(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    assert report.read(path) == Results()
    report.write(path, SAMPLE)
    assert report.read(path) == report.rounded(SAMPLE)


def test_a_page_without_a_place_is_refused() -> None:
    with pytest.raises(ValueError, match="no place"):
        report.put_into("# Performance", SAMPLE)


def test_the_same_results_give_the_same_picture(tmp_path: Path) -> None:
    first, second = tmp_path / "1.svg", tmp_path / "2.svg"
    for path in (first, second):
        picture.draw(SAMPLE, path)
    assert first.read_bytes() == second.read_bytes()
    assert picture.source_of(first) == picture.source(SAMPLE)
    assert len(picture.bars(SAMPLE)) == 2
    assert first.stat().st_size < 20_000
