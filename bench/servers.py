"""Servers as processes: ``gridgift serve`` as production runs it, and the constant."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from msgspec import Struct

from bench import dataset

ROOT: Final = Path(__file__).parents[1]
PATIENCE: Final = 60.0  # seconds until a server must answer
RATE_LIMIT: Final = "10000000"  # on, as in production, and never reached
HELLO: Final = "/hello"


class Serving(Struct, frozen=True):
    """A server that answers; ``started_in`` is in seconds, from the command to the first 200."""

    port: int
    pid: int
    started_in: float

    def resident(self) -> float:
        """The resident memory of its worker, in MB: VmRSS of the largest child process."""
        return max(memory(child, "VmRSS") for child in children(self.pid))


def first_card() -> tuple[str, dict[str, str]]:
    """A path that is answered with 200 on every seeded database, and its headers."""
    return f"/v1/giftcards/{dataset.card_id(0)}", {"X-API-Key": dataset.key(dataset.store_of(0))}


def environment(url: str | None = None) -> dict[str, str]:
    """What our processes are given: nothing of the caller's own settings."""
    given = {name: text for name, text in os.environ.items() if not name.startswith("GRIDGIFT_")}
    path = os.pathsep.join(filter(None, (str(ROOT), given.get("PYTHONPATH"))))
    own = {"PYTHONPATH": path}
    if url is not None:
        own |= {
            "GRIDGIFT_DATABASE_URL": url,
            "GRIDGIFT_SECRET": dataset.SECRET,
            "GRIDGIFT_RATE_LIMIT": RATE_LIMIT,
            "GRIDGIFT_LOG_FORMAT": "json",
        }
    return given | own


@contextmanager
def gridgift(
    url: str, log: Path, workers: int = 1, more: Mapping[str, str] = {}
) -> Iterator[Serving]:
    """Run ``gridgift serve``, with ``more`` settings; its log goes to a file."""
    port = free_port()
    command = ["-m", "gridgift", "serve", "--port", str(port), "--workers", str(workers)]
    with serving(command, {**environment(url), **more}, log, port, *first_card()) as server:
        yield server


@contextmanager
def hello(log: Path) -> Iterator[Serving]:
    """Run the constant."""
    port = free_port()
    with serving(["-m", "bench.hello", str(port)], environment(), log, port, HELLO, {}) as server:
        yield server


@contextmanager
def serving(
    command: Sequence[str],
    environ: Mapping[str, str],
    log: Path,
    port: int,
    path: str,
    headers: dict[str, str],
) -> Iterator[Serving]:
    """Start a server, wait for its first 200, and end it in any case."""
    started = time.perf_counter()
    with process(command, environ, log) as child:
        while not _answers(port, path, headers):
            if child.poll() is not None or time.perf_counter() - started > PATIENCE:
                raise RuntimeError(f"{' '.join(command)} does not answer:\n{tail(log)}")
            time.sleep(0.002)
        yield Serving(port, child.pid, time.perf_counter() - started)


@contextmanager
def process(
    command: Sequence[str], environ: Mapping[str, str], log: Path
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a program with this Python in a session of its own, which ends with the context."""
    with log.open("ab") as output:
        child = subprocess.Popen(
            [sys.executable, *command], env=dict(environ), cwd=log.parent,
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
    try:
        yield child
    finally:
        child.terminate()
        with suppress(subprocess.TimeoutExpired):
            child.wait(15)
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def children(pid: int) -> list[int]:
    """The processes that a process started."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


def memory(pid: int, field: str) -> float:
    """A field of a process's status in MB: VmRSS now, VmHWM at most; 0 once it has left."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(f"{field}:"):
                return int(line.split()[1]) / 1024
    return 0.0


def tail(log: Path) -> str:
    """The end of what a process wrote."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-20:])


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(port: int, path: str, headers: dict[str, str]) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path, headers=headers)
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
