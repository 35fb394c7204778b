"""CSV files as people have them: no row is lost, whatever is wrong with some of them."""

import csv
import io
import re
from typing import Any, Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gridgift.csv_rows import LONGEST_LINE, MAX_LINES, CsvError
from gridgift.domain.bulk import GrantRow, Row, Skipped
from gridgift.domain.days import SECOND_LIFE
from gridgift.domain.failures import Failure, ValidationFailed
from gridgift.domain.imports import count, problem
from gridgift.grant_csv import GrantCsv, Line

ROWS: Final = 12
HARM: Final = st.text(st.sampled_from("\",;\t '\\=\u00e9\udcff\0x1"), min_size=1, max_size=4)
SIGNS: Final = "=+-@\uff1d\uff0b\uff0d\uff20"  # with which a formula begins
MUTATIONS: Final = st.lists(
    st.tuples(st.integers(0, ROWS - 1), st.integers(0, 40), HARM), min_size=1, max_size=4
)
# What stands around a cell that is quoted as it should be.
QUOTED: Final = {
    "identifier,credit,reason": 'kelly,{},"a ""prize"", really"',
    "reason;identifier;credit": '"a ""prize""; really";kelly;{}',
    "credit\tnote\tname": '{}\t"a note"\tkelly',
}


def read(text: str) -> list[Line]:
    """Read a file's rows."""
    return list(GrantCsv(io.StringIO(text, newline=""), SECOND_LIFE))


def rows(text: str) -> list[Row]:
    """Read a file's rows, and only what was asked for in them."""
    return [line.row for line in read(text)]


def credits_of(found: list[Line]) -> list[int]:
    """Return the credits that would be granted."""
    return [line.row.terms.credit for line in found if isinstance(line.row, GrantRow)]


def mutated(lines: list[str], mutations: list[tuple[int, int, str]]) -> set[int]:
    """Put texts into some lines; return which."""
    for index, place, text in mutations:
        line = lines[index]
        place %= len(line) + 1
        lines[index] = line[:place] + text + line[place:]
    return {index for index, _, _ in mutations}


@settings(max_examples=400)
@given(st.sampled_from(list(QUOTED)[:2]), MUTATIONS, st.sampled_from(["\n", "\r\n", "\r"]))
@example("identifier,credit,reason", [(2, 8, '"')], "\n")
@example("identifier,credit,reason", [(2, 0, '"'), (4, 40, '"')], "\n")
@example("identifier,credit,reason", [(2, 9, ',,"x')], "\n")
def test_each_line_is_one_row(header: str, mutations: list[tuple[int, int, str]], end: str) -> None:
    """Where all columns mean something: the counts are the lines', and whole lines stay whole."""
    lines = [QUOTED[header].format(number + 100) for number in range(ROWS)]
    harmed = mutated(lines, mutations)
    found = read(end.join([header, *lines]))
    assert sum(count([line.row for line in found]).values()) == ROWS  # type: ignore[arg-type]
    assert [line.number for line in found] == list(range(2, ROWS + 2))
    for index in set(range(ROWS)) - harmed:
        row = found[index].row
        assert isinstance(row, GrantRow) and row.terms.credit == index + 100


@settings(max_examples=400)
@given(MUTATIONS)
@example([(2, 4, '"x\t"'), (4, 40, '"')])
def test_no_line_is_swallowed_by_a_note(mutations: list[tuple[int, int, str]]) -> None:
    """Where a note may go over lines: a whole line is granted or reported, and never neither."""
    header = "credit\tnote\tname"
    lines = [QUOTED[header].format(number + 100) for number in range(ROWS)]
    harmed = mutated(lines, mutations)
    found = read("\n".join([header, *lines]))
    granted = credits_of(found)
    reported = {line.number for line in found if isinstance(line.row, Failure)}
    assert len(granted) == len(set(granted))
    for index in set(range(ROWS)) - harmed:
        assert (index + 100 in granted) is not (index + 2 in reported)


def test_a_stray_quote_takes_one_row() -> None:
    lines = [f"kelly,{number},prize" for number in range(1, 301)]
    lines[2] = 'kelly,3,"prize'
    found = read("identifier,credit,reason\n" + "\n".join(lines))
    assert credits_of(found) == [1, 2, *range(4, 301)]
    assert (found[2].number, found[2].cells) == (4, ['kelly,3,"prize'])
    assert isinstance(found[2].row, ValidationFailed)
    assert "quote" in problem(found[2].row)


def test_a_note_may_go_over_lines() -> None:
    found = read('name,credit,note\nkelly,5,"two\n\nlines, ""quoted"""\njo,6,x\n"sam",7,\n')
    assert credits_of(found) == [5, 6, 7]
    assert [line.number for line in found] == [2, 5, 6]
    first = read('note,name,credit\n"of, two\nlines",kelly,5\nx,jo,6\n')
    assert credits_of(first) == [5, 6]


