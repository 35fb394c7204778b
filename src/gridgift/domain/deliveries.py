"""Deliveries: events that are, or were, to be posted to a webhook (contract section 10)."""

from collections.abc import Sequence
from typing import Final, Literal, get_args

from msgspec import Struct

from gridgift.domain import delivering, events, webhooks
from gridgift.domain.failures import ValidationFailed
from gridgift.domain.ids import first_id_at
from gridgift.domain.paging import Page, Position, read_page
from gridgift.domain.webhook_failures import DeliveryNotFound, WebhookInactive
from gridgift.storage.database import Tx
from gridgift.storage.listing import DELIVERIES_IN_STATE, DELIVERIES_OF_WEBHOOK

AGAIN_AT_ONCE: Final = 1_000  # deliveries that one transaction makes pending again

KEY_TYPES: Final = DELIVERIES_OF_WEBHOOK.types()

State = Literal["pending", "delivered", "failed", "dropped"]
Finished = Literal["failed", "dropped", "delivered"]
Which = Literal["failed", "dropped", "delivered", "all"]


class Delivery(Struct, frozen=True):
    """An event for a webhook, by the event's place in the feed; instants are in milliseconds.

    ``pending``: it is attempted at ``next_attempt_at``, for the first time or again. ``failed``:
    the last attempt was made. ``dropped``: its event was forgotten before. ``attempts`` is how many
    were made.
    """

    store_id: str
    webhook_id: str
    id: str
    position: int
    account_kind: str
    account_id: str
    seq: int
    event_id: str
    event_type: str
    state: State
    attempts: int
    next_attempt_at: int | None
    created_at: int
    finished_at: int | None


class Attempt(Struct, frozen=True):
    """What came of an attempt, which took so many milliseconds.

    ``status`` is None if no answer came, and then ``error`` says why; ``response`` is the beginning
    of the answer.
    """

    number: int
    at: int
    status: int | None
    milliseconds: int
    response: str
    error: str


async def list_of(
    tx: Tx,
    store_id: str,
    webhook_id: str,
    state: State | None,
    event_type: str | None,
    position: Position,
    limit: int,
) -> Page[Delivery]:
    """Return a page of at most ``limit`` deliveries to a webhook, those of the newest events first.

    ``state`` is that of all of them (None: any). With a type the page has those of ``limit``
    deliveries whose events are of that type. Raises ``WebhookNotFound``, ``ValidationFailed``.
    """
    if event_type is not None and event_type not in events.TYPES:
        raise ValidationFailed({"type": [f"must be one of {', '.join(events.TYPES)}"]})
    await webhooks.read(tx, store_id, webhook_id)
    listing = DELIVERIES_OF_WEBHOOK if state is None else DELIVERIES_IN_STATE
    named = {} if state is None else {"state": state}
    page = await read_page(
        tx, listing, position, limit, Delivery, lambda delivery: (delivery.id,),
        descending=True, store_id=store_id, webhook_id=webhook_id, **named,
    )  # fmt: skip
    if event_type is None:
        return page
    rows = [delivery for delivery in page.rows if delivery.event_type == event_type]
    return Page(rows, page.next, page.previous)


async def read(
    tx: Tx, store_id: str, webhook_id: str, delivery_id: str
) -> tuple[Delivery, list[Attempt]]:
    """Return a delivery and its attempts, oldest first.

    Raises ``WebhookNotFound``, ``DeliveryNotFound``.
    """
    await webhooks.read(tx, store_id, webhook_id)
    place = {"store_id": store_id, "webhook_id": webhook_id}
    row = await tx.one("delivery_by_id", **place, id=delivery_id)
    if row is None:
        raise DeliveryNotFound(delivery_id)
    found = await tx.all("attempts_of_delivery", **place, delivery_id=delivery_id)
    return Delivery(*row), [Attempt(*each) for each in found]


async def redeliver(tx: Tx, store_id: str, webhook_id: str, delivery_id: str) -> Delivery:
    """Have a delivery attempted again, from the first attempt on; one that is pending stays so.

    Raises ``WebhookNotFound``, ``WebhookInactive``, ``DeliveryNotFound``.
    """
    await _lock_active(tx, store_id, webhook_id)
    delivery, _ = await read(tx, store_id, webhook_id, delivery_id)
    if delivery.state != "pending":
        await _again(tx, store_id, webhook_id, [delivery])
        delivery, _ = await read(tx, store_id, webhook_id, delivery_id)
    return delivery


class Again(Struct, frozen=True):
    """How many deliveries are attempted again, and the id of the next one (None: that was all)."""

    count: int
    next: str | None


async def redeliver_range(
    tx: Tx,
    store_id: str,
    webhook_id: str,
    which: Which,
    since: int,
    until: int,
    first: str | None = None,
) -> Again:
    """Have deliveries that have ended attempted again, of events from ``since`` to ``until``.

    ``which`` is the state in which they ended. Instants are in milliseconds, the last one is not in
    it; ``first`` is the ``next`` of a call before. It takes ``AGAIN_AT_ONCE`` at most, those of the
    oldest events. Raises ``WebhookNotFound``, ``WebhookInactive``, ``ValidationFailed``.
    """
    if until <= since:
        raise ValidationFailed({"to": ["must be later than 'from'"]})
    await _lock_active(tx, store_id, webhook_id)
    bounds = {"first_id": first or first_id_at(since), "last_id": first_id_at(until)}
    named = {"store_id": store_id, "webhook_id": webhook_id, "rows": AGAIN_AT_ONCE + 1} | bounds
    states = get_args(Finished) if which == "all" else (which,)
    rows = await tx.each("deliveries_ended", [named | {"state": state} for state in states])
    ended = sorted((Delivery(*row) for row in rows), key=lambda delivery: delivery.id)
    chosen, rest = ended[:AGAIN_AT_ONCE], ended[AGAIN_AT_ONCE:]
    await _again(tx, store_id, webhook_id, chosen)
    return Again(len(chosen), rest[0].id if rest else None)


async def _lock_active(tx: Tx, store_id: str, webhook_id: str) -> None:
    if not (await webhooks.lock(tx, store_id, webhook_id)).active:
        raise WebhookInactive(webhook_id)


async def _again(tx: Tx, store_id: str, webhook_id: str, ended: Sequence[Delivery]) -> None:
    """Make deliveries of a locked webhook pending; only an account's earliest one begins."""
    first: dict[tuple[str, str], Delivery] = {}
    for each in sorted(ended, key=lambda delivery: (delivery.position, delivery.seq)):
        first.setdefault((each.account_kind, each.account_id), each)
    places = [(webhook_id, (one.position, *account, one.seq)) for account, one in first.items()]
    pending = await delivering.pending(tx, store_id, places)
    others = [one for account, one in first.items() if (webhook_id, *account) in pending]
    await tx.many("delivery_wait", [
        (store_id, webhook_id, one.position, one.seq, one.account_kind, one.account_id)
        for one in others
    ])  # fmt: skip
    due = {one.id for one in first.values()}.difference(one.id for one in others)
    for at, ids in ((tx.now(), due), (None, {each.id for each in ended} - due)):
        named = {"store_id": store_id, "webhook_id": webhook_id, "ids": sorted(ids)}
        await tx.run("deliveries_again", **named, next_attempt_at=at)
    accounts = {(store_id, webhook_id, one.account_kind, one.account_id) for one in others}
    await delivering.begin(tx, accounts)
