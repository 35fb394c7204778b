"""Gift cards that a transaction has locked: rules decide about them in memory, and all is saved.

Nobody else changes a locked card before the transaction's end. The instant that decides is taken
once the lock is held, and is never before the card's newest entry, whichever server's clock that
one has: for a card, time does not go back (decision 27).
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Final, Generic, TypeVar

from msgspec import Struct, field, structs

from gridgift.domain import labels, ledger
from gridgift.domain.batches import BatchedWrite
from gridgift.domain.failures import Failure, GiftCardNotFound
from gridgift.domain.ledger import EntryDraft, EntryNote, Tip
from gridgift.domain.model import NO_LABELS, Caller, CardChange, Entry, GiftCard, Hold, Labels
from gridgift.storage.database import Row, TransactionConflict, Tx

R = TypeVar("R")

_SAVED: Final = (  # a card's ids, and what a change may set beside its version
    "store_id", "id", "owner_uuid", "credit", "active", "redeemed", "transfer", "texture",
    "expires_at", "held_until", "updated_at",
)  # fmt: skip
_USERNAME: Final = GiftCard.__struct_fields__.index("owner_username")


class LockedCard(Struct):
    """A card in the middle of a transaction, with what was decided about it so far.

    ``now`` is the instant that counts for it, in milliseconds; ``hash`` is its newest entry's.
    ``holds`` are its open ones, and those that were asked for by their ids. What is in ``entries``,
    ``placed``, ``extended`` and ``closed`` is still to be written, and so is what captures took
    from each of its owners, ``spent`` (L$). ``labels`` are its own where an operation has read
    them; once ``labelled`` they are to be written too.
    """

    card: GiftCard
    hash: bytes
    now: int
    holds: list[Hold]
    expiry_noted: bool = False
    entries: list[Entry] = field(default_factory=list)
    placed: list[Hold] = field(default_factory=list)
    extended: dict[str, Hold] = field(default_factory=dict)
    closed: list[Hold] = field(default_factory=list)
    spent: Counter[str] = field(default_factory=Counter)
    labels: Labels = NO_LABELS
    labelled: bool = False

    def wait_until(self, now: int) -> None:
        """Let time pass, after another lock was waited for."""
        self.now = max(self.now, now)

    @property
    def open_holds(self) -> list[Hold]:
        """The holds that reserve part of the card's credit now."""
        return [hold for hold in self.holds if hold.state == "open" and hold.expires_at > self.now]

    @property
    def held(self) -> int:
        """How much of the credit is held now, in L$."""
        return sum(hold.amount for hold in self.open_holds)

    @property
    def available(self) -> int:
        """How much of the credit is not held now, in L$."""
        return self.card.credit - self.held

    def change(self, caller: Caller, note: EntryNote, **fields: Any) -> CardChange:
        """Set some of the card's fields, and write an entry about it."""
        tip = Tip(self.card.version, self.card.credit, self.hash)
        version = self.card.version + 1
        self.card = structs.replace(self.card, **fields, version=version, updated_at=self.now)
        entry = ledger.next_entry(caller, self.now, tip, EntryDraft.of_card(self.card, note))
        self.hash, self.card = entry.hash, ledger.with_head(self.card, entry.hash)
        self.entries.append(entry)
        return CardChange(self.card, self.held, entry)

    def unchanged(self) -> CardChange:
        """Return the outcome of a change that changes nothing: no entry is written."""
        return CardChange(self.card, self.held, None)

    def label(self, caller: Caller, labels: Labels, reason: str = "") -> CardChange:
        """Give the card other labels, and write an entry about it."""
        self.labels, self.labelled = labels, True
        return self.change(caller, EntryNote("labelled", reason, labels=labels))

    def place(self, hold: Hold) -> int:
        """Add an open hold; return when the last one ends, in milliseconds."""
        self.holds.append(hold)
        self.placed.append(hold)
        return max(hold.expires_at, self.card.held_until or 0)

    def extend(self, hold: Hold) -> int:
        """Let an open hold end later, as it says; return when the last one ends."""
        self._replace(hold)
        self.extended[hold.id] = hold
        return max(hold.expires_at, self.card.held_until or 0)

    def close(self, hold: Hold) -> int | None:
        """Close an open hold as its state says; return when the last open one ends."""
        self._replace(hold)
        self.closed.append(hold)
        self.spent[self.card.owner_uuid] += hold.captured
        return max((each.expires_at for each in self.open_holds), default=None)

    def _replace(self, hold: Hold) -> None:
        self.holds = [hold if each.id == hold.id else each for each in self.holds]


