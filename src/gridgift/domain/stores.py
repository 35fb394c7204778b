"""Stores: the owners of keys, cards and customers (contract section 7)."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import UNSET, Struct, UnsetType

from gridgift.domain import actions, residents, texts
from gridgift.domain.actions import About, Who
from gridgift.domain.days import SECOND_LIFE, is_zone
from gridgift.domain.failures import PreconditionFailed, StoreNotFound, ValidationFailed
from gridgift.domain.model import ANNOUNCE, Resident, Store
from gridgift.storage.database import Tx

_LABEL: Final = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_PORT: Final = (
    "[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]"
)
ORIGIN: Final = rf"(https?://{_LABEL}(\.{_LABEL})*|http://\[::1\])(:({_PORT}))?"
MAP_LINK: Final = r"(https?://(maps\.secondlife|slurl)\.com/|secondlife://)[!-~]*"
NAME_LENGTHS: Final = (1, 128)  # characters

MAX_ORIGIN: Final = 267  # characters: a scheme, a host's name of 253, a port
MAX_LIFETIME: Final = 36_500  # days
MAX_MAP_LINK: Final = 500  # characters
MAX_CONTACT: Final = 200  # characters


class NewStore(Struct, frozen=True):
    """The values of a new store; ``owner`` has a normalised username."""

    name: str
    owner: Resident
    logo: str | None = None
    location_slurl: str = ""
    time_zone: str = SECOND_LIFE


async def create(tx: Tx, new: NewStore, store_id: str) -> Store:
    """Make a store. Raises ``ValidationFailed``, and ``UsernameTaken`` for the owner's name."""
    _check({"name": new.name, "location_slurl": new.location_slurl, "time_zone": new.time_zone})
    await residents.remember(tx, new.owner)
    await tx.run(
        "store_add",
        store_id=store_id,
        name=new.name,
        logo=new.logo,
        blog_listed=False,
        application_open=False,
        base_bonus=0,
        group_bonus=0,
        location_slurl=new.location_slurl,
        owner_uuid=new.owner.uuid,
        created_at=tx.now(),
        time_zone=new.time_zone,
    )
    return await read(tx, store_id)


class StoreChanges(Struct, frozen=True):
    """The fields of a store to set; the others are UNSET. ``card_lifetime`` is in days.

    ``location_slurl`` leads to the store's place on the map of Second Life; "": nowhere.
    ``contact`` says whom residents ask; "": nobody.
    """

    name: str | UnsetType = UNSET
    logo: str | UnsetType | None = UNSET
    location_slurl: str | UnsetType = UNSET
    base_bonus: int | UnsetType = UNSET
    group_bonus: int | UnsetType = UNSET
    card_lifetime: int | UnsetType | None = UNSET
    customer_origin: str | UnsetType | None = UNSET
    time_zone: str | UnsetType = UNSET
    announce: str | UnsetType = UNSET
    contact: str | UnsetType = UNSET


async def update(
    tx: Tx, store_id: str, changes: StoreChanges, if_match: frozenset[str] | None = None
) -> Store:
    """Set some fields of a store, which must have one of some ETags (None: any).

    Raises ``StoreNotFound``, ``ValidationFailed``, ``PreconditionFailed``.
    """
    store = await lock(tx, store_id)  # all fields are written: nobody else's get lost
    if if_match is not None and etag(store) not in if_match:
        raise PreconditionFailed(etag(store))
    wanted = {name: getattr(store, name) for name in StoreChanges.__struct_fields__}
    named = msgspec.structs.asdict(changes).items()
    wanted |= {name: value for name, value in named if value is not UNSET}
    _check(wanted)
    wanted["customer_origin"] = _as_sent(wanted["customer_origin"])
    await tx.run("store_update", store_id=store_id, **wanted)
    return await read(tx, store_id)


async def update_by(
    tx: Tx, who: Who, changes: StoreChanges, if_match: frozenset[str] | None = None
) -> Store:
    """Do so for somebody, and record which settings it changed, if any."""
    before = await lock(tx, who.store_id)
    after = await update(tx, who.store_id, changes, if_match)
    if names := differing(before, after):
        await actions.note(tx, who, "settings_changed", About(text=", ".join(names)))
    return after


