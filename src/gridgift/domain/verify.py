"""Verification: re-sum and re-hash everything, from the entries alone (contract section 10).

Runs over one snapshot, page by page, and blocks nobody. It reports faults and corrects none. What
must be so of one account is in ``verify_card`` and ``verify_credit``.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from gridgift.domain import events, labels
from gridgift.domain.ids import LAST_UUID, NIL_UUID
from gridgift.domain.ledger import read_card_state, read_credit_state
from gridgift.domain.model import AccountKind, Caller, CreditState, Entry, Hold, LotTerms
from gridgift.domain.verify_card import CardRows, CardSaid, card_faults, unstated_holds
from gridgift.domain.verify_chain import chain_faults
from gridgift.domain.verify_credit import CreditRows, CreditSaid, credit_faults, unstated_lots
from gridgift.storage.database import Row, Tx

PAGE: Final = 500  # accounts verified at once


class Fault(Struct, frozen=True):
    """Something that does not add up in an account of a store; ``what`` is one sentence."""

    store_id: str
    account_kind: AccountKind
    account_id: str
    what: str


class Unstated(Struct, frozen=True):
    """Lots or holds of an account (``ids``) of which no entry states all that decides.

    Earlier versions wrote no more; ``attest`` makes up for it.
    """

    store_id: str
    account_kind: AccountKind
    account_id: str
    ids: tuple[str, ...]


class Added(Struct):
    """What was added up in a store: accounts, what their entries have left (L$), and faults."""

    store_id: str
    cards: int = 0
    card_credit: int = 0
    customers: int = 0
    store_credit: int = 0
    faults: int = 0


Report = Callable[[Fault], None]
Advance = Callable[[int], None]  # is called with the number of accounts just verified
Miss = Callable[[Unstated], None]
Total = Callable[
    [Added], None
]  # is called for each store that is there, once all of it is verified


class Counts(Struct, frozen=True):
    """How many accounts there are to verify."""

    cards: int
    customers: int


Sides = tuple[str, str, str, LotTerms | None]


class CreditMoved(Struct):
    """What redemptions moved, by card (L$): what left the card, and what entered store credit.

    ``captured`` is what captures took from the cards of each owner (L$), whoever owns them now.
    ``ends`` has when each redeemed card would have expired (milliseconds; None: never).
    ``between`` is what moves between accounts left over (L$), by the move's id, its giver, its
    receiver and the lots' terms: 0, for what leaves one account enters the other.
    ``reissued`` is the sum of what reissues changed (L$): 0, for each moves a card's whole credit.
    """

    left: Counter[str] = msgspec.field(default_factory=Counter)
    entered: Counter[str] = msgspec.field(default_factory=Counter)
    captured: Counter[str] = msgspec.field(default_factory=Counter)
    ends: dict[str, int | None] = msgspec.field(default_factory=dict)
    between: Counter[Sides] = msgspec.field(default_factory=Counter)
    reissued: int = 0

    def note_card(self, chain: Sequence[Entry]) -> None:
        """Note what a card's entries say of it."""
        for entry in chain:
            if entry.kind == "redeemed" and entry.delta:
                self.left[entry.account_id] -= entry.delta
                self.ends[entry.account_id] = read_card_state(entry.state).expires_at
            elif entry.kind == "reissued":
                self.reissued += entry.delta
            elif entry.kind == "captured":
                self.captured[read_card_state(entry.state).owner_uuid] -= entry.delta

    def note_credit(self, chain: Sequence[Entry]) -> None:
        """Note what an account's entries say of redeemed cards."""
        for entry in chain:
            if entry.kind == "credit_redeemed":
                self.entered[read_credit_state(entry.state).reference] += entry.delta
            elif entry.kind == "credit_moved":
                self._note_move(entry, read_credit_state(entry.state))

    def _note_move(self, entry: Entry, state: CreditState) -> None:
        """Note one side of a move: both together leave nothing over."""
        sides = [entry.account_id, state.other or ""]
        giver, receiver = sides if entry.delta < 0 else sides[::-1]
        for lot_id, delta in state.lots:
            key = (state.move or "", giver, receiver, state.terms.get(lot_id))
            self.between[key] += delta
            if not self.between[key]:  # both sides are seen
                del self.between[key]

    def faults(self, store_id: str) -> Iterator[Fault]:
        """Compare both sides of a store."""
        for card_id in sorted(self.left.keys() | self.entered.keys()):
            left, entered = self.left[card_id], self.entered[card_id]
            if left != entered:
                what = f"L$ {left} left the card by redemption, L$ {entered} entered store credit"
                yield Fault(store_id, "card", card_id, what)
        for (move_id, giver, receiver, _), over in sorted(self.between.items(), key=repr):
            what = f"the move {move_id} to {receiver} does not add up: L$ {over:+} are left over"
            yield Fault(store_id, "credit", giver, what)
        if self.reissued:
            what = f"reissued cards gained L$ {self.reissued} in sum"
            yield Fault(store_id, "card", NIL_UUID, what)


