"""How PostgreSQL is connected to: what an address may say, what is refused, and what may pass."""

import asyncio
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import asyncpg
import pytest

from gridgift.storage.database import DatabaseRefused, DatabaseUnavailable, Tx
from gridgift.storage.postgres import PostgresDatabase
from gridgift.storage.postgres_address import read_address
from gridgift.storage.queries import Query
from tests import databases
from tests.databases import EMPTIER
from tests.domain.fixture import bare_sql
from tests.serving import free_port
from tests.storage.operations import add, avatar, has, in_a_loop, look

SENTENCE: Final = r"^The PostgreSQL server can't be used \(.+\): check the address, .*\.$"
# What managed PostgreSQL services and their clients' manuals write behind an address.
PROVIDED: Final = (
    "sslmode=prefer", "sslmode=disable", "channel_binding=prefer", "channel_binding=disable",
    "gssencmode=disable", "connect_timeout=7", "application_name=shop+till",
    "fallback_application_name=shop", "target_session_attrs=read-write",
    "target_session_attrs=primary", "target_session_attrs=any", "keepalives=1",
    "keepalives_idle=30&keepalives_interval=10&keepalives_count=3", "tcp_user_timeout=10000",
    "options=-c%20search_path%3Dpublic", "client_encoding=UTF8", "load_balance_hosts=disable",
    "sslsni=1", "sslcompression=0", "search_path=public", "sslnegotiation=postgres",
)  # fmt: skip
# What can't be done, and the word that the sentence names it by.
IMPOSSIBLE: Final = {
    "channel_binding=require": "channel_binding",
    "gssencmode=require": "gssencmode",
    "client_encoding=LATIN1": "client_encoding",
    "load_balance_hosts=random": "load_balance_hosts",
    "connect_timeout=soon": "connect_timeout",
    "connect_timeout=-1": "connect_timeout",
    "sslmode=sometimes": "sslmode",
    "sslrootcert=/no/such/file": "sslrootcert",
    "sslcert=/no/such/file": "sslcert",
    "target_session_attrs=fast": "fast",
    "sslmode": "parameters",
    "pgbouncer=true": "pgbouncer",
    "connection_limit=3": "connection_limit",
    "hostaddr=127.0.0.1": "hostaddr",
    "require_auth=scram-sha-256": "require_auth",
    "search_path=public&colour=red": "colour",
    "options=-c%20colour%3Dred": "colour",
    "statement_timeout=soon": "statement_timeout",
    "options=-c": "-c",
}


@pytest.fixture
def url(postgres: databases.Postgres) -> Iterator[str]:
    """A migrated database on the shared server."""
    with postgres.database(migrated=True) as made:
        yield made


@pytest.fixture(scope="module")
def own() -> Iterator[databases.Postgres]:
    """A server of these tests' own, to be configured at will."""
    with databases.own_postgres() as server:
        yield server


async def serves(address: str) -> None:
    database = PostgresDatabase(address, 1)
    try:
        assert await database.applied_migrations()
        assert not await has(database, avatar())
        await database.check()
    finally:
        await database.close()


@pytest.mark.parametrize("parameters", PROVIDED)
@in_a_loop
async def test_parameters_that_providers_write(url: str, parameters: str) -> None:
    await serves(f"{url}&{parameters}")


@pytest.mark.parametrize("parameters", IMPOSSIBLE)
@in_a_loop
async def test_what_the_driver_can_not_do_is_one_sentence(url: str, parameters: str) -> None:
    with pytest.raises(DatabaseRefused) as refused:
        await serves(f"{url}&{parameters}")
    assert re.fullmatch(r"[A-Z][^\n]*\.", str(refused.value))
    assert IMPOSSIBLE[parameters] in str(refused.value)


@in_a_loop
async def test_an_address_names_its_connections(url: str) -> None:
    database = PostgresDatabase(f"{url}&application_name=till", 1)
    await database.read(look)
    names = await bare_sql(
        url,
        "SELECT application_name FROM pg_stat_activity WHERE datname = current_database() "
        "AND backend_type = 'client backend' AND pid <> pg_backend_pid() "
        f"AND application_name <> '{EMPTIER}'",
    )
    assert names == [("till",)]
    await database.close()


def test_an_address_without_a_word_about_it_means_a_server_that_takes_writes() -> None:
    assert read_address("postgresql://db/gifts").target_session_attrs == "read-write"
    chosen = read_address("postgresql://a,b/gifts?target_session_attrs=primary&connect_timeout=3")
    assert chosen.target_session_attrs is None
    assert chosen.dsn == "postgresql://a,b/gifts?target_session_attrs=primary"
    assert chosen.timeout == 3


def test_the_systems_roots_mean_that_the_server_is_verified() -> None:
    address = read_address("postgresql://db/gifts?sslmode=require&sslrootcert=system")
    assert address.dsn == "postgresql://db/gifts"
    assert address.ssl is not None
    assert address.ssl.check_hostname


@in_a_loop
async def test_a_database_that_is_not_there(postgres: databases.Postgres) -> None:
    database = PostgresDatabase(postgres.url_of("no_such_database"), 1)
    with pytest.raises(DatabaseRefused, match=SENTENCE):
        await database.applied_migrations()
    with pytest.raises(DatabaseUnavailable):  # a server that runs goes on asking
        await database.read(look)
    await database.close()


