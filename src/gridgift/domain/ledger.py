"""The ledger: the only writer of entries, and the place where new cards are opened.

Every account (a card, or a customer's store credit) has a chain of entries, numbered from 1
without gaps. An entry keeps the delta, the balance and the other state after it, and the hash of
the entry before; its own hash covers all of that. So each account can be re-computed from its
entries alone.
"""

import hashlib
from collections.abc import Sequence
from typing import Any, Final, Self

import msgspec
from msgspec import Struct

from gridgift.domain import labels
from gridgift.domain.ids import NIL_UUID
from gridgift.domain.model import (
    AccountKind,
    Caller,
    CardChange,
    CardState,
    CreditState,
    Entry,
    EntryKind,
    GiftCard,
    Hold,
    Labels,
)
from gridgift.domain.paging import Keys, Page, Position, page_of, read_page
from gridgift.storage.database import Tx
from gridgift.storage.listing import ENTRIES_OF_ACCOUNT

MAX_ENTRIES: Final = 1_000_000_000  # of one account, that are read at once
HEAD_BYTES: Final = 16  # of a hash, in what is read of a card: half of it tells all entries apart
NO_HASH: Final = bytes(32)  # what the first entry of an account names as its predecessor

ABOUT_HOLDS: Final[frozenset[EntryKind]] = frozenset(
    {"held", "hold_extended", "captured", "voided", "attested"}
)

KEY_TYPES: Final = ENTRIES_OF_ACCOUNT.types()  # of every list of entries

encode_state: Final = msgspec.json.Encoder(order="deterministic").encode
read_card_state: Final = msgspec.json.Decoder(CardState).decode
read_credit_state: Final = msgspec.json.Decoder(CreditState).decode


class EntryNote(Struct, frozen=True):
    """What an entry says about a change: its kind, the reason, and what else took part.

    ``source`` is a card's former owner at a transfer, the other card at a reissue; ``hold`` is what
    the change is about; ``labels`` are those that the card has from this entry on.
    """

    kind: EntryKind
    reason: str = ""
    source: str | None = None
    hold: Hold | None = None
    labels: Labels | None = None


class EntryDraft(Struct, frozen=True):
    """An entry before it has its number, its delta and its hashes."""

    account_kind: AccountKind
    account_id: str
    kind: EntryKind
    reason: str
    balance_after: int
    state: CardState | CreditState

    @classmethod
    def of_card(cls, card: GiftCard, note: EntryNote) -> "EntryDraft":
        """Draft the entry of a card that is now as given."""
        state = CardState.of(card, note.source, note.hold, note.labels)
        return cls("card", card.id, note.kind, note.reason, card.credit, state)


class Opening(Struct, frozen=True):
    """A new card as it is to be, who opens it, and what its first entry says.

    ``card_note`` is what is noted on it in a second entry ("": there is none).
    """

    caller: Caller
    card: GiftCard
    note: EntryNote
    card_note: str = ""


class Tip(Struct, frozen=True):
    """Where an account's chain ends: the newest entry's number, balance (L$) and hash."""

    seq: int = 0
    balance: int = 0
    hash: bytes = NO_HASH

    @classmethod
    def of(cls, last: Entry | None) -> Self:
        """Return the tip that an entry is (None: there is none yet)."""
        return cls() if last is None else cls(last.seq, last.balance_after, last.hash)


async def open_cards(tx: Tx, openings: Sequence[Opening]) -> list[CardChange]:
    """Add new cards of a store, each with its credit (L$) and first entry; return them in order.

    The owners must be customers of the store; nothing may be left for the database to refuse.
    Raises ``TransactionConflict`` for a reference that another transaction has taken meanwhile.
    """
    entries = [_entry_of(each, Tip(), each.note) for each in openings]
    noted = {
        each.card.id: _entry_of(each, Tip.of(entry), EntryNote("noted", each.card_note))
        for each, entry in zip(openings, entries, strict=True)
        if each.card_note
    }
    newest = [noted.get(entry.account_id, entry) for entry in entries]
    await tx.many("card_put", _card_rows(openings, newest))
    await append(tx, [*entries, *noted.values()])
    labelled = {each.card.id: each.note.labels for each in openings if each.note.labels}
    if labelled:
        await labels.add(tx, openings[0].card.store_id, labelled)
    return [
        CardChange(_opened(each.card, last), 0, entry)
        for each, entry, last in zip(openings, entries, newest, strict=True)
    ]


def _entry_of(opening: Opening, tip: Tip, note: EntryNote) -> Entry:
    """Make the next entry of a card that is opened."""
    card = opening.card
    return next_entry(opening.caller, card.created_at, tip, EntryDraft.of_card(card, note))


def _opened(card: GiftCard, newest: Entry) -> GiftCard:
    """Return a new card as it is after its newest entry."""
    return msgspec.structs.replace(card, version=newest.seq, head=head_of(newest.hash))


