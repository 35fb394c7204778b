"""Jobs: what runs beside requests, each in a task of its own.

Every server runs all of them. Their statements claim the rows that they take, passing over those
that another server has claimed (SKIP LOCKED), so servers share the work and none does it twice.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, Final

from msgspec import Struct

from gridgift.credentials import KeyUses
from gridgift.domain import expiry, idempotency, tokens
from gridgift.domain.ids import new_id
from gridgift.logs import Log
from gridgift.operations import Operations
from gridgift.storage.database import DatabaseUnavailable

EVERY: Final = 30.0  # seconds
ROWS: Final = 1_000  # deleted in one transaction, at most
EXPIRIES: Final = 100  # accounts whose expiry is noted in one transaction

Observe = Callable[[str, str, float], None]  # a job's name, an outcome, the seconds that it took

log = Log("gridgift.jobs")


class Job(Struct, frozen=True):
    """Work that is done every ``every`` seconds, and once more ``at_stop`` if that is set."""

    name: str
    every: float
    run: Callable[[], Awaitable[None]]
    at_stop: bool = False


def housekeeping(operations: Operations, key_uses: KeyUses) -> list[Job]:
    """List the jobs of a server: notes of key use and of expiry, deleting what is old."""

    return [
        Job("write key uses", EVERY, partial(key_uses.write, operations), at_stop=True),
        Job(
            "delete old answers", EVERY, partial(_in_batches, operations, idempotency.forget, ROWS)
        ),
        Job("delete old tokens", EVERY, partial(_in_batches, operations, tokens.forget, ROWS)),
        Job("note expired cards", EVERY, partial(_note_expired, operations, expiry.note_cards)),
        Job("note expired credit", EVERY, partial(_note_expired, operations, expiry.note_credit)),
    ]


@asynccontextmanager
async def running(job: Job, observe: Observe) -> AsyncIterator[None]:
    """Run a job in a task of its own until the block ends."""
    task = asyncio.create_task(_repeat(job, observe), name=job.name)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        if job.at_stop:
            await run_once(job, observe)


async def run_once(job: Job, observe: Observe) -> None:
    """Run a job; trouble is logged, and left to the next time."""
    began = time.monotonic()
    outcome = await _outcome(job)
    try:
        observe(job.name, outcome, time.monotonic() - began)
    except Exception as error:
        log.error("job not counted", job=job.name, exc_info=error)


async def _outcome(job: Job) -> str:
    """Run a job and return what came of it; no defect ends the job for good."""
    try:
        await job.run()
    except DatabaseUnavailable as error:
        log.warning("job postponed", job=job.name, why=str(error))
        return "postponed"
    except (Exception, asyncio.CancelledError) as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():  # else it awaited what another one cancelled
            raise
        log.error("job failed", job=job.name, exc_info=error)
        return "failed"
    return "done"


async def _repeat(job: Job, observe: Observe) -> None:
    # jobs that begin together do not all want a connection at the same moment
    await asyncio.sleep(job.every * random.uniform(0.5, 1))  # noqa: S311
    while True:
        await run_once(job, observe)
        await asyncio.sleep(job.every)


async def _in_batches(operations: Operations, operation: Callable[..., Any], *args: Any) -> None:
    """Run an operation in one transaction after another until it finds nothing to do."""
    while await operations.write(operation, *args):
        pass


async def _note_expired(operations: Operations, operation: Callable[..., Any]) -> None:
    """Write the entries of what has expired, under one id: the ledger's request id of this run."""
    await _in_batches(operations, operation, f"expiry {new_id()}", EXPIRIES)
