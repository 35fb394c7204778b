"""Deliveries: none missed or doubled, in each account's order, and webhooks that end."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from gridgift.domain import deliveries, delivering, events, giftcards, webhooks
from gridgift.domain.deliveries import Again
from gridgift.domain.delivering import FAILING_FOR, KEPT_FOR, Claimed, Share, Tried
from gridgift.domain.ids import id_at, new_id
from gridgift.domain.instants import DAY, HOUR, MINUTE, SECOND
from gridgift.domain.model import GiftCard
from gridgift.domain.webhooks import Wanted, Webhook
from gridgift.storage.database import Row, Tx
from gridgift.storage.queries import Query
from tests.domain.fixture import DomainFixture
from tests.domain.test_events import settle as settled

LEASE = 30 * SECOND
MANY = 1_000


class Hooks:
    """A store with webhooks, and a server that delivers to them step by step."""

    def __init__(self, domain: DomainFixture) -> None:
        self.domain = domain

    def add(self, *types: str, kind: Any = "standard") -> Webhook:
        """Make a webhook."""
        settled(self.domain)
        wanted = Wanted("https://shop.example/hook", types, kind)
        made: Webhook = self.domain.write(
            webhooks.create, self.domain.caller, new_id(), wanted, allow_private=True
        )
        return made

    def fan_out(self, rows: int = 50) -> None:
        """Make all deliveries that there are to be."""
        settled(self.domain)
        while behind := [work.webhook for work in self.work() if work.behind]:
            self.domain.write(delivering.fan_out, behind, rows, id_at)

    def work(self) -> list[delivering.Work]:
        """Look what there is to do."""
        work: list[delivering.Work] = self.domain.read(delivering.look)[0]
        return work

    def claim(self, hook: Webhook, rows: int = MANY) -> list[Claimed]:
        """Claim due deliveries."""
        shares = [Share(hook.store_id, hook.id, rows)]
        claimed: list[Claimed] = self.domain.write(delivering.claim, shares, LEASE)
        return claimed

    def tell(
        self, claimed: Sequence[Claimed], status: int | None, retry_in: int | None = 5 * SECOND
    ) -> None:
        """Write what came of attempts."""
        tried = [
            Tried(one.delivery, self.domain.now, status, 7, "said", "", retry_in) for one in claimed
        ]
        self.domain.write(delivering.settle, tried, "request")

    def deliver(self, hook: Webhook) -> list[str]:
        """Deliver all that is due, and what follows from it; return the events' ids in order."""
        delivered: list[str] = []
        self.fan_out()
        while claimed := self.claim(hook):
            delivered += [one.event.id for one in claimed]
            self.tell(claimed, 200)
        return delivered

    def states(self, hook: Webhook) -> list[tuple[str, int]]:
        """Return the states of a webhook's deliveries and their attempts, in the events' order."""
        return self.domain.sql(
            "SELECT state, attempts FROM webhook_deliveries WHERE webhook_id = "
            f"'{hook.id}' ORDER BY position, seq"
        )

    def feed(self) -> list[str]:
        """Return the ids of all events, as the feed has them."""
        settled(self.domain)
        page = self.domain.read(events.page, self.domain.store.id, events.Position(), MANY)
        return [event.id for event in page.rows]

    def feed_types(self) -> list[str]:
        """Return the types of all events."""
        settled(self.domain)
        page = self.domain.read(events.page, self.domain.store.id, events.Position(), MANY)
        return [event.type for event in page.rows]

    def hook(self, hook: Webhook) -> Webhook:
        """Read a webhook."""
        read: Webhook = self.domain.read(webhooks.read, hook.store_id, hook.id)
        return read

    def adjust(self, card: GiftCard, times: int) -> None:
        """Let there be events of one account."""
        for _ in range(times):
            self.domain.write(giftcards.adjust, self.domain.caller, card.id, 1, "test")


@pytest.fixture
def hooks(domain: DomainFixture) -> Hooks:
    """A store on each engine."""
    return Hooks(domain)


