"""Store credit: lots, deposited and spent soonest-expiring first (contract sections 8 and 10).

A customer's credit is the sum of its open lots, at every instant: an expired lot is out of the
sum by the clock. Every operation that changes an account locks the customer's row first and then
settles what has expired meanwhile, so that the ledger's balance is always that of the lots.
"""

from collections.abc import Sequence

from msgspec import Struct

from gridgift.domain import ledger, residents
from gridgift.domain.failures import (
    CreditLimitExceeded,
    InsufficientCredit,
    RefundExceedsSpend,
    SpendNotFound,
    ValidationFailed,
)
from gridgift.domain.ledger import EntryDraft, Tip
from gridgift.domain.merging import MAX_LOTS, merge_surplus
from gridgift.domain.model import (
    MAX_CREDIT,
    Caller,
    CreditState,
    Entry,
    EntryKind,
    Lot,
    Resident,
)
from gridgift.domain.residents import Identifier
from gridgift.storage.database import Tx

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
    """What every change of an account states: L$, the reason, and the caller's own reference."""

    amount: int
    reason: str = ""
    reference: str = ""


class CreditChange(Struct, frozen=True):
    """What a change of an account did.

    ``id`` is the lot's that was deposited, or the spend's; ``amount`` is what was deposited, spent
    or refunded (L$); ``credit`` is the account after it, and ``entry`` its ledger entry.
    """

    id: str
    amount: int
    credit: Credit
    entry: Entry


class Account(Struct):
    """A locked account in the middle of a transaction.

    ``now`` is the instant of the change, in milliseconds, and was taken after the lock; ``lots``
    are the ones open then; ``last`` is the account's newest entry (None: it has none).
    """

    caller: Caller
    resident: Resident
    now: int
    lots: list[Lot]
    last: Entry | None

    @property
    def key(self) -> dict[str, str]:
        """The columns that the account's rows have in common."""
        return {"store_id": self.caller.store_id, "resident_uuid": self.resident.uuid}


async def read(tx: Tx, store_id: str, resident: Resident) -> Credit:
    """Return a resident's credit at a store; of one who is no customer it is zero."""
    lots = await _read_lots(tx, {"store_id": store_id, "resident_uuid": resident.uuid})
    return Credit.of(lots, tx.now())


async def read_of(tx: Tx, store_id: str, identifier: Identifier) -> Credit:
    """Return the credit of the resident with this name. Raises ``ResidentNotFound``."""
    return await read(tx, store_id, await residents.find(tx, identifier))


async def deposit(
    tx: Tx,
    caller: Caller,
    identifier: Identifier,
    change: Change,
    lot_id: str,
    *,
    expires_at: int | None = None,
    restricted: bool = False,
) -> CreditChange:
    """Add a lot; ``expires_at`` is in milliseconds (None: it never expires).

    Raises ``ResidentNotFound``, ``ValidationFailed``, ``CreditLimitExceeded``.
    """
    account = await lock(tx, caller, await residents.find(tx, identifier))
    if expires_at is not None and expires_at <= account.now:
        raise ValidationFailed({"expires_at": ["must be in the future"]})
    lot = Lot(lot_id, change.amount, change.amount, expires_at, restricted)
    entry = await _add_lot(tx, account, lot, "credit_deposited", change)
    return await _changed(tx, account, lot_id, change, entry)


async def add_lot(tx: Tx, account: Account, lot: Lot, card_id: str) -> Entry:
    """Add the credit of a redeemed card to a locked account as a lot; return its entry.

    Raises ``CreditLimitExceeded``.
    """
    change = Change(lot.amount, reference=card_id)
    return await _add_lot(tx, account, lot, "credit_redeemed", change)