async def append(tx: Tx, entries: Sequence[Entry]) -> None:
    """Write entries, each the next of its account, and the events that they are."""
    await tx.many("entry_add", [msgspec.structs.astuple(entry) for entry in entries])
    await tx.many(
        "event_add", [_event_columns(entry) for entry in entries if entry.kind != "attested"]
    )


def next_entry(caller: Caller, now: int, tip: Tip, draft: EntryDraft) -> Entry:
    """Make the entry that follows the tip of an account's chain, with its hash."""
    entry = Entry(
        store_id=caller.store_id,
        account_kind=draft.account_kind,
        account_id=draft.account_id,
        seq=tip.seq + 1,
        kind=draft.kind,
        delta=draft.balance_after - tip.balance,
        balance_after=draft.balance_after,
        state=encode_state(draft.state).decode(),
        actor_kind=caller.actor_kind,
        actor_id=caller.actor_id,
        reason=draft.reason,
        request_id=caller.request_id,
        created_at=now,
        previous_hash=tip.hash,
        hash=b"",
    )
    return msgspec.structs.replace(entry, hash=entry_hash(entry))


async def entries(
    tx: Tx,
    store_id: str,
    account_kind: AccountKind,
    account_id: str,
    after: int = 0,
    rows: int = MAX_ENTRIES,
) -> list[Entry]:
    """Return the entries of an account that follow number ``after``, oldest first."""
    position = Position((after,))
    return [*(await list_of(tx, store_id, account_kind, account_id, position, rows)).rows]


async def list_of(
    tx: Tx,
    store_id: str,
    account_kind: AccountKind,
    account_id: str,
    position: Position,
    limit: int,
) -> Page[Entry]:
    """Return a page of at most ``limit`` entries of an account, oldest first."""
    return await read_page(
        tx, ENTRIES_OF_ACCOUNT, position, limit, Entry, lambda entry: (entry.seq,),
        store_id=store_id, account_kind=account_kind, account_id=account_id,
    )  # fmt: skip


async def list_between(
    tx: Tx, store_id: str, begins_at: int, ends_at: int, position: Position, limit: int
) -> Page[Entry]:
    """Return those of a store's next ``limit`` entries that were written in a time, milliseconds.

    The time's end is not in it. Entries come account by account, cards first, each oldest first. A
    page may have none although there are more: entries have no order by time that costs a grant
    nothing.
    """
    kind, account_id, seq = position.keys or ("", NIL_UUID, 0)
    rows = await tx.all(
        "entries_after",
        store_id=store_id, account_kind=kind, account_id=account_id, seq=seq, rows=limit + 1,
    )  # fmt: skip
    page = page_of([Entry(*row) for row in rows], position, limit, _place)
    written = [entry for entry in page.rows if begins_at <= entry.created_at < ends_at]
    return Page(written, page.next, page.previous)


def _place(entry: Entry) -> Keys:
    """Return where an entry stands among all of a store's."""
    return entry.account_kind, entry.account_id, entry.seq


def hold_of(entry: Entry) -> str:
    """Return the id of the hold that an entry is about; in old entries it is the reason."""
    try:
        return read_card_state(entry.state).hold or entry.reason
    except msgspec.DecodeError:
        return entry.reason


def reason_of(entry: Entry) -> str:
    """Return why a card's entry was written; the id of a hold, in old entries, is no reason."""
    about_hold = entry.kind in ABOUT_HOLDS and entry.reason == hold_of(entry)
    return "" if about_hold else entry.reason


def head_of(entry_hash: bytes) -> str:
    """Return how a card names the newest entry of its chain: half of its hash, in hexadecimal."""
    return entry_hash[:HEAD_BYTES].hex()


def entry_hash(entry: Entry) -> bytes:
    """Return SHA-256 over a canonical JSON array of all fields of the entry but the hash itself."""
    *fields, _ = msgspec.structs.astuple(entry)
    return hashlib.sha256(encode_state(fields)).digest()


def with_head(card: GiftCard, newest_hash: bytes) -> GiftCard:
    """Return a card that names its newest entry, whose hash is given."""
    return msgspec.structs.replace(card, head=head_of(newest_hash))


def _event_columns(entry: Entry) -> tuple[Any, ...]:
    """Return an entry's event in the order of ``event_add``."""
    return entry.store_id, entry.account_kind, entry.account_id, entry.seq, entry.created_at


def _card_rows(openings: Sequence[Opening], entries: Sequence[Entry]) -> list[tuple[Any, ...]]:
    """Return new cards' columns in the order of ``card_put``; of each card its newest entry."""
    return [
        (
            card.store_id, card.id, card.owner_uuid, card.credit, card.active, card.redeemed,
            card.transfer, card.texture, card.purchased, card.expires_at, entry.seq,
            card.created_at, card.updated_at, entry.hash,
        )
        for card, entry in zip((each.card for each in openings), entries, strict=True)
    ]  # fmt: skip