@pytest.mark.contract("10.118")
def test_a_webhook_gets_what_happens_from_its_beginning_on(hooks: Hooks) -> None:
    hooks.domain.grant()
    before = hooks.feed()
    hook = hooks.add()
    for _ in range(5):
        hooks.domain.grant()
    delivered = hooks.deliver(hook)
    assert sorted(delivered) == sorted(hooks.feed()[len(before) :])
    assert hooks.work() == []
    assert hooks.deliver(hook) == []


def test_types_choose_and_a_ping_is_for_one(hooks: Hooks) -> None:
    every, some, other = hooks.add(), hooks.add("gift_card.adjusted"), hooks.add()
    card = hooks.domain.grant()
    hooks.adjust(card, 3)
    hooks.domain.write(webhooks.ping, hooks.domain.caller, some.id)
    hooks.fan_out(rows=2)
    claimed = sorted(one.event.type for one in hooks.claim(some))
    assert claimed == ["gift_card.adjusted", "ping"]  # of two accounts: in any order
    hooks.deliver(every)
    hooks.deliver(other)
    types = [
        {kind for (kind,) in hooks.domain.sql(
            f"SELECT event_type FROM webhook_deliveries WHERE webhook_id = '{hook.id}'")}
        for hook in (every, other)
    ]  # fmt: skip
    assert "ping" not in types[0] | types[1]
    assert {"gift_card.granted", "gift_card.adjusted", "webhook.changed"} <= types[0]


@pytest.mark.contract("10.120")
def test_events_of_an_account_are_delivered_one_after_the_other(hooks: Hooks) -> None:
    """What fails holds back those behind it, and no other account, until it ends."""
    hook = hooks.add("gift_card.granted", "gift_card.adjusted")
    one, other = hooks.domain.grant(), hooks.domain.grant()
    hooks.adjust(one, 2)
    hooks.adjust(other, 1)
    hooks.fan_out(rows=2)  # those behind come in another transaction than those before
    first = hooks.claim(hook)
    assert sorted((each.event.subject_id, each.event.seq) for each in first) == sorted(
        [(one.id, 1), (other.id, 1)]
    )
    failing = [each for each in first if each.event.subject_id == one.id]
    hooks.tell(failing, 500)
    hooks.tell([each for each in first if each not in failing], 204)
    (second,) = hooks.claim(hook)
    assert (second.event.subject_id, second.event.seq) == (other.id, 2)
    hooks.tell([second], 200)
    assert hooks.claim(hook) == []
    hooks.domain.now += 5 * SECOND
    (again,) = hooks.claim(hook)
    assert (again.event.id, again.delivery.step) == (failing[0].event.id, 1)
    hooks.tell([again], None, retry_in=None)  # the last attempt: the next one goes on
    assert [each.event.seq for each in hooks.claim(hook)] == [2]
    assert ("failed", 2) in hooks.states(hook)


class Counted:
    """A transaction, and how many statements it ran, events it read and deliveries it made."""

    def __init__(self, tx: Tx) -> None:
        self.now = tx.now
        self.statements = self.looked_at = self.made = 0
        self._tx = tx

    def __getattr__(self, name: str) -> Any:
        self.statements += 1
        return getattr(self._tx, name)

    async def all(self, query: str | Query, **values: Any) -> Sequence[Row]:
        self.statements += 1
        rows = await self._tx.all(query, **values)
        self.looked_at += len(rows)
        return rows

    async def many(self, query: str, rows: Sequence[Row]) -> None:
        self.statements += 1
        self.made += len(rows) if query == "delivery_add" else 0
        await self._tx.many(query, rows)


def fan_out_counted(hooks: Hooks, rows: int) -> list[Counted]:
    """Make all deliveries that there are to be; return the transactions that it took."""
    turns: list[Counted] = []

    async def fan_out(tx: Tx, names: Sequence[delivering.Name]) -> None:
        counted: Any = Counted(tx)
        await delivering.fan_out(counted, names, rows, id_at)
        turns.append(counted)

    settled(hooks.domain)
    while behind := [work.webhook for work in hooks.work() if work.behind]:
        assert len(turns) < 100, "it goes on and on"
        hooks.domain.write(fan_out, behind)
    return turns


