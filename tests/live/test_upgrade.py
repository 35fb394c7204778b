"""An upgrade under load: the schema is expanded, the old server serves on, the new one joins it."""

import os
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

import gridgift
from gridgift.storage.migrate import migrations
from tests.live.books import audit
from tests.serving import Server

GRANT: Final = "/v1/customers/kelly/actions/grant-gift-card"
PATIENCE: Final = 120.0  # seconds
EXPANSION: Final = """
ALTER TABLE gift_cards ADD COLUMN colour text;
ALTER TABLE holds ADD COLUMN till text NOT NULL DEFAULT 'web';
CREATE TABLE colours (name text NOT NULL PRIMARY KEY);
CREATE INDEX gift_cards_by_colour ON gift_cards (store_id, colour);
"""
LINES: Final = {
    "expanded": f"-- Served by programs from {len(migrations('sqlite')):04d} on.",
    "contracted": "-- Served by programs that know it.",
}

Statuses = Counter[tuple[str, int]]  # of what was asked


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """The program as it may be one day: with a folder ``gridgift`` of its own."""
    folder = tmp_path / "newer"
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(gridgift.__file__).parent, folder / "gridgift", ignore=ignore)
    return folder


def add_migration(newer: Path, line: str) -> None:
    name = f"{len(migrations('sqlite')) + 1:04d}_colours.sql"
    for engine in ("sqlite", "postgres"):
        path = newer / "gridgift" / "storage" / "migrations" / engine / name
        path.write_text(line + EXPANSION)


def migrate(newer: Path, server: Server) -> str:
    """Run the newer program's ``gridgift migrate``; return what it says."""
    run = subprocess.run(
        [sys.executable, "-m", "gridgift", "migrate"],
        env={**os.environ, **server.environ, "PYTHONPATH": str(newer)},
        capture_output=True, text=True, timeout=PATIENCE,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    return run.stdout + run.stderr


@contextmanager
def asking(server: Server, statuses: Statuses) -> Iterator[None]:
    """Grant, read and ask whether the server is ready, all the while."""
    over, one_at_a_time = threading.Event(), threading.Lock()

    def work(method: str, path: str, **options: Any) -> None:
        with server.client() as client:
            while not over.is_set():
                status = client.request(method, path, **options).status_code
                with one_at_a_time:
                    statuses[path, status] += 1

    asked = [("POST", GRANT, {"json": {"credit": 1}})] * 3
    asked += [("GET", path, {}) for path in ("/v1/store", "/v1/customers/kelly/giftcards")]
    threads = [
        threading.Thread(target=work, args=(method, path), kwargs=options)
        for method, path, options in [*asked, ("GET", "/readyz", {})]
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def until_more(statuses: Statuses) -> None:
    """Wait until everything has been answered a few times more, whatever the answer is."""
    before, deadline = statuses.copy(), time.monotonic() + PATIENCE
    while len(more := statuses.copy() - before) < 4 or min(more.values()) < 5:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_no_request_is_refused_while_the_schema_is_expanded(database_url: str, newer: Path) -> None:
    add_migration(newer, LINES["expanded"])
    before, after = Statuses(), Statuses()
    with Server.started(database_url, ["--workers", "2"]) as old:
        with asking(old, before):
            until_more(before)
            assert "can serve it too" in migrate(newer, old)
            with Server.started(database_url, environ={"PYTHONPATH": str(newer)}) as new:
                with asking(new, after):
                    until_more(after)
                accounts = audit(new)
                assert len(accounts) == after[GRANT, 200]
            until_more(before)
        assert old.stop() == 0
        old.restart()  # it may be started, too
        with old.client() as client:
            assert client.get("/readyz").status_code == 200
    for statuses in (before, after):
        assert {status for _, status in statuses} == {200}
        assert len(statuses) == 4


def test_a_schema_that_was_contracted_takes_the_old_server_out(
    database_url: str, newer: Path
) -> None:
    add_migration(newer, LINES["contracted"])
    with Server.started(database_url) as old, old.client() as client:
        assert client.get("/readyz").status_code == 200
        assert "stop older ones first" in migrate(newer, old)
        assert client.get("/readyz").status_code == 503
        old.stop()
        old.start_again()
        assert old.process.wait(PATIENCE) == 2
        assert "install the newer Gridgift" in old.log()
