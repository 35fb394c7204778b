"""Events: what happened in a store, in an order that a reader can follow (contract section 10).

The event of a ledger entry is no more than the entry's place in that order; one that only attests
what was so before is no event. What is in no ledger (the clock's doing, a change of a webhook) is
noted with its details, in the transaction in which it happens.

An event can be read once no other can be added before it. SQLite's writes come one after the other.
On PostgreSQL transactions end in another order than they began; positions there are numbers of
transactions, and only what is below the oldest running one is read.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final, Literal, cast

import msgspec
from msgspec import Struct

from gridgift.domain import stores
from gridgift.domain.failures import ValidationFailed
from gridgift.domain.ids import LAST_UUID, derived_id
from gridgift.domain.instants import DAY, SECOND, format_instant
from gridgift.domain.model import NIL_UUID, ActorKind, Caller, CardState, EntryKind
from gridgift.domain.paging import Keys, Position
from gridgift.storage.database import Row, Tx
from gridgift.storage.listing import EVENTS_OF_STORE

KEPT_FOR: Final = 90 * DAY
EXPIRING: Final = 7 * DAY  # before its end a card is told to be expiring
CLOCK_LAG: Final = 60 * SECOND  # what began before an instant has ended by then
LOOKED_AT: Final = 1_000  # events for a page of some types only
ACTOR: Final = "clock"

OF_ENTRIES: Final[dict[EntryKind, str]] = {
    "granted": "gift_card.granted",
    "imported": "gift_card.granted",
    "updated": "gift_card.updated",
    "adjusted": "gift_card.adjusted",
    "enabled": "gift_card.enabled",
    "disabled": "gift_card.disabled",
    "redeemed": "gift_card.redeemed",
    "transferred": "gift_card.transferred",
    "reissued": "gift_card.reissued",
    "labelled": "gift_card.updated",
    "noted": "gift_card.noted",
    "expired": "gift_card.expired",
    "held": "hold.created",
    "hold_extended": "hold.extended",
    "captured": "hold.captured",
    "voided": "hold.voided",
    "credit_deposited": "credit.deposited",
    "credit_redeemed": "credit.deposited",
    "credit_spent": "credit.spent",
    "credit_refunded": "credit.refunded",
    "credit_moved": "credit.moved",
    "credit_extended": "credit.extended",
    "credit_expired": "credit.expired",
}
CARD_EXPIRING: Final = "gift_card.expiring"
HOLD_LAPSED: Final = "hold.lapsed"
KEY_CHANGED: Final = "key.changed"
WEBHOOK_CHANGED: Final = "webhook.changed"
PING: Final = "ping"
BULK_FINISHED: Final = "bulk.finished"
VERIFY_FAILED: Final = "verify.failed"
UNIT_CHANGED: Final = "unit.changed"
OPERATOR_CHANGED: Final = "operator.changed"
UNIT_SILENT: Final = "unit.silent"
UNIT_EXHAUSTED: Final = "unit.exhausted"
REFUND_OWED: Final = "vendor.refund_owed"
REFUND_PAID: Final = "vendor.refund_paid"
STORE_RESTORED: Final = "store.restored"
NOTED: Final = (
    CARD_EXPIRING, HOLD_LAPSED, KEY_CHANGED, WEBHOOK_CHANGED, PING, BULK_FINISHED, VERIFY_FAILED,
    STORE_RESTORED, UNIT_CHANGED, OPERATOR_CHANGED, UNIT_SILENT, UNIT_EXHAUSTED, REFUND_OWED,
    REFUND_PAID,
)  # fmt: skip
TYPES: Final = tuple(dict.fromkeys([*OF_ENTRIES.values(), *NOTED]))

KEY_TYPES: Final = EVENTS_OF_STORE.types()

SubjectKind = Literal["card", "credit", "key", "webhook", "bulk", "store", "unit", "operator"]


class Snapshot(Struct, frozen=True):
    """What an event is about at one time: its balance (L$; None: it has none), and the rest.

    ``state`` is JSON, as an entry keeps it.
    """

    balance: int | None
    state: str


class Details(Struct, frozen=True):
    """What an event that is in no ledger keeps of itself; its row's id is only its place."""

    subject_kind: SubjectKind
    subject_id: str
    actor_kind: ActorKind
    actor_id: str
    request_id: str
    before: Snapshot | None
    after: Snapshot | None


_read_details: Final = msgspec.json.Decoder(Details).decode


