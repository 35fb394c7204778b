"""Gift cards that were found, as CSV: no cell is one that a spreadsheet would run."""

import csv
import io
import re
from collections.abc import Iterable
from typing import Final

import msgspec

from gridgift.search_views import FoundGiftCard
from gridgift.views import camel

UTF_8_MARK: Final = "\ufeff"  # without it spreadsheets take the file for another encoding
FIELDS: Final = (
    "id", "owner_uuid", "owner_username", "credit", "available", "active", "redeemed", "transfer",
    "texture", "purchased", "source", "expires_at", "created_at", "updated_at", "reference",
    "tags", "metadata",
)  # fmt: skip

# What a spreadsheet takes for a formula, at a cell's beginning or where it may split a line anew.
_FORMULA: Final = re.compile(r"(^|[,;|])(\s*)(?=[=+\-@])")


def heading() -> str:
    """Return the file's first line."""
    return UTF_8_MARK + _lines([map(camel, FIELDS)])


def lines(cards: Iterable[FoundGiftCard]) -> str:
    """Return a line for each card."""
    return _lines(map(_cells, cards))


def _cells(card: FoundGiftCard) -> list[str]:
    metadata = msgspec.json.encode(card.metadata).decode() if card.metadata else ""
    texts = {"tags": ";".join(card.tags), "metadata": metadata}
    return [_cell(texts.get(name, getattr(card, name))) for name in FIELDS]


def _cell(value: str | int | bool | None) -> str:
    """Write a value so that no spreadsheet runs it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _FORMULA.sub(r"\1\2'", value)
    return "" if value is None else str(value)


def _lines(rows: Iterable[Iterable[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()
