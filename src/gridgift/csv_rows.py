"""CSV files as people have them, row by row: what is wrong with a row is found at its own lines.

Cells are parted by commas, semicolons or tabs, whichever the first line has most of. Blank lines
and rows of empty cells are nothing; missing cells at a row's end are empty.
"""

import csv
import re
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Final, TextIO

from msgspec import Struct

LONGEST_LINE: Final = 65_536  # characters, without its end
MAX_LINES: Final = 100  # of one row
SHOWN: Final = 200  # characters of a line that is too long

_SURROGATE: Final = re.compile("[\ud800-\udfff]")  # what surrogateescape makes of other bytes
_NOT_UTF_8: Final = "is not in UTF-8; it may be Windows-1252: save the file as CSV in UTF-8"
_QUOTES: Final = "can't be split into cells: a quote is not closed in its line, or stands inside"
_AMBIGUOUS: Final = (
    "stands between two quotes that are lines apart, and can be a row or a part of a text: "
    "check the quotes"
)


class CsvError(Exception):
    """The file as a whole can't be read; the message says why, without a full stop."""


class Cells(Struct, frozen=True):
    """A row: the number of its first line, from 1, its cells, and why it is none (``fault``).

    A row that could not be split has its line as its only cell; any other has as many cells as
    the first line of the file, and those that it has too many.
    """

    line: int
    cells: list[str]
    fault: str | None = None


class CsvRows:
    """The rows of a CSV text, one after the other. Raises ``CsvError`` for its header.

    The text is decoded with ``errors="surrogateescape"``, so that a row that is not UTF-8
    fails alone.
    """

    def __init__(self, text: TextIO) -> None:
        self._lines = _Lines(text)
        first = self._lines.next()
        while first is not None and not first.text.strip(",;\t \r\n"):
            first = self._lines.next()
        self.delimiter = max(",;\t", key=first.text.count) if first is not None else ","
        self.header = [name.strip() for name in self._heading(first)]

    def rows(
        self, columns: Collection[int], is_row: Callable[[list[str]], bool]
    ) -> Iterator[Cells]:
        """Yield the rows.

        ``columns`` are those that mean something: their cells are of one line, and in UTF-8.
        ``is_row`` tells whether cells would be taken as a row, to find quotes that are amiss.
        """
        while (line := self._lines.next()) is not None:
            if not line.whole:
                fault = f"is longer than {LONGEST_LINE} characters"
                yield Cells(line.number, [line.text[:SHOWN]], fault)
            elif '"' in line.text:
                yield from self._quoted(line, columns, is_row)
            elif row := self._row(line, self._parts(line.text), columns):
                yield row

    def _heading(self, first: "_Line | None") -> list[str]:
        text = "" if first is None else first.text
        if text[:2] in {"\udcff\udcfe"}:
            raise CsvError("it is UTF-16: save it as CSV in UTF-8")
        if "\0" in text or _SURROGATE.search(text):
            raise CsvError("its first line is not text in UTF-8: save it as CSV in UTF-8")
        try:
            return self._split([text])
        except csv.Error:
            raise CsvError("the quotes of its first line are not closed") from None

    def _row(self, line: "_Line", cells: list[str], columns: Collection[int]) -> Cells | None:
        """Return a row, None if it is nothing."""
        if not "".join(cells).strip():
            return None
        width = len(self.header)
        if len(cells) != width:
            if "".join(cells[width:]).strip():
                fault = f"has {len(cells)} cells, and the first line has {width}"
                return Cells(line.number, cells, fault)
            cells = cells[:width] + [""] * (width - len(cells))
        if not line.text.isascii() and any(_SURROGATE.search(cells[n]) for n in columns):
            return Cells(line.number, cells, _NOT_UTF_8)
        return Cells(line.number, cells)

    def _quoted(
        self, line: "_Line", columns: Collection[int], is_row: Callable[[list[str]], bool]
    ) -> Iterator[Cells]:
        """Yield what a line with quotes begins: a row, or a line that can't be split.

        A text that goes over several lines is possible in a column that means nothing here.
        """
        try:
            cells = self._split([line.text])
        except csv.Error:
            yield from self._unsplit(line, columns, is_row)
        else:
            if row := self._row(line, cells, columns):
                yield row

    def _unsplit(
        self, line: "_Line", columns: Collection[int], is_row: Callable[[list[str]], bool]
    ) -> Iterator[Cells]:
        opened = len(self._split([line.text], strict=False)) - 1
        in_a_text = opened < len(self.header) and opened not in columns
        taken, cells = self._several(line) if in_a_text else ([line], None)
        if cells is None:
            self._lines.put_back(taken[1:])
            yield Cells(line.number, [_bare(line.text)], _QUOTES)
        elif any(is_row(self._parts(text)) for text in _insides(taken, self.delimiter)):
            yield from (Cells(each.number, [_bare(each.text)], _AMBIGUOUS) for each in taken)
        else:
            whole = _Line(line.number, "".join(each.text for each in taken))
            if row := self._row(whole, cells, columns):
                yield row

    def _several(self, first: "_Line") -> tuple[list["_Line"], list[str] | None]:
        """Take the lines of a row whose text goes over several; no cells: it never ends well."""
        taken = [first]

        def texts() -> Iterator[str]:
            yield first.text
            while len(taken) < MAX_LINES and (line := self._lines.next()) is not None:
                taken.append(line)
                if not line.whole:
                    return
                yield line.text

        try:
            return taken, next(csv.reader(texts(), delimiter=self.delimiter, strict=True))
        except csv.Error:
            return taken, None

    def _split(self, lines: list[str], *, strict: bool = True) -> list[str]:
        """Split a row with quotes. Raises ``csv.Error``."""
        return next(csv.reader(lines, delimiter=self.delimiter, strict=strict), [])

    def _parts(self, line: str) -> list[str]:
        return _bare(line).split(self.delimiter)


