"""What must be so of store credit: its lots, spends and their parts are what its entries say."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self

from msgspec import Struct, field, structs

from gridgift.domain.ledger import read_credit_state
from gridgift.domain.model import CreditState, Entry, LotTerms
from gridgift.domain.verify_chain import differences
from gridgift.storage.database import Row

Ends = Mapping[str, int | None]  # when each redeemed card would have expired


class LotRow(Struct, frozen=True):
    """A lot as it is stored."""

    id: str
    amount: int
    remaining: int
    expires_at: int | None
    restricted: bool
    created_at: int

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """Read the columns of ``lots_in_range`` that follow the resident's."""
        lot_id, amount, remaining, expires_at, restricted, created_at = row
        return cls(lot_id, amount, remaining, expires_at, bool(restricted), created_at)


class SpendRow(Struct, frozen=True):
    """A spend as it is stored."""

    id: str
    amount: int
    refunded: int
    reference: str
    created_at: int


class PartRow(Struct, frozen=True):
    """What a spend took from one lot, and how much of that was given back (L$)."""

    spend_id: str
    position: int
    lot_id: str
    taken: int
    restored: int


class CustomerRow(Struct, frozen=True):
    """A customer as it is stored; ``spent`` is what spends and captures took, in all (L$).

    ``balance`` is what the account's newest entry says.
    """

    resident_uuid: str
    version: int
    spent: int
    balance: int


class CreditRows(Struct, frozen=True):
    """What the tables have of an account; ``customer`` None: there is no such customer."""

    customer: CustomerRow | None
    lots: Sequence[LotRow]
    spends: Sequence[SpendRow]
    parts: Sequence[PartRow]

    @classmethod
    def of(
        cls, customer: Row | None, lots: Sequence[Row], spends: Sequence[Row], parts: Sequence[Row]
    ) -> Self:
        """Read the columns of ``customers_in_order``, ``lots_in_range`` and its kin."""
        return cls(
            None if customer is None else CustomerRow(*customer),
            [LotRow.from_row(row) for row in lots],
            [SpendRow(*row) for row in spends],
            [PartRow(*row) for row in parts],
        )


class CreditSaid(Struct):
    """What entries say of an account: followed from the first one to the last.

    ``lots`` and ``spends`` have the columns that they state, by id; ``took`` what each spend took,
    in order; ``refunded`` how much of it came back, and ``spent`` is what all took (L$).
    """

    ends: Ends
    lots: dict[str, dict[str, Any]] = field(default_factory=dict)
    remaining: Counter[str] = field(default_factory=Counter)
    spends: dict[str, dict[str, Any]] = field(default_factory=dict)
    took: dict[str, Sequence[tuple[str, int]]] = field(default_factory=dict)
    refunded: Counter[str] = field(default_factory=Counter)
    spent: int = 0

    @classmethod
    def by(cls, chain: Sequence[Entry], ends: Ends) -> Self:
        """Follow a chain. Raises msgspec's ``DecodeError``."""
        said = cls(ends)
        for entry in chain:
            said._follow(entry)
        return said

    def _follow(self, entry: Entry) -> None:
        state = read_credit_state(entry.state)
        begins = state.terms.keys() | (
            {lot_id for lot_id, _ in state.lots}
            if entry.kind in {"credit_deposited", "credit_redeemed"}
            else set()
        )
        for lot_id, delta in state.lots:
            self.remaining[lot_id] += delta
            if lot_id in begins and delta > 0:
                begun = {"amount": delta, "created_at": entry.created_at}
                self.lots[lot_id] = begun | self._terms_of_card(entry, state)
        for lot_id, terms in state.terms.items():
            self.lots.setdefault(lot_id, {}).update(structs.asdict(terms))
        self._follow_spend(entry, state)

    def _terms_of_card(self, entry: Entry, state: CreditState) -> dict[str, Any]:
        """Return the terms of a redeemed card's credit: it keeps the card's date."""
        if entry.kind != "credit_redeemed" or state.reference not in self.ends:
            return {}
        return structs.asdict(LotTerms(self.ends[state.reference], restricted=False))

    def _follow_spend(self, entry: Entry, state: CreditState) -> None:
        spend_id = state.spend or ""
        if entry.kind == "credit_spent":
            self.took[spend_id] = state.lots
            self.spent -= entry.delta
            self.spends[spend_id] = {
                "amount": -entry.delta,
                "reference": state.reference,
                "created_at": entry.created_at,
            }
        elif entry.kind == "credit_refunded":
            self.refunded[spend_id] += entry.delta

    def parts_of(self, spend_id: str) -> list[PartRow]:
        """Return a spend's parts: refunds give back what was taken last first."""
        parts: list[PartRow] = []
        owed = self.refunded[spend_id]
        for position, (lot_id, delta) in reversed([*enumerate(self.took[spend_id])]):
            restored = min(owed, -delta)
            owed -= restored
            parts.append(PartRow(spend_id, position, lot_id, -delta, restored))
        return parts[::-1]


