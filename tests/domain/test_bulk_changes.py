"""Changes of many cards that are kept: part by part, and each card once, whoever is at work."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from gridgift import changing, jobs
from gridgift.app import connect
from gridgift.domain import bulk_changes, bulk_checks, erasing, many, redemption
from gridgift.domain.bulk_change_failures import BulkChangeNotFound
from gridgift.domain.bulk_changes import KEPT_FOR, LISTED, OUTCOMES, BulkChange, Terms
from gridgift.domain.card_filters import Filters
from gridgift.domain.erasing import Mark
from gridgift.domain.ids import new_id
from gridgift.domain.instants import DAY
from gridgift.domain.many import CARDS_AT_ONCE
from gridgift.domain.model import MAX_CREDIT, Caller
from gridgift.domain.paging import Position
from gridgift.domain.residents import Identifier
from gridgift.domain.search import FAR
from gridgift.operations import Operations
from gridgift.storage.database import Tx
from tests.api import KELLY
from tests.domain.fixture import DomainFixture, bare_sql

SERVERS = 3
PATIENCE = 120.0  # seconds
WAITING = (
    "SELECT pid FROM pg_stat_activity "
    "WHERE datname = current_database() AND wait_event_type = 'Lock'"
)
OFF = Terms("off", reason="raffle over")
EVERY = structs.replace(OFF, matching=Filters())

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=9)


@pytest.fixture
def domain(database_url: str) -> Iterator[DomainFixture]:
    """A store and two residents on each engine."""
    with DomainFixture.opened(database_url) as opened:
        yield opened


def somebody(domain: DomainFixture, name: str = "Bo") -> Caller:
    """Return somebody of the store's team."""
    return Caller(domain.store.id, "operator", name, "")


def added(domain: DomainFixture, terms: Terms) -> str:
    """Keep a change whose cards are not looked for yet; return its id."""
    change_id = new_id()
    domain.write(bulk_changes.add, somebody(domain), change_id, terms)
    return change_id


def looked(domain: DomainFixture, change_id: str) -> BulkChange:
    """Find and try all cards of a change."""
    operations = Operations(domain.database)
    while domain.run(changing.look(operations, domain.store.id, change_id)):
        pass
    return found(domain, change_id)


def done(domain: DomainFixture, change_id: str) -> BulkChange:
    """Do all that is left of a change."""
    operations = Operations(domain.database)
    while domain.run(changing.go_on(operations, domain.store.id, change_id)):
        pass
    return found(domain, change_id)


def kept(domain: DomainFixture, cards: list[str], terms: Terms = OFF) -> str:
    """Keep a change that is not begun; return its id."""
    change_id = added(domain, structs.replace(terms, ids=tuple(cards)))
    looked(domain, change_id)
    return change_id


def begun(domain: DomainFixture, cards: list[str], terms: Terms = OFF) -> BulkChange:
    """Keep a change, and begin it."""
    return start(domain, kept(domain, cards, terms))


def start(domain: DomainFixture, change_id: str) -> BulkChange:
    """Begin a change."""
    domain.write(bulk_changes.start, somebody(domain, "Aria"), change_id)
    return found(domain, change_id)


def found(domain: DomainFixture, change_id: str) -> BulkChange:
    """Return a change as it is now."""
    change: BulkChange = domain.read(bulk_changes.find, domain.store.id, change_id)
    return change


def switched_off(domain: DomainFixture) -> list[str]:
    """Return the cards of all entries that say so."""
    rows = domain.sql("SELECT account_id FROM entries WHERE kind = 'disabled'")
    return sorted(str(card_id) for (card_id,) in rows)


def test_what_broke_off_goes_on_where_it_was(domain: DomainFixture) -> None:
    cards = [domain.grant().id for _ in range(2 * CARDS_AT_ONCE + 3)]
    change = looked(domain, added(domain, EVERY))
    start(domain, change.id)
    assert domain.write(bulk_changes.go_on, domain.store.id, change.id)
    assert found(domain, change.id).rows_done == CARDS_AT_ONCE
    assert domain.read(bulk_changes.unfinished) == [(domain.store.id, change.id)]
    for _ in range(2):  # the second one finds that all is done
        change = done(domain, change.id)
    assert (change.rows_done, change.changed, change.refused) == (len(cards), len(cards), 0)
    assert change.done_at is not None and not change.is_stopped
    assert domain.read(bulk_changes.unfinished) == []
    assert switched_off(domain) == sorted(cards)
    told = domain.read(bulk_changes.told_of, change, len(cards))
    assert [each.number for each in told["changed"]] == [*range(1, len(cards) + 1)]
    entry = domain.entries(cards[0])[-1]
    assert (entry.actor_kind, entry.actor_id, entry.reason) == ("operator", "Aria", OFF.reason)
    assert entry.request_id == f"change {change.id}"


