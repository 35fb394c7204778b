"""What ``--json`` prints: camelCase names, instants in ISO 8601, lists in a stable order."""

from typing import Any, Self

import msgspec
from msgspec import Struct

from gridgift.cli.output import instant
from gridgift.domain.keys import IssuedKey
from gridgift.domain.model import Entry, GiftCard, Key, Store
from gridgift.domain.verify import Fault


class StoreShape(Struct, frozen=True, rename="camel"):
    """A store; ``card_lifetime`` is in days."""

    id: str
    name: str
    logo: str | None
    owner_uuid: str
    owner_username: str
    card_lifetime: int | None
    customer_origin: str | None
    created_at: str | None

    @classmethod
    def of(cls, store: Store) -> Self:
        """Show a store."""
        return cls(
            store.id,
            store.name,
            store.logo,
            store.owner_uuid,
            store.owner_username,
            store.card_lifetime,
            store.customer_origin,
            instant(store.created_at),
        )


class FaultShape(Struct, frozen=True, rename="camel"):
    """Something that does not add up."""

    store_id: str
    account_kind: str
    account_id: str
    what: str

    @classmethod
    def of(cls, fault: Fault) -> Self:
        """Show a fault."""
        return cls(fault.store_id, fault.account_kind, fault.account_id, fault.what)


class KeyShape(Struct, frozen=True, rename="camel"):
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
        return cls(
            key.id,
            key.store_id,
            key.name,
            key.preview,
            sorted(key.scopes),
            instant(key.created_at),
            instant(key.expires_at),
            instant(key.revoked_at),
            instant(key.last_used_at),
        )


class CardShape(Struct, frozen=True, rename="camel"):
    """A gift card with everything that is stored of it."""

    id: str
    store_id: str
    owner_uuid: str
    owner_username: str
    credit: int
    active: bool
    redeemed: bool
    transfer: bool
    texture: str | None
    purchased: bool
    expires_at: str | None
    created_at: str | None
    updated_at: str | None

    @classmethod
    def of(cls, card: GiftCard) -> Self:
        """Show a card."""
        return cls(
            card.id,
            card.store_id,
            card.owner_uuid,
            card.owner_username,
            card.credit,
            card.active,
            card.redeemed,
            card.transfer,
            card.texture,
            card.purchased,
            instant(card.expires_at),
            instant(card.created_at),
            instant(card.updated_at),
        )


class EntryShape(Struct, frozen=True, rename="camel"):
    """One line of a card's ledger; hashes are hexadecimal."""

    seq: int
    kind: str
    delta: int
    balance_after: int
    state: dict[str, Any]
    actor_kind: str
    actor_id: str
    reason: str
    request_id: str
    created_at: str | None
    previous_hash: str
    hash: str

    @classmethod
    def of(cls, entry: Entry) -> Self:
        """Show an entry."""
        return cls(
            entry.seq,
            entry.kind,
            entry.delta,
            entry.balance_after,
            msgspec.json.decode(entry.state, type=dict[str, Any]),
            entry.actor_kind,
            entry.actor_id,
            entry.reason,
            entry.request_id,
            instant(entry.created_at),
            entry.previous_hash.hex(),
            entry.hash.hex(),
        )


def issued(new: IssuedKey) -> dict[str, Any]:
    """Show a new key, for the only time: ``key`` is the whole of it."""
    return {"key": new.key, **msgspec.to_builtins(KeyShape.of(new.stored))}
