"""The names of programs and objects that did something, for the people of a store."""

from collections.abc import Iterable
from contextlib import suppress

from gridgift.domain import keys, units
from gridgift.domain.failures import KeyNotFound
from gridgift.domain.model import ActorKind
from gridgift.domain.unit_failures import UnitNotFound
from gridgift.storage.database import Tx


async def names_of(
    tx: Tx, store_id: str, actors: Iterable[tuple[ActorKind, str]]
) -> dict[str, str]:
    """Return the names of the store's keys and units among some actors, by their ids.

    Each is read by itself: there are few of them in a card's life, or on a page.
    """
    names = {}
    for kind, actor_id in sorted(set(actors)):
        with suppress(KeyNotFound, UnitNotFound):
            if kind == "key":
                names[actor_id] = (await keys.read(tx, store_id, actor_id)).name
            elif kind == "unit":
                names[actor_id] = (await units.read(tx, store_id, actor_id)).settings.name
    return names
