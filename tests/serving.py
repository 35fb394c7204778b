"""A real server for tests: another process, real HTTP, real signals."""

import asyncio
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from pathlib import Path
from typing import Any, Final

import httpx2

from gridgift.app import connect, signer
from gridgift.settings import Settings
from tests.api import SECRET, PreparedStore, prepare_store
from tests.forked import Forked

PATIENCE: Final = 90.0  # seconds until a server must answer, on a busy machine
PORTS: Final = range(10_000, 32_000)  # those that Linux gives to nobody who asks for any port

_claims: Final[list[socket.socket]] = []  # which tell other processes which ports are taken


class Server:
    """``python -m gridgift serve`` on a free port, with a store, two residents and a key."""

    def __init__(
        self, database_url: str, options: Sequence[str], environ: Mapping[str, str]
    ) -> None:
        self.database_url = database_url
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.options = list(options)
        self.environ = {
            **{name: text for name, text in os.environ.items() if not name.startswith("GRIDGIFT_")},
            "GRIDGIFT_DATABASE_URL": patient(database_url),
            "GRIDGIFT_SECRET": SECRET,
            "GRIDGIFT_RATE_LIMIT": "0",
            "GRIDGIFT_LOG_FORMAT": "json",
            **environ,
        }
        self.settings = Settings(database_url=database_url, secret=SECRET)
        self._open_store()
        self._log = Path(tempfile.mkstemp(suffix=".log")[1])
        # one that runs under other variables than Gridgift's begins as a program of its own
        self._forked = all(name.startswith("GRIDGIFT_") for name in environ)
        self.process = self._start()

    @classmethod
    @contextmanager
    def started(
        cls, database_url: str, options: Sequence[str] = (), environ: Mapping[str, str] = {}
    ) -> Iterator["Server"]:
        """Start a server, wait until it answers, and stop it in the end."""
        server = cls(database_url, options, environ)
        try:
            server.wait()
            yield server
        finally:
            server.stop()
            server._log.unlink()

    def with_new_store(self) -> "Server":
        """Return the same server with another store and key, for one more test to use.

        It is stopped and restarted by way of the first one only.
        """
        again = copy(self)
        again._open_store()
        return again

    @property
    def headers(self) -> dict[str, str]:
        """What authenticates a request."""
        return {"X-API-Key": self.key}

    def client(self, **options: Any) -> httpx2.Client:
        """Make a client that is authenticated."""
        return httpx2.Client(base_url=self.url, headers=self.headers, timeout=PATIENCE, **options)

    def log(self) -> str:
        """Return what the server wrote to its standard output and error."""
        return self._log.read_text(errors="replace")

    def wait_for_log(self, word: str) -> None:
        """Wait until the server has written something."""
        deadline = time.monotonic() + PATIENCE
        while word not in self.log():
            assert self.process.poll() is None, f"the server left:\n{self.log()}"
            assert time.monotonic() < deadline, f"{word!r} is not in the log:\n{self.log()}"
            time.sleep(0.05)

    def wait(self) -> None:
        """Wait until the server answers."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            left = self.process.poll()
            assert left is None, f"the server left with {left}:\n{self.log()}"
            try:
                socket.create_connection(("127.0.0.1", self.port), 10).close()  # cheaper to try
                httpx2.get(f"{self.url}/healthz", timeout=10)
                return
            except (OSError, httpx2.TransportError):
                time.sleep(0.02)
        raise AssertionError(f"no answer after {PATIENCE} s:\n{self.log()}")

    def kill(self) -> None:
        """End the server and its workers as a crash would."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def start_again(self) -> None:
        """Start it again on the same port, and don't wait for it."""
        self.process = self._start()

    def restart(self) -> None:
        """Start it again on the same port."""
        self.start_again()
        self.wait()

    def stop(self) -> int:
        """Ask it to leave, and return its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def _start(self) -> "subprocess.Popen[bytes] | Forked":
        until_free(self.port)  # workers that were killed may hold it for a moment
        command = ["serve", "--port", str(self.port), *self.options]
        if self._forked:
            return Forked(command, self.environ, self._log)
        with self._log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "gridgift", *command],
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _open_store(self) -> None:
        async def write() -> PreparedStore:
            database = connect(self.settings)
            try:
                return await database.write(prepare_store, signer(self.settings))
            finally:
                await database.close()

        self.prepared = prepared = asyncio.run(write())
        self.store_id, self.key_id = prepared.store.id, prepared.issued.stored.id
        self.key = prepared.issued.key


def patient(database_url: str) -> str:
    """Let a server on a busy machine wait longer for a connection than it usually would."""
    if not database_url.startswith("postgresql:"):
        return database_url
    return f"{database_url}{'&' if '?' in database_url else '?'}connect_timeout=60"


def is_taken(port: int) -> bool:
    """Tell whether a server can't have a port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def until_free(port: int) -> None:
    """Wait until nobody listens on a port."""
    deadline = time.monotonic() + PATIENCE
    while is_taken(port):
        assert time.monotonic() < deadline, f"somebody listens on port {port}"
        time.sleep(0.02)


def free_port() -> int:
    """Find a port that nobody listens on, and that no other test gets while this process lives.

    It is not one of those that systems choose: such a port may be somebody's before it is used, or
    while its server is started again.
    """
    while True:
        port = random.choice(PORTS)
        claim = socket.socket(type=socket.SOCK_DGRAM)  # of UDP, which nobody else uses here
        try:
            claim.bind(("127.0.0.1", port))
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            claim.close()
            continue
        _claims.append(claim)
        return port
