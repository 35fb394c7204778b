"""What entries of a card say to the people of a store: what changed, from what to what."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final, get_args

from msgspec import Struct

from gridgift.dashboard.filters import date_time, last_day, money
from gridgift.domain.model import CardState, Entry, EntryKind, Labels
from gridgift.domain.texts import isolated


class Step(Struct, frozen=True):
    """An entry of a card, and the card before and after it; times are told in ``zone``.

    ``earlier`` are the labels before it. ``names`` are residents' by their UUIDs. Before the first
    entry there was no card: ``before`` is as after it.
    """

    entry: Entry
    before: CardState
    after: CardState
    earlier: Labels
    names: Mapping[str, str]
    zone: str
    first: bool

    @property
    def labels(self) -> Labels:
        """The labels after it: an entry that does not name them leaves them as they were."""
        return self.earlier if self.after.labels is None else self.after.labels

    @property
    def amount(self) -> str:
        """By how much the balance changed."""
        return money(abs(self.entry.delta))

    @property
    def from_to(self) -> str:
        """What the balance was, and what it is."""
        was = self.entry.balance_after - self.entry.delta
        return f"from {money(was)} to {money(self.entry.balance_after)}"

    @property
    def held(self) -> str:
        """How much the hold reserves that the entry is about; old entries don't say it."""
        return "a part" if self.after.hold_amount is None else money(self.after.hold_amount)

    @property
    def held_until(self) -> str:
        """Until when it does."""
        end = self.after.hold_expires_at
        return "" if end is None else f", until {date_time(end, self.zone)}"

    def called(self, uuid: str) -> str:
        """Return what a resident is called."""
        return self.names.get(uuid, uuid)


def told(step: Step) -> str:
    """Return the sentence; it begins with a capital, and has no full stop."""
    said = _SAID[step.entry.kind](step)
    return said[:1].upper() + said[1:]


def _adjusted(step: Step) -> str:
    return f"{step.amount} {'added' if step.entry.delta > 0 else 'taken'}, {step.from_to}"


def _reissued(step: Step) -> str:
    if step.first:
        return f"made in place of a lost card, with {step.amount}"
    return f"replaced, as it was lost: {step.amount} went to a new card"


def _transferred(step: Step) -> str:
    former = step.after.source or step.before.owner_uuid
    return f"passed on from {step.called(former)} to {step.called(step.after.owner_uuid)}"


def _captured(step: Step) -> str:
    whole = step.after.hold_amount
    if whole is None or whole == -step.entry.delta:
        return f"paid with the reserved {step.amount}"
    return f"paid with {step.amount} of the reserved {money(whole)}; the rest is free again"


def _updated(step: Step) -> str:
    return ", ".join(_updates(step)) or "changed"


def _updates(step: Step) -> Iterator[str]:
    before, after = step.before, step.after
    if step.entry.delta:
        yield f"credit {step.from_to}"
    if before.expires_at != after.expires_at:
        days = (_end(step, end) for end in (before.expires_at, after.expires_at))
        yield "last day from {} to {}".format(*days)
    if before.transfer != after.transfer:
        yield "may be passed on" if after.transfer else "may not be passed on any more"
    if before.texture != after.texture:
        yield "another picture" if after.texture else "no picture any more"
    if before.active != after.active:
        yield "switched on" if after.active else "switched off"


def _end(step: Step, end: int | None) -> str:
    return "none" if end is None else last_day(end, step.zone)


def _labelled(step: Step) -> str:
    return "; ".join(_labels(step.earlier, step.labels)) or "tags and details as before"


def _labels(before: Labels, after: Labels) -> Iterator[str]:
    for tag in after.tags:
        if tag not in before.tags:
            yield f"tag “{isolated(tag)}” given"
    for tag in before.tags:
        if tag not in after.tags:
            yield f"tag “{isolated(tag)}” taken away"
    if before.reference != after.reference:
        yield f"order {isolated(after.reference or '')} written down"
    for name in sorted(before.metadata.keys() | after.metadata.keys()):
        was, now = (isolated(labels.metadata.get(name, "")) for labels in (before, after))
        if was != now:
            yield f"{isolated(name)} from “{was}” to “{now}”"


_SAID: Final[Mapping[EntryKind, Callable[[Step], str]]] = {
    "granted": lambda step: f"given to {step.called(step.after.owner_uuid)} with {step.amount}",
    "imported": lambda step: (
        f"brought over for {step.called(step.after.owner_uuid)} with {step.amount}"
    ),
    "adjusted": _adjusted,
    "updated": _updated,
    "enabled": lambda step: "switched on",
    "disabled": lambda step: "switched off",
    "redeemed": lambda step: f"used up: {step.amount} became store credit",
    "transferred": _transferred,
    "reissued": _reissued,
    "expired": lambda step: f"its last day was over, with {money(step.entry.balance_after)} on it",
    "held": lambda step: f"{step.held} reserved for a purchase{step.held_until}",
    "hold_extended": lambda step: f"{step.held} reserved for longer{step.held_until}",
    "captured": _captured,
    "voided": lambda step: f"{step.held} not reserved any more",
    "attested": lambda step: "terms written down",
    "noted": lambda step: "note",
    "labelled": _labelled,
}
assert {kind for kind in get_args(EntryKind) if not kind.startswith("credit_")} == set(_SAID)
