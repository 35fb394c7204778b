"""How a command reaches the database: settings are read, one operation runs, all is closed."""

import asyncio
import getpass
import os
import secrets
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Concatenate, Final, TypeVar

from gridgift.app import now, opened
from gridgift.cli.options import StoreOptions, UsageError
from gridgift.cli.recorded import RecordedOperations
from gridgift.domain import stores, texts
from gridgift.domain.ids import new_id
from gridgift.domain.keys import RANDOM_BYTES, NewCredential
from gridgift.domain.model import Caller, Store
from gridgift.domain.paging import Page, Position
from gridgift.operations import Operations
from gridgift.settings import Settings, SettingsError
from gridgift.storage.database import Operation, P, T, Tx

DATABASE_URL = "GRIDGIFT_DATABASE_URL"
PAGE: Final = 1_000  # rows that are read at once
MAX_USER: Final = 256  # characters; Linux allows no longer names of users

R = TypeVar("R")

__all__ = [
    "act",
    "find_store",
    "make",
    "new_credential",
    "new_token",
    "now",
    "operator",
    "read",
    "read_all",
    "read_settings",
    "read_store",
    "run",
    "system_user",
    "write",
]


def read_settings(database: str | None, named: str = "--database") -> Settings:
    """Read the settings; ``--database`` goes before the environment. Raises ``SettingsError``.

    ``named`` is what the address is called where it is complained about.
    """
    environ = dict(os.environ)
    if database is not None:
        try:
            Settings.from_environ({DATABASE_URL: database})
        except SettingsError as error:
            raise SettingsError(str(error).replace(DATABASE_URL, named)) from None
        environ[DATABASE_URL] = database
    return Settings.from_environ(environ)


def run(
    settings: Settings,
    work: Callable[[Operations], Coroutine[Any, Any, R]],
    *,
    create: bool = False,
    update: bool = True,
) -> R:
    """Open the database, do the work, close it. Raises what ``opened`` and the work raise.

    ``create`` makes a SQLite file that is missing; without ``update`` none is migrated.
    """

    async def whole() -> R:
        async with opened(settings, create=create, update=update) as database:
            return await work(RecordedOperations(database, system_user()))

    return asyncio.run(whole())


def read(url: str | None, operation: Operation[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Run one operation that changes nothing."""

    async def work(operations: Operations) -> T:
        return await operations.read(operation, *args, **kwargs)

    return run(read_settings(url), work, update=False)


def write(url: str | None, operation: Operation[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Run one operation in a transaction."""
    return _write(url, False, operation, *args, **kwargs)


def make(url: str | None, operation: Operation[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Run one operation that may be a database's first: a SQLite file that is missing is made."""
    return _write(url, True, operation, *args, **kwargs)


def look(
    options: StoreOptions,
    operation: Callable[Concatenate[Tx, str, P], Coroutine[Any, Any, T]],
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """Run one operation that changes nothing, for the named store, or for the only one."""

    async def work(operations: Operations) -> T:
        store_id = await find_store(operations, options.store)
        return await operations.read(operation, store_id, *args, **kwargs)

    return run(read_settings(options.database), work, update=False)


def act(
    options: StoreOptions,
    operation: Callable[Concatenate[Tx, Caller, P], Coroutine[Any, Any, T]],
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """Run one operation in a transaction as the operator of the named store, or of the only one."""

    async def work(operations: Operations) -> T:
        caller = operator(await find_store(operations, options.store))
        return await operations.write(operation, caller, *args, **kwargs)

    return run(read_settings(options.database), work)


def _write(
    url: str | None,
    create: bool,
    operation: Operation[P, T],
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    async def work(operations: Operations) -> T:
        return await operations.write(operation, *args, **kwargs)

    return run(read_settings(url), work, create=create)


async def find_store(operations: Operations, store_id: str | None) -> str:
    """Return the id of the named store, or of the only one. Raises what ``read_store`` raises."""
    return (await read_store(operations, store_id)).id


async def read_store(operations: Operations, store_id: str | None) -> Store:
    """Return the named store, or the only one.

    Raises ``StoreNotFound``, and ``UsageError`` if there is none or more than one to choose from.
    """
    if store_id is not None:
        return await operations.read(stores.read, store_id)
    found = await operations.read(stores.list_all)
    if not found:
        raise UsageError("There is no store yet: make one with 'gridgift store create'.")
    if len(found) > 1:
        raise UsageError(
            f"There are {len(found)} stores: say which one with --store "
            "('gridgift store list' shows them)."
        )
    return found[0]


async def read_all(
    operations: Operations,
    operation: Callable[..., Coroutine[Any, Any, Page[T]]],
    /,
    *args: object,
) -> list[T]:
    """Return all rows of a list, whose ``operation`` takes a position and a limit at its end."""
    found: list[T] = []
    position: Position | None = Position()
    while position is not None:
        page = await operations.read(operation, *args, position, PAGE)
        found += page.rows
        position = page.next
    return found


def operator(store_id: str) -> Caller:
    """Return the caller that the ledger names for this command: the system's user."""
    return Caller(store_id, "operator", system_user(), new_id())


def new_credential() -> NewCredential:
    """Choose what a new key or token is made of: an id and random bytes."""
    return NewCredential(new_id(), secrets.token_bytes(RANDOM_BYTES))


def new_token() -> str:
    """Choose the token of a link that signs in: 32 random bytes."""
    return secrets.token_urlsafe(RANDOM_BYTES)


def system_user() -> str:
    """Return the name of the system's user who runs the command, or their number."""
    with suppress(OSError, KeyError):  # a container's user without a name
        name = getpass.getuser()  # from the environment, which may say anything
        if texts.fits(name, 1, MAX_USER):
            return name
    return f"uid-{os.getuid()}"
