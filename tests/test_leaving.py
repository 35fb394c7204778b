"""A run of tests that is told to end leaves no process behind."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.live import until
from tests.leaving import RUN, started_by

ROOT = Path(__file__).parents[1]
PATIENCE = 60.0  # seconds
OPTIONS = ("-n1", "-c", str(ROOT / "pyproject.toml"), "-p", "tests.conftest")
ENDLESS = """
import time
from pathlib import Path
import pytest

@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
def test_endless(live_server, run_folder):
    Path(__file__).with_name("begun").write_text(str(run_folder))
    time.sleep(600)
"""


def test_a_run_that_is_told_to_end_leaves_nothing(tmp_path: Path) -> None:
    """With a server of Gridgift and one of PostgreSQL, which a worker has started."""
    (tmp_path / "test_endless.py").write_text(ENDLESS)
    begun = tmp_path / "begun"
    with subprocess.Popen(
        [sys.executable, "-m", "pytest", *OPTIONS, str(tmp_path)],
        cwd=ROOT,
        env={name: text for name, text in os.environ.items() if name != RUN},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as run:
        try:
            until(lambda: begun.exists() and begun.read_text(), PATIENCE)
            folder = Path(begun.read_text())
            assert len(list(started_by(folder))) > 2  # with the worker itself
        finally:
            run.terminate()
        assert run.wait(PATIENCE) == pytest.ExitCode.INTERRUPTED
    until(lambda: not list(started_by(folder)), PATIENCE)
    assert not folder.exists()