class Event(Struct, frozen=True):
    """What happened to a card, credit, a key, webhook, bulk, unit, operator or the store itself.

    ``subject_id`` is its id. ``seq`` is the number of its entry in the subject's chain (None: it
    has no entry), and ``delta`` what that one moved, in L$; ``at`` is in milliseconds.
    """

    id: str
    type: str
    at: int
    store_id: str
    subject_kind: SubjectKind
    subject_id: str
    seq: int | None
    delta: int | None
    actor_kind: ActorKind
    actor_id: str
    request_id: str
    reason: str
    before: Snapshot | None
    after: Snapshot | None

    @classmethod
    def of(cls, store_id: str, row: Row) -> "Event":
        """Read the columns of the SQL fragment ``event``."""
        (
            position, kind, subject_id, seq, at, noted, details,
            entry_kind, delta, balance, state, actor_kind, actor_id, reason, request_id, digest,
            balance_before, state_before,
        ) = row  # fmt: skip
        if noted is None:
            return cls(
                derived_id(subject_id, digest.hex()),
                OF_ENTRIES[entry_kind], at, store_id, kind, subject_id, seq, delta,
                actor_kind, actor_id, request_id, reason,
                None if state_before is None else Snapshot(balance_before, state_before),
                Snapshot(balance, state),
            )  # fmt: skip
        read = _read_details(details)
        return cls(
            derived_id(subject_id, f"{noted} {position} {at}"),
            noted, at, store_id, read.subject_kind, read.subject_id, None, None,
            read.actor_kind, read.actor_id, read.request_id, "", read.before, read.after,
        )  # fmt: skip


class EventPage(Struct, frozen=True):
    """Events in their order, the place of each, and the position behind what was looked at."""

    rows: Sequence[Event]
    places: Sequence[Keys]
    next: Position


async def note(
    tx: Tx,
    caller: Caller,
    noted: str,
    subject_kind: SubjectKind,
    subject_id: str,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
) -> None:
    """Note an event of something that has no ledger, in the transaction that changes it.

    A transaction notes one event at most about the same thing. ``before`` and ``after`` say what it
    was and is, in values of JSON.
    """
    details = _details(caller, subject_kind, subject_id, before, after)
    row = (caller.store_id, subject_kind, subject_id, tx.now(), noted, details)
    await tx.many("event_note", [row])


def _details(
    caller: Caller,
    subject_kind: SubjectKind,
    subject_id: str,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
) -> str:
    actor = (caller.actor_kind, caller.actor_id, caller.request_id)
    details = Details(subject_kind, subject_id, *actor, _snapshot(before), _snapshot(after))
    return msgspec.json.encode(details).decode()


def _snapshot(state: Mapping[str, Any] | None) -> Snapshot | None:
    return None if state is None else Snapshot(None, msgspec.json.encode(state).decode())


def check_types(types: Collection[str]) -> frozenset[str]:
    """Return types as a set. Raises ``ValidationFailed`` for an unknown one."""
    unknown = sorted(set(types) - set(TYPES))
    if unknown:
        named = ", ".join(name or "one without a name" for name in unknown)
        raise ValidationFailed({"types": [f"unknown: {named}; known: {', '.join(TYPES)}"]})
    return frozenset(types)


async def page(
    tx: Tx, store_id: str, position: Position, limit: int, types: frozenset[str] = frozenset()
) -> EventPage:
    """Return the store's next events of these types (none: all), at most ``limit``.

    Of ``LOOKED_AT`` events only: a page may be empty although more follows. It is the end if its
    position is the one that was given.
    """
    looked_at = limit if not types else max(limit, LOOKED_AT)
    statement = EVENTS_OF_STORE.statement(position)
    values = EVENTS_OF_STORE.values(position, looked_at - 1)
    found: list[Event] = []
    places: list[Keys] = []
    keys = position.keys
    for row in await tx.all(statement, store_id=store_id, **values):
        keys = tuple(row[:4])
        if not types or _type_of(row) in types:
            found.append(Event.of(store_id, row))
            places.append(keys)
        if len(found) == limit:
            break
    return EventPage(found, places, Position(keys))


async def at(tx: Tx, places: Sequence[tuple[Any, ...]]) -> dict[tuple[Any, ...], Event]:
    """Return the events at some places, each of a store's id and keys; some may be forgotten."""
    names = ("store_id", "position", "account_kind", "account_id", "seq")
    rows = await tx.each("event_at", [dict(zip(names, place, strict=True)) for place in places])
    return {(row[-1], *row[:4]): Event.of(row[-1], row[:-1]) for row in rows}


def _type_of(row: Row) -> str:
    noted, entry_kind = row[5], row[7]
    return noted if entry_kind is None else OF_ENTRIES[cast("EntryKind", entry_kind)]


def behind(newest_position: int) -> Position:
    """Return the position behind all events up to one of their positions."""
    return Position((newest_position + 1, "", NIL_UUID, 0))


async def newest(tx: Tx, store_ids: Sequence[str]) -> dict[str, int]:
    """Return the newest position of each store up to which events can be read; 0: none."""
    found = await tx.all("events_newest", ids=store_ids)
    return {store_id: position or 0 for store_id, position in found}


async def forget(tx: Tx, rows: int) -> int:
    """Delete up to ``rows`` events of any store that are too old; return how many."""
    deleted = 0
    for store in await stores.list_all(tx):
        if deleted < rows:
            deleted += await _forget(tx, store.id, rows - deleted)
    return deleted


