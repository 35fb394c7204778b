"""What must be so of every account: its entries are a chain, and its rows are what they say."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gridgift.domain.ledger import NO_HASH, entry_hash
from gridgift.domain.model import Entry


def chain_faults(chain: Sequence[Entry]) -> Iterator[str]:
    """Check numbers, sums and hashes of an account's entries."""
    hash_before, balance = NO_HASH, 0
    for number, entry in enumerate(chain, 1):
        if entry.seq != number:
            yield f"entry {number} is missing: the next one is number {entry.seq}"
            return
        if entry.previous_hash != hash_before:
            yield f"entry {number} does not follow from the entry before it"
        if entry_hash(entry) != entry.hash:
            yield f"entry {number} was changed: its hash does not fit"
        if balance + entry.delta != entry.balance_after:
            yield (
                f"entry {number} has L$ {entry.balance_after} after {entry.delta:+}, "
                f"there was L$ {balance} before"
            )
        hash_before, balance = entry.hash, entry.balance_after


def differences(what: str, row: Mapping[str, Any], said: Mapping[str, Any]) -> Iterator[str]:
    """Compare a row with what the entries say of it; what they leave open (absent) may be any."""
    for name, value in said.items():
        if row[name] != value:
            yield f"{what} has {name} {row[name]}, its entries say {value}"
