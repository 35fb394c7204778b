"""Reports: what is owed at any instant of any life of a store, and what happened in a period."""

from collections import Counter
from contextlib import suppress
from datetime import date, timedelta
from typing import Any, Final, get_args
from zoneinfo import available_timezones

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gridgift.domain import (
    activity,
    credit,
    credit_lots,
    credit_moves,
    expiry,
    giftcards,
    grants,
    holds,
    ledger,
    redemption,
    reports,
    stores,
    transfers,
)
from gridgift.domain.accounts import Change
from gridgift.domain.activity import Activity
from gridgift.domain.credit_moves import Moving
from gridgift.domain.days import day_of, end_of
from gridgift.domain.failures import Failure, ValidationFailed
from gridgift.domain.giftcards import Patch, Terms
from gridgift.domain.grants import GrantRequest
from gridgift.domain.ids import new_id
from gridgift.domain.instants import DAY, HOUR
from gridgift.domain.ledger import read_card_state, read_credit_state
from gridgift.domain.model import Caller, Entry, LotTerms
from gridgift.domain.periods import EARLIEST, QUARTER, By, earlier, periods_between
from gridgift.domain.reports import Cards, Ending, Liability, Standing, StoreCredit, Sum
from gridgift.domain.residents import Identifier
from tests.api import JO, KELLY, OWNER, START
from tests.domain.fixture import DomainFixture
from tests.domain.test_money_machines import faults_of

PEOPLE: Final = (KELLY, JO)
ACTORS: Final = ("key", "operator", "resident")
Step = tuple[str, int, int, int, int]  # what, which card or account, how much, its end, time before
STEPS: Final = (
    "grant", "grant", "grant", "redeem", "transfer", "place", "capture", "void", "adjust", "patch",
    "disable", "reissue", "deposit", "deposit", "spend", "refund", "move", "extend",
    "expire",
)  # fmt: skip
steps: Final = st.tuples(
    st.sampled_from(STEPS),
    st.integers(0, 7),
    st.integers(1, 40),
    st.sampled_from([0, 0, 1, 5 * HOUR, 20 * DAY]),  # 0: never
    st.sampled_from([0, 1, HOUR, 5 * HOUR, 6 * DAY, 25 * DAY]),
)

WHOLE: Final[list[Step]] = [  # in which everything happens that is counted
    ("grant", 0, 40, 0, 0), ("grant", 1, 40, 0, 1), ("grant", 2, 20, 5 * HOUR, 1),
    ("place", 0, 10, 0, 1), ("capture", 0, 1, 0, 1), ("adjust", 0, 30, 0, 1),
    ("redeem", 1, 1, 0, 1), ("deposit", 0, 40, 0, 1), ("deposit", 5, 40, 5 * HOUR, 1),
    ("spend", 0, 10, 0, 1), ("refund", 0, 5, 0, 1), ("reissue", 0, 1, 0, 1),
    ("deposit", 0, 20, HOUR, 1), ("extend", 2, 1, 20 * DAY, 1), ("deposit", 0, 9, HOUR, 1),
    ("extend", 3, 1, 0, 1), ("patch", 3, 30, 5 * HOUR, 1), ("patch", 3, 30, 20 * DAY, 1),
    ("disable", 3, 1, 0, 1), ("expire", 0, 1, 0, 6 * DAY),
]  # fmt: skip


