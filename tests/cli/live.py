"""Real servers, started as people start them: ``python -m gridgift serve``."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2

from tests.cli.commands import CommandRunner, Result
from tests.serving import PATIENCE


class Running:
    """A server that says in JSON where it listens."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        self.process = process
        lines: list[str] = []
        while not lines or lines[-1] not in {"}\n", ""}:
            lines.append(process.stdout.readline())
        self.said: dict[str, Any] = json.loads("".join(lines) or "{}")
        self.url = str(self.said["url"])

    def get(self, path: str, key: str = "", **options: Any) -> httpx2.Response:
        """Ask the server for something."""
        headers = {"X-API-Key": key}
        return httpx2.get(f"{self.url}{path}", headers=headers, timeout=PATIENCE, **options)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> Result:
        """Send a signal, and return what came of it; it must leave."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=PATIENCE)
        return Result(self.process.returncode, out, err)


@contextmanager
def running(
    cli: CommandRunner, *arguments: object, environ: dict[str, str] | None = None
) -> Iterator[Running]:
    """Start ``python -m gridgift`` with these arguments and stop it in the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "gridgift", *map(str, arguments), "--json"],
        cwd=cli.folder,
        env={**cli.environ, **(environ or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield Running(process)
    finally:
        if process.poll() is None:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.communicate(timeout=15)
        process.kill()


def until(condition: Any, seconds: float = PATIENCE) -> None:
    """Wait for something to become true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def accepts(url: str) -> bool:
    """Say whether a server answers there."""
    with suppress(httpx2.TransportError):
        return httpx2.get(f"{url}/healthz", timeout=PATIENCE).is_success
    return False


def file_of(cli: CommandRunner, name: str, text: str | bytes) -> Path:
    """Put a file into the commands' folder."""
    path = cli.folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path
