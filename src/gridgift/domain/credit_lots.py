"""Letting a lot of store credit end later (contract section 10)."""

from gridgift.domain import accounts, credit, residents
from gridgift.domain.accounts import Change, LockedAccount
from gridgift.domain.credit import CreditChange
from gridgift.domain.failures import LotClosed, LotNotFound, ValidationFailed
from gridgift.domain.model import Caller, Lot
from gridgift.domain.residents import Identifier
from gridgift.storage.database import Tx


async def extend(
    tx: Tx, caller: Caller, identifier: Identifier, lot_id: str, expires_at: int | None
) -> CreditChange:
    """Let an open lot end at an instant that is later than its end (milliseconds; None: never).

    Returns the account, in which the lot has its place in the order of spending by its new end.
    Raises ``ResidentNotFound``, ``LotNotFound``, ``LotClosed`` if it is spent or over, and
    ``ValidationFailed`` if it ends then already, or later, or never.
    """
    resident = await residents.find(tx, caller.store_id, identifier)
    account = await accounts.lock(tx, caller.store_id, resident.uuid)
    lot = await _open_lot(tx, account, lot_id)
    if lot.expires_at is None:
        raise ValidationFailed({"expires_at": ["this lot never ends"]})
    if expires_at is not None and expires_at <= lot.expires_at:
        raise ValidationFailed({"expires_at": ["must be later than the lot ends"]})
    account.settle(caller)
    lot = account.extend(lot, expires_at)
    change = Change(lot.remaining)
    entry = account.record(caller, "credit_extended", [(lot.id, 0)], change, stated=[lot])
    await accounts.save_each(tx, [account])
    return credit.changed(account, lot.id, change, entry)


async def _open_lot(tx: Tx, account: LockedAccount, lot_id: str) -> Lot:
    for lot in account.lots:
        if lot.id == lot_id:
            if not lot.open_at(account.now):
                raise LotClosed(lot_id, "expired")
            return lot
    rows = await tx.all("lots_find", ids=[lot_id], **account.key)
    if not rows:
        raise LotNotFound(lot_id)
    (lot,) = map(Lot.from_row, rows)
    is_over = lot.expires_at is not None and lot.expires_at <= account.now
    raise LotClosed(lot_id, "expired" if is_over else "spent")
