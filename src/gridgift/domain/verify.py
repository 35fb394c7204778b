"""Verification: re-sum and re-hash everything, from the entries alone (contract section 10).

Runs over one snapshot, page by page, and blocks nobody. It reports faults and corrects none.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from gridgift.domain import ledger
from gridgift.domain.ids import LAST_UUID, NIL_UUID
from gridgift.domain.ledger import NO_HASH, entry_hash, read_card_state, read_credit_state
from gridgift.domain.model import (
    AccountKind,
    CardState,
    CreditState,
    Entry,
    GiftCard,
    Hold,
    Lot,
)
from gridgift.storage.database import Row, Tx

PAGE: Final = 500  # accounts verified at once

Report = Callable[["Fault"], None]
Advance = Callable[[int], None]  # is called with the number of accounts just verified


class Fault(Struct, frozen=True):
    """Something that does not add up in an account of a store; ``what`` is one sentence."""

    store_id: str
    account_kind: AccountKind
    account_id: str
    what: str


class Counts(Struct, frozen=True):
    """How many accounts there are to verify."""

    cards: int
    customers: int


class CreditMoved(Struct):
    """What redemptions moved, by card (L$): what left the card, and what entered store credit.

    ``captured`` is what captures took from the cards of each owner (L$), whoever owns them now.
    ``reissued`` is the sum of what reissues changed (L$): 0, for each moves a card's whole credit.
    """

    left: Counter[str] = msgspec.field(default_factory=Counter)
    entered: Counter[str] = msgspec.field(default_factory=Counter)
    captured: Counter[str] = msgspec.field(default_factory=Counter)
    reissued: int = 0

    def faults(self, store_id: str) -> Iterator[Fault]:
        """Compare both sides of a store."""
        for card_id in sorted(self.left.keys() | self.entered.keys()):
            left, entered = self.left[card_id], self.entered[card_id]
            if left != entered:
                what = f"L$ {left} left the card by redemption, L$ {entered} entered store credit"
                yield Fault(store_id, "card", card_id, what)
        if self.reissued:
            what = f"reissued cards gained L$ {self.reissued} in sum"
            yield Fault(store_id, "card", NIL_UUID, what)


async def count(tx: Tx) -> Counts:
    """Count the accounts of all stores."""
    cards, customers = await tx.one("cards_count"), await tx.one("customers_count")
    assert cards is not None
    assert customers is not None
    return Counts(cards[0], customers[0])


async def verify(tx: Tx, report: Report, advance: Advance) -> int:
    """Verify every account of every store; report each fault, and return how many there are.

    Holds are open or over by ``tx.now()``, or by the card's newest entry if that is later.
    """
    found, now = 0, tx.now()

    def count_and_report(fault: Fault) -> None:
        nonlocal found
        found += 1
        report(fault)

    for store in await tx.all("stores_all"):
        store_id, moved = store[0], CreditMoved()
        await _verify_cards(tx, store_id, now, moved, count_and_report, advance)
        await _verify_credit(tx, store_id, moved, count_and_report, advance)
        for fault in moved.faults(store_id):
            count_and_report(fault)
    return found


async def _verify_cards(
    tx: Tx,
    store_id: str,
    now: int,
    moved: CreditMoved,
    report: Report,
    advance: Advance,
) -> None:
    after, more = NIL_UUID, True
    while more:
        rows = await tx.all("cards_in_order", store_id=store_id, after=after, rows=PAGE)
        cards = {card.id: card for card in map(GiftCard.from_row, rows)}
        more = len(rows) == PAGE
        until = rows[-1][1] if more else LAST_UUID
        span = {"store_id": store_id, "after": after, "until": until}
        chains = await _chains(tx, "card", span)
        holds: dict[str, list[Hold]] = defaultdict(list)
        for row in await tx.all("holds_in_range", **span):
            hold = Hold.from_row(row)
            holds[hold.card_id].append(hold)
        for card_id in sorted(cards.keys() | chains.keys()):
            chain = chains.get(card_id, [])
            for what in _card_faults(cards.get(card_id), chain, holds[card_id], now):
                report(Fault(store_id, "card", card_id, what))
            _note_moved(moved, chain)
        advance(len(rows))
        after = until


async def _verify_credit(
    tx: Tx, store_id: str, moved: CreditMoved, report: Report, advance: Advance
) -> None:
    after, more = NIL_UUID, True
    while more:
        rows = await tx.all("customers_in_order", store_id=store_id, after=after, rows=PAGE)
        more = len(rows) == PAGE
        until = rows[-1][0] if more else LAST_UUID
        span = {"store_id": store_id, "after": after, "until": until}
        customers: dict[str, Row] = {row[0]: row for row in rows}
        chains = await _chains(tx, "credit", span)
        lots = _by_first(await tx.all("lots_in_range", **span))
        spends = _by_first(await tx.all("spends_in_range", **span))
        for uuid in sorted(customers.keys() | chains.keys() | lots.keys() | spends.keys()):
            chain = chains.get(uuid, [])
            own_lots = [Lot.from_row(row[1:]) for row in lots[uuid]]
            customer = customers.get(uuid)
            version = None if customer is None else customer[1]
            for what in _credit_faults(version, chain, own_lots, spends[uuid]):
                report(Fault(store_id, "credit", uuid, what))
            for what in _spent_faults(customer, chain, moved.captured[uuid]):
                report(Fault(store_id, "credit", uuid, what))
            for entry in chain:
                if entry.kind == "credit_redeemed":
                    moved.entered[_details(entry).reference] += entry.delta
        advance(len(rows))
        after = until


async def _chains(
    tx: Tx, account_kind: AccountKind, span: dict[str, str]
) -> dict[str, list[Entry]]:
    chains: dict[str, list[Entry]] = defaultdict(list)
    for row in await tx.all("entries_in_range", account_kind=account_kind, **span):
        entry = Entry(*row)
        chains[entry.account_id].append(entry)
    return chains


def chain_faults(chain: Sequence[Entry]) -> Iterator[str]:
    """Check numbers, sums and hashes of an account's entries."""
    hash_before, balance = NO_HASH, 0
    for number, entry in enumerate(chain, 1):
        if entry.seq != number:
            yield f"entry {number} is missing: the next one is number {entry.seq}"
            return
        if entry.previous_hash != hash_before:
            yield f"entry {number} does not follow from the entry before it"
        if entry_hash(entry) != entry.hash:
            yield f"entry {number} was changed: its hash does not fit"
        if balance + entry.delta != entry.balance_after:
            yield (
                f"entry {number} has L$ {entry.balance_after} after {entry.delta:+}, "
                f"there was L$ {balance} before"
            )
        hash_before, balance = entry.hash, entry.balance_after