def test_a_row_inside_a_note_is_neither_granted_nor_lost() -> None:
    found = read('name,credit,note\nkelly,5,"two\njo,6,x\nend"\nsam,7,\n')
    assert credits_of(found) == [7]
    assert [line.number for line in found] == [2, 3, 4, 5]
    assert "check the quotes" in problem(found[1].row)  # type: ignore[arg-type]


def test_a_note_without_an_end() -> None:
    rest = "".join(f"jo,{number},\n" for number in range(1, 3 * MAX_LINES))
    found = read(f'name,credit,note\nkelly,5,"open\n{rest}')
    assert credits_of(found) == list(range(1, 3 * MAX_LINES))
    assert isinstance(found[0].row, ValidationFailed)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_what_spreadsheets_write(delimiter: str, end: str) -> None:
    """Empty rows at the beginning, between and at the end, and cells left out or added."""
    text = (
        ",,,", "", "Name,Gift Card Credits,Note,", ",,,", "kelly,5", "", " , ,,,,", "jo,6,x,,,,",
        '"","",""', "sam", ",,,",
    )  # fmt: skip
    found = read(end.join(text).replace(",", delimiter))
    assert credits_of(found) == [5, 6]
    assert isinstance(found[-1].row, Skipped)
    assert [line.number for line in found] == [5, 8, 10]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("length", [n * LONGEST_LINE + d for n in (1, 2) for d in range(-3, 4)])
def test_a_line_of_any_length_is_one_line(length: int, end: str) -> None:
    """Wherever the parts end in which it is read: in its text, before its end, or inside that."""
    long = "kelly,5,".ljust(length, "x")
    text = end.join(["identifier,credit,note", long, "jo,no,", "", long])
    for file in (
        io.StringIO(text, newline=""),
        io.TextIOWrapper(io.BytesIO(text.encode()), newline=""),
    ):
        found = list(GrantCsv(file, SECOND_LIFE))
        assert [line.number for line in found] == [2, 3, 5]
        assert credits_of(found) == ([5, 5] if length <= LONGEST_LINE else [])


@pytest.mark.parametrize("blank", ["", " ", "   ", "\u00a0"])
def test_blanks_in_a_cell_that_may_be_empty_are_nothing(blank: str) -> None:
    names = ["transfer", "texture", "expires at", "metadata"]
    if blank.isascii():  # in a text any other blank is a sign
        names += ["reason", "reference", "tags"]
    header = ",".join(["name", "credit", *names])
    assert rows(f"{header}\nkelly,5{f',{blank}' * len(names)}\n") == rows(f"{header}\nkelly,5\n")


def test_other_encodings_are_named() -> None:
    cells = "kelly,5,caf\u00e9".encode("cp1252").decode("utf-8", "surrogateescape")
    (refused,) = rows(f"identifier,credit,reason\n{cells}\n")
    assert "UTF-8" in problem(refused) and "Windows-1252" in problem(refused)  # type: ignore[arg-type]
    (granted,) = rows(f"identifier,credit,note\n{cells}\n")
    assert isinstance(granted, GrantRow)
    for header, said in (
        ("identifier,credit\n".encode("utf-16"), "UTF-16"),
        ("identifier,credit,caf\u00e9\n".encode("cp1252"), "UTF-8"),
        ("identifier,credit\n".encode("utf-16-le"), "UTF-8"),
    ):
        with pytest.raises(CsvError, match=said):
            read(header.decode("utf-8", "surrogateescape"))


@settings(max_examples=300)
@given(st.text(st.sampled_from('kelly,5;"\t\r\n \0\u00e9\udcff'), max_size=200))
def test_any_text_is_read(text: str) -> None:
    found: Any = read("identifier,credit,note\n" + text)
    numbers = [line.number for line in found]
    assert numbers == sorted(set(numbers))
    assert all(line.cells for line in found)


@given(st.text(f"{SIGNS}'|;, ab\t", max_size=6), st.text(f"{SIGNS}'|;, ab", max_size=6))
def test_a_report_is_read_as_its_file_and_runs_in_no_spreadsheet(reason: str, mine: str) -> None:
    header, row = ["name", "credit", "reason", "mine"], ["kelly", "5", reason, mine]
    grants = GrantCsv(io.StringIO(written([header, row]), newline=""), SECOND_LIFE)
    (line,) = grants
    report = written([grants.report_header(), grants.report_row(line, mine)])
    for cell in (cell for cells in csv.reader(io.StringIO(report)) for cell in cells):
        assert not any(part.lstrip()[:1] in {*SIGNS} for part in re.split("[,;|]", cell)), cell
    assert [str(again) for again in rows(report)] == [str(line.row)]


def written(cells: list[list[Any]]) -> str:
    """Write a CSV text as Python does."""
    text = io.StringIO()
    csv.writer(text).writerows(cells)
    return text.getvalue()
