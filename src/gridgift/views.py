"""What is shown of a card, an entry, a hold: one shape each, for every edge.

The API answers with them, the command line prints them. Names are camelCase, UUIDs lower-case,
money is L$, dates are ISO 8601 in UTC (contract section 1). The examples are the reference's.
"""

import re
from typing import Annotated, Any, Final, Literal, Self, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from gridgift.domain.bulk import Outcome, Skipped
from gridgift.domain.failures import Failure, ValidationFailed
from gridgift.domain.instants import format_instant
from gridgift.domain.model import Entry, EntryKind, GiftCard, Hold, Labels, OwnedCard, Resident
from gridgift.fields import Credit as CardCredit
from gridgift.fields import Instant, Uuid, written

V = TypeVar("V", bound=Struct)

CARD_EXAMPLE: Final[dict[str, Any]] = {
    "id": "019aad3c-9d4b-7c1e-8f3a-2b1c0d9e8f7a",
    "ownerUuid": "c7d8e9f0-1a2b-4c3d-9e4f-5a6b7c8d9e0f",
    "ownerUsername": "kelly.moonwall",
    "credit": 500,
    "active": True,
    "redeemed": False,
    "transfer": True,
    "texture": None,
    "purchased": False,
}
DETAILS_EXAMPLE: Final[dict[str, Any]] = CARD_EXAMPLE | {
    "available": 400,
    "expiresAt": "2027-11-22T00:00:00Z",
    "createdAt": "2026-11-22T19:30:00Z",
    "updatedAt": "2026-11-22T19:30:00Z",
}
HOLD_EXAMPLE: Final[dict[str, Any]] = {
    "id": "019aad3d-1111-7a2b-9c3d-4e5f60718293",
    "giftCardId": CARD_EXAMPLE["id"],
    "amount": 100,
    "state": "open",
    "captured": 0,
    "expiresAt": "2026-11-22T19:45:00Z",
    "createdAt": "2026-11-22T19:30:00Z",
}
ENTRY_EXAMPLE: Final[dict[str, Any]] = {
    "seq": 1,
    "kind": "granted",
    "delta": 500,
    "balanceAfter": 500,
    "state": {
        "ownerUuid": CARD_EXAMPLE["ownerUuid"],
        "active": True,
        "redeemed": False,
        "transfer": True,
        "texture": None,
        "purchased": False,
        "expiresAt": "2027-11-22T00:00:00Z",
    },
    "actor": {"kind": "key", "id": "019aad3b-2222-7333-8444-555566667777"},
    "reason": "",
    "requestId": "5f0c2b7e9d3a41c8b6e0f1a2",
    "createdAt": "2026-11-22T19:30:00Z",
    "previousHash": "00" * 32,
    "hash": "5d" * 32,
}
LABELS_EXAMPLE: Final[dict[str, Any]] = {
    "reference": "order 1042",
    "tags": ["hunt 2026", "vip"],
    "metadata": {"campaign": "winter"},
}
NOTE_EXAMPLE: Final[dict[str, Any]] = {
    "seq": 2,
    "text": "Asked by notecard to have it sent to her alt.",
    "author": ENTRY_EXAMPLE["actor"],
    "createdAt": "2026-11-22T20:15:00Z",
}
REFUSED_ROW_EXAMPLE: Final[dict[str, Any]] = {
    "row": 2,
    "problem": {
        "code": "resident_not_found",
        "detail": "No resident nobody.known is known here.",
    },
}


DATES_IN_STATE: Final = ("expiresAt", "holdExpiresAt")
_decode_state: Final = msgspec.json.Decoder(dict[str, Any]).decode


