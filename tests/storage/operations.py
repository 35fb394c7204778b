"""What the tests of the storage share: asynchronous tests, operations, and looking from outside."""

import asyncio
import functools
import threading
import uuid
from collections.abc import Callable, Coroutine
from typing import Any, Final

from gridgift.domain import residents
from gridgift.domain.model import Resident
from gridgift.domain.residents import Identifier
from gridgift.storage.database import Database, Tx

PATIENCE: Final = 300.0  # seconds that a test may take


def in_a_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run an asynchronous test in an event loop of its own."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        asyncio.run(asyncio.wait_for(test(*args, **kwargs), PATIENCE))

    return run


def avatar() -> Resident:
    """Make up a resident."""
    made = uuid.uuid4()
    return Resident(str(made), f"a{made.hex[:24]}")


async def add(database: Database, resident: Resident | None = None) -> Resident:
    """Write something."""
    return await database.write(residents.remember, resident or avatar())


async def has(database: Database, resident: Resident) -> bool:
    """Read it back; no port has a statement that fits better."""
    found = await database.read(find_row, resident.uuid)
    return found is not None


async def find_row(tx: Tx, avatar_id: str) -> Any:
    """Return a resident's row, or None."""
    return await tx.one("resident_by_uuid", uuid=avatar_id)


async def broken(tx: Tx, resident: Resident) -> None:
    """Write something, then stumble."""
    await residents.remember(tx, resident)
    raise RuntimeError("a defect")


async def refused(tx: Tx, resident: Resident) -> None:
    """Write something, then be refused by the domain."""
    await residents.remember(tx, resident)
    await residents.find(tx, str(uuid.uuid4()), Identifier(username="nobody"))


async def in_breach(tx: Tx, resident: Resident) -> None:
    """Write something, then break a constraint: this resident is no customer of any store."""
    await residents.remember(tx, resident)
    store_id = str(uuid.uuid4())
    await tx.run("customer_add", store_id=store_id, resident_uuid=resident.uuid, now=1)


async def look(tx: Tx) -> None:
    """Ask for something that is always possible."""
    await tx.all("stores_all")


class Gate:
    """An operation that keeps SQLite's writer busy until it is let go."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.open = threading.Event()
        self.committed = False

    async def operation(self, tx: Tx) -> None:
        """Block the writer's thread."""
        self.entered.set()
        assert self.open.wait(PATIENCE)

    async def hold(self, database: Database) -> "asyncio.Task[None]":
        """Come back when the writer is held."""
        task = asyncio.ensure_future(database.write(self.operation))
        await asyncio.to_thread(self.entered.wait, PATIENCE)
        return task  # type: ignore[return-value]
