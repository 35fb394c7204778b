"""The ledger: the only place that changes a balance, and the only writer of entries.

Every account (a card, or a customer's store credit) has a chain of entries, numbered from 1
without gaps. An entry keeps the delta, the balance and the other state after it, and the hash of
the entry before; its own hash covers all of that. So each account can be re-computed from its
entries alone.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from gridgift.domain.model import AccountKind, Caller, CardState, Entry, EntryKind, GiftCard
from gridgift.domain.paging import Page, Position, page_of
from gridgift.storage.database import Tx
from gridgift.storage.listing import ENTRIES_OF_ACCOUNT

NO_HASH: Final = bytes(32)  # what the first entry of an account names as its predecessor

KEY_TYPES: Final = ENTRIES_OF_ACCOUNT.types()  # of every list of entries

encode_state: Final = msgspec.json.Encoder(order="deterministic").encode


class Opening(Struct, frozen=True):
    """A new card as it is to be, who opens it and why; ``source`` is the card that it replaces."""

    caller: Caller
    card: GiftCard
    reason: str
    kind: EntryKind = "granted"
    source: str | None = None


async def open_cards(tx: Tx, openings: Sequence[Opening]) -> None:
    """Add new cards, each with its credit (L$) and first entry.

    The owners must be customers of the store; nothing may be left for the database to refuse.
    """
    entries = [
        _entry_of_card(
            each.caller, each.card, None, each.kind, each.reason, each.source, each.card.created_at
        )
        for each in openings
    ]
    await tx.many("card_put", [_columns(each.card) for each in openings])
    await tx.many("entry_add", [msgspec.structs.astuple(entry) for entry in entries])


async def change_card(
    tx: Tx,
    caller: Caller,
    statement: str,
    card_id: str,
    now: int,
    *,
    kind: Callable[[Entry, GiftCard], EntryKind],
    reason: str = "",
    source: str | None = None,
    **values: Any,
) -> GiftCard | None:
    """Run a guarded UPDATE of one card and write its entry.

    The statement carries the guard; when it holds for no row, nothing changes and the answer is
    None. ``kind`` names the new entry, from the one before it and the card as it is now;
    ``source`` says where the card came from (its former owner, at a transfer).
    """
    row = await tx.one(statement, store_id=caller.store_id, id=card_id, now=now, **values)
    if row is None:
        return None
    card = GiftCard.from_row(row)
    last = await last_entry(tx, caller.store_id, "card", card_id)
    assert last is not None, "every card has an entry"
    await append(tx, _entry_of_card(caller, card, last, kind(last, card), reason, source, now))
    return card


async def append(tx: Tx, entry: Entry) -> None:
    """Write an entry."""
    await tx.run("entry_add", **msgspec.structs.asdict(entry))


def next_entry(
    caller: Caller,
    account_kind: AccountKind,
    account_id: str,
    last: Entry | None,
    kind: EntryKind,
    balance_after: int,
    state: bytes,
    reason: str,
    now: int,
) -> Entry:
    """Make the entry that follows ``last`` (None: the account's first), with its hash."""
    entry = Entry(
        store_id=caller.store_id,
        account_kind=account_kind,
        account_id=account_id,
        seq=last.seq + 1 if last else 1,
        kind=kind,
        delta=balance_after - (last.balance_after if last else 0),
        balance_after=balance_after,
        state=state.decode(),
        actor_kind=caller.actor_kind,
        actor_id=caller.actor_id,
        reason=reason,
        request_id=caller.request_id,
        created_at=now,
        previous_hash=last.hash if last else NO_HASH,
        hash=b"",
    )
    return msgspec.structs.replace(entry, hash=entry_hash(entry))


async def last_entry(
    tx: Tx, store_id: str, account_kind: AccountKind, account_id: str
) -> Entry | None:
    """Return the newest entry of an account; its balance is the account's."""
    row = await tx.one(
        "entry_last", store_id=store_id, account_kind=account_kind, account_id=account_id
    )
    return None if row is None else Entry(*row)


async def entries(
    tx: Tx,
    store_id: str,
    account_kind: AccountKind,
    account_id: str,
    after: int = 0,
    rows: int = 1_000_000_000,
) -> list[Entry]:
    """Return the entries of an account that follow number ``after``, oldest first."""
    return await _read(tx, store_id, account_kind, account_id, Position((after,)), rows - 1)


async def list_of(
    tx: Tx,
    store_id: str,
    account_kind: AccountKind,
    account_id: str,
    position: Position,
    limit: int,
) -> Page[Entry]:
    """Return a page of at most ``limit`` entries of an account, oldest first."""
    found = await _read(tx, store_id, account_kind, account_id, position, limit)
    return page_of(found, position, limit, lambda entry: (entry.seq,))


async def _read(
    tx: Tx,
    store_id: str,
    account_kind: AccountKind,
    account_id: str,
    position: Position,
    limit: int,
) -> list[Entry]:
    """Return at most ``limit + 1`` entries on one side of a position, nearest first."""
    found = await tx.all(
        ENTRIES_OF_ACCOUNT.statement(position),
        store_id=store_id,
        account_kind=account_kind,
        account_id=account_id,
        **ENTRIES_OF_ACCOUNT.values(position, limit),
    )
    return [Entry(*row) for row in found]


def entry_hash(entry: Entry) -> bytes:
    """SHA-256 over a canonical JSON array of all fields of the entry but the hash itself."""
    *fields, _ = msgspec.structs.astuple(entry)
    return hashlib.sha256(encode_state(fields)).digest()


def _entry_of_card(
    caller: Caller,
    card: GiftCard,
    last: Entry | None,
    kind: EntryKind,
    reason: str,
    source: str | None,
    now: int,
) -> Entry:
    state = encode_state(CardState.of(card, source))
    entry = next_entry(caller, "card", card.id, last, kind, card.credit, state, reason, now)
    assert entry.seq == card.version, "a card's version is the number of its entries"
    return entry


def _columns(card: GiftCard) -> tuple[Any, ...]:
    """Return a card's columns in the order of ``card_put``."""
    return (
        card.store_id, card.id, card.owner_uuid, card.credit, card.active, card.redeemed,
        card.transfer, card.texture, card.purchased, card.expires_at, card.version,
        card.created_at, card.updated_at,
    )  # fmt: skip
