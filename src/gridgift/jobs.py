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

from gridgift import changing, sending
from gridgift.clock_watch import ClockWatch
from gridgift.credentials import KeyUses
from gridgift.domain import (
    actions,
    bulk_changes,
    bulk_checks,
    delivering,
    events,
    expiry,
    idempotency,
    sendings,
    silence,
    tokens,
)
from gridgift.domain.ids import new_id
from gridgift.logs import Log
from gridgift.operations import Operations
from gridgift.storage.database import DatabaseUnavailable, Operation, Tx
from gridgift.tasks import is_ending

EVERY: Final = 30.0  # seconds
BEGUN_EVERY: Final = 2.0  # seconds: somebody looks on
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


def housekeeping(operations: Operations, key_uses: KeyUses, watch: ClockWatch) -> list[Job]:
    """List the jobs of a server: notes of key use and of expiry, deleting what is old."""
    forget = partial(_in_batches, operations, _unless_doubted, watch.trusts_age)
    note = partial(_note_expired, operations, watch.trusts_expiry)
    tell = partial(_note_expired, operations, watch.trusts_silence)
    begun = partial(_go_on_with_all, operations)
    return [
        Job("write key uses", EVERY, partial(key_uses.write, operations), at_stop=True),
        Job("delete old answers", EVERY, partial(forget, idempotency.forget, ROWS)),
        Job("delete old tokens", EVERY, partial(forget, tokens.forget, ROWS)),
        Job("note expired cards", EVERY, partial(note, expiry.note_cards)),
        Job("note expired credit", EVERY, partial(note, expiry.note_credit)),
        Job("tell what time has done", EVERY, partial(note, events.tell_time)),
        Job("tell of silent units", EVERY, partial(tell, silence.tell)),
        Job("delete old events", EVERY, partial(forget, events.forget, ROWS)),
        Job("delete old records of actions", EVERY, partial(forget, actions.forget, ROWS)),
        Job("delete old deliveries", EVERY, partial(forget, delivering.forget, ROWS)),
        Job("delete old sendings", EVERY, partial(forget, sendings.forget, ROWS)),
        Job("delete old changes of many cards", EVERY, partial(forget, bulk_changes.forget, ROWS)),
        Job("send cards", BEGUN_EVERY, partial(begun, sendings.unfinished, sending.go_on)),
        Job("find many cards", BEGUN_EVERY, partial(begun, bulk_checks.unchecked, changing.look)),
        Job(
            "change many cards",
            BEGUN_EVERY,
            partial(begun, bulk_changes.unfinished, changing.go_on),
        ),
    ]


async def _unless_doubted(
    tx: Tx, trusts: Callable[[Tx], Awaitable[bool]], operation: Operation[..., int], *args: Any
) -> int:
    """Run an operation that goes by the clock; do nothing while the clock is doubted."""
    return await operation(tx, *args) if await trusts(tx) else 0


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
        if is_ending():
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


async def _note_expired(
    operations: Operations,
    trusts: Callable[[Tx], Awaitable[bool]],
    operation: Operation[..., int],
) -> None:
    """Write the entries of what has expired, under one id: the ledger's request id of this run."""
    run = f"expiry {new_id()}"
    await _in_batches(operations, _unless_doubted, trusts, operation, run, EXPIRIES)


async def _go_on_with_all(
    operations: Operations,
    unfinished: Operation[[], list[tuple[str, str]]],
    go_on: Callable[[Operations, str, str], Awaitable[bool | None]],
) -> None:
    """Go on with all that people of stores began and that is not done, each in turn for a while.

    ``go_on`` says whether more of it is left; what another server is at waits for the next time.
    """
    over = set[tuple[str, str]]()
    while left := [each for each in await operations.read(unfinished) if each not in over]:
        over |= {each for each in left if not await go_on(operations, *each)}
