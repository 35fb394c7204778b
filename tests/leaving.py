"""How a run of tests ends when it is told to: with all that it has started."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

RUN: Final = "TEST_RUN"  # a variable by which a run's processes, and theirs, are known


def end_on_sigterm() -> None:
    """Let SIGTERM end this process as Ctrl-C does: what stands in ``with`` is ended too."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def begin(folder: Path) -> None:
    """Mark all processes that this one starts from now on, and theirs, with the run's folder."""
    os.environ[RUN] = str(folder)


def kill_all(folder: Path) -> None:
    """Kill what a run has left: workers that were killed themselves have ended nothing."""
    for pid in started_by(folder):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def started_by(folder: Path) -> Iterator[int]:
    """Find the processes that a run has started."""
    mark = f"{RUN}={folder}".encode()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile, or is someone else's
            if mark in (process / "environ").read_bytes().split(b"\0"):
                yield int(process.name)
