"""The store that an API key belongs to (contract section 7)."""

from typing import Annotated, Any, Final, Self

from msgspec import Meta, Struct

from gridgift.domain import failures, stores
from gridgift.domain.model import Store
from gridgift.fields import Uuid
from gridgift.http.edge.api_key import ApiKey, KeyRequest
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.route import Route, Tag
from gridgift.views import shown

TAG: Final = Tag("Store", "The store that an API key belongs to.")

STORE_EXAMPLE: Final[dict[str, Any]] = {
    "id": "019aad3c-0000-7000-8000-00000000c0de",
    "name": "Moonwall Couture",
    "logo": None,
    "blogListed": False,
    "applicationOpen": False,
    "bonus": {"baseBonus": 0, "groupBonus": 5},
    "locationSlUrl": "",
    "ownerUuid": "a1b2c3d4-e5f6-4789-9abc-def012345678",
    "ownerUsername": "aria.moonwall",
}


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
        bonus = Bonus(store.base_bonus, store.group_bonus)
        return shown(cls, store, bonus=bonus, location_sl_url=store.location_slurl)


async def get_store(request: KeyRequest[None, None]) -> Reply[StoreResponse]:
    """Read the store that the key belongs to."""
    store = await request.operations.read(stores.read, request.store_id)
    return Reply.json(StoreResponse.of(store))


async def list_loyalty_tiers(request: KeyRequest[None, None]) -> Reply[list[dict[str, Any]]]:
    """List the tiers of the store's loyalty programme: there is none."""
    return Reply.json([])


ROUTES: Final = (
    Route(
        "GET",
        "/v1/store",
        ApiKey("store:read"),
        get_store,
        tag=TAG,
        summary="Read the store",
        description="The store that the key belongs to.",
        answer=StoreResponse,
        example=STORE_EXAMPLE,
        refusals=(failures.StoreNotFound,),
    ),
    Route(
        "GET",
        "/v1/loyalty/tiers",
        ApiKey("store:read"),
        list_loyalty_tiers,
        tag=TAG,
        summary="List the loyalty tiers: always empty",
        description="Gift cards have no loyalty programme. The array has no envelope.",
        answer=list[dict[str, Any]],
        example=[],
    ),
)
