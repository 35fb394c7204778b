"""What all processes of a test run share: a folder, and what one of them makes there for all."""

import fcntl
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import httpcore2


def keep_bytecode() -> None:
    """Let this process and those that it starts keep what they compile, even if told not to.

    Containers often tell Python so. Each worker then compiles all tests, which takes 13 s of
    processor time, and each of hundreds of servers all of Gridgift, which takes 0.5 s.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False


def read_certificates_once() -> None:
    """Let all clients of httpx in this process trust the same certificates, which are read once.

    Each would read them anew, which takes longer than dozens of requests.
    """
    httpcore2.default_ssl_context = cache(httpcore2.default_ssl_context)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Let one process in at a time; the others wait.

    ``path`` is the lock's file, which is made as needed and left there.
    """
    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def made_once(path: Path, make: Callable[[Path], None]) -> Path:
    """Return a file that the first process to come here makes.

    ``make`` gets another path to write to, so that a failure leaves nothing behind.
    """
    with locked(path.with_name(f"{path.name}.lock")):
        if not path.exists():
            draft = path.with_name(f"draft-{path.name}")
            draft.unlink(missing_ok=True)
            make(draft)
            draft.rename(path)
    return path
