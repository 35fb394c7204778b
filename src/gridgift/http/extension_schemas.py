"""What travels on Gridgift's own endpoints, ``/ext/v1`` (contract section 10)."""

from typing import Annotated, Any, Final, Literal, Self

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from gridgift.domain.credit import Change, Credit
from gridgift.domain.giftcards import Patch
from gridgift.domain.instants import format_instant
from gridgift.domain.model import MAX_CREDIT, Entry, EntryKind, GiftCard, Hold
from gridgift.http.schemas import Credit as CardCredit
from gridgift.http.schemas import (
    Cursor,
    GiftCardResponse,
    GrantedCredit,
    Identifier,
    Instant,
    Limit,
    Uuid,
    instant_of,
    lowered,
    written,
)

MAX_HOLD: Final = 7 * 86_400  # seconds

Text = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=200,
        pattern=r"^[^\x00-\x1f\x7f-\x9f]*$(?!\n)",  # "$" alone would let a newline follow
        extra={"says": "must have 1 to 200 printable characters"},
    ),
]
Delta = Annotated[
    int,
    Meta(
        ge=-MAX_CREDIT,
        le=MAX_CREDIT,
        description="Linden Dollars (L$) to add, or, negative, to take away; not 0.",
        extra_json_schema={"not": {"const": 0}},
        extra={"says": f"must be an integer from {-MAX_CREDIT} to {MAX_CREDIT}"},
    ),
]
Seconds = Annotated[
    int,
    Meta(
        ge=1,
        le=MAX_HOLD,
        description="Seconds.",
        extra={"says": f"must be an integer from 1 to {MAX_HOLD} (seconds)"},
    ),
]


class GiftCardDetails(GiftCardResponse, frozen=True, rename="camel"):
    """A gift card with what the nine fields leave out."""

    available: Annotated[int, Meta(description="The credit that no open hold reserves, in L$.")]
    expires_at: Instant | None
    created_at: Instant
    updated_at: Instant

    @classmethod
    def detailed(cls, card: GiftCard, held: int) -> Self:
        """Show a card, of whose credit ``held`` is reserved."""
        return cls(
            **msgspec.structs.asdict(GiftCardResponse.of(card)),
            available=card.credit - held,
            expires_at=written(card.expires_at),
            created_at=format_instant(card.created_at),
            updated_at=format_instant(card.updated_at),
        )


class PatchGiftCardRequest(Struct, frozen=True, rename="camel"):
    """A JSON merge patch (RFC 7396): what is omitted is left as it is."""

    credit: CardCredit | UnsetType = UNSET
    texture: Uuid | None | UnsetType = UNSET
    transfer: bool | UnsetType = UNSET
    active: bool | UnsetType = UNSET
    expires_at: Instant | None | UnsetType = UNSET

    def patch(self) -> Patch:
        """Return what to change."""
        return Patch(
            self.credit,
            self.texture if isinstance(self.texture, UnsetType) else lowered(self.texture),
            self.transfer,
            self.active,
            self.expires_at
            if isinstance(self.expires_at, UnsetType)
            else instant_of(self.expires_at),
        )


class AdjustRequest(Struct, frozen=True):
    """By how much, and why."""

    delta: Delta
    reason: Text


class TransferRequest(Struct, frozen=True, rename="camel"):
    """To whom: a username or an avatar UUID."""

    receiver_identifier: Identifier
    reason: Text | None = None


class ReissueRequest(Struct, frozen=True):
    """Why a new card takes the old one's place."""

    reason: Text


class HoldRequest(Struct, frozen=True, rename="camel"):
    """How much to reserve, for how many seconds."""

    amount: GrantedCredit
    expires_in: Seconds


class HoldResponse(Struct, frozen=True, rename="camel"):
    """A hold on a card's credit. Its time can be over while its state is still open."""

    id: Uuid
    gift_card_id: Uuid
    amount: CardCredit
    state: Literal["open", "captured", "voided"]
    expires_at: Instant
    created_at: Instant

    @classmethod
    def of(cls, hold: Hold) -> Self:
        """Show a hold."""
        return cls(
            hold.id,
            hold.card_id,
            hold.amount,
            hold.state,
            format_instant(hold.expires_at),
            format_instant(hold.created_at),
        )


class EntriesQuery(Struct, frozen=True):
    """Which page of a card's entries."""

    limit: Limit = 100
    cursor: Cursor | None = None


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
            msgspec.json.decode(entry.state, type=dict[str, Any]),
            Actor(entry.actor_kind, entry.actor_id),
            entry.reason,
            entry.request_id,
            format_instant(entry.created_at),
            entry.previous_hash.hex(),
            entry.hash.hex(),
        )


class LotResponse(Struct, frozen=True, rename="camel"):
    """Credit that expires: open and dated."""

    amount: CardCredit
    expires_at: Instant
    restricted: bool


class CreditResponse(Struct, frozen=True):
    """A customer's store credit; what has no date is in a sum and in no lot."""

    total: Annotated[int, Meta(description="Free to spend on anything, in L$.")]
    restricted: Annotated[int, Meta(description="Kept apart for purchases that allow it, in L$.")]
    lots: list[LotResponse]

    @classmethod
    def of(cls, credit: Credit) -> Self:
        """Show a customer's credit."""
        return cls(credit.total, credit.restricted, lots_of(credit))


class CreditChangeResponse(Struct, frozen=True):
    """What was done, by its id, and the credit after it."""

    id: Annotated[Uuid, Meta(description="The lot's id, or the spend's.")]
    amount: CardCredit
    total: int
    restricted: int
    lots: list[LotResponse]


class DepositRequest(Struct, frozen=True, rename="camel"):
    """A new lot."""

    amount: GrantedCredit
    reason: Text
    reference: Text
    expires_at: Instant | None = None
    restricted: bool = False

    def change(self) -> Change:
        """Return amount, reason and reference."""
        return Change(self.amount, self.reason, self.reference)


class SpendRequest(Struct, frozen=True):
    """What to take; ``restricted`` true: this purchase may use restricted credit too."""

    amount: GrantedCredit
    reason: Text
    reference: Text
    restricted: bool = False

    def change(self) -> Change:
        """Return amount, reason and reference."""
        return Change(self.amount, self.reason, self.reference)


class RefundRequest(Struct, frozen=True):
    """Which spend to undo, and how much of it."""

    spend: Annotated[Uuid, Meta(description="The id that the spend answered with.")]
    amount: GrantedCredit
    reason: Text
    reference: Text

    def change(self) -> Change:
        """Return amount, reason and reference."""
        return Change(self.amount, self.reason, self.reference)


def lots_of(credit: Credit) -> list[LotResponse]:
    """Show the dated lots, soonest expiry first."""
    return [
        LotResponse(lot.remaining, format_instant(lot.expires_at), lot.restricted)
        for lot in credit.lots
        if lot.expires_at is not None
    ]
