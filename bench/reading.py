"""Reads: one card, a page, a page deep in a walk, and two workers."""

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Final

import httpx2

from bench import dataset, load
from bench.figures import Aim, Figure, Result
from bench.load import PAGE
from bench.runs import SPOKEN, Bench, failed, rates
from bench.servers import Serving

RATE: Final = "answers/s"
CONSTANT: Final = "the constant"
CORES: Final = 4  # with fewer, the load generator takes part of the second worker's
READ_AIMS: Final = {"sqlite": Aim(0.60), "postgres": Aim(0.35)}
QUIET: Final = 8  # connections of the reads that run beside grants
DEEP: Final = 1_000
LONGEST_LIST: Final = (
    f"/v1/customers/{dataset.resident_uuid(dataset.HOARDER)}/giftcards?limit={PAGE}"
)


def read(bench: Bench) -> Iterator[Result]:
    """A random card, against the constant."""
    cards = bench.sizes.usual
    for engine in bench.engines:
        title = f"read a random card of {cards:,}"
        figure = Figure("read", engine, title, "GET a card", CONSTANT, RATE, READ_AIMS[engine])
        with ExitStack() as stack:
            server = bench.serve(stack, bench.copy(stack, engine, cards))
            ours, theirs = bench.compare(
                [(load.reads(cards), server), (load.constant(cards), bench.constant(stack))],
                what=f"read, {SPOKEN[engine]}",
            )
        yield figure.result(rates(ours), rates(theirs), errors=failed(ours, theirs))


def page(bench: Bench) -> Iterator[Result]:
    """A customer's first page, against the constant."""
    cards = bench.sizes.usual
    for engine in bench.engines:
        title = f"a page of {PAGE} cards of one customer"
        figure = Figure("page", engine, title, "GET a page", CONSTANT, RATE, Aim(0.20))
        with ExitStack() as stack:
            server = bench.serve(stack, bench.copy(stack, engine, cards))
            ours, theirs = bench.compare(
                [(load.pages(cards), server), (load.constant(cards), bench.constant(stack))],
                what=f"page, {SPOKEN[engine]}",
            )
        yield figure.result(rates(ours), rates(theirs), errors=failed(ours, theirs))


def deep(bench: Bench) -> Iterator[Result]:
    """A late page of a walk, against the first one of the same list."""
    cards = bench.sizes.large
    number = deep_page(cards)
    for engine in bench.engines:
        title = f"page {number:,} of a walk, {cards:,} cards"
        figure = Figure("deep", engine, title, f"page {number:,}", "page 1", RATE, Aim(0.9))
        with ExitStack() as stack:
            server = bench.serve(stack, bench.copy(stack, engine, cards))
            runs = [
                (load.same(walk(server, number)), server),
                (load.same(walk(server, 1)), server),
            ]
            late, first = bench.compare(runs, what=f"deep, {SPOKEN[engine]}")
        yield figure.result(rates(late), rates(first), errors=failed(late, first))


def deep_page(cards: int) -> int:
    """Say which page is deep: the thousandth, or the last full one where there are fewer."""
    return min(DEEP, dataset.hoard(cards) // PAGE)


def walk(server: Serving, pages: int, first: str = LONGEST_LIST) -> str:
    """Walk through a list as a client does, and return the path of a page, or of the last one."""
    path = first
    headers = {"X-API-Key": dataset.key(0)}
    address = f"http://127.0.0.1:{server.port}"
    with httpx2.Client(base_url=address, headers=headers, timeout=30) as client:
        for _ in range(pages - 1):
            cursor = client.get(path).raise_for_status().json()["pagination"]["nextCursor"]
            if cursor is None:
                break
            path = f"{first}&cursor={cursor}"
    return path


def workers(bench: Bench) -> Iterator[Result]:
    """Reads by two workers, against one."""
    cards, free = bench.sizes.usual, (os.cpu_count() or 1) >= CORES
    note = "" if free else f"not judged: the load shares {os.cpu_count()} cores with the workers"
    for engine in bench.engines:
        figure = Figure(
            "workers", engine, "reads by two workers", "two workers", "one worker", RATE, Aim(1.6)
        )
        script = load.reads(cards)
        with ExitStack() as stack:
            url = bench.copy(stack, engine, cards)
            runs = [(script, bench.serve(stack, url, count)) for count in (2, 1)]
            two, one = bench.compare(runs, what=f"workers, {SPOKEN[engine]}")
        yield figure.result(rates(two), rates(one), errors=failed(two, one), note=note, judged=free)


def p99(bench: Bench) -> Iterator[Result]:
    """The slowest of a hundred reads while grants run at full load, against reads alone."""
    if "sqlite" not in bench.engines:
        return
    cards = bench.sizes.usual
    figure = Figure(
        "p99", "sqlite", f"p99 of a read ({QUIET} connections) while grants run at full load",
        "beside grants", "alone", "ms", Aim(3, at_least=False),
    )  # fmt: skip
    with ExitStack() as stack:
        server = bench.serve(stack, bench.copy(stack, "sqlite", cards))
        script, writing = load.reads(cards), []

        def alone() -> load.Load:
            return bench.load(script, server, connections=QUIET)

        def beside() -> load.Load:
            grants = load.start(load.grants(cards), server, bench.folder, bench.seconds + 2)
            try:
                time.sleep(1)  # the grants are at full load before the first read
                return alone()
            finally:
                writing.append(load.finish(grants, bench.seconds + 2))

        bench.warm_up(script, server)
        busy, quiet = bench.in_turn(beside, alone, what="p99, SQLite")
    slowest = [[run.p99_ms for run in runs] for runs in (busy, quiet)]
    note = f"beside {min(run.per_second for run in writing):,.0f} grants/s or more"
    yield figure.result(*slowest, errors=failed(busy, quiet, writing), note=note)
