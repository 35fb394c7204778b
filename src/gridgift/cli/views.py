"""What ``--json`` prints of what the API does not show: stores' settings, keys, faults.

Names are camelCase, instants in ISO 8601; ``gridgift.views`` has the rest.
"""

from typing import Any, Self

import msgspec
from msgspec import Struct

from gridgift.domain.keys import IssuedKey
from gridgift.domain.model import Key, Store
from gridgift.domain.naming import NameOf
from gridgift.domain.verify import Fault
from gridgift.views import shown


class StoreView(Struct, frozen=True, rename="camel"):
    """A store; ``card_lifetime`` is in days."""

    id: str
    name: str
    logo: str | None
    location_slurl: str
    contact: str
    owner_uuid: str
    owner_username: str
    card_lifetime: int | None
    customer_origin: str | None
    time_zone: str
    announce: str
    created_at: str | None

    @classmethod
    def of(cls, store: Store) -> Self:
        """Show a store."""
        return shown(cls, store)


class FaultView(Struct, frozen=True, rename="camel"):
    """Something that does not add up."""

    store_id: str
    account_kind: str
    account_id: str
    what: str

    @classmethod
    def of(cls, fault: Fault) -> Self:
        """Show a fault."""
        return shown(cls, fault)


class NameView(Struct, frozen=True, rename="camel"):
    """A username of a resident; ``noted_by`` is a store's id, null: it leads there everywhere."""

    username: str
    seen_at: str | None
    noted_by: str | None

    @classmethod
    def of(cls, name: NameOf) -> Self:
        """Show a username."""
        return shown(cls, name)


class KeyView(Struct, frozen=True, rename="camel"):
    """A key as it is stored: never the key itself."""

    id: str
    store_id: str
    name: str
    preview: str
    scopes: list[str]
    created_at: str | None
    expires_at: str | None
    revoked_at: str | None
    last_used_at: str | None

    @classmethod
    def of(cls, key: Key) -> Self:
        """Show a key."""
        return shown(cls, key, scopes=sorted(key.scopes))


def issued(new: IssuedKey) -> dict[str, Any]:
    """Show a new key, for the only time: ``key`` is the whole of it."""
    return {"key": new.key, **msgspec.to_builtins(KeyView.of(new.stored))}