class GiftCardResponse(Struct, frozen=True, rename="camel"):
    """A gift card, in the nine fields of the contract's section 6."""

    id: Uuid
    owner_uuid: Uuid
    owner_username: str
    credit: CardCredit
    active: Annotated[bool, Meta(description="Whether its owner may use it.")]
    redeemed: Annotated[bool, Meta(description="Whether it became store credit.")]
    transfer: Annotated[bool, Meta(description="Whether its owner may pass it on.")]
    texture: Annotated[Uuid | None, Meta(description="Its picture, a texture's UUID.")]
    purchased: Annotated[bool, Meta(description="Bought (true) or given; gates nothing.")]

    @classmethod
    def of(cls, card: GiftCard) -> Self:
        """Show a card; most requests call this."""
        return cls(
            card.id, card.owner_uuid, card.owner_username, card.credit, card.active, card.redeemed,
            card.transfer, card.texture, card.purchased,
        )  # fmt: skip

    @classmethod
    def owned(cls, owner: Resident, card: OwnedCard) -> Self:
        """Show a card out of a list of its owner's; a page calls this for up to 1,000 rows."""
        return cls(
            card.id, owner.uuid, owner.username, card.credit, card.active, card.redeemed,
            card.transfer, card.texture, card.purchased,
        )  # fmt: skip


class GiftCardDetails(GiftCardResponse, frozen=True, rename="camel"):
    """A gift card with what the nine fields leave out."""

    available: Annotated[int, Meta(description="The credit that no open hold reserves, in L$.")]
    expires_at: Instant | None
    created_at: Instant
    updated_at: Instant

    @classmethod
    def detailed(cls, card: GiftCard, held: int, *more: Any) -> Self:
        """Show a card, of whose credit ``held`` L$ are reserved.

        ``more`` are a subclass's fields: in their order, for by their names it takes longer.
        """
        return cls(
            *_nine_fields(card, card.owner_uuid, card.owner_username), card.credit - held,
            written(card.expires_at), format_instant(card.created_at),
            format_instant(card.updated_at), *more,
        )  # fmt: skip


class StoreGiftCard(GiftCardDetails, frozen=True, rename="camel"):
    """A gift card where several stores' may be shown."""

    store_id: Uuid

    @classmethod
    def of_store(cls, card: GiftCard, held: int) -> Self:
        """Show a card with its store."""
        return cls.detailed(card, held, card.store_id)


class CustomerGiftCardResponse(GiftCardResponse, frozen=True, rename="camel"):
    """A card as its owner sees it: the nine fields, the store and the expiry."""

    store_id: Uuid
    expires_at: Instant | None

    @classmethod
    def own(cls, store_id: str, owner: Resident, card: OwnedCard, **more: Any) -> Self:
        """Show a card to its owner; ``more`` has further fields."""
        nine = _nine_fields(card, owner.uuid, owner.username)
        return cls(*nine, store_id=store_id, expires_at=written(card.expires_at), **more)


class ResidentResponse(Struct, frozen=True):
    """A resident under the last username seen; without any, under the UUID."""

    uuid: Uuid
    username: str

    @classmethod
    def of(cls, resident: Resident) -> Self:
        """Show a resident."""
        return cls(resident.uuid, resident.username)


class HoldResponse(Struct, frozen=True, rename="camel"):
    """A hold on a card's credit. Its time can be over while its state is still open."""

    id: Uuid
    gift_card_id: Uuid
    amount: CardCredit
    state: Literal["open", "captured", "voided"]
    captured: Annotated[int, Meta(description="What was taken of the amount, in L$.")]
    expires_at: Instant
    created_at: Instant

    @classmethod
    def of(cls, hold: Hold) -> Self:
        """Show a hold."""
        return shown(cls, hold, gift_card_id=hold.card_id)


class Actor(Struct, frozen=True):
    """Who did it: a key, an operator, a resident, an in-world unit or the system."""

    kind: str
    id: str


