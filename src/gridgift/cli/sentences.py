"""What the entries of a card's ledger say, as sentences."""

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import structs

from gridgift.domain import ledger
from gridgift.domain.model import NO_LABELS, CardState, Entry, EntryKind, Labels
from gridgift.fields import written

_SAID: Final[dict[EntryKind, str]] = {
    "granted": "Granted to {owner} with L$ {balance}",
    "imported": "Granted to {owner} with L$ {balance}",
    "updated": "Changed: {changes}",
    "adjusted": "{delta:+} L$, now L$ {balance}",
    "enabled": "Enabled",
    "disabled": "Disabled",
    "redeemed": "Redeemed: L$ {taken} became store credit",
    "transferred": "Passed on from {source} to {owner}",
    "reissued": "Void: its L$ {taken} went to the card {source}",
    "expired": "Expired with L$ {balance}",
    "held": "L$ {amount} held until {until}: hold {hold}",
    "hold_extended": "L$ {amount} held until {until}: hold {hold}",
    "captured": "L$ {taken} taken: hold {hold}",
    "voided": "Freed: hold {hold}",
    "attested": "L$ {amount} held until {until}: hold {hold}",
    "noted": "Noted",
    "labelled": "Labelled: {labels}",
}
_MADE_ANEW: Final = "Made with L$ {balance} in place of the card {source}"
_HELD_BEFORE_AMOUNTS: Final = "A part held: hold {hold}"  # old entries say no more

_CHANGEABLE: Final = {  # what an update may set, and how people are told
    "active": "active",
    "transfer": "may be passed on",
    "texture": "texture",
    "expires_at": "expires",
}


def history_of(entries: Sequence[Entry]) -> Iterator[tuple[str | None, str]]:
    """Yield when each entry of a card was written and what it says; they are all, oldest first."""
    before: CardState | None = None
    for entry in entries:
        after = ledger.read_card_state(entry.state)
        reason = ledger.reason_of(entry)
        said = _happened(entry, before, after)
        by = f"{entry.actor_kind} {entry.actor_id}"
        yield written(entry.created_at), f"{said} (by {by}){f': {reason}' if reason else ''}"
        before = after


def labels_told(labels: Labels) -> str:
    """Return a card's reference, tags and metadata in one line."""
    said = [f"reference {labels.reference}"] if labels.reference is not None else []
    said += [f"tags {', '.join(labels.tags)}"] if labels.tags else []
    said += [f"{name} = {value}" for name, value in labels.metadata.items()]
    return "; ".join(said) or "nothing"


def _happened(entry: Entry, before: CardState | None, after: CardState) -> str:
    template = _SAID[entry.kind]
    if entry.kind == "reissued" and before is None:
        template = _MADE_ANEW
    if entry.kind == "held" and after.hold_amount is None:
        template = _HELD_BEFORE_AMOUNTS
    return template.format(
        owner=after.owner_uuid,
        source=after.source,
        balance=entry.balance_after,
        delta=entry.delta,
        taken=-entry.delta,
        hold=ledger.hold_of(entry),
        amount=after.hold_amount,
        until=written(after.hold_expires_at),
        labels=labels_told(after.labels or NO_LABELS),
        changes=", ".join(_changes(entry, before, after)),
    )


def _changes(entry: Entry, before: CardState | None, after: CardState) -> Iterator[str]:
    if entry.delta:
        yield f"L$ {entry.balance_after}"
    old = {} if before is None else structs.asdict(before)
    for name, told in _CHANGEABLE.items():
        value = getattr(after, name)
        if value != old.get(name):
            yield f"{told}: {_told(name, value)}"


def _told(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name == "expires_at":
        return written(value) if isinstance(value, int) else "never"  # type: ignore[return-value]
    return "none" if value is None else str(value)
