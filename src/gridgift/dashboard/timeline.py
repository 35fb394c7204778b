"""A card's life in sentences, for the people of a store."""

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Final

from msgspec import Struct

from gridgift.dashboard.filters import money
from gridgift.dashboard.sentences import Step, told
from gridgift.domain.card_life import Life
from gridgift.domain.ledger import read_card_state, read_credit_state, reason_of
from gridgift.domain.model import (
    ActorKind,
    Entry,
    EntryKind,
    Hold,
)
from gridgift.domain.texts import isolated
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
    """

    said: str
    note: str
    who: str
    at: int
    balance: int
    delta: int
    card: str = ""


class Reserved(Struct, frozen=True):
    """A part of a card that is reserved: the hold, who placed it, and what was said of it."""

    hold: Hold
    who: str
    note: str


def names_in(entries: Iterable[Entry]) -> set[str]:
    """Return the UUIDs of the residents whom a card's entries are about."""
    return {read_card_state(entry.state).owner_uuid for entry in entries}


def moments(life: Life, names: Mapping[str, str], who_looks: Operator) -> list[Moment]:
    """Return a card's life, the newest first; ``names`` are by ids."""
    before = None if life.before is None else read_card_state(life.before.state)
    states = [before, *(read_card_state(entry.state) for entry in life.entries)]
    labels, told_of = life.labels, []
    for entry, (earlier, after) in zip(life.entries, pairwise(states), strict=True):
        assert after is not None, "only what was before the first one is None"
        step = Step(entry, earlier or after, after, labels, names, who_looks.zone, earlier is None)
        labels = step.labels
        told_of.append(
            Moment(
                told(step), reason_of(entry),
                who_did(entry.actor_kind, entry.actor_id, who_looks, names),
                entry.created_at, entry.balance_after, entry.delta,
                after.source or "" if entry.kind == "reissued" else "",
            )
        )  # fmt: skip
    told_of += [_lapse(hold, life) for hold in life.lapsed]
    return sorted(told_of, key=lambda moment: moment.at)[::-1]


def _lapse(hold: Hold, life: Life) -> Moment:
    """Tell of the end of a hold that nobody took or released: no entry does."""
    said = f"{money(hold.amount)} not reserved any more, as the time was over"
    had = [entry.balance_after for entry in life.entries if entry.created_at <= hold.expires_at]
    return Moment(said, "", WHO["system"], hold.expires_at, had[-1], 0)


def reserved(
    holds: Iterable[Hold],
    placed: Mapping[str, Entry],
    names: Mapping[str, str],
    who_looks: Operator,
) -> list[Reserved]:
    """Return what holds reserve of a card; ``placed`` are the entries that placed them."""
    return [
        Reserved(
            hold, who_did(entry.actor_kind, entry.actor_id, who_looks, names), reason_of(entry)
        )
        for hold in holds
        if (entry := placed.get(hold.id)) is not None
    ]


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
    order = "" if redeemed or not state.reference else f"Order {isolated(state.reference)}"
    return Moment(
        _credit_said(entry, names.get(state.other or "", "")),
        ". ".join(isolated(text) for text in (entry.reason, order) if text),
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
    if actor_id not in names:
        return WHO[kind]
    return _NAMED.get(kind, "{}").format(isolated(names[actor_id]))


_PLAIN: Final[Mapping[EntryKind, str]] = {
    "attested": "Terms written down",
    "credit_extended": "A part of it ends later",
}