@pytest.mark.contract("10.118", "10.123")
def test_many_webhooks_of_a_store_share_what_is_looked_at(hooks: Hooks) -> None:
    """However many there are and whatever they want, a transaction is short; all get theirs."""
    wants = [("gift_card.adjusted",), ("gift_card.redeemed",), (), ("gift_card.granted",), ()]
    listening = [hooks.add(*wants[number % 5]) for number in range(webhooks.MAX_WEBHOOKS)]
    hooks.fan_out()
    hooks.domain.sql("DELETE FROM webhook_deliveries")
    before = len(hooks.feed())
    for card in [hooks.domain.grant() for _ in range(5)]:
        hooks.adjust(card, 2)
    settled(hooks.domain)
    ahead = [(hook.store_id, hook.id) for hook in listening[:10]]
    hooks.domain.write(delivering.fan_out, ahead, 1, id_at)
    turns = fan_out_counted(hooks, rows=2)
    assert max(turn.looked_at for turn in turns) <= 2 * len(listening)
    assert max(turn.made for turn in turns) < 3 * len(listening)
    assert max(turn.statements for turn in turns) <= 1 + 2 * 4  # at two positions
    page = hooks.domain.read(events.page, hooks.domain.store.id, events.Position(), MANY)
    for hook in listening:
        got = hooks.domain.sql(
            f"SELECT event_id FROM webhook_deliveries WHERE webhook_id = '{hook.id}' "
            "ORDER BY position, account_kind, account_id, seq"
        )
        wanted = [each for each in page.rows[before:] if not hook.types or each.type in hook.types]
        assert [str(id_) for (id_,) in got] == [each.id for each in wanted]


def test_webhooks_of_rare_types_go_on_past_all_that_was_looked_at(hooks: Hooks) -> None:
    for _ in range(3):
        hooks.add("gift_card.redeemed")
    hooks.fan_out()
    hooks.adjust(hooks.domain.grant(), 20)
    turns = fan_out_counted(hooks, rows=2)
    assert [turn.looked_at for turn in turns] == [6, 6, 6, 3]
    assert [turn.made for turn in turns] == [0] * 4


@pytest.mark.parametrize("rows", [1, 3, 50])
def test_the_order_is_that_of_the_entries_however_they_are_made(hooks: Hooks, rows: int) -> None:
    hook = hooks.add("gift_card.adjusted")
    cards = [hooks.domain.grant() for _ in range(3)]
    for _ in range(4):
        for card in cards:
            hooks.adjust(card, 1)
    delivered: list[tuple[str, int | None]] = []
    hooks.fan_out(rows=rows)
    while claimed := hooks.claim(hook, rows):
        delivered += [(one.event.subject_id, one.event.seq) for one in claimed]
        hooks.tell(claimed, 200)
    for card in cards:
        assert [seq for id_, seq in delivered if id_ == card.id] == [2, 3, 4, 5]
    assert len(delivered) == 12


def test_what_was_claimed_is_free_after_its_time(hooks: Hooks) -> None:
    hook = hooks.add("gift_card.granted")
    hooks.domain.grant()
    hooks.fan_out()
    (first,) = hooks.claim(hook)
    assert hooks.claim(hook) == []
    assert hooks.work() == []
    hooks.domain.now += LEASE
    (second,) = hooks.claim(hook)
    assert second.event.id == first.event.id
    hooks.tell([first], 200)  # the one who was late tells it too
    hooks.tell([second], 500)
    assert hooks.states(hook) == [("delivered", 1)]
    assert hooks.work() == []


