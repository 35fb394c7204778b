"""Listings that only tests have: what a declaration can do beyond those that the server has."""

from typing import Final

from gridgift.storage.listing import Key, Listing, Order
from gridgift.storage.queries import load

TEXT: Final = """
-- fragment: probe
id, credit, created_at, expires_at, active

-- listing: cards_of_store
SELECT {probe} FROM gift_cards {index}
WHERE store_id = :store_id {filters} {seek}
ORDER BY {order} LIMIT :rows

-- filter: active
active

-- filter: at_least
credit >= :least OR credit = :exactly

-- filter: owned
owner_uuid {any:owners}

-- listing: keys_by_name
SELECT id, name FROM api_keys
WHERE store_id = :store_id {seek}
ORDER BY {order} LIMIT :rows
"""

LIBRARY: Final = load([TEXT])
FAR: Final = 9_223_372_036_854_775_807

BY_ID: Final = Key("id", "uuid")
NEVER_NULL: Final = Key(
    "expiry", "integer", nullable=True, sql=f"COALESCE(expires_at, CAST({FAR} AS bigint))"
)
CARDS: Final = Listing(
    "cards_of_store",
    table="gift_cards",
    orders={
        "created": Order((Key("created_at", "integer"), BY_ID)),
        "credit": Order((Key("credit", "integer"), BY_ID)),
        "expiry": Order((NEVER_NULL, BY_ID)),
    },
    filters=("active", "at_least", "owned"),
    library=LIBRARY,
)
CARDS_BY_INDEX: Final = Listing(
    "cards_of_store",
    table="gift_cards",
    orders={
        "created": Order((Key("created_at", "integer"), BY_ID), index="gift_cards_by_creation")
    },
    library=LIBRARY,
)
KEYS: Final = Listing(
    "keys_by_name",
    table="api_keys",
    orders={"name": Order((Key("name", "text"), BY_ID))},
    library=LIBRARY,
)
