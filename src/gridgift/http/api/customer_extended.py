"""What the resident's own page asks for beyond Allomancy's, ``/ext/v1/customer/*`` (section 8)."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, Self

from msgspec import Meta, Struct

from gridgift.domain import lists, residents, stores
from gridgift.domain.instants import format_instant
from gridgift.domain.lists import PageRequest
from gridgift.domain.model import Hold, OwnedCard, Resident, Store
from gridgift.fields import Credit as CardCredit
from gridgift.fields import Instant, Uuid
from gridgift.http.api.customer_page import CUSTOMER
from gridgift.http.api.store import STORE_EXAMPLE
from gridgift.http.edge.answers import ListResponse, PageQuery, list_reply
from gridgift.http.edge.customer_token import CUSTOMER_PAGE, CustomerRequest
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.route import Route
from gridgift.http.parameters import IDENTIFIER
from gridgift.views import CARD_EXAMPLE, CustomerGiftCardResponse, ResidentResponse, shown

PATH: Final = "/ext/v1/customer"

_STORE: Final[dict[str, Any]] = {
    "id": STORE_EXAMPLE["id"],
    "name": STORE_EXAMPLE["name"],
    "logo": None,
    "contact": "IM aria.moonwall in Second Life",
    "locationSlUrl": "https://maps.secondlife.com/secondlife/Moonwall/128/128/22",
}
_CARD: Final[dict[str, Any]] = CARD_EXAMPLE | {
    "storeId": STORE_EXAMPLE["id"],
    "expiresAt": "2027-11-22T00:00:00Z",
    "available": 400,
    "held": [{"amount": 100, "expiresAt": "2026-11-22T19:45:00Z"}],
}


class OwnStoreResponse(Struct, frozen=True, rename="camel"):
    """The store whose page it is, and where its residents find it."""

    id: Uuid
    name: str
    logo: Uuid | None
    contact: Annotated[
        str, Meta(description="Whom to ask, as the store says it: a text or an address, or empty.")
    ]
    location_sl_url: Annotated[str, Meta(description="A map address, or empty.")]

    @classmethod
    def of(cls, store: Store) -> Self:
        """Show a store to its customers."""
        return shown(cls, store, location_sl_url=store.location_slurl)


class HeldPart(Struct, frozen=True, rename="camel"):
    """A part of a card that is reserved for a purchase, until it is paid for or freed."""

    amount: CardCredit
    expires_at: Annotated[Instant, Meta(description="When it comes free by itself.")]


class OwnGiftCard(CustomerGiftCardResponse, frozen=True, rename="camel"):
    """A card as its owner sees it, with what of it is held."""

    available: Annotated[int, Meta(description="The credit that no open hold reserves, in L$.")]
    held: Annotated[list[HeldPart], Meta(description="Open holds; what ends first is first.")]

    @classmethod
    def with_holds(
        cls, store_id: str, owner: Resident, card: OwnedCard, holds: Sequence[Hold]
    ) -> Self:
        """Show a card to its owner, with its open holds."""
        parts = [HeldPart(hold.amount, format_instant(hold.expires_at)) for hold in holds]
        available = card.credit - sum(hold.amount for hold in holds)
        return cls.own(store_id, owner, card, available=available, held=parts)


async def get_own_store(request: CustomerRequest[None, None]) -> Reply[OwnStoreResponse]:
    """Tell whose page it is, and whom a resident can ask."""
    store = await request.operations.read(stores.read, request.store_id)
    return Reply.json(OwnStoreResponse.of(store))


async def list_own_gift_cards_with_holds(
    request: CustomerRequest[PageQuery, None],
) -> Reply[ListResponse[OwnGiftCard]]:
    """List the resident's cards, and what of them is held."""
    query, store_id, resident = request.query, request.store_id, request.principal.resident
    cursors = request.services.cursors.of(
        f"own giftcards with holds {store_id} {resident.uuid}", lists.KEY_TYPES
    )
    wanted = PageRequest(resident.uuid, cursors.read(query.cursor), query.limit)
    (owner, page), held = await request.operations.snapshot(lists.list_held, store_id, wanted)

    def show(card: OwnedCard) -> OwnGiftCard:
        return OwnGiftCard.with_holds(store_id, owner, card, held.get(card.id, ()))

    return list_reply(cursors, page.map(show), query.limit)


async def find_resident(request: CustomerRequest[None, None]) -> Reply[ResidentResponse]:
    """Tell who has a name, and so would get a card that is passed on to it."""
    found = await request.operations.read(residents.find, request.store_id, IDENTIFIER.of(request))
    return Reply.json(ResidentResponse.of(found))


ROUTES: Final = (
    Route(
        "GET",
        f"{PATH}/store",
        CUSTOMER,
        get_own_store,
        tag=CUSTOMER_PAGE,
        summary="Whose page it is, and whom to ask",
        description="The store, with its contact and its place on the map, where it has set them.",
        answer=OwnStoreResponse,
        example=_STORE,
    ),
    Route(
        "GET",
        f"{PATH}/giftcards",
        CUSTOMER,
        list_own_gift_cards_with_holds,
        tag=CUSTOMER_PAGE,
        summary="The resident's gift cards, and what of them is held",
        description="All but those that expired unredeemed. What is held is reserved for a "
        "purchase: it can't be redeemed or passed on until it is paid for, freed, or its time is "
        "over.",
        query=PageQuery,
        answer=ListResponse[OwnGiftCard],
        example=ListResponse.example(_CARD),
    ),
    Route(
        "GET",
        f"{PATH}/residents/{{identifier}}",
        CUSTOMER,
        find_resident,
        tag=CUSTOMER_PAGE,
        summary="Who would get a card",
        description="To be shown before a card is passed on, which can't be undone. Send the UUID "
        "then: whoever was shown gets it.",
        path_parameters=(IDENTIFIER,),
        answer=ResidentResponse,
        example={"uuid": CARD_EXAMPLE["ownerUuid"], "username": CARD_EXAMPLE["ownerUsername"]},
    ),
)