def test_a_clock_that_was_set_back_leaves_nothing_waiting(hooks: Hooks) -> None:
    """What is new, claimed or waiting for its next attempt would else be due a day later."""
    hook = hooks.add("gift_card.granted")
    for _ in range(4):
        hooks.domain.grant()
    hooks.fan_out()
    failed, _ = hooks.claim(hook, 2)
    hooks.tell([failed], 500, 5 * MINUTE)
    hooks.domain.now -= DAY
    assert hooks.work() == []
    assert [caught_up(hooks, 3) for _ in range(3)] == [3, 1, 0]
    assert len(hooks.claim(hook)) == 3
    hooks.domain.now += 5 * MINUTE
    assert failed.delivery.id in [one.delivery.id for one in hooks.claim(hook)]


def test_whoever_asked_for_time_has_it_from_the_clocks_set_back_on(hooks: Hooks) -> None:
    """Whatever the clock is set back by, nobody is asked too soon, nor days too late."""
    hook = hooks.add("gift_card.granted")
    hooks.domain.grant()
    hooks.fan_out()
    (failed,) = hooks.claim(hook)
    hooks.tell([failed], 503, HOUR)
    for step in (2 * SECOND, HOUR, DAY - HOUR - 2 * MINUTE, MINUTE):
        hooks.domain.now -= step
        assert caught_up(hooks, 3) == 0
    hooks.domain.now -= 9 * DAY
    assert [caught_up(hooks, 3) for _ in range(2)] == [1, 0]
    hooks.domain.now += DAY - 1
    assert hooks.claim(hook) == []
    hooks.domain.now += 1
    assert len(hooks.claim(hook)) == 1


def test_what_somebody_asked_for_again_waits_for_no_clock(hooks: Hooks) -> None:
    """Its attempts of long ago say nothing of it."""
    hook = hooks.add("gift_card.granted")
    hooks.domain.grant()
    hooks.fan_out()
    (failed,) = hooks.claim(hook)
    hooks.tell([failed], 500, None)
    hooks.domain.now += DAY
    place = failed.delivery.store_id, failed.delivery.webhook_id, failed.delivery.id
    hooks.domain.write(deliveries.redeliver, *place)
    hooks.domain.now -= DAY
    assert caught_up(hooks, 3) == 1
    assert len(hooks.claim(hook)) == 1


def test_what_waits_as_long_as_it_may_goes_on_waiting(hooks: Hooks) -> None:
    hook = hooks.add("gift_card.granted")
    for _ in range(2):
        hooks.domain.grant()
    hooks.fan_out()
    failed, _ = hooks.claim(hook)
    hooks.tell([failed], 500, 5 * MINUTE)
    assert caught_up(hooks, 3) == 0
    hooks.domain.now += 5 * MINUTE - 1
    assert [one.delivery.id for one in hooks.claim(hook)] != [failed.delivery.id]


def caught_up(hooks: Hooks, rows: int) -> int:
    """Catch up, where a second attempt comes within five minutes, or the day that was asked for."""
    return int(hooks.domain.write(delivering.catch_up, (0, 5 * MINUTE), DAY, LEASE, rows))


def test_what_is_given_back_is_free_at_once(hooks: Hooks) -> None:
    hook = hooks.add("gift_card.granted")
    for _ in range(3):
        hooks.domain.grant()
    hooks.fan_out()
    claimed = hooks.claim(hook, 2)
    hooks.domain.write(delivering.release, [one.delivery for one in claimed])
    again = hooks.claim(hook)
    assert len(again) == 3
    hooks.domain.now += 1
    hooks.domain.write(delivering.release, [one.delivery for one in claimed])
    hooks.domain.now += LEASE
    late = hooks.claim(hook, 1)
    hooks.domain.write(delivering.release, [one.delivery for one in again])
    assert late[0].delivery.id not in {one.delivery.id for one in hooks.claim(hook)}


