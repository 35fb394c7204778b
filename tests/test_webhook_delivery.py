"""Delivering: soon, to all who answer, whatever others do, and again after trouble."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from itertools import chain, count
from typing import Any

import pytest
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from gridgift import webhook_delivery
from gridgift.clock_watch import ClockWatch
from gridgift.domain import bulk, delivering, giftcards, stores, webhooks
from gridgift.domain.bulk import GrantRow
from gridgift.domain.delivering import Name, Work
from gridgift.domain.giftcards import Terms
from gridgift.domain.ids import new_id
from gridgift.domain.instants import DAY, MINUTE
from gridgift.domain.model import Caller
from gridgift.domain.residents import Identifier
from gridgift.domain.webhooks import MAX_WEBHOOKS, Secrets, Wanted, Webhook
from gridgift.operations import Operations
from gridgift.storage.database import Clock, DatabaseUnavailable, Tx, system_clock
from gridgift.webhook_delivery import (
    EVENTS_AT_ONCE,
    JITTER,
    PAUSES,
    PLACES,
    PLACES_OF_ONE,
    SLOW_PLACES,
    Deliverer,
    Lanes,
    retry_in,
)
from gridgift.webhook_messages import Outcome
from gridgift.webhook_sender import Sender
from tests.api import KELLY, OWNER, START
from tests.domain.fixture import DomainFixture
from tests.receiver import Receiver, says
from tests.serving import PATIENCE

SECRETS = Secrets(b"a secret that only tests know, long enough")
OK = Outcome(200, 5)


class Delivery:
    """A database, and servers that deliver from it."""

    def __init__(self, domain: DomainFixture) -> None:
        self.domain = domain
        self.observed: Counter[str] = Counter()

    def deliverer(
        self,
        secrets: Secrets = SECRETS,
        clock: Clock = system_clock,
        ticks: Callable[[], float] = time.monotonic,
    ) -> Deliverer:
        """Make what delivers, in this process's event loop."""
        operations = Operations(self.domain.database)

        def observe(outcome: str, seconds: float) -> None:
            assert seconds >= 0
            self.observed[outcome] += 1

        sender, watch = lambda: Sender(allow_private=True), ClockWatch(ticks)
        return Deliverer(operations, sender, secrets, observe, watch, clock)

    def until(self, holds: Callable[[], bool], *deliverers: Deliverer, within: float = 60) -> float:
        """Deliver until something holds; return after how many seconds."""

        async def run() -> float:
            begun = time.monotonic()
            async with asyncio.TaskGroup() as group:
                stop = asyncio.Event()
                for deliverer in deliverers or [self.deliverer()]:
                    group.create_task(self._deliver(deliverer, stop))
                while not holds() and time.monotonic() < begun + within:
                    await asyncio.sleep(0.01)
                taken = time.monotonic() - begun
                stop.set()
            assert holds(), "that did not happen"
            return taken

        taken: float = self.domain.run(run())
        return taken

    async def _deliver(self, deliverer: Deliverer, stop: asyncio.Event) -> None:
        async with deliverer.delivering():
            await stop.wait()

    def hook(self, url: str, *types: str, store_id: str = "", kind: Any = "standard") -> Webhook:
        """Make a webhook, by default for granted cards."""
        caller = self.caller(store_id or self.domain.store.id)
        wanted = Wanted(url, types or ("gift_card.granted",), kind)
        made: Webhook = self.domain.write(
            webhooks.create, caller, new_id(), wanted, allow_private=True
        )
        return made

    def caller(self, store_id: str) -> Caller:
        return Caller(store_id, "key", new_id(), "request")

    def grant(self, cards: int, store_id: str = "") -> None:
        """Grant cards in one transaction."""
        rows = [GrantRow(Identifier(uuid=KELLY.uuid), Terms(5))] * cards
        ids = [new_id() for _ in rows]
        caller = self.caller(store_id or self.domain.store.id)
        self.domain.write(bulk.grant, caller, rows, ids)

    def read(self, hook: Webhook) -> Webhook:
        read: Webhook = self.domain.read(webhooks.read, hook.store_id, hook.id)
        return read