def _card_faults(
    card: GiftCard | None, chain: Sequence[Entry], holds: Sequence[Hold], now: int
) -> Iterator[str]:
    yield from chain_faults(chain)
    yield from _hold_faults(chain, holds)
    if card is None:
        yield "there are entries of a card that is not there"
        return
    if len(chain) != card.version:
        yield f"the card counts {card.version} entries, the ledger has {len(chain)}"
    if not chain:
        return
    last = chain[-1]
    if card.credit != last.balance_after:
        yield f"the card has L$ {card.credit}, the ledger says L$ {last.balance_after}"
    now = max(now, last.created_at)  # for a card, time does not go back
    held = sum(hold.amount for hold in holds if hold.state == "open" and hold.expires_at > now)
    if held > card.credit:
        yield f"holds reserve L$ {held} of L$ {card.credit}"
    try:
        state = read_card_state(last.state)
    except msgspec.DecodeError:
        yield f"the state in entry {last.seq} can't be read"
        return
    if state.of_card != CardState.of(card):
        yield "the card's fields are not those of its last entry"


def _hold_faults(chain: Sequence[Entry], holds: Sequence[Hold]) -> Iterator[str]:
    """Compare holds with their entries."""
    states: dict[str, str] = {}
    taken = Counter[str]()
    for entry in chain:
        if entry.kind in {"held", "captured", "voided"}:
            hold_id = ledger.hold_of(entry)
            states[hold_id] = "open" if entry.kind == "held" else entry.kind
            taken[hold_id] -= entry.delta
    for hold in holds:
        if states.pop(hold.id, "missing") != hold.state:
            yield f"hold {hold.id} is {hold.state}, its entries say otherwise"
        if taken[hold.id] != hold.captured:
            yield f"hold {hold.id} took L$ {hold.captured}, its entries took L$ {taken[hold.id]}"
    for hold_id in states:
        yield f"hold {hold_id} is in the ledger and nowhere else"