def test_several_servers_share_and_double_nothing(hooks: Hooks) -> None:
    """All of them make deliveries, claim and settle at the same moment, while events come.

    No delivery waits for ever behind one that ended in the moment in which it was made.
    """
    listening = [hooks.add("gift_card.adjusted"), hooks.add("gift_card.adjusted")]
    cards = [hooks.domain.grant().id for _ in range(4)]
    database, caller = hooks.domain.database, hooks.domain.caller
    got: list[tuple[str, str, int | None]] = []
    wanted = len(listening) * len(cards) * 12

    async def store() -> None:
        for _ in range(12):
            for card in cards:
                await database.write(giftcards.adjust, caller, card, 1, "test")

    async def server() -> None:
        until = asyncio.get_running_loop().time() + 300
        while len(got) < wanted and asyncio.get_running_loop().time() < until:
            work, _ = await database.read(delivering.look)
            if work:
                names = [each.webhook for each in work]
                await database.write(delivering.fan_out, names, 3, id_at)
            shares = [Share(each.store_id, each.webhook_id, 4) for each in work]
            claimed = await database.write(delivering.claim, shares, LEASE) if shares else []
            got.extend((one.webhook.id, one.event.subject_id, one.event.seq) for one in claimed)
            tried = [Tried(one.delivery, hooks.domain.now, 200, 7, "", "", None) for one in claimed]
            if tried:
                await database.write(delivering.settle, tried, "request")
            await asyncio.sleep(0.002)

    async def run() -> None:
        await asyncio.gather(store(), *[server() for _ in range(4)])

    hooks.domain.run(run())
    for hook in listening:
        for card in cards:
            seqs = [seq for id_, subject, seq in got if (id_, subject) == (hook.id, card)]
            assert seqs == list(range(2, 14))


@pytest.mark.contract("10.121")
def test_a_receiver_that_is_gone_switches_its_webhook_off(hooks: Hooks) -> None:
    hook = hooks.add("gift_card.granted")
    for _ in range(2):
        hooks.domain.grant()
    hooks.fan_out()
    one, _ = hooks.claim(hook)
    hooks.tell([one], 410)
    assert hooks.hook(hook).disabled_reason == "gone"
    assert sorted(hooks.states(hook)) == [("failed", 1), ("pending", 0)]
    hooks.domain.now += LEASE
    assert hooks.work() == []
    assert hooks.claim(hook) == []


@pytest.mark.contract("10.121")
def test_days_of_failure_switch_a_webhook_off(hooks: Hooks) -> None:
    hook = hooks.add("gift_card.granted")
    begun = hooks.domain.now
    for _ in range(3):
        hooks.domain.grant()
    hooks.fan_out()
    first, second, third = hooks.claim(hook)
    hooks.tell([first], 500, HOUR)
    assert hooks.hook(hook).failing_since == begun
    hooks.domain.now += FAILING_FOR - 1
    hooks.tell([second], None, HOUR)
    assert hooks.hook(hook).active
    assert hooks.hook(hook).failing_since == begun
    hooks.domain.now += 1
    hooks.tell([third], 301, HOUR)
    assert hooks.hook(hook).disabled_reason == "failing"
    changed = [event for event in hooks.feed_types() if event == "webhook.changed"]
    assert len(changed) == 2  # made, and switched off


@pytest.mark.contract("10.136")
def test_another_address_begins_anew(hooks: Hooks) -> None:
    """What the receiver before did not take is no failure of the new one."""
    hook = hooks.add("gift_card.granted")
    for _ in range(2):
        hooks.domain.grant()
    hooks.fan_out()
    first, second = hooks.claim(hook)
    hooks.tell([first], 500, HOUR)
    hooks.domain.now += FAILING_FOR
    same, other = Wanted(hook.url, types=()), Wanted("https://other.example/hook")
    hooks.domain.write(webhooks.update, hooks.domain.caller, hook.id, same)
    assert hooks.hook(hook).failing_since is not None
    changed = hooks.domain.write(webhooks.update, hooks.domain.caller, hook.id, other)
    assert changed.failing_since is None
    hooks.tell([second], 503, HOUR)
    assert (hooks.hook(hook).active, hooks.hook(hook).failing_since) == (True, hooks.domain.now)


