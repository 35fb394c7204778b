"""Every column has a verdict: verify finds that it was changed, or it decides nothing.

The columns are those of the database itself, on each engine, so a new one without a verdict fails.
Rows are changed as by someone with the database's own rights: without triggers and foreign keys.
"""

import sqlite3
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any, Final, Protocol

import asyncpg
import pytest

from gridgift.domain import imports, verify
from gridgift.domain.bulk import GrantRow
from gridgift.domain.giftcards import Terms
from gridgift.domain.ids import new_id
from gridgift.domain.residents import Identifier
from gridgift.storage.tables import Table, tables
from tests.api import KELLY
from tests.domain.fixture import DomainFixture
from tests.domain.test_verify import TRIGGERS, FilledStore

NAMES: Final = "whom a grant by name reaches; entries and accounts have the UUID that it reached"
SETTINGS: Final = "a setting for what is to come; what was granted states its own"
ACCESS: Final = "who may ask; what was done on it has an entry that names who"
ANSWERS: Final = "what was answered, for 7 days; what was done has entries of its own"
TOLD: Final = "to whom events are told; what happened has entries of its own"
UNITS: Final = "whether a unit gives a card; each one that it gave has an entry that names the unit"
OF_A_FILE: Final = "which file it is of; its grants have entries of their own"

