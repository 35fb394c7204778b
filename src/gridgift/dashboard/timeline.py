"""A card's life in sentences, for the people of a store."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Final

from msgspec import Struct

from gridgift.dashboard.filters import money
from gridgift.dashboard.sentences import Step, told
from gridgift.domain.ledger import hold_of, read_card_state, read_credit_state, reason_of
from gridgift.domain.model import (
    NO_LABELS,
    ActorKind,
    Entry,
    EntryKind,
    Hold,
    Labels,
)
from gridgift.domain.whole_cards import WholeCard
from gridgift.http.edge.session import Operator

WHO: Final = {
    "key": "a program",
    "resident": "its owner",
    "unit": "a unit in-world",
    "system": "Gridgift",
}
_NAMED: Final = {"key": "the program “{}”", "unit": "the unit “{}”"}
NO_NAMES: Final[Mapping[str, str]] = {}


class Moment(Struct, frozen=True):
    """What happened, by whom and when (milliseconds), and the balance since then (L$).

    ``card`` is the id of another card: that which became credit, or took the place of this one.
    ``seq`` is the number of the entry that says so; 0: none does.
    """

    said: str
    note: str
    who: str
    at: int
    balance: int
    delta: int
    card: str = ""
    seq: int = 0


class Reserved(Struct, frozen=True):
    """A part of a card that is reserved: the hold, who placed it, and what was said of it."""

    hold: Hold
    who: str
    note: str


def names_in(entries: Iterable[Entry]) -> set[str]:
    """Return the UUIDs of the residents whom a card's entries are about."""
    return {read_card_state(entry.state).owner_uuid for entry in entries}


def labels_after(entries: Sequence[Entry]) -> Labels:
    """Return the labels that a card has after its entries."""
    said = (read_card_state(entry.state).labels for entry in reversed(entries))
    return next((labels for labels in said if labels is not None), NO_LABELS)


def moments(
    entries: Sequence[Entry], names: Mapping[str, str], who_looks: Operator, now: int
) -> list[Moment]:
    """Return a card's life up to now (milliseconds), the newest first; ``names`` are by ids."""
    states = [None, *(read_card_state(entry.state) for entry in entries)]
    labels, life = NO_LABELS, []
    for entry, (before, after) in zip(entries, pairwise(states), strict=True):
        assert after is not None, "only what was before the first one is None"
        step = Step(entry, before or after, after, labels, names, who_looks.zone, before is None)
        labels = step.labels
        life.append(
            Moment(
                told(step), reason_of(entry),
                who_did(entry.actor_kind, entry.actor_id, who_looks, names),
                entry.created_at, entry.balance_after, entry.delta,
                after.source or "" if entry.kind == "reissued" else "", entry.seq,
            )
        )  # fmt: skip
    life += _lapses(entries, now)
    return sorted(life, key=lambda moment: moment.at)[::-1]


def _lapses(entries: Sequence[Entry], now: int) -> list[Moment]:
    """Return the ends of holds that nobody took or released: no entry tells of them."""
    lasting: dict[str, tuple[int, int]] = {}
    for entry in entries:
        state = read_card_state(entry.state)
        if entry.kind in {"captured", "voided"}:
            lasting.pop(hold_of(entry), None)
        elif state.hold_amount is not None and state.hold_expires_at is not None:
            lasting[hold_of(entry)] = (state.hold_expires_at, state.hold_amount)
    return [
        Moment(f"{money(amount)} not reserved any more, as the time was over", "", WHO["system"],
               end, [entry.balance_after for entry in entries if entry.created_at <= end][-1], 0)
        for end, amount in lasting.values()
        if end <= now
    ]  # fmt: skip


def reserved(whole: WholeCard, names: Mapping[str, str], who_looks: Operator) -> list[Reserved]:
    """Return what is reserved of a card now, what ends first before others."""
    placed = {hold_of(entry): entry for entry in whole.entries if entry.kind == "held"}
    return [
        Reserved(
            hold, who_did(entry.actor_kind, entry.actor_id, who_looks, names), reason_of(entry)
        )
        for hold in whole.holds
        if (entry := placed.get(hold.id)) is not None
    ]  # fmt: skip


def others_in(entries: Iterable[Entry]) -> set[str]:
    """Return the UUIDs of the residents to or from whom credit was moved."""
    return {other for entry in entries if (other := read_credit_state(entry.state).other)}


def credit_moments(
    entries: Iterable[Entry], names: Mapping[str, str], who_looks: Operator
) -> list[Moment]:
    """Return what happened to a resident's store credit, in the order of the entries."""
    return [_credit_moment(entry, names, who_looks) for entry in entries]


def _credit_moment(entry: Entry, names: Mapping[str, str], who_looks: Operator) -> Moment:
    state = read_credit_state(entry.state)
    redeemed = entry.kind == "credit_redeemed"
    order = "" if redeemed or not state.reference else f"Order {state.reference}"
    return Moment(
        _credit_said(entry, names.get(state.other or "", "")),
        ". ".join(text for text in (entry.reason, order) if text),
        who_did(entry.actor_kind, entry.actor_id, who_looks, names),
        entry.created_at, entry.balance_after, entry.delta, state.reference if redeemed else "",
    )  # fmt: skip


def _credit_said(entry: Entry, other: str) -> str:
    amount = money(abs(entry.delta))
    if entry.kind == "credit_moved":
        return f"{amount} moved to {other}" if entry.delta < 0 else f"{amount} moved from {other}"
    return {
        "credit_deposited": f"{amount} deposited",
        "credit_redeemed": f"A card of {amount} became store credit",
        "credit_spent": f"{amount} spent",
        "credit_refunded": f"{amount} given back",
        "credit_expired": f"{amount} expired",
    }.get(entry.kind, _PLAIN.get(entry.kind, entry.kind))


def who_did(
    kind: ActorKind, actor_id: str, who_looks: Operator, names: Mapping[str, str] = NO_NAMES
) -> str:
    """Say who did something, to an operator; ``names`` are by ids."""
    if kind == "operator":
        return "you" if actor_id == who_looks.actor_id else actor_id
    return _NAMED.get(kind, "{}").format(names[actor_id]) if actor_id in names else WHO[kind]


_PLAIN: Final[Mapping[EntryKind, str]] = {
    "attested": "Terms written down",
    "credit_extended": "A part of it ends later",
}
