"""Delivering webhooks: which deliveries there are, who makes the next attempts, what came of them.

A webhook's deliveries are made from the feed, from its position on; both are moved together, by
whoever has claimed the webhook. A delivery is claimed for a while, so that it is made again if its
server ends in the middle: at least once. Of one account's deliveries to a webhook only the earliest
pending one has a next attempt. It ends delivered or failed, and then the one behind it begins.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from gridgift.domain import events, webhooks
from gridgift.domain.events import Event
from gridgift.domain.instants import DAY, HOUR
from gridgift.domain.model import Caller
from gridgift.domain.paging import Keys, Position
from gridgift.domain.webhooks import Webhook
from gridgift.storage.database import Row, Tx

KEPT_FOR: Final = 30 * DAY  # after its end, with its attempts
FAILING_FOR: Final = 3 * DAY  # until a webhook that only fails is switched off
SHORT: Final = HOUR  # for which a webhook may fail before anybody need look at it
GONE: Final = 410  # the status by which a receiver says that it wants no more
ACTOR: Final = "webhooks"

Name = tuple[str, str]  # a webhook's store, and its id
Account = tuple[str, str, str, str]  # the same, and an account's kind and id
MakeId = Callable[[int], str]


class Work(Struct, frozen=True):
    """What is to be done for an active webhook: deliveries are due, or there are new events."""

    store_id: str
    webhook_id: str
    format: str
    due: bool
    behind: bool

    @property
    def webhook(self) -> Name:
        """Name the webhook."""
        return self.store_id, self.webhook_id


class Share(Struct, frozen=True):
    """How many of a webhook's due deliveries are wanted."""

    store_id: str
    webhook_id: str
    rows: int


class Delivery(Struct, frozen=True):
    """A delivery that was claimed until an instant; ``step`` of the schedule comes next."""

    store_id: str
    webhook_id: str
    id: str
    account_kind: str
    account_id: str
    step: int
    claimed_until: int

    @property
    def webhook(self) -> Name:
        """Name its webhook."""
        return self.store_id, self.webhook_id


class Claimed(Struct, frozen=True):
    """A delivery, to which webhook, and of which event."""

    delivery: Delivery
    webhook: Webhook
    event: Event


class Tried(Struct, frozen=True):
    """What came of an attempt that was made at an instant.

    ``status`` is None if no answer came. The next attempt is ``retry_in`` milliseconds from now if
    this one failed; None: there is none.
    """

    delivery: Delivery
    at: int
    status: int | None
    milliseconds: int
    response: str
    error: str
    retry_in: int | None

    @property
    def delivered(self) -> bool:
        """Tell whether the receiver has it."""
        return self.status is not None and 200 <= self.status < 300


async def look(tx: Tx) -> tuple[list[Work], bool]:
    """Return what there is to do now, and whether there is any active webhook."""
    found = await tx.all("webhooks_at_work", now=tx.now())
    work = [
        Work(store_id, webhook_id, kind, bool(due), bool(behind))
        for store_id, webhook_id, kind, due, behind in found
    ]
    return work, bool(work) or await tx.one("webhooks_any") is not None


async def fan_out(tx: Tx, names: Sequence[Name], rows: int, make_id: MakeId) -> None:
    """Make deliveries of some webhooks' next events, and move their positions.

    The id of each sorts by the event's time, from which ``make_id`` makes it (milliseconds).
    It looks at ``rows`` events for each webhook, and makes about as many deliveries: a store's
    webhooks at one position share what is looked at, and go on together. What another server is at
    is left to it.
    """
    named = [{"store_id": store_id, "id": webhook_id} for store_id, webhook_id in sorted(names)]
    together: defaultdict[tuple[str, Keys], list[_Listener]] = defaultdict(list)
    for store_id, webhook_id, types, *place in await tx.each("webhook_claim", named):
        wanted = frozenset(msgspec.json.decode(types, type=list[str]))
        together[store_id, tuple(place)].append(_Listener(webhook_id, wanted))
    for (store_id, keys), listeners in together.items():
        rows_of_all = rows * len(listeners)
        await _go_on(tx, store_id, Position(keys), listeners, rows_of_all, make_id)


class _Listener(Struct, frozen=True):
    """A webhook by its id, and the types of which it gets events; none: all."""

    id: str
    types: frozenset[str]

    def gets(self, event: Event) -> bool:
        """Tell whether an event is posted to it."""
        if event.type == events.PING:
            return event.subject_id == self.id
        return not self.types or event.type in self.types


async def _go_on(
    tx: Tx, store_id: str, position: Position, listeners: Sequence[_Listener], rows: int,
    make_id: MakeId,
) -> None:  # fmt: skip
    """Make deliveries of a store's next events, up to the one with which they are ``rows``."""
    page = await events.page(tx, store_id, position, rows)
    wanted: list[tuple[str, Event, Keys]] = []
    keys = position.keys
    for event, keys in zip(page.rows, page.places, strict=True):
        wanted += [(each.id, event, keys) for each in listeners if each.gets(event)]
        if len(wanted) >= rows:
            break
    await _add(tx, store_id, wanted, make_id)
    await tx.many("webhook_advance", [(*keys, store_id, each.id) for each in listeners])