@pytest.fixture
def delivery(database_url: str) -> Iterator[Delivery]:
    """An empty store on each engine."""
    with DomainFixture.opened(database_url) as domain:
        yield Delivery(domain)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Somebody who answers at once."""
    with Receiver.started() as started:
        yield started


@pytest.mark.contract("10.123")
def test_dead_and_slow_receivers_hold_up_no_other(delivery: Delivery) -> None:
    """Of 50, ten never answer and ten are slow: all others have their events in seconds."""
    domain = delivery.domain
    with ExitStack() as stack:
        well, slow, dead = (stack.enter_context(Receiver.started()) for _ in range(3))
        slow.delay, dead.delay = 10, 60
        for number in range(50):
            receiver = [dead, slow, well, well, well][number % 5]
            store = domain.write(stores.create, stores.NewStore(f"Shop {number}", OWNER), new_id())
            delivery.hook(f"{receiver.url}/{number}", store_id=store.id)
            delivery.grant(20, store.id)  # 1,000 events in all
        delivery.until(lambda: len(well.received) >= 600, within=120)
        got = Counter(each.target for each in well.received)
        assert got == {f"/hook/{number}": 20 for number in range(50) if number % 5 > 1}
        assert len({each.id for each in well.received}) == 600
        assert len(dead.received) == 10  # one at once at each of those who do not answer
        assert 10 <= len(slow.received) < 200


@pytest.mark.contract("10.123")
def test_one_of_fifty_webhooks_of_a_store_fails(
    delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest have what they want of all that happens, and changes beside it go on."""
    domain, at_once, fan_out = delivery.domain, list[int](), delivering.fan_out

    async def watched(tx: Tx, names: Sequence[Name], rows: int, make_id: Any) -> None:
        at_once.append(len(names) * rows)
        await fan_out(tx, names, rows, make_id)

    monkeypatch.setattr(delivering, "fan_out", watched)
    other = domain.write(stores.create, stores.NewStore("Shop", OWNER), new_id())
    card, seconds = domain.grant(), list[float]()

    async def change(well: Receiver) -> None:
        async with delivery.deliverer().delivering(), asyncio.timeout(PATIENCE):
            for _ in range(20):
                begun = time.monotonic()
                await domain.database.write(giftcards.adjust, domain.caller, card.id, 1, "test")
                seconds.append(time.monotonic() - begun)
                await asyncio.sleep(0.02)
            while len(well.received) < 9 * 20 + 1:
                await asyncio.sleep(0.01)

    with ExitStack() as stack:
        well, dead = (stack.enter_context(Receiver.started()) for _ in range(2))
        dead.delay = 60
        delivery.hook(dead.url, "gift_card.adjusted")
        for number in range(1, MAX_WEBHOOKS):
            types = "gift_card.redeemed" if number % 5 else "gift_card.adjusted"
            delivery.hook(f"{well.url}/{number}", types)
        delivery.hook(f"{well.url}/other", store_id=other.id)
        delivery.grant(500)  # of which nobody wants to hear
        delivery.grant(1, other.id)
        domain.run(change(well))
        got = Counter(each.target for each in well.received)
        assert got == {f"/hook/{number}": 20 for number in range(5, 50, 5)} | {"/hook/other": 1}
        assert len(dead.received) <= 1  # one at once
    assert max(at_once) <= EVENTS_AT_ONCE
    assert sorted(seconds)[-2] < 2  # the machine may stand still for a moment


def test_an_event_is_delivered_within_a_second(delivery: Delivery, receiver: Receiver) -> None:
    hook = delivery.hook(receiver.url)
    tries = (seconds_to_deliver(delivery, receiver, hook) for _ in range(2))
    assert any(seconds < 3 for seconds in tries)  # the machine may stand still for a moment
    got = receiver.received[-1]
    assert got.json["type"] == "gift_card.granted"
    assert got.json["data"]["id"] == got.id
    verifier = Verifier(SECRETS.of(hook.id, 1))
    assert verifier.verify(got.body, got.headers) == got.json
    assert delivery.observed == {"delivered": len(receiver.received)}


def seconds_to_deliver(delivery: Delivery, receiver: Receiver, hook: Webhook) -> float:
    """Grant a card while a server runs; return after how many seconds the receiver heard of it."""
    begun: list[float] = []
    before = len(receiver.received)

    async def later() -> None:
        await asyncio.sleep(1)
        begun.append(time.monotonic())
        rows = [GrantRow(Identifier(uuid=KELLY.uuid), Terms(5))]
        caller = delivery.caller(hook.store_id)
        await delivery.domain.database.write(bulk.grant, caller, rows, [new_id()])

    async def run() -> None:
        async with delivery.deliverer().delivering(), asyncio.TaskGroup() as group:
            group.create_task(later())
            while delivery.observed["delivered"] == before:
                await asyncio.sleep(0.01)

    delivery.domain.run(run())
    (got,) = receiver.received[before:]
    return got.at - begun[0]


