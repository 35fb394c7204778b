"""``ConstraintViolated`` has the same name on both engines for the same violation."""

import asyncio
from typing import Any

import pytest

from gridgift.storage.database import ConstraintViolated, Tx
from gridgift.storage.queries import Query
from tests import databases
from tests.domain.fixture import DomainFixture

PROBES = (
    "CREATE TABLE probes (store_id integer NOT NULL, a integer NOT NULL, "
    "CONSTRAINT probes_positive CHECK (a > 0), PRIMARY KEY (store_id, a))"
)
KEY = (
    "INSERT INTO api_keys (store_id, id, name, hash, preview, scopes, created_at) "
    "SELECT id, {id}, 'the same', '', '', '', 1 FROM stores"
)
NEW_ID = "'00000000-0000-4000-8000-00000000000{}'"


async def run_all(tx: Tx, statements: list[str]) -> None:
    for text in statements:
        await tx.run(Query.parse("test", text))


def violated(domain: DomainFixture, *statements: str) -> ConstraintViolated:
    """Run statements in one transaction; return what the last one violates."""
    with pytest.raises(ConstraintViolated) as caught:
        domain.write(run_all, list(statements))
    assert caught.value.__cause__ is not None
    assert str(caught.value).startswith(f"{caught.value.name}: ")
    assert "\n" not in str(caught.value)
    return caught.value


def add_empty_hash(domain: DomainFixture, number: int) -> str:
    text = KEY.format(id=NEW_ID.format(number))
    return text.replace("'', '', ''", "x'', '', ''") if domain.engine == "sqlite" else text


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("INSERT INTO residents SELECT uuid, 'x', 1 FROM residents", "residents(uuid)"),
        (
            "INSERT INTO customers (store_id, resident_uuid, created_at) "
            "SELECT store_id, resident_uuid, 2 FROM customers",
            "customers(store_id, resident_uuid)",
        ),
        ("UPDATE residents SET username = NULL", "not null residents(username)"),
        ("UPDATE stores SET base_bonus = 101", "check"),
        ("UPDATE gift_cards SET credit = -1", "check"),
        (
            "INSERT INTO customers (store_id, resident_uuid, created_at) "
            f"SELECT id, {NEW_ID.format(9)}, 1 FROM stores",
            "foreign key",
        ),
        ("DELETE FROM residents", "foreign key"),
        ("UPDATE entries SET reason = 'another'", "trigger"),
        ("DELETE FROM entries", "trigger"),
    ],
)
def test_a_violation_on_each_engine(domain: DomainFixture, statement: str, name: str) -> None:
    card = domain.grant()
    assert violated(domain, statement).name == name
    assert domain.card(card.id) == card


def test_a_unique_index_is_named_by_its_columns(domain: DomainFixture) -> None:
    keys = [add_empty_hash(domain, number) for number in (1, 2)]
    assert violated(domain, *keys).name == "api_keys(store_id, name)"
    assert domain.sql("SELECT count(*) FROM api_keys") == [(0,)]


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("INSERT INTO probes VALUES (1, -5)", "check probes_positive"),
        ("INSERT INTO probes VALUES (2, 15)", "index probes_by_remainder"),
        ("INSERT INTO probes VALUES (1, 5)", "probes(store_id, a)"),
    ],
)
def test_names_that_the_schema_gives(domain: DomainFixture, statement: str, name: str) -> None:
    domain.sql(PROBES)
    if "probes_by" in name:
        domain.sql("CREATE UNIQUE INDEX probes_by_remainder ON probes ((a % 10))")
    domain.sql("INSERT INTO probes VALUES (1, 5)")
    assert violated(domain, statement).name == name


@pytest.mark.parametrize("value", ["no number", 1 << 62])
def test_a_value_that_the_column_can_not_hold(domain: DomainFixture, value: Any) -> None:
    query = Query.parse("test", "UPDATE stores SET base_bonus = :value")

    async def change(tx: Tx) -> None:
        await tx.run(query, value=value)

    with pytest.raises(ConstraintViolated) as caught:
        domain.write(change)
    big_on_sqlite = domain.engine == "sqlite" and isinstance(value, int)
    assert caught.value.name == ("check" if big_on_sqlite else "value")


def test_a_partition_has_the_name_of_its_table(postgres: databases.Postgres) -> None:
    with postgres.database(migrated=True) as url, DomainFixture.opened(url) as domain:
        domain.sql(f"{PROBES} PARTITION BY HASH (store_id)")
        domain.sql("CREATE TABLE probes_0 PARTITION OF probes "
                   "FOR VALUES WITH (MODULUS 1, REMAINDER 0)")  # fmt: skip
        one = "INSERT INTO probes VALUES (1, 5)"
        assert violated(domain, one, one).name == "probes(store_id, a)"
        negative = violated(domain, "INSERT INTO probes VALUES (1, -5)")
        assert negative.name == "check probes_positive"


def test_others_in_the_batch_are_not_concerned(domain: DomainFixture) -> None:
    async def both() -> list[Any]:
        writes = [
            domain.database.write(run_all, [text])
            for text in ("UPDATE stores SET base_bonus = 101", "UPDATE stores SET base_bonus = 7")
        ]
        return await asyncio.gather(*writes, return_exceptions=True)

    refused, done = domain.run(both())
    assert isinstance(refused, ConstraintViolated)
    assert done is None
    assert domain.sql("SELECT base_bonus FROM stores") == [(7,)]