async def _add(
    tx: Tx,
    store_id: str,
    wanted: Sequence[tuple[str, Event, Keys]],
    make_id: MakeId,
) -> None:
    """Add a delivery for each webhook's event and its place.

    Those wait of whose account an earlier one is pending. Ids of one instant are in the feed's
    order.
    """
    waited_for = await pending(tx, store_id, [(id_, place) for id_, _, place in wanted])
    by_time = sorted(range(len(wanted)), key=lambda number: wanted[number][1].at)
    ids = dict(zip(by_time, sorted(make_id(event.at) for _, event, _ in wanted), strict=True))
    now, rows = tx.now(), []
    for number, (webhook_id, event, place) in enumerate(wanted):
        account = (webhook_id, *place[1:3])
        due = None if account in waited_for else now
        waited_for.add(account)
        rows.append((store_id, webhook_id, ids[number], *place, event.id, event.type, due, now))
    if rows:
        await tx.many("delivery_add", rows)


async def pending(
    tx: Tx, store_id: str, places: Sequence[tuple[str, Keys]]
) -> set[tuple[Any, ...]]:
    """Return the accounts of webhooks' events that have a pending delivery, with the webhooks."""
    accounts: defaultdict[Any, set[Any]] = defaultdict(set)
    for webhook_id, (_, kind, account_id, _) in places:
        accounts[webhook_id, kind].add(account_id)
    return {tuple(row) for row in await tx.each("accounts_pending", [
        {"store_id": store_id, "webhook_id": webhook_id, "account_kind": kind, "ids": sorted(ids)}
        for (webhook_id, kind), ids in accounts.items()
    ])}  # fmt: skip


async def claim(tx: Tx, shares: Sequence[Share], lease: int) -> list[Claimed]:
    """Take due deliveries for ``lease`` milliseconds: nobody else makes their attempts meanwhile.

    Those whose events are no longer kept are dropped.
    """
    named = [{"store_id": share.store_id, "id": share.webhook_id} for share in shares]
    found = [Webhook.from_row(row) for row in await tx.each("webhook_by_id", named)]
    active = {(each.store_id, each.id): each for each in found if each.active}
    now = tx.now()
    rows = await tx.each("deliveries_due", [
        {"store_id": share.store_id, "webhook_id": share.webhook_id, "rows": share.rows, "now": now}
        for share in shares if (share.store_id, share.webhook_id) in active
    ])  # fmt: skip
    there = await events.at(tx, [_place(row) for row in rows])
    gone = [_delivery(row, now) for row in rows if _place(row) not in there]
    if gone:
        await _drop(tx, gone)
    claimed = [
        Claimed(_delivery(row, now + lease), active[row[0], row[1]], there[_place(row)])
        for row in rows
        if _place(row) in there
    ]
    if claimed:
        await tx.many("delivery_claim", [
            (one.delivery.claimed_until, *one.delivery.webhook, one.delivery.id) for one in claimed
        ])  # fmt: skip
    return claimed


def _place(row: Row) -> tuple[Any, ...]:
    """Return where the event of a row of ``deliveries_due`` is."""
    return row[0], *row[3:7]


def _delivery(row: Row, until: int) -> Delivery:
    store_id, webhook_id, delivery_id, _, account_kind, account_id, _, step = row
    return Delivery(store_id, webhook_id, delivery_id, account_kind, account_id, step, until)


async def _drop(tx: Tx, gone: Sequence[Delivery]) -> None:
    await _lock(tx, gone)
    await tx.many("delivery_drop", [(tx.now(), *each.webhook, each.id) for each in gone])
    await _begin_next(tx, gone)


async def _lock(tx: Tx, deliveries: Sequence[Delivery]) -> list[Webhook]:
    """Lock the webhooks of deliveries, so that nobody else adds, begins or ends any of them."""
    named = sorted({each.webhook for each in deliveries})
    locked = [{"store_id": store_id, "id": webhook_id} for store_id, webhook_id in named]
    return [Webhook.from_row(row) for row in await tx.each("webhook_lock", locked)]


async def _begin_next(tx: Tx, ended: Sequence[Delivery]) -> None:
    await begin(tx, {(*each.webhook, each.account_kind, each.account_id) for each in ended})


async def begin(tx: Tx, accounts: Collection[Account]) -> None:
    """Let the earliest pending delivery of each account begin, of webhooks that are locked."""
    now = tx.now()
    await tx.many("delivery_begin", [(now, *account) for account in sorted(accounts)])


