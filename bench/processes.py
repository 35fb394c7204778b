"""What a server costs before and after its work: its start, and its memory."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Final

from bench import load
from bench.figures import Aim, Figure, Result
from bench.runs import SPOKEN, Bench
from bench.servers import Serving

HELLO: Final = "the constant's server"
SETTLE: Final = 1.0  # seconds before memory is read
LONGEST: Final = 600.0  # seconds that the requests of the memory row may take


def start(bench: Bench) -> Iterator[Result]:
    """From the command to the first 200, against the constant."""
    for engine in bench.engines:
        figure = Figure(
            "start", engine, "start of gridgift serve to its first answer", "gridgift serve",
            HELLO, "s", Aim(2.5, at_least=False),
        )  # fmt: skip
        pairs = _started(bench, engine)
        yield figure.result(
            [ours.started_in for ours, _ in pairs], [theirs.started_in for _, theirs in pairs]
        )


def idle(bench: Bench) -> Iterator[Result]:
    """Memory of one idle worker, against the constant's."""
    for engine in bench.engines:
        figure = Figure(
            "idle", engine, "resident memory of one idle worker", "gridgift's worker", HELLO,
            "MB", Aim(2.0, at_least=False),
        )  # fmt: skip
        ours, theirs = [], []
        for _ in range(bench.rounds):
            with ExitStack() as stack:
                url = bench.copy(stack, engine, bench.sizes.growth[0])
                servers = bench.serve(stack, url), bench.constant(stack)
                time.sleep(SETTLE)
                ours.append(servers[0].resident())
                theirs.append(servers[1].resident())
        yield figure.result(ours, theirs, note="VmRSS of the worker process")


def memory(bench: Bench) -> Iterator[Result]:
    """Memory of a worker after many reads and grants, against after few."""
    few, many = bench.sizes.requests
    cards = bench.sizes.usual
    for engine in bench.engines:
        figure = Figure(
            "memory", engine, f"memory of a worker after {many:,} requests", f"after {many:,}",
            f"after {few:,}", "MB", Aim(1.1, at_least=False),
        )  # fmt: skip
        with ExitStack() as stack:
            server = bench.serve(stack, bench.copy(stack, engine, cards))
            bench.progress.say(f"memory: {many:,} requests, {SPOKEN[engine]}")
            errors, before = _after(bench, server, cards, few)
            more, after = _after(bench, server, cards, many - few)
        note = "one run; nine reads to a grant; VmRSS"
        yield figure.result([after], [before], errors=errors + more, note=note)


def _after(bench: Bench, server: Serving, cards: int, requests: int) -> tuple[int, float]:
    """Send so many requests; return how many failed, and the worker's memory in MB."""
    run = load.run_until(requests, load.mixed(cards), server, bench.folder, LONGEST)
    # what is on its way when enough were sent has no answer any more
    short = max(0, requests - 2 * load.CONNECTIONS - run.requests)
    time.sleep(SETTLE)
    return run.failed + short, server.resident()


def _started(bench: Bench, engine: str) -> list[tuple[Serving, Serving]]:
    """Start both in turn, each alone."""
    pairs = []
    with ExitStack() as outer:
        url = bench.copy(outer, "sqlite" if engine == "sqlite" else "postgres",
                         bench.sizes.growth[0])  # fmt: skip
        for lap in range(bench.rounds):
            bench.progress.say(f"start, {SPOKEN[engine]}, round {lap + 1} of {bench.rounds}")
            with ExitStack() as stack:
                ours = bench.serve(stack, url)
            with ExitStack() as stack:
                theirs = bench.constant(stack)
            pairs.append((ours, theirs))
    return pairs
