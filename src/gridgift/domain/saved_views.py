"""Saved views: what an operator calls a search of a store's cards, to open it again.

A view is a name and the query of an address: what it finds is found anew each time.
"""

from collections.abc import Callable
from typing import Final
from urllib.parse import unquote_plus

from msgspec import Struct

from gridgift.domain import texts
from gridgift.domain.failures import ValidationFailed
from gridgift.storage.database import Tx

MAX_VIEWS: Final = 20  # of an operator at a store

_NAME_LENGTHS: Final = (1, 40)  # characters


class SavedView(Struct, frozen=True):
    """A view: ``query`` is an address's, percent-encoded."""

    id: str
    name: str
    query: str


async def list_of(tx: Tx, store_id: str, operator_id: str) -> list[SavedView]:
    """Return an operator's views of a store, the oldest first."""
    rows = await tx.all("saved_views_of", store_id=store_id, operator_id=operator_id)
    return [SavedView(*row) for row in rows]


async def add(tx: Tx, store_id: str, operator_id: str, view: SavedView) -> None:
    """Save a view. Raises ``ValidationFailed`` for a name that is taken, and for one too many."""
    others = await _others(tx, store_id, operator_id, view)
    if len(others) >= MAX_VIEWS:
        raise ValidationFailed({"name": [f"is one too many: there are {MAX_VIEWS} views already"]})
    await tx.run(
        "saved_view_add",
        store_id=store_id, operator_id=operator_id, id=view.id, name=view.name, query=view.query,
    )  # fmt: skip


async def rename(tx: Tx, store_id: str, operator_id: str, view: SavedView) -> None:
    """Give a view another name. Raises ``ValidationFailed``, for one that is gone as well."""
    await _others(tx, store_id, operator_id, view)
    owned = {"store_id": store_id, "operator_id": operator_id, "id": view.id}
    if not await tx.run("saved_view_rename", **owned, name=view.name):
        raise ValidationFailed({"name": ["is for a view that was removed meanwhile"]})


async def remove(tx: Tx, store_id: str, operator_id: str, view_id: str) -> None:
    """Remove a view, if it is still there."""
    await tx.run("saved_view_drop", store_id=store_id, operator_id=operator_id, id=view_id)


async def forget(tx: Tx, store_id: str, operator_id: str) -> None:
    """Remove all views of an operator who leaves a store."""
    await tx.run("saved_views_drop", store_id=store_id, operator_id=operator_id)


async def forget_those(tx: Tx, store_id: str, is_meant: Callable[[str], bool]) -> None:
    """Remove the store's views with a name or a query that is meant."""
    for operator_id, view_id, name, query in await tx.all("saved_views_all", store_id=store_id):
        if is_meant(name) or is_meant(unquote_plus(query)):
            await remove(tx, store_id, operator_id, view_id)


async def _others(tx: Tx, store_id: str, operator_id: str, view: SavedView) -> list[SavedView]:
    """Return an operator's other views, which nobody changes meanwhile.

    Raises ``ValidationFailed`` for a name that can't be the view's.
    """
    if not texts.fits_name(view.name, *_NAME_LENGTHS):
        raise ValidationFailed({"name": [texts.wanted_name(*_NAME_LENGTHS)]})
    await tx.run("operator_lock", operator_id=operator_id)
    views = await list_of(tx, store_id, operator_id)
    others = [each for each in views if each.id != view.id]
    if any(each.name.casefold() == view.name.casefold() for each in others):
        raise ValidationFailed({"name": ["is another view's already"]})
    return others
