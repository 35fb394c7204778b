"""Changes of one moment: together in a transaction they do what they do one after the other."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridgift.domain import (
    accounts,
    credit,
    giftcards,
    grants,
    holds,
    locked,
    redemption,
    residents,
    transfers,
    verify,
)
from gridgift.domain.accounts import Change
from gridgift.domain.credit import CreditRequest
from gridgift.domain.failures import Failure
from gridgift.domain.giftcards import Patch, Replacement, Terms
from gridgift.domain.grants import GrantRequest
from gridgift.domain.ids import new_id
from gridgift.domain.locked import CardRequest
from gridgift.domain.model import CardChange, Resident
from gridgift.domain.redemption import RedeemRequest
from gridgift.domain.residents import Identifier
from gridgift.domain.verify import Fault
from gridgift.storage.database import Tx
from tests.api import JO, KELLY
from tests.domain.fixture import DomainFixture

CARDS: Final = 3
FEW: Final = settings(max_examples=15)
WHO: Final = Identifier(uuid=KELLY.uuid), Identifier(uuid=JO.uuid), Identifier(username="no.one")

amounts = st.integers(1, 120)
flags = st.booleans()
numbers = st.integers(0, CARDS)  # the last one is no card
card_changes = st.lists(
    st.one_of(
        st.tuples(st.just("adjust"), numbers, amounts.map(lambda n: n - 60).filter(bool)),
        st.tuples(st.just("update"), numbers, amounts, flags),
        st.tuples(st.just("patch"), numbers, flags),
        st.tuples(st.just("disable"), numbers),
        st.tuples(st.just("hold"), numbers, amounts, st.integers(0, 3)),
        st.tuples(st.just("capture"), numbers, amounts, st.integers(0, 3)),
        st.tuples(st.just("void"), numbers, st.integers(0, 3)),
    ),
    min_size=1,
    max_size=12,
)


def rule_of(kind: str, values: Sequence[Any], hold_ids: Sequence[str]) -> tuple[Any, str | None]:
    """Return a change's rule, and which hold it looks at."""
    match kind, *values:
        case "adjust", delta:
            return giftcards.adjusting(delta, "why"), None
        case "update", amount, active:
            return giftcards.updating(Replacement(amount, None, False, active)), None
        case "patch", active:
            return giftcards.patching(Patch(active=active)), None
        case "disable", *_:
            return giftcards.disabling(), None
        case "hold", amount, number:
            return holds.placing(hold_ids[number], amount, 60_000), None
        case "capture", amount, number:
            return holds.capturing(hold_ids[number], amount), hold_ids[number]
        case "void", number:
            return holds.voiding(hold_ids[number]), hold_ids[number]
    raise AssertionError(kind)


class Side:
    """Cards with holds' ids of their own, to which changes are made in one of two ways."""

    def __init__(self, domain: DomainFixture) -> None:
        self.domain = domain
        self.cards = [domain.grant(credit=100).id for _ in range(CARDS)] + [new_id()]
        self.holds = [[new_id() for _ in range(4)] for _ in self.cards]

    def requests(self, changes: Sequence[Any]) -> list[CardRequest[Any]]:
        """Write changes as requests; the first to use a hold's id for a new hold has it."""
        placed: set[str] = set()
        found = []
        for kind, number, *values in changes:
            ids = self.holds[number]
            if kind == "hold":
                if ids[values[1]] in placed:
                    continue
                placed.add(ids[values[1]])
            rule, hold_id = rule_of(kind, values, ids)
            found.append(CardRequest(self.domain.caller, self.cards[number], rule, hold_id))
        return found

    def state(self) -> list[Any]:
        """Return what has become of the cards, without what no two cards have in common."""
        chains = [self.domain.entries(card) for card in self.cards]
        return [[(each.kind, each.delta, each.balance_after) for each in chain] for chain in chains]


def outcomes(results: Sequence[Any]) -> list[Any]:
    """Return what came of requests, without ids."""
    changes = [getattr(each, "change", each) for each in results]
    return [
        type(each)
        if isinstance(each, Failure)
        else (each.card.credit, each.held, each.card.version)
        for each in changes
    ]


