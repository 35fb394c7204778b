"""Units: objects in Second Life that act for the store (contract section 9)."""

import secrets
from functools import partial
from typing import Annotated, Any, Final

from msgspec import UNSET, Meta, Struct, UnsetType

from gridgift.domain import claims, texts, units
from gridgift.domain.ids import new_id, texture_of
from gridgift.domain.model import MAX_CREDIT
from gridgift.domain.unit_failures import UnitNotFound
from gridgift.domain.units import Unit, UnitChanges, UnitKind, UnitSettings
from gridgift.fields import GrantedCredit, Username, Uuid, When, instant_of
from gridgift.http.edge.answers import ListResponse, PageQuery, list_reply, once, write
from gridgift.http.edge.api_key import ApiKey, KeyRequest
from gridgift.http.edge.path import id_parameter
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.route import Route, Tag
from gridgift.unit_views import (
    CLAIM_EXAMPLE,
    CODE_EXAMPLE,
    UNIT_EXAMPLE,
    ClaimResponse,
    PairingCodeResponse,
    UnitResponse,
)

TAG: Final = Tag(
    "Units", "Objects in Second Life that act for the store: what they give, and which one it is."
)
PATH: Final = "/ext/v1/units"
UNIT_PATH: Final = f"{PATH}/{{unit}}"
READ: Final = ApiKey("units:read")
WRITE: Final = ApiKey("units:write")
UNIT_ID: Final = id_parameter("unit", "The unit's id.", UNIT_EXAMPLE["id"], UnitNotFound)

Kind = Annotated[
    UnitKind,
    Meta(
        description="delivery: a touch gives a card; terminal: residents redeem and pass on; "
        "vendor: sells cards; directory: finds names and UUIDs.",
        extra={"says": f"must be one of {', '.join(units.KINDS)}"},
    ),
]
UnitName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=units.NAME_LENGTHS[1],
        extra={
            "says": texts.wanted_name(*units.NAME_LENGTHS),
            "parse": lambda text: text if texts.fits_name(text, *units.NAME_LENGTHS) else None,
        },
        extra_json_schema={"pattern": texts.NAME_PATTERN},
    ),
]
Bound = Annotated[
    int,
    Meta(
        ge=1,
        le=MAX_CREDIT,
        description="Null: no bound.",
        extra={"says": f"must be an integer from 1 to {MAX_CREDIT}"},
    ),
]
Days = Annotated[
    int,
    Meta(
        ge=1,
        le=units.MAX_ACCOUNT_DAYS,
        description="How old a resident's account must be, in days. Null: any age.",
        extra={"says": f"must be an integer from 1 to {units.MAX_ACCOUNT_DAYS}"},
    ),
]
Usernames = Annotated[
    list[Username],
    Meta(
        max_length=units.MAX_NAMES,
        description="Whom it is for; empty: everybody.",
        extra={"says": f"must be at most {units.MAX_NAMES} usernames like kelly.moonwall"},
    ),
]

Transferable = Annotated[
    bool, Meta(description="The owners of cards that it gives from now on may pass them on.")
]


class CreateUnitRequest(Struct, frozen=True, rename="camel"):
    """What the unit is, and what it gives to whom."""

    kind: Kind
    name: UnitName
    credit: GrantedCredit = units.DEFAULT_CREDIT
    texture: Uuid | None = None
    group_only: bool = False
    transferable: Transferable = False
    starts_at: When | None = None
    ends_at: When | None = None
    max_cards: Bound | None = None
    max_cards_a_day: Bound | None = None
    max_credit: Bound | None = None
    min_account_days: Days | None = None
    usernames: Usernames = []
    paused: bool = False

    def settings(self) -> UnitSettings:
        """Return them as the domain has them."""
        return UnitSettings(**_settings(self, UnitSettings))


