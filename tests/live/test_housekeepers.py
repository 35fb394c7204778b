"""Several servers' housekeeping at once: the work is shared, and each part of it done once."""

import asyncio
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from gridgift import jobs
from gridgift.app import connect
from gridgift.clock_watch import ClockWatch
from gridgift.credentials import KeyUses
from gridgift.domain import credit, grants, verify
from gridgift.domain.accounts import Change
from gridgift.domain.giftcards import Terms
from gridgift.domain.grants import GrantRequest
from gridgift.domain.ids import new_id
from gridgift.domain.residents import Identifier
from gridgift.jobs import Job, housekeeping, run_once
from gridgift.operations import Operations
from gridgift.storage.database import Tx
from tests.api import KELLY
from tests.domain.fixture import DomainFixture

pytestmark = pytest.mark.parametrize("engine", ["postgres"], indirect=True)

CARDS = 2_000
ACCOUNTS = 300
KEEPERS = 4
CONNECTIONS = 4  # of each
NOTED = "SELECT request_id, account_id FROM entries WHERE kind = '{}'"

CLAIM = """
import asyncio, sys
from gridgift.app import connect
from gridgift.domain import expiry
from gridgift.settings import Settings

async def claim(tx):
    await expiry.note_cards(tx, "killed", 100)
    print("claimed", flush=True)
    sys.stdin.readline()

async def main():
    await connect(Settings(database_url=sys.argv[1]), lambda: int(sys.argv[2])).write(claim)

asyncio.run(main())
"""


@pytest.fixture
def domain(database_url: str) -> Iterator[DomainFixture]:
    """A store whose cards and credit have expired, and nobody has noted it."""
    with DomainFixture.opened(database_url) as opened:
        at = opened.now + 1_000
        people = [opened.newcomer() for _ in range(ACCOUNTS)]

        async def fill(tx: Tx) -> None:
            for number in range(CARDS):
                owner = Identifier(uuid=KELLY.uuid)
                terms = Terms(1 + number % 9, expires_at=at)
                await grants.grant(tx, GrantRequest(opened.caller, owner, terms, new_id()))
            for resident in people:
                change = Change(5, "test", "test")
                whom = Identifier(uuid=resident.uuid)
                await credit.deposit(tx, opened.caller, whom, change, new_id(), expires_at=at)

        opened.write(fill)
        opened.now = at + 1
        yield opened


async def pause(tx: Tx) -> None:
    """Use a connection for a moment."""
    await tx.all("stores_all")
    await asyncio.sleep(0.05)


def keep(domain: DomainFixture) -> None:
    """Let several servers' housekeepers run at once."""

    async def run() -> None:
        async with AsyncExitStack() as stack:
            servers: list[list[Job]] = []
            for _ in range(KEEPERS):
                database = connect(domain.settings, lambda: domain.now)
                stack.push_async_callback(database.close)
                # each has connections before one of them begins
                await asyncio.gather(*(database.read(pause) for _ in range(CONNECTIONS)))
                servers.append(housekeeping(Operations(database), KeyUses(bytes(32)), ClockWatch()))
            await asyncio.gather(
                *(run_once(job, lambda *_: None) for jobs in servers for job in jobs)
            )

    domain.run(run())


def faults(domain: DomainFixture) -> list[Any]:
    found: list[Any] = []
    run = domain.database.snapshot(verify.verify, found.append, lambda seen: None)
    domain.run(run)
    return found


@pytest.mark.contract("10.31")
def test_each_expiry_is_noted_once_and_the_work_is_shared(
    domain: DomainFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    conflicts: list[object] = []
    monkeypatch.setattr(jobs.log, "warning", lambda *_, **words: conflicts.append(words))
    keep(domain)
    assert not conflicts
    for kind, expected in (("expired", CARDS), ("credit_expired", ACCOUNTS)):
        noted = domain.sql(NOTED.format(kind))
        assert len(noted) == len({account for _, account in noted}) == expected
        by_job = Counter(job for job, _ in noted)
        assert len(by_job) > 1, by_job
    ((deadlocks,),) = domain.sql(
        "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    )
    assert deadlocks == 0
    assert faults(domain) == []


def test_what_a_killed_housekeeper_claimed_is_done_by_another(domain: DomainFixture) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", CLAIM, domain.settings.database_url, str(domain.now)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "claimed\n"
        keep(domain)
        assert len(domain.sql(NOTED.format("expired"))) == CARDS - 100
        process.send_signal(signal.SIGKILL)
    for _ in range(50):  # until PostgreSQL has seen that its client is gone
        keep(domain)
        if len(domain.sql(NOTED.format("expired"))) == CARDS:
            break
    noted = domain.sql(NOTED.format("expired"))
    assert len({account for _, account in noted}) == len(noted) == CARDS
    assert "killed" not in {job for job, _ in noted}
    assert faults(domain) == []
