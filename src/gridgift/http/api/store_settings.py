"""The settings of the store that an API key belongs to (contract section 10)."""

import re
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from gridgift.domain import failures, stores, texts
from gridgift.domain.actions import Who
from gridgift.domain.days import zones
from gridgift.domain.ids import new_id, texture_of
from gridgift.domain.model import Announce, Store
from gridgift.domain.stores import MAP_LINK, ORIGIN, StoreChanges
from gridgift.fields import Instant, Uuid
from gridgift.http.api.store import STORE_EXAMPLE, TAG, StoreResponse
from gridgift.http.edge.answers import conditional, once
from gridgift.http.edge.api_key import ApiKey, KeyRequest
from gridgift.http.edge.limits import address_of
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.route import Route

PATH: Final = "/ext/v1/store"

_OFFSET: Final = re.compile("GMT[+-]")


def _text(lengths: tuple[int, int], description: str, *, name: bool = False) -> Meta:
    """Describe a text of one line, of so many characters; a name has something to see."""
    fits, says = (texts.fits_name, texts.wanted_name) if name else (texts.fits, texts.wanted)
    return Meta(
        min_length=lengths[0],
        max_length=lengths[1],
        description=description,
        extra={
            "says": says(*lengths),
            "parse": lambda text: text if fits(text, *lengths) else None,
        },
        extra_json_schema={"pattern": texts.NAME_PATTERN if name else texts.PATTERN},
    )


def _link(pattern: str, most: int, like: str, description: str) -> Meta:
    """Describe an address that has a form."""
    return Meta(
        pattern=f"^({pattern})$",
        max_length=most,
        description=description,
        extra={"says": f"must be {like}"},
    )


Name = Annotated[
    str,
    _text(stores.NAME_LENGTHS, "What the store is called; not only spaces.", name=True),
]
Contact = Annotated[
    str,
    _text(
        (0, stores.MAX_CONTACT),
        "Whom residents ask, as their page says it; empty: nobody.",
    ),
]
MapLink = Annotated[
    str,
    _link(
        f"({MAP_LINK})?",
        stores.MAX_MAP_LINK,
        "a map link like https://maps.secondlife.com/…",
        "Where the store is on Second Life's map; empty: nowhere.",
    ),
]
Origin = Annotated[
    str,
    _link(
        ORIGIN,
        stores.MAX_ORIGIN,
        "an origin like https://cards.example.com",
        "Where the store deployed its residents' page; null: the one served here.",
    ),
]
Lifetime = Annotated[
    int,
    Meta(
        ge=1,
        le=stores.MAX_LIFETIME,
        description="How many days a card granted without a date is good for; null: for ever.",
        extra={"says": f"must be an integer from 1 to {stores.MAX_LIFETIME} (days)"},
    ),
]
Zone = Annotated[
    str,
    Meta(
        description="IANA's name of the time zone whose days a date is one of.",
        extra={
            "says": "must be the name of a time zone, like America/Los_Angeles",
            "parse": lambda text: text if text in zones() else None,
        },
        # Those that are so many hours off, such as Etc/GMT+1, are taken as well: of that one and
        # Etc/GMT-1 generators of clients make one name.
        extra_json_schema={"enum": sorted(zone for zone in zones() if not _OFFSET.search(zone))},
    ),
]
Announced = Annotated[
    Announce,
    Meta(
        description="Whether residents are told of new cards in Second Life, and with their link.",
        extra={"says": "must be no, yes or link"},
    ),
]


class StoreSettings(StoreResponse, frozen=True, rename="camel"):
    """The store, with all of its settings."""

    contact: Contact
    customer_origin: Origin | None
    card_lifetime: Lifetime | None
    time_zone: Annotated[str, Meta(description="IANA's name of it.")]
    announce: Announced
    created_at: Instant


class PatchStoreRequest(Struct, frozen=True, rename="camel"):
    """A JSON merge patch (RFC 7396): what is omitted is left as it is."""

    name: Name | UnsetType = UNSET
    logo: Uuid | None | UnsetType = UNSET
    location_sl_url: MapLink | UnsetType = UNSET
    contact: Contact | UnsetType = UNSET
    customer_origin: Origin | None | UnsetType = UNSET
    card_lifetime: Lifetime | None | UnsetType = UNSET
    time_zone: Zone | UnsetType = UNSET
    announce: Announced | UnsetType = UNSET

    def changes(self) -> StoreChanges:
        """Return what to change."""
        values = msgspec.structs.asdict(self)
        values["location_slurl"] = values.pop("location_sl_url")
        if not isinstance(self.logo, UnsetType):
            values["logo"] = texture_of(self.logo)
        return StoreChanges(**values)


async def get_store_settings(request: KeyRequest[None, None]) -> Reply[StoreSettings]:
    """Read the store with its settings."""
    store = await request.operations.read(stores.read, request.store_id)
    return conditional(request, _show(store))


async def update_store_settings(
    request: KeyRequest[None, PatchStoreRequest],
) -> Reply[StoreSettings]:
    """Change some of the store's settings."""
    changes, if_match = request.body.changes(), request.if_match()
    agent = request.headers.get(b"user-agent", b"").decode("latin-1")
    name = f"API key {request.principal.key.name}"
    who = Who(request.store_id, new_id(), name, address_of(request), agent)
    return await once(request, _show, stores.update_by, who, changes, if_match)


def _show(store: Store) -> Reply[StoreSettings]:
    return Reply.json(StoreSettings.of(store), etag=stores.etag(store))


_PLACE: Final = "secondlife://Moonwall/128/128/23"
_EXAMPLE: Final[dict[str, Any]] = STORE_EXAMPLE | {
    "locationSlUrl": _PLACE,
    "contact": "Aria Moonwall",
    "customerOrigin": None,
    "cardLifetime": None,
    "timeZone": "America/Los_Angeles",
    "announce": "no",
    "createdAt": "2026-11-22T19:30:00Z",
}
_SHARED: Final[dict[str, Any]] = {
    "tag": TAG,
    "answer": StoreSettings,
    "example": _EXAMPLE,
    "etag": True,
}
ROUTES: Final = (
    Route(
        "GET",
        PATH,
        ApiKey("store:read"),
        get_store_settings,
        summary="Read the store and its settings",
        description="What /v1/store has of it, and what its people can set.",
        refusals=(failures.StoreNotFound,),
        **_SHARED,
    ),
    Route(
        "PATCH",
        PATH,
        ApiKey("store:write"),
        update_store_settings,
        summary="Change the store's settings",
        description="What is omitted is left. With If-Match the store must still have that ETag.",
        body=PatchStoreRequest,
        body_example={"locationSlUrl": _PLACE, "contact": "Aria Moonwall"},
        refusals=(failures.StoreNotFound, failures.PreconditionFailed),
        **_SHARED,
    ),
)
