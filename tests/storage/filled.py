"""A database with so many rows that a planner has a choice, filled by SQL in a moment.

Everything lies in one store; what has the number 7 has the same id in every table. Resident 1 owns
nearly all cards, and has the longest chain, the most holds, lots, spends and tokens.
"""

import asyncio
import re
from typing import Any, Final

from tests.api import START
from tests.domain.fixture import bare_sql

MANY: Final = 20_000
OWNED: Final = 100_000  # cards of one resident
RARE: Final = 30_000  # one card in so many is redeemed, or inactive

NOW: Final = START + MANY - 50
LATER: Final = START + 30 * 86_400_000


def uuid(kind: int, number: int) -> str:
    """Return the id that ``U(kind, number)`` stands for."""
    return f"{kind:08x}-0000-4000-8000-{number:012d}"


STORE: Final = uuid(2, 1)
OWNER: Final = uuid(1, 1)
THING: Final = uuid(3, 7)  # a card, a hold, a key, a lot, a spend, a token
PLAIN: Final = uuid(9, 2)  # an operator without a second factor
CARD: Final = uuid(3, 1)  # a card with a long history

ROWS: Final = f"""
residents {MANY}: SELECT U(1, i), 'r' || i, 1;
resident_names {MANY}: SELECT 'r' || i, U(1, i), 1, NULL;
stores (id, name, owner_uuid, created_at, customer_origin) 50:
    SELECT U(2, i), 'store ' || i, U(1, i * 300), 1, 'https://' || i;
resident_names {MANY}: SELECT 'n' || i, U(1, i), 1, U(2, 2);
store_names {MANY}: SELECT U(2, 1), 'n' || i, 1;
customers {MANY}: SELECT U(2, 1), U(1, i), 1, CASE WHEN i = 1 THEN {MANY} ELSE 1 END, i % 1000,
    i % 1000, '';
api_keys {MANY}: SELECT U(2, 1), U(3, i), 'key ' || i, BYTES, 'x', 'x', 1, NULL, NULL, 1;
gift_cards {OWNED}: SELECT U(2, 1), U(3, i), U(1, 1), 5, i % {RARE} <> 1, i % {RARE} = 2, FALSE,
    NULL, FALSE, CASE WHEN i % 3 = 0 THEN {START} END, CASE WHEN i = 1 THEN {MANY} ELSE 1 END, i, i,
    NULL, i % 3 = 0, BYTES, CASE WHEN i = 1 THEN {MANY} ELSE 1 END;
gift_cards {MANY}: SELECT U(2, 1), U(4, i), U(1, i), 5, i % 2 = 0, i % 3 = 0, FALSE, NULL, FALSE,
    CASE WHEN i % 100 = 0 THEN {START} END, 1, i, i, NULL, FALSE, BYTES, 1;
entries {MANY}: SELECT U(2, 1), 'card', U(4, i), 1, 'granted', 5, 5, '{{}}', 'key', '', '', '', i,
    BYTES, BYTES;
entries {MANY}: SELECT U(2, 1), 'card', U(3, 1), i, 'updated', 0, 5, '{{}}', 'key', '', '', '', i,
    BYTES, BYTES;
entries {MANY}: SELECT U(2, 1), 'credit', U(1, 1), i, 'credit_spent', 0, 5, '{{}}', 'key', '', '',
    '', i, BYTES, BYTES;
gift_card_labels {MANY}: SELECT U(2, 1), U(4, i), 'order ' || i, '{{}}';
gift_card_labels 20: SELECT U(2, 1), U(3, i), NULL, '{{}}';
gift_card_tags {MANY}: SELECT U(2, 1), U(4, i), 'vip';
gift_card_tags 20: SELECT U(2, 1), U(3, 7), 'tag ' || i;
entries {MANY}: SELECT U(2, 1), 'card', U(3, 2), i, CASE WHEN i % 4000 = 0 THEN 'noted' ELSE
    'updated' END, 0, 5, '{{}}', 'key', '', '', '', i, BYTES, BYTES;
events {MANY}: SELECT U(2, 1), i, 'card', U(3, 1), i, i, NULL, NULL;
webhooks {MANY}: SELECT U(2, 1), U(3, i), 'https://a.example/' || i, '[]', 'standard', 1,
    NULL, TRUE, NULL, NULL, 1, 1, NULL, i, 'card', U(3, 1), i;
webhook_deliveries {MANY}: SELECT U(2, 1), U(3, 7), U(3, i), i, 'card', U(3, 1), i, U(3, i),
    'gift_card.granted', CASE WHEN i % 100 = 0 THEN 'pending' ELSE 'delivered' END, 1, 1,
    CASE WHEN i % 100 = 0 THEN {START} + i END, NULL, i,
    CASE WHEN i % 100 = 0 THEN NULL ELSE {START} + i END;
webhook_attempts {MANY}: SELECT U(2, 1), U(3, 7), U(3, i), 1, i, 200, 5, 'ok', '';
feed 1: SELECT 1, 10000000, {LATER}, U(3, 1), {LATER}, U(3, 1);
idempotency_keys {MANY}: SELECT U(2, 1), 'key ' || i, BYTES, {START} + i, BYTES;
credit_lots {MANY}: SELECT U(2, 1), U(1, i), U(4, i), 5, 5, {LATER} + i, FALSE, 1;
credit_lots {MANY}: SELECT U(2, 1), U(1, 1), U(3, i), 5, CASE WHEN i < 300 THEN 5 ELSE 0 END,
    {LATER} + i, FALSE, 1;
credit_spends {MANY}: SELECT U(2, 1), U(1, 1), U(3, i), 5, 0, '', 1;
credit_spends {MANY}: SELECT U(2, 1), U(1, i), U(4, i), 5, 0, '', 1;
credit_spend_lots {MANY}: SELECT U(2, 1), U(1, 1), U(3, i), 1, U(3, i), 5, 0;
holds {MANY}: SELECT U(2, 1), U(3, 7), U(3, i), 1, 'open', {START} + i, 1, NULL;
holds {MANY}: SELECT U(2, 1), U(4, i), U(3, i), 1, 'open', {START} + i, 1, NULL;
customer_tokens {MANY}: SELECT U(2, 1), U(3, i), U(1, i), BYTES, 1, {START} + i, NULL;
units {MANY}: SELECT U(2, 1), U(3, i), 'delivery', 'unit', 5, NULL, FALSE, NULL, NULL, NULL, NULL,
    NULL, NULL, '[]', FALSE, 1, 0, 0, 0, 0, NULL, NULL, 0, NULL, NULL, NULL, NULL, 1, 1, NULL,
    FALSE;
unit_stores {MANY}: SELECT U(3, i), U(2, 1);
unit_claims {MANY}: SELECT U(2, 1), U(3, 7), 1, U(1, i), U(4, i), 5, 1;
operators {MANY}: SELECT U(3, i), 'o' || i, 'o' || i, NULL, 1;
operators 1: SELECT U(9, 2), 'plain', 'plain', NULL, 1;
operator_stores {MANY}: SELECT U(2, i), U(3, i), 'clerk', 1;
operator_links {MANY}: SELECT U(3, i), UNIQUE, {LATER};
operator_sessions {MANY}: SELECT U(3, i), UNIQUE, U(3, i), NULL, {START}, {START}, '', '', FALSE;
operator_second_factors {MANY}: SELECT U(3, i), 's', 1, 1, 0, 0;
operator_recovery_codes {MANY}: SELECT U(3, i), BYTES;
operator_sign_ins {MANY}: SELECT UNIQUE, U(3, i), FALSE, {LATER};
verifications 50: SELECT U(2, i), {START} + i, i % 2, 1, 5, 1, 5;
operator_actions {MANY}: SELECT U(2, 1), U(3, i), {START} + i, 'o', 'signed_in', '', '', '', '';
unit_purchases {MANY}: SELECT U(2, 1), U(3, 7), U(3, i), BYTES, U(1, 1), 5, 1,
    CASE WHEN i % 2 = 0 THEN U(4, i) END, CASE WHEN i % 2 > 0 THEN 'disabled' END, i, NULL,
    CASE WHEN i % 20 <> 1 THEN 1 END, 'unit', 'u', '';
questions {MANY}: SELECT U(2, 1), 'r' || i, 'q' || i, {START} + i, i, i % 100 > 0;
announcements {MANY}: SELECT U(2, 1), U(4, i), U(1, 1), {START} + i, {START} + i;
imports 1: SELECT U(2, 1), BYTES, 0, 0, 0, 0, 1, NULL, 'cards.csv', NULL;
sendings {MANY}: SELECT U(2, 1), U(3, i), BYTES, 'cards.csv', 'name', '{{}}', 1, 'Bo', i, i,
    CASE WHEN i % 1000 <> 0 THEN i END;
bulk_changes {MANY}: SELECT U(2, 1), U(3, i), '{{}}', 1, 1, 1, 0, 0, 'Bo', i, i,
    CASE WHEN i % 1000 <> 0 THEN i END, '[]', CASE WHEN i % 1000 <> 1 THEN i END;
bulk_change_parts {MANY}: SELECT U(2, 1), U(3, 7), i - 1, U(4, i);
bulk_change_cards {MANY}: SELECT U(2, 1), U(3, 7), 'changed', i, U(4, i), '';
saved_views {MANY}: SELECT U(2, 1 + i % 50), U(3, 1 + i % 999), U(4, i), 'Late', 'show=soon';
import_cards {MANY}: SELECT U(2, 1), BYTES, U(4, i);
import_refusals {MANY}: SELECT U(2, 1), BYTES, i, 'why';
customer_tokens 500: SELECT U(2, 1), U(4, i), U(1, 1), BYTES, 1, {START} + i, NULL
"""