DECIDES_NOTHING: Final = {
    "residents.uuid": NAMES,
    "residents.username": NAMES,
    "residents.updated_at": NAMES,
    "resident_names.username": NAMES,
    "resident_names.resident_uuid": NAMES,
    "resident_names.seen_at": NAMES,
    "resident_names.noted_by": NAMES,
    "store_names.store_id": NAMES,
    "store_names.username": NAMES,
    "store_names.noted_at": NAMES,
    "customers.language": "what a resident is told in; nothing is computed from it",
    "customers.created_at": "when somebody became a customer; nothing is computed from it",
    "stores.name": SETTINGS,
    "stores.logo": SETTINGS,
    "stores.blog_listed": SETTINGS,
    "stores.application_open": SETTINGS,
    "stores.base_bonus": SETTINGS,
    "stores.group_bonus": SETTINGS,
    "stores.location_slurl": SETTINGS,
    "stores.owner_uuid": SETTINGS,
    "stores.created_at": SETTINGS,
    "stores.card_lifetime": SETTINGS,
    "stores.customer_origin": SETTINGS,
    "stores.time_zone": SETTINGS,
    "stores.announce": SETTINGS,
    "stores.contact": SETTINGS,
    "imports.digest": OF_A_FILE,
    "imports.store_id": OF_A_FILE,
    "imports.started_at": "when it began; nothing is computed from it",
    "imports.file": OF_A_FILE,
    "imports.undone_at": "when it was undone; the cards that were disabled have entries of it",
    "import_cards.store_id": OF_A_FILE,
    "import_cards.digest": OF_A_FILE,
    "import_cards.card_id": OF_A_FILE,
    "imports.finished_at": "whether it may begin anew; rows_done says where it goes on",
    **dict.fromkeys(
        [f"sendings.{name}" for name in ("store_id", "id", "digest", "file", "text", "terms",
         "row_count", "actor_id", "created_at", "sent_at", "done_at")],
        "what is to be granted; what was granted is in the ledger",
    ),
    **dict.fromkeys(
        [f"bulk_changes.{name}" for name in ("store_id", "id", "terms", "card_count", "rows_done",
         "place", "checked_at", "changed", "unchanged", "refused", "actor_id", "created_at",
         "started_at", "done_at")]
        + [f"bulk_change_cards.{name}" for name in ("store_id", "change_id", "outcome", "number",
           "card_id", "problem")]
        + [f"bulk_change_parts.{name}" for name in ("store_id", "change_id", "first", "card_ids")],
        "what is to be changed; what was changed is in the ledger",
    ),
    "import_refusals.number": "a line of the report on refused rows",
    "import_refusals.problem": "a line of the report on refused rows",
    **dict.fromkeys(
        [f"events.{name}" for name in ("store_id", "position", "account_kind", "account_id", "seq",
         "created_at", "type", "details")],
        "tells of entries, which are what counts, and of what moves no money",
    ),
    **dict.fromkeys(
        [f"webhooks.{name}" for name in ("store_id", "id", "url", "types", "format",
         "secret_version", "previous_until", "active", "disabled_reason", "failing_since",
         "created_at", "updated_at", "deleted_at", "position", "account_kind", "account_id",
         "seq")],
        TOLD),
    **dict.fromkeys(
        [f"webhook_deliveries.{name}" for name in ("store_id", "webhook_id", "id", "position",
         "account_kind", "account_id", "seq", "event_id", "event_type", "state", "attempts",
         "step", "next_attempt_at", "claimed_until", "created_at", "finished_at")],
        TOLD),
    **dict.fromkeys(
        [f"webhook_attempts.{name}" for name in ("store_id", "webhook_id", "delivery_id",
         "number", "at", "status", "milliseconds", "response", "error")],
        TOLD),
    **dict.fromkeys(
        [f"feed.{name}" for name in ("id", "base", "expiring_until", "expiring_id", "lapsed_until",
         "lapsed_id")],
        "how far the clock's events were told",
    ),
    **dict.fromkeys(
        [f"server_secret.{name}" for name in ("id", "fingerprint", "noted_at")], ACCESS),
    **dict.fromkeys(
        [f"api_keys.{name}" for name in ("store_id", "id", "name", "hash", "preview", "scopes",
         "created_at", "expires_at", "revoked_at", "last_used_at")], ACCESS),
    **dict.fromkeys(
        [f"customer_tokens.{name}" for name in ("store_id", "id", "resident_uuid", "hash",
         "created_at", "expires_at", "revoked_at")], ACCESS),
    **dict.fromkeys(
        [f"units.{name}" for name in ("store_id", "id", "kind", "name", "credit", "texture",
         "group_only", "starts_at", "ends_at", "max_cards", "max_cards_a_day", "max_credit",
         "min_account_days", "usernames", "paused", "round", "cards", "granted", "day",
         "cards_that_day", "code_hash", "code_until", "pairings", "object_uuid",
         "object_owner_uuid", "paired_at", "seen_at", "created_at", "updated_at",
         "silence_told", "transferable")], UNITS),
    **dict.fromkeys(
        [f"unit_purchases.{name}" for name in ("store_id", "unit_id", "nonce", "digest",
         "payer_uuid", "amount", "paid_at", "card_id", "refund", "created_at", "refund_begun_at",
         "refunded_at", "refunded_by_kind", "refunded_by", "refund_note")], UNITS),
    **dict.fromkeys(
        [f"questions.{name}" for name in ("store_id", "wanted", "id", "until_at", "handed_at",
         "missed")], "what a directory is asked; names decide about no money"),
    **dict.fromkeys(
        [f"announcements.{name}" for name in ("store_id", "card_id", "resident_uuid",
         "created_at", "taken_at")], "who is to be told of a card; each end is an entry"),
    "unit_stores.unit_id": UNITS,
    "unit_stores.store": UNITS,
    **dict.fromkeys(
        [f"unit_claims.{name}" for name in ("store_id", "unit_id", "round", "resident_uuid",
         "card_id", "credit", "created_at")], UNITS),
    **dict.fromkeys(
        [f"operators.{name}" for name in ("id", "login", "name", "password", "created_at")]
        + [f"operator_stores.{name}" for name in ("store", "operator_id", "role", "added_at")]
        + [f"operator_links.{name}" for name in ("operator_id", "hash", "expires_at")]
        + [f"operator_sessions.{name}" for name in ("id", "hash", "operator_id", "chosen_store",
           "created_at", "seen_at", "address", "browser", "by_link")]
        + [f"operator_second_factors.{name}" for name in ("operator_id", "seed", "since",
           "last_step", "wrong", "wrong_at")]
        + [f"operator_recovery_codes.{name}" for name in ("operator_id", "hash")]
        + [f"operator_sign_ins.{name}" for name in ("hash", "operator_id", "by_link",
           "expires_at")], ACCESS),
    **dict.fromkeys(
        [f"verifications.{name}" for name in ("store_id", "finished_at", "faults", "cards",
         "card_credit", "customers", "store_credit")],
        "tells what verify found; it decides about nothing",
    ),
    **dict.fromkeys(
        [f"saved_views.{name}" for name in ("store_id", "operator_id", "id", "name", "query")],
        "what a search of cards is called"),
    **dict.fromkeys(
        [f"operator_actions.{name}" for name in ("store_id", "id", "at", "operator", "deed",
         "subject_id", "about", "address", "browser")],
        "tells what people did; what moved money has an entry besides",
    ),
    **dict.fromkeys(
        [f"idempotency_keys.{name}" for name in ("store_id", "key", "fingerprint", "created_at",
         "answer")], ANSWERS),
}  # fmt: skip

