"""What must be so of a card: its row and its holds are what its entries say."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Self

from msgspec import Struct, field, structs

from gridgift.domain import ledger
from gridgift.domain.instants import DAY
from gridgift.domain.labels import stored
from gridgift.domain.ledger import read_card_state
from gridgift.domain.model import NO_LABELS, CardState, Entry, GiftCard, Hold, Labels
from gridgift.domain.verify_chain import differences
from gridgift.storage.database import Row

LONGEST_HOLD: Final = 7 * DAY  # contract section 10


class CardRows(Struct, frozen=True):
    """What the tables have of a card (None: it is not there), beside its entries."""

    card: GiftCard | None
    expiry_noted: bool
    holds: Sequence[Hold]
    labels: Mapping[str, Any]
    head: bytes | None = None
    head_seq: int = 0

    @classmethod
    def of(cls, row: Row | None, holds: Sequence[Hold], labels: Mapping[str, Any]) -> Self:
        """Read the columns of ``cards_in_order``."""
        if row is None:
            return cls(None, False, holds, labels)
        *columns, noted, head, head_seq = row
        return cls(GiftCard.from_row(columns), bool(noted), holds, labels, head, head_seq)


class CardSaid(Struct):
    """What entries say of a card beside its state: followed from the first one to the last.

    ``holds`` has the columns of each hold that its entries state; ``ends`` when each open one ends,
    and ``decided`` when that was decided, also of those that are closed.
    """

    rows: dict[str, Hold]
    holds: dict[str, dict[str, Any]] = field(default_factory=dict)
    ends: dict[str, int] = field(default_factory=dict)
    decided: dict[str, int] = field(default_factory=dict)
    held_until: int | None = None
    expiry_noted: bool = False
    expires_at: int | None = None
    labels: Labels = NO_LABELS

    @classmethod
    def by(cls, chain: Sequence[Entry], holds: Sequence[Hold]) -> Self:
        """Follow a chain; ``holds`` are the stored ones. Raises msgspec's ``DecodeError``."""
        said = cls({hold.id: hold for hold in holds})
        for entry in chain:
            said._follow(entry)
        return said

    def _follow(self, entry: Entry) -> None:
        state = read_card_state(entry.state)
        if entry.kind in ledger.ABOUT_HOLDS:
            self._follow_hold(entry, state)
        if state.labels is not None:
            self.labels = state.labels
        if entry.kind == "expired":
            self.expiry_noted = True
        elif state.expires_at != self.expires_at:  # a date that has moved is noted anew
            self.expiry_noted = False
        self.expires_at = state.expires_at

    def _follow_hold(self, entry: Entry, state: CardState) -> None:
        hold_id = ledger.hold_of(entry)
        said = self.holds.setdefault(hold_id, {})
        if state.hold_amount is not None:
            said |= {"amount": state.hold_amount, "expires_at": state.hold_expires_at}
        if entry.kind == "held":
            said |= {"state": "open", "captured": 0, "created_at": entry.created_at}
        if entry.kind in {"held", "hold_extended"}:
            self.decided[hold_id] = entry.created_at
            self.ends[hold_id] = said.get("expires_at") or self._end_of_row(hold_id)
            self.held_until = max(self.ends[hold_id], self.held_until or 0)
        elif entry.kind in {"captured", "voided"}:
            said |= {"state": entry.kind, "captured": -entry.delta}
            if entry.kind == "captured":  # an old one took all, and says no more
                said.setdefault("amount", -entry.delta)
            self.ends.pop(hold_id, None)
            still_open = (end for end in self.ends.values() if end > entry.created_at)
            self.held_until = max(still_open, default=None)

    def _end_of_row(self, hold_id: str) -> int:
        """Return when a hold ends of which old entries do not say it."""
        return self.rows[hold_id].expires_at if hold_id in self.rows else 0


def card_faults(rows: CardRows, chain: Sequence[Entry], said: CardSaid, now: int) -> Iterator[str]:
    """Compare a card with its entries, and with what they say."""
    yield from _hold_faults(rows.holds, said)
    card = rows.card
    if card is None:
        yield "there are entries, holds or labels of a card that is not there"
        return
    yield from differences(
        "the card",
        structs.asdict(card) | {"expiry_noted": rows.expiry_noted} | dict(rows.labels),
        _columns(chain, said) if chain else {"version": 0},
    )
    if rows.head != _head(chain, rows.head_seq):
        yield f"the card's head is not the hash of entry {rows.head_seq}"
    now = max(now, card.updated_at)  # for a card, time does not go back
    held = sum(hold.amount for hold in rows.holds if hold.state == "open" and hold.expires_at > now)
    if held > card.credit:
        yield f"holds reserve L$ {held} of L$ {card.credit}"


def _head(chain: Sequence[Entry], seq: int) -> bytes | None:
    """Return the hash of the entry of which a card's row keeps it; 0: of none.

    It may be an earlier one than the newest: then a program changed the card that keeps none.
    """
    return chain[seq - 1].hash if 0 < seq <= len(chain) else None


def unstated_holds(holds: Sequence[Hold], said: CardSaid, now: int) -> list[str]:
    """Return the open holds of which no entry states what they reserve, and until when."""
    return [
        hold.id
        for hold in holds
        if hold.state == "open" and hold.expires_at > now
        if hold.id in said.holds and "expires_at" not in said.holds[hold.id]
    ]


def _columns(chain: Sequence[Entry], said: CardSaid) -> dict[str, Any]:
    """Return a card's columns as its entries have them."""
    last = chain[-1]
    state = structs.asdict(read_card_state(last.state))
    own = {name: state[name] for name in state if name in GiftCard.__struct_fields__}
    return own | {
        "credit": last.balance_after,
        "version": len(chain),
        "created_at": chain[0].created_at,
        "updated_at": last.created_at,
        "held_until": said.held_until,
        "expiry_noted": said.expiry_noted,
        **stored(said.labels),
    }


def _hold_faults(holds: Sequence[Hold], said: CardSaid) -> Iterator[str]:
    """Compare holds with their entries."""
    for hold in holds:
        if hold.id not in said.holds:
            yield f"hold {hold.id} is in no entry"
            continue
        of_entries = said.holds[hold.id]
        yield from differences(f"hold {hold.id}", structs.asdict(hold), of_entries)
        decided = said.decided.get(hold.id, hold.created_at)
        if not decided < hold.expires_at <= decided + LONGEST_HOLD:
            yield f"hold {hold.id} is for longer than a hold can be"
    for hold_id in said.holds.keys() - said.rows.keys():
        yield f"hold {hold_id} is in the ledger and nowhere else"
