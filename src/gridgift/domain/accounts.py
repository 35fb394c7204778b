"""Accounts of store credit that a transaction has locked: changed in memory, and saved at its end.

Nobody else changes a locked account before the transaction's end. The instant that decides is
taken once the lock is held, and is never before the account's newest entry (decision 27). What has
expired by then is settled by the first change: its entry comes before that of the change.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from msgspec import Struct, field, structs

from gridgift.domain import ledger
from gridgift.domain.ledger import EntryDraft, Tip
from gridgift.domain.model import Caller, CreditState, Entry, EntryKind, Lot
from gridgift.storage.database import Tx

Moves = list[tuple[str, int]]  # lot id, delta in L$


class Move(Struct, frozen=True):
    """One side of a move between two accounts: its id, and the resident on the other side."""

    id: str
    other: str


class Change(Struct, frozen=True):
    """What every change of an account states: L$, the reason, and the caller's own reference."""

    amount: int
    reason: str = ""
    reference: str = ""
    move: Move | None = None


class Spend(Struct, frozen=True):
    """A spend that is still to be written: what it is, how much it took from each lot, and when.

    ``at`` is its entry's instant, in milliseconds.
    """

    id: str
    change: Change
    moves: Moves
    at: int


class LockedAccount(Struct):
    """A resident's account in the middle of a transaction, with what was decided about it so far.

    ``now`` is the instant that counts for it, in milliseconds; ``lots`` are those that have
    anything left, in the order in which they are spent. The rest is still to be written.
    """

    store_id: str
    resident_uuid: str
    now: int
    tip: Tip
    lots: list[Lot]
    entries: list[Entry] = field(default_factory=list)
    begun: list[tuple[Lot, int]] = field(default_factory=list)  # and the entry's instant
    spends: list[Spend] = field(default_factory=list)
    moved: Counter[str] = field(default_factory=Counter)
    extended: dict[str, Lot] = field(default_factory=dict)
    is_customer: bool = True

    @property
    def key(self) -> dict[str, str]:
        """The columns that the account's rows have in common."""
        return {"store_id": self.store_id, "resident_uuid": self.resident_uuid}

    @property
    def open_lots(self) -> list[Lot]:
        """The lots that can be spent now."""
        return [lot for lot in self.lots if lot.open_at(self.now)]

    def wait_until(self, now: int) -> None:
        """Let time pass, after another lock was waited for."""
        self.now = max(self.now, now)

    def settle(self, caller: Caller) -> None:
        """Take what has expired out of the account."""
        moves = [(lot.id, -lot.remaining) for lot in self.lots if not lot.open_at(self.now)]
        if moves:
            self.move(moves)
            change = Change(-sum(delta for _, delta in moves), "The credit's date is over.")
            self.record(caller, "credit_expired", moves, change)

    def begin(self, lot: Lot) -> None:
        """Add a new lot, whole."""
        self.lots = sorted([*self.lots, lot], key=_spent_order)
        self.begun.append((lot, self.now))

    def extend(self, lot: Lot, expires_at: int | None) -> Lot:
        """Let an open lot end later (milliseconds; None: never), and return it."""
        later = structs.replace(lot, expires_at=expires_at)
        others = [each for each in self.lots if each.id != lot.id]
        self.lots = sorted([*others, later], key=_spent_order)
        self.extended[lot.id] = later
        return later

    def move(self, moves: Moves) -> None:
        """Take from open lots (negative deltas)."""
        deltas = dict(moves)
        changed = [
            structs.replace(lot, remaining=lot.remaining + deltas.get(lot.id, 0))
            for lot in self.lots
        ]
        self.lots = [lot for lot in changed if lot.remaining]
        self.moved.update(deltas)

    def record(
        self,
        caller: Caller,
        kind: EntryKind,
        moves: Moves,
        change: Change,
        spend_id: str | None = None,
        stated: Sequence[Lot] = (),
    ) -> Entry:
        """Write an entry: its state names the lots that changed, and by how much.

        It has the terms of those that begin with it, or are ``stated`` for another reason.
        """
        terms = {lot.id: lot.terms for lot in stated}
        sides = (change.move.id, change.move.other) if change.move else (None, None)
        draft = EntryDraft(
            account_kind="credit",
            account_id=self.resident_uuid,
            kind=kind,
            reason=change.reason,
            balance_after=self.tip.balance + sum(delta for _, delta in moves),
            state=CreditState(moves, change.reference, spend_id, terms, *sides),
        )
        entry = ledger.next_entry(caller, self.now, self.tip, draft)
        self.tip = Tip.of(entry)
        self.entries.append(entry)
        return entry


