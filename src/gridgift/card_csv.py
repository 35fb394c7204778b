"""Gift cards that were found, as CSV for spreadsheets."""

from collections.abc import Iterable
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


def heading() -> str:
    """Return the file's first line."""
    return spreadsheets.heading(map(camel, FIELDS))


def lines(cards: Iterable[ExportedGiftCard]) -> str:
    """Return a line for each card."""
    return spreadsheets.lines(map(_cells, cards))


def _cells(card: ExportedGiftCard) -> list[Value]:
    metadata = spreadsheets.json_of(card.metadata) if card.metadata else ""
    notes = " | ".join(note.text for note in card.notes)
    texts = {"tags": ";".join(card.tags), "metadata": metadata, "notes": notes}
    return [texts.get(name, getattr(card, name)) for name in FIELDS]
