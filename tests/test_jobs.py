"""Jobs: notes of key use are written in time, old answers deleted, trouble outlived."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from gridgift import jobs
from gridgift.clock_watch import ClockWatch
from gridgift.credentials import KeyUses
from gridgift.domain import idempotency, keys, tokens
from gridgift.domain.idempotency import KEPT_FOR, IdempotencyKey, Once
from gridgift.domain.ids import new_id
from gridgift.domain.instants import DAY, HOUR
from gridgift.domain.keys import IssuedKey, NewCredential, Signer
from gridgift.domain.residents import Identifier
from gridgift.domain.units import SILENT_AFTER
from gridgift.jobs import Job, housekeeping, run_once, running
from gridgift.storage.database import DatabaseUnavailable, Tx
from tests.api import KELLY, SECRET, START, ApiFixture
from tests.domain.fixture import DomainFixture
from tests.domain.test_silence import place

SIGNER = Signer(SECRET.encode())
SOON = 0.01  # seconds


class Fragile:
    """A database that is out of reach, or has a defect, when the test says so."""

    def __init__(self, database: Any) -> None:
        self._database = database
        self.trouble: Exception | None = None
        self.writes = 0

    async def read(self, operation: Any, *args: Any) -> Any:
        """Read, unless there is trouble."""
        if self.trouble is not None:
            raise self.trouble
        return await self._database.read(operation, *args)

    async def write(self, operation: Any, *args: Any) -> Any:
        """Write, unless there is trouble."""
        self.writes += 1
        if self.trouble is not None:
            raise self.trouble
        return await self._database.write(operation, *args)


class Housekeeping:
    """A key, notes of its use, and the jobs of a server."""

    def __init__(self, domain: DomainFixture) -> None:
        self.domain = domain
        self.issued: IssuedKey = domain.write(
            keys.create, domain.caller, SIGNER, "website", ["store:read"],
            NewCredential(new_id(), bytes(32)),
        )  # fmt: skip
        self.database: Any = Fragile(domain.database)
        self.uses = KeyUses(bytes(32))
        self.jobs = housekeeping(self.database, self.uses, ClockWatch())
        self.observed: list[tuple[str, str]] = []

    def use(self, at: int) -> None:
        """Use the key."""
        self.uses.note(self.domain.store.id, self.issued.stored.id, at)

    def observe(self, job: str, outcome: str, seconds: float) -> None:
        """Note what came of a job."""
        assert seconds >= 0
        self.observed.append((job, outcome))

    def once(self) -> None:
        """Run every job once."""

        async def run() -> None:
            for job in self.jobs:
                await run_once(job, self.observe)

        self.domain.run(run())

    async def start(self, stack: AsyncExitStack, *some: Job) -> None:
        """Run jobs, all of them if none is named, until the stack is left."""
        for job in some or self.jobs:
            await stack.enter_async_context(running(job, self.observe))

    def last_used(self) -> int | None:
        """Return when the key was last used, as the database has it."""
        key = self.domain.read(keys.read, self.domain.store.id, self.issued.stored.id)
        used: int | None = key.last_used_at
        return used


@pytest.fixture
def domain(database_url: str) -> Iterator[DomainFixture]:
    """A store and two residents on each engine."""
    with DomainFixture.opened(database_url) as opened:
        yield opened


@pytest.fixture
def kept(domain: DomainFixture) -> Housekeeping:
    """A key and the jobs of a server on each engine."""
    return Housekeeping(domain)


def test_uses_are_written_later_and_together(kept: Housekeeping) -> None:
    for at in (5, 6, 7):
        kept.use(at)
    assert kept.last_used() is None
    kept.once()
    assert kept.last_used() == 7
    writes = kept.database.writes
    kept.once()
    # nothing to note: only what is old, and what time has done, are looked for
    assert kept.database.writes == writes + 11


def test_uses_outlive_a_database_that_is_out_of_reach(kept: Housekeeping) -> None:
    kept.use(5)
    kept.database.trouble = DatabaseUnavailable("gone")
    kept.once()
    kept.use(9)
    kept.once()
    kept.database.trouble = None
    assert kept.last_used() is None
    kept.once()
    assert kept.last_used() == 9


def test_a_newer_use_goes_before_one_that_could_not_be_written(kept: Housekeeping) -> None:
    async def fail(operation: Any, *args: Any) -> None:
        kept.use(9)  # a request, while the notes are being written
        raise DatabaseUnavailable("gone")

    kept.use(5)
    kept.database.write, write = fail, kept.database.write
    kept.once()
    kept.database.write = write
    kept.once()
    assert kept.last_used() == 9


async def nothing(tx: Tx) -> None:
    """Do nothing."""


def test_old_answers_are_deleted_whatever_their_number(
    kept: Housekeeping, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "ROWS", 2)
    kept.jobs = housekeeping(kept.database, kept.uses, ClockWatch())
    domain = kept.domain

    def answer(name: str) -> None:
        key = IdempotencyKey(name, bytes(32))
        domain.write(idempotency.once, domain.store.id, Once(nothing, key, lambda _: b""))

    for number in range(5):
        answer(f"k{number}")
    domain.now += KEPT_FOR + HOUR
    answer("young")
    kept.once()
    assert domain.sql("SELECT key FROM idempotency_keys") == [("young",)]


class Ticks:
    """A monotonic clock in the test's hand, in seconds."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.seconds