class Life:
    """A store of its own, in which one thing happens after the other."""

    def __init__(self, domain: DomainFixture) -> None:
        domain.now = START
        self.domain = domain
        new = stores.NewStore("Moonwall", OWNER, time_zone="America/St_Johns")
        self.store_id = domain.write(stores.create, new, new_id()).id
        self.cards: list[str] = []
        self.holds: list[tuple[str, str]] = []
        self.spends: list[tuple[Any, str]] = []
        self.lots: list[tuple[Any, str]] = []

    def step(self, step: Step) -> None:
        """Let something happen, if it can."""
        what, which, amount, lasts, before = step
        self.domain.now += before
        end = self.domain.now + lasts if lasts else None
        caller = Caller(self.store_id, ACTORS[which % 3], "someone", "request-1")  # type: ignore[arg-type]
        who = PEOPLE[which % 2]
        with suppress(Failure):
            self._do(what, caller, which, who, amount, end)

    def _do(
        self, what: str, caller: Caller, which: int, who: Any, amount: int, end: int | None
    ) -> None:
        write = self.domain.write
        to = Identifier(uuid=who.uuid)
        if what == "grant":
            self.cards.append(new_id())
            terms = Terms(amount, transfer=True, expires_at=end)
            write(grants.grant, GrantRequest(caller, to, terms, self.cards[-1]))
        elif what == "deposit":
            change = Change(amount, "why", "order")
            self.lots.append((to, new_id()))
            lot, restricted = self.lots[-1][1], which > 3
            write(credit.deposit, caller, to, change, lot, expires_at=end, restricted=restricted)
        elif what == "extend" and self.lots:
            write(credit_lots.extend, caller, *self.lots[which % len(self.lots)], end)
        elif what == "spend":
            spend_id = new_id()
            write(credit.spend, caller, to, Change(amount), spend_id, restricted=which > 3)
            self.spends.append((to, spend_id))
        elif what == "refund" and self.spends:
            write(credit.refund, caller, *self.spends[which % len(self.spends)], Change(amount))
        elif what == "move":
            other = Identifier(uuid=PEOPLE[which % 2 - 1].uuid)
            write(credit_moves.move, caller, to, other, Moving(amount), new_id())
        elif what == "expire":
            write(expiry.note_cards, "job", 100)
            write(expiry.note_credit, "job", 100)
        elif self.cards:
            self._do_with_card(what, caller, self.cards[which % len(self.cards)], who, amount, end)

    def _do_with_card(
        self, what: str, caller: Caller, card_id: str, who: Any, amount: int, end: int | None
    ) -> None:
        write = self.domain.write
        if what == "redeem":
            write(redemption.redeem, caller, who, card_id, new_id())
        elif what == "transfer":
            write(transfers.transfer, caller, None, card_id, Identifier(uuid=who.uuid))
        elif what == "place":
            self.holds.append((card_id, new_id()))
            write(holds.place, caller, *self.holds[-1], amount, 6 * DAY)
        elif what in {"capture", "void"} and self.holds:
            write(getattr(holds, what), caller, *self.holds[-1])
        elif what == "adjust":
            write(giftcards.adjust, caller, card_id, amount - 20, "why")
        elif what == "patch":
            write(
                giftcards.patch, caller, card_id, Patch(credit=amount, active=True, expires_at=end)
            )
        elif what == "disable":
            write(giftcards.disable, caller, card_id)
        elif what == "reissue":
            self.cards.append(new_id())
            write(transfers.reissue, caller, card_id, self.cards[-1], "lost")

    def liability(self, until: int | date | None = None) -> Liability:
        """Ask for the report."""
        snapshot = self.domain.database.snapshot
        found: Liability = self.domain.run(snapshot(reports.liability, self.store_id, until))
        return found

    def ending(self, days: int, until: int | date | None = None) -> list[Ending]:
        """Ask for the report of what ends."""
        snapshot = self.domain.database.snapshot
        found: list[Ending] = self.domain.run(snapshot(reports.ending, self.store_id, days, until))
        return found

    def happened(self, until: int | date | None = None) -> Activity:
        """Ask for the report of what happened, day by day."""
        snapshot = self.domain.database.snapshot
        found: Activity = self.domain.run(
            snapshot(activity.activity, self.store_id, "day", until=until)
        )
        return found

    def chains(self) -> dict[str, list[Entry]]:
        """Read the whole ledger, by account."""
        read, found = self.domain.read, {}
        for card_id in self.cards:
            found[card_id] = read(ledger.entries, self.store_id, "card", card_id)
        for who in PEOPLE:
            found[who.uuid] = read(ledger.entries, self.store_id, "credit", who.uuid)
        return {account: chain for account, chain in found.items() if chain}


def owed_by(chains: dict[str, list[Entry]], at: int) -> tuple[Cards, StoreCredit]:
    """Add up what the entries say of an instant, one after the other."""
    cards, credit_of = Cards(), Counter[str]()
    for chain in chains.values():
        then = [entry for entry in chain if entry.created_at <= at]
        if then and then[0].account_kind == "card" and then[-1].balance_after:
            state = read_card_state(then[-1].state)
            standing: Standing = "open" if state.active else "disabled"
            if state.expires_at is not None and state.expires_at <= at:
                standing = "expired"
            cards += Cards.of(standing, Sum(1, then[-1].balance_after))
        elif then and then[0].account_kind == "credit":
            for (end, restricted), amount in lots_of(then):
                kind = "restricted" if restricted else "unrestricted"
                credit_of["expired" if end is not None and end <= at else kind] += amount
    return cards, StoreCredit(**credit_of)


