"""The domain's values: frozen structs, with no behaviour that needs a database or a clock.

Units: money is L$ (an ``int`` from 0 to ``MAX_CREDIT``); instants are milliseconds since the Unix
epoch, UTC; ids and avatar keys are lower-case hyphenated UUID strings (contract section 1).
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal, Self, get_args

import msgspec
from msgspec import Struct

from gridgift.domain.days import SECOND_LIFE

MAX_CREDIT: Final = 2_147_483_647  # Second Life's scripts have 32-bit signed integers
NIL_UUID: Final = "00000000-0000-0000-0000-000000000000"

ActorKind = Literal["key", "operator", "resident", "unit", "system"]
AccountKind = Literal["card", "credit"]
HoldState = Literal["open", "captured", "voided"]
EntryKind = Literal[
    "granted",
    "imported",
    "updated",
    "adjusted",
    "enabled",
    "disabled",
    "redeemed",
    "transferred",
    "reissued",
    "expired",
    "held",
    "captured",
    "voided",
    "hold_extended",
    "attested",
    "noted",
    "labelled",
    "credit_deposited",
    "credit_redeemed",
    "credit_spent",
    "credit_refunded",
    "credit_moved",
    "credit_extended",
    "credit_expired",
]


class Caller(Struct, frozen=True):
    """Who makes a request, of which store, and the request's id. Every ledger entry names it."""

    store_id: str
    actor_kind: ActorKind
    actor_id: str
    request_id: str


Announce = Literal["no", "yes", "link"]

ANNOUNCE: Final[tuple[Announce, ...]] = get_args(Announce)


class Store(Struct, frozen=True):
    """A store: the owner of keys, cards and customers.

    Bonuses are percent; ``card_lifetime`` is in days, for cards granted without a date;
    ``customer_origin`` is the origin of the store's own customer page. ``time_zone`` is IANA's name
    of the zone whose days a date is one of. ``announce`` is whether owners of new cards are told of
    them in Second Life, and with their link, where a grant says nothing. ``contact`` is whom
    residents ask, in the store's own words.
    """

    id: str
    name: str
    logo: str | None
    blog_listed: bool
    application_open: bool
    base_bonus: int
    group_bonus: int
    location_slurl: str
    owner_uuid: str
    owner_username: str
    created_at: int
    card_lifetime: int | None = None
    customer_origin: str | None = None
    time_zone: str = SECOND_LIFE
    announce: Announce = "no"
    contact: str = ""

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> Self:
        """Build a store from the columns of the SQL fragment ``store``."""
        store_id, name, logo, blog_listed, application_open, *rest = row
        return cls(store_id, name, logo, bool(blog_listed), bool(application_open), *rest)


class Resident(Struct, frozen=True):
    """A Second Life resident: the UUID is the identity, the username the last one seen.

    Who was seen without a username is called by the UUID.
    """

    uuid: str
    username: str

    @property
    def has_name(self) -> bool:
        """Tell whether a username was ever seen."""
        return self.username != self.uuid


class GiftCard(Struct, frozen=True, array_like=True):
    """A gift card as stored; ``version`` counts its ledger entries.

    ``head`` begins the hash of the newest of them, in hexadecimal; it is empty where nobody looked
    for it.
    """

    store_id: str
    id: str
    owner_uuid: str
    owner_username: str
    credit: int
    active: bool
    redeemed: bool
    transfer: bool
    texture: str | None
    purchased: bool
    expires_at: int | None
    version: int
    created_at: int
    updated_at: int
    held_until: int | None = None
    head: str = ""

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> Self:
        """Build a card from the columns of ``card`` or ``changed_card``, the SQL fragments."""
        (
            store_id, card_id, owner_uuid, owner_username, credit, active, redeemed, transfer,
            texture, purchased, expires_at, version, created_at, updated_at, held_until,
            *head,
        ) = row  # fmt: skip
        return cls(
            store_id, card_id, owner_uuid, owner_username, credit, bool(active), bool(redeemed),
            bool(transfer), texture, bool(purchased), expires_at, version, created_at, updated_at,
            held_until, *head,
        )  # fmt: skip


class OwnedCard(Struct, frozen=True, array_like=True):
    """A card in a list of one owner's at one store: the SQL fragment ``owned_card``."""

    id: str
    credit: int
    active: bool
    redeemed: bool
    transfer: bool
    texture: str | None
    purchased: bool
    expires_at: int | None


class Labels(Struct, frozen=True, omit_defaults=True):
    """What a store says of a card: its own ``reference``, tags in their order, and metadata."""

    reference: str | None = None
    tags: tuple[str, ...] = ()
    metadata: dict[str, str] = {}

    @classmethod
    def of(cls, reference: str | None, tags: Iterable[str], metadata: dict[str, str]) -> Self:
        """Make labels: each tag once, whatever their order was."""
        return cls(reference, tuple(sorted(set(tags))), metadata)

    def __bool__(self) -> bool:
        """Tell whether anything is said."""
        return bool(self.reference or self.tags or self.metadata)


NO_LABELS: Final = Labels()


