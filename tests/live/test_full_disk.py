"""A full disk with several workers and the temporary folder on it: reads go on, no worker ends."""

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.live.test_outages import GRANT, assert_unavailable, grant, limit_files, processes
from tests.serving import PATIENCE, Server

TOKEN: Final = "t" * 16
ROUTES: Final = ("/v1/store", "/v1/customers/kelly/giftcards", "/nowhere", "/docs")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 16 MiB, or, where nothing may be mounted, a plain folder."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(place)]
    mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    try:
        yield place
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(place)], check=True)


@contextmanager
def full(disk: Path, server: Server) -> Iterator[None]:
    """Leave no byte free; on a plain folder no file of the server may have any."""
    if not disk.is_mount():
        limit_files(server, 0)
        yield
        limit_files(server, -1)
        return
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (65_536, 1):
            with suppress(OSError):
                while file.write(bytes(size)):
                    pass
    yield
    filler.unlink()


def test_reads_go_on_and_no_worker_ends(disk: Path, sqlite_template: Path) -> None:
    path = disk / "gridgift.db"
    shutil.copy(sqlite_template, path)
    environ = {"TMPDIR": str(disk), "GRIDGIFT_METRICS_TOKEN": TOKEN}
    with (
        Server.started(f"sqlite:///{path}", ("--workers", "2"), environ) as server,
        server.client() as client,
    ):
        card = grant(client, "before")
        workers = processes(server.process.pid)
        with full(disk, server):
            for number in range(40):
                with server.client() as new:
                    for route in ROUTES:  # each worker's first of its kind, which needs room
                        assert new.get(f"{route}?x={number}").status_code in {200, 404}
                    assert new.get(f"/v1/giftcards/{card['id']}").json() == card
                    assert_unavailable(new.post(GRANT, json={"credit": 5}))
            assert scraped(client, "/v1/store") > 0
            assert processes(server.process.pid) == workers
        until(lambda: client.get("/v1/store").status_code == 200)
        grant(client, "after")
        # what was counted meanwhile is told now: a path that has no endpoint is counted as ""
        until(lambda: scraped(client, "") == 40)
        assert processes(server.process.pid) == workers


def scraped(client: httpx2.Client, route: str) -> float:
    """Return how many answers the metrics count for a route."""
    response = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert response.status_code == 200
    return sum(
        sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
        if sample.name == "gridgift_request_seconds_count" and sample.labels["route"] == route
    )


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)
