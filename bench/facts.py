"""On what the figures were measured: the machine, the versions, the commit."""

import asyncio
import platform
import re
import sqlite3
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

import asyncpg

from bench.figures import Facts
from bench.servers import ROOT

_KIB: Final = re.compile(r"^MemTotal:\s+(\d+)", re.MULTILINE)
_CPU: Final = re.compile(r"^model name\s*:\s*(.+)$", re.MULTILINE)


def gather(postgres_url: str | None) -> Facts:
    """Look at this machine; no name of it, and no path on it, is among the facts."""
    cpu = _CPU.findall(Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    memory = _KIB.search(Path("/proc/meminfo").read_text(encoding="utf-8"))
    assert memory is not None
    return Facts(
        cpu=cpu[0].strip() if cpu else platform.machine(),
        cores=len(cpu) or 1,
        memory=round(int(memory[1]) / 2**20),
        python=platform.python_version(),
        sqlite=sqlite3.sqlite_version,
        postgres=asyncio.run(_postgres(postgres_url)) if postgres_url else "",
        granian=version("granian"),
        starlette=version("starlette"),
        date=datetime.now(UTC).strftime("%Y-%m-%d"),
        commit=commit(),
    )


def commit() -> str:
    """The commit that is measured, with a plus sign if its source was changed; may be empty."""
    name = _git("rev-parse", "--short=10", "HEAD")
    return name + ("+" if name and _git("status", "--porcelain", "--", "src") else "")


def _git(*words: str) -> str:
    try:
        asked = subprocess.run(
            ["git", *words], cwd=ROOT, capture_output=True, text=True, check=False, timeout=10
        )
    except OSError:
        return ""
    return asked.stdout.strip() if asked.returncode == 0 else ""


async def _postgres(url: str) -> str:
    connection = await asyncpg.connect(url)
    try:
        shown: str = await connection.fetchval("SHOW server_version")
        return shown.split(maxsplit=1)[0]
    finally:
        await connection.close()