def test_a_clock_that_leapt_switches_no_webhook_off(hooks: Hooks) -> None:
    hook = hooks.add("gift_card.granted")
    for _ in range(2):
        hooks.domain.grant()
    hooks.fan_out()
    first, second = hooks.claim(hook)
    hooks.tell([first], 500, HOUR)
    hooks.domain.now += 400 * DAY
    tried = Tried(second.delivery, hooks.domain.now, 500, 7, "said", "", HOUR)
    hooks.domain.write(delivering.settle, [tried], "request", trusts_clock=False)
    assert hooks.hook(hook).active


def test_one_success_ends_a_failure(hooks: Hooks) -> None:
    hook = hooks.add("gift_card.granted")
    for _ in range(3):
        hooks.domain.grant()
    hooks.fan_out()
    first, second, third = hooks.claim(hook)
    hooks.tell([first], 500, HOUR)
    hooks.domain.now += 2 * DAY
    hooks.tell([second], 200)
    assert hooks.hook(hook).failing_since is None
    hooks.domain.now += 2 * DAY
    hooks.tell([third], 500, HOUR)
    assert hooks.hook(hook).active


@pytest.mark.contract("10.121")
def test_a_webhook_that_was_switched_off_gets_what_it_missed(hooks: Hooks) -> None:
    hook = hooks.add("gift_card.granted")
    hooks.domain.grant()
    hooks.fan_out()
    hooks.domain.write(webhooks.update, hooks.domain.caller, hook.id, Wanted(active=False))
    hooks.domain.grant()
    assert hooks.work() == []
    assert hooks.claim(hook) == []
    hooks.domain.write(webhooks.update, hooks.domain.caller, hook.id, Wanted(active=True))
    assert len(hooks.deliver(hook)) == 2


def test_a_webhook_that_is_deleted_in_the_middle(hooks: Hooks) -> None:
    hook = hooks.add("gift_card.granted")
    for _ in range(2):
        hooks.domain.grant()
    hooks.fan_out()
    claimed = hooks.claim(hook, 1)
    hooks.domain.write(webhooks.delete, hooks.domain.caller, hook.id)
    hooks.tell(claimed, 500)
    hooks.domain.now += LEASE
    assert hooks.claim(hook) == []
    assert hooks.work() == []
    hooks.domain.now += KEPT_FOR + 1
    while hooks.domain.write(delivering.forget, 1):
        pass
    for table in ("webhooks", "webhook_deliveries", "webhook_attempts"):
        assert hooks.domain.sql(f"SELECT COUNT(*) FROM {table}") == [(0,)]


@pytest.mark.contract("10.122")
def test_an_event_that_is_no_longer_kept_is_dropped(hooks: Hooks) -> None:
    """And what is behind it goes on."""
    hook = hooks.add("gift_card.granted", "gift_card.adjusted")
    card = hooks.domain.grant()
    hooks.adjust(card, 1)
    hooks.fan_out()
    hooks.domain.sql("DELETE FROM events WHERE seq = 1")
    assert hooks.claim(hook) == []
    (left,) = hooks.claim(hook)
    assert left.event.seq == 2
    assert hooks.states(hook) == [("dropped", 0), ("pending", 0)]


def test_what_was_read_is_forgotten_and_what_comes_is_delivered(hooks: Hooks) -> None:
    hook = hooks.add("gift_card.granted")
    hooks.domain.grant()
    assert len(hooks.deliver(hook)) == 1
    hooks.domain.now += events.KEPT_FOR + DAY
    while hooks.domain.write(events.forget, MANY):
        pass
    hooks.domain.grant()
    assert len(hooks.deliver(hook)) == 1


def test_a_database_from_another_server_goes_on(hooks: Hooks) -> None:
    """Its positions are far above what this server's transactions would be."""
    hook = hooks.add("gift_card.granted")
    hooks.domain.grant()
    assert len(hooks.deliver(hook)) == 1
    hooks.domain.grant()
    hooks.fan_out()
    for table in ("events", "webhooks", "webhook_deliveries"):
        hooks.domain.sql(f"UPDATE {table} SET position = position + 1000000000")
    hooks.domain.write(events.resume)
    hooks.domain.grant()
    assert len(hooks.deliver(hook)) == 2
    assert len(set(hooks.deliver(hook))) == 0
    assert hooks.states(hook) == [("delivered", 1)] * 3