AHEAD = 400 * DAY


def full_of_what_ends(kept: Housekeeping) -> list[Any]:
    """Let there be an old answer, a token, an expiring card and a lot; return what is looked at."""
    domain = kept.domain
    signer = Signer(SECRET.encode(), tokens.PREFIX)
    kelly = Identifier(uuid=KELLY.uuid)
    new = NewCredential(new_id(), bytes(32))
    domain.write(tokens.mint, domain.caller, signer, kelly, HOUR, new)
    key = IdempotencyKey("k", bytes(32))
    answers = "INSERT INTO idempotency_keys (store_id, key, fingerprint, answer, created_at) VALUES"
    blob = "x'00'" if domain.engine == "sqlite" else "'\\x00'"
    domain.sql(f"{answers} ('{domain.store.id}', '{key.key}', {blob}, {blob}, {domain.now})")
    domain.grant(KELLY, 5, expires_at=domain.now + 90 * DAY)
    return what_is_there(domain)


def what_is_there(domain: DomainFixture) -> list[Any]:
    """Return what a wrong clock could take away, or end."""
    tables = ("customer_tokens", "idempotency_keys", "gift_cards")
    return [sorted(map(repr, domain.sql(f"SELECT * FROM {table}"))) for table in tables]


@pytest.mark.parametrize("granted_meanwhile", [False, True])
def test_a_clock_that_leapt_deletes_nothing(kept: Housekeeping, granted_meanwhile: bool) -> None:
    ticks, domain = Ticks(), kept.domain
    kept.jobs = housekeeping(kept.database, kept.uses, ClockWatch(ticks))
    before = full_of_what_ends(kept)
    kept.once()
    domain.now += AHEAD
    ticks.seconds += 30
    if granted_meanwhile:  # its entry is no witness
        card = domain.grant(KELLY).id
    with capture_logs() as lines:
        for _ in range(3):
            kept.once()
    assert [line["event"] for line in lines if "doubted" in line["event"]] != []
    if granted_meanwhile:
        assert all(card not in text for text in before[2])
        before[2] = sorted([*before[2], *(x for x in what_is_there(domain)[2] if card in x)])
    assert what_is_there(domain) == before
    domain.now -= AHEAD
    ticks.seconds += 30
    kept.once()
    assert what_is_there(domain) == before


def test_a_server_that_starts_with_a_wrong_clock_deletes_nothing(kept: Housekeeping) -> None:
    before = full_of_what_ends(kept)
    kept.domain.now += AHEAD
    kept.jobs = housekeeping(kept.database, kept.uses, ClockWatch(Ticks()))[:3]
    kept.once()
    assert what_is_there(kept.domain) == before


def test_each_doubt_is_said_once_until_it_is_over(kept: Housekeeping) -> None:
    full_of_what_ends(kept)
    ticks, domain = Ticks(), kept.domain

    def doubts(runs: int) -> list[str]:
        with capture_logs() as lines:
            for _ in range(runs):
                kept.once()
        return [line["why"] for line in lines if "doubted" in line["event"]]

    domain.now += AHEAD
    kept.jobs = housekeeping(kept.database, kept.uses, ClockWatch(ticks))[:3]
    assert doubts(5) == ["the newest card is old"]
    domain.now += AHEAD
    assert doubts(5) == ["the clock leapt"]
    domain.now -= 2 * AHEAD
    assert doubts(5) == []
    domain.now += AHEAD
    assert sorted(doubts(5)) == ["the clock leapt", "the newest card is old"]


def test_time_that_passes_is_believed(kept: Housekeeping) -> None:
    ticks, domain = Ticks(), kept.domain
    kept.jobs = housekeeping(kept.database, kept.uses, ClockWatch(ticks))
    full_of_what_ends(kept)
    kept.once()
    for _ in range(91):
        domain.now += DAY
        ticks.seconds += DAY / 1000
        domain.grant(KELLY)
        kept.once()
    assert domain.sql("SELECT key FROM idempotency_keys") == []
    assert domain.sql("SELECT id FROM customer_tokens") == []
    kinds = dict(domain.sql("SELECT kind, count(*) FROM entries GROUP BY kind"))
    assert kinds["expired"] == 1


