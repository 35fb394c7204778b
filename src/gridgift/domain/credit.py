"""Store credit: lots, deposited and spent soonest-expiring first (contract sections 8 and 10).

A customer's credit is the sum of its open lots, at every instant: an expired lot is out of the
sum by the clock. Every operation that changes an account locks the customer's row first and then
settles what has expired meanwhile, so that the ledger's balance is always that of the lots.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from msgspec import Struct

from gridgift.domain import accounts, residents
from gridgift.domain.accounts import Change, LockedAccount, Moves, Spend
from gridgift.domain.batches import BatchedWrite
from gridgift.domain.failures import (
    CreditLimitExceeded,
    Failure,
    InsufficientCredit,
    RefundExceedsSpend,
    ResidentNotFound,
    SpendNotFound,
    ValidationFailed,
)
from gridgift.domain.merging import MAX_LOTS, Merger, merge_surplus
from gridgift.domain.model import (
    MAX_CREDIT,
    Caller,
    Entry,
    EntryKind,
    Lot,
    Resident,
)
from gridgift.domain.residents import Identifier
from gridgift.storage.database import Tx


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


class CreditChange(Struct, frozen=True):
    """What a change of an account did.

    ``id`` is the lot's that was deposited, or the spend's; ``amount`` is what was deposited, spent
    or refunded (L$); ``credit`` is the account after it, and ``entry`` its ledger entry.
    """

    id: str
    amount: int
    credit: Credit
    entry: Entry


async def read(tx: Tx, store_id: str, resident: Resident) -> Credit:
    """Return a resident's credit at a store; of one who is no customer it is zero."""
    lots = await _read_lots(tx, {"store_id": store_id, "resident_uuid": resident.uuid})
    return Credit.of(lots, tx.now())


async def read_of(tx: Tx, store_id: str, identifier: Identifier) -> Credit:
    """Return the credit of the resident with this name. Raises ``ResidentNotFound``."""
    return await read(tx, store_id, await residents.find(tx, store_id, identifier))


Rule = Callable[[LockedAccount, Caller], CreditChange]


class CreditRequest(Struct, frozen=True):
    """A change of a resident's account that is asked for: by whom, and the rule that decides.

    A rule raises a failure before it has changed anything.
    """

    caller: Caller
    identifier: Identifier
    rule: Rule


async def change_each(
    tx: Tx, store_id: str, requests: Sequence[CreditRequest]
) -> list[CreditChange | Failure]:
    """Make each change of an account at the store, in order; each is refused for itself.

    Refused are also those of residents whom nobody knows, with ``ResidentNotFound``.
    """
    found = await residents.find_all(tx, store_id, [request.identifier for request in requests])
    locked = await accounts.lock_each(tx, store_id, {each.uuid for each in found.values()})
    results = [_decide(request, found.get(request.identifier), locked) for request in requests]
    await accounts.save_each(tx, locked.values())
    return results


CHANGE_EACH: Final[BatchedWrite[CreditRequest, CreditChange]] = BatchedWrite(change_each)


def _decide(
    request: CreditRequest, resident: Resident | None, locked: Mapping[str, LockedAccount]
) -> CreditChange | Failure:
    if resident is None:
        return ResidentNotFound(str(request.identifier))
    try:
        return request.rule(locked[resident.uuid], request.caller)
    except Failure as failure:
        return failure


async def change(tx: Tx, request: CreditRequest) -> CreditChange:
    """Make one change. Raises what its rule raises, and ``ResidentNotFound``."""
    (result,) = await change_each(tx, request.caller.store_id, [request])
    if isinstance(result, Failure):
        raise result
    return result


def depositing(
    change: Change, lot_id: str, *, expires_at: int | None = None, restricted: bool = False
) -> Rule:
    """Return the rule that adds a lot; ``expires_at`` is in milliseconds (None: never).

    It raises ``ValidationFailed``, ``CreditLimitExceeded``.
    """
    lot = Lot(lot_id, change.amount, change.amount, expires_at, restricted)

    def rule(account: LockedAccount, caller: Caller) -> CreditChange:
        if expires_at is not None and expires_at <= account.now:
            raise ValidationFailed({"expires_at": ["must be in the future"]})
        entry = add_lot(account, caller, lot, "credit_deposited", change)
        return changed(account, lot_id, change, entry)

    return rule


async def deposit(
    tx: Tx,
    caller: Caller,
    identifier: Identifier,
    change_: Change,
    lot_id: str,
    *,
    expires_at: int | None = None,
    restricted: bool = False,
) -> CreditChange:
    """Add a lot as ``depositing`` says. Raises ``ResidentNotFound`` too."""
    rule = depositing(change_, lot_id, expires_at=expires_at, restricted=restricted)
    return await change(tx, CreditRequest(caller, identifier, rule))


def add_lot(
    account: LockedAccount, caller: Caller, lot: Lot, kind: EntryKind, change: Change
) -> Entry:
    """Add a lot to a locked account; return its entry. Raises ``CreditLimitExceeded``."""
    check_sum(account, lot.amount)
    if len(account.open_lots) >= MAX_LOTS:
        raise CreditLimitExceeded(lots=MAX_LOTS)
    account.settle(caller)
    account.begin(lot)
    return account.record(caller, kind, [(lot.id, lot.amount)], change, stated=[lot])