def test_a_part_that_fails_leaves_nothing(domain: DomainFixture) -> None:
    """The cards, what came of them and how far it is stand or fall together."""
    change = begun(domain, [domain.grant().id for _ in range(2)])

    async def die(tx: Tx) -> None:
        assert await bulk_changes.go_on(tx, domain.store.id, change.id)
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        domain.write(die)
    assert found(domain, change.id) == change
    assert switched_off(domain) == []
    assert domain.sql("SELECT number FROM bulk_change_cards") == []


def test_all_are_found_and_tried_a_part_at_a_time(domain: DomainFixture) -> None:
    """A step that is lost or comes twice changes nothing; cards of later are not among them."""
    cards = [domain.grant().id for _ in range(CARDS_AT_ONCE + LISTED)]
    domain.write(many.act_on_each, domain.caller, [cards[0]], many.switching(active=False))
    change_id = added(domain, Terms("off", matching=Filters(credit_from=1)))
    where = domain.store.id, change_id
    domain.now += 1
    later = domain.grant().id
    assert domain.read(bulk_checks.unchecked) == [where]
    step = domain.read(bulk_checks.look, *where)
    assert domain.write(bulk_checks.keep, step)
    assert not domain.write(bulk_checks.keep, step), "another run has kept it"
    assert domain.write(bulk_changes.start, somebody(domain), change_id) is None
    assert found(domain, change_id).started_at is None, "not before all are found"
    change = looked(domain, change_id)
    assert domain.read(bulk_checks.unchecked) == []
    assert (change.card_count, change.changed, change.unchanged) == (len(cards), len(cards) - 1, 1)
    told = domain.read(bulk_changes.told_of, change, len(cards))
    assert [len(told[word]) for word in OUTCOMES] == [LISTED, 1, 0]
    assert switched_off(domain) == [cards[0]], "it was tried only"
    start(domain, change_id)
    assert domain.read(bulk_changes.told_of, change, 1) == bulk_changes.told((), ())
    assert done(domain, change_id).changed == len(cards) - 1
    assert domain.card(later).active


def test_none_that_match_are_no_change(domain: DomainFixture) -> None:
    change = looked(domain, added(domain, Terms("off", matching=Filters(credit_from=9_999))))
    assert (change.card_count, change.checked_at) == (0, domain.now)
    assert domain.write(bulk_changes.start, somebody(domain), change.id) is None
    assert domain.read(bulk_changes.unfinished) == []


def test_a_stopped_change_goes_no_further(domain: DomainFixture) -> None:
    """What is done stays done; the cards that it did not come to are told."""
    cards = [domain.grant().id for _ in range(2 * CARDS_AT_ONCE + 3)]
    change = looked(domain, added(domain, EVERY))
    where = domain.store.id, change.id
    assert domain.write(bulk_changes.stop, *where) is None, "nothing is being done"
    start(domain, change.id)
    assert domain.write(bulk_changes.go_on, *where)
    assert domain.write(bulk_changes.stop, *where).rows_done == CARDS_AT_ONCE
    assert domain.write(bulk_changes.stop, *where) is None, "once is enough"
    assert not domain.write(bulk_changes.go_on, *where)
    stopped = found(domain, change.id)
    assert stopped.is_stopped and domain.read(bulk_changes.unfinished) == []
    assert switched_off(domain) == sorted(cards[:CARDS_AT_ONCE])
    left = domain.read(bulk_changes.unreached, stopped, CARDS_AT_ONCE + 1)
    assert [each.card_id for each in left] == cards[CARDS_AT_ONCE : 2 * CARDS_AT_ONCE + 1]
    told, position = list[tuple[str, str, str]](), Position()
    while position is not None:
        page = domain.read(bulk_changes.results, stopped, position, 7)
        told, position = [*told, *page.rows], page.next
    assert [(card, word) for card, word, _ in told] == [
        *((card, "changed") for card in cards[:CARDS_AT_ONCE]),
        *((card, "not reached") for card in cards[CARDS_AT_ONCE:]),
    ]
    with pytest.raises(BulkChangeNotFound):
        domain.write(bulk_changes.stop, domain.store.id, new_id())


