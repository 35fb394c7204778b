"""The store of a simulation: units for its objects, and residents who are known to it."""

import secrets
import uuid
from collections.abc import Sequence
from typing import Final

from gridgift.cli import unit as unit_command
from gridgift.cli.options import UsageError
from gridgift.cli.sample import OWNER, STORE
from gridgift.cli.session import operator, read_all
from gridgift.domain import grants, residents, units
from gridgift.domain.giftcards import Terms
from gridgift.domain.grants import GrantRequest
from gridgift.domain.ids import new_id
from gridgift.domain.model import Resident, Store
from gridgift.domain.residents import Identifier
from gridgift.domain.units import PairingCode, Unit, UnitKind, UnitSettings
from gridgift.inworld.protocol import Visitor
from gridgift.operations import Operations
from gridgift.storage.database import Tx

SETTINGS: Final = UnitSettings("Simulation")
KINDS: Final[tuple[UnitKind, ...]] = ("delivery", "terminal", "vendor")
OF_A_UNIT: Final = 50  # residents; a unit has 150 requests a minute
WELCOME: Final = Terms(50, transfer=True, reason="Simulation")  # to pass on


def is_demo(store: Store) -> bool:
    """Say whether a store is the one of ``gridgift demo``."""
    return (store.name, store.owner_uuid) == (STORE, OWNER.uuid)


def crowd(count: int) -> list[Visitor]:
    """Name residents, who are the same in every simulation."""
    names = [f"visitor{number}.simulated" for number in range(1, count + 1)]
    return [Visitor(str(uuid.uuid5(uuid.NAMESPACE_DNS, name)), name) for name in names]


async def welcome(tx: Tx, store_id: str, visitors: Sequence[Visitor]) -> None:
    """Make residents known, and grant every other one a card that can be passed on."""
    for number, visitor in enumerate(visitors):
        await residents.remember(tx, Resident(visitor.key, visitor.name))
        if number % 2:
            to = Identifier(uuid=visitor.key)
            await grants.grant(tx, GrantRequest(operator(store_id), to, WELCOME, new_id()))


async def find_units(
    operations: Operations, store_id: str, residents_: int, named: dict[str, str]
) -> list[PairingCode]:
    """Return units for so many residents, each with a code that pairs an object.

    ``named`` are ids of units with their codes. For a kind of which none is named, units of former
    simulations that no object is paired with are taken, or new ones made. Raises ``UsageError``
    and ``UnitNotFound``.
    """
    found = [
        PairingCode(await operations.read(units.read, store_id, unit_id), code, 0)
        for unit_id, code in named.items()
    ]
    for each in found:
        if each.unit.kind not in KINDS:
            raise UsageError(f"--pair: unit {each.unit.id} is a {each.unit.kind}.")
    present = {each.unit.kind for each in found}
    former = await read_all(operations, units.list_of, store_id)
    for kind in KINDS:
        if kind not in present:
            idle = [unit.id for unit in former if unit.kind == kind and _is_idle(unit)]
            for number in range(-(-residents_ // OF_A_UNIT)):
                again = idle[number] if number < len(idle) else None
                found.append(await _prepare(operations, store_id, kind, again))
    return found


async def _prepare(
    operations: Operations, store_id: str, kind: UnitKind, former: str | None
) -> PairingCode:
    random = secrets.token_bytes(units.CODE_BYTES)
    if former is None:
        return await operations.write(
            unit_command.make, operator(store_id), new_id(), kind, SETTINGS, random
        )
    return await operations.write(_reuse, store_id, former, random)


async def _reuse(tx: Tx, store_id: str, unit_id: str, random: bytes) -> PairingCode:
    """Let everybody claim once more at a unit of a former simulation, and make a new code."""
    await units.begin_round(tx, operator(store_id), unit_id)
    return await units.renew_code(tx, store_id, unit_id, random)


def _is_idle(unit: Unit) -> bool:
    return unit.settings == SETTINGS and unit.object_uuid is None


async def revoke(tx: Tx, store_id: str, unit_ids: Sequence[str]) -> None:
    """End the objects of a simulation."""
    for unit_id in unit_ids:
        await units.revoke(tx, operator(store_id), unit_id)
