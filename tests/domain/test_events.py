"""Events: one for each entry, in an order that loses none; what the clock does is told once."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, get_args

import asyncpg
import msgspec
import pytest

from gridgift.domain import events, giftcards, holds
from gridgift.domain.events import (
    CARD_EXPIRING,
    EXPIRING,
    HOLD_LAPSED,
    KEPT_FOR,
    OF_ENTRIES,
    Details,
    Event,
    EventPage,
)
from gridgift.domain.failures import ValidationFailed
from gridgift.domain.ids import LAST_UUID, new_id
from gridgift.domain.instants import DAY, SECOND
from gridgift.domain.model import Entry, EntryKind
from gridgift.domain.paging import Position
from gridgift.event_views import EventResponse
from gridgift.storage.database import Tx
from tests.domain.fixture import DomainFixture
from tests.domain.test_verify import FilledStore

START = Position()
PATIENCE = 120.0  # seconds
UNSETTLED = (
    "SELECT COUNT(*) FROM events WHERE position >= (SELECT COALESCE(MAX(base), 0) FROM feed)"
    " + pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
)


def read(domain: DomainFixture, position: Position = START, limit: int = 1_000) -> EventPage:
    """Read the next events, once no transaction of any database on the server is in the way."""
    settle(domain)
    page: EventPage = domain.read(events.page, domain.store.id, position, limit)
    return page


def settle(domain: DomainFixture) -> None:
    """Wait until all events that are there can be read."""
    deadline = time.monotonic() + PATIENCE
    while domain.engine == "postgres" and domain.sql(UNSETTLED) != [(0,)]:
        assert time.monotonic() < deadline, "a transaction does not end"
        time.sleep(0.01)


def types_of(page: EventPage) -> list[str]:
    return [event.type for event in page.rows]


def tell(domain: DomainFixture, rows: int = 100) -> int:
    """Run the job that tells what time has done, once."""
    return int(domain.write(events.tell_time, "job 1", rows))


@pytest.mark.contract("10.94", "10.95")
def test_each_entry_but_attestations_is_one_event(domain: DomainFixture) -> None:
    FilledStore(domain)
    entries = [Entry(*row) for row in domain.sql(
        "SELECT CAST(store_id AS text), account_kind, CAST(account_id AS text), seq, kind, delta, "
        "balance_after, state, actor_kind, actor_id, reason, request_id, created_at, "
        "previous_hash, hash FROM entries")]  # fmt: skip
    told = {(event.subject_id, event.seq): event for event in read(domain).rows}
    told_entries = [entry for entry in entries if entry.kind != "attested"]
    assert len(told_entries) == len(told) < len(entries)
    assert {OF_ENTRIES[entry.kind] for entry in told_entries} == set(OF_ENTRIES.values())
    states = {(entry.account_id, entry.seq): entry for entry in entries}
    for entry in told_entries:
        event = told[entry.account_id, entry.seq]
        assert event.type == OF_ENTRIES[entry.kind]
        assert (event.at, event.delta, event.reason) == (
            entry.created_at, entry.delta, entry.reason)  # fmt: skip
        assert (event.actor_kind, event.actor_id) == (entry.actor_kind, entry.actor_id)
        assert event.after is not None
        assert (event.after.balance, event.after.state) == (entry.balance_after, entry.state)
        before = states.get((entry.account_id, entry.seq - 1))
        assert (event.before is None) == (before is None)
        if event.before is not None and before is not None:
            assert (event.before.balance, event.before.state) == (
                before.balance_after, before.state)  # fmt: skip
    assert len({event.id for event in told.values()}) == len(told)


def test_every_kind_of_entry_has_its_type() -> None:
    assert set(OF_ENTRIES) == set(get_args(EntryKind)) - {"attested"}


@pytest.mark.contract("10.95")
def test_every_event_can_be_shown(domain: DomainFixture) -> None:
    FilledStore(domain)
    for event in read(domain).rows:
        shown = msgspec.to_builtins(EventResponse.of(event))
        subject = {"card": "giftCardId", "credit": "customerUuid"}[event.subject_kind]
        assert shown["about"][subject] == event.subject_id
        assert shown["about"]["customerUuid"]
        assert (
            shown["after"]["credit"] - (shown["before"] or {"credit": 0})["credit"] == event.delta
        )
        assert ("holdId" in shown["about"]) == event.type.startswith("hold.")
        assert ("otherGiftCardId" in shown["about"]) == (event.type == "gift_card.reissued")
        assert not {"hold", "lots", "source"} & shown["after"].keys()


@pytest.mark.contract("10.96")
def test_the_feed_is_read_by_pages_and_its_end_stays_usable(domain: DomainFixture) -> None:
    end = read(domain)
    assert (end.rows, end.next) == ([], START)
    cards = [domain.grant().id for _ in range(5)]
    first = read(domain, end.next, 3)
    rest = read(domain, first.next, 3)
    assert [event.subject_id for event in [*first.rows, *rest.rows]] == cards
    end = read(domain, rest.next, 3)
    assert (end.rows, end.next) == ([], rest.next)
    domain.write(giftcards.disable, domain.caller, cards[0], None)
    assert types_of(read(domain, end.next)) == ["gift_card.disabled"]


@pytest.mark.contract("10.96")
def test_events_of_some_types(domain: DomainFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "LOOKED_AT", 3)
    cards = [domain.grant().id for _ in range(4)]
    domain.write(giftcards.disable, domain.caller, cards[0], None)
    wanted = events.check_types(["gift_card.disabled", "hold.created"])
    settle(domain)
    page = domain.read(events.page, domain.store.id, START, 1, wanted)
    assert (page.rows, page.next != START) == ([], True)  # three were looked at
    page = domain.read(events.page, domain.store.id, page.next, 1, wanted)
    assert types_of(page) == ["gift_card.disabled"]
    assert domain.read(events.page, domain.store.id, page.next, 1, wanted) == EventPage(
        [], [], page.next
    )


def test_unknown_types_are_refused() -> None:
    with pytest.raises(ValidationFailed) as refused:
        events.check_types(["gift_card.granted", "gift_card.eaten", ""])
    assert "unknown: one without a name, gift_card.eaten; known: gift_card.granted" in str(
        refused.value.errors
    )


async def begun(domain: DomainFixture, operation: Any, *args: Any) -> tuple[Any, Callable[[], Any]]:
    """Run an operation in a transaction of its own, which ends when the returned is called."""
    ready, let_go = asyncio.Event(), asyncio.Event()

    async def held(tx: Tx) -> None:
        await operation(tx, *args)
        ready.set()
        await let_go.wait()

    task = asyncio.create_task(domain.database.write(held))
    await asyncio.wait([task, asyncio.create_task(ready.wait())], return_when="FIRST_COMPLETED")

    async def end() -> None:
        let_go.set()
        await task

    return task, end


async def granted(tx: Tx, domain: DomainFixture, card_id: str) -> None:
    from gridgift.domain import grants
    from gridgift.domain.giftcards import Terms
    from gridgift.domain.grants import GrantRequest
    from gridgift.domain.residents import Identifier
    from tests.api import KELLY

    request = GrantRequest(domain.caller, Identifier(uuid=KELLY.uuid), Terms(5), card_id)
    await grants.grant(tx, request)


@pytest.mark.contract("10.97")
@pytest.mark.parametrize("engine", ["postgres"])
def test_nothing_is_skipped_when_transactions_end_in_another_order(domain: DomainFixture) -> None:
    """The first transaction to begin commits last: until then no later event is told."""
    domain.grant()  # the customer is there: else the second waits for the first
    behind = read(domain).next
    first, second = new_id(), new_id()

    async def race() -> list[list[str]]:
        seen, position = [], behind

        async def look() -> None:
            nonlocal position
            page = await domain.database.read(events.page, domain.store.id, position, 100)
            position = page.next
            seen.append([event.subject_id for event in page.rows])

        _, end_first = await begun(domain, granted, domain, first)
        _, end_second = await begun(domain, granted, domain, second)
        await end_second()
        await look()
        await end_first()
        while sum(map(len, seen)) < 2:  # whatever else runs on the server
            await look()
        return [seen[0], [card for cards in seen[1:] for card in cards]]

    assert domain.run(race()) == [[], [first, second]]


@pytest.mark.contract("10.97")
@pytest.mark.parametrize("engine", ["postgres"])
def test_another_databases_transaction_is_not_waited_for(
    domain: DomainFixture, empty_postgres_url: str
) -> None:
    """Numbers are the whole server's, but what is at work elsewhere adds nothing here."""
    domain.grant()
    behind = read(domain).next

    async def while_another_runs() -> list[str]:
        elsewhere = await asyncpg.connect(empty_postgres_url)
        try:
            async with elsewhere.transaction():
                await elsewhere.execute("SELECT pg_current_xact_id()")
                await domain.database.write(granted, domain, card := new_id())
                return [card, *await told_soon(domain, behind)]
        finally:
            await elsewhere.close()

    card, *told = domain.run(while_another_runs())
    assert told == [card]