Rule = Callable[[LockedCard, Caller], R]


class CardRequest(Struct, Generic[R], frozen=True):
    """A change of a card that is asked for: by whom, and the rule that makes or refuses it.

    A rule raises a failure before it has changed anything. ``hold_id`` is the id of a hold that it
    looks at, be it open or not.
    """

    caller: Caller
    card_id: str
    rule: Rule[R]
    hold_id: str | None = None


async def change_each(
    tx: Tx, store_id: str, requests: Sequence[CardRequest[R]]
) -> list[R | Failure]:
    """Make each change of a card of the store, in order; each is refused for itself.

    Refused are also those of a card that the store does not have, with ``GiftCardNotFound``.
    """
    card_ids = {request.card_id for request in requests}
    cards = await lock_each(tx, store_id, card_ids)
    await _find_closed(tx, cards, requests)
    results = [decide(cards.get(request.card_id), request) for request in requests]
    await save_each(tx, cards.values())
    return results


CHANGE_EACH: Final[BatchedWrite[CardRequest[Any], Any]] = BatchedWrite(change_each)


async def change(tx: Tx, request: CardRequest[R]) -> R:
    """Make one change. Raises what its rule raises, and ``GiftCardNotFound``."""
    (result,) = await change_each(tx, request.caller.store_id, [request])
    if isinstance(result, Failure):
        raise result
    return result


def decide(card: LockedCard | None, request: CardRequest[Any]) -> Any:
    """Return what a rule makes of a card, or why it refuses it; None: there is no such card."""
    if card is None:
        return GiftCardNotFound(request.card_id)
    try:
        return request.rule(card, request.caller)
    except Failure as failure:
        return failure


async def lock(tx: Tx, store_id: str, card_id: str) -> LockedCard:
    """Lock one card. Raises ``GiftCardNotFound``."""
    cards = await lock_each(tx, store_id, [card_id])
    if card_id not in cards:
        raise GiftCardNotFound(card_id)
    return cards[card_id]


async def lock_each(tx: Tx, store_id: str, card_ids: Collection[str]) -> dict[str, LockedCard]:
    """Lock those cards that there are, in the order of their ids, so that none deadlock."""
    ids = sorted(card_ids)
    rows = await tx.all("cards_lock", store_id=store_id, ids=ids)
    if any(row[_USERNAME] is None or row[-1] is None for row in rows):  # changed while it waited
        rows = await tx.all("cards_lock", store_id=store_id, ids=ids)
    return await _from_rows(tx, store_id, rows)


async def look_each(tx: Tx, store_id: str, card_ids: Collection[str]) -> dict[str, LockedCard]:
    """Return those cards that there are as if they were locked: to try rules, and save nothing."""
    rows = await tx.all("cards_look", store_id=store_id, ids=sorted(card_ids))
    return await _from_rows(tx, store_id, rows)


async def _from_rows(tx: Tx, store_id: str, rows: Sequence[Row]) -> dict[str, LockedCard]:
    cards = [GiftCard.from_row(row[:-1]) for row in rows]
    hashes = {card.id: row[-1] for card, row in zip(cards, rows, strict=True)}
    assert None not in hashes.values(), "every card has an entry"
    now = tx.now()
    held = [card.id for card in cards if card.held_until is not None]
    holds = await open_holds_of(tx, store_id, held, now) if held else []
    return {
        card.id: LockedCard(
            ledger.with_head(card, hashes[card.id]),
            hashes[card.id],
            max(now, card.updated_at),
            [hold for hold in holds if hold.card_id == card.id],
        )
        for card in cards
    }


