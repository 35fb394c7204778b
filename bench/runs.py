"""What each measurement is given: how long, how often, on what; and runs in turn."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Final

from msgspec import Struct, field

from bench import load, servers
from bench.figures import Result
from bench.load import Load, Script
from bench.progress import Progress
from bench.seeding import Engine, Seeds
from bench.servers import Serving

ENGINES: Final[tuple[Engine, Engine]] = ("sqlite", "postgres")
SPOKEN: Final = {"sqlite": "SQLite", "postgres": "PostgreSQL"}


class Sizes(Struct, frozen=True):
    """How much of everything: cards in the databases, rows in the CSV, events, requests."""

    usual: int = 100_000
    large: int = 1_000_000
    growth: tuple[int, ...] = (10_000, 1_000_000, 5_000_000)
    bulk: int = 1_000_000
    requests: tuple[int, int] = (10_000, 1_000_000)
    events: int = 1_000


SMALL: Final = Sizes(10_000, 20_000, (10_000, 20_000), 5_000, (1_000, 5_000), 50)


class Bench(Struct):
    """One run of ``make bench``. Times are in seconds."""

    seeds: Seeds
    folder: Path
    progress: Progress
    seconds: float
    rounds: int
    sizes: Sizes
    engines: Sequence[Engine] = ENGINES
    numbers: Iterator[int] = field(default_factory=count)

    def file(self, suffix: str) -> Path:
        """Name a new file in the run's own folder."""
        return self.folder / f"{next(self.numbers)}{suffix}"

    def serve(
        self,
        stack: ExitStack,
        url: str,
        workers: int = 1,
        more: Mapping[str, str] = {},
    ) -> Serving:
        """Start ``gridgift serve``, with ``more`` settings, until the stack is left."""
        return stack.enter_context(servers.gridgift(url, self.file(".log"), workers, more))

    def constant(self, stack: ExitStack) -> Serving:
        """Start the constant, until the stack is left."""
        return stack.enter_context(servers.hello(self.file(".log")))

    def copy(self, stack: ExitStack, engine: Engine, cards: int) -> str:
        """Copy a seeded database, until the stack is left."""
        return stack.enter_context(self.seeds.copy(engine, cards))

    def load(
        self,
        script: Script,
        server: Serving,
        seconds: float | None = None,
        connections: int = load.CONNECTIONS,
    ) -> Load:
        """Put load on a server for the time of a run."""
        return load.run(script, server, self.folder, seconds or self.seconds, connections)

    def warm_up(self, script: Script, server: Serving) -> None:
        """Let caches fill before anything counts; a run of a second is not worth it."""
        if self.seconds > load.WARM_UP:
            self.load(script, server, load.WARM_UP)

    def in_turn(self, *runs: Callable[[], Load], what: str) -> list[list[Load]]:
        """Run all of them, then all again, and give each one's figures."""
        given: list[list[Load]] = [[] for _ in runs]
        for lap in range(self.rounds):
            self.progress.say(f"{what}, round {lap + 1} of {self.rounds}")
            for figures, run in zip(given, runs, strict=True):
                figures.append(run())
        return given

    def compare(self, runs: list[tuple[Script, Serving]], *, what: str) -> list[list[Load]]:
        """Load several servers in turn, after each has been warmed up."""
        for script, server in runs:
            self.warm_up(script, server)

        def runner(script: Script, server: Serving) -> Callable[[], Load]:
            return lambda: self.load(script, server)

        return self.in_turn(*(runner(*run) for run in runs), what=what)


Measure = Callable[[Bench], Iterator[Result]]


def rates(loads: list[Load]) -> list[float]:
    """Answers a second of each run."""
    return [load.per_second for load in loads]


def failed(*series: list[Load]) -> int:
    """How many requests failed in all runs together."""
    return sum(load.failed for loads in series for load in loads)
