"""The smallest run of the whole harness, and one that is broken off."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench import report
from bench.servers import ROOT
from tests.cli.live import until

PATIENCE = 300.0  # seconds; the machine may be busy


def command(folder: Path, *words: str) -> "subprocess.Popen[str]":
    """Start the benchmark with a folder of its own."""
    given = {name: text for name, text in os.environ.items() if not name.startswith("GRIDGIFT_")}
    return subprocess.Popen(
        [sys.executable, "-m", "bench", "--small", *words],
        env=given | {"GRIDGIFT_BENCH_DIR": str(folder), "PYTHONPATH": os.pathsep.join(sys.path)},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def left(folder: Path) -> list[str]:
    """Find processes that know the folder from their environment."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if str(folder).encode() in path.read_bytes():
                found.append(path.parent.name)
        except OSError:
            continue  # it has left, or is somebody else's
    return found


def test_a_small_run_measures_reads(tmp_path: Path) -> None:
    kept = (ROOT / "bench" / "results.json").read_bytes()
    with command(tmp_path, "--only", "read", "--engine", "sqlite") as running:
        output, _ = running.communicate(timeout=PATIENCE)
    assert running.returncode == 0, output
    results = report.read(tmp_path / "small" / "results.json")
    (row,) = results.rows
    assert (row.id, row.note) == ("read-sqlite", "")
    assert row.measured is not None
    assert row.measured.range.min > 0
    assert "read a random card of 10,000" in output
    assert (tmp_path / "small" / "performance.svg").exists()
    assert (ROOT / "bench" / "results.json").read_bytes() == kept
    until(lambda: not left(tmp_path))


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_broken_off_leaves_nothing(tmp_path: Path, sign: signal.Signals) -> None:
    words = ("--only", "read", "--engine", "sqlite", "--seconds", "60")
    with command(tmp_path, *words) as running:
        deadline = time.monotonic() + PATIENCE
        assert running.stdout is not None
        for line in running.stdout:
            if "round 1" in line or time.monotonic() > deadline:
                break
        time.sleep(0.5)
        running.send_signal(sign)
        output, _ = running.communicate(timeout=PATIENCE)
    assert running.returncode == {signal.SIGINT: 130, signal.SIGTERM: 143}[sign], output
    until(lambda: not left(tmp_path))
    assert not list(tmp_path.glob("gridgift_bench_copy*"))
    assert not (tmp_path / "small").exists()