def faults(domain: DomainFixture) -> list[Fault]:
    """Verify everything."""
    found: list[Fault] = []
    domain.read(verify.verify, found.append, lambda seen: None)
    return found


@given(changes=card_changes)
@FEW
def test_cards(domain: DomainFixture, changes: Sequence[Any]) -> None:
    together, single = Side(domain), Side(domain)
    store_id = domain.store.id
    ours = domain.write(locked.change_each, store_id, together.requests(changes))
    theirs = [
        domain.write(locked.change_each, store_id, [request])[0]
        for request in single.requests(changes)
    ]
    assert outcomes(ours) == outcomes(theirs)
    assert together.state() == single.state()
    assert faults(domain) == []


spends = st.lists(st.tuples(st.sampled_from(range(3)), flags, amounts), min_size=1, max_size=12)


def credit_requests(domain: DomainFixture, asked: Sequence[Any]) -> list[CreditRequest]:
    """Write deposits and spends as requests."""
    rules = [
        credit.depositing(Change(amount), new_id(), expires_at=domain.now + 1000 * amount)
        if puts
        else credit.spending(Change(amount), new_id())
        for _, puts, amount in asked
    ]
    pairs = zip(asked, rules, strict=True)
    return [CreditRequest(domain.caller, WHO[who], rule) for (who, *_), rule in pairs]


@given(asked=spends, later=st.integers(0, 100_000))
@FEW
def test_credit(domain: DomainFixture, asked: Sequence[Any], later: int) -> None:
    store_id = domain.store.id

    def run(*batches: Sequence[CreditRequest]) -> list[Any]:
        write = domain.write
        results = [each for one in batches for each in write(credit.change_each, store_id, one)]
        return [
            type(each) if isinstance(each, Failure) else (each.amount, each.credit.total)
            for each in results
        ]

    def empty() -> None:
        for who in WHO[:2]:
            total = domain.read(credit.read_of, domain.store.id, who).total
            if total:
                domain.write(credit.spend, domain.caller, who, Change(total), new_id())

    empty()
    ours = run(credit_requests(domain, asked))
    empty()
    theirs = run(*[[request] for request in credit_requests(domain, asked)])
    assert ours == theirs
    domain.now += later
    assert faults(domain) == []


@pytest.mark.parametrize("times", [3])
def test_a_card_is_redeemed_once_in_a_batch(domain: DomainFixture, times: int) -> None:
    cards = [domain.grant(credit=10 + number).id for number in range(times)]
    asked = [
        RedeemRequest(domain.caller, owner, card, new_id())
        for card in cards
        for owner in (JO, KELLY, KELLY)
    ]
    results = domain.write(redemption.redeem_each, domain.store.id, asked)
    kinds = [getattr(each, "code", "redeemed") for each in results]
    assert kinds == ["gift_card_not_found", "redeemed", "gift_card_redeemed"] * times
    total = domain.read(credit.read_of, domain.store.id, WHO[0]).total
    assert total == sum(10 + number for number in range(times))
    assert faults(domain) == []


def test_who_is_refused_becomes_no_customer(domain: DomainFixture) -> None:
    newcomer = domain.newcomer()
    asked = [CreditRequest(domain.caller, Identifier(uuid=newcomer.uuid), rule)
             for rule in (credit.spending(Change(5), new_id()),)]  # fmt: skip
    (refused,) = domain.write(credit.change_each, domain.store.id, asked)
    assert refused.code == "insufficient_credit"
    found = domain.sql(f"SELECT 1 FROM customers WHERE resident_uuid = '{newcomer.uuid}'")
    assert found == []


def test_two_who_make_the_same_new_customer(domain: DomainFixture) -> None:
    """Neither has a row to lock: both write a first entry, and one runs again."""
    whom = Identifier(uuid=domain.newcomer().uuid)

    async def race() -> None:
        await asyncio.gather(*[
            domain.database.write(credit.deposit, domain.caller, whom, Change(1), new_id())
            for _ in range(4)
        ])  # fmt: skip

    domain.run(race())
    assert domain.read(credit.read_of, domain.store.id, whom).total == 4
    assert faults(domain) == []