def test_one_that_is_stopped_while_its_cards_are_found_is_never_done(domain: DomainFixture) -> None:
    for _ in range(CARDS_AT_ONCE + 1):
        domain.grant()
    change_id = added(domain, EVERY)
    where = domain.store.id, change_id
    step, late = (domain.read(bulk_checks.look, *where) for _ in range(2))
    assert step is not None and domain.write(bulk_checks.keep, step)
    stopped = domain.write(bulk_changes.stop, *where)
    assert stopped.is_stopped and set(stopped.counts.values()) == {0}
    assert domain.write(bulk_changes.stop, *where) is None, "once is enough"
    assert domain.read(bulk_checks.look, *where) is None, "no card more is found"
    assert late is not None and not domain.write(bulk_checks.keep, late)
    assert domain.write(bulk_changes.start, somebody(domain), change_id) is None
    assert not domain.write(bulk_changes.go_on, *where)
    assert domain.read(bulk_checks.unchecked) == domain.read(bulk_changes.unfinished) == []
    assert found(domain, change_id) == stopped and switched_off(domain) == []


def test_of_two_changes_none_waits_for_the_other(domain: DomainFixture) -> None:
    """A small change that is begun later is done before a large one has come to its end."""
    cards = [domain.grant().id for _ in range(2 * CARDS_AT_ONCE)]
    large = looked(domain, added(domain, EVERY))
    start(domain, large.id)
    domain.now += 1
    small, order = begun(domain, cards[:1]), []

    async def one_part(operations: Operations, store_id: str, change_id: str) -> bool:
        order.append(change_id)
        return await operations.write(bulk_changes.go_on, store_id, change_id)

    domain.run(jobs._go_on_with_all(Operations(domain.database), bulk_changes.unfinished, one_part))
    assert order == [large.id, small.id, large.id]
    assert found(domain, large.id).done_at == found(domain, small.id).done_at == domain.now


def test_an_end_is_put_back_where_it_was(domain: DomainFixture) -> None:
    """For each card that is still as the change left it; the others say why not."""
    soon, late, later = (domain.now + days * DAY for days in (1, 30, 60))
    cards = [domain.grant(expires_at=soon + n).id for n in range(5)]
    endless = domain.grant().id
    extended = begun(domain, [*cards, endless], Terms("extend", late))
    assert done(domain, extended.id).changed == len(cards)
    domain.write(many.act_on_each, domain.caller, cards[1:2], many.extending_to(later))
    domain.write(redemption.redeem_for_owner, domain.caller, cards[2], new_id())
    domain.write(many.act_on_each, domain.caller, cards[3:4], many.switching(active=False))
    domain.now = soon
    undo = looked(domain, added(domain, extended.asked.opposite(extended.id)))
    assert (undo.card_count, undo.changed, undo.refused) == (len(cards), 2, 3)
    start(domain, undo.id)
    undone = done(domain, undo.id)
    told = domain.read(bulk_changes.told_of, undone, 9)
    assert [each.card_id for each in told["changed"]] == [cards[3], cards[4]]
    problems = {each.card_id: each.problem for each in told["refused"]}
    assert "is over by now" in problems[cards[0]]
    assert "another day" in problems[cards[1]]
    assert "used up" in problems[cards[2]]
    ends = [domain.card(card).expires_at for card in cards]
    assert ends == [late, later, late, soon + 3, soon + 4]
    again = looked(domain, added(domain, undone.asked.opposite(undone.id)))
    start(domain, again.id)
    assert done(domain, again.id).changed == 2
    assert [domain.card(card).expires_at for card in cards[3:]] == [late, late]


def test_several_servers_change_each_card_once(domain: DomainFixture) -> None:
    cards = [domain.grant().id for _ in range(4 * CARDS_AT_ONCE)]
    change_id = added(domain, EVERY)

    async def run(step: Any) -> None:
        async with AsyncExitStack() as stack:
            servers = [connect(domain.settings, lambda: domain.now) for _ in range(SERVERS)]
            for database in servers:
                stack.push_async_callback(database.close)
            await asyncio.gather(
                *(step(Operations(database), domain.store.id, change_id) for database in servers)
            )

    domain.run(run(changing.look))
    change = looked(domain, change_id)
    assert (change.card_count, change.changed) == (len(cards), len(cards))
    start(domain, change_id)
    domain.run(run(changing.go_on))
    change = found(domain, change_id)
    assert (change.rows_done, change.changed, change.unchanged) == (len(cards), len(cards), 0)
    assert switched_off(domain) == sorted(cards)
    assert len(domain.sql("SELECT number FROM bulk_change_cards")) == len(cards)


