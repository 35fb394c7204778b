"""Looks behind the API: what a request left in the database, and whether it adds up."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import pytest

from gridgift.domain import ledger, verify
from gridgift.domain.model import Entry
from tests.api import ApiFixture

TABLES: Final = (
    "gift_cards", "entries", "customers", "idempotency_keys", "holds", "credit_lots",
    "credit_spends", "credit_spend_lots", "customer_tokens", "gift_card_labels", "gift_card_tags",
)  # fmt: skip
# and what requests write of rows that a job writes too, at any moment
SELECTS: Final = (
    *(f"SELECT * FROM {table}" for table in TABLES),
    "SELECT id, url, types, format, active, secret_version, previous_until, updated_at, deleted_at "
    "FROM webhooks",
    "SELECT id, state FROM webhook_deliveries WHERE state <> 'pending'",
)
ROWS_OF_ALL: Final = " UNION ALL ".join(
    f"SELECT '{number}', each_row::text FROM ({select}) each_row"
    for number, select in enumerate(SELECTS)
)

# For what the edge alone decides: the engine behind it plays no part.
one_engine: Final = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


def everything(api: ApiFixture) -> list[Any]:
    """Return all rows that a write could touch."""
    if api.settings.sqlite_path is None:  # where every statement is a round trip
        return sorted(api.sql(ROWS_OF_ALL))
    return [sorted(api.sql(select), key=repr) for select in SELECTS]


@contextmanager
def unchanged(api: ApiFixture) -> Iterator[None]:
    """Assert that the block leaves no trace in the database."""
    before = everything(api)
    yield
    assert everything(api) == before


def check_chain(entries: Sequence[Entry]) -> None:
    """Assert that entries are numbered, add up, and hash each its predecessor."""
    balance, previous = 0, ledger.NO_HASH
    for number, entry in enumerate(entries, 1):
        balance += entry.delta
        assert (entry.seq, entry.balance_after) == (number, balance)
        assert (entry.previous_hash, entry.hash) == (previous, ledger.entry_hash(entry))
        previous = entry.hash


def clean(api: ApiFixture) -> None:
    """Assert that verify finds nothing."""
    found: list[verify.Fault] = []
    api.read(verify.verify, found.append, lambda seen: None)
    assert found == []