@pytest.mark.contract("10.97")
@pytest.mark.parametrize("engine", ["postgres"])
def test_the_last_of_several_at_once_is_told_without_another_write(domain: DomainFixture) -> None:
    """One transaction begins first and writes last: the feed waits for no third one."""
    domain.grant()
    behind = read(domain).next
    first, second = new_id(), new_id()

    async def race() -> list[str]:
        second_ended = asyncio.Event()

        async def slow(tx: Tx) -> None:
            await tx.script("SELECT pg_current_xact_id()")
            await second_ended.wait()
            await granted(tx, domain, first)

        task = asyncio.create_task(domain.database.write(slow))
        await asyncio.sleep(0.2)
        await domain.database.write(granted, domain, second)
        second_ended.set()
        await task
        return await told_soon(domain, behind, 2)

    assert set(domain.run(race())) == {first, second}


async def told_soon(domain: DomainFixture, behind: Position, count: int = 1) -> list[str]:
    """Return whose events are told; other tests may be in the way for a moment."""
    for _ in range(200):
        page = await domain.database.read(events.page, domain.store.id, behind, 100)
        if len(page.rows) >= count:
            break
        await asyncio.sleep(0.02)
    return [event.subject_id for event in page.rows]


@pytest.mark.contract("10.97")
@pytest.mark.parametrize("engine", ["postgres"])
def test_an_accounts_events_keep_their_order(domain: DomainFixture) -> None:
    """A transaction that began first waits for a card, and changes it last."""
    domain.grant()
    behind = read(domain).next
    card = domain.grant().id

    async def race() -> None:
        let_go = asyncio.Event()

        async def early(tx: Tx) -> None:
            await granted(tx, domain, new_id())
            await let_go.wait()
            await giftcards.adjust(tx, domain.caller, card, -2, "last")

        task = asyncio.create_task(domain.database.write(early))
        await asyncio.sleep(0.2)
        await domain.database.write(giftcards.adjust, domain.caller, card, -1, "first")
        let_go.set()
        await task

    domain.run(race())
    rows = [event for event in read(domain, behind).rows if event.subject_id == card]
    assert [event.seq for event in rows] == [1, 2, 3]