class _Walk(Struct):
    """One verification of one store: where its findings go, and what redemptions moved so far."""

    tx: Tx
    store_id: str
    now: int
    report: Report
    advance: Advance
    miss: Miss
    added: Added
    moved: CreditMoved = msgspec.field(default_factory=CreditMoved)

    def tell(self, fault: Fault) -> None:
        """Report a fault, and count it."""
        self.added.faults += 1
        self.report(fault)

    def found(self, kind: AccountKind, account_id: str, faults: Iterator[str]) -> None:
        """Report an account's faults."""
        for what in faults:
            self.tell(Fault(self.store_id, kind, account_id, what))

    def missed(self, kind: AccountKind, account_id: str, ids: Sequence[str]) -> None:
        """Report what no entry of an account states."""
        if ids:
            self.miss(Unstated(self.store_id, kind, account_id, tuple(ids)))


async def count(tx: Tx) -> Counts:
    """Count the accounts of all stores."""
    cards, customers = await tx.one("cards_count"), await tx.one("customers_count")
    assert cards is not None
    assert customers is not None
    return Counts(cards[0], customers[0])


async def note_failed(tx: Tx, caller: Caller, faults: int) -> None:
    """Tell by an event that so many faults were found in a store."""
    await events.note(
        tx, caller, events.VERIFY_FAILED, "store", caller.store_id, None, {"faults": faults}
    )


async def verify(
    tx: Tx,
    report: Report,
    advance: Advance,
    miss: Miss = lambda unstated: None,
    total: Total = lambda added: None,
) -> int:
    """Verify every account of every store; report each fault, and return how many there are.

    Holds are open or over by ``tx.now()``, or by the card's newest entry if that is later. What
    earlier versions left out is no fault: ``miss`` is told of it, and ``total`` of each store.
    """
    found, now = 0, tx.now()
    for store_id, is_there in await tx.all("stores_verified"):
        walk = _Walk(tx, store_id, now, report, advance, miss, Added(store_id))
        if not is_there:
            what = "there are entries of a store that is not there"
            walk.tell(Fault(store_id, "card", NIL_UUID, what))
        await _verify_cards(walk)
        await _verify_credit(walk)
        await _verify_imports(walk)
        for fault in walk.moved.faults(store_id):
            walk.tell(fault)
        found += walk.added.faults
        if is_there:
            total(walk.added)
    return found


async def _verify_cards(walk: _Walk) -> None:
    after, more = NIL_UUID, True
    while more:
        rows = await walk.tx.all("cards_in_order", store_id=walk.store_id, after=after, rows=PAGE)
        more = len(rows) == PAGE
        until = rows[-1][1] if more else LAST_UUID
        span = {"store_id": walk.store_id, "after": after, "until": until}
        chains = await _chains(walk.tx, "card", span)
        holds: dict[str, list[Hold]] = defaultdict(list)
        for row in await walk.tx.all("holds_in_range", **span):
            hold = Hold.from_row(row)
            holds[hold.card_id].append(hold)
        said = labels.columns(
            await walk.tx.all("labels_in_range", **span), await walk.tx.all("tags_in_range", **span)
        )
        cards = {row[1]: row for row in rows}
        for card_id in sorted(cards.keys() | chains.keys() | holds.keys() | said.keys()):
            card = CardRows.of(cards.get(card_id), holds[card_id], said[card_id])
            _verify_card(walk, card_id, card, chains[card_id])
        walk.added.cards += len(rows)
        walk.advance(len(rows))
        after = until
    for (card_id,) in await walk.tx.all("cards_of_nobody", store_id=walk.store_id):
        walk.found("card", card_id, iter(["the card's owner is no customer"]))


