"""A card's life in sentences, for the people of a store."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Final

from msgspec import Struct

from gridgift.dashboard.filters import money
from gridgift.domain.ledger import read_card_state, read_credit_state
from gridgift.domain.model import ActorKind, CardState, Entry, EntryKind
from gridgift.http.edge.session import Operator

WHO: Final = {
    "key": "a program",
    "resident": "its owner",
    "unit": "a unit in-world",
    "system": "Gridgift",
}


class Moment(Struct, frozen=True):
    """What happened, by whom and when (milliseconds), and the balance since then (L$).

    ``card`` is the id of the card that became credit.
    """

    said: str
    note: str
    who: str
    at: int
    balance: int
    delta: int
    card: str = ""


def names_in(entries: Iterable[Entry]) -> set[str]:
    """Return the UUIDs of the residents whom a card's entries are about."""
    return {read_card_state(entry.state).owner_uuid for entry in entries}


def moments(
    entries: Sequence[Entry], names: Mapping[str, str], who_looks: Operator
) -> list[Moment]:
    """Return a card's life, the newest first."""
    states = [None, *(read_card_state(entry.state) for entry in entries)]
    life = [
        Moment(
            _said(entry, before, after, names), _note(entry, after),
            who_did(entry.actor_kind, entry.actor_id, who_looks),
            entry.created_at, entry.balance_after, entry.delta,
        )
        for entry, (before, after) in zip(entries, pairwise(states), strict=True)
        if after is not None
    ]  # fmt: skip
    return life[::-1]


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
        who_did(entry.actor_kind, entry.actor_id, who_looks),
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


def _said(
    entry: Entry, before: CardState | None, after: CardState, names: Mapping[str, str]
) -> str:
    owner = names.get(after.owner_uuid, after.owner_uuid)
    held = "" if after.hold_amount is None else f" {money(after.hold_amount)}"
    amount = money(abs(entry.delta))
    if entry.kind == "adjusted":
        return f"{amount} added" if entry.delta > 0 else f"{amount} taken"
    if entry.kind == "reissued":
        return "Made in place of a lost card" if before is None else "Replaced, as it was lost"
    if entry.kind == "updated" and before is not None:
        return _changes(entry, before, after)
    return {
        "granted": f"Given to {owner} with {amount}",
        "imported": f"Brought over for {owner} with {amount}",
        "redeemed": f"Used up: {amount} became store credit",
        "transferred": f"Passed on to {owner}",
        "held": f"Reserved for a purchase:{held}",
        "hold_extended": f"Reserved for longer:{held}",
        "captured": f"Paid with: {amount}",
        "voided": f"Free again:{held}",
    }.get(entry.kind, _PLAIN.get(entry.kind, entry.kind))


def _changes(entry: Entry, before: CardState, after: CardState) -> str:
    """Say what an update changed."""
    parts = []
    if entry.delta:
        parts.append(f"from {money(entry.balance_after - entry.delta)} to "
                     f"{money(entry.balance_after)}")  # fmt: skip
    if before.expires_at != after.expires_at:
        parts.append("another date" if after.expires_at else "no date any more")
    if before.transfer != after.transfer:
        parts.append("may be passed on" if after.transfer else "may not be passed on any more")
    if before.texture != after.texture:
        parts.append("another picture")
    if before.active != after.active:
        parts.append("switched on" if after.active else "switched off")
    return f"Changed: {', '.join(parts)}" if parts else "Changed"


def _note(entry: Entry, after: CardState) -> str:
    """Return what somebody wrote; old entries of holds have the hold's id there."""
    return "" if entry.reason == after.hold else entry.reason


def who_did(kind: ActorKind, actor_id: str, who_looks: Operator) -> str:
    """Say who did something, to an operator."""
    if kind == "operator":
        return "you" if actor_id == who_looks.actor_id else actor_id
    return WHO[kind]


_PLAIN: Final[Mapping[EntryKind, str]] = {
    "enabled": "Switched on",
    "disabled": "Switched off",
    "expired": "Its date was over",
    "labelled": "Tags or details changed",
    "noted": "Note",
    "attested": "Terms written down",
    "credit_extended": "A part of it ends later",
}