async def catch_up(tx: Tx, waits: Sequence[int], asked: int, lease: int, rows: int) -> int:
    """Let up to ``rows`` deliveries wait no longer than they may; return how many these were.

    ``waits`` has the longest time from the attempt before to each one, ``asked`` is the longest
    that a receiver can ask for, and ``lease`` the longest claim, all in milliseconds: later than
    that is only what was written before the clock was set back. It waits for so long from now on.
    """
    now = tx.now()
    bounds = {"asked_by": now + asked, "claimed_by": now + lease, "rows": rows}
    for step, wait in enumerate(waits):
        ahead = {"step": step, "wait": wait, "due_by": now + wait}
        if found := await tx.all("deliveries_ahead", **ahead, **bounds):
            await tx.many("delivery_hurry", found)
            return len(found)
    return 0


async def settle(
    tx: Tx, tried: Sequence[Tried], request_id: str, *, trusts_clock: bool = True
) -> None:
    """Write what came of attempts, and let what has waited for them begin.

    A webhook whose receiver is gone is switched off, and one that has failed for days by a clock
    that can be trusted.
    """
    by_id = {each.delivery.id: each for each in tried}
    locked = await _lock(tx, [each.delivery for each in tried])
    now = tx.now()
    changed: Any = await tx.each("delivery_tried", [_changes(each, now) for each in by_id.values()])
    counted = dict(changed)
    if counted:
        await tx.many("attempt_add", [_attempt(by_id[id_], counted[id_]) for id_ in counted])
    ended = [by_id[id_].delivery for id_ in counted if _state(by_id[id_]) != "pending"]
    if ended:
        await _begin_next(tx, ended)
    for webhook in locked:
        of_it = [each for each in tried if each.delivery.webhook_id == webhook.id]
        await _judge(tx, webhook, of_it, request_id, trusts_clock)


def _state(tried: Tried) -> str:
    if tried.delivered:
        return "delivered"
    return "failed" if tried.retry_in is None or tried.status == GONE else "pending"


def _changes(tried: Tried, now: int) -> dict[str, Any]:
    state, delivery = _state(tried), tried.delivery
    pending = state == "pending"
    assert tried.retry_in is not None or not pending
    return {
        "store_id": delivery.store_id, "webhook_id": delivery.webhook_id, "id": delivery.id,
        "state": state, "step": delivery.step + 1,
        "next_attempt_at": now + (tried.retry_in or 0) if pending else None,
        "finished_at": None if pending else now,
    }  # fmt: skip


def _attempt(tried: Tried, number: int) -> tuple[Any, ...]:
    """Return the columns of ``attempt_add``."""
    return (
        *tried.delivery.webhook, tried.delivery.id, number, tried.at, tried.status,
        tried.milliseconds, tried.response, tried.error,
    )  # fmt: skip


async def _judge(
    tx: Tx, webhook: Webhook, tried: Sequence[Tried], request_id: str, trusts_clock: bool
) -> None:
    """Note since when a webhook only fails, and switch it off if that is to be."""
    caller = Caller(webhook.store_id, "system", ACTOR, request_id)
    since = webhook.failing_since
    first = min(each.at for each in tried)
    if any(each.status == GONE for each in tried):
        await webhooks.disable(tx, caller, webhook.id, "gone")
    elif any(each.delivered for each in tried):
        if since is not None:
            await _note_failing(tx, webhook, None)
    elif since is None:
        await _note_failing(tx, webhook, first)
    elif trusts_clock and tx.now() - since >= FAILING_FOR:
        await webhooks.disable(tx, caller, webhook.id, "failing")


async def _note_failing(tx: Tx, webhook: Webhook, since: int | None) -> None:
    named = {"store_id": webhook.store_id, "id": webhook.id}
    await tx.run("webhook_failing", **named, failing_since=since)


async def release(tx: Tx, deliveries: Sequence[Delivery]) -> None:
    """Give claims back whose attempts were not made: another server may make them at once."""
    await tx.many(
        "delivery_release", [(*each.webhook, each.id, each.claimed_until) for each in deliveries]
    )


class Trouble(Struct, frozen=True):
    """Ids of webhooks that are switched off because of what their receivers answer, or fail."""

    off: Sequence[str] = ()
    failing: Sequence[str] = ()


async def trouble(tx: Tx) -> Trouble:
    """Return which webhooks of any store are in trouble; a short failure is none."""
    found = await tx.all("webhooks_in_trouble", failing_before=tx.now() - SHORT)
    return Trouble(
        [webhook_id for webhook_id, active in found if not active],
        [webhook_id for webhook_id, active in found if active],
    )


async def overdue(tx: Tx) -> int:
    """Return for how many milliseconds a delivery is due now, of the one due for the longest."""
    row = await tx.one("deliveries_overdue")
    return 0 if row is None or row[0] is None else max(0, tx.now() - row[0])


async def forget(tx: Tx, rows: int) -> int:
    """Delete up to ``rows`` old deliveries of any store with their attempts; return how many."""
    before = tx.now() - KEPT_FOR
    found = await tx.all("deliveries_old", before=before, rows=rows)
    if not found:
        found = await tx.all("deliveries_of_deleted", before=before, rows=rows)
    if found:
        await tx.many("attempts_forget", [tuple(row) for row in found])
        await tx.many("delivery_forget", [tuple(row) for row in found])
    else:
        await tx.run("webhooks_forget", before=before)
    return len(found)
