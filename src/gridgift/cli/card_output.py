"""What commands print of gift cards, and of what happened to them."""

from collections.abc import Sequence

from gridgift.cli.tables import print_table
from gridgift.domain import ledger
from gridgift.domain.model import Entry, GiftCard
from gridgift.fields import written


def print_cards(found: Sequence[GiftCard]) -> None:
    """Print gift cards."""
    print_table(
        ("ID", "OWNER", "L$", "ACTIVE", "REDEEMED", "TRANSFER", "EXPIRES", "TEXTURE"),
        [
            (
                card.id,
                card.owner_username,
                card.credit,
                card.active,
                card.redeemed,
                card.transfer,
                written(card.expires_at),
                card.texture,
            )
            for card in found
        ],
    )


def print_entries(entries: Sequence[Entry]) -> None:
    """Print a chain, be it a card's or that of store credit."""
    print_table(
        ("#", "WHEN", "WHAT", "CHANGE", "L$ AFTER", "WHO", "WHY"),
        [
            (
                entry.seq,
                written(entry.created_at),
                entry.kind,
                f"{entry.delta:+d}",
                entry.balance_after,
                f"{entry.actor_kind} {entry.actor_id}",
                f"hold {ledger.hold_of(entry)}"
                if entry.kind in ledger.ABOUT_HOLDS
                else entry.reason,
            )
            for entry in entries
        ],
    )