async def read_labels(tx: Tx, store_id: str, cards: Mapping[str, LockedCard]) -> None:
    """Read the labels of locked cards, for rules that look at them."""
    found = await labels.read_each(tx, store_id, cards)
    for card_id, card in cards.items():
        card.labels = found.get(card_id, NO_LABELS)


async def open_holds_of(tx: Tx, store_id: str, card_ids: Sequence[str], now: int) -> list[Hold]:
    """Return the cards' holds that are open at an instant."""
    rows = await tx.all("holds_open_of_cards", store_id=store_id, ids=card_ids, now=now)
    return [Hold.from_row(row) for row in rows]


async def _find_closed(
    tx: Tx, cards: Mapping[str, LockedCard], requests: Sequence[CardRequest[Any]]
) -> None:
    """Find the holds that are asked for and not open: a rule tells what became of them."""
    missing = [
        {"store_id": card.card.store_id, "card_id": card.card.id, "id": request.hold_id}
        for request in requests
        if request.hold_id is not None
        and (card := cards.get(request.card_id)) is not None
        and all(hold.id != request.hold_id for hold in card.holds)
    ]
    for row in await tx.each("hold_by_id", missing) if missing else ():
        hold = Hold.from_row(row)
        cards[hold.card_id].holds.append(hold)


async def save_each(tx: Tx, cards: Iterable[LockedCard]) -> None:
    """Write what was decided about locked cards of a store: the cards, and all that is theirs."""
    changed = [card for card in cards if card.entries]
    if not changed:
        return
    await _guarded(tx, "card_save", [_card_values(card) for card in changed])
    placed = [_hold_values(card, hold) for card in changed for hold in card.placed]
    if placed:
        await tx.many("hold_add", placed)
    extended = [_end_values(card, hold) for card in changed for hold in card.extended.values()]
    if extended:
        await _guarded(tx, "hold_extend", extended)
    closed = [_closed_values(card, hold) for card in changed for hold in card.closed]
    if closed:
        await _guarded(tx, "hold_close", closed)
        await _save_spent(tx, changed)
    labelled = {card.card.id: card.labels for card in changed if card.labelled}
    if labelled:
        await labels.replace_each(tx, changed[0].card.store_id, labelled)
    await ledger.append(tx, [entry for card in changed for entry in card.entries])


async def _save_spent(tx: Tx, cards: Sequence[LockedCard]) -> None:
    """Add what captures took to what the owners spent, in the order of their UUIDs."""
    spent = Counter[tuple[str, str]]()
    for each in cards:
        for owner_uuid, amount in each.spent.items():
            spent[each.card.store_id, owner_uuid] += amount
    rows = [(amount, *customer) for customer, amount in sorted(spent.items()) if amount]
    if rows:
        await tx.many("customer_spent", rows)


async def _guarded(tx: Tx, statement: str, values: Sequence[Mapping[str, Any]]) -> None:
    """Run a guarded statement for each of some rows, all of which must be as they were locked."""
    if len(await tx.each(statement, values)) != len(values):
        raise TransactionConflict


def _card_values(locked: LockedCard) -> dict[str, Any]:
    card = locked.card
    fields = {name: getattr(card, name) for name in _SAVED}
    versions = {"version": card.version, "version_before": card.version - len(locked.entries)}
    return fields | versions | {"expiry_noted": locked.expiry_noted, "hash": locked.hash}


def _hold_values(locked: LockedCard, hold: Hold) -> tuple[Any, ...]:
    """Return a new hold's columns in the order of ``hold_add``."""
    store_id = locked.card.store_id
    return store_id, hold.card_id, hold.id, hold.amount, hold.expires_at, hold.created_at


def _end_values(locked: LockedCard, hold: Hold) -> dict[str, Any]:
    return _ids(locked, hold) | {"expires_at": hold.expires_at, "now": locked.now}


def _closed_values(locked: LockedCard, hold: Hold) -> dict[str, Any]:
    part = hold.captured if 0 < hold.captured < hold.amount else None  # what is stored of a part
    return _ids(locked, hold) | {"state": hold.state, "captured": part, "now": locked.now}


def _ids(locked: LockedCard, hold: Hold) -> dict[str, Any]:
    return {"store_id": locked.card.store_id, "card_id": hold.card_id, "id": hold.id}