BIG: Final = frozenset(re.findall(rf"^(\w+) .*?(?:{MANY}|{OWNED}):", ROWS, re.MULTILINE))

SET_ROLE: Final = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I {}', current_database()); END $$"


def fill(url: str, *, analyze: bool = True) -> None:
    """Fill a migrated, empty database on either engine, and let it gather its statistics.

    No foreign key is looked at meanwhile, which on partitions takes most of the time: PostgreSQL
    looks at none as a replica, SQLite only if it is told to.
    """
    on_sqlite = url.startswith("sqlite")
    if not on_sqlite:
        run(url, SET_ROLE.format("SET session_replication_role = replica"))
    dialect = _sqlite if on_sqlite else _postgres
    for line in ROWS.strip().split(";\n"):
        heading, _, select = line.partition(":")
        table, _, rows = heading.rpartition(" ")
        run(url, dialect(table, int(rows), select))
    if not on_sqlite:
        run(url, SET_ROLE.format("RESET session_replication_role"))
    if analyze:
        run(url, "ANALYZE")


def run(url: str, statement: str) -> Any:
    """Run a statement past everything."""
    return asyncio.run(bare_sql(url, statement))


def _sqlite(table: str, rows: int, select: str) -> str:
    select = select.replace("UNIQUE", "CAST(printf('%032d', i) AS BLOB)")
    select = re.sub(
        r"U\((\d), ([\w *+%]+)\)", r"printf('%08x-0000-4000-8000-%012d', \1, \2)", select
    )
    numbers = f"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})"
    return f"{numbers} INSERT INTO {table} {select.replace('BYTES', 'zeroblob(32)')} FROM n"


def _postgres(table: str, rows: int, select: str) -> str:
    digits = r"lpad((\2)::text, 12, '0')"
    uuid_ = rf"('0000000\1-0000-4000-8000-' || {digits})::uuid"
    select = re.sub(r"U\((\d), ([\w *+%]+)\)", uuid_, select)
    select = select.replace("UNIQUE", "convert_to(lpad(i::text, 32, '0'), 'UTF8')")
    select = select.replace("BYTES", f"'\\x{'00' * 32}'::bytea")
    return f"INSERT INTO {table} {select} FROM generate_series(1, {rows}) n (i)"
