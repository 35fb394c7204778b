"""What the resident's own page sends and gets (contract section 8)."""

from typing import Self

import msgspec
from msgspec import Struct

from gridgift.domain.credit import Credit
from gridgift.domain.model import OwnedCard, Resident, Store
from gridgift.http.extension_schemas import LotResponse, lots_of
from gridgift.http.schemas import (
    Cursor,
    GiftCardResponse,
    Identifier,
    Instant,
    Limit,
    Uuid,
    written,
)


class MintTokenRequest(Struct, frozen=True, rename="camel"):
    """For whom: a username or an avatar UUID."""

    customer_identifier: Identifier


class MintTokenResponse(Struct, frozen=True, rename="camel"):
    """A token, and the address that opens the resident's page with it."""

    token: str
    url: str
    expires_at: Instant


class ProfileResponse(Struct, frozen=True, rename="camel"):
    """Whom to greet."""

    uuid: Uuid
    username: str
    picture_uuid: Uuid | None


class BrandResponse(Struct, frozen=True):
    """The name and logo for the page's header."""

    name: str
    logo: Uuid | None


class StoreRefResponse(Struct, frozen=True):
    """A store that items can belong to."""

    id: Uuid
    name: str
    logo: Uuid | None


class ContextResponse(Struct, frozen=True):
    """The brand, and the stores that the customer's things are from."""

    brand: BrandResponse
    stores: list[StoreRefResponse]

    @classmethod
    def of(cls, store: Store) -> Self:
        """Show a store that is its own brand."""
        return cls(
            BrandResponse(store.name, store.logo),
            [StoreRefResponse(store.id, store.name, store.logo)],
        )


class AccountResponse(Struct, frozen=True, rename="camel"):
    """A customer's credit at one store; the discount is in percent."""

    store_id: Uuid
    credit: int
    restricted_credit: int
    discount: int
    credit_lots: list[LotResponse]


class AccountsResponse(Struct, frozen=True):
    """A customer's credit, store by store."""

    accounts: list[AccountResponse]

    @classmethod
    def of(cls, store_id: str, credit: Credit) -> Self:
        """Show the credit at one store."""
        lots = lots_of(credit)
        return cls([AccountResponse(store_id, credit.total, credit.restricted, 0, lots)])


class CustomerGiftCardResponse(GiftCardResponse, frozen=True, rename="camel"):
    """A card as its owner sees it: the nine fields, the store and the expiry."""

    store_id: Uuid
    expires_at: Instant | None

    @classmethod
    def own(cls, store_id: str, owner: Resident, card: OwnedCard) -> Self:
        """Show a card to its owner."""
        return cls(
            **msgspec.structs.asdict(GiftCardResponse.owned(owner, card)),
            store_id=store_id,
            expires_at=written(card.expires_at),
        )


class CustomerListQuery(Struct, frozen=True, rename="camel"):
    """Which page, and of which store."""

    limit: Limit = 100
    cursor: Cursor | None = None
    store_id: Uuid | None = None


class CustomerTransferRequest(Struct, frozen=True, rename="camel"):
    """To whom: a username or an avatar UUID."""

    receiver_identifier: Identifier


class UnreadCount(Struct, frozen=True, rename="camel"):
    """How many unread posts a store has."""

    store_id: Uuid
    count: int


class UnreadResponse(Struct, frozen=True, rename="camel"):
    """Unread news, in all and by store."""

    total: int
    by_store: list[UnreadCount]