def _verify_card(walk: _Walk, card_id: str, rows: CardRows, chain: Sequence[Entry]) -> None:
    walk.added.card_credit += _left(chain)
    walk.found("card", card_id, chain_faults(chain))
    try:
        said = CardSaid.by(chain, rows.holds)
    except msgspec.DecodeError:
        walk.found("card", card_id, iter(["an entry's state can't be read"]))
        return
    walk.found("card", card_id, card_faults(rows, chain, said, walk.now))
    walk.missed("card", card_id, unstated_holds(rows.holds, said, walk.now))
    walk.moved.note_card(chain)


async def _verify_credit(walk: _Walk) -> None:
    after, more = NIL_UUID, True
    while more:
        rows = await walk.tx.all(
            "customers_in_order", store_id=walk.store_id, after=after, rows=PAGE
        )
        more = len(rows) == PAGE
        until = rows[-1][0] if more else LAST_UUID
        span = {"store_id": walk.store_id, "after": after, "until": until}
        customers = {row[0]: row for row in rows}
        chains = await _chains(walk.tx, "credit", span)
        lots, spends, parts = [
            _by_first(await walk.tx.all(query, **span))
            for query in ("lots_in_range", "spends_in_range", "spend_lots_in_range")
        ]
        for uuid in sorted({*customers, *chains, *lots, *spends, *parts}):
            account = CreditRows.of(customers.get(uuid), lots[uuid], spends[uuid], parts[uuid])
            _verify_account(walk, uuid, account, chains[uuid])
        walk.added.customers += len(rows)
        walk.advance(len(rows))
        after = until


def _verify_account(walk: _Walk, uuid: str, rows: CreditRows, chain: Sequence[Entry]) -> None:
    walk.added.store_credit += _left(chain)
    walk.found("credit", uuid, chain_faults(chain))
    try:
        said = CreditSaid.by(chain, walk.moved.ends)
    except msgspec.DecodeError:
        walk.found("credit", uuid, iter(["an entry's state can't be read"]))
        return
    walk.found("credit", uuid, credit_faults(rows, chain, said, walk.moved.captured[uuid]))
    walk.missed("credit", uuid, unstated_lots(rows.lots, said))
    walk.moved.note_credit(chain)


async def _verify_imports(walk: _Walk) -> None:
    """A file's import goes on where its counts say that it is."""
    for digest, done, *counts, is_over, reported in await walk.tx.all(
        "imports_of_store", store_id=walk.store_id
    ):
        if done != sum(counts) or reported != (0 if is_over else counts[-1]):
            what = f"the counts of the import {digest.hex()[:16]} do not add up to its rows"
            walk.tell(Fault(walk.store_id, "card", NIL_UUID, what))


async def _chains(
    tx: Tx, account_kind: AccountKind, span: dict[str, str]
) -> dict[str, list[Entry]]:
    chains: dict[str, list[Entry]] = defaultdict(list)
    for row in await tx.all("entries_in_range", account_kind=account_kind, **span):
        entry = Entry(*row)
        chains[entry.account_id].append(entry)
    return chains


def _left(chain: Sequence[Entry]) -> int:
    """Return what an account has left, by its newest entry, in L$."""
    return chain[-1].balance_after if chain else 0


def _by_first(rows: Sequence[Row]) -> dict[str, list[Row]]:
    grouped: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        grouped[row[0]].append(row[1:])
    return grouped
