"""The rows that a grant leaves behind, made by the domain's own functions."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec
from msgspec import Struct

from bench import dataset
from gridgift.domain.giftcards import etag
from gridgift.domain.ledger import NO_HASH, encode_state, entry_hash, head_of
from gridgift.domain.model import CardState, Entry, GiftCard
from gridgift.http.api.grants import GrantGiftCardRequest
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.request import fingerprint
from gridgift.storage.queries import named
from gridgift.views import GiftCardResponse

Row = tuple[Any, ...]

COLUMNS: Final = {
    "residents": ("uuid", "username", "updated_at"),
    "resident_names": ("username", "resident_uuid", "seen_at"),
    "customers": ("store_id", "resident_uuid", "created_at"),
    "gift_cards": (
        "store_id", "id", "owner_uuid", "credit", "active", "redeemed", "transfer", "texture",
        "purchased", "expires_at", "version", "created_at", "updated_at", "head", "head_seq",
    ),
    "entries": Entry.__struct_fields__,
    "idempotency_keys": (
        "store_id", "key", "fingerprint", "answer", "created_at",
    ),
}  # fmt: skip

EVENT: Final = named("event_add")  # the server's own: it finds the event's position as well


class Grant(Struct, frozen=True):
    """The rows of one grant: customer, card, first entry, kept answer, and the entry's event."""

    customer: Row
    card: Row
    entry: Row
    answer: Row
    event: Row


def card_and_entry(
    card_id: str, store: int, owner: int, credit: int, now: int
) -> tuple[GiftCard, Entry]:
    """Make a granted card and the first entry of its ledger."""
    store_id = dataset.store_id(store)
    card = GiftCard(
        store_id, card_id, dataset.resident_uuid(owner), dataset.username(owner), credit,
        True, False, False, None, False, None, 1, now, now,
    )  # fmt: skip
    entry = Entry(
        store_id, "card", card_id, 1, "granted", credit, credit,
        encode_state(CardState.of(card)).decode(), "key", dataset.key_id(store), "", "bench", now,
        NO_HASH, b"",
    )  # fmt: skip
    entry = msgspec.structs.replace(entry, hash=entry_hash(entry))
    return msgspec.structs.replace(card, head=head_of(entry.hash)), entry


def card_row(card: GiftCard, entry: Entry) -> Row:
    """Take the stored columns out of a card and its newest entry."""
    return (
        card.store_id, card.id, card.owner_uuid, card.credit, card.active, card.redeemed,
        card.transfer, card.texture, card.purchased, card.expires_at, card.version,
        card.created_at, card.updated_at, entry.hash, entry.seq,
    )  # fmt: skip


def event_row(entry: Entry) -> Row:
    """Make the values for ``EVENT`` of an entry."""
    return entry.store_id, entry.account_kind, entry.account_id, entry.seq, entry.created_at


def grant(card_id: str, store: int, owner: int, credit: int, key: str, now: int) -> Grant:
    """Make all rows of a grant that was sent with an idempotency key."""
    card, entry = card_and_entry(card_id, store, owner, credit, now)
    path = f"/v1/customers/{card.owner_uuid}/actions/grant-gift-card"
    digest = fingerprint("POST", path, None, GrantGiftCardRequest(credit))
    answer = Reply.json(GiftCardResponse.of(card), etag=etag(card)).pack()
    return Grant(
        customer=(card.store_id, card.owner_uuid, now),
        card=card_row(card, entry),
        entry=msgspec.structs.astuple(entry),
        answer=(card.store_id, key, digest, answer, now),
        event=event_row(entry),
    )


def seeded(first: int, end: int) -> dict[str, list[Row]]:
    """Make every table's rows for the cards from ``first`` up to ``end``."""
    tables: dict[str, list[Row]] = {name: [] for name in COLUMNS if name != "idempotency_keys"}
    for number in range(first, end):
        owner, store = dataset.owner_of(number), dataset.store_of(number)
        now, credit = dataset.instant(number), 100 + number % 900
        card, entry = card_and_entry(dataset.card_id(number), store, owner, credit, now)
        if owner == number:
            tables["residents"].append((card.owner_uuid, card.owner_username, now))
            tables["resident_names"].append((card.owner_username, card.owner_uuid, now))
            tables["customers"].append((card.store_id, card.owner_uuid, now))
        tables["gift_cards"].append(card_row(card, entry))
        tables["entries"].append(msgspec.structs.astuple(entry))
    return tables


def insert(table: str) -> str:
    """Write a plain INSERT of a table's row, in SQLite's dialect."""
    columns = COLUMNS[table]
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"


def chunks(cards: int, size: int = 10_000) -> Iterator[tuple[int, int]]:
    """Cut the cards' numbers into ranges of at most ``size``."""
    for first in range(0, cards, size):
        yield first, min(first + size, cards)
