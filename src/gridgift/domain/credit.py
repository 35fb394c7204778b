"""Store credit: lots, deposited and spent soonest-expiring first (contract sections 8 and 10).

A customer's credit is the sum of its open lots, at every instant: an expired lot is out of the
sum by the clock. Whatever changes an account locks the customer's row first, and first of all
settles what has expired meanwhile, so that the ledger's balance is always that of the lots.
"""

from collections.abc import Sequence
from typing import Any, Final

from msgspec import Struct

from gridgift.domain import ledger
from gridgift.domain.failures import (
    CreditLimitExceeded,
    InsufficientCredit,
    RefundExceedsSpend,
    SpendNotFound,
    ValidationFailed,
)
from gridgift.domain.model import MAX_CREDIT, Caller, Entry, EntryKind, Lot, Resident
from gridgift.storage.database import Tx

MAX_LOTS: Final = 1_000  # open lots of one account: what a single spend may have to touch

Moves = list[tuple[str, int]]  # lot id, delta in L$


class Credit(Struct, frozen=True):
    """A customer's store credit: ``total`` is free to spend anywhere, ``restricted`` is apart.

    ``lots`` are the dated open ones, soonest expiry first; undated credit is in a sum only.
    """

    total: int
    restricted: int
    lots: Sequence[Lot]

    @classmethod
    def of(cls, lots: Sequence[Lot], now: int) -> "Credit":
        """Sum up the lots that are open at an instant."""
        open_lots = [lot for lot in lots if lot.open_at(now)]
        return cls(
            total=sum(lot.remaining for lot in open_lots if not lot.restricted),
            restricted=sum(lot.remaining for lot in open_lots if lot.restricted),
            lots=[lot for lot in open_lots if lot.expires_at is not None],
        )


class Change(Struct, frozen=True):
    """What every change of an account says: L$, why, and the caller's own reference."""

    amount: int
    reason: str = ""
    reference: str = ""


class Account(Struct):
    """A locked account in the middle of a transaction."""

    resident: Resident
    lots: list[Lot]
    last: Entry | None


async def read(tx: Tx, store_id: str, resident: Resident, now: int) -> Credit:
    """Return a resident's credit at a store at an instant; nobody's is zero."""
    return Credit.of(await _lots(tx, store_id, resident), now)


async def deposit(
    tx: Tx,
    caller: Caller,
    resident: Resident,
    change: Change,
    lot_id: str,
    now: int,
    *,
    expires_at: int | None = None,
    restricted: bool = False,
    kind: EntryKind = "credit_deposited",
) -> Credit:
    """Add a lot. Raises ``ValidationFailed``, ``CreditLimitExceeded``."""
    if expires_at is not None and expires_at <= now:
        raise ValidationFailed({"expiresAt": ["must be in the future"]})
    account = await _lock(tx, caller, resident, now)
    _check_limit(account, change.amount)
    values = {"store_id": caller.store_id, "resident_uuid": resident.uuid, "now": now}
    await tx.run(
        "lot_add",
        id=lot_id,
        amount=change.amount,
        expires_at=expires_at,
        restricted=restricted,
        **values,
    )
    lot = Lot(lot_id, change.amount, change.amount, expires_at, restricted)
    account.lots.append(lot)
    await _record(tx, caller, account, kind, [(lot.id, lot.amount)], change, now)
    return await read(tx, caller.store_id, resident, now)


async def spend(
    tx: Tx,
    caller: Caller,
    resident: Resident,
    change: Change,
    spend_id: str,
    now: int,
    *,
    restricted: bool = False,
) -> Credit:
    """Spend from the lots, soonest expiry first, undated last.

    ``restricted`` says that restricted credit may pay for this purchase too. Raises
    ``InsufficientCredit``.
    """
    account = await _lock(tx, caller, resident, now)
    usable = [lot for lot in account.lots if restricted or not lot.restricted]
    moves = _take(usable, change.amount)
    values = {"store_id": caller.store_id, "resident_uuid": resident.uuid}
    await tx.run(
        "spend_add",
        id=spend_id,
        amount=change.amount,
        reference=change.reference,
        now=now,
        **values,
    )
    for position, (lot_id, delta) in enumerate(moves):
        await tx.run(
            "spend_lot_add",
            spend_id=spend_id,
            position=position,
            lot_id=lot_id,
            taken=-delta,
            **values,
        )
    await _move(tx, caller, resident, moves)
    await _record(tx, caller, account, "credit_spent", moves, change, now, spend=spend_id)
    return await read(tx, caller.store_id, resident, now)


