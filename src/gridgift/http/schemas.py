"""What travels: request and response bodies, camelCase, exactly as the contract has them."""

from typing import Annotated, Final, Generic, Self, TypeVar

from msgspec import UNSET, Meta, Struct, UnsetType

from gridgift.domain.giftcards import Replacement, Terms
from gridgift.domain.instants import format_instant, parse_instant
from gridgift.domain.lists import Filters
from gridgift.domain.model import MAX_CREDIT, GiftCard, OwnedCard, Resident, Store
from gridgift.http.bulk_schemas import RowResult

T = TypeVar("T")

UUID_PATTERN = "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"

IDENTIFIER_SCHEMA: Final = {
    "anyOf": [
        {"type": "string", "pattern": "^[A-Za-z0-9]{1,31}([. ][A-Za-z0-9]{1,31})?$"},
        {"type": "string", "pattern": UUID_PATTERN, "not": {"pattern": "^[0-]+$"}},
    ]
}

# Only described here: the domain reads it, and refuses it with a code of its own.
Identifier = Annotated[
    str,
    Meta(description="A resident's username or avatar UUID.", extra_json_schema=IDENTIFIER_SCHEMA),
]
Credit = Annotated[
    int,
    Meta(
        ge=0,
        le=MAX_CREDIT,
        description="Linden Dollars (L$).",
        extra={"says": f"must be an integer from 0 to {MAX_CREDIT}"},
    ),
]
GrantedCredit = Annotated[
    int,
    Meta(
        ge=1,
        le=MAX_CREDIT,
        description="Linden Dollars (L$), at least 1.",
        extra={"says": f"must be an integer from 1 to {MAX_CREDIT}"},
    ),
]
Uuid = Annotated[
    str,
    Meta(
        pattern=UUID_PATTERN,
        max_length=36,  # "$" alone would let a newline follow
        extra={"says": "must be a UUID like 01234567-89ab-cdef-0123-456789abcdef"},
        extra_json_schema={"format": "uuid"},
    ),
]
Instant = Annotated[
    str,
    Meta(
        description="ISO 8601 date and time, in answers always in UTC with Z.",
        extra={
            "says": "must be a date and time like 2027-01-31T12:00:00Z",
            "parse": parse_instant,
        },
        extra_json_schema={"format": "date-time"},
    ),
]
Limit = Annotated[
    int,
    Meta(
        ge=1,
        le=1000,
        description="Rows on a page.",
        extra={"says": "must be an integer from 1 to 1000"},
    ),
]
Cursor = Annotated[
    str,
    Meta(description="nextCursor or previousCursor of an earlier answer, unchanged."),
]


class GiftCardResponse(Struct, frozen=True, rename="camel"):
    """A gift card, in the nine fields of the contract's section 6."""

    id: Uuid
    owner_uuid: Uuid
    owner_username: str
    credit: Credit
    active: Annotated[bool, Meta(description="Whether its owner may use it.")]
    redeemed: Annotated[bool, Meta(description="Whether it became store credit.")]
    transfer: Annotated[bool, Meta(description="Whether its owner may pass it on.")]
    texture: Annotated[Uuid | None, Meta(description="Its picture, a texture's UUID.")]
    purchased: Annotated[bool, Meta(description="Bought (true) or given; gates nothing.")]

    @classmethod
    def of(cls, card: GiftCard) -> Self:
        """Show a card."""
        return cls(
            card.id,
            card.owner_uuid,
            card.owner_username,
            card.credit,
            card.active,
            card.redeemed,
            card.transfer,
            card.texture,
            card.purchased,
        )

    @classmethod
    def owned(cls, owner: Resident, card: OwnedCard) -> Self:
        """Show a card out of a list of its owner's."""
        return cls(
            card.id,
            owner.uuid,
            owner.username,
            card.credit,
            card.active,
            card.redeemed,
            card.transfer,
            card.texture,
            card.purchased,
        )


