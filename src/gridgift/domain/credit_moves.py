"""Moving store credit to another resident, such as somebody's new avatar (contract section 10)."""

from collections import Counter

from msgspec import Struct

from gridgift.domain import accounts, credit, residents
from gridgift.domain.accounts import Change, LockedAccount, Move, Moves
from gridgift.domain.credit import CreditChange
from gridgift.domain.failures import (
    CreditLimitExceeded,
    InsufficientCredit,
    ReceiverIsOwner,
    ReceiverNotFound,
    ResidentNotFound,
)
from gridgift.domain.ids import derived_id
from gridgift.domain.merging import MAX_LOTS
from gridgift.domain.model import Caller, Lot, LotTerms, Resident
from gridgift.domain.residents import Identifier
from gridgift.storage.database import Tx


class Moving(Struct, frozen=True):
    """What to move: ``amount`` in L$ (None: all that is open), why, and the caller's reference."""

    amount: int | None
    reason: str = ""
    reference: str = ""


async def move(
    tx: Tx, caller: Caller, giver: Identifier, receiver: Identifier, moving: Moving, move_id: str
) -> CreditChange:
    """Move store credit to another resident, who becomes the store's customer.

    It is taken as by a spend that may use restricted credit, and keeps its dates and restrictions:
    what has the same is one lot of the receiver's. Returns the giver's account. Raises
    ``ResidentNotFound``, ``ReceiverNotFound``, ``ReceiverIsOwner``, ``InsufficientCredit``, and
    ``CreditLimitExceeded`` for the receiver.
    """
    store_id = caller.store_id
    resident = await residents.find(tx, store_id, giver)
    other = await _find_receiver(tx, store_id, receiver)
    if other.uuid == resident.uuid:
        raise ReceiverIsOwner("credit")
    locked = await accounts.lock_each(tx, store_id, {resident.uuid, other.uuid})
    from_, to = locked[resident.uuid], locked[other.uuid]
    from_.wait_until(to.now)  # one instant decides for both
    to.wait_until(from_.now)
    changed = _move(from_, to, caller, moving, move_id)
    await accounts.save_each(tx, locked.values())
    return changed


def _move(
    from_: LockedAccount, to: LockedAccount, caller: Caller, moving: Moving, move_id: str
) -> CreditChange:
    lots = {lot.id: lot for lot in from_.open_lots}
    amount = moving.amount
    if amount is None:
        amount = sum(lot.remaining for lot in lots.values())
    moves = credit.take([*lots.values()], amount)
    if not moves:
        raise InsufficientCredit(0)
    begun = _begun([(lots[lot_id].terms, -delta) for lot_id, delta in moves], move_id)
    credit.check_sum(to, amount)
    if len(to.open_lots) + len(begun) > MAX_LOTS:
        raise CreditLimitExceeded(lots=MAX_LOTS)
    for account in (from_, to):
        account.settle(caller)
    from_.move(moves)
    taken = [lots[lot_id] for lot_id, _ in moves]
    left = _change(amount, moving, Move(move_id, to.resident_uuid))
    entry = from_.record(caller, "credit_moved", moves, left, stated=taken)
    _enter(to, caller, begun, _change(amount, moving, Move(move_id, from_.resident_uuid)))
    return credit.changed(from_, move_id, left, entry)


def _enter(to: LockedAccount, caller: Caller, begun: list[Lot], change: Change) -> None:
    moves: Moves = [(lot.id, lot.amount) for lot in begun]
    for lot in begun:
        to.begin(lot)
    to.record(caller, "credit_moved", moves, change, stated=begun)


def _begun(parts: list[tuple[LotTerms, int]], move_id: str) -> list[Lot]:
    """Return the receiver's new lots: what has the same terms is one."""
    sums = Counter[LotTerms]()
    for terms, amount in parts:
        sums[terms] += amount
    return [
        Lot(derived_id(move_id, number), amount, amount, terms.expires_at, terms.restricted)
        for number, (terms, amount) in enumerate(sums.items())
    ]


def _change(amount: int, moving: Moving, move: Move) -> Change:
    return Change(amount, moving.reason, moving.reference, move)


async def _find_receiver(tx: Tx, store_id: str, identifier: Identifier) -> Resident:
    try:
        return await residents.find(tx, store_id, identifier)
    except ResidentNotFound as failure:
        raise ReceiverNotFound(failure.identifier) from failure
