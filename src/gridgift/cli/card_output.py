"""What commands print of gift cards, and of what happened to them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Self

from gridgift.cli.output import print_json
from gridgift.cli.sentences import history_of
from gridgift.cli.tables import print_facts, print_table
from gridgift.credit_views import credit_entry
from gridgift.domain import ledger
from gridgift.domain.model import Entry, GiftCard
from gridgift.domain.whole_cards import WholeCard
from gridgift.fields import written
from gridgift.views import EntryResponse, HoldResponse, LabelsResponse, NoteResponse, StoreGiftCard

ENTRY_HEADINGS: Final = ("#", "WHEN", "WHAT", "CHANGE", "L$ AFTER", "WHO", "WHY")


class WholeCardView(StoreGiftCard, frozen=True, rename="camel"):
    """A card with its labels, its open holds, its notes, and its whole ledger."""

    reference: str | None
    tags: list[str]
    metadata: dict[str, str]
    holds: list[HoldResponse]
    notes: list[NoteResponse]
    entries: list[EntryResponse]

    @classmethod
    def whole(cls, found: WholeCard) -> Self:
        """Show all of a card."""
        said = LabelsResponse.of(found.labels)
        return cls.detailed(
            found.card,
            found.held,
            found.card.store_id,
            said.reference,
            said.tags,
            said.metadata,
            [HoldResponse.of(hold) for hold in found.holds],
            [NoteResponse.of(entry) for entry in found.notes],
            [EntryResponse.of(entry) for entry in found.entries],
        )


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
                written(card.expires_at) or "never",
                card.texture,
            )
            for card in found
        ],
    )


def print_entries(entries: Sequence[Entry]) -> None:
    """Print a card's chain."""
    print_table(ENTRY_HEADINGS, [(*_entry(entry), _why(entry)) for entry in entries])


def print_credit_entries(entries: Sequence[Entry]) -> None:
    """Print the chain of store credit, with the ids by which a spend is refunded."""
    states = [credit_entry(entry).state for entry in entries]
    print_table(
        (*ENTRY_HEADINGS, "REFERENCE", "ABOUT"),
        [
            (*_entry(entry), entry.reason, state.get("reference"), _about(state))
            for entry, state in zip(entries, states, strict=True)
        ],
    )


def _entry(entry: Entry) -> tuple[object, ...]:
    return (
        entry.seq,
        written(entry.created_at),
        entry.kind,
        f"{entry.delta:+d}",
        entry.balance_after,
        f"{entry.actor_kind} {entry.actor_id}",
    )


def _about(state: Mapping[str, Any]) -> str:
    """Name what an entry of store credit is part of, and with whom."""
    named = {"spend": "spend", "move": "move", "other": "with"}
    return ", ".join(f"{word} {state[name]}" for name, word in named.items() if state.get(name))


def _why(entry: Entry) -> str:
    hold = f"hold {ledger.hold_of(entry)}" if entry.kind in ledger.ABOUT_HOLDS else ""
    return ": ".join(text for text in (hold, ledger.reason_of(entry)) if text)


def print_whole(found: WholeCard, json: bool) -> None:
    """Print all there is to know of a card; its history in sentences."""
    shown = WholeCardView.whole(found)
    if json:
        print_json(shown)
        return
    labels = [label for label in labels_of(shown) if label[1]]
    print_facts([*_facts(shown), *labels])
    if shown.holds:
        print()
        rows = [(hold.id, hold.amount, hold.expires_at) for hold in shown.holds]
        print_table(("OPEN HOLD", "L$", "ENDS"), rows)
    print()
    print_table(("WHEN", "WHAT HAPPENED"), history_of(found.entries))


def print_card(card: StoreGiftCard, json: bool) -> None:
    """Print one card, such as one that was changed."""
    if json:
        print_json(card)
    else:
        print_facts(_facts(card))


def _facts(card: StoreGiftCard) -> Iterable[tuple[str, Any]]:
    yield "ID", card.id
    yield "OWNER", card.owner_username
    yield "OWNER'S UUID", card.owner_uuid
    yield "L$", card.credit
    yield "AVAILABLE", card.available
    yield "ACTIVE", card.active
    yield "REDEEMED", card.redeemed
    yield "TRANSFER", card.transfer
    yield "EXPIRES", card.expires_at or "never"
    yield "TEXTURE", card.texture


def labels_of(card: WholeCardView | LabelsResponse) -> Iterable[tuple[str, Any]]:
    """Name what a store says of a card."""
    yield "REFERENCE", card.reference
    yield "TAGS", ", ".join(card.tags)
    yield "METADATA", "; ".join(f"{name} = {value}" for name, value in card.metadata.items())