def lots_of(then: list[Entry]) -> list[tuple[tuple[int | None, bool], int]]:
    """Return the terms of each lot, and what entries leave of it."""
    left, terms = Counter[str](), dict[str, LotTerms]()
    for entry in then:
        state = read_credit_state(entry.state)
        left.update(dict(state.lots))
        terms |= state.terms
    return [((terms[lot].expires_at, terms[lot].restricted), left[lot]) for lot in left]


def undated(chains: dict[str, list[Entry]], at: int) -> tuple[Sum, int]:
    """Add up what the entries say of an instant and will never end: open cards, store credit."""
    cards, stored = Sum(), 0
    for chain in chains.values():
        then = [entry for entry in chain if entry.created_at <= at]
        if then and then[0].account_kind == "card" and then[-1].balance_after:
            state = read_card_state(then[-1].state)
            if state.active and state.expires_at is None:
                cards += Sum(1, then[-1].balance_after)
        elif then and then[0].account_kind == "credit":
            stored += sum(amount for (end, _), amount in lots_of(then) if end is None)
    return cards, stored


def sums_of(found: Liability) -> tuple[int, int]:
    """Return all that the accounts of cards and of store credit hold, in L$."""
    cards, store_credit = found.cards, found.credit
    return (
        cards.open.amount + cards.disabled.amount + cards.expired.amount,
        store_credit.unrestricted + store_credit.restricted + store_credit.expired,
    )


@pytest.mark.contract("10.126", "10.127", "10.128", "10.129")
def test_what_is_owed_at_each_instant_of_a_life(
    domain: DomainFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "ACCOUNTS", 2)  # so that there are several parts
    seen = Counter[str]()

    @settings(max_examples=5, database=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(steps, min_size=20, max_size=40))
    @example(WHOLE)
    def check(life_of: list[Step]) -> None:
        life = Life(domain)
        for step in life_of:
            life.step(step)
        chains = life.chains()
        assert domain.read(faults_of, life.store_id) == []
        ends = [state.expires_at for chain in chains.values() for state in states_of(chain)]
        moments = {entry.created_at for chain in chains.values() for entry in chain}
        moments |= {end for end in ends if end is not None}
        moments = {at + offset for at in moments for offset in (-1, 0)} | {START - 1, domain.now}
        for at in sorted(each for each in moments if each <= domain.now)[-30:]:
            found = life.liability(at)
            assert (found.at, (found.cards, found.credit)) == (at, owed_by(chains, at))
            for parts in (found.by_month, found.by_source):
                assert sum(parts.values(), Cards()) == found.cards
            seen.update([*found.by_source])
            seen.update({kind: 1 for kind in ("open", "disabled", "expired")
                         if getattr(found.cards, kind).count})  # fmt: skip
            seen.update({f"credit {kind}": 1 for kind in ("unrestricted", "restricted", "expired")
                         if getattr(found.credit, kind)})  # fmt: skip
        now = life.liability()  # from the rows, not from the entries
        assert now == life.liability(domain.now)
        last = [(chain[0].account_kind, chain[-1].balance_after) for chain in chains.values()]
        assert sums_of(now) == tuple(
            sum(balance for kind, balance in last if kind == wanted)
            for wanted in ("card", "credit")
        )

    check()
    assert seen.keys() >= {
        *ACTORS, "reissue", "open", "disabled", "expired",
        "credit unrestricted", "credit restricted", "credit expired",
    }  # fmt: skip


@pytest.mark.contract("10.170")
def test_what_was_said_at_an_instant_is_said_of_it_afterwards(
    domain: DomainFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "ACCOUNTS", 2)
    seen = Counter[str]()

    @settings(max_examples=5, database=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(steps, min_size=20, max_size=40))
    @example(WHOLE)
    def check(life_of: list[Step]) -> None:
        life = Life(domain)
        said = {}
        for step in life_of:
            life.step(step)
            said[domain.now] = life.ending(25), life.happened()
        chains = life.chains()
        for at, (ended, happened) in said.items():
            assert life.ending(25, at) == ended
            assert life.happened(at) == happened
            owed, never = life.liability(at), undated(chains, at)  # all else ends within 25 days
            cards = sum((day.cards for day in ended), never[0])
            stored = sum((day.credit for day in ended), Sum(0, never[1])).amount
            assert (cards, stored) == (owed.cards.open, owed.owed - cards.amount)
            seen.update(cards=sum(day.cards.count for day in ended))
            seen.update(lots=sum(day.credit.count for day in ended))

    check()
    assert min(seen["cards"], seen["lots"]) > 20