def find_columns(header: list[str], meanings: Mapping[str, str]) -> dict[str, int]:
    """Return where the column of each meaning is, by the columns' names in plain form.

    Raises ``CsvError`` if two columns mean the same.
    """
    found: dict[str, int] = {}
    for index, name in enumerate(header):
        meaning = meanings.get(plain(name))
        if meaning in found:
            raise CsvError(f"the columns {header[found[meaning]]!r} and {name!r} say the same")
        if meaning is not None:
            found[meaning] = index
    return found


def plain(name: str) -> str:
    """Return a column's name without spaces, underscores and case."""
    return re.sub(r"[\s_]", "", name).lower()


class _Line(Struct, frozen=True):
    """A line with its number and its end; one that is too long is not ``whole``."""

    number: int
    text: str
    whole: bool = True


class _Lines:
    """The lines of a text, none of which fills the memory; some can be put back."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._read = 0
        self._back: deque[_Line] = deque()
        self._end_is_open = False  # a part ended with "\r", and "\n" may follow

    def next(self) -> _Line | None:
        """Return the next line, None after the last one."""
        if self._back:
            return self._back.popleft()
        text = self._text.readline(LONGEST_LINE)
        if self._end_is_open and text == "\n":  # the other half of that end
            text = self._text.readline(LONGEST_LINE)
        if not text:
            return None
        self._read += 1
        part, whole = text, True
        while len(part) == LONGEST_LINE and part[-1] not in "\r\n":
            part = self._text.readline(LONGEST_LINE)
            whole = whole and not part.strip("\r\n")
        self._end_is_open = len(part) == LONGEST_LINE and part[-1] == "\r"
        return _Line(self._read, text, whole)

    def put_back(self, lines: list[_Line]) -> None:
        """Have lines, the last ones that were read, read again."""
        self._back.extendleft(reversed(lines))


def _bare(line: str) -> str:
    return line.rstrip("\r\n")


def _insides(lines: list[_Line], delimiter: str) -> Iterator[str]:
    """Yield the lines that a text of several lines has swallowed, if its quotes are amiss.

    The last one counts unless the text ends in its first cell, where a text that is meant can end.
    """
    yield from (line.text for line in lines[1:-1])
    if delimiter in lines[-1].text.partition('"')[0]:
        yield lines[-1].text