def _spent_order(lot: Lot) -> tuple[Any, ...]:
    """Sort as the statement ``lots_open`` does: the soonest first, the undated last."""
    return lot.expires_at is None, lot.expires_at or 0, not lot.restricted, lot.id


async def lock_each(
    tx: Tx, store_id: str, resident_uuids: Collection[str]
) -> dict[str, LockedAccount]:
    """Lock these residents' accounts in one order, so that none deadlock.

    Who is no customer of the store has no row to lock, and becomes one only when a change is saved.
    If someone else does the same meanwhile, both write a first entry, and one of them runs again.
    """
    uuids = sorted(resident_uuids)
    if not uuids:
        return {}
    customers = {row[0] for row in await tx.all("accounts_lock", store_id=store_id, uuids=uuids)}
    tips = {uuid: (Tip(), 0) for uuid in uuids}
    for uuid, *tip, created_at in await tx.all("accounts_tips", store_id=store_id, uuids=uuids):
        tips[uuid] = Tip(*tip), created_at
    lots = defaultdict(list)
    for uuid, *columns in await tx.all("lots_of_accounts", store_id=store_id, uuids=uuids):
        lots[uuid].append(Lot.from_row(columns))
    in_order = {uuid: sorted(lots[uuid], key=_spent_order) for uuid in uuids}
    now = tx.now()
    return {
        uuid: LockedAccount(
            store_id, uuid, max(now, newest), tip, in_order[uuid], is_customer=uuid in customers
        )
        for uuid, (tip, newest) in tips.items()
    }


async def lock(tx: Tx, store_id: str, resident_uuid: str) -> LockedAccount:
    """Lock one account."""
    return (await lock_each(tx, store_id, [resident_uuid]))[resident_uuid]


async def save_each(tx: Tx, accounts: Iterable[LockedAccount]) -> None:
    """Write what was decided about locked accounts; afterwards nothing of it is left to write."""
    changed = [account for account in accounts if account.entries]
    new = [account for account in changed if not account.is_customer]
    for statement, rows in (
        ("customer_add", [(each.store_id, each.resident_uuid, each.now) for each in new]),
        ("lot_add", [row for account in changed for row in _lot_rows(account)]),
        ("lot_change", [row for account in changed for row in _move_rows(account)]),
        ("lot_extend", [row for account in changed for row in _end_rows(account)]),
        ("spend_add", [row for account in changed for row in _spend_rows(account)]),
        ("spend_lot_add", [row for account in changed for row in _spend_lot_rows(account)]),
        ("account_version", [_version_row(account) for account in changed]),
    ):
        if rows:
            await tx.many(statement, rows)
    if changed:
        await ledger.append(tx, [entry for account in changed for entry in account.entries])
    for account in changed:
        account.entries, account.begun, account.spends = [], [], []
        account.extended = {}
        account.moved, account.is_customer = Counter(), True


def _lot_rows(account: LockedAccount) -> list[tuple[Any, ...]]:
    """Return new lots' columns in the order of ``lot_add``."""
    key = account.store_id, account.resident_uuid
    return [
        (*key, lot.id, lot.amount, lot.expires_at, lot.restricted, at) for lot, at in account.begun
    ]


def _move_rows(account: LockedAccount) -> list[tuple[Any, ...]]:
    """Return by how much lots changed, in the order of ``lot_change``."""
    key = account.store_id, account.resident_uuid
    return [(delta, *key, lot_id) for lot_id, delta in account.moved.items()]


def _end_rows(account: LockedAccount) -> list[tuple[Any, ...]]:
    """Return when extended lots end, in the order of ``lot_extend``."""
    key = account.store_id, account.resident_uuid
    return [(lot.expires_at, *key, lot.id) for lot in account.extended.values()]


def _spend_rows(account: LockedAccount) -> list[tuple[Any, ...]]:
    """Return spends' columns in the order of ``spend_add``."""
    key = account.store_id, account.resident_uuid
    return [
        (*key, spend.id, spend.change.amount, spend.change.reference, spend.at)
        for spend in account.spends
    ]


def _spend_lot_rows(account: LockedAccount) -> list[tuple[Any, ...]]:
    """Return what spends took, in the order of ``spend_lot_add``."""
    key = account.store_id, account.resident_uuid
    return [
        (*key, spend.id, position, lot_id, -delta)
        for spend in account.spends
        for position, (lot_id, delta) in enumerate(spend.moves)
    ]


def _version_row(account: LockedAccount) -> tuple[Any, ...]:
    """Return the number of entries, what was spent, and the balance, as ``account_version`` has it.

    The balance is the ledger's: what has expired since is in it until that is noted.
    """
    spent = sum(spend.change.amount for spend in account.spends)
    return account.tip.seq, spent, account.tip.balance, account.store_id, account.resident_uuid