def states_of(chain: list[Entry]) -> list[Any]:
    """Return the terms and states of a chain that have a date."""
    if chain[0].account_kind == "card":
        return [read_card_state(entry.state) for entry in chain]
    return [terms for entry in chain for terms in read_credit_state(entry.state).terms.values()]


@pytest.mark.contract("10.130", "10.131")
def test_what_happened_is_the_difference_of_what_was_there(
    domain: DomainFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "ACCOUNTS", 2)
    seen = Counter[str]()

    @settings(max_examples=5, database=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(steps, min_size=20, max_size=40), st.sampled_from(["day", "week", "month"]))
    @example(WHOLE, "day")
    def check(life_of: list[Step], by: Any) -> None:
        life = Life(domain)
        for step in life_of:
            life.step(step)
        snapshot = domain.database.snapshot
        found = domain.run(snapshot(activity.activity, life.store_id, by))
        assert [each.complete for each in found.periods] == [True] * 11 + [False]
        for each in found.periods:
            before = sums_of(life.liability(each.period.begins_at - 1))
            after = sums_of(life.liability(min(each.period.ends_at - 1, domain.now)))
            f = each.figures
            cards = f.granted.amount + f.adjusted.amount - f.captured.amount - f.redeemed.amount
            stored = f.redeemed.amount + f.deposited.amount + f.refunded.amount
            stored -= f.spent.amount + f.credit_expired.amount
            assert (after[0] - before[0], after[1] - before[1]) == (cards, stored)
            seen.update({name: 1 for name in f.__struct_fields__ if getattr(f, name).count})
        assert found.total == sum((each.figures for each in found.periods), activity.Figures())

    check()
    assert seen.keys() == {*activity.Figures.__struct_fields__}


@pytest.mark.contract("10.128", "10.130")
@pytest.mark.parametrize(
    ("at", "first", "last", "field"),
    [
        (START + 1, None, None, "at"),
        (date(2026, 9, 21), None, None, "at"),  # today is not over
        (None, None, date(2026, 9, 22), "to"),
        (None, date(2026, 9, 22), date(2026, 9, 21), "from"),
        (None, date(2025, 8, 16), None, "from"),
        (None, EARLIEST - timedelta(days=1), EARLIEST, "from"),
        (None, date.min, date.min, "from"),
        (None, None, date.min, "to"),
    ],
)
def test_what_no_report_is_made_of(
    domain: DomainFixture, at: Any, first: date | None, last: date | None, field: str
) -> None:
    with pytest.raises(ValidationFailed) as raised:
        if at is not None:
            domain.read(reports.liability, domain.store.id, at)
        else:
            domain.read(activity.activity, domain.store.id, "day", first, last)
    assert list(raised.value.errors) == [field]


@pytest.mark.contract("10.128")
def test_a_day_is_owed_at_its_last_millisecond(domain: DomainFixture) -> None:
    end = end_of(date(2026, 9, 21), domain.store.time_zone)
    domain.grant(credit=5, expires_at=end)
    domain.now = end - 1
    domain.grant(credit=7)
    domain.now = end
    domain.grant(credit=11)
    found = domain.read(reports.liability, domain.store.id, date(2026, 9, 21))
    assert (found.at, found.owed, found.cards.open) == (end - 1, 12, Sum(2, 12))
    now = domain.read(reports.liability, domain.store.id)
    assert (now.at, now.owed, now.cards.expired) == (end, 18, Sum(1, 5))


@pytest.mark.contract("10.130")
@pytest.mark.parametrize(
    ("by", "first", "last", "expected"),
    [
        (
            "day",
            date(2026, 2, 27),
            date(2026, 3, 1),
            [date(2026, 2, 27), date(2026, 2, 28), date(2026, 3, 1)],
        ),
        (
            "week",
            date(2026, 3, 1),
            date(2026, 3, 9),
            [date(2026, 2, 23), date(2026, 3, 2), date(2026, 3, 9)],
        ),
        (
            "month",
            date(2025, 12, 31),
            date(2026, 2, 1),
            [date(2025, 12, 1), date(2026, 1, 1), date(2026, 2, 1)],
        ),
    ],
)
def test_periods_are_whole(by: By, first: date, last: date, expected: list[date]) -> None:
    found = periods_between(by, first, last, "America/Los_Angeles")
    assert [period.first for period in found] == expected
    assert [a.ends_at for a in found[:-1]] == [b.begins_at for b in found[1:]]
    assert earlier(by, last, 2) == expected[0]


