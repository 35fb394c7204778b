"""What the number of cards costs: the same requests to databases of several sizes."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Final

from bench import load
from bench.figures import Aim, Figure, Result
from bench.load import PAGE, Load, Script
from bench.reading import deep_page, walk
from bench.runs import SPOKEN, Bench, failed, rates
from bench.seeding import Engine
from bench.servers import Serving

ON_POSTGRES: Final = 1_000_000  # cards, at most
JUDGED: Final = ("read", "page")  # those with an aim, at the second size


def growth(bench: Bench) -> Iterator[Result]:
    """Throughput at each size, against the smallest."""
    for engine in bench.engines:
        sizes = [size for size in bench.sizes.growth if engine == "sqlite" or size <= ON_POSTGRES]
        yield from _reads(bench, engine, sizes)
        grants = [[_grants(bench, engine, size) for size in sizes] for _ in range(bench.rounds)]
        yield from _results(
            "grant", engine, sizes, [list(runs) for runs in zip(*grants, strict=True)]
        )


def _reads(bench: Bench, engine: Engine, sizes: list[int]) -> Iterator[Result]:
    """Read from all sizes in turn, while all servers are there."""
    with ExitStack() as stack:
        servers = [bench.serve(stack, bench.copy(stack, engine, size)) for size in sizes]
        scripts: dict[str, Callable[[int, Serving], Script]] = {
            "read": lambda size, _: load.reads(size),
            "page": lambda size, _: load.pages(size),
            "deep": lambda size, server: load.same(walk(server, deep_page(size))),
        }
        for part, script in scripts.items():
            runs = [
                (script(size, server), server) for size, server in zip(sizes, servers, strict=True)
            ]
            measured = bench.compare(runs, what=f"growth: {part}, {SPOKEN[engine]}")
            yield from _results(part, engine, sizes, measured)


def _grants(bench: Bench, engine: Engine, size: int) -> Load:
    """Grant into a copy of its own, which would soon be larger than its size says."""
    with ExitStack() as stack:
        server = bench.serve(stack, bench.copy(stack, engine, size))
        script = load.grants(size)
        bench.warm_up(script, server)
        bench.progress.say(f"growth: grant, {SPOKEN[engine]}, {size:,} cards")
        return bench.load(script, server)


def _results(
    part: str, engine: Engine, sizes: list[int], measured: list[list[Load]]
) -> Iterator[Result]:
    smallest, *larger = sizes
    base, *others = measured
    for size, runs in zip(larger, others, strict=True):
        judged = part in JUDGED and size == larger[0]
        figure = Figure(
            "growth", engine, f"{_what(part, size)}, {size:,} cards", f"{size:,} cards",
            f"{smallest:,} cards", "grants/s" if part == "grant" else "answers/s",
            Aim(0.9) if judged else None, f"{part}-{size}",
        )  # fmt: skip
        note = ""
        if part == "deep" and deep_page(smallest) != deep_page(size):
            note = f"with {smallest:,} cards page {deep_page(smallest)}, the last full one"
        yield figure.result(rates(runs), rates(base), errors=failed(runs, base), note=note)


def _what(part: str, size: int) -> str:
    return {
        "read": "read a random card", "page": f"first page of {PAGE}",
        "deep": f"page {deep_page(size):,} of a walk", "grant": "grant",
    }[part]  # fmt: skip
