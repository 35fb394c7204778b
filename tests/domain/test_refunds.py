"""Refunds at once: from a vendor's object, and from somebody of the store. They go back once."""

import asyncio
from typing import Any, Final

import pytest

from gridgift.domain import events, purchases, refunds, units
from gridgift.domain.ids import new_id
from gridgift.domain.model import Caller
from gridgift.domain.purchases import Payment
from gridgift.domain.refunds import Owed, Refund
from gridgift.domain.unit_failures import RefundAlreadyPaid, RefundUnderWay
from gridgift.domain.units import Unit, UnitSettings
from tests.api import KELLY
from tests.domain.fixture import DomainFixture, bare_sql

ROUNDS: Final = 20


@pytest.fixture
def vendor(domain: DomainFixture) -> Unit:
    """A vendor."""
    unit: Unit = domain.write(units.create, domain.caller, new_id(), "vendor", UnitSettings("Till"))
    return unit


def owe(domain: DomainFixture, vendor: Unit, amount: int = 250) -> str:
    """Let Kelly have paid for nothing; return the refund's id."""
    payment = Payment(new_id(), bytes(32), KELLY, amount, domain.now)
    sold = (caller_of(vendor), vendor.id, payment, new_id(), "receiver_not_found")
    domain.write(purchases.sell, *sold)
    return payment.nonce


def caller_of(vendor: Unit) -> Caller:
    """Return the vendor's object as a caller."""
    return Caller(vendor.store_id, "unit", vendor.id, new_id())


def at_once(domain: DomainFixture, *writes: tuple[Any, ...]) -> list[Any]:
    """Run writes at the same time; return what came of each."""

    async def run() -> list[Any]:
        wanted = (domain.database.write(*write) for write in writes)
        return await asyncio.gather(*wanted, return_exceptions=True)

    found: list[Any] = domain.run(run())
    return found


def told(domain: DomainFixture) -> int:
    """Count the events of refunds that were paid."""
    count = f"SELECT COUNT(*) FROM events WHERE type = '{events.REFUND_PAID}'"
    ((found,),) = domain.run(bare_sql(domain.settings.database_url, count))
    return int(found)


@pytest.mark.contract("9.31")
def test_of_many_who_mark_it_one_does(domain: DomainFixture, vendor: Unit) -> None:
    for _ in range(ROUNDS):
        refund = owe(domain, vendor)
        mark = (refunds.mark_paid, domain.caller, vendor.id, refund)
        found = at_once(domain, *[mark] * 4)
        assert sorted(type(each).__name__ for each in found) == [
            "Refund", *["RefundAlreadyPaid"] * 3]  # fmt: skip
    assert domain.read(refunds.owed, domain.store.id) == Owed(0, 0)
    assert told(domain) == ROUNDS


@pytest.mark.contract("9.33")
def test_the_object_or_somebody_else_pays(domain: DomainFixture, vendor: Unit) -> None:
    """Whichever comes first, the other is told: never may both believe that they pay."""
    for number in range(ROUNDS):
        refund = owe(domain, vendor)
        begin = (refunds.begin, caller_of(vendor), refund)
        mark = (refunds.mark_paid, domain.caller, vendor.id, refund)
        writes = (begin, mark) if number % 2 else (mark, begin)
        found = at_once(domain, *writes)
        begun, marked = found if number % 2 else found[::-1]
        if isinstance(begun, Refund):
            assert isinstance(marked, RefundUnderWay), marked
            domain.write(refunds.note_paid, caller_of(vendor), refund)
        else:
            assert isinstance(begun, RefundAlreadyPaid), begun
            assert isinstance(marked, Refund), marked
    assert domain.read(refunds.owed, domain.store.id) == Owed(0, 0)
    assert told(domain) == ROUNDS


def test_what_is_owed_is_added_up(domain: DomainFixture, vendor: Unit) -> None:
    ids = [owe(domain, vendor, 2**31 - 1) for _ in range(3)]
    assert domain.read(refunds.owed, domain.store.id) == Owed(3, 3 * (2**31 - 1))
    domain.write(refunds.mark_paid, domain.caller, vendor.id, ids[0])
    assert domain.read(refunds.owed, domain.store.id) == Owed(2, 2 * (2**31 - 1))