class PatchUnitRequest(Struct, frozen=True, rename="camel"):
    """A JSON merge patch (RFC 7396): what is omitted is left as it is."""

    name: UnitName | UnsetType = UNSET
    credit: GrantedCredit | UnsetType = UNSET
    texture: Uuid | None | UnsetType = UNSET
    group_only: bool | UnsetType = UNSET
    transferable: Transferable | UnsetType = UNSET
    starts_at: When | None | UnsetType = UNSET
    ends_at: When | None | UnsetType = UNSET
    max_cards: Bound | None | UnsetType = UNSET
    max_cards_a_day: Bound | None | UnsetType = UNSET
    max_credit: Bound | None | UnsetType = UNSET
    min_account_days: Days | None | UnsetType = UNSET
    usernames: Usernames | UnsetType = UNSET
    paused: bool | UnsetType = UNSET

    def changes(self) -> UnitChanges:
        """Return what to change."""
        return UnitChanges(**_settings(self, UnitChanges))


def _settings(request: Struct, into: type[Struct]) -> dict[str, Any]:
    """Return a request's members as the domain has them: instants, textures, tuples."""
    read = {
        "texture": texture_of,
        "starts_at": instant_of,
        "ends_at": instant_of,
        "usernames": tuple,
    }
    values = {name: getattr(request, name) for name in into.__struct_fields__}
    return {
        name: value if value is UNSET or name not in read else read[name](value)  # type: ignore[operator]
        for name, value in values.items()
    }


async def create_unit(request: KeyRequest[None, CreateUnitRequest]) -> Reply[UnitResponse]:
    """Make a unit."""
    kind, settings = request.body.kind, request.body.settings()
    show = partial(_show, request, status=201)
    return await once(request, show, units.create, request.caller, new_id(), kind, settings)


async def list_units(request: KeyRequest[PageQuery, None]) -> Reply[ListResponse[UnitResponse]]:
    """Page through the store's units."""
    query, store_id = request.query, request.store_id
    cursors = request.services.cursors.of(f"units {store_id}", units.KEY_TYPES)
    position = cursors.read(query.cursor)
    page = await request.operations.read(units.list_of, store_id, position, query.limit)
    show = partial(UnitResponse.of, now=request.received_at)
    return list_reply(cursors, page.map(show), query.limit)


async def get_unit(request: KeyRequest[None, None]) -> Reply[UnitResponse]:
    """Read a unit."""
    unit_id = UNIT_ID.of(request)
    return _show(request, await request.operations.read(units.read, request.store_id, unit_id))


async def patch_unit(request: KeyRequest[None, PatchUnitRequest]) -> Reply[UnitResponse]:
    """Change some settings of a unit."""
    unit_id, changes = UNIT_ID.of(request), request.body.changes()
    show = partial(_show, request)
    return await once(request, show, units.update, request.caller, unit_id, changes)


async def list_unit_claims(
    request: KeyRequest[PageQuery, None],
) -> Reply[ListResponse[ClaimResponse]]:
    """Page through what a unit has given."""
    query, store_id, unit_id = request.query, request.store_id, UNIT_ID.of(request)
    cursors = request.services.cursors.of(f"claims {store_id} {unit_id}", claims.KEY_TYPES)
    position = cursors.read(query.cursor)
    page = await request.operations.read(claims.list_of, store_id, unit_id, position, query.limit)
    return list_reply(cursors, page.map(ClaimResponse.of), query.limit)


async def pair_unit(request: KeyRequest[None, None]) -> Reply[PairingCodeResponse]:
    """Make a code by which an object can be paired."""
    unit_id, random = UNIT_ID.of(request), secrets.token_bytes(units.CODE_BYTES)
    new = await write(request, units.renew_code, request.store_id, unit_id, random)
    return Reply.json(PairingCodeResponse.of(new))


async def revoke_unit(request: KeyRequest[None, None]) -> Reply[UnitResponse]:
    """End a unit's object."""
    show, unit_id = partial(_show, request), UNIT_ID.of(request)
    return await once(request, show, units.revoke, request.caller, unit_id)


async def begin_unit_round(request: KeyRequest[None, None]) -> Reply[UnitResponse]:
    """Let everybody claim once more."""
    show, unit_id = partial(_show, request), UNIT_ID.of(request)
    return await once(request, show, units.begin_round, request.caller, unit_id)


