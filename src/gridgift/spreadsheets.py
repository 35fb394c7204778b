"""CSV for spreadsheets: no cell is one that a spreadsheet would run."""

import csv
import io
import re
from collections.abc import Iterable
from typing import Final

import msgspec

Value = str | int | bool | None

UTF_8_MARK: Final = "\ufeff"  # without it spreadsheets take the file for another encoding

# What a spreadsheet takes for a formula, at a cell's beginning or where it may split a line anew.
# Some take the full-width signs for the usual ones. Apostrophes before a sign count with it, so
# that one more can be taken off again.
_SIGNS: Final = r"[=+\-@\uff1d\uff0b\uff0d\uff20]"
_SIGN: Final = rf"'*{_SIGNS}"
_BEFORE: Final = r"(^\s*|[,;|][\s\"]*)"  # where it is split, quotes are a cell's own signs
_FORMULA: Final = re.compile(rf"{_BEFORE}(?={_SIGN})")
_HARMLESS: Final = re.compile(rf"{_BEFORE}'(?={_SIGN})")
_JSON_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_SIGN_IN_JSON: Final = re.compile(rf"(?<=[,;|])(\s*['\"\\]*)({_SIGNS})")


class Json(str):
    """A cell's text in JSON, as ``json_of`` makes it."""

    __slots__ = ()


def heading(names: Iterable[str]) -> str:
    """Return a file's first line, with the names of its columns."""
    return UTF_8_MARK + lines([names])


def lines(rows: Iterable[Iterable[Value]]) -> str:
    """Return a line for each row."""
    text = io.StringIO()
    csv.writer(text).writerows(map(_cell, row) for row in rows)
    return text.getvalue()


def harmless(text: str) -> str:
    """Return a cell's text so that no spreadsheet runs it."""
    return _FORMULA.sub(r"\1'", text)


def as_it_was(text: str) -> str:
    """Return the text of a cell that ``harmless`` was made of."""
    return _HARMLESS.sub(r"\1", text)


def json_of(value: object) -> Json:
    """Return a value as JSON for a cell: it reads as it is, and no spreadsheet runs it.

    An apostrophe would change it, so a sign in a text is written as its escape there.
    """
    text = msgspec.json.encode(value).decode()
    return Json(_JSON_STRING.sub(lambda found: _SIGN_IN_JSON.sub(_escaped, found[0]), text))


def _escaped(found: re.Match[str]) -> str:
    return f"{found[1]}\\u{ord(found[2]):04x}"


def _cell(value: Value) -> str:
    """Write a value so that no spreadsheet runs it; a number stays one, with its minus."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Json):
        return value
    if isinstance(value, str):
        return harmless(value)
    return "" if value is None else str(value)
