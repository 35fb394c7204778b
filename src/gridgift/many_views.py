"""What is shown of an action on many gift cards."""

from collections import Counter
from typing import Annotated, Self

from msgspec import UNSET, Meta, Struct, UnsetType

from gridgift.domain.failures import Failure
from gridgift.domain.many import Outcome, OutcomeWord, digest, word
from gridgift.fields import Uuid
from gridgift.views import GiftCardDetails, RowProblem


class CardResult(Struct, frozen=True, rename="camel"):
    """What came of one card: as it is after it, or why it is refused."""

    id: Uuid
    outcome: OutcomeWord
    gift_card: GiftCardDetails | UnsetType = UNSET
    tags: list[str] | UnsetType = UNSET
    problem: RowProblem | UnsetType = UNSET

    @classmethod
    def of(cls, card_id: str, outcome: Outcome) -> Self:
        """Show what came of a card."""
        if isinstance(outcome, Failure):
            return cls(card_id, word(outcome), problem=RowProblem.of(outcome))
        tags = UNSET if outcome.labels is None else list(outcome.labels.tags)
        shown = GiftCardDetails.detailed(outcome.card, outcome.held)
        return cls(card_id, word(outcome), shown, tags)


class ManyCardsResponse(Struct, frozen=True, rename="camel"):
    """How many cards were changed, were so already, or are refused; and each of them."""

    dry_run: bool
    selection: Annotated[str, Meta(description="Names these cards, whatever their order.")]
    changed: int
    unchanged: int
    refused: int
    results: list[CardResult]

    @classmethod
    def of(cls, results: list[CardResult], *, dry_run: bool) -> Self:
        """Put together what came of cards."""
        words = Counter(result.outcome for result in results)
        return cls(
            dry_run,
            digest(result.id for result in results),
            words["changed"],
            words["unchanged"],
            words["refused"],
            results,
        )