class CardState(Struct, frozen=True, rename="camel", omit_defaults=True):
    """Everything about a card besides its balance, as a ledger entry keeps it.

    ``source`` is the former owner at a transfer, the other card at a reissue; ``hold`` is the id of
    the hold that was placed, extended, captured or voided, with its amount (L$) and its end;
    ``labels`` are those that the card was granted with, or that it has from now on. These are left
    out where they are None. Old entries lack the amount and the end, and older ones have the hold's
    id as their reason.
    """

    owner_uuid: str
    active: bool
    redeemed: bool
    transfer: bool
    texture: str | None
    purchased: bool
    expires_at: int | None
    source: str | None = None
    hold: str | None = None
    hold_amount: int | None = None
    hold_expires_at: int | None = None
    labels: Labels | None = None

    @classmethod
    def of(
        cls,
        card: GiftCard,
        source: str | None = None,
        hold: "Hold | None" = None,
        labels: Labels | None = None,
    ) -> Self:
        """Return a card's state, with what its entry names besides."""
        named: tuple[str | None, int | None, int | None] = (None, None, None)
        if hold is not None:
            named = (hold.id, hold.amount, hold.expires_at)
        return cls(
            card.owner_uuid,
            card.active,
            card.redeemed,
            card.transfer,
            card.texture,
            card.purchased,
            card.expires_at,
            source,
            *named,
            labels,
        )

    @property
    def of_card(self) -> Self:
        """The card's own state, without what its entry names besides."""
        return msgspec.structs.replace(
            self, source=None, hold=None, hold_amount=None, hold_expires_at=None, labels=None
        )


class LotTerms(Struct, frozen=True, array_like=True):
    """When a lot ends (milliseconds; None: never), and whether it is for some purchases only."""

    expires_at: int | None
    restricted: bool


class CreditState(Struct, frozen=True, omit_defaults=True):
    """Everything about a change of store credit besides its sum, as a ledger entry keeps it.

    ``lots`` has the id of each lot that changed and by how much (L$); ``reference`` is the caller's
    own, and at a redemption the card's id; ``spend`` is the id of what was spent or refunded;
    ``terms`` has the terms of each lot that begins with this entry, or that it extends, attests or
    moves to another account. ``move`` is the id of such a move, the same in both accounts' entries,
    and ``other`` the resident whose account is the other one. What there is none of is left out,
    and old entries have no terms.
    """

    lots: list[tuple[str, int]]
    reference: str
    spend: str | None = None
    terms: dict[str, LotTerms] = {}
    move: str | None = None
    other: str | None = None


class Entry(Struct, frozen=True):
    """One line of the ledger: what changed, by how much, who did it and why.

    ``balance_after`` and ``delta`` are L$; ``state`` is the account's other state after the
    change, as canonical JSON; ``hash`` covers all other fields, ``previous_hash`` included.
    """

    store_id: str
    account_kind: AccountKind
    account_id: str
    seq: int
    kind: EntryKind
    delta: int
    balance_after: int
    state: str
    actor_kind: ActorKind
    actor_id: str
    reason: str
    request_id: str
    created_at: int
    previous_hash: bytes
    hash: bytes


class CardChange(Struct, frozen=True):
    """What a change of a card left: the card after it and the entry written (None: no change).

    ``held`` is how much of the card's credit open holds reserve after it, in L$.
    """

    card: GiftCard
    held: int
    entry: Entry | None


class Key(Struct, frozen=True):
    """An API key as stored: never the key itself, only its SHA-256 and its preview."""

    store_id: str
    id: str
    name: str
    hash: bytes
    preview: str
    scopes: frozenset[str]
    created_at: int
    expires_at: int | None
    revoked_at: int | None
    last_used_at: int | None

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> Self:
        """Build a key from the columns of the SQL fragment ``key``."""
        store_id, key_id, name, digest, preview, scopes, *rest = row
        return cls(store_id, key_id, name, digest, preview, frozenset(scopes.split()), *rest)

    def works(self, at: int) -> bool:
        """Tell whether it has neither been revoked nor expired by an instant (milliseconds)."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > at)


class Lot(Struct, frozen=True):
    """Store credit of one origin: what is left of it (L$) and when that expires (None: never)."""

    id: str
    amount: int
    remaining: int
    expires_at: int | None
    restricted: bool

    @property
    def terms(self) -> LotTerms:
        """Return when it ends, and what it is good for."""
        return LotTerms(self.expires_at, self.restricted)

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> Self:
        """Build a lot from the columns of the SQL fragment ``lot``."""
        lot_id, amount, remaining, expires_at, restricted = row
        return cls(lot_id, amount, remaining, expires_at, bool(restricted))

    def open_at(self, now: int) -> bool:
        """Tell whether it can be spent at an instant."""
        return self.remaining > 0 and (self.expires_at is None or self.expires_at > now)


class Hold(Struct, frozen=True):
    """Part of a card's credit, reserved; ``state`` is open, captured or voided.

    ``captured`` is how much of it was taken (L$): all or a part when it was captured, else 0.
    """

    id: str
    card_id: str
    amount: int
    state: HoldState
    expires_at: int
    created_at: int
    captured: int = 0

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> Self:
        """Build a hold from the columns of the SQL fragment ``hold``."""
        *columns, captured = row
        hold = cls(*columns)
        if captured is None:
            captured = hold.amount if hold.state == "captured" else 0
        return msgspec.structs.replace(hold, captured=captured)


class Token(Struct, frozen=True):
    """A credential that opens a resident's own page at a store; only its hash is stored."""

    store_id: str
    id: str
    resident_uuid: str
    hash: bytes
    created_at: int
    expires_at: int
    revoked_at: int | None