class EntryResponse(Struct, frozen=True, rename="camel"):
    """A line of the ledger. Hashes are SHA-256 in hexadecimal."""

    seq: int
    kind: EntryKind
    delta: int
    balance_after: int
    state: Annotated[dict[str, Any], Meta(description="The rest of the card after the change.")]
    actor: Actor
    reason: str
    request_id: str
    created_at: Instant
    previous_hash: str
    hash: str

    @classmethod
    def of(cls, entry: Entry) -> Self:
        """Show an entry."""
        return cls(
            entry.seq,
            entry.kind,
            entry.delta,
            entry.balance_after,
            shown_state(entry.state),
            Actor(entry.actor_kind, entry.actor_id),
            entry.reason,
            entry.request_id,
            format_instant(entry.created_at),
            entry.previous_hash.hex(),
            entry.hash.hex(),
        )


class NoteResponse(Struct, frozen=True, rename="camel"):
    """A note on a card; ``seq`` is the number of its entry."""

    seq: int
    text: str
    author: Actor
    created_at: Instant

    @classmethod
    def of(cls, entry: Entry) -> Self:
        """Show the note that an entry is."""
        author = Actor(entry.actor_kind, entry.actor_id)
        return cls(entry.seq, entry.reason, author, format_instant(entry.created_at))


class LabelsResponse(Struct, frozen=True):
    """What a store says of a card."""

    reference: str | None
    tags: list[str]
    metadata: dict[str, str]

    @classmethod
    def of(cls, labels: Labels) -> Self:
        """Show a card's labels."""
        return cls(labels.reference, list(labels.tags), labels.metadata)


class RowProblem(Struct, frozen=True):
    """Why a row is refused: as the problem of a single grant has it."""

    code: str
    detail: str
    errors: dict[str, list[str]] | UnsetType = UNSET

    @classmethod
    def of(cls, failure: Failure) -> Self:
        """Show a failure."""
        failure = named_as_json(failure)
        errors = failure.errors if isinstance(failure, ValidationFailed) else UNSET
        return cls(failure.code, failure.detail, errors)


class RowResult(Struct, frozen=True):
    """What came of one row: a card's id, a problem, or neither if it asks for no card."""

    row: Annotated[int, Meta(ge=1, description="Its number; the first one is 1.")]
    id: Annotated[str, Meta(description="The card's id, granted now or before.")] | UnsetType = (
        UNSET
    )
    problem: RowProblem | UnsetType = UNSET

    @classmethod
    def of(cls, number: int, outcome: Outcome) -> Self:
        """Show what came of a row."""
        if isinstance(outcome, Skipped):
            return cls(number, outcome.card_id or UNSET)
        if isinstance(outcome, Failure):
            return cls(number, problem=RowProblem.of(outcome))
        return cls(number, outcome)


def shown(view: type[V], source: Struct, **given: Any) -> V:
    """Make a view with what a domain struct has under the same names.

    Instants (``…_at``) are written in ISO 8601; ``given`` has the fields that are named otherwise.
    For what is shown one at a time: a list of cards names its fields, which is faster.
    """
    same = {
        name: written(value) if name.endswith("_at") else value
        for name in view.__struct_fields__
        if name not in given
        for value in (getattr(source, name),)
    }
    return view(**same, **given)


def shown_state(stored: str) -> dict[str, Any]:
    """Show an entry's state: entries, old ones too, store an instant in milliseconds."""
    state = _decode_state(stored)
    for name in DATES_IN_STATE:
        if state.get(name) is not None:
            state[name] = format_instant(state[name])
    return state


def named_as_json(failure: Failure) -> Failure:
    """Return the failure with its fields named as JSON has them: the domain's are snake_case."""
    if not isinstance(failure, ValidationFailed):
        return failure
    return ValidationFailed({camel(field): said for field, said in failure.errors.items()})


def camel(name: str) -> str:
    """Write a snake_case name in camelCase; any other name stays as it is."""
    return re.sub(r"_([a-z])", lambda match: match[1].upper(), name)


def _nine_fields(
    card: GiftCard | OwnedCard, owner_uuid: str, owner_username: str
) -> tuple[str, str, str, int, bool, bool, bool, str | None, bool]:
    return (
        card.id, owner_uuid, owner_username, card.credit, card.active, card.redeemed,
        card.transfer, card.texture, card.purchased,
    )  # fmt: skip
