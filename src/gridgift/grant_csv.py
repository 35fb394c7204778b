"""CSV files of grants: Allomancy's customer-import or Gridgift's own, row by row.

The first line names the columns, in any order; case, spaces and underscores do not matter. What
can't be read in a row is the failure of that row, never of the file.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Final, TextIO

import msgspec
from msgspec import UNSET, Struct, UnsetType

from gridgift.csv_rows import CsvError, CsvRows, find_columns, plain
from gridgift.domain import texts
from gridgift.domain.bulk import GrantRow, Row, Skipped
from gridgift.domain.days import Expiry
from gridgift.domain.failures import Failure, IdentifierMalformed, ValidationFailed
from gridgift.domain.giftcards import Terms
from gridgift.domain.ids import parse_uuid, texture_of
from gridgift.domain.labels import (
    METADATA_WANTED,
    TAGS_WANTED,
    checked_metadata,
    checked_tags,
)
from gridgift.domain.model import MAX_CREDIT, NIL_UUID, Labels
from gridgift.domain.notes import MAX_TEXT
from gridgift.domain.numbers import whole
from gridgift.domain.residents import Identifier, parse_identifier, parse_username
from gridgift.spreadsheets import as_it_was, harmless

LINE: Final = "line"  # the columns that a report adds: which line of the file it was,
PROBLEM: Final = "problem"  # and why it was refused

RESIDENT_COLUMNS: Final = {  # names in plain form, and the meaning of each
    "key": "uuid",
    "uuid": "uuid",
    "name": "username",
    "customer": "username",
    "username": "username",
}
GRANT_COLUMNS: Final = RESIDENT_COLUMNS | {
    "identifier": "identifier",
    "giftcardcredits": "allomancy credit",
    "credit": "credit",
    "transfer": "transfer",
    "texture": "texture",
    "expiresat": "expires_at",
    "reason": "reason",
    "reference": "reference",
    "tags": "tags",
    "metadata": "metadata",
    "cardnote": "note",  # not "note": many files have one, of any length and of several lines
}
_EXPECTED: Final = (
    "the first line must name the columns: uuid (or key), username (or name, customer) or "
    "identifier, and credit or gift card credits"
)
_TERMS: Final = ("transfer", "texture", "expires_at", "reason", "note")
_LABELS: Final = ("reference", "tags", "metadata")
_NO_LABELS: Final[dict[str, Any]] = {"reference": None, "tags": (), "metadata": {}}
_THOUSANDS: Final = re.compile(r"[1-9][0-9]{0,2}\.[0-9]{3}", re.ASCII)  # with a point between
_BOOLEANS: Final = {"": False, "false": False, "true": True}


class Line(Struct, frozen=True):
    """A row of the file: where it begins, its cells, and the request that was read from them."""

    number: int
    cells: list[str]
    row: Row


class GrantCsv:
    """The rows of a CSV text, read one after the other. Raises ``CsvError`` for its header.

    ``zone`` is the time zone whose days dates are; ``otherwise`` has what cells say in columns
    that the text does not have. ``ignored`` has the names of the columns that mean nothing here.
    """

    def __init__(self, text: TextIO, zone: str, otherwise: Mapping[str, str] | None = None) -> None:
        self._rows = CsvRows(text)
        self.delimiter, self.header = self._rows.delimiter, self._rows.header
        self._is_report = {LINE, PROBLEM} <= {name.lower() for name in self.header}
        added = _added(self.header, otherwise or {})
        self._values = [*added.values()]
        self._columns = _columns([*self.header, *added])
        self.ignored = [
            name
            for index, name in enumerate(self.header)
            if index not in self._columns.values() and plain(name) not in {"", LINE, PROBLEM}
        ]
        self._read = _row_reader(self._columns, zone)

    def __iter__(self) -> Iterator[Line]:
        """Yield the rows."""
        columns = [index for index in self._columns.values() if index < len(self.header)]
        for found in self._rows.rows(columns, self._is_row):
            if found.fault is None:
                yield Line(found.line, found.cells, self._row(found.cells))
            else:
                yield Line(found.line, found.cells, ValidationFailed({"row": [found.fault]}))

    def report_header(self) -> list[str]:
        """Return the first line of a report on refused rows, a CSV file like this one."""
        return [*(harmless(self.header[index]) for index in self._kept()), LINE, PROBLEM]

    def report_row(self, line: Line, problem: str) -> list[object]:
        """Return a refused row of it; one that could not be split is in its first column.

        No cell is one that a spreadsheet would run; whoever reads the report takes that back.
        """
        width = len(self.header)
        cells = [harmless(cell) for cell in line.cells] + [""] * (width - len(line.cells))
        kept = [cells[index] for index in self._kept()]
        return [*kept, line.number, harmless(problem), *cells[width:]]

    def _kept(self) -> list[int]:
        """Return the columns that a report has; the file may be one itself."""
        return [n for n, name in enumerate(self.header) if name.lower() not in {LINE, PROBLEM}]

    def _row(self, cells: list[str]) -> Row:
        if self._is_report:
            cells = [as_it_was(cell) for cell in cells]
        try:
            return self._read([*cells, *self._values])
        except Failure as failure:
            return failure

    def _is_row(self, cells: list[str]) -> bool:
        return len(cells) == len(self.header) and not isinstance(self._row(cells), Failure)


def _added(header: list[str], otherwise: Mapping[str, str]) -> dict[str, str]:
    """Return the columns that a header lacks, with what their cells say."""
    there = {GRANT_COLUMNS.get(plain(name)) for name in header}
    if "allomancy credit" in there:
        there.add("credit")
    return {name: text for name, text in otherwise.items() if name not in there}


def _columns(header: list[str]) -> dict[str, int]:
    """Return where each meaning's column is."""
    found = find_columns(header, GRANT_COLUMNS)
    if "identifier" in found and not found.keys().isdisjoint({"uuid", "username"}):
        raise CsvError("the columns name the resident twice: keep identifier, or the others")
    if {"credit", "allomancy credit"} <= found.keys():
        raise CsvError("the columns 'credit' and 'gift card credits' say the same: keep one")
    if found.keys().isdisjoint({"identifier", "uuid", "username"}) or found.keys().isdisjoint(
        {"credit", "allomancy credit"}
    ):
        raise CsvError(_EXPECTED)
    return found


