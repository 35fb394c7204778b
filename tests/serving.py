"""A real server for tests: another process, real HTTP, real signals."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx2

from gridgift.app import connect, signer
from gridgift.domain import keys, residents, stores
from gridgift.domain.ids import new_id
from gridgift.domain.keys import NewCredential
from gridgift.domain.scopes import SCOPES
from gridgift.settings import Settings
from tests.api import JO, KELLY, OWNER, SECRET

PATIENCE: Final = 30.0  # seconds until a server must answer


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
            "GRIDGIFT_DATABASE_URL": database_url,
            "GRIDGIFT_SECRET": SECRET,
            "GRIDGIFT_RATE_LIMIT": "0",
            "GRIDGIFT_LOG_FORMAT": "json",
            **environ,
        }
        self.settings = Settings(database_url=database_url, secret=SECRET)
        self.store_id, self.key_id, self.key = asyncio.run(self._set_the_scene())
        self._log = Path(tempfile.mkstemp(suffix=".log")[1])
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

    @property
    def headers(self) -> dict[str, str]:
        """What authenticates a request."""
        return {"X-API-Key": self.key}

    def client(self, **options: Any) -> httpx2.Client:
        """Make a client that is authenticated."""
        return httpx2.Client(base_url=self.url, headers=self.headers, timeout=30, **options)

    def log(self) -> str:
        """Return what the server wrote to its standard output and error."""
        return self._log.read_text(errors="replace")

    def wait(self) -> None:
        """Wait until the server answers."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            assert self.process.poll() is None, f"the server left:\n{self.log()}"
            try:
                httpx2.get(f"{self.url}/healthz", timeout=2)
                return
            except httpx2.TransportError:
                time.sleep(0.05)
        raise AssertionError(f"no answer after {PATIENCE} s:\n{self.log()}")

    def kill(self) -> None:
        """End the server and its workers as a crash would."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def restart(self) -> None:
        """Start it again on the same port."""
        self.process = self._start()
        self.wait()

    def stop(self) -> int:
        """Ask it to leave, and return its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def _start(self) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "gridgift", "serve", "--port", str(self.port)]
        with self._log.open("ab") as log:
            return subprocess.Popen(
                [*command, *self.options],
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    async def _set_the_scene(self) -> tuple[str, str, str]:
        database = connect(self.settings)
        try:
            store_id = new_id()
            new = stores.NewStore("Moonwall Couture", OWNER)
            await database.write(stores.create, new, store_id)
            for resident in (KELLY, JO):
                await database.write(residents.remember, resident)
            issued = await database.write(
                keys.create,
                signer(self.settings),
                store_id,
                "tests",
                list(SCOPES),
                NewCredential(new_id(), os.urandom(32)),
            )
        finally:
            await database.close()
        return store_id, issued.stored.id, issued.key


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
