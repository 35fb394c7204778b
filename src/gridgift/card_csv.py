"""Gift cards that were found, as CSV for spreadsheets."""

from collections.abc import Iterable, Sequence
from typing import Final

from gridgift import spreadsheets
from gridgift.search_views import ExportedGiftCard
from gridgift.spreadsheets import Value
from gridgift.views import camel

FIELDS: Final = (
    "id", "owner_uuid", "owner_username", "credit", "available", "active", "redeemed", "transfer",
    "texture", "purchased", "source", "expires_at", "created_at", "updated_at", "reference",
    "tags", "metadata", "notes",
)  # fmt: skip
BETWEEN: Final = " | "  # notes
LEFT_OUT: Final = "…"  # in the place of older notes
MAX_NOTES: Final = 32_000  # UTF-16 units in their cell; a spreadsheet takes 32,767


def heading() -> str:
    """Return the file's first line."""
    return spreadsheets.heading(map(camel, FIELDS))


def lines(cards: Iterable[ExportedGiftCard]) -> str:
    """Return a line for each card."""
    return spreadsheets.lines(map(_cells, cards))


def _cells(card: ExportedGiftCard) -> list[Value]:
    metadata = spreadsheets.json_of(card.metadata) if card.metadata else ""
    notes = notes_that_fit([note.text for note in card.notes])
    texts = {"tags": ";".join(card.tags), "metadata": metadata, "notes": notes}
    return [texts.get(name, getattr(card, name)) for name in FIELDS]


def notes_that_fit(notes: Sequence[str]) -> str:
    """Return the newest of some notes, the oldest first, as many as a cell takes, each whole."""
    whole = BETWEEN.join(notes)
    if 2 * len(whole) <= MAX_NOTES:  # harmless or beyond the BMP, a character is two units at most
        return whole
    left, fitting = MAX_NOTES - len(LEFT_OUT), list[str]()
    for note in reversed(notes):
        text = spreadsheets.harmless(BETWEEN + note)
        left -= len(text.encode("utf-16-le")) // 2
        if left < 0:
            return BETWEEN.join([LEFT_OUT, *reversed(fitting)])
        fitting.append(note)
    return whole
