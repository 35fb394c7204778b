"""What is shown of a card that the search over a store's cards found."""

from typing import Annotated, Any, Final, Self

from msgspec import Meta

from gridgift.domain.search import Found
from gridgift.fields import Uuid
from gridgift.views import DETAILS_EXAMPLE, LABELS_EXAMPLE, GiftCardDetails

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
    def found(cls, found: Found, *more: str) -> Self:
        """Show a card that was found; a page calls this for up to 1,000 rows.

        ``more`` are a subclass's fields, in their order.
        """
        card, labels = found.card, found.labels
        return cls.detailed(
            card, card.held, card.source, labels.reference, list(labels.tags), labels.metadata,
            *more,
        )  # fmt: skip


class StoreFoundGiftCard(FoundGiftCard, frozen=True, rename="camel"):
    """A gift card that was found, where several stores' may be shown."""

    store_id: Uuid

    @classmethod
    def of_store(cls, found: Found) -> Self:
        """Show a card with its store."""
        return cls.found(found, found.card.store_id)