def spending(change: Change, spend_id: str, *, restricted: bool = False) -> Rule:
    """Return the rule that spends from the lots, soonest expiry first, undated last.

    ``restricted`` says that restricted credit may pay for this purchase too. It raises
    ``InsufficientCredit``.
    """

    def rule(account: LockedAccount, caller: Caller) -> CreditChange:
        usable = [lot for lot in account.open_lots if restricted or not lot.restricted]
        moves = take(usable, change.amount)
        account.settle(caller)
        account.move(moves)
        account.spends.append(Spend(spend_id, change, moves, account.now))
        entry = account.record(caller, "credit_spent", moves, change, spend_id)
        return changed(account, spend_id, change, entry)

    return rule


async def spend(
    tx: Tx,
    caller: Caller,
    identifier: Identifier,
    change_: Change,
    spend_id: str,
    *,
    restricted: bool = False,
) -> CreditChange:
    """Spend as ``spending`` says. Raises ``ResidentNotFound`` too."""
    rule = spending(change_, spend_id, restricted=restricted)
    return await change(tx, CreditRequest(caller, identifier, rule))


async def refund(
    tx: Tx, caller: Caller, identifier: Identifier, spend_id: str, change: Change
) -> CreditChange:
    """Give back what a spend took, to the lots it came from, the last taken first.

    A lot that has expired meanwhile takes its part back and stays expired. If too many lots are
    open then, those that end last are merged. Raises ``ResidentNotFound``, ``SpendNotFound``,
    ``RefundExceedsSpend``, ``CreditLimitExceeded``.
    """
    resident = await residents.find(tx, caller.store_id, identifier)
    account = await accounts.lock(tx, caller.store_id, resident.uuid)
    account.settle(caller)
    await accounts.save_each(tx, [account])
    refunded = await tx.one("spend_refund", id=spend_id, amount=change.amount, **account.key)
    if refunded is None:
        spent = await tx.one("spend_by_id", id=spend_id, **account.key)
        if spent is None:
            raise SpendNotFound(spend_id)
        raise RefundExceedsSpend(spent[0] - spent[1])
    check_sum(account, change.amount)
    moves = await _restore(tx, account, spend_id, change.amount)
    account.lots = await _read_lots(tx, account.key)  # also those that were empty, or are over
    mergers = merge_surplus(account.open_lots, MAX_LOTS, account.tip.seq + 1)
    moves += [move for merger in mergers for move in _merge(account, merger)]
    begun = [merger.into for merger in mergers]
    entry = account.record(caller, "credit_refunded", moves, change, spend_id, begun)
    account.settle(caller)
    await accounts.save_each(tx, [account])
    return changed(account, spend_id, change, entry)


async def settle(tx: Tx, caller: Caller, resident_uuid: str) -> None:
    """Write the entry of what has expired; the sums do not wait for it."""
    account = await accounts.lock(tx, caller.store_id, resident_uuid)
    account.settle(caller)
    await accounts.save_each(tx, [account])


async def attest(tx: Tx, caller: Caller, resident_uuid: str, lot_ids: Sequence[str]) -> None:
    """Write entries that state the terms of these lots, be they open or spent."""
    account = await accounts.lock(tx, caller.store_id, resident_uuid)
    account.settle(caller)
    for start in range(0, len(lot_ids), MAX_LOTS):
        ids = [*lot_ids[start : start + MAX_LOTS]]
        rows = await tx.all("lots_find", ids=ids, **account.key)
        stated = [Lot.from_row(row) for row in rows]
        account.record(caller, "attested", [], Change(0), stated=stated)
    await accounts.save_each(tx, [account])


def _merge(account: LockedAccount, merger: Merger) -> Moves:
    """Merge lots into a new one; return what moved."""
    emptied = [(lot.id, -lot.remaining) for lot in merger.lots]
    account.move(emptied)
    account.begin(merger.into)
    return [*emptied, (merger.into.id, merger.into.amount)]


def take(lots: Sequence[Lot], amount: int) -> Moves:
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


async def _restore(tx: Tx, account: LockedAccount, spend_id: str, amount: int) -> Moves:
    """Give back to each of a spend's lots what it is owed, and return it."""
    moves: Moves = []
    owed = amount
    for position, lot_id, unrestored in await tx.all(
        "spend_lots_unrestored", spend_id=spend_id, **account.key
    ):
        given = min(owed, unrestored)
        if given:
            values = {"spend_id": spend_id, "position": position, "amount": given}
            await tx.run("spend_lot_restore", **values, **account.key)
            await tx.run("lot_change", id=lot_id, delta=given, **account.key)
            moves.append((lot_id, given))
            owed -= given
    assert owed == 0, "a spend's lots hold all that can be refunded"
    return moves


def changed(account: LockedAccount, changed_id: str, change: Change, entry: Entry) -> CreditChange:
    """Return what a change did, with the account as it is after it."""
    after = Credit.of(account.lots, account.now)
    return CreditChange(changed_id, change.amount, after, entry)


async def _read_lots(tx: Tx, key: dict[str, str]) -> list[Lot]:
    return [Lot.from_row(row) for row in await tx.all("lots_open", **key)]


def check_sum(account: LockedAccount, amount: int) -> None:
    """Raise ``CreditLimitExceeded`` if an account can't hold so much more (L$)."""
    if sum(lot.remaining for lot in account.open_lots) + amount > MAX_CREDIT:
        raise CreditLimitExceeded(limit=MAX_CREDIT)