@pytest.mark.contract("10.97")
@pytest.mark.parametrize("engine", ["sqlite"])
def test_on_sqlite_positions_follow_the_commits(domain: DomainFixture) -> None:
    """Writes come one after the other, also those of another process: none can come before."""
    import sqlite3
    from contextlib import closing

    domain.grant()
    behind = read(domain).next
    path = domain.settings.sqlite_path
    assert path is not None
    told = Details("card", new_id(), "system", "x", "x", None, None)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute(
            "INSERT INTO events SELECT store_id, (SELECT MAX(position) + 1 FROM events), 'card', "
            f"'{LAST_UUID}', 0, 1, 'hold.lapsed', ? FROM events LIMIT 1",
            [msgspec.json.encode(told).decode()],
        )

        async def race() -> EventPage:
            write = asyncio.create_task(domain.database.write(granted, domain, new_id()))
            await asyncio.sleep(0.05)
            assert not write.done()
            early: EventPage = await domain.database.read(events.page, domain.store.id, behind, 100)
            other.execute("COMMIT")
            await write
            return early

        assert domain.run(race()).rows == []
    assert types_of(read(domain, behind)) == ["hold.lapsed", "gift_card.granted"]


@pytest.mark.contract("10.99")
def test_a_card_is_told_to_expire_once(domain: DomainFixture) -> None:
    tell(domain)
    ends = domain.now + EXPIRING + DAY
    cards = sorted(domain.grant(credit=7, expires_at=ends).id for _ in range(5))
    domain.grant(expires_at=ends + DAY)
    late = domain.grant(expires_at=domain.now + DAY).id  # its grant has told it
    assert tell(domain) == 0
    domain.now += DAY + events.CLOCK_LAG
    behind = read(domain).next
    assert [tell(domain, rows=2) for _ in range(4)] == [2, 2, 1, 0]
    told = read(domain, behind).rows
    assert [event.subject_id for event in told] == cards
    assert late not in cards
    assert {event.type for event in told} == {CARD_EXPIRING}
    shown = EventResponse.of(told[0])
    assert shown.before == shown.after is not None
    assert shown.after["credit"] == 7
    assert (shown.seq, shown.actor.kind) == (None, "system")
    assert len({event.id for event in told}) == 5


