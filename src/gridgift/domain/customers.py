"""The customers of a store, and what they spent there (contract section 5)."""

from typing import Any, Final

from msgspec import Struct

from gridgift.domain.paging import Page, Position, read_page
from gridgift.storage.database import Tx
from gridgift.storage.listing import CUSTOMERS_BY_SPENT, CUSTOMERS_OF_STORE

KEY_TYPES: Final = CUSTOMERS_OF_STORE.types()
KEY_TYPES_BY_SPENT: Final = CUSTOMERS_BY_SPENT.types()
_SPENT_MORE: Final = frozenset({"spent_more"})


class Customer(Struct, frozen=True):
    """A customer of a store. All sums are in L$, ``created_at`` in milliseconds.

    ``spent`` is what spends and captures took, whether or not some of it was refunded; ``credit``
    and ``restricted_credit`` are what is open now.
    """

    uuid: str
    username: str
    spent: int
    created_at: int
    credit: int
    restricted_credit: int


async def list_of(tx: Tx, store_id: str, position: Position, limit: int) -> Page[Customer]:
    """Return a page of at most ``limit`` customers, in the order of their UUIDs."""
    return await read_page(
        tx, CUSTOMERS_OF_STORE, position, limit, Customer, lambda customer: (customer.uuid,),
        store_id=store_id, now=tx.now(),
    )  # fmt: skip


async def list_by_spent(
    tx: Tx, store_id: str, spent_more_than: int, position: Position, limit: int
) -> Page[Customer]:
    """Return a page of at most ``limit`` customers who spent more than a sum (in L$).

    Those who spent least come first; ``position`` is one of a list with the same sum.
    """
    filters, values = frozenset[str](), dict[str, Any]()
    if position.backward or not position.keys:
        filters, values = _SPENT_MORE, {"spent_more_than": spent_more_than}
    return await read_page(
        tx, CUSTOMERS_BY_SPENT, position, limit,
        Customer, lambda customer: (customer.spent, customer.uuid),
        filters=filters, store_id=store_id, now=tx.now(), **values,
    )  # fmt: skip