def again(hooks: Hooks, hook: Webhook, which: str, *times: Any) -> Again:
    """Ask for deliveries again, by default of any time."""
    place = (hook.store_id, hook.id, which)
    asked: Again = hooks.domain.write(deliveries.redeliver_range, *place, *times or (0, 10**13))
    return asked


def due(hooks: Hooks) -> list[tuple[int, int, bool]]:
    """Return ``seq``, attempts and whether there is a next one, of pending deliveries in order."""
    rows = hooks.domain.sql(
        "SELECT seq, attempts, next_attempt_at IS NOT NULL FROM webhook_deliveries "
        "WHERE state = 'pending' ORDER BY position, seq"
    )
    return [(seq, attempts, bool(next_)) for seq, attempts, next_ in rows]


@pytest.mark.contract("10.142")
def test_what_happened_in_some_time_is_asked_for_by_that_time(hooks: Hooks) -> None:
    """Whenever its delivery was made: the webhook may have been off."""
    hook = hooks.add("gift_card.granted")
    hooks.domain.write(webhooks.update, hooks.domain.caller, hook.id, Wanted(active=False))
    begun = hooks.domain.now
    hooks.domain.grant()
    hooks.domain.now += 4 * HOUR
    hooks.domain.write(webhooks.update, hooks.domain.caller, hook.id, Wanted(active=True))
    hooks.fan_out()
    hooks.tell(hooks.claim(hook), 500, None)
    assert again(hooks, hook, "failed", begun + 1, begun + 5 * HOUR).count == 0
    assert again(hooks, hook, "failed", begun - HOUR, begun).count == 0
    assert again(hooks, hook, "failed", begun, begun + 1).count == 1


@pytest.mark.contract("10.142")
@pytest.mark.parametrize(("which", "wanted"), [("all", [0, 1, 2, 3, 4]), ("delivered", [0, 2, 4])])
def test_all_of_some_time_is_asked_for_once(
    hooks: Hooks, monkeypatch: pytest.MonkeyPatch, which: str, wanted: list[int]
) -> None:
    """The oldest first, whatever has ended how, though what is delivered again ends again."""
    monkeypatch.setattr(deliveries, "AGAIN_AT_ONCE", 2)
    hook = hooks.add("gift_card.granted")
    cards = []
    for _ in range(5):
        cards.append(hooks.domain.grant().id)
        hooks.domain.now += 1
    hooks.fan_out()
    for claimed in hooks.claim(hook):
        in_time = cards.index(claimed.event.subject_id)
        hooks.tell([claimed], 500 if in_time % 2 else 200, None)
    asked, first, got = [], None, list[int]()
    while first or not asked:
        assert len(asked) < 3, "it goes on and on"
        asked.append(again(hooks, hook, which, 0, 10**13, first))
        first = asked[-1].next
        claimed_now = hooks.claim(hook)
        got += sorted(cards.index(each.event.subject_id) for each in claimed_now)
        hooks.tell(claimed_now, 200)
    assert got == wanted
    assert sum(each.count for each in asked) == len(wanted)
    assert len(asked) == (len(wanted) + 1) // 2


@pytest.mark.contract("10.142")
def test_what_waits_behind_what_was_asked_for_again_is_not_due(hooks: Hooks) -> None:
    hook = hooks.add("gift_card.adjusted")
    hooks.adjust(hooks.domain.grant(), 3)
    hooks.fan_out()
    while claimed := hooks.claim(hook):
        hooks.tell(claimed, 500, None)
    assert again(hooks, hook, "failed").count == 3
    assert due(hooks) == [(2, 1, True), (3, 1, False), (4, 1, False)]
    hooks.tell(hooks.claim(hook), 500, DAY)
    hooks.domain.now += HOUR
    assert hooks.work() == []
    assert hooks.domain.read(delivering.overdue) == 0
    hooks.domain.now += DAY
    hooks.tell(hooks.claim(hook), 200)
    assert due(hooks) == [(3, 1, True), (4, 1, False)]