def _row_reader(columns: dict[str, int], zone: str) -> Callable[[list[str]], Row]:
    """Return the function that reads a row's cells; it raises ``Failure``."""
    allomancy = columns.get("allomancy credit")
    amount = columns["credit"] if allomancy is None else allomancy
    more = [name for name in (*_TERMS, *_LABELS) if name in columns]
    labelled = [name for name in _LABELS if name in columns]
    read_resident = _resident_reader(columns)
    readers = _VALUES | {"expires_at": partial(_expiry, zone)}

    def read(cells: list[str]) -> Row:
        credit = cells[amount].strip()
        if allomancy is not None and (not credit or whole(credit) == 0):
            return Skipped()  # Allomancy lists all customers, also those without a gift card
        identifier, username = read_resident(cells)
        errors: dict[str, list[str]] = {}
        values: dict[str, Any] = {}
        for name, text in (("credit", credit), *((name, cells[columns[name]]) for name in more)):
            try:
                values[name] = readers[name](text)
            except ValueError as error:
                errors[name] = [str(error)]
        if errors:
            raise ValidationFailed(errors)
        labels = Labels.of(**_NO_LABELS | {name: values.pop(name) for name in labelled})
        return GrantRow(identifier, Terms(**values, labels=labels), username)

    return read


def _resident_reader(
    columns: dict[str, int],
) -> Callable[[list[str]], tuple[Identifier, str | None]]:
    if "identifier" in columns:
        column = columns["identifier"]
        return lambda cells: (parse_identifier(cells[column].strip()), None)
    uuid, name = columns.get("uuid"), columns.get("username")

    def read_resident(cells: list[str]) -> tuple[Identifier, str | None]:
        key = "" if uuid is None else cells[uuid].strip()
        username = "" if name is None else cells[name].strip()
        if not key:
            return Identifier(username=parse_username(username)), None
        parsed = parse_uuid(key)
        if parsed is None or parsed == NIL_UUID:
            raise IdentifierMalformed
        return Identifier(uuid=parsed), parse_username(username) if username else None

    return read_resident


def _credit(text: str) -> int:
    if _THOUSANDS.fullmatch(text):  # L$ 1 to some spreadsheets, and L$ 1000 to others
        raise ValueError("may mean thousands: write it without a point")
    credit = whole(text)
    if credit is None or not 1 <= credit <= MAX_CREDIT:
        raise ValueError(f"must be an integer from 1 to {MAX_CREDIT}")
    return credit


def _transfer(text: str) -> bool:
    found = _BOOLEANS.get(text.strip().lower())
    if found is None:
        raise ValueError("must be true or false")
    return found


def _texture(text: str) -> str | None:
    if not text.strip():
        return None
    texture = parse_uuid(text.strip())
    if texture is None:
        raise ValueError("must be a UUID like 01234567-89ab-cdef-0123-456789abcdef")
    return texture_of(texture)


def _expiry(zone: str, text: str) -> int | None | UnsetType:
    return Expiry.parse(text.strip()).at(zone) if text.strip() else UNSET


def _text(most: int, text: str) -> str:
    text = text.strip(" ")  # of spaces only: other white space may be unprintable
    if not texts.fits(text, 0, most):
        raise ValueError(texts.wanted(0, most))
    return text


_reason: Final = partial(_text, texts.MAX_NOTE)


def _reference(text: str) -> str | None:
    return _reason(text) or None


def _tags(text: str) -> list[str]:
    tags = [tag for each in re.split("[,;]", text) if (tag := each.strip(" "))]
    if checked_tags(tags) is None:
        raise ValueError(TAGS_WANTED)
    return tags


def _metadata(text: str) -> dict[str, str]:
    try:
        members = msgspec.json.decode(text.strip() or "{}", type=dict[str, str])
        pairs = json.loads(text.strip() or "{}", object_pairs_hook=list)
    except (msgspec.DecodeError, UnicodeEncodeError):
        raise ValueError(METADATA_WANTED) from None
    if len(pairs) != len(members) or checked_metadata(members) is None:  # a name is there twice
        raise ValueError(METADATA_WANTED)
    return members


_VALUES: Final[dict[str, Callable[[str], Any]]] = {
    "credit": _credit,
    "transfer": _transfer,
    "texture": _texture,
    "reason": _reason,
    "reference": _reference,
    "tags": _tags,
    "metadata": _metadata,
    "note": partial(_text, MAX_TEXT),
}
