"""Deliveries: events that are, or were, to be posted to a webhook (contract section 10)."""

from typing import Final, Literal, get_args

from msgspec import Struct

from gridgift.domain import events, webhooks
from gridgift.domain.failures import ValidationFailed
from gridgift.domain.ids import first_id_at
from gridgift.domain.paging import Page, Position, read_page
from gridgift.domain.webhook_failures import DeliveryNotFound, WebhookInactive
from gridgift.storage.database import Tx
from gridgift.storage.listing import DELIVERIES_IN_STATE, DELIVERIES_OF_WEBHOOK

AGAIN_AT_ONCE: Final = 1_000  # deliveries that one request makes pending again

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
    """Return a page of at most ``limit`` deliveries to a webhook, newest first.

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
    await _check_active(tx, store_id, webhook_id)
    await tx.run(
        "delivery_again", store_id=store_id, webhook_id=webhook_id, id=delivery_id, now=tx.now()
    )
    delivery, _ = await read(tx, store_id, webhook_id, delivery_id)
    return delivery


async def redeliver_range(
    tx: Tx, store_id: str, webhook_id: str, which: Which, since: int, until: int
) -> int:
    """Have deliveries that have ended attempted again, of events from ``since`` to ``until``.

    ``which`` is the state in which they ended. Instants are in milliseconds, the last one is not in
    it. Returns how many: the oldest of a state, at most ``AGAIN_AT_ONCE`` together. Raises
    ``WebhookNotFound``, ``WebhookInactive``, ``ValidationFailed``.
    """
    if until <= since:
        raise ValidationFailed({"to": ["must be later than from"]})
    await _check_active(tx, store_id, webhook_id)
    count = 0
    for state in get_args(Finished) if which == "all" else (which,):
        count += await tx.run(
            "deliveries_again",
            store_id=store_id, webhook_id=webhook_id, state=state, now=tx.now(),
            first_id=first_id_at(since), last_id=first_id_at(until), rows=AGAIN_AT_ONCE - count,
        )  # fmt: skip
    return count


async def _check_active(tx: Tx, store_id: str, webhook_id: str) -> None:
    if not (await webhooks.read(tx, store_id, webhook_id)).active:
        raise WebhookInactive(webhook_id)
