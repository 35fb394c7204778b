"""The store over HTTP (contract section 7)."""

from gridgift.domain import stores
from gridgift.http.call import Call
from gridgift.http.reply import Reply
from gridgift.http.schemas import StoreResponse


async def get_store(call: Call) -> Reply:
    """Read the store that the key belongs to."""
    store = await call.read(stores.read, call.store_id)
    return Reply.json(StoreResponse.of(store))