async def spend(
    tx: Tx,
    caller: Caller,
    identifier: Identifier,
    change: Change,
    spend_id: str,
    *,
    restricted: bool = False,
) -> CreditChange:
    """Spend from the lots, soonest expiry first, undated last.

    ``restricted`` says that restricted credit may pay for this purchase too. Raises
    ``ResidentNotFound``, ``InsufficientCredit``.
    """
    account = await lock(tx, caller, await residents.find(tx, identifier))
    usable = [lot for lot in account.lots if restricted or not lot.restricted]
    moves = _take(usable, change.amount)
    await tx.run(
        "spend_add",
        id=spend_id,
        amount=change.amount,
        reference=change.reference,
        now=account.now,
        **account.key,
    )
    for position, (lot_id, delta) in enumerate(moves):
        await tx.run(
            "spend_lot_add",
            spend_id=spend_id,
            position=position,
            lot_id=lot_id,
            taken=-delta,
            **account.key,
        )
    await _move(tx, account, moves)
    entry = await _record(tx, account, "credit_spent", moves, change, spend_id)
    return await _changed(tx, account, spend_id, change, entry)


async def refund(
    tx: Tx, caller: Caller, identifier: Identifier, spend_id: str, change: Change
) -> CreditChange:
    """Give back what a spend took, to the lots it came from, the last taken first.

    A lot that has expired meanwhile takes its part back and stays expired. If too many lots are
    open then, those that end last are merged. Raises ``ResidentNotFound``, ``SpendNotFound``,
    ``RefundExceedsSpend``, ``CreditLimitExceeded``.
    """
    account = await lock(tx, caller, await residents.find(tx, identifier))
    refunded = await tx.one("spend_refund", id=spend_id, amount=change.amount, **account.key)
    if refunded is None:
        spent = await tx.one("spend_by_id", id=spend_id, **account.key)
        if spent is None:
            raise SpendNotFound(spend_id)
        raise RefundExceedsSpend(spent[0] - spent[1])
    _check_sum(account, change.amount)
    moves = await _restore(tx, account, spend_id, change.amount)
    await _move(tx, account, moves)
    merged, begun = await _merge(tx, account)
    entry = await _record(tx, account, "credit_refunded", moves + merged, change, spend_id, begun)
    await _settle(tx, account)
    return await _changed(tx, account, spend_id, change, entry)


async def settle(tx: Tx, caller: Caller, resident: Resident) -> None:
    """Write the entry of what has expired; the sums do not wait for it."""
    await lock(tx, caller, resident)


async def attest(tx: Tx, caller: Caller, resident: Resident, lot_ids: Sequence[str]) -> None:
    """Write entries that state the terms of these lots, be they open or spent."""
    account = await lock(tx, caller, resident)
    for start in range(0, len(lot_ids), MAX_LOTS):
        ids = [*lot_ids[start : start + MAX_LOTS]]
        rows = await tx.all("lots_find", ids=ids, **account.key)
        stated = [Lot.from_row(row) for row in rows]
        await _record(tx, account, "attested", [], Change(0), stated=stated)


async def lock(tx: Tx, caller: Caller, resident: Resident, not_before: int = 0) -> Account:
    """Lock an account (making the resident a customer), and settle what has expired.

    The instant that decides is taken once the lock is held; it is not before the account's newest
    entry, nor before ``not_before`` (milliseconds).
    """
    account = Account(caller, resident, 0, [], None)
    if await tx.one("account_lock", **account.key) is None:
        await tx.run("customer_add", now=tx.now(), **account.key)
        await tx.one("account_lock", **account.key)
    account.last = await ledger.last_entry(tx, caller.store_id, "credit", resident.uuid)
    newest = account.last.created_at if account.last else 0
    account.now = max(tx.now(), newest, not_before)
    await _settle(tx, account)
    return account


async def _settle(tx: Tx, account: Account) -> None:
    lots = await _read_lots(tx, account.key)
    moves = [(lot.id, -lot.remaining) for lot in lots if not lot.open_at(account.now)]
    account.lots = [lot for lot in lots if lot.open_at(account.now)]
    if moves:
        await _move(tx, account, moves)
        amount = -sum(delta for _, delta in moves)
        expired = Change(amount, "The credit's date is over.")
        await _record(tx, account, "credit_expired", moves, expired)


