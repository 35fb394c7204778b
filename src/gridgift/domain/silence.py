"""Silence: objects that ask for work all the time, and of which nothing is heard (section 9).

Terminals and directories ask at least once a minute; vendors and delivery units only when somebody
comes, so that their silence says nothing. What was told is which silence, by the instant at which
it began: whoever is heard of again, and falls silent again, is told again.
"""

from typing import Final

from gridgift.domain import events
from gridgift.domain.instants import format_instant
from gridgift.domain.model import Caller
from gridgift.domain.units import SILENT_AFTER, Unit
from gridgift.storage.database import Tx

SHOWN: Final = 20  # silent units, at most


async def tell(tx: Tx, request_id: str, rows: int) -> int:
    """Note of up to ``rows`` units of any store that they are silent, once; return of how many.

    Servers that do it at once share the units.
    """
    heard_by = tx.now() - SILENT_AFTER
    found = await tx.all("units_fallen_silent", heard_by=heard_by, rows=rows)
    for store_id, unit_id in found:
        row = await tx.one("unit_silence_told", store_id=store_id, id=unit_id)
        assert row is not None, "it is claimed"
        await _note(tx, Caller(store_id, "system", events.ACTOR, request_id), Unit.from_row(row))
    return len(found)


async def _note(tx: Tx, caller: Caller, unit: Unit) -> None:
    assert unit.seen_at is not None, "it was paired"
    shown = {
        "name": unit.settings.name,
        "kind": unit.kind,
        "silentSince": format_instant(unit.seen_at),
    }
    await events.note(tx, caller, events.UNIT_SILENT, "unit", unit.id, None, shown)


async def of_store(tx: Tx, store_id: str) -> list[Unit]:
    """Return the store's units that are silent, at most ``SHOWN``, the longest silence first."""
    heard_by = tx.now() - SILENT_AFTER
    rows = await tx.all("units_silent_of_store", store_id=store_id, heard_by=heard_by, rows=SHOWN)
    return [Unit.from_row(row) for row in rows]


async def everywhere(tx: Tx) -> list[str]:
    """Return the ids of silent units of all stores, at most ``SHOWN``."""
    rows = await tx.all("units_silent", heard_by=tx.now() - SILENT_AFTER, rows=SHOWN)
    return [unit_id for (unit_id,) in rows]