@pytest.mark.contract("10.99")
def test_a_hold_whose_time_is_over_is_told_once(domain: DomainFixture) -> None:
    tell(domain)
    card = domain.grant(credit=100).id
    ids = [new_id() for _ in range(3)]
    for hold in ids:
        domain.write(holds.place, domain.caller, card, hold, 10, 5 * SECOND)
    domain.write(holds.void, domain.caller, card, ids[1])
    domain.now += 5 * SECOND
    behind = read(domain).next
    assert tell(domain) == 0  # what began before may not have ended yet
    domain.now += events.CLOCK_LAG
    assert [tell(domain), tell(domain)] == [2, 0]
    told = read(domain, behind).rows
    assert [event.type for event in told] == [HOLD_LAPSED] * 2
    shown = [EventResponse.of(event).about for event in told]
    assert [about["holdId"] for about in shown] == [ids[0], ids[2]]
    assert {about["giftCardId"] for about in shown} == {card}
    assert shown[0]["holdAmount"] == 10


@pytest.mark.contract("10.99")
def test_several_servers_tell_once(domain: DomainFixture) -> None:
    tell(domain)
    for _ in range(6):
        domain.grant(expires_at=domain.now + EXPIRING + SECOND)
    domain.now += events.CLOCK_LAG + SECOND
    behind = read(domain).next

    async def all_at_once() -> list[int]:
        jobs: list[Awaitable[int]] = [
            domain.database.write(events.tell_time, "job 1", 2) for _ in range(12)
        ]
        return await asyncio.gather(*jobs)

    domain.run(all_at_once())
    while tell(domain):
        pass
    assert types_of(read(domain, behind)) == [CARD_EXPIRING] * 6


def test_a_clock_that_was_set_back_tells_nothing_again(domain: DomainFixture) -> None:
    tell(domain)
    domain.grant(expires_at=domain.now + EXPIRING + SECOND)
    domain.now += events.CLOCK_LAG + SECOND
    assert tell(domain) == 1
    domain.now -= events.CLOCK_LAG + SECOND
    assert tell(domain) == 0
    domain.now += events.CLOCK_LAG + SECOND
    assert tell(domain) == 0


@pytest.mark.contract("10.100")
def test_events_are_kept_90_days_and_none_is_skipped_then(domain: DomainFixture) -> None:
    for _ in range(4):
        domain.grant()
    domain.now += KEPT_FOR
    assert domain.write(events.forget, 100) == 0
    domain.now += 1
    assert [domain.write(events.forget, 2) for _ in range(3)] == [2, 1, 0]
    (left,) = read(domain).rows  # the next position follows from it
    position = read(domain).next
    domain.grant()
    assert len(read(domain, position).rows) == 1
    assert left.type == "gift_card.granted"


@pytest.mark.parametrize("engine", ["postgres"])
def test_a_database_from_another_server_goes_on(domain: DomainFixture) -> None:
    """Its events have higher numbers than this server's transactions."""
    domain.grant()
    domain.sql("UPDATE events SET position = position + 1000000000000")
    domain.write(events.resume)
    position = read(domain).next
    assert len(read(domain).rows) == 1
    card = domain.grant().id
    assert [event.subject_id for event in read(domain, position).rows] == [card]
    before = domain.sql("SELECT base FROM feed")
    domain.write(events.resume)  # once is enough
    assert domain.sql("SELECT base FROM feed") == before


def test_ids_are_the_same_whenever_they_are_read(domain: DomainFixture) -> None:
    FilledStore(domain)
    ids = [event.id for event in read(domain).rows]
    assert [event.id for event in read(domain).rows] == ids
    assert all(isinstance(event, Event) for event in read(domain).rows)
