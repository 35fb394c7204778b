"""Merging lots: an account keeps its bound through refunds, and nobody loses a day or an L$."""

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridgift.domain import credit, failures
from gridgift.domain.accounts import Change
from gridgift.domain.credit import CreditChange
from gridgift.domain.ids import new_id
from gridgift.domain.merging import SORTS, merge_surplus
from gridgift.domain.model import Lot
from gridgift.domain.residents import Identifier
from tests.api import KELLY
from tests.domain.fixture import DomainFixture
from tests.domain.test_verify import faults_of

MOST = 6
KELLYS = Identifier(uuid=KELLY.uuid)

dates = st.one_of(st.none(), st.integers(1, 30))
lots = st.lists(st.builds(Lot, st.uuids().map(str), st.just(9), st.integers(1, 9), dates,
    st.booleans()), max_size=20)  # fmt: skip


def in_order(found: Sequence[Lot]) -> list[Lot]:
    """Sort as an account's lots are spent."""
    return sorted(found, key=lambda lot: (lot.expires_at is None, lot.expires_at or 0))


def good_at(found: Sequence[Lot], instant: int) -> Counter[bool]:
    """Sum what is open at an instant, restricted or not."""
    sums = Counter[bool]()
    for lot in found:
        sums[lot.restricted] += lot.remaining if lot.open_at(instant) else 0
    return sums


@given(lots.map(in_order), st.integers(SORTS, 12))
def test_what_is_merged_is_worth_no_less(before: list[Lot], most: int) -> None:
    mergers = merge_surplus(before, most, 7)
    emptied = {lot.id for merger in mergers for lot in merger.lots}
    after = [lot for lot in before if lot.id not in emptied] + [m.into for m in mergers]
    assert len(after) <= max(most, 0) or not mergers
    assert (len(before) <= most) is (mergers == [])
    assert emptied.isdisjoint(lot.id for lot in before[: most - SORTS])
    assert good_at(after, 0) == good_at(before, 0)
    for instant in range(32):
        for restricted, amount in good_at(before, instant).items():
            assert good_at(after, instant)[restricted] >= amount
    never = [sum(lot.remaining for lot in each if lot.expires_at is None) for each in
             (before, after)]  # fmt: skip
    assert never[0] == never[1], "nothing that has a date becomes everlasting"


@pytest.fixture
def bounded(domain: DomainFixture, monkeypatch: pytest.MonkeyPatch) -> DomainFixture:
    """An account may have so many open lots."""
    monkeypatch.setattr(credit, "MAX_LOTS", MOST)
    return domain


def deposit_all(domain: DomainFixture, cycle: int) -> None:
    """Deposit as many lots as there may be: of distinct dates, undated, restricted."""
    for number in range(MOST):
        date = None if number % 3 == 2 else domain.now + 10_000 * (number + 1) + cycle
        domain.write(
            credit.deposit, domain.caller, KELLYS, Change(10 + number), new_id(),
            expires_at=date, restricted=number % 2 == 0,
        )  # fmt: skip


def change(domain: DomainFixture, operation: object, *args: object, **more: object) -> CreditChange:
    done: CreditChange = domain.write(operation, domain.caller, KELLYS, *args, **more)
    return done


def open_lots(domain: DomainFixture) -> int:
    ((number,),) = domain.sql("SELECT count(*) FROM credit_lots WHERE remaining > 0")
    return int(number)


@pytest.mark.contract("10.55")
def test_refunds_keep_the_bound(bounded: DomainFixture) -> None:
    whole, spends, again = sum(range(10, 10 + MOST)), [], 3
    for cycle in range(again):
        deposit_all(bounded, cycle)
        spends.append(change(bounded, credit.spend, Change(whole), new_id(), restricted=True).id)
    for number, spend in enumerate(spends, 1):
        for part in (whole - 1, 1):
            after = change(bounded, credit.refund, spend, Change(part)).credit
            assert open_lots(bounded) <= MOST
        assert after.total + after.restricted == number * whole
        assert faults_of(bounded) == []
    with pytest.raises(failures.RefundExceedsSpend):
        change(bounded, credit.refund, spends[0], Change(1))
    last = change(bounded, credit.spend, Change(again * whole), new_id(), restricted=True)
    assert open_lots(bounded) == 0
    assert change(bounded, credit.refund, last.id, Change(again * whole)).credit.total > 0
    bounded.now += 10_000_000
    change(bounded, credit.deposit, Change(1), new_id())
    assert faults_of(bounded) == []


@pytest.mark.contract("10.55")
def test_a_full_account_takes_refunds_and_no_deposit(bounded: DomainFixture) -> None:
    deposit_all(bounded, 0)
    spend = change(bounded, credit.spend, Change(1), new_id()).id
    with pytest.raises(failures.CreditLimitExceeded, match=f"more than {MOST} lots"):
        change(bounded, credit.deposit, Change(1), new_id())
    change(bounded, credit.refund, spend, Change(1))
    assert open_lots(bounded) == MOST
    assert faults_of(bounded) == []