class Counted:
    """A transaction that counts its statements: on PostgreSQL each is a round trip."""

    def __init__(self, tx: Tx) -> None:
        self.now = tx.now
        self.statements = 0
        self._tx = tx

    def __getattr__(self, name: str) -> Any:
        self.statements += 1
        return getattr(self._tx, name)


def many_of(domain: DomainFixture, kind: str, times: int) -> tuple[Any, list[Any]]:
    """Return an operation and so many requests to it, each of a card of its own."""
    caller, cards = domain.caller, [domain.grant(credit=100).id for _ in range(times)]
    if kind == "redeem":
        return redemption.redeem_each, [
            RedeemRequest(caller, KELLY, card, new_id()) for card in cards
        ]
    if kind in {"deposit", "spend"}:
        rule = credit.depositing if kind == "deposit" else credit.spending
        return credit.change_each, [
            CreditRequest(caller, WHO[0], rule(Change(1), new_id())) for _ in cards
        ]
    rules = {
        "adjust": giftcards.adjusting(1, "why"),
        "update": giftcards.updating(Replacement(5, active=True)),
        "patch": giftcards.patching(Patch(credit=5)),
        "disable": giftcards.disabling(),
    }
    return locked.change_each, [
        CardRequest(caller, card, rules.get(kind) or holds.placing(new_id(), 1, 60_000))
        for card in cards
    ]


@pytest.mark.parametrize(
    "kind", ["adjust", "update", "patch", "disable", "hold", "deposit", "spend", "redeem"]
)
def test_twenty_take_as_many_statements_as_one(domain: DomainFixture, kind: str) -> None:
    domain.write(credit.deposit, domain.caller, WHO[0], Change(100), new_id())
    counts = []
    for times in (1, 20):
        run, requests = many_of(domain, kind, times)

        async def counted(tx: Tx, run: Any = run, requests: Any = requests) -> int:
            counter = Counted(tx)
            results = await run(counter, domain.store.id, requests)
            assert not [each for each in results if isinstance(each, Failure)]
            return counter.statements

        counts.append(domain.write(counted))
    assert counts[0] == counts[1]
    assert faults(domain) == []


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
def test_a_grant_waits_for_no_change_of_its_owners_credit(domain: DomainFixture) -> None:
    wanted = GrantRequest(domain.caller, WHO[0], Terms(5), new_id())

    async def hold(tx: Tx) -> CardChange:
        await accounts.lock(tx, domain.store.id, KELLY.uuid)
        return await asyncio.wait_for(domain.database.write(grants.grant, wanted), 5)

    domain.write(credit.deposit, domain.caller, WHO[0], Change(1), new_id())
    assert domain.write(hold).card.credit == 5


def test_each_lot_begins_when_its_entry_says(domain: DomainFixture) -> None:
    """Although the second card was granted by a clock that is ahead."""
    card = domain.grant(KELLY)
    domain.now += 5_000
    cards = [card, domain.grant(KELLY)]
    domain.now -= 4_990
    wanted = [RedeemRequest(domain.caller, KELLY, each.id, new_id()) for each in cards]
    domain.write(redemption.redeem_each, domain.store.id, wanted)
    assert faults(domain) == []


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)  # SQLite has one writer
def test_who_waited_for_a_card_sees_its_new_owner(domain: DomainFixture) -> None:
    card, new = domain.grant(KELLY, transfer=True), Resident(new_id(), "new.here")

    async def behind_a_transfer() -> CardChange:
        transferred, go = asyncio.Event(), asyncio.Event()

        async def transfer(tx: Tx) -> None:
            await residents.remember(tx, new)
            to = Identifier(uuid=new.uuid)
            await transfers.transfer(tx, domain.caller, None, card.id, to)
            transferred.set()
            await go.wait()

        first = asyncio.create_task(domain.database.write(transfer))
        await transferred.wait()
        disable = CardRequest(domain.caller, card.id, giftcards.disabling())
        second = asyncio.create_task(domain.database.write(locked.change, disable))
        assert (await asyncio.wait([second], timeout=0.3))[1] == {second}
        go.set()
        await first
        return await second

    change: CardChange = domain.run(behind_a_transfer())
    assert change.card.owner_username == new.username
    assert change.card == domain.card(card.id)