@pytest.mark.contract("10.142")
def test_what_is_pending_waits_for_an_earlier_one_that_was_asked_for_again(hooks: Hooks) -> None:
    """Also what was under way at that moment, and failed."""
    hook = hooks.add("gift_card.adjusted")
    hooks.adjust(hooks.domain.grant(), 3)
    hooks.fan_out()
    (first,) = hooks.claim(hook)
    hooks.tell([first], 200)
    (second,) = hooks.claim(hook)
    place = (hook.store_id, hook.id)
    hooks.domain.write(deliveries.redeliver, *place, first.delivery.id)
    assert due(hooks) == [(2, 1, True), (3, 0, False), (4, 0, False)]
    hooks.tell([second], 500, HOUR)
    assert due(hooks) == [(2, 1, True), (3, 1, False), (4, 0, False)]
    before = hooks.domain.read(deliveries.read, *place, second.delivery.id)[0]
    assert hooks.domain.write(deliveries.redeliver, *place, second.delivery.id) == before
    hooks.tell(hooks.claim(hook), 200)
    assert due(hooks) == [(3, 1, True), (4, 0, False)]
    assert [one.event.seq for one in hooks.claim(hook)] == [3]


@pytest.mark.contract("10.120")
def test_what_is_asked_for_again_keeps_the_order(hooks: Hooks) -> None:
    """And what comes meanwhile waits for it."""
    hook = hooks.add("gift_card.adjusted")
    card = hooks.domain.grant()
    hooks.adjust(card, 3)
    hooks.deliver(hook)
    assert again(hooks, hook, "delivered") == Again(3, None)
    hooks.adjust(card, 1)
    hooks.fan_out()
    seqs = []
    while claimed := hooks.claim(hook):
        seqs.append([one.event.seq for one in claimed])
        hooks.tell(claimed, 200)
    assert seqs == [[2], [3], [4], [5]]


@pytest.mark.contract("10.122")
def test_deliveries_are_kept_for_thirty_days_after_their_end(hooks: Hooks) -> None:
    hook = hooks.add("gift_card.granted")
    for _ in range(3):
        hooks.domain.grant()
    hooks.fan_out()
    first, second, _ = hooks.claim(hook)
    hooks.tell([first, second], 200)
    hooks.domain.now += KEPT_FOR
    assert hooks.domain.write(delivering.forget, MANY) == 0
    hooks.domain.now += 1
    assert hooks.domain.write(delivering.forget, 1) == 1
    assert hooks.domain.write(delivering.forget, MANY) == 1
    assert hooks.domain.write(delivering.forget, MANY) == 0
    assert hooks.states(hook) == [("pending", 0)]
    assert hooks.domain.sql("SELECT COUNT(*) FROM webhook_attempts") == [(0,)]
    assert hooks.hook(hook).active


def test_each_attempt_is_kept(hooks: Hooks) -> None:
    hook = hooks.add("gift_card.granted")
    hooks.domain.grant()
    hooks.fan_out()
    for status in (500, None, 200):
        hooks.tell(hooks.claim(hook), status, 0)
    rows = hooks.domain.sql(
        "SELECT number, status, milliseconds, response FROM webhook_attempts ORDER BY number"
    )
    assert rows == [(1, 500, 7, "said"), (2, None, 7, "said"), (3, 200, 7, "said")]


def test_what_is_overdue(hooks: Hooks) -> None:
    hook = hooks.add("gift_card.granted")
    assert hooks.domain.read(delivering.overdue) == 0
    hooks.domain.grant()
    hooks.fan_out()
    hooks.domain.now += 7 * SECOND
    assert hooks.domain.read(delivering.overdue) == 7 * SECOND
    hooks.tell(hooks.claim(hook), 500, HOUR)
    assert hooks.domain.read(delivering.overdue) == 0
