"""Attesting: entries that state of lots and holds what earlier versions left out (section 10).

Those versions wrote no entry of when a lot ends, of what it is good for, or of what a hold reserves
and until when, so nothing can tell whether these were changed before. From an account's attesting
entry on, any change shows. Accounts with faults are left alone: theirs would be stated as well.
"""

from msgspec import Struct

from gridgift.domain import credit, holds
from gridgift.domain.model import Caller
from gridgift.domain.verify import Advance, Fault, Unstated, verify
from gridgift.storage.database import Tx


class Found(Struct, frozen=True):
    """Accounts of whose lots or holds something is not stated, without faults and with them."""

    sound: list[Unstated]
    faulty: list[Unstated]


async def find(tx: Tx, advance: Advance) -> Found:
    """Verify everything, and return the accounts that want an attesting entry."""
    unstated: list[Unstated] = []
    faulty: set[tuple[str, str]] = set()

    def note(fault: Fault) -> None:
        faulty.add((fault.store_id, fault.account_id))

    await verify(tx, note, advance, unstated.append)
    found = Found([], [])
    for each in unstated:
        (found.faulty if (each.store_id, each.account_id) in faulty else found.sound).append(each)
    return found


async def attest(tx: Tx, caller: Caller, unstated: Unstated) -> None:
    """State in the ledger what an account's lots or open holds are."""
    if unstated.account_kind == "card":
        await holds.attest(tx, caller, unstated.account_id, unstated.ids)
        return
    await credit.attest(tx, caller, unstated.account_id, unstated.ids)
