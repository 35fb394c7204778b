"""What is shown of a card that the search over a store's cards found."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, Self

from msgspec import Meta

from gridgift.domain.instants import format_instant
from gridgift.domain.model import Entry
from gridgift.domain.search import Found
from gridgift.fields import Uuid, written
from gridgift.views import DETAILS_EXAMPLE, LABELS_EXAMPLE, GiftCardDetails, NoteResponse

FOUND_EXAMPLE: Final[dict[str, Any]] = DETAILS_EXAMPLE | {"source": "key"} | LABELS_EXAMPLE


class FoundGiftCard(GiftCardDetails, frozen=True, rename="camel"):
    """A gift card in the search over a store's."""

    source: Annotated[
        str, Meta(description="Who granted it, as in its ledger, or reissue: for a lost card.")
    ]
    reference: str | None
    tags: list[str]
    metadata: dict[str, str]

    @classmethod
    def found(cls, found: Found, *more: object) -> Self:
        """Show a card that was found; a page calls this for up to 1,000 rows.

        So it names each field once, in their order. ``more`` are a subclass's, in theirs.
        """
        card, labels = found.card, found.labels
        created_at = updated_at = format_instant(card.created_at)
        if card.updated_at != card.created_at:
            updated_at = format_instant(card.updated_at)
        return cls(
            card.id, card.owner_uuid, card.owner_username, card.credit, card.active, card.redeemed,
            card.transfer, card.texture, card.purchased, card.credit - card.held,
            written(card.expires_at), created_at, updated_at, card.source,
            labels.reference, list(labels.tags), labels.metadata, *more,
        )  # fmt: skip


class ExportedGiftCard(FoundGiftCard, frozen=True, rename="camel"):
    """A gift card that was found, in a file."""

    notes: Annotated[list[NoteResponse], Meta(description="The newest 20, oldest first.")]

    @classmethod
    def with_notes(cls, found: Found, notes: Sequence[Entry]) -> Self:
        """Show a card with the entries that are notes on it."""
        return cls.found(found, [NoteResponse.of(entry) for entry in notes])


class StoreFoundGiftCard(FoundGiftCard, frozen=True, rename="camel"):
    """A gift card that was found, where several stores' may be shown."""

    store_id: Uuid

    @classmethod
    def of_store(cls, found: Found, store_id: str) -> Self:
        """Show a card with its store."""
        return cls.found(found, store_id)