async def _add_lot(tx: Tx, account: Account, lot: Lot, kind: EntryKind, change: Change) -> Entry:
    _check_sum(account, lot.amount)
    if len(account.lots) >= MAX_LOTS:
        raise CreditLimitExceeded(lots=MAX_LOTS)
    await _begin(tx, account, lot)
    return await _record(tx, account, kind, [(lot.id, lot.amount)], change, stated=[lot])


async def _begin(tx: Tx, account: Account, lot: Lot) -> None:
    await tx.run(
        "lot_add",
        id=lot.id,
        amount=lot.amount,
        expires_at=lot.expires_at,
        restricted=lot.restricted,
        now=account.now,
        **account.key,
    )


async def _merge(tx: Tx, account: Account) -> tuple[Moves, list[Lot]]:
    """Merge the lots that a refund opened too many; return what moved, and the lots begun."""
    lots = await _read_lots(tx, account.key)
    open_lots = [lot for lot in lots if lot.open_at(account.now)]
    number = account.last.seq + 1 if account.last else 1
    mergers = merge_surplus(open_lots, MAX_LOTS, number)
    moves: Moves = []
    for merger in mergers:
        emptied = [(lot.id, -lot.remaining) for lot in merger.lots]
        await _move(tx, account, emptied)
        await _begin(tx, account, merger.into)
        moves += [*emptied, (merger.into.id, merger.into.amount)]
    return moves, [merger.into for merger in mergers]


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


async def _restore(tx: Tx, account: Account, spend_id: str, amount: int) -> Moves:
    """Note at a spend's lots what is given back to each, and return it."""
    moves: Moves = []
    owed = amount
    for position, lot_id, unrestored, _ in await tx.all(
        "spend_lots_unrestored", spend_id=spend_id, **account.key
    ):
        given = min(owed, unrestored)
        if given:
            values = {"spend_id": spend_id, "position": position, "amount": given}
            await tx.run("spend_lot_restore", **values, **account.key)
            moves.append((lot_id, given))
            owed -= given
    assert owed == 0, "a spend's lots hold all that can be refunded"
    return moves


async def _move(tx: Tx, account: Account, moves: Moves) -> None:
    for lot_id, delta in moves:
        await tx.run("lot_change", id=lot_id, delta=delta, **account.key)


async def _record(
    tx: Tx,
    account: Account,
    kind: EntryKind,
    moves: Moves,
    change: Change,
    spend_id: str | None = None,
    stated: Sequence[Lot] = (),
) -> Entry:
    """Write the account's entry: its state names the lots that changed, and by how much.

    It has the terms of those that begin with it, or are ``stated`` for another reason.
    """
    terms = {lot.id: lot.terms for lot in stated}
    before = account.last.balance_after if account.last else 0
    draft = EntryDraft(
        account_kind="credit",
        account_id=account.resident.uuid,
        kind=kind,
        reason=change.reason,
        balance_after=before + sum(delta for _, delta in moves),
        state=CreditState(moves, change.reference, spend_id, terms),
    )
    entry = ledger.next_entry(account.caller, account.now, Tip.of(account.last), draft)
    await ledger.append(tx, [entry])
    spent = -entry.delta if kind == "credit_spent" else 0
    await tx.run("account_version", version=entry.seq, spent=spent, **account.key)
    account.last = entry
    return entry


async def _changed(
    tx: Tx, account: Account, changed_id: str, change: Change, entry: Entry
) -> CreditChange:
    after = Credit.of(await _read_lots(tx, account.key), account.now)
    return CreditChange(changed_id, change.amount, after, entry)


async def _read_lots(tx: Tx, key: dict[str, str]) -> list[Lot]:
    return [Lot.from_row(row) for row in await tx.all("lots_open", **key)]


def _check_sum(account: Account, amount: int) -> None:
    """Raise ``CreditLimitExceeded`` if an account can't hold so much more (L$)."""
    if sum(lot.remaining for lot in account.lots) + amount > MAX_CREDIT:
        raise CreditLimitExceeded(limit=MAX_CREDIT)