def credit_faults(
    rows: CreditRows, chain: Sequence[Entry], said: CreditSaid, captured: int
) -> Iterator[str]:
    """Compare an account with its entries, and with what they say.

    ``captured`` is what captures took from the customer's cards, in L$.
    """
    if rows.customer is None:
        yield "there is credit of a customer who is not there"
        return
    balance = chain[-1].balance_after if chain else 0
    counts = {"version": len(chain), "spent": said.spent + captured, "balance": balance}
    yield from differences("the account", structs.asdict(rows.customer), counts)
    remaining = sum(lot.remaining for lot in rows.lots)
    if remaining != balance:
        yield f"the lots hold L$ {remaining}, the ledger says L$ {balance}"
    for entry in chain:
        if sum(delta for _, delta in read_credit_state(entry.state).lots) != entry.delta:
            yield f"the lots of entry {entry.seq} do not add up to its delta"
    yield from _lot_faults(rows.lots, said)
    yield from _spend_faults(rows, said)


def unstated_lots(lots: Sequence[LotRow], said: CreditSaid) -> list[str]:
    """Return the lots of which no entry states when they end and whether they are restricted."""
    return [lot.id for lot in lots if lot.id in said.lots and "restricted" not in said.lots[lot.id]]


def _lot_faults(lots: Sequence[LotRow], said: CreditSaid) -> Iterator[str]:
    for lot in lots:
        if lot.id not in said.lots:
            yield f"lot {lot.id} is in no entry"
            continue
        of_entries = said.lots[lot.id] | {"remaining": said.remaining[lot.id]}
        yield from differences(f"lot {lot.id}", structs.asdict(lot), of_entries)
    for lot_id in said.lots.keys() - {lot.id for lot in lots}:
        yield f"lot {lot_id} is in the ledger and nowhere else"


def _spend_faults(rows: CreditRows, said: CreditSaid) -> Iterator[str]:
    parts: dict[str, list[PartRow]] = defaultdict(list)
    for part in rows.parts:
        parts[part.spend_id].append(part)
    for spend in rows.spends:
        if spend.id not in said.spends:
            yield f"spend {spend.id} is in no entry"
            continue
        of_entries = said.spends[spend.id] | {"refunded": said.refunded[spend.id]}
        yield from differences(f"spend {spend.id}", structs.asdict(spend), of_entries)
        if parts[spend.id] != said.parts_of(spend.id):
            yield f"the parts of spend {spend.id} are not those that its entries took and gave back"
    spends = {spend.id for spend in rows.spends}
    for spend_id in said.spends.keys() - spends:
        yield f"spend {spend_id} is in the ledger and nowhere else"
    for spend_id in parts.keys() - spends:
        yield f"there are parts of a spend {spend_id} that is not there"