@given(
    st.sampled_from(["day", "week", "month"]),
    st.dates(date(2003, 1, 1), date(2090, 1, 1)),
    st.integers(0, 40),
    st.sampled_from(sorted(available_timezones())),
)
@settings(max_examples=60, database=None)
def test_a_period_begins_with_a_quarter_of_an_hour(
    by: By, last: date, before: int, zone: str
) -> None:
    found = periods_between(by, earlier(by, last, before), last, zone)
    assert len(found) == before + 1
    assert [period.begins_at % QUARTER for period in found] == [0] * len(found)
    assert day_of(found[-1].begins_at, zone) <= last
    assert found[-1].begins_at < end_of(last, zone) <= found[-1].ends_at


def test_what_ends_soon(domain: DomainFixture) -> None:
    today = day_of(START, domain.store.time_zone)
    ends = [end_of(today + timedelta(days=days), domain.store.time_zone) for days in (0, 1, 2)]
    domain.grant(credit=5, expires_at=ends[0])
    domain.grant(credit=7, expires_at=ends[1] - HOUR)
    domain.grant(credit=11, expires_at=ends[1])
    domain.grant(credit=13, expires_at=ends[1] + 1)
    domain.grant(credit=17)
    disabled = domain.grant(credit=19, expires_at=ends[0])
    domain.write(giftcards.disable, domain.caller, disabled.id)
    kelly, change = Identifier(uuid=KELLY.uuid), Change(23)
    domain.write(credit.deposit, domain.caller, kelly, change, new_id(), expires_at=ends[1])
    found = domain.read(reports.ending, domain.store.id, 2)
    assert [(each.cards, each.credit) for each in found] == [
        (Sum(1, 5), Sum()), (Sum(2, 18), Sum(1, 23)),
    ]  # fmt: skip
    assert len(domain.read(reports.ending, domain.store.id, reports.MAX_DAYS)) == reports.MAX_DAYS
    for days in (0, reports.MAX_DAYS + 1):
        with pytest.raises(ValidationFailed, match="days"):
            domain.read(reports.ending, domain.store.id, days)


@pytest.mark.contract("10.170")
def test_a_past_day_ends_with_what_ended_at_its_end(domain: DomainFixture) -> None:
    today, zone = day_of(START, domain.store.time_zone), domain.store.time_zone
    tomorrow = today + timedelta(days=1)
    domain.grant(credit=5, expires_at=end_of(today, zone))
    domain.grant(credit=7, expires_at=end_of(tomorrow, zone))
    domain.now = end_of(today, zone) - 1
    said = domain.read(reports.ending, domain.store.id, 2)
    domain.now = end_of(tomorrow, zone)
    found = domain.read(reports.ending, domain.store.id, 2, today)
    assert found == said
    assert [(each.period.first, each.cards) for each in found] == [
        (today, Sum(1, 5)), (tomorrow, Sum(1, 7)),
    ]  # fmt: skip
    happened = domain.read(activity.activity, domain.store.id, "day", None, None, today)
    assert (happened.periods[-1].period.first, happened.total.granted) == (today, Sum(2, 12))
    assert happened.periods[-1].complete  # though it was not at its last millisecond


@pytest.mark.contract("10.170")
@pytest.mark.parametrize("at", [START + 1, date(2026, 9, 21), EARLIEST - timedelta(days=1)])
def test_of_which_instants_nothing_is_said(domain: DomainFixture, at: Any) -> None:
    with pytest.raises(ValidationFailed) as raised:
        domain.read(reports.ending, domain.store.id, 30, at)
    assert list(raised.value.errors) == ["at"]
    with pytest.raises(ValidationFailed) as raised:
        domain.read(activity.activity, domain.store.id, "day", None, None, at)
    assert list(raised.value.errors) == ["at"]


@pytest.mark.contract("10.170")
@pytest.mark.parametrize("by", get_args(By))
@pytest.mark.parametrize("days", [0, 1, 40])
def test_periods_begin_with_the_earliest_day(domain: DomainFixture, by: By, days: int) -> None:
    last = EARLIEST + timedelta(days=days)
    found = domain.read(activity.activity, domain.store.id, by, None, None, last)
    usual = periods_between(by, EARLIEST, last, domain.store.time_zone)[-activity.USUAL :]
    assert [each.period for each in found.periods] == usual
    assert domain.read(activity.activity, domain.store.id, by, None, last).total == found.total