def test_a_clock_that_stays_ahead_for_a_day_is_believed(kept: Housekeeping) -> None:
    ticks = Ticks()
    watch = ClockWatch(ticks)
    assert watch.is_steady(START)
    for seconds, steady in ((0, False), (86_000, False), (86_500, True)):
        ticks.seconds = seconds
        assert watch.is_steady(START + AHEAD + seconds * 1000) == steady


def test_a_clock_that_was_set_back_is_noticed_once() -> None:
    ticks = Ticks()
    watch, now = ClockWatch(ticks), START
    for wall, passed, noticed in (
        (0, 0, False), (30_000, 30, False), (29_500, 30, False), (-3_600_000, 30, True),
        (-3_590_000, 40, False), (86_400_000, 50, False), (0, 60, True),
    ):  # fmt: skip
        ticks.seconds = passed
        assert watch.was_set_back(now + wall) == noticed


@pytest.mark.parametrize(
    ("trouble", "outcome"),
    [(DatabaseUnavailable("gone"), "postponed"), (RuntimeError("a defect"), "failed")],
)
def test_a_job_goes_on_after_trouble(kept: Housekeeping, trouble: Exception, outcome: str) -> None:
    often = [msgspec.structs.replace(job, every=SOON) for job in kept.jobs]
    kept.use(5)
    kept.database.trouble = trouble

    async def live() -> None:
        async with AsyncExitStack() as stack:
            await kept.start(stack, *often)
            for job in often:
                await until(lambda job=job: kept.observed.count((job.name, outcome)) >= 2)
            kept.database.trouble = None
            for job in often:
                await until(lambda job=job: (job.name, "done") in kept.observed)

    kept.domain.run(live())
    assert kept.last_used() == 5


@pytest.mark.parametrize("trouble", [MemoryError(), asyncio.CancelledError()])
def test_no_trouble_ends_a_job_for_good(
    kept: Housekeeping, monkeypatch: pytest.MonkeyPatch, trouble: BaseException
) -> None:
    """What a job awaits may be cancelled by another task; and counting it may fail as well."""
    runs: list[str] = []

    async def fail() -> None:
        runs.append("fail")
        raise trouble

    def observe(job: str, outcome: str, seconds: float) -> None:
        runs.append(outcome)
        raise OSError("No space left on device")

    async def live() -> None:
        monkeypatch.setattr(kept, "observe", observe)
        async with AsyncExitStack() as stack:
            await kept.start(stack, Job("fail", SOON, fail))
            await until(lambda: runs.count("fail") >= 3)

    kept.domain.run(live())
    assert runs[:4] == ["fail", "failed"] * 2


def test_a_job_that_hangs_keeps_no_other_from_running(kept: Housekeeping) -> None:
    runs: list[str] = []

    async def hang() -> None:
        runs.append("hang")
        await asyncio.Event().wait()

    async def work() -> None:
        runs.append("work")

    async def live() -> None:
        async with AsyncExitStack() as stack:
            await kept.start(stack, Job("hang", SOON, hang), Job("work", SOON, work))
            await until(lambda: runs.count("work") >= 3)

    kept.domain.run(live())
    assert runs.count("hang") == 1


async def until(holds: Callable[[], bool]) -> None:
    for _ in range(6_000):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("that never happens")


def test_the_last_notes_are_written_when_the_server_stops(kept: Housekeeping) -> None:
    async def live() -> None:
        async with AsyncExitStack() as stack:
            await kept.start(stack)
            await asyncio.sleep(0)

    kept.use(5)
    kept.domain.run(live())
    assert kept.last_used() == 5
    assert kept.observed == [("write key uses", "done")]


def test_requests_write_nothing_about_their_key(api: ApiFixture) -> None:
    api.call("GET", "/v1/store")
    (key,) = api.read(keys.list_of, api.store.id)
    assert key.last_used_at is None


def test_silence_is_told_by_a_server_that_has_listened(kept: Housekeeping) -> None:
    """Whoever was away itself can't know who was silent meanwhile."""
    ticks, domain = Ticks(), kept.domain
    unit = place(domain)
    domain.now += 2 * SILENT_AFTER
    kept.jobs = housekeeping(kept.database, kept.uses, ClockWatch(ticks))
    for seconds, told in ((0, []), (SILENT_AFTER // 1000 - 1, []), (1, [unit.id]), (60, [unit.id])):
        ticks.seconds += seconds
        domain.now += seconds * 1000
        kept.once()
        events = domain.sql("SELECT account_id FROM events WHERE type = 'unit.silent'")
        assert [str(unit_id) for (unit_id,) in events] == told