async def refund(
    tx: Tx, caller: Caller, resident: Resident, spend_id: str, change: Change, now: int
) -> Credit:
    """Give back what a spend took, to the lots it came from, the last taken first.

    A lot that has expired meanwhile takes its part back and stays expired. Raises
    ``SpendNotFound``, ``RefundExceedsSpend``, ``CreditLimitExceeded``.
    """
    account = await _lock(tx, caller, resident, now)
    _check_limit(account, change.amount)
    values = {"store_id": caller.store_id, "resident_uuid": resident.uuid}
    changed = await tx.one("spend_refund", id=spend_id, amount=change.amount, **values)
    if changed is None:
        spent = await tx.one("spend_by_id", id=spend_id, **values)
        if spent is None:
            raise SpendNotFound(spend_id)
        raise RefundExceedsSpend(spent[0] - spent[1])
    moves = await _restore(tx, values, spend_id, change.amount)
    await _move(tx, caller, resident, moves)
    await _record(tx, caller, account, "credit_refunded", moves, change, now, spend=spend_id)
    await _settle(tx, caller, account, now)
    return await read(tx, caller.store_id, resident, now)


async def settle(tx: Tx, caller: Caller, resident: Resident, now: int) -> None:
    """Write the entry of what has expired; the sums do not wait for it."""
    await _lock(tx, caller, resident, now)


async def _lock(tx: Tx, caller: Caller, resident: Resident, now: int) -> Account:
    """Lock an account (making the resident a customer), and settle what has expired."""
    values = {"store_id": caller.store_id, "resident_uuid": resident.uuid}
    if await tx.one("account_lock", **values) is None:
        await tx.run("customer_add", now=now, **values)
        await tx.one("account_lock", **values)
    account = Account(resident, [], None)
    account.last = await ledger.last_entry(tx, caller.store_id, "credit", resident.uuid)
    await _settle(tx, caller, account, now)
    return account


async def _settle(tx: Tx, caller: Caller, account: Account, now: int) -> None:
    lots = await _lots(tx, caller.store_id, account.resident)
    moves = [(lot.id, -lot.remaining) for lot in lots if not lot.open_at(now)]
    account.lots = [lot for lot in lots if lot.open_at(now)]
    if moves:
        await _move(tx, caller, account.resident, moves)
        amount = -sum(delta for _, delta in moves)
        expired = Change(amount, "The credit's date is over.")
        await _record(tx, caller, account, "credit_expired", moves, expired, now)


def _take(lots: Sequence[Lot], amount: int) -> Moves:
    """Take an amount from lots in their order. Raises ``InsufficientCredit``."""
    moves: Moves = []
    wanted = amount
    for lot in lots:
        taken = min(wanted, lot.remaining)
        if taken:
            moves.append((lot.id, -taken))
            wanted -= taken
    if wanted:
        raise InsufficientCredit(amount - wanted)
    return moves


async def _restore(tx: Tx, values: dict[str, str], spend_id: str, amount: int) -> Moves:
    moves: Moves = []
    owed = amount
    for position, lot_id, unrestored, _ in await tx.all(
        "spend_lots_unrestored", spend_id=spend_id, **values
    ):
        given = min(owed, unrestored)
        if given:
            await tx.run(
                "spend_lot_restore", spend_id=spend_id, position=position, amount=given, **values
            )
            moves.append((lot_id, given))
            owed -= given
    assert owed == 0, "a spend's lots hold all that can be refunded"
    return moves


async def _move(tx: Tx, caller: Caller, resident: Resident, moves: Moves) -> None:
    for lot_id, delta in moves:
        await tx.run(
            "lot_change",
            store_id=caller.store_id,
            resident_uuid=resident.uuid,
            id=lot_id,
            delta=delta,
        )


async def _record(
    tx: Tx,
    caller: Caller,
    account: Account,
    kind: EntryKind,
    moves: Moves,
    change: Change,
    now: int,
    **details: Any,
) -> None:
    """Write the account's entry: its state says which lots moved, by how much."""
    before = account.last.balance_after if account.last else 0
    state = {"lots": moves, "reference": change.reference, **details}
    account.last = ledger.next_entry(
        caller,
        "credit",
        account.resident.uuid,
        account.last,
        kind,
        before + sum(delta for _, delta in moves),
        ledger.encode_state(state),
        change.reason,
        now,
    )
    await ledger.append(tx, account.last)
    await tx.run(
        "account_version",
        store_id=caller.store_id,
        resident_uuid=account.resident.uuid,
        version=account.last.seq,
    )


async def _lots(tx: Tx, store_id: str, resident: Resident) -> list[Lot]:
    rows = await tx.all("lots_open", store_id=store_id, resident_uuid=resident.uuid)
    return [Lot.from_row(row) for row in rows]


def _check_limit(account: Account, amount: int) -> None:
    """An account has a bounded sum, of a bounded number of lots."""
    balance = sum(lot.remaining for lot in account.lots)
    if balance + amount > MAX_CREDIT or len(account.lots) >= MAX_LOTS:
        raise CreditLimitExceeded(MAX_CREDIT)