async def _forget(tx: Tx, store_id: str, rows: int) -> int:
    """Delete a store's old events; the newest one stays: SQLite's next position follows from it."""
    kept_since = tx.now() - KEPT_FOR
    oldest = await tx.one("events_oldest", store_id=store_id, rows=1)
    if oldest is None or oldest[4] >= kept_since:
        return 0
    found = await tx.all("events_oldest", store_id=store_id, rows=rows + 1)
    ages = [row[4] < kept_since for row in found[:-1]]
    old = found[: ages.index(False) if False in ages else len(ages)]
    if old:
        await tx.many("event_forget", [(store_id, *row[:4]) for row in old])
    return len(old)


async def resume(tx: Tx) -> None:
    """Let positions go on above those that are there.

    On PostgreSQL they follow from numbers that another server begins anew, and a database that was
    copied or restored has events from before.
    """
    row = await tx.one("events_ends")
    assert row is not None
    last, following = row
    if last is not None and following is not None and following <= last:
        await _begin(tx)
        await tx.run("feed_raise", by=last - following + 1)


async def restore(tx: Tx, operator: Callable[[str], Caller], made_at: int) -> None:
    """Note in each store's feed that the store is as it was at an instant (milliseconds).

    ``operator`` gives who restored it, as a caller at the store of an id.

    Readers may have been ahead of that. So positions go on from the clock, in microseconds: no
    store ever had so many events.
    """
    row = await tx.one("events_ends")
    assert row is not None
    last, following = row
    position = max(tx.now() * 1_000, 0 if last is None else last + 1)
    if following is not None:  # PostgreSQL counts for itself
        position = max(position, following)
        await _begin(tx)
        await tx.run("feed_raise", by=position - following)
    after = {"backupMadeAt": format_instant(made_at)}
    await tx.many("event_note_at", [
        (store.id, position, "store", store.id, tx.now(), STORE_RESTORED,
         _details(operator(store.id), "store", store.id, None, after))
        for store in await stores.list_all(tx)
    ])  # fmt: skip


async def _begin(tx: Tx) -> None:
    now = tx.now()
    await tx.run("feed_begin", expiring_until=now + EXPIRING, lapsed_until=now, last_id=LAST_UUID)


class Mark(Struct, frozen=True):
    """Up to where the clock's events were told: an instant, and an id among those of the same."""

    at: int
    id: str


async def tell_time(tx: Tx, request_id: str, rows: int) -> int:
    """Note which cards are about to expire and which holds' time is over, of any store, once each.

    It deals with up to ``rows`` of each, and returns with how many. One server at a time does it.
    """
    await _begin(tx)
    row = await tx.one("feed_claim")
    if row is None:  # another server has it
        return 0
    now = tx.now() - CLOCK_LAG
    cards, told_cards = await _next(tx, "cards_expiring", Mark(*row[:2]), now + EXPIRING, rows)
    holds, told_holds = await _next(tx, "holds_lapsed", Mark(*row[2:]), now, rows)
    noted = [_expiring(row, request_id, tx.now()) for row in cards]
    noted += [_lapsed(row, request_id, tx.now()) for row in holds]
    if noted:
        await tx.many("event_note", noted)
    await tx.run(
        "feed_advance",
        expiring_until=told_cards.at, expiring_id=told_cards.id,
        lapsed_until=told_holds.at, lapsed_id=told_holds.id,
    )  # fmt: skip
    return len(noted)


async def _next(
    tx: Tx, statement: str, mark: Mark, until: int, rows: int
) -> tuple[Sequence[Row], Mark]:
    """Return the next rows behind a mark, and the mark behind them."""
    if until < mark.at:  # the clock was set back
        return [], mark
    found = await tx.all(statement, told_at=mark.at, told_id=mark.id, ends_by=until, rows=rows)
    if len(found) < rows:
        return found, Mark(until, LAST_UUID)
    return found, Mark(*found[-1][10:12])


def _expiring(row: Row, request_id: str, now: int) -> tuple[Any, ...]:
    """Return the columns of ``event_note`` for a card."""
    store_id, card_id, card, _ = _told(row)
    details = Details("card", card_id, "system", ACTOR, request_id, card, card)
    return store_id, "card", card_id, now, CARD_EXPIRING, msgspec.json.encode(details).decode()


def _lapsed(row: Row, request_id: str, now: int) -> tuple[Any, ...]:
    """Return the columns of ``event_note`` for a hold; like all of holds it is about the card."""
    *_, expires_at, hold_id, amount = row
    store_id, card_id, card, state = _told(row)
    about = msgspec.structs.replace(
        state, hold=hold_id, hold_amount=amount, hold_expires_at=expires_at
    )
    after = Snapshot(card.balance, msgspec.json.encode(about).decode())
    details = Details("card", card_id, "system", ACTOR, request_id, card, after)
    return store_id, "hold", hold_id, now, HOLD_LAPSED, msgspec.json.encode(details).decode()


def _told(row: Row) -> tuple[str, str, Snapshot, CardState]:
    """Read the columns of the SQL fragment ``told_card``."""
    store_id, card_id, credit, owner, active, redeemed, transfer, texture, purchased, ends = row[
        :10
    ]
    state = CardState(
        owner, bool(active), bool(redeemed), bool(transfer), texture, bool(purchased), ends
    )
    return store_id, card_id, Snapshot(credit, msgspec.json.encode(state).decode()), state