@in_a_loop
async def test_nobody_answers() -> None:
    silent = await asyncio.start_server(lambda *_: asyncio.sleep(60), "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    for address in (
        f"postgresql://postgres@127.0.0.1:{free_port()}/gridgift",
        "postgresql://postgres@no-such-host.invalid/gridgift",
        "postgresql://postgres@127.0.0.1:0/gridgift",
        f"postgresql://postgres@/gridgift?host={quote('/no/such/folder')}",
        f"postgresql://postgres@127.0.0.1:{port}/gridgift?connect_timeout=1",
    ):
        database = PostgresDatabase(address, 1)
        for ask in (database.applied_migrations, partial(database.read, look), database.check):
            with pytest.raises(DatabaseUnavailable, match=r"\w"):
                await ask()
        await database.close()
    silent.close()


@in_a_loop
async def test_a_port_that_there_is_not() -> None:
    with pytest.raises(DatabaseRefused, match=SENTENCE):
        await PostgresDatabase("postgresql://postgres@127.0.0.1:99999/a", 1).applied_migrations()


@in_a_loop
async def test_a_wrong_user(postgres: databases.Postgres) -> None:
    address = postgres.url.replace("//postgres:", "//nobody:").replace("//postgres@", "//nobody@")
    assert address != postgres.url
    with pytest.raises(DatabaseRefused, match=r'"nobody" does not exist'):
        await PostgresDatabase(address, 1).applied_migrations()


async def until_refused(address: str) -> str:
    """Ask until the server has read its configuration again; return why it refuses."""
    for _ in range(600):
        try:
            await PostgresDatabase(address, 1).applied_migrations()
        except DatabaseRefused as refused:
            return str(refused)
        await asyncio.sleep(0.1)
    raise AssertionError("it lets anybody in")


def test_a_wrong_password(own: databases.Postgres) -> None:
    ours: Any = own.server
    rules = Path(ours.pgdata) / "pg_hba.conf"
    before = rules.read_text()
    own.execute("CREATE ROLE picky LOGIN PASSWORD 'right'")
    rules.write_text(f"local all picky scram-sha-256\n{before}")
    own.execute("SELECT pg_reload_conf()")
    try:
        address = own.url.replace("//postgres:@", "//picky:wrong@")
        assert address != own.url
        told = asyncio.run(until_refused(address))
        assert "password authentication failed" in told
        assert "wrong@" not in told
        right = PostgresDatabase(address.replace("wrong", "right"), 1)
        assert asyncio.run(right.applied_migrations()) == []
    finally:
        rules.write_text(before)
        own.execute("SELECT pg_reload_conf()")


@in_a_loop
async def test_a_user_without_rights(url: str, postgres: databases.Postgres) -> None:
    name = f"guest_{avatar().username}"
    await bare_sql(url, f"CREATE ROLE {name} LOGIN")
    address = url.replace("//postgres:", f"//{name}:").replace("//postgres@", f"//{name}@")
    try:
        with pytest.raises(DatabaseRefused, match=r"permission denied .* check the user's rights"):
            await PostgresDatabase(address, 1).applied_migrations()
    finally:
        await bare_sql(url, f"DROP ROLE {name}")


@in_a_loop
async def test_a_user_who_may_only_read(url: str) -> None:
    name = f"reader_{avatar().username}"
    await bare_sql(url, f"CREATE ROLE {name} LOGIN")
    await bare_sql(url, f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}")
    address = url.replace("//postgres:", f"//{name}:").replace("//postgres@", f"//{name}@")
    database = PostgresDatabase(address, 1)
    try:
        assert not await has(database, avatar())
        with pytest.raises(DatabaseUnavailable, match="permission denied for table residents"):
            await add(database)
        with pytest.raises(DatabaseUnavailable, match="may not write the table entries"):
            await database.check()
        await bare_sql(url, f"GRANT INSERT ON entries, residents, resident_names TO {name}")
        await database.check()
    finally:
        await database.close()
        await bare_sql(url, f"DROP OWNED BY {name}")
        await bare_sql(url, f"DROP ROLE {name}")


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_a_database_that_does_not_keep_every_text(own: databases.Postgres, encoding: str) -> None:
    name = encoding.lower()
    own.execute(f"CREATE DATABASE {name} ENCODING '{encoding}' TEMPLATE template0 LOCALE 'C'")
    database = PostgresDatabase(own.url_of(name), 1)
    with pytest.raises(DatabaseRefused, match=f"encoding is {encoding}: .* ENCODING 'UTF8'"):
        asyncio.run(database.applied_migrations())


@pytest.mark.parametrize(
    ("chosen", "used"),
    [("off", "on"), ("on", "on"), ("local", "local"), ("remote_apply", "remote_apply")],
)
@in_a_loop
async def test_a_commit_is_awaited(url: str, chosen: str, used: str) -> None:
    """A database, a user or an address may have it off; an answered write is on disk all the same.

    What somebody chose that is stricter, or awaits the disk of this server alone, stays.
    """
    database = PostgresDatabase(f"{url}&options=-c%20synchronous_commit%3D{chosen}", 1)
    try:
        assert await database.read(setting, "synchronous_commit") == used
    finally:
        await database.close()


async def setting(tx: Tx, name: str) -> str:
    """Return what a session has for a setting of PostgreSQL."""
    row = await tx.one(Query.parse("setting", f"SELECT current_setting('{name}')"))
    assert row is not None
    return str(row[0])


@in_a_loop
async def test_an_old_server_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Old:
        major = 14

    monkeypatch.setattr(asyncpg.Connection, "get_server_version", lambda _: Old)
    with pytest.raises(DatabaseRefused, match=r"is PostgreSQL 14; Gridgift needs 15 or newer\.$"):
        await PostgresDatabase(url, 1).applied_migrations()
