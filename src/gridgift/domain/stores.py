"""Stores: whom keys, cards and customers belong to (contract section 7)."""

import re
from typing import Final

from msgspec import Struct

from gridgift.domain import residents
from gridgift.domain.failures import StoreNotFound, ValidationFailed
from gridgift.domain.model import Resident, Store
from gridgift.storage.database import Tx

_NAME: Final = re.compile(r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff]{1,128}")


class NewStore(Struct, frozen=True):
    """What a store begins with; ``owner`` has a normalised username."""

    name: str
    owner: Resident
    logo: str | None = None
    location_slurl: str = ""


async def create(tx: Tx, new: NewStore, store_id: str, now: int) -> Store:
    """Make a store. Raises ``ValidationFailed``, and ``UsernameTaken`` for the owner's name."""
    if not _NAME.fullmatch(new.name) or not new.name.strip():
        raise ValidationFailed({"name": ["must have 1 to 128 printable characters"]})
    await residents.remember(tx, new.owner, now)
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
        created_at=now,
    )
    return await read(tx, store_id)


async def read(tx: Tx, store_id: str) -> Store:
    """Return a store. Raises ``StoreNotFound``."""
    row = await tx.one("store_by_id", store_id=store_id)
    if row is None:
        raise StoreNotFound(store_id)
    return Store.from_row(row)


async def of_origin(tx: Tx, origin: str) -> frozenset[str]:
    """Return the ids of the stores whose customer page is on this origin."""
    return frozenset(row[0] for row in await tx.all("stores_of_origin", origin=origin))


async def list_all(tx: Tx) -> list[Store]:
    """Return every store of this server, oldest first."""
    return [Store.from_row(row) for row in await tx.all("stores_all")]


async def newest_entry(tx: Tx) -> int | None:
    """Return when the newest ledger entry of any store was written, or None without entries."""
    row = await tx.one("newest_entry")
    return None if row is None else row[0]
