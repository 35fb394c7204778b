"""Delivering webhooks beside requests: look what is to be done, claim, post, write what came of it.

One task looks, and has one transaction at a time, in which it writes what came of the attempts that
ended and claims the next ones; so however many receivers there are, requests share the database
with one more client. Attempts run outside of it, so many at once, in two lanes: receivers that
answer quickly, and all others, who have half of the places and one attempt at once each. So a
receiver that is slow or dead holds up no other one.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from gridgift.clock_watch import ClockWatch
from gridgift.domain import delivering, residents
from gridgift.domain.delivering import Claimed, Delivery, Name, Share, Tried, Work
from gridgift.domain.ids import id_at, new_id
from gridgift.domain.instants import HOUR, MINUTE, SECOND
from gridgift.domain.webhooks import Secrets
from gridgift.logs import Log, reason
from gridgift.operations import Operations
from gridgift.storage.database import Clock, DatabaseUnavailable, Tx, system_clock
from gridgift.tasks import is_ending
from gridgift.webhook_messages import (
    MAX_WAIT,
    Message,
    Outcome,
    discord_body,
    event_body,
    people_in,
)

if TYPE_CHECKING:
    from gridgift.webhook_sender import Sender  # brings a whole HTTP client

LOOKS_EVERY: Final = 0.5  # seconds
LOOKS_FOR_WEBHOOKS_EVERY: Final = 2.0  # while there is none
SOON: Final = 0.01  # seconds to the next look while there is more to do
LEAVES_WITHIN: Final = 5.0  # seconds in which a transaction may end at the server's end
EVENTS_AT_ONCE: Final = 400  # that one transaction looks at, and about as many deliveries of them
WEBHOOKS_AT_ONCE: Final = 50  # for which it does so
PLACES: Final = 64  # attempts at once
SLOW_PLACES: Final = 32  # of them for receivers of whom nobody knows that they are quick
PLACES_OF_ONE: Final = 4  # attempts at once at a receiver that is quick
QUICK: Final = 2_000  # milliseconds within which it has answered with success
LEASE: Final = 30 * SECOND  # longer than an attempt may take
JITTER: Final = 0.2  # of a pause, which is up to so much longer
# Before the second attempt and each one after it, counted from the one before.
PAUSES: Final = (
    5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR,
    24 * HOUR,
)  # fmt: skip
# By the step, from the attempt before, and what its receiver may have asked for instead.
LONGEST_WAITS: Final = (0, *(round(pause * (1 + JITTER)) + LEASE for pause in PAUSES))
LONGEST_ASKED: Final = round(MAX_WAIT * SECOND) + LEASE
CAUGHT_UP: Final = 500  # deliveries in one transaction, after the clock was set back

Observe = Callable[[str, float], None]  # an outcome, the seconds that it took

log = Log("gridgift.webhooks")


class Lanes:
    """How many more attempts at which receiver may begin now."""

    def __init__(self, ticks: Callable[[], float] = time.monotonic) -> None:
        self._ticks = ticks
        self._quick: set[str] = set()  # ids of webhooks
        self._running: Counter[str] = Counter()
        self._left_alone: dict[str, float] = {}  # until when, by ids

    def shares(self, work: Sequence[Work]) -> list[Share]:
        """Divide the places that are free among webhooks with due deliveries, in any order."""
        slow = sum(count for id_, count in self._running.items() if id_ not in self._quick)
        free = PLACES - self._running.total()
        shares = []
        for each in random.sample(work, len(work)):
            quick = each.webhook_id in self._quick
            most = self._most(each, quick) - self._running[each.webhook_id]
            rows = min(most, free if quick else min(free, SLOW_PLACES - slow))
            if rows > 0:
                shares.append(Share(each.store_id, each.webhook_id, rows))
                free -= rows
                slow += 0 if quick else rows
        return shares

    def _most(self, work: Work, quick: bool) -> int:
        if self._left_alone.get(work.webhook_id, 0.0) > self._ticks():
            return 0
        return PLACES_OF_ONE if quick and work.format == "standard" else 1

    def begin(self, webhook_id: str) -> None:
        """Take a place for an attempt."""
        self._running[webhook_id] += 1

    def end(self, webhook_id: str, outcome: Outcome | None) -> None:
        """Give the place back, and learn from what came of the attempt (None: nothing)."""
        self._running -= Counter([webhook_id])
        if outcome is None:
            return
        if outcome.delivered and outcome.milliseconds <= QUICK:
            self._quick.add(webhook_id)
        else:
            self._quick.discard(webhook_id)
        if outcome.wait:
            self._left_alone[webhook_id] = self._ticks() + outcome.wait
        else:
            self._left_alone.pop(webhook_id, None)


class Turn(Struct, frozen=True):
    """Deliveries to attempt, and the usernames, by UUID, of those whom their lines name."""

    claimed: Sequence[Claimed] = ()
    names: Mapping[str, str] = {}


class Deliverer:
    """Delivers webhooks until it is stopped; servers on one database share the work."""

    def __init__(
        self,
        operations: Operations,
        make_sender: "Callable[[], Sender]",
        secrets: Secrets,
        observe: Observe,
        watch: ClockWatch,
        clock: Clock = system_clock,
    ) -> None:
        """Deliver by a sender that is made when it is first needed."""
        self._operations = operations
        self._make_sender = make_sender
        self._sender: Sender | None = None
        self._secrets = secrets
        self._observe = observe
        self._watch = watch
        self._set_back = False  # the clock was, and deliveries still wait for it
        self._clock = clock
        self._lanes = Lanes()
        self._attempts: dict[asyncio.Task[None], Delivery] = {}
        self._tried: list[Tried] = []
        self._woken = asyncio.Event()  # by the end of an attempt, or of the server
        self._leaving = False

    @asynccontextmanager
    async def delivering(self) -> AsyncIterator[None]:
        """Deliver in a task of its own until the block ends.

        Attempts that are under way then are given up, and their deliveries are free for others.
        """
        task = asyncio.create_task(self._go_on(), name="deliver webhooks")
        try:
            yield
        finally:
            self._leaving = True
            self._woken.set()
            await asyncio.wait([task], timeout=LEAVES_WITHIN)
            given_up = list(self._attempts.values())
            await _cancelled([task, *self._attempts])
            await self._leave(given_up)
            if self._sender is not None:
                await self._sender.close()

    async def _leave(self, given_up: Sequence[Delivery]) -> None:
        """Write what is known; the rest is attempted again by whoever comes next."""
        try:
            await self._write(())
            if given_up:
                await self._operations.write(delivering.release, given_up)
        except Exception as error:  # then the claims end by themselves
            log.warning("webhooks are left claimed", why=reason(error))

    async def _go_on(self) -> None:
        while not self._leaving:
            self._woken.clear()
            pause = LOOKS_EVERY
            try:
                pause = await self._turn()
            except (Exception, asyncio.CancelledError) as error:
                if is_ending():
                    raise
                log.warning("webhooks are not delivered", why=reason(error))
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._woken.wait()

    async def _turn(self) -> float:
        """Do what there is to do now; return after how many seconds to look again at the latest."""
        if self._watch.was_set_back(self._clock()):
            log.warning("the clock was set back: no delivery waits for it")
            self._set_back = True
        if self._set_back:
            await self._catch_up()
            self._set_back = False
        work, any_webhook = await self._operations.read(delivering.look)
        behind = sorted(each.webhook for each in work if each.behind)
        for begin in range(0, len(behind), WEBHOOKS_AT_ONCE):
            await self._fan_out(behind[begin : begin + WEBHOOKS_AT_ONCE])
        more = bool(self._tried or behind)
        turn = await self._write(self._lanes.shares(work))
        for claimed in turn.claimed:
            self._begin(claimed, turn.names)
        if more:  # what has ended lets others begin, and a page of events may not be the last
            return SOON
        return LOOKS_EVERY if any_webhook else LOOKS_FOR_WEBHOOKS_EVERY

    async def _catch_up(self) -> None:
        """Let nothing wait for as long as the clock was set back."""
        bounds = LONGEST_WAITS, LONGEST_ASKED, LEASE, CAUGHT_UP
        while await self._operations.write(delivering.catch_up, *bounds):
            pass

    async def _fan_out(self, names: Sequence[Name]) -> None:
        """Make deliveries of new events, of some webhooks at once; one's trouble is no other's."""
        rows = EVENTS_AT_ONCE // len(names)
        try:
            await self._operations.write(delivering.fan_out, names, rows, id_at)
        except DatabaseUnavailable:
            raise
        except Exception as error:
            if len(names) == 1:
                log.error("events are not delivered", webhook=names[0][1], exc_info=error)
            for name in names if len(names) > 1 else ():
                await self._fan_out([name])

    async def _write(self, shares: Sequence[Share]) -> Turn:
        """Write what came of attempts, and claim deliveries, in one transaction."""
        if not self._tried and not shares:
            return Turn()
        tried, self._tried = self._tried, []
        try:
            return await self._operations.write(
                _settle_and_claim, tried, shares, new_id(), self._watch.is_steady(self._clock())
            )
        except BaseException:
            self._tried = tried + self._tried
            raise

    def _begin(self, claimed: Claimed, names: Mapping[str, str]) -> None:
        task = asyncio.create_task(self._attempt(claimed, names))
        self._attempts[task] = claimed.delivery
        self._lanes.begin(claimed.webhook.id)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        del self._attempts[task]
        self._woken.set()

    async def _attempt(self, claimed: Claimed, names: Mapping[str, str]) -> None:
        """Make an attempt; a defect is its outcome too, so that nothing is tried for ever."""
        outcome, at = None, self._clock()
        try:
            self._sender = self._sender or self._make_sender()
            outcome = await self._sender.post(message_of(claimed, names, self._secrets, at))
        except (Exception, asyncio.CancelledError) as error:
            if is_ending():
                raise
            log.error("webhook not written", delivery=claimed.delivery.id, exc_info=error)
            outcome = Outcome(None, 0, error="it could not be written")
        finally:
            self._lanes.end(claimed.webhook.id, outcome)
        self._tried.append(_tried(claimed.delivery, at, outcome))
        self._observe(_sort(outcome), outcome.milliseconds / 1000)


async def _settle_and_claim(
    tx: Tx, tried: Sequence[Tried], shares: Sequence[Share], request_id: str, trusts_clock: bool
) -> Turn:
    if tried:
        await delivering.settle(tx, tried, request_id, trusts_clock=trusts_clock)
    claimed = await delivering.claim(tx, shares, LEASE) if shares else []
    lines = [each.event for each in claimed if each.webhook.format == "discord"]
    people = {uuid for event in lines for uuid in people_in(event)}
    return Turn(claimed, await residents.shown_names(tx, sorted(people)))


def message_of(claimed: Claimed, names: Mapping[str, str], secrets: Secrets, now: int) -> Message:
    """Write what is posted; ``now`` is in milliseconds."""
    webhook, event = claimed.webhook, claimed.event
    if webhook.format == "discord":
        return Message(event.id, webhook.url, discord_body(event, names))
    return Message(event.id, webhook.url, event_body(event), secrets.counting(webhook, now))


def retry_in(step: int, wait: float) -> int | None:
    """Return the milliseconds from an attempt that failed to the next one; None: it was the last.

    ``step`` counts from 0, and ``wait`` is how many seconds the receiver asked for.
    """
    if step >= len(PAUSES):
        return None
    pause = PAUSES[step] * random.uniform(1, 1 + JITTER)  # noqa: S311
    return round(max(pause, wait * 1000))


def _tried(delivery: Delivery, at: int, outcome: Outcome) -> Tried:
    return Tried(
        delivery, at, outcome.status, outcome.milliseconds, outcome.response, outcome.error,
        retry_in(delivery.step, outcome.wait),
    )  # fmt: skip


def _sort(outcome: Outcome) -> str:
    if outcome.delivered:
        return "delivered"
    return "unanswered" if outcome.status is None else "refused"


async def _cancelled(tasks: "Sequence[asyncio.Task[None]]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