@pytest.mark.contract("10.119", "10.120")
def test_what_failed_comes_again_under_the_same_id(
    delivery: Delivery, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_delivery, "PAUSES", (0, 0))
    hook = delivery.hook(receiver.url)
    statuses = iter([503, 301, 200])
    receiver.answer = lambda _: says(next(statuses), b"so")
    delivery.grant(1)
    delivery.until(lambda: delivery.observed["delivered"] == 1)
    assert len(receiver.received) == 3
    assert len(set(receiver.ids())) == 1
    rows = delivery.domain.sql("SELECT number, status, response FROM webhook_attempts ORDER BY 1")
    assert rows == [(1, 503, "so"), (2, 301, "so"), (3, 200, "so")]
    assert delivery.domain.sql("SELECT state, attempts FROM webhook_deliveries") == [
        ("delivered", 3)
    ]
    assert delivery.read(hook).failing_since is None


@pytest.mark.contract("10.119")
def test_a_clock_that_is_set_back_holds_nothing_up(
    delivery: Delivery, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was to be tried again soon is not left for a day, whatever goes wrong meanwhile."""
    domain = delivery.domain
    delivery.hook(receiver.url)
    statuses = iter([503, 200])
    receiver.answer = lambda _: says(next(statuses), b"so")
    domain.now += DAY
    delivery.grant(1)
    before = delivery.deliverer(clock=lambda: domain.now)
    delivery.until(lambda: delivery.observed["refused"] == 1, before)
    looks = chain([domain.now], count(START, MINUTE))

    def clock() -> int:
        """Return the time; at the second look a day less, and a minute more at each one after."""
        domain.now = next(looks)
        return domain.now

    catch_up, troubles = delivering.catch_up, [DatabaseUnavailable("for a moment")]

    async def fragile(tx: Tx, *bounds: Any) -> int:
        if troubles:
            raise troubles.pop()
        return await catch_up(tx, *bounds)

    monkeypatch.setattr(delivering, "catch_up", fragile)
    again = delivery.deliverer(clock=clock, ticks=lambda: 0.0)
    delivery.until(lambda: delivery.observed["delivered"] == 1, again)
    assert not troubles


def test_after_the_last_attempt_the_next_event_goes_on(
    delivery: Delivery, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_delivery, "PAUSES", (0,))
    delivery.hook(receiver.url, "webhook.changed", "gift_card.granted")
    receiver.answer = lambda got: says(200 if got.json["type"] == "gift_card.granted" else 500)
    delivery.grant(1)
    delivery.until(lambda: delivery.observed.total() == 3)
    states = delivery.domain.sql("SELECT event_type, state FROM webhook_deliveries ORDER BY 1")
    assert states == [("gift_card.granted", "delivered"), ("webhook.changed", "failed")]


@pytest.mark.contract("10.119")
def test_pauses_and_jitter() -> None:
    """After 0 s, 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h and 24 h, and then no more."""
    seconds = [pause // 1000 for pause in PAUSES]
    assert seconds == [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400]
    assert retry_in(len(PAUSES), 0) is None
    for step, pause in enumerate(PAUSES):
        tries = [retry_in(step, 0) or 0 for _ in range(100)]
        assert pause <= min(tries) < max(tries) <= pause * (1 + JITTER)
    assert retry_in(0, 60) == 60_000
    assert (retry_in(1, 60) or 0) >= PAUSES[1]


def test_a_server_that_leaves_gives_back_what_it_had_begun(
    delivery: Delivery, receiver: Receiver
) -> None:
    receiver.delay = 30
    delivery.hook(receiver.url)
    delivery.grant(1)
    begun = time.monotonic()
    delivery.until(lambda: len(receiver.received) == 1)
    assert time.monotonic() - begun < 25  # of 30
    assert delivery.domain.sql("SELECT claimed_until, attempts FROM webhook_deliveries") == [
        (None, 0)
    ]
    receiver.delay = 0
    delivery.until(lambda: len(receiver.received) == 2)
    assert len(set(receiver.ids())) == 1


def test_what_came_of_attempts_is_written_once_the_database_is_back(
    delivery: Delivery, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, failures, written = delivering.settle, iter(range(2)), Counter[str]()

    async def broken(tx: Any, tried: Any, request_id: str, **options: Any) -> None:
        if next(failures, None) is not None:
            raise DatabaseUnavailable("gone")
        await real(tx, tried, request_id, **options)
        written["tried"] += len(tried)

    monkeypatch.setattr(delivering, "settle", broken)
    delivery.hook(receiver.url)
    delivery.grant(3)
    delivery.until(lambda: written["tried"] >= 3)
    assert len(receiver.received) == 3
    states = delivery.domain.sql("SELECT state, attempts FROM webhook_deliveries")
    assert states == [("delivered", 1)] * 3


def test_several_servers_deliver_each_event_once(delivery: Delivery, receiver: Receiver) -> None:
    for number in range(3):
        delivery.hook(f"{receiver.url}/{number}")
    delivery.grant(50)
    delivery.until(lambda: len(receiver.received) >= 150, *[delivery.deliverer() for _ in range(3)])
    assert len({(got.target, got.id) for got in receiver.received}) == 150
    assert len(receiver.received) == 150


@pytest.mark.contract("10.125")
def test_a_line_on_discord_and_its_limits(delivery: Delivery, receiver: Receiver) -> None:
    """One at once, not signed, and none while Discord wants to be left alone."""
    hook = delivery.hook(receiver.url, kind="discord")
    answers = iter([says(204, headers={"X-RateLimit-Remaining": "0",
                                       "X-RateLimit-Reset-After": "0.7"})])  # fmt: skip
    receiver.answer = lambda _: next(answers, says(204))
    delivery.grant(2)
    delivery.until(lambda: delivery.observed["delivered"] == 2)
    first, second = receiver.received
    assert second.at - first.at >= 0.7
    assert first.json == {
        "content": "**Gift card granted** · of kelly · L$ +5 · now L$ 5",
        "allowed_mentions": {"parse": []},
    }
    assert not [name for name in first.headers if name.startswith("webhook-")]
    assert delivery.read(hook).active


@pytest.mark.contract("10.119")
def test_too_many_requests_are_not_repeated_before_their_time(
    delivery: Delivery, receiver: Receiver
) -> None:
    delivery.hook(receiver.url, kind="discord")
    receiver.answer = lambda _: says(429, headers={"Retry-After": "40"})
    delivery.grant(3)
    delivery.until(lambda: delivery.observed["refused"] == 1)
    (row,) = delivery.domain.sql(
        "SELECT next_attempt_at FROM webhook_deliveries WHERE attempts = 1"
    )
    assert row[0] >= delivery.domain.now + 40_000
    assert len(receiver.received) == 1


def test_both_secrets_count_for_a_day_and_none_of_another_server(
    delivery: Delivery, receiver: Receiver
) -> None:
    hook = delivery.hook(receiver.url)
    delivery.domain.now = time.time_ns() // 1_000_000
    delivery.domain.write(webhooks.rotate, delivery.caller(hook.store_id), hook.id)
    delivery.grant(1)
    delivery.until(lambda: len(receiver.received) == 1)
    (got,) = receiver.received
    for version in (1, 2):
        Verifier(SECRETS.of(hook.id, version)).verify(got.body, got.headers)
    replaced = Secrets(b"what 'gridgift secret replace' has made of it")
    delivery.grant(1)
    delivery.until(lambda: len(receiver.received) == 2, delivery.deliverer(replaced))
    got = receiver.received[1]
    Verifier(replaced.of(hook.id, 2)).verify(got.body, got.headers)
    with pytest.raises(WebhookVerificationError):
        Verifier(SECRETS.of(hook.id, 2)).verify(got.body, got.headers)


@pytest.mark.parametrize("trouble", [MemoryError(), asyncio.CancelledError()])
def test_no_trouble_ends_delivering_for_good(
    delivery: Delivery,
    receiver: Receiver,
    trouble: BaseException,
) -> None:
    """What it awaits may be cancelled by another task."""
    troubles = [trouble] * 2

    deliverer = delivery.deliverer()
    operations: Any = deliverer._operations

    class Fragile:
        write = operations.write

        async def read(self, *args: Any) -> Any:
            if troubles:
                raise troubles.pop()
            return await operations.read(*args)

    deliverer._operations = Fragile()  # type: ignore[assignment]
    delivery.hook(receiver.url)
    delivery.grant(1)
    delivery.until(lambda: delivery.observed["delivered"] == 1, deliverer, within=10)
    assert not troubles


@pytest.mark.parametrize("trouble", [RuntimeError("a defect"), asyncio.CancelledError()])
def test_what_can_t_be_written_ends(
    delivery: Delivery,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    trouble: BaseException,
) -> None:
    """A defect is an outcome: it is neither tried for ever nor does it hold up anything else."""

    def message_of(*_: Any) -> Any:
        raise trouble

    monkeypatch.setattr(webhook_delivery, "message_of", message_of)
    delivery.hook(receiver.url)
    delivery.grant(2)
    delivery.until(lambda: delivery.observed["unanswered"] == 2)
    errors = delivery.domain.sql("SELECT error FROM webhook_attempts")
    assert errors == [("it could not be written",)] * 2


def test_a_webhook_whose_events_can_t_be_read_holds_up_no_other(
    delivery: Delivery, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery.hook(receiver.url)
    broken = delivery.hook(f"{receiver.url}/broken")
    real = delivering.fan_out

    async def fan_out(tx: Any, names: Any, *args: Any) -> None:
        await real(tx, names, *args)
        if broken.id in {id_ for _, id_ in names}:
            raise KeyError("a kind of entry that this version does not know")

    monkeypatch.setattr(delivering, "fan_out", fan_out)
    delivery.grant(30)
    delivery.until(lambda: len(receiver.received) == 30)
    assert {got.target for got in receiver.received} == {"/hook"}
    assert len(set(receiver.ids())) == 30


def test_while_there_is_no_webhook_next_to_nothing_is_asked(
    delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_delivery, "LOOKS_EVERY", 0.01)
    monkeypatch.setattr(webhook_delivery, "LOOKS_FOR_WEBHOOKS_EVERY", 60.0)
    asked: list[str] = []
    operations: Any = Operations(delivery.domain.database)

    class Counting:
        async def read(self, operation: Any, *args: Any) -> Any:
            asked.append(operation.__name__)
            return await operations.read(operation, *args)

    deliverer = delivery.deliverer()
    deliverer._operations = Counting()  # type: ignore[assignment]

    async def run() -> None:
        async with deliverer.delivering():
            await asyncio.sleep(0.5)

    delivery.domain.run(run())
    assert asked == ["look"]


def work(*ids: str, kind: str = "standard") -> list[Work]:
    return [Work("s", id_, kind, True, False) for id_ in ids]


def test_nobody_has_more_than_a_share() -> None:
    lanes = Lanes()
    assert [share.rows for share in lanes.shares(work("a"))] == [1]
    lanes.begin("a")
    assert lanes.shares(work("a")) == []
    lanes.end("a", OK)
    assert [share.rows for share in lanes.shares(work("a"))] == [PLACES_OF_ONE]
    assert [share.rows for share in lanes.shares(work("a", kind="discord"))] == [1]
    lanes.end("a", Outcome(200, 5_000))  # it has become slow
    assert [share.rows for share in lanes.shares(work("a"))] == [1]


def test_slow_receivers_have_half_of_the_places() -> None:
    lanes = Lanes()
    many = [str(number) for number in range(500)]
    for share in lanes.shares(work(*many)):
        lanes.begin(share.webhook_id)
    assert lanes.shares(work(*many)) == []
    quick = [f"quick {number}" for number in range(100)]
    for id_ in quick:
        lanes.end(id_, OK)
    shares = lanes.shares(work(*many, *quick))
    assert sum(share.rows for share in shares) == PLACES - SLOW_PLACES
    assert {share.webhook_id for share in shares} <= set(quick)


def test_everybody_has_a_turn() -> None:
    """Whoever asks for places first gets none the sooner."""
    many = [str(number) for number in range(100)]
    first = Counter(lanes.shares(work(*many))[0].webhook_id for lanes in [Lanes()] * 300)
    assert len(first) > 50


def test_who_wants_to_be_left_alone_is() -> None:
    now = [0.0]
    lanes = Lanes(lambda: now[0])
    lanes.begin("a")
    lanes.end("a", Outcome(429, 5, wait=7))
    assert lanes.shares(work("a")) == []
    now[0] = 7.0
    assert len(lanes.shares(work("a"))) == 1
