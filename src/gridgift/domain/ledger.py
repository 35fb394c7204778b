"""The ledger: the only place that changes a balance, and the only writer of entries.

Every account (so far: every card) has a chain of entries, numbered from 1 without gaps. An entry
keeps the delta, the balance and the other state after it, and the hash of the entry before; its
own hash covers all of that. So each account can be re-computed from its entries alone.
"""

import hashlib
from collections.abc import Callable
from typing import Any, Final

import msgspec

from gridgift.domain.model import Caller, CardState, Entry, EntryKind, GiftCard
from gridgift.storage.database import Tx

NO_HASH: Final = bytes(32)  # what the first entry of an account names as its predecessor

_encode = msgspec.json.Encoder(order="deterministic").encode


async def open_card(tx: Tx, caller: Caller, now: int, *, reason: str, **columns: Any) -> GiftCard:
    """Add a card with its credit (L$) and write its first entry, ``granted``."""
    row = await tx.one("card_add", store_id=caller.store_id, now=now, **columns)
    assert row is not None
    card = GiftCard.from_row(row)
    await _append(tx, caller, card, None, "granted", reason, now)
    return card


async def change_card(
    tx: Tx,
    caller: Caller,
    statement: str,
    card_id: str,
    now: int,
    *,
    kind: Callable[[Entry, GiftCard], EntryKind],
    reason: str = "",
    **values: Any,
) -> GiftCard | None:
    """Run a guarded UPDATE of one card and write its entry.

    The statement carries the guard; when it holds for no row, nothing changes and the answer is
    None. ``kind`` names the new entry, from the one before it and the card as it is now.
    """
    row = await tx.one(statement, store_id=caller.store_id, id=card_id, now=now, **values)
    if row is None:
        return None
    card = GiftCard.from_row(row)
    last = await last_entry(tx, caller.store_id, card_id)
    await _append(tx, caller, card, last, kind(last, card), reason, now)
    return card


async def last_entry(tx: Tx, store_id: str, card_id: str) -> Entry:
    """Return the newest entry of a card; its balance is the card's credit."""
    row = await tx.one("entry_last", store_id=store_id, account_kind="card", account_id=card_id)
    assert row is not None, "every card has an entry"
    return Entry(*row)


async def entries(tx: Tx, store_id: str, card_id: str) -> list[Entry]:
    """Return a card's whole chain, oldest first."""
    rows = await tx.all(
        "entries_of_account", store_id=store_id, account_kind="card", account_id=card_id
    )
    return [Entry(*row) for row in rows]


def entry_hash(entry: Entry) -> bytes:
    """SHA-256 over a canonical JSON array of all fields of the entry but the hash itself."""
    fields = [getattr(entry, name) for name in Entry.__struct_fields__ if name != "hash"]
    return hashlib.sha256(_encode(fields)).digest()


async def _append(
    tx: Tx,
    caller: Caller,
    card: GiftCard,
    last: Entry | None,
    kind: EntryKind,
    reason: str,
    now: int,
) -> None:
    entry = Entry(
        store_id=card.store_id,
        account_kind="card",
        account_id=card.id,
        seq=card.version,
        kind=kind,
        delta=card.credit - (last.balance_after if last else 0),
        balance_after=card.credit,
        state=_encode(CardState.of(card)).decode(),
        actor_kind=caller.actor_kind,
        actor_id=caller.actor_id,
        reason=reason,
        request_id=caller.request_id,
        created_at=now,
        previous_hash=last.hash if last else NO_HASH,
        hash=b"",
    )
    assert card.version == (last.seq + 1 if last else 1), "entries are numbered without gaps"
    entry = msgspec.structs.replace(entry, hash=entry_hash(entry))
    await tx.run("entry_add", **msgspec.structs.asdict(entry))
