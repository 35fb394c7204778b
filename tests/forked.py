"""Servers that need not import the program each: one process has imported it and forks for them.

To import it takes most of a server's start. A forked server has its own arguments, environment,
session, files and exit code, and ends as Python does. ``python -m gridgift serve`` itself is what
``tests/cli/live.py`` starts.
"""

import atexit
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any, Final, NoReturn

from gridgift.cli import main as command
from tests.cli.zygote import exit_code, warm_up

REPOSITORY: Final = Path(__file__).parents[1]
POLL: Final = 0.02  # seconds


class Forker:
    """The process that forks, as the one knows it that uses it."""

    def __init__(self) -> None:
        self._turn = Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.forked"],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for those who end the servers
            text=True,
        )

    def ask(self, **request: Any) -> int | None:
        """Send a request, and return the answer."""
        assert self._process.stdin is not None and self._process.stdout is not None
        with self._turn:
            print(json.dumps(request), file=self._process.stdin, flush=True)
            answer: int | None = json.loads(self._process.stdout.readline())
            return answer


@cache
def forker() -> Forker:
    """Return what this process's servers are forked from; it ends with this process."""
    return Forker()


class Forked:
    """A process that was forked, with what Popen has for one."""

    def __init__(self, arguments: Sequence[str], environ: Mapping[str, str], output: Path) -> None:
        """Start ``gridgift`` in a session of its own; what it prints is added to a file."""
        started = forker().ask(
            arguments=arguments, environ=environ, output=str(output), folder=str(Path.cwd())
        )
        assert started is not None
        self.pid = started
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return its exit code, a signal's number less than 0, or None while it runs."""
        if self.returncode is None:
            self.returncode = forker().ask(pid=self.pid)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait so many seconds for its exit code; raises TimeoutExpired."""
        deadline = time.monotonic() + (float("inf") if timeout is None else timeout)
        while (code := self.poll()) is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("gridgift", timeout or 0)
            time.sleep(POLL)
        return code

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to leave."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)


def main() -> None:
    """Read a request a line and answer it; in a process that is forked, run its command."""
    import gridgift.cli.worker  # noqa: F401 -- Granian imports it late

    warm_up()
    answers = os.fdopen(os.dup(1), "w")
    for line in sys.stdin:
        request = json.loads(line)
        answer = ended(request["pid"]) if "pid" in request else fork(request)
        if answer == 0 and "pid" not in request:
            answers.close()
            run()
        print(json.dumps(answer), file=answers, flush=True)


def run() -> NoReturn:
    """Run the command and end as Python does, but let the system free the memory.

    Python would free each object, which takes longer than all else in most servers' lives here.
    """
    code = exit_code(command)
    threading._shutdown()  # type: ignore[attr-defined]  # waits for threads
    atexit._run_exitfuncs()
    os._exit(code)


def ended(pid: int) -> int | None:
    """Return the exit code of a process, or None while it runs."""
    found, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if found else None


def fork(request: dict[str, Any]) -> int:
    """Fork, and return the pid once the process has its session; in that process, return 0."""
    ready, begun = os.pipe()
    pid = os.fork()
    if pid:
        os.close(begun)
        os.read(ready, 1)
        os.close(ready)
        return pid
    os.close(ready)
    os.setsid()
    os.close(begun)
    os.chdir(request["folder"])
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    output = os.open(request["output"], os.O_WRONLY | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.environ.clear()
    os.environ.update(request["environ"])
    sys.argv = ["gridgift", *request["arguments"]]
    return 0


if __name__ == "__main__":
    main()