def _show(request: KeyRequest[Any, Any], unit: Unit, status: int = 200) -> Reply[UnitResponse]:
    return Reply.json(UnitResponse.of(unit, request.received_at), status)


_NEW: Final[dict[str, Any]] = {
    "cards": 0, "granted": 0, "objectUuid": None, "objectOwnerUuid": None, "pairedAt": None,
    "seenAt": None, "updatedAt": UNIT_EXAMPLE["createdAt"],
}  # fmt: skip
ROUTES: Final = (
    Route(
        "POST",
        PATH,
        WRITE,
        create_unit,
        tag=TAG,
        summary="Make a unit",
        description="Without a texture its cards have the store's logo. The next step is a code, "
        "by which its object is paired.",
        body=CreateUnitRequest,
        body_example={
            "kind": "delivery",
            "name": "Welcome gift",
            "credit": 100,
            "maxCards": 1000,
            "maxCardsADay": 50,
            "endsAt": "2027-01-07T08:00:00Z",
        },
        answer=UnitResponse,
        example=UNIT_EXAMPLE | _NEW,
        status=201,
    ),
    Route(
        "GET",
        PATH,
        READ,
        list_units,
        tag=TAG,
        summary="Page through the store's units",
        description="All of them, oldest first.",
        query=PageQuery,
        answer=ListResponse[UnitResponse],
        example=ListResponse.example(UNIT_EXAMPLE),
    ),
    Route(
        "GET",
        UNIT_PATH,
        READ,
        get_unit,
        tag=TAG,
        summary="Read a unit",
        description="With what it has given, and which object is paired with it.",
        path_parameters=(UNIT_ID,),
        answer=UnitResponse,
        example=UNIT_EXAMPLE,
    ),
    Route(
        "PATCH",
        UNIT_PATH,
        WRITE,
        patch_unit,
        tag=TAG,
        summary="Change some settings of a unit",
        description="What is omitted is left; null is no bound. A paused unit gives nothing.",
        path_parameters=(UNIT_ID,),
        body=PatchUnitRequest,
        body_example={"credit": 150, "maxCards": None, "paused": True},
        answer=UnitResponse,
        example=UNIT_EXAMPLE | {"credit": 150, "maxCards": None, "paused": True},
    ),
    Route(
        "GET",
        f"{UNIT_PATH}/claims",
        READ,
        list_unit_claims,
        tag=TAG,
        summary="Page through what a unit has given",
        description="The claims of all rounds, oldest first.",
        path_parameters=(UNIT_ID,),
        query=PageQuery,
        answer=ListResponse[ClaimResponse],
        example=ListResponse.example(CLAIM_EXAMPLE),
    ),
    Route(
        "POST",
        f"{UNIT_PATH}/actions/pair",
        WRITE,
        pair_unit,
        tag=TAG,
        summary="Make a code that pairs an object",
        description="It pairs one object within 15 minutes; a code from before no longer does. "
        "Each call makes a new one, also with an Idempotency-Key: codes are not kept.",
        path_parameters=(UNIT_ID,),
        answer=PairingCodeResponse,
        example=CODE_EXAMPLE,
        replayable=False,
    ),
    Route(
        "POST",
        f"{UNIT_PATH}/actions/revoke",
        WRITE,
        revoke_unit,
        tag=TAG,
        summary="End a unit's object",
        description="Whatever it asks from now on is refused, and its code pairs nothing. Another "
        "object can be paired.",
        path_parameters=(UNIT_ID,),
        answer=UnitResponse,
        example=UNIT_EXAMPLE | {"objectUuid": None, "objectOwnerUuid": None, "pairedAt": None},
    ),
    Route(
        "POST",
        f"{UNIT_PATH}/actions/begin-round",
        WRITE,
        begin_unit_round,
        tag=TAG,
        summary="Let everybody claim once more",
        description="Each resident has one card in a round. The bounds count those of all rounds.",
        path_parameters=(UNIT_ID,),
        answer=UnitResponse,
        example=UNIT_EXAMPLE | {"round": 2},
    ),
)
