"""Cells of CSV: no spreadsheet runs one, and what was written is read again."""

import csv
import io
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gridgift import spreadsheets

SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20"
TEXTS = st.text([*SIGNS, *"'\" \u00a0,;|\\a{}:1"], max_size=12)


def split(line: str) -> list[str]:
    """Return the cells of a line as spreadsheets split it at one sign or another."""
    return [
        cell
        for delimiter in ",;|\t"
        for row in csv.reader(io.StringIO(line, newline=""), delimiter=delimiter)
        for cell in row
    ]


@pytest.mark.contract("10.113", "10.174")
@given(st.lists(TEXTS, min_size=1, max_size=3), TEXTS, TEXTS)
@example(['a;"=1'], "", "")
@example(["x"], "a", "b,=1")
@example(["x"], "=a", ";=1")
def test_no_cell_is_a_formula(texts: list[str], name: str, value: str) -> None:
    line = spreadsheets.lines([[*texts, spreadsheets.json_of({name: value, "a": "b"}), "end"]])
    assert [cell for cell in split(line) if cell.lstrip()[:1] in {*SIGNS}] == []


@pytest.mark.contract("10.113")
@given(TEXTS)
def test_a_text_is_as_it_was(text: str) -> None:
    assert spreadsheets.as_it_was(spreadsheets.harmless(text)) == text


@pytest.mark.contract("10.161", "10.174")
@given(st.dictionaries(TEXTS, TEXTS, max_size=3))
def test_json_in_a_cell_reads_as_it_is(members: dict[str, str]) -> None:
    ((cell,),) = csv.reader(io.StringIO(spreadsheets.lines([[spreadsheets.json_of(members)]])))
    assert json.loads(cell) == members