def test_each_card_is_decided_for_itself(domain: DomainFixture) -> None:
    """One that does not match any more, or is of another store, is refused; the rest go on."""
    off, on, given = (domain.grant(expires_at=domain.now + 10_000_000).id for _ in range(3))
    domain.write(many.act_on_each, domain.caller, [off], many.switching(active=False))
    nobodys = new_id()
    terms = Terms("off", matching=Filters(expired=False, credit_from=500))
    domain.write(many.act_on_each, domain.caller, [given], many.tagging(["vip"], []))
    change = begun(domain, [off, on, nobodys], terms)
    told = domain.read(bulk_changes.told_of, done(domain, change.id), 9)
    assert [[each.card_id for each in told[word]] for word in OUTCOMES] == [[on], [off], [nobodys]]
    assert "no such card" in told["refused"][0].problem
    assert domain.card(given).active


def test_what_was_not_begun_changes_nothing(domain: DomainFixture) -> None:
    change_id = kept(domain, [domain.grant().id])
    assert domain.read(bulk_changes.unfinished) == []
    assert not domain.write(bulk_changes.go_on, domain.store.id, change_id)
    assert switched_off(domain) == []
    with pytest.raises(BulkChangeNotFound):
        domain.write(bulk_changes.start, somebody(domain), new_id())


def test_a_change_is_begun_once(domain: DomainFixture) -> None:
    change = begun(domain, [domain.grant().id])
    domain.now += 1
    assert domain.write(bulk_changes.start, somebody(domain, "Eve"), change.id) is None
    assert found(domain, change.id) == change and change.actor_id == "Aria"


def raced(domain: DomainFixture, operation: Any, *args: Any, **kwargs: Any) -> list[Any]:
    """Run an operation twice on PostgreSQL, of which the second has looked before the first ends.

    Return what both return.
    """

    async def run() -> list[Any]:
        other = connect(domain.settings, lambda: domain.now)
        second: list[asyncio.Task[Any]] = []

        async def first(tx: Tx) -> Any:
            result = await operation(tx, *args, **kwargs)
            second.append(asyncio.create_task(other.write(operation, *args, **kwargs)))
            while not await bare_sql(domain.settings.database_url, WAITING):
                assert not second[0].done()
            return result

        try:
            async with asyncio.timeout(PATIENCE):
                return [await domain.database.write(first), await second[0]]
        finally:
            await other.close()

    found: list[Any] = domain.run(run())
    return found


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
def test_of_two_who_begin_a_change_one_does(domain: DomainFixture) -> None:
    change_id = kept(domain, [domain.grant().id])
    first, second = raced(domain, bulk_changes.start, somebody(domain, "Aria"), change_id)
    assert (first.started_at, second) == (domain.now, None)


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
def test_of_two_who_stop_a_change_one_does(domain: DomainFixture) -> None:
    change = begun(domain, [domain.grant().id])
    first, second = raced(domain, bulk_changes.stop, domain.store.id, change.id)
    assert (first.done_at, second) == (domain.now, None)


def test_changes_are_forgotten(domain: DomainFixture) -> None:
    cards = [domain.grant().id]
    named = kept(domain, cards, Terms("tag", tag=f"for {KELLY.username}"))
    searched = kept(domain, cards, Terms("on", matching=Filters(owner_prefix=KELLY.username)))
    running, over = begun(domain, cards, Terms("on", reason=KELLY.username)), begun(domain, cards)
    done(domain, over.id)
    names = domain.read(erasing.names_of, Identifier(uuid=KELLY.uuid))
    domain.write(erasing.erase, names, lambda answer: answer, Mark(0))
    left = {each.id for each in domain.read(bulk_changes.list_of, domain.store.id, 9)}
    assert left == {running.id, over.id} and not left & {named, searched}
    assert domain.write(bulk_changes.forget, 10) == 0
    domain.now += KEPT_FOR
    for _ in ("the card", "the part", "the change"):
        assert domain.write(bulk_changes.forget, 10) == 1
    assert domain.write(bulk_changes.forget, 10) == 0
    assert domain.sql("SELECT number FROM bulk_change_cards") == []
    assert len(domain.sql("SELECT first FROM bulk_change_parts")) == 1
    assert domain.read(bulk_changes.list_of, domain.store.id, 9) == [running]


@given(
    st.builds(
        Filters,
        owner_prefix=st.none() | texts, active=st.none() | st.booleans(),
        expiring_from=st.none() | st.integers(0, FAR),
        expiring_before=st.none() | st.integers(0, FAR), credit_from=st.integers(0, MAX_CREDIT),
        created_to=st.integers(0, FAR), tag=st.none() | texts,
    )
)  # fmt: skip
def test_what_is_kept_is_what_was_asked(matching: Filters) -> None:
    terms = Terms("tag", tag="vip", matching=matching)
    change = BulkChange("", "", bulk_changes.written(terms), 1)
    assert change.asked == terms