def differing(before: Store, after: Store) -> list[str]:
    """Name the settings that are others than before, in words."""
    return [
        name.replace("_", " ")
        for name in StoreChanges.__struct_fields__
        if getattr(before, name) != getattr(after, name)
    ]


def etag(store: Store) -> str:
    """Name a store's state by all that is known of it (RFC 9110, 8.8.3)."""
    return f'"{hashlib.sha256(msgspec.json.encode(store)).hexdigest()[:32]}"'


async def read(tx: Tx, store_id: str) -> Store:
    """Return a store. Raises ``StoreNotFound``."""
    row = await tx.one("store_by_id", store_id=store_id)
    if row is None:
        raise StoreNotFound(store_id)
    return Store.from_row(row)


async def lock(tx: Tx, store_id: str) -> Store:
    """Return a store, which nobody else changes until the transaction's end.

    Raises ``StoreNotFound``.
    """
    await tx.run("keys_lock", store_id=store_id)
    return await read(tx, store_id)


async def is_origin(tx: Tx, origin: str) -> bool:
    """Tell whether any store's customer page is on this origin."""
    return await tx.one("store_of_origin", origin=origin) is not None


async def origin_of(tx: Tx, store_id: str) -> str | None:
    """Return the origin of a store's customer page, if it has one of its own."""
    return (await read(tx, store_id)).customer_origin


async def list_all(tx: Tx) -> list[Store]:
    """Return every store of this server, oldest first."""
    return [Store.from_row(row) for row in await tx.all("stores_all")]


async def newest_card(tx: Tx) -> int | None:
    """Return when the newest card of any store was granted, or None without cards."""
    found = [row[0] for row in await tx.all("newest_cards")]
    return max((instant for instant in found if instant is not None), default=None)


def _check(values: dict[str, Any]) -> None:
    """Raise ``ValidationFailed`` for every value that a store can't have."""
    if errors := complaints(values):
        raise ValidationFailed(errors)


def complaints(values: Mapping[str, Any]) -> dict[str, list[str]]:
    """Say what is wrong with those values that a store can't have; any may be missing."""
    name, origin = values.get("name", "a name"), values.get("customer_origin")
    lifetime = values.get("card_lifetime")
    errors = {}
    if not texts.fits_name(name, *NAME_LENGTHS):
        errors["name"] = [texts.wanted_name(*NAME_LENGTHS)]
    if lifetime is not None and not 1 <= lifetime <= MAX_LIFETIME:
        errors["card_lifetime"] = [f"must be from 1 to {MAX_LIFETIME} days"]
    if origin is not None and not (len(origin) <= MAX_ORIGIN and re.fullmatch(ORIGIN, origin)):
        errors["customer_origin"] = ["must be an origin like https://cards.example.com"]
    if not _is_map_link(values.get("location_slurl", "")):
        errors["location_slurl"] = ["must be a map link like https://maps.secondlife.com/…"]
    if not texts.fits(values.get("contact", ""), 0, MAX_CONTACT):
        errors["contact"] = [texts.wanted(0, MAX_CONTACT)]
    if not is_zone(values.get("time_zone", SECOND_LIFE)):
        errors["time_zone"] = ["must be the name of a time zone, like America/Los_Angeles"]
    if values.get("announce", "no") not in ANNOUNCE:
        errors["announce"] = [f"must be one of {', '.join(ANNOUNCE)}"]
    for field in ("base_bonus", "group_bonus"):
        if not 0 <= values.get(field, 0) <= 100:
            errors[field] = ["must be from 0 to 100 percent"]
    return errors


def _as_sent(origin: str | None) -> str | None:
    """Return an origin as browsers send it: without the port that its scheme has anyway."""
    return origin and origin.removesuffix(":443" if origin.startswith("https:") else ":80")


def _is_map_link(text: str) -> bool:
    """Tell whether a text leads to Second Life's map, or is empty; pages make links of it."""
    return not text or (len(text) <= MAX_MAP_LINK and re.fullmatch(MAP_LINK, text) is not None)
