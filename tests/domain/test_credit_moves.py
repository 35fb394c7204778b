"""Store credit that goes from account to account: nothing is lost, and no two moves deadlock."""

import asyncio
from collections import Counter
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridgift.domain import accounts, credit, credit_moves, verify
from gridgift.domain.accounts import Change
from gridgift.domain.credit_moves import Moving
from gridgift.domain.failures import CreditLimitExceeded, Failure, InsufficientCredit
from gridgift.domain.ids import new_id
from gridgift.domain.merging import MAX_LOTS
from gridgift.domain.model import LotTerms
from gridgift.domain.residents import Identifier
from gridgift.storage.database import Tx
from tests.api import JO, KELLY, START
from tests.domain.fixture import DomainFixture

WHO: Final = Identifier(uuid=KELLY.uuid), Identifier(uuid=JO.uuid)
FEW: Final = settings(max_examples=15)
DATES: Final = (None, START + 1_000_000, START + 2_000_000)

steps = st.lists(
    st.one_of(
        st.tuples(
            st.just("deposit"),
            st.integers(0, 1),
            st.integers(1, 9),
            st.sampled_from(DATES),
            st.booleans(),
        ),
        st.tuples(st.just("move"), st.integers(0, 1), st.one_of(st.none(), st.integers(1, 30))),
    ),
    max_size=12,
)


def terms_of(domain: DomainFixture, uuid: str) -> Counter[LotTerms]:
    """Sum what an account has, by date and restriction."""

    async def read(tx: Tx) -> Counter[LotTerms]:
        sums = Counter[LotTerms]()
        for lot in (await accounts.lock(tx, domain.store.id, uuid)).open_lots:
            sums[lot.terms] += lot.remaining
        return sums

    found: Counter[LotTerms] = domain.write(read)
    return found


def faults(domain: DomainFixture) -> list[str]:
    found: list[str] = []
    domain.read(verify.verify, lambda fault: found.append(fault.what), lambda seen: None)
    return found


def deposit(domain: DomainFixture, who: int, amount: int, *terms: Any) -> None:
    expires_at, restricted = terms or (None, False)
    domain.write(
        credit.deposit, domain.caller, WHO[who], Change(amount), new_id(),
        expires_at=expires_at, restricted=restricted,
    )  # fmt: skip


def moving(domain: DomainFixture, who: int, amount: int | None) -> Any:
    """Return a move from one of the two to the other one, to be awaited."""
    what = WHO[who], WHO[1 - who], Moving(amount), new_id()
    return domain.database.write(credit_moves.move, domain.caller, *what)


@FEW
@given(steps=steps)
@pytest.mark.contract("10.114", "10.115")
def test_what_both_have_stays_the_same(domain: DomainFixture, steps: list[Any]) -> None:
    """By date and restriction, whatever is moved to and fro; the soonest goes first."""
    for what, who, *values in steps:
        if what == "deposit":
            deposit(domain, who, *values)
            continue
        before = [terms_of(domain, each.uuid or "") for each in WHO]
        (amount,) = values
        wanted = before[who].total() if amount is None else amount
        try:
            domain.run(moving(domain, who, amount))
        except InsufficientCredit as failure:
            assert failure.available == before[who].total() < max(wanted, 1)
            wanted = 0
        after = [terms_of(domain, each.uuid or "") for each in WHO]
        assert after[0] + after[1] == before[0] + before[1]
        assert after[who].total() == before[who].total() - wanted
        gone = [terms.expires_at or 2**62 for terms in before[who] - after[who]]
        left = [terms.expires_at or 2**62 for terms in after[who]]
        assert max(gone, default=0) <= min(left, default=2**62)
    assert faults(domain) == []


@pytest.mark.contract("10.115")
def test_opposite_moves_at_once(domain: DomainFixture) -> None:
    """Both accounts are locked in one order: all moves are made, one after the other."""
    for who in (0, 1):
        deposit(domain, who, 100)

    async def all_at_once() -> list[Any]:
        moves = [moving(domain, number % 2, 5) for number in range(20)]
        return await asyncio.wait_for(asyncio.gather(*moves), 30)

    assert len(domain.run(all_at_once())) == 20
    assert [terms_of(domain, each.uuid or "").total() for each in WHO] == [100, 100]
    assert faults(domain) == []


@pytest.mark.contract("10.116")
def test_the_receivers_lots_have_a_bound(domain: DomainFixture) -> None:
    async def fill(tx: Tx) -> None:
        account = await accounts.lock(tx, domain.store.id, JO.uuid)
        for _ in range(MAX_LOTS - 1):
            credit.depositing(Change(1), new_id())(account, domain.caller)
        await accounts.save_each(tx, [account])

    domain.write(fill)
    deposit(domain, 0, 5)
    deposit(domain, 0, 5, DATES[1], True)
    before = [terms_of(domain, each.uuid or "") for each in WHO]
    with pytest.raises(Failure) as raised:
        domain.run(moving(domain, 0, None))
    assert isinstance(raised.value, CreditLimitExceeded)
    assert [terms_of(domain, each.uuid or "") for each in WHO] == before
    domain.run(moving(domain, 0, 5))
