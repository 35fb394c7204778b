"""What is shown of a store's customers, and the orders of their list, for the API and the shell."""

from typing import Annotated, Any, Final, Self

from msgspec import UNSET, Meta, Struct, UnsetType

from gridgift.domain.customer_search import Cards, Found, Order, Wanted
from gridgift.domain.instants import format_instant
from gridgift.fields import Instant, Uuid, written

SORTS: Final[dict[str, tuple[Order, bool]]] = {
    "credit": ("credit", False),
    "-credit": ("credit", True),
    "lastCard": ("card", False),
    "-lastCard": ("card", True),
    "cards": ("cards", False),
    "-cards": ("cards", True),
    "lastActivity": ("activity", False),
    "-lastActivity": ("activity", True),
}


def wanted_by(prefix: str, sort: str | None) -> Wanted:
    """Say which customers are wanted: those of a name, in one of ``SORTS`` or the usual order."""
    usual: tuple[Order, bool] = ("name" if prefix else "uuid", False)
    order, descending = usual if sort is None else SORTS[sort]
    return Wanted(order, descending, prefix)


class FoundCustomer(Struct, frozen=True, rename="camel"):
    """A customer. Sums are in L$."""

    uuid: Uuid
    username: str
    credit: Annotated[int, Meta(description="Store credit, free to spend on anything.")]
    restricted_credit: Annotated[int, Meta(description="Store credit for certain purchases.")]
    spent: Annotated[int, Meta(description="What spends and captures took, refunded or not.")]
    created_at: Instant
    last_card_at: Annotated[
        Instant | None, Meta(description="When the newest of the customer's cards was granted.")
    ]
    gift_card_count: Annotated[
        int | UnsetType,
        Meta(
            description="How many gift cards there are; only if sorted by that, and never in a "
            "search for a UUID."
        ),
    ] = UNSET
    last_activity_at: Annotated[
        Instant | UnsetType,
        Meta(
            description="When anything happened last to the cards or credit; only if so sorted, "
            "and never in a search for a UUID."
        ),
    ] = UNSET

    @classmethod
    def of(cls, found: Found, **more: Any) -> Self:
        """Show a customer; ``more`` has further fields."""
        customer, active_at = found.customer, found.active_at
        return cls(
            uuid=customer.uuid,
            username=customer.username,
            credit=customer.credit,
            restricted_credit=customer.restricted_credit,
            spent=customer.spent,
            created_at=format_instant(customer.created_at),
            last_card_at=written(found.last_card_at),
            gift_card_count=UNSET if found.cards is None else found.cards,
            last_activity_at=UNSET if active_at is None else format_instant(active_at),
            **more,
        )


class CardsOfCustomer(Struct, frozen=True):
    """Of a customer's newest 1000 gift cards."""

    count: int
    usable: Annotated[int, Meta(description="Active, not redeemed, not expired.")]
    credit: Annotated[int, Meta(description="The credit of the usable ones, in L$.")]
    capped: Annotated[bool, Meta(description="There may be older ones, which are not counted.")]

    @classmethod
    def of(cls, cards: Cards) -> Self:
        """Show what cards amount to."""
        return cls(cards.count, cards.usable, cards.credit, cards.capped)


class WholeCustomer(FoundCustomer, frozen=True, rename="camel", kw_only=True):
    """A customer, and what the gift cards amount to."""

    gift_cards: CardsOfCustomer
