"""Units that fall silent: told once for each silence, whoever looks."""

import asyncio
import json
from typing import Any

import pytest

from gridgift.domain import silence, units
from gridgift.domain.ids import new_id
from gridgift.domain.model import Caller
from gridgift.domain.units import SILENT_AFTER, Unit, UnitChanges, UnitKind, UnitSettings
from tests.domain.fixture import DomainFixture, bare_sql


def place(domain: DomainFixture, kind: UnitKind = "terminal", name: str = "Counter") -> Unit:
    """Make a unit and pair an object with it."""
    made = domain.write(units.create, domain.caller, new_id(), kind, UnitSettings(name))
    return pair(domain, made.id)


def pair(domain: DomainFixture, unit_id: str) -> Unit:
    """Pair an object with a unit."""
    new = domain.write(units.renew_code, domain.store.id, unit_id, bytes(units.CODE_BYTES))
    object_ = Caller(domain.store.id, "unit", unit_id, "pair")
    unit: Unit = domain.write(units.pair, object_, unit_id, new.code, new_id(), new_id())
    return unit


def hear(domain: DomainFixture, unit_id: str) -> None:
    """Hear of a unit's object."""
    unit = domain.read(units.read, domain.store.id, unit_id)
    domain.write(units.note_heard, unit)


def told(domain: DomainFixture) -> list[tuple[str, Any]]:
    """Return which units were told to be silent, and what was said of them."""
    statement = (
        "SELECT account_id, details FROM events WHERE type = 'unit.silent' ORDER BY position"
    )
    rows = domain.run(bare_sql(domain.settings.database_url, statement))
    return [
        (str(unit), json.loads(json.loads(details)["after"]["state"])) for unit, details in rows
    ]


def is_silent(domain: DomainFixture, unit_id: str) -> bool:
    """Tell whether a unit is silent, in each way in which it is shown."""
    unit: Unit = domain.read(units.read, domain.store.id, unit_id)
    silent = unit.silent_since(domain.now) is not None
    assert ([unit] == domain.read(silence.of_store, domain.store.id)) is silent
    assert ([unit_id] == domain.read(silence.everywhere)) is silent
    return silent


@pytest.mark.contract("9.35")
def test_each_silence_is_told_once(domain: DomainFixture) -> None:
    unit = place(domain, name="<Counter>")
    domain.now += SILENT_AFTER - 1
    assert not is_silent(domain, unit.id)
    assert domain.write(silence.tell, "job", 100) == 0
    domain.now += 1
    assert is_silent(domain, unit.id)
    for _ in range(2):
        domain.write(silence.tell, "job", 100)
        domain.now += SILENT_AFTER
    since = "2026-09-21T14:13:20Z"
    first = (unit.id, {"name": "<Counter>", "kind": "terminal", "silentSince": since})
    assert told(domain) == [first]
    hear(domain, unit.id)
    assert not is_silent(domain, unit.id)
    assert domain.write(silence.tell, "job", 100) == 0
    domain.now += SILENT_AFTER
    assert domain.write(silence.tell, "job", 100) == 1
    assert [unit_id for unit_id, _ in told(domain)] == [unit.id] * 2


@pytest.mark.contract("9.35")
@pytest.mark.parametrize("kind", ["delivery", "vendor"])
def test_whoever_speaks_only_when_somebody_comes_is_not_silent(
    domain: DomainFixture, kind: UnitKind
) -> None:
    unit = place(domain, kind)
    domain.now += 10 * SILENT_AFTER
    assert not is_silent(domain, unit.id)
    assert domain.write(silence.tell, "job", 100) == 0


@pytest.mark.contract("9.35")
def test_what_is_paused_or_revoked_may_be_silent(domain: DomainFixture) -> None:
    unit = place(domain, "directory")
    domain.write(units.update, domain.caller, unit.id, UnitChanges(paused=True))
    domain.now += 2 * SILENT_AFTER
    assert not is_silent(domain, unit.id)
    domain.write(units.update, domain.caller, unit.id, UnitChanges(paused=False))
    assert not is_silent(domain, unit.id)  # it has had no time to ask yet
    domain.now += SILENT_AFTER
    assert is_silent(domain, unit.id)
    domain.write(units.revoke, domain.caller, unit.id)
    assert not is_silent(domain, unit.id)
    assert domain.write(silence.tell, "job", 100) == 0
    pair(domain, unit.id)
    assert not is_silent(domain, unit.id)
    domain.now += SILENT_AFTER
    assert domain.write(silence.tell, "job", 100) == 1


@pytest.mark.contract("9.35")
def test_servers_that_look_at_once_tell_it_once(domain: DomainFixture) -> None:
    made = {place(domain).id for _ in range(10)}
    domain.now += SILENT_AFTER

    async def look() -> list[int]:
        jobs = (domain.database.write(silence.tell, f"job {n}", 3) for n in range(8))
        return await asyncio.gather(*jobs)

    counts = domain.run(look())
    while count := domain.write(silence.tell, "the rest", 3):
        counts.append(count)
    assert sum(counts) == len(made)
    assert sorted(unit_id for unit_id, _ in told(domain)) == sorted(made)