class Pagination(Struct, frozen=True, rename="camel"):
    """Where the pages beside this one are; null where there is none."""

    next_cursor: str | None
    previous_cursor: str | None
    limit: Limit


class ListResponse(Struct, Generic[T], frozen=True):
    """A page of a list (contract section 4)."""

    data: list[T]
    pagination: Pagination


class GiftCardsQuery(Struct, frozen=True):
    """Which page of a customer's cards, and which of them."""

    limit: Limit = 100
    cursor: Cursor | None = None
    active: Annotated[bool, Meta(description="Only active, or only inactive ones.")] | None = None
    redeemed: Annotated[bool, Meta(description="Only redeemed, or only others.")] | None = None

    def filters(self) -> Filters:
        """Return the filters without the page."""
        return Filters(active=self.active, redeemed=self.redeemed)


class GrantGiftCardRequest(Struct, frozen=True, rename="camel"):
    """What a resident is given; without ``expiresAt`` the card lasts as the store has it."""

    credit: GrantedCredit
    transfer: bool = False
    texture: Uuid | None = None
    expires_at: Instant | None | UnsetType = UNSET

    def terms(self) -> Terms:
        """Return what to grant."""
        expires_at: int | None | UnsetType = UNSET
        if not isinstance(self.expires_at, UnsetType):
            expires_at = instant_of(self.expires_at)
        return Terms(self.credit, self.transfer, lowered(self.texture), expires_at)


class UpdateGiftCardRequest(Struct, frozen=True):
    """Replaces all four fields: one that is omitted is set to its default, not left."""

    credit: Credit = 0
    texture: Uuid | None = None
    transfer: bool = False
    active: bool = False

    def replacement(self) -> Replacement:
        """Return what to set."""
        return Replacement(self.credit, lowered(self.texture), self.transfer, self.active)


class Bonus(Struct, frozen=True, rename="camel"):
    """The store's purchase bonuses, in percent."""

    base_bonus: Annotated[int, Meta(ge=0, le=100)]
    group_bonus: Annotated[int, Meta(ge=0, le=100)]


class StoreResponse(Struct, frozen=True, rename="camel"):
    """The store that the key belongs to (contract section 7)."""

    id: Uuid
    name: str
    logo: Annotated[Uuid | None, Meta(description="A texture's UUID.")]
    blog_listed: bool
    application_open: bool
    bonus: Bonus
    location_sl_url: Annotated[str, Meta(description="A map address, or empty.")]
    owner_uuid: Uuid
    owner_username: str

    @classmethod
    def of(cls, store: Store) -> Self:
        """Show a store."""
        return cls(
            store.id,
            store.name,
            store.logo,
            store.blog_listed,
            store.application_open,
            Bonus(store.base_bonus, store.group_bonus),
            store.location_slurl,
            store.owner_uuid,
            store.owner_username,
        )


class HealthResponse(Struct, frozen=True):
    """How the server is."""

    status: str


class ProblemResponse(Struct, frozen=True, rename="camel", omit_defaults=True):
    """Problem details (RFC 9457; contract section 3)."""

    type: Annotated[str, Meta(extra_json_schema={"format": "uri-reference"})]
    title: str
    status: int
    detail: str
    code: str
    instance: str
    request_id: str
    errors: dict[str, list[str]] | None = None
    retry_after: Annotated[int, Meta(description="Seconds.")] | None = None
    available: Annotated[int, Meta(description="What can be taken, in L$.")] | None = None
    refundable: Annotated[int, Meta(description="What is left of the spend, in L$.")] | None = None
    results: Annotated[list[RowResult], Meta(description="Rows that are refused.")] | None = None


def instant_of(text: str | None) -> int | None:
    """Read a date, already checked, that may be null."""
    return None if text is None else parse_instant(text)


def written(instant: int | None) -> str | None:
    """Write a date that may be null."""
    return None if instant is None else format_instant(instant)


def lowered(uuid: str | None) -> str | None:
    """UUIDs are lower-case (contract section 1)."""
    return None if uuid is None else uuid.lower()
