"""What is shown of a unit and of what it has given, for the API and the command line."""

from typing import Annotated, Any, Final, Self

from msgspec import Meta, Struct, structs

from gridgift.domain.claims import Claim
from gridgift.domain.refunds import Refund, RefundState
from gridgift.domain.units import PairingCode, Unit, UnitKind
from gridgift.fields import Credit, GrantedCredit, Instant, Uuid, written
from gridgift.views import CARD_EXAMPLE, Actor, shown

UNIT_EXAMPLE: Final[dict[str, Any]] = {
    "id": "019aad3f-4444-7555-8666-777788889999",
    "kind": "delivery",
    "name": "Welcome gift",
    "credit": 100,
    "texture": None,
    "groupOnly": False,
    "transferable": False,
    "startsAt": None,
    "endsAt": "2027-01-07T08:00:00Z",
    "maxCards": 1000,
    "maxCardsADay": 50,
    "maxCredit": None,
    "minAccountDays": None,
    "usernames": [],
    "paused": False,
    "round": 1,
    "cards": 12,
    "granted": 1200,
    "objectUuid": "3e4f5061-7283-4a9b-8c5d-6e7f80912345",
    "objectOwnerUuid": "a1b2c3d4-e5f6-4789-9abc-def012345678",
    "pairedAt": "2026-11-22T19:30:00Z",
    "seenAt": "2026-11-24T07:15:00Z",
    "silentSince": None,
    "createdAt": "2026-11-22T19:20:00Z",
    "updatedAt": "2026-11-22T19:30:00Z",
}
CLAIM_EXAMPLE: Final[dict[str, Any]] = {
    "giftCardId": CARD_EXAMPLE["id"],
    "residentUuid": CARD_EXAMPLE["ownerUuid"],
    "residentUsername": CARD_EXAMPLE["ownerUsername"],
    "round": 1,
    "credit": 100,
    "createdAt": "2026-11-22T20:05:00Z",
}
REFUND_EXAMPLE: Final[dict[str, Any]] = {
    "id": "6b1e7c1c-2f0a-4a53-9a55-0d3a5c1f7e21",
    "unitId": "019aad3f-4444-7555-8666-77778888999b",
    "state": "owed",
    "amount": 250,
    "reason": "receiver_not_found",
    "payerUuid": CARD_EXAMPLE["ownerUuid"],
    "payerUsername": CARD_EXAMPLE["ownerUsername"],
    "paidAt": "2026-11-22T20:10:00Z",
    "createdAt": "2026-11-22T20:10:02Z",
    "begunAt": None,
    "refundedAt": None,
    "refundedBy": None,
    "note": "",
}
CODE_EXAMPLE: Final[dict[str, Any]] = {"code": "KQ7WM-3XPD2", "expiresAt": "2026-11-22T19:45:00Z"}


class UnitResponse(Struct, frozen=True, rename="camel"):
    """A unit: an object in Second Life that acts for the store."""

    id: Uuid
    kind: UnitKind
    name: str
    credit: Annotated[GrantedCredit, Meta(description="What each card has (L$).")]
    texture: Annotated[Uuid | None, Meta(description="Null: the store's logo.")]
    group_only: bool
    transferable: Annotated[bool, Meta(description="The owners of its cards may pass them on.")]
    starts_at: Instant | None
    ends_at: Instant | None
    max_cards: Annotated[int | None, Meta(description="In all rounds; null: no bound.")]
    max_cards_a_day: Annotated[int | None, Meta(description="On a day of the store's time zone.")]
    max_credit: Annotated[int | None, Meta(description="Of all cards together (L$).")]
    min_account_days: int | None
    usernames: Annotated[list[str], Meta(description="Whom it is for; empty: everybody.")]
    paused: bool
    round: int
    cards: Annotated[int, Meta(description="How many it has given, in all rounds.")]
    granted: Annotated[int, Meta(description="How much these had together (L$).")]
    object_uuid: Annotated[Uuid | None, Meta(description="The object that is paired with it.")]
    object_owner_uuid: Uuid | None
    paired_at: Instant | None
    seen_at: Annotated[Instant | None, Meta(description="When its object was last heard of.")]
    silent_since: Annotated[
        Instant | None,
        Meta(
            description="Since when a terminal or a directory, which ask all the time, is silent."
        ),
    ]
    created_at: Instant
    updated_at: Instant

    @classmethod
    def of(cls, unit: Unit, now: int) -> Self:
        """Show a unit, and whether it is silent at an instant (milliseconds)."""
        settings = structs.asdict(unit.settings)
        dates = {name: written(settings[name]) for name in ("starts_at", "ends_at")}
        dates["silent_since"] = written(unit.silent_since(now))
        return shown(cls, unit, round=unit.round_number, **settings | dates)


class ClaimResponse(Struct, frozen=True, rename="camel"):
    """A card that a unit has given: to whom, in which round."""

    gift_card_id: Uuid
    resident_uuid: Uuid
    resident_username: str
    round: int
    credit: Credit
    created_at: Instant

    @classmethod
    def of(cls, claim: Claim) -> Self:
        """Show a claim."""
        return shown(cls, claim, gift_card_id=claim.card_id, round=claim.round_number)


class RefundResponse(Struct, frozen=True, rename="camel"):
    """A payment for which nothing was sold; its id is the payment's nonce."""

    id: Uuid
    unit_id: Uuid
    state: RefundState
    amount: Credit
    reason: Annotated[str, Meta(description="The code of why nothing was sold.")]
    payer_uuid: Uuid
    payer_username: str
    paid_at: Annotated[Instant, Meta(description="When the resident paid.")]
    created_at: Annotated[Instant, Meta(description="Since when it is owed.")]
    begun_at: Annotated[
        Instant | None, Meta(description="When the vendor last asked whether to give it back.")
    ]
    refunded_at: Annotated[Instant | None, Meta(description="When it was said to be paid.")]
    refunded_by: Annotated[Actor | None, Meta(description="Who has said so.")]
    note: str

    @classmethod
    def of(cls, refund: Refund) -> Self:
        """Show a refund."""
        kind, by = refund.refunded_by_kind, refund.refunded_by
        return shown(cls, refund, refunded_by=Actor(kind, by) if kind and by else None)


class PairingCodeResponse(Struct, frozen=True, rename="camel"):
    """A code that pairs one object with the unit, until it expires."""

    code: str
    expires_at: Instant

    @classmethod
    def of(cls, new: PairingCode) -> Self:
        """Show a new code, for the only time."""
        return shown(cls, new)
