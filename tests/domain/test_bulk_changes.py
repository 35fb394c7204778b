"""Changes of many cards that are kept: part by part, and each card once, whoever is at work."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridgift import changing
from gridgift.app import connect
from gridgift.domain import bulk_changes, erasing, many
from gridgift.domain.bulk_change_failures import BulkChangeNotFound
from gridgift.domain.bulk_changes import KEPT_FOR, OUTCOMES, BulkChange, Terms
from gridgift.domain.erasing import Mark
from gridgift.domain.failures import ValidationFailed
from gridgift.domain.ids import new_id
from gridgift.domain.many import CARDS_AT_ONCE
from gridgift.domain.model import MAX_CREDIT, Caller
from gridgift.domain.residents import Identifier
from gridgift.domain.search import FAR, Filters
from gridgift.operations import Operations
from gridgift.storage.database import Tx
from tests.api import KELLY
from tests.domain.fixture import DomainFixture, bare_sql

SERVERS = 3
PATIENCE = 30.0  # seconds
WAITING = (
    "SELECT pid FROM pg_stat_activity "
    "WHERE datname = current_database() AND wait_event_type = 'Lock'"
)
OFF = Terms("off", reason="raffle over")

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=9)


@pytest.fixture
def domain(database_url: str) -> Iterator[DomainFixture]:
    """A store and two residents on each engine."""
    with DomainFixture.opened(database_url) as opened:
        yield opened


def somebody(domain: DomainFixture, name: str = "Bo") -> Caller:
    """Return somebody of the store's team."""
    return Caller(domain.store.id, "operator", name, "")


def kept(domain: DomainFixture, cards: list[str], terms: Terms = OFF) -> str:
    """Keep a change that is not begun; return its id."""
    change_id = new_id()
    domain.write(bulk_changes.add, somebody(domain), change_id, terms, cards)
    return change_id


def begun(domain: DomainFixture, cards: list[str], terms: Terms = OFF) -> BulkChange:
    """Keep a change, and begin it."""
    change_id = kept(domain, cards, terms)
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
    cards = [domain.grant().id for _ in range(CARDS_AT_ONCE + 3)]
    change = begun(domain, cards)
    assert domain.write(bulk_changes.go_on, change, 0, cards[:2])
    assert not domain.write(bulk_changes.go_on, change, 0, cards[:2]), "another run has done them"
    assert found(domain, change.id).rows_done == 2
    assert domain.read(bulk_changes.unfinished) == [(domain.store.id, change.id)]
    for _ in range(2):  # the second one finds that all is done
        domain.run(changing.go_on(Operations(domain.database), domain.store.id, change.id))
    done = found(domain, change.id)
    assert (done.rows_done, done.changed, done.refused) == (len(cards), len(cards), 0)
    assert done.done_at is not None
    assert domain.read(bulk_changes.unfinished) == []
    assert switched_off(domain) == sorted(cards)
    told = domain.read(bulk_changes.told_of, done, len(cards))
    assert [each.number for each in told["changed"]] == [*range(1, len(cards) + 1)]
    entry = domain.entries(cards[0])[-1]
    assert (entry.actor_kind, entry.actor_id, entry.reason) == ("operator", "Aria", OFF.reason)
    assert entry.request_id == f"change {change.id}"


def test_a_part_that_fails_leaves_nothing(domain: DomainFixture) -> None:
    """The cards, what came of them and how far it is stand or fall together."""
    cards = [domain.grant().id for _ in range(2)]
    change = begun(domain, cards)

    async def die(tx: Tx) -> None:
        assert await bulk_changes.go_on(tx, change, 0, cards)
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        domain.write(die)
    assert found(domain, change.id) == change
    assert switched_off(domain) == []
    assert domain.sql("SELECT number FROM bulk_change_cards") == []


def test_several_servers_change_each_card_once(domain: DomainFixture) -> None:
    cards = [domain.grant().id for _ in range(4 * CARDS_AT_ONCE)]
    change = begun(domain, cards)

    async def run() -> None:
        async with AsyncExitStack() as stack:
            servers = [connect(domain.settings, lambda: domain.now) for _ in range(SERVERS)]
            for database in servers:
                stack.push_async_callback(database.close)
            await asyncio.gather(
                *(
                    changing.go_on(Operations(database), domain.store.id, change.id)
                    for database in servers
                )
            )

    domain.run(run())
    done = found(domain, change.id)
    assert (done.rows_done, done.changed, done.unchanged) == (len(cards), len(cards), 0)
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
    domain.run(changing.go_on(Operations(domain.database), domain.store.id, change.id))
    told = domain.read(bulk_changes.told_of, found(domain, change.id), 9)
    assert [[each.card_id for each in told[word]] for word in OUTCOMES] == [[on], [off], [nobodys]]
    assert nobodys in told["refused"][0].problem
    assert domain.card(given).active


def test_what_was_not_begun_changes_nothing(domain: DomainFixture) -> None:
    cards = [domain.grant().id]
    change = found(domain, kept(domain, cards))
    assert domain.read(bulk_changes.unfinished) == []
    assert not domain.write(bulk_changes.go_on, change, 0, cards)
    assert switched_off(domain) == []
    with pytest.raises(ValidationFailed):
        kept(domain, [])
    with pytest.raises(BulkChangeNotFound):
        domain.write(bulk_changes.start, somebody(domain), new_id())


def test_a_change_is_begun_once(domain: DomainFixture) -> None:
    change = begun(domain, [domain.grant().id])
    domain.now += 1
    domain.write(bulk_changes.start, somebody(domain, "Eve"), change.id)
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
    assert (first.started_at, second.started_at) == (None, domain.now)


def test_changes_are_forgotten(domain: DomainFixture) -> None:
    cards = [domain.grant().id]
    named = kept(domain, cards, Terms("tag", tag=f"for {KELLY.username}"))
    searched = kept(domain, cards, Terms("on", matching=Filters(owner_prefix=KELLY.username)))
    running, done = begun(domain, cards, Terms("on", reason=KELLY.username)), begun(domain, cards)
    domain.run(changing.go_on(Operations(domain.database), domain.store.id, done.id))
    names = domain.read(erasing.names_of, Identifier(uuid=KELLY.uuid))
    domain.write(erasing.erase, names, lambda answer: answer, Mark(0))
    left = {each.id for each in domain.read(bulk_changes.list_of, domain.store.id, 9)}
    assert left == {running.id, done.id} and not left & {named, searched}
    assert domain.write(bulk_changes.forget, 10) == 0
    domain.now += KEPT_FOR
    assert domain.write(bulk_changes.forget, 10) == 1
    assert domain.sql("SELECT number FROM bulk_change_cards") == []
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