FOUND: Final = [
    f"{table}.{column}"
    for table, columns in {
        "stores": "id",
        "customers": "store_id resident_uuid version spent balance",
        "gift_cards": "store_id id owner_uuid credit active redeemed transfer texture purchased "
        "expires_at version created_at updated_at held_until expiry_noted head head_seq",
        "gift_card_labels": "store_id card_id reference metadata",
        "gift_card_tags": "store_id card_id tag",
        "holds": "store_id card_id id amount state expires_at created_at captured",
        "credit_lots": "store_id resident_uuid id amount remaining expires_at restricted "
        "created_at",
        "credit_spends": "store_id resident_uuid id amount refunded reference created_at",
        "credit_spend_lots": "store_id resident_uuid spend_id position lot_id taken restored",
        "entries": "store_id account_kind account_id seq kind delta balance_after state actor_kind "
        "actor_id reason request_id created_at previous_hash hash",
        "imports": "rows_done granted skipped refused",
        "import_refusals": "store_id digest",
    }.items()
    for column in columns.split()
]
PER_KIND: Final = {"entries": "kind"}  # of tables with many rows the first of each kind will do


class Raw(Protocol):
    """A connection past all guards."""

    def execute(self, statement: str, *values: Any) -> bool:
        """Run a statement; False: the schema itself refuses it."""

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Return rows."""


class RawSQLite:
    """SQLite without triggers and foreign keys."""

    def __init__(self, path: Any) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None)
        for trigger in TRIGGERS:
            self.connection.execute(f"DROP TRIGGER {trigger}")

    def execute(self, statement: str, *values: Any) -> bool:
        try:
            self.connection.execute(statement, values)
        except (sqlite3.IntegrityError, sqlite3.DataError):
            return False
        except sqlite3.OperationalError as error:
            if "malformed JSON" not in str(error):  # which an index would have to read
                raise
            return False
        return True

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(statement).fetchall()


class RawPostgres:
    """PostgreSQL in the role in which neither triggers nor foreign keys fire."""

    def __init__(self, run: Callable[[Any], Any], url: str) -> None:
        self.run = run
        self.connection = run(asyncpg.connect(url))
        run(self.connection.execute("SET session_replication_role = replica"))

    def execute(self, statement: str, *values: Any) -> bool:
        for number in range(1, len(values) + 1):
            statement = statement.replace("?", f"${number}", 1)
        try:
            self.run(self.connection.execute(statement, *values))
        except (asyncpg.IntegrityConstraintViolationError, asyncpg.DataError):
            return False
        return True

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self.run(self.connection.fetch(statement))]


@pytest.fixture
def filled(domain: DomainFixture) -> FilledStore:
    """A store in which everything has happened, and an import that broke off."""
    store = FilledStore(domain)
    begun = store.write(imports.begin, domain.store.id, bytes(32), again=False)
    rows = [GrantRow(Identifier(uuid=KELLY.uuid), Terms(5)),
            GrantRow(Identifier(username="no.one"), Terms(5))]  # fmt: skip
    store.write(imports.grant, domain.caller, begun, rows, [new_id(), new_id()])
    return store


@pytest.fixture
def raw(filled: FilledStore) -> Iterator[Raw]:
    """The same database, past all its guards."""
    domain = filled.domain
    if domain.settings.sqlite_path is not None:
        opened = RawSQLite(domain.settings.sqlite_path)
        with closing(opened.connection):
            yield opened
        return
    connected = RawPostgres(domain.run, domain.settings.database_url)
    yield connected
    domain.run(connected.connection.close())


def others(value: Any) -> Iterator[Any]:
    """Propose other values; the schema takes one of them, or the value can't be changed."""
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (value + 1, value - 1)
    elif isinstance(value, bytes):
        yield value[:-1] + bytes([value[-1] ^ 1])
    elif isinstance(value, uuid.UUID) or (isinstance(value, str) and value.count("-") == 4):
        yield type(value)(new_id())
    elif isinstance(value, str):
        yield from ("captured", "voided", "open", f"{value}x")
        yield from (False, 1)
    yield from (5, new_id(), uuid.UUID(new_id()), None)


