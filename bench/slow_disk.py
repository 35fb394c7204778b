"""Grants where a flush takes 4 ms, as on a small rented server: both sides sleep in every flush.

``python -m bench.slow_disk FILE CARDS SECONDS`` runs the bare loop, for which it is preloaded too.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import msgspec

from bench import granting, load
from bench.figures import Aim, Figure, Result
from bench.load import CONNECTIONS, Load, Tool
from bench.runs import Bench, failed, rates
from bench.servers import environment

MILLISECONDS: Final = 4
PRELOAD: Final = "LD_PRELOAD"
_SOURCE: Final = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>

static int slowly(const char *name, int fd) {
    int (*flush)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    struct timespec pause = {0, MILLISECONDS * 1000000L};
    nanosleep(&pause, 0);
    return flush(fd);
}

int fsync(int fd) { return slowly("fsync", fd); }
int fdatasync(int fd) { return slowly("fdatasync", fd); }
"""


def flush(bench: Bench) -> Iterator[Result]:
    """Durable grants a second on SQLite where every flush takes 4 ms longer."""
    if "sqlite" in bench.engines:
        yield _on_sqlite(bench)


def _on_sqlite(bench: Bench) -> Result:
    cards = bench.sizes.usual
    figure = Figure(
        "flush", "sqlite", f"grant where a flush takes {MILLISECONDS} ms, synchronous=FULL",
        f"POST by {CONNECTIONS} clients", "a bare loop, the same rows, a commit for each grant",
        granting.RATE, Aim(10),
    )  # fmt: skip
    script, slow = load.grants(cards), {PRELOAD: str(shim(bench.folder))}
    with ExitStack() as stack:
        url = bench.copy(stack, "sqlite", cards)
        server = bench.serve(stack, url, more=slow)
        path = url.removeprefix("sqlite:///")
        bench.warm_up(script, server)
        ours, theirs = bench.in_turn(
            lambda: bench.load(script, server),
            lambda: _bare_loop(path, cards, bench.seconds, slow),
            what="grant with slow flushes, SQLite",
        )
    return figure.result(rates(ours), rates(theirs), errors=failed(ours, theirs))


def shim(folder: Path) -> Path:
    """Build what makes flushes slow, to be preloaded. Raises ``Tool``."""
    source, library = folder / "slow.c", folder / "slow.so"
    source.write_text(_SOURCE.replace("MILLISECONDS", str(MILLISECONDS)))
    command = ["cc", "-shared", "-fPIC", "-O2", "-o", str(library), str(source), "-ldl"]
    try:
        subprocess.run(command, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise Tool(f"No C compiler: on Debian, apt-get install gcc libc6-dev ({error}).") from error
    return library


def _bare_loop(path: str, cards: int, seconds: float, slow: dict[str, str]) -> Load:
    """Run the bare loop in a process of its own, whose flushes are slow."""
    finished = subprocess.run(
        [sys.executable, "-m", "bench.slow_disk", path, str(cards), str(seconds)],
        env=environment() | slow, capture_output=True, timeout=seconds + 60, check=True,
    )  # fmt: skip
    return msgspec.json.decode(finished.stdout, type=Load)


if __name__ == "__main__":
    done = granting.bare_loop(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
    print(msgspec.json.encode(done).decode())