def _credit_faults(
    version: int | None, chain: Sequence[Entry], lots: Sequence[Lot], spends: Sequence[Row]
) -> Iterator[str]:
    yield from chain_faults(chain)
    if version is None:
        yield "there is credit of a customer who is not there"
        return
    if len(chain) != version:
        yield f"the account counts {version} entries, the ledger has {len(chain)}"
    balance = chain[-1].balance_after if chain else 0
    remaining = sum(lot.remaining for lot in lots)
    if remaining != balance:
        yield f"the lots hold L$ {remaining}, the ledger says L$ {balance}"
    yield from _lot_faults(chain, lots)
    yield from _spend_faults(chain, spends)


def _lot_faults(chain: Sequence[Entry], lots: Sequence[Lot]) -> Iterator[str]:
    moved, begun = Counter[str](), Counter[str]()
    for entry in chain:
        state = _details(entry)
        if sum(delta for _, delta in state.lots) != entry.delta:
            yield f"the lots of entry {entry.seq} do not add up to its delta"
        for lot_id, delta in state.lots:
            moved[lot_id] += delta
            if entry.kind in {"credit_deposited", "credit_redeemed"} or lot_id in state.terms:
                begun[lot_id] += delta
    for lot in lots:
        if lot.remaining != moved[lot.id]:
            yield f"lot {lot.id} has L$ {lot.remaining}, its entries say L$ {moved[lot.id]}"
        if lot.amount != begun[lot.id]:
            yield f"lot {lot.id} began with L$ {lot.amount}, its entry says L$ {begun[lot.id]}"
    for lot_id in moved.keys() - {lot.id for lot in lots}:
        yield f"lot {lot_id} is in the ledger and nowhere else"


def _spend_faults(chain: Sequence[Entry], spends: Sequence[Row]) -> Iterator[str]:
    spent, refunded = Counter[str](), Counter[str]()
    for entry in chain:
        if entry.kind == "credit_spent":
            spent[_details(entry).spend or ""] -= entry.delta
        elif entry.kind == "credit_refunded":
            refunded[_details(entry).spend or ""] += entry.delta
    for _, spend_id, amount, given_back, taken, restored in spends:
        if not amount == taken == spent[spend_id]:
            yield f"spend {spend_id} is of L$ {amount}, its entry says L$ {spent[spend_id]}"
        if not given_back == restored == refunded[spend_id]:
            yield (
                f"spend {spend_id} has L$ {given_back} refunded, "
                f"its entries say L$ {refunded[spend_id]}"
            )
    for spend_id in spent.keys() - {row[1] for row in spends}:
        yield f"spend {spend_id} is in the ledger and nowhere else"


def _spent_faults(customer: Row | None, chain: Sequence[Entry], captured: int) -> Iterator[str]:
    """Compare what a customer is said to have spent with what spends and captures took."""
    if customer is not None:
        spent = captured - sum(entry.delta for entry in chain if entry.kind == "credit_spent")
        if customer[2] != spent:
            yield f"the customer is said to have spent L$ {customer[2]}, the ledger says L$ {spent}"


def _note_moved(moved: CreditMoved, chain: Sequence[Entry]) -> None:
    for entry in chain:
        if entry.kind == "redeemed" and entry.delta:
            moved.left[entry.account_id] -= entry.delta
        elif entry.kind == "reissued":
            moved.reissued += entry.delta
        elif entry.kind == "captured":
            moved.captured[_owner(entry)] -= entry.delta


def _details(entry: Entry) -> CreditState:
    """Read the state of an entry of store credit; one that can't be read has no lots."""
    try:
        return read_credit_state(entry.state)
    except msgspec.DecodeError:
        return CreditState([], "")


def _owner(entry: Entry) -> str:
    """Read who owned a card at an entry; a state that can't be read names nobody."""
    try:
        return read_card_state(entry.state).owner_uuid
    except msgspec.DecodeError:
        return ""


def _by_first(rows: Sequence[Row]) -> dict[str, list[Row]]:
    grouped: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        grouped[row[0]].append(row)
    return grouped