def chosen(table: Table, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Return the rows of a table to tamper with, each for itself."""
    if table.name not in PER_KIND:
        return rows
    place = table.columns.index(PER_KIND[table.name])
    return list({row[place]: row for row in reversed(rows)}.values())


def tampered(raw: Raw, table: Table, column: str) -> Iterator[bool]:
    """Change one column of each row in turn, and put it back; yield while a row is changed."""
    listed = ", ".join(table.columns)
    where = " AND ".join(f"{name} = ?" for name in table.columns if name in table.key)
    insert = f"INSERT INTO {table.name} ({listed}) VALUES ({', '.join('?' * len(table.columns))})"
    for row in chosen(table, raw.rows(f"SELECT {listed} FROM {table.name}")):
        values = dict(zip(table.columns, row, strict=True))
        key = [value for name, value in values.items() if name in table.key]
        update = f"UPDATE {table.name} SET {column} = ? WHERE {where}"
        for other in others(values[column]):
            if other != values[column] and raw.execute(update, other, *key):
                yield True
                changed = values | {column: other}
                moved = [value for name, value in changed.items() if name in table.key]
                assert raw.execute(f"DELETE FROM {table.name} WHERE {where}", *moved)
                assert raw.execute(insert, *row)
                break
        else:
            yield False


def faults(domain: DomainFixture) -> int:
    """Verify, and return how many faults there are."""
    number: int = domain.read(verify.verify, lambda fault: None, lambda seen: None)
    return number


@pytest.mark.contract("10.64")
def test_every_column_has_one_verdict(domain: DomainFixture) -> None:
    found = [f"{table.name}.{column}" for table in domain.read(tables)
             for column in table.columns]  # fmt: skip
    verdicts = [*FOUND, *DECIDES_NOTHING]
    assert len(verdicts) == len(set(verdicts))
    assert set(found) == set(verdicts), "say of each column whether it decides about money"


TABLES: Final = sorted({name.partition(".")[0] for name in FOUND})


@pytest.mark.contract("10.64")
@pytest.mark.parametrize("name", TABLES)
def test_tampering_is_found(filled: FilledStore, raw: Raw, name: str) -> None:
    (table,) = [each for each in filled.domain.read(tables) if each.name == name]
    assert faults(filled.domain) == 0
    missed: dict[str, int] = defaultdict(int)
    changed: dict[str, int] = defaultdict(int)
    for column in (column for column in table.columns if f"{name}.{column}" in FOUND):
        for is_changed in tampered(raw, table, column):
            if is_changed:
                changed[column] += 1
                missed[column] += faults(filled.domain) == 0
    assert set(changed) == {c for c in table.columns if f"{name}.{c}" in FOUND}
    assert not sum(missed.values()), dict(missed)
    assert faults(filled.domain) == 0, "all is as it was"
