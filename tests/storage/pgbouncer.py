"""A real PgBouncer in front of a real PostgreSQL."""

import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from tests.serving import free_port

PATIENCE: Final = 60.0  # seconds


@contextmanager
def pgbouncer(url: str, mode: str, *settings: str) -> Iterator[str]:
    """Start PgBouncer before the database of an address; yield the address that leads through it.

    ``mode`` is its ``pool_mode``; ``settings`` are further lines of its configuration.
    """
    parts, port = urlsplit(url), free_port()
    host = parse_qs(parts.query)["host"][0] if parts.query else parts.hostname
    with tempfile.TemporaryDirectory(prefix="gridgift-pgbouncer-") as name:
        folder = Path(name)
        (folder / "users").write_text('"postgres" ""\n')
        (folder / "pgbouncer.ini").write_text(
            "\n".join(
                (
                    "[databases]",
                    f"* = host={host} port={parts.port or 5432} user=postgres",
                    "[pgbouncer]",
                    f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =",
                    f"auth_type = trust\nauth_file = {folder / 'users'}",
                    f"pool_mode = {mode}",
                    *settings,
                )
            )
        )
        folder.chmod(0o755)
        options = _as_owner_of(Path(str(host)))
        process = subprocess.Popen(
            ["pgbouncer", folder / "pgbouncer.ini"],
            env={**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **options,
        )
        try:
            _wait(port)
            yield f"postgresql://postgres@127.0.0.1:{port}{parts.path}"
        finally:
            process.kill()
            process.wait()


def _as_owner_of(socket_folder: Path) -> dict[str, Any]:
    """Say how to run a program that refuses to be root, as the one whom PostgreSQL lets in."""
    if os.geteuid() != 0:
        return {}
    return {"user": socket_folder.stat().st_uid if socket_folder.is_dir() else "nobody"}


def _wait(port: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        time.sleep(0.02)
    raise AssertionError("PgBouncer does not start")
