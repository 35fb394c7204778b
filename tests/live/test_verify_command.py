"""``gridgift verify`` as an operator runs it: on the demo, on broken data, beside a live server."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.api import SECRET
from tests.domain.fixture import bare_sql
from tests.domain.test_old_ledger import old_rows
from tests.live.crowd import at_once
from tests.serving import Server

GRANT = "/v1/customers/kelly/actions/grant-gift-card"
CARDS = 1_500  # enough for verify to take a while
PATIENCE = 3.0  # seconds: the longest that a write may take beside it
THREADS = 4  # a machine that stands still for a moment delays one write of each


def gridgift(*arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    """Run the command line."""
    import os

    clean = {name: text for name, text in os.environ.items() if not name.startswith("GRIDGIFT_")}
    return subprocess.run(
        [sys.executable, "-m", "gridgift", *arguments],
        capture_output=True, text=True, timeout=120, check=False, env=clean | environ,
    )  # fmt: skip


def verify(url: str, *options: str) -> "subprocess.CompletedProcess[str]":
    """Run gridgift verify."""
    return gridgift("verify", "--database", url, *options, GRIDGIFT_SECRET=SECRET)


def sql(url: str, statement: str) -> Any:
    """Run a statement behind the server's back."""
    import asyncio

    return asyncio.run(bare_sql(url, statement))


@pytest.mark.contract("10.65")
def test_the_demo_is_clean(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/demo.db"
    assert gridgift("demo", "--no-serve", "--database", url).returncode == 0
    done = gridgift("verify", "--database", url, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    accounts = found.pop("accounts")
    assert accounts > 1
    assert found == {"faults": 0, "unstated": 0, "first": []}
    done = gridgift("verify", "--database", url)
    assert done.returncode == 0
    assert f"{accounts} accounts add up." in done.stdout + done.stderr


@pytest.mark.contract("10.65")
def test_faults_are_told_with_their_ids(live_server: Server) -> None:
    url = live_server.database_url
    with live_server.client() as client:
        card = client.post(GRANT, json={"credit": 100}).json()["id"]
    sql(url, "UPDATE gift_cards SET credit = 101")
    done = verify(url)
    assert done.returncode == 1
    flat = "".join(done.stdout.split())
    assert card in flat
    assert live_server.store_id in flat
    assert "credit101,itsentriessay100" in flat
    assert "1 fault in" in done.stdout + done.stderr
    done = verify(url, "--json")
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert found["faults"] == 1
    (fault,) = found["first"]
    assert fault["storeId"] == live_server.store_id
    assert (fault["accountKind"], fault["accountId"]) == ("card", card)
    assert fault["what"] == "the card has credit 101, its entries say 100"
    assert "Traceback" not in done.stderr


def test_old_lots_and_holds_are_attested(tmp_path: Path) -> None:
    """As an operator does it once after an update: verify asks for it, and then finds changes."""
    url = f"sqlite:///{tmp_path}/old.db"
    assert gridgift("migrate", "--database", url).returncode == 0
    for statement in old_rows("sqlite"):
        sql(url, statement)
    done = verify(url)
    assert done.returncode == 0
    assert "1 account has lots or holds of an earlier version" in done.stdout + done.stderr
    done = gridgift("attest", "--database", url, "--json", GRIDGIFT_SECRET=SECRET)
    assert (done.returncode, json.loads(done.stdout)) == (0, {"attested": 1, "faulty": 0})
    done = gridgift("attest", "--database", url, GRIDGIFT_SECRET=SECRET)
    assert "0 accounts attested." in done.stdout + done.stderr
    assert json.loads(verify(url, "--json").stdout)["unstated"] == 0
    sql(url, "UPDATE credit_lots SET expires_at = NULL")
    assert verify(url).returncode == 1


def test_no_database(tmp_path: Path) -> None:
    done = verify(f"sqlite:///{tmp_path}/none.db")
    assert done.returncode not in {0, 1}
    assert "Traceback" not in done.stderr


@contextmanager
def granting(server: Server) -> Iterator[list[tuple[int, float]]]:
    """Grant cards all the while; collect each answer's status and latency (seconds)."""
    answers: list[tuple[int, float]] = []
    over = threading.Event()

    def work() -> None:
        with server.client() as client:
            while not over.is_set():
                begun = time.monotonic()
                status = client.post(GRANT, json={"credit": 1}).status_code
                answers.append((status, time.monotonic() - begun))

    workers = [threading.Thread(target=work) for _ in range(THREADS)]
    for worker in workers:
        worker.start()
    try:
        yield answers
    finally:
        over.set()
        for worker in workers:
            worker.join()


@pytest.mark.contract("10.66")
def test_beside_a_live_server(
    live_server: Server, record_property: pytest.FixtureRequest | Any
) -> None:
    async def stock(client: Any, number: int) -> None:
        for _ in range(CARDS // 30):
            assert (await client.post(GRANT, json={"credit": 5})).status_code == 200

    at_once(live_server, stock, clients=30)
    with granting(live_server) as answers:
        time.sleep(0.5)
        before = len(answers)
        begun = time.monotonic()
        done = verify(live_server.database_url)
        took = time.monotonic() - begun
        during = answers[before:]
        time.sleep(0.5)
    assert done.returncode == 0, done.stdout + done.stderr
    assert {status for status, _ in answers} == {200}
    slowest = sorted(latency for _, latency in during)[-THREADS - 1]
    record_property("verify", f"{took:.2f} s, {len(during)} grants, slowest {slowest:.3f} s")
    print(f"verify took {took:.2f} s; {len(during)} grants, the slowest {slowest * 1000:.0f} ms")
    assert len(during) > 20 * took, "grants went on"
    assert slowest < PATIENCE
    assert verify(live_server.database_url).returncode == 0
