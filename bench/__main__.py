"""``make bench``: measure, print one table, write ``results.json``, the page and the picture."""

import argparse
import os
import signal
import sys
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
from rich.console import Console

from bench import facts, load, picture, postgres, report
from bench.beside import beside
from bench.bulk import bulk
from bench.figures import NAMES, Facts, Result, Results
from bench.granting import find_pgbench, grant
from bench.growing import growth
from bench.load import Tool
from bench.postgres import NotDurable
from bench.processes import idle, memory, start
from bench.progress import Progress
from bench.reading import deep, p99, page, read, workers
from bench.redeeming import redeem
from bench.runs import ENGINES, SMALL, Bench, Measure, Sizes
from bench.searching import dashboard, events, search
from bench.seeding import Seeds
from bench.servers import ROOT
from bench.slow_disk import flush
from bench.webhooks import delivered
from bench.writing import adjust, spend

FOLDER: Final = "GRIDGIFT_BENCH_DIR"
LONGEST: Final = 3_600.0  # seconds after which no further row is begun
MEASURES: Final[dict[str, Measure]] = {
    "read": read, "page": page, "grant": grant, "flush": flush, "adjust": adjust,
    "redeem": redeem, "spend": spend, "p99": p99, "beside": beside, "deep": deep, "bulk": bulk,
    "search": search, "events": events, "dashboard": dashboard, "webhooks": delivered,
    "workers": workers, "start": start, "idle": idle, "memory": memory, "growth": growth,
}  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Run the rows that were asked for; return 1 if any could not be measured."""
    options = parse(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    # a shell that starts a command in the background lets it ignore SIGINT
    signal.signal(signal.SIGINT, signal.default_int_handler)
    progress = Progress()
    cache = Path(os.environ.get(FOLDER) or ROOT / "bench" / ".cache").absolute()
    try:
        with ExitStack() as stack:
            bench, url = _open(stack, options, cache, progress)
            fresh, broken = _measure(bench, options.only)
            found = facts.gather(url)
    except (Tool, NotDurable) as problem:
        progress.console.print(str(problem))
        return 1
    except KeyboardInterrupt:
        progress.console.print("Stopped; nothing was written.")
        return 130
    stamped = [msgspec.structs.replace(row, date=_now(), commit=found.commit) for row in fresh]
    # a pipe has no width of its own, and 80 columns are too few
    console = Console(width=None if sys.stdout.isatty() else 150)
    console.print(report.terminal(stamped))
    if stamped:
        target = options.results or (cache / "small" if options.small else None)
        results = _save(stamped, found, target)
        progress.say(f"{len(stamped)} rows written, {len(results.rows)} in all")
    return 1 if broken else 0


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line; ``seconds`` and ``rounds`` depend on ``small`` if not given."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--only", type=_names, default=list(NAMES), help=", ".join(NAMES))
    parser.add_argument("--engine", choices=ENGINES, help="default: both")
    parser.add_argument("--seconds", type=float, help="of each run; 5, or 1 when small")
    parser.add_argument("--rounds", type=int, help="of each pair; 3, or 1 when small")
    parser.add_argument("--small", action="store_true", help="few cards: does all of it work?")
    parser.add_argument("--results", type=Path, help="a folder to write into, instead of ours")
    options = parser.parse_args(arguments)
    options.seconds = options.seconds or (1.0 if options.small else 5.0)
    options.rounds = options.rounds or (1 if options.small else 3)
    if options.seconds < 1 or options.rounds < 1:
        parser.error("a run takes at least one second, and there is at least one round")
    return options


def _names(text: str) -> list[str]:
    names = text.replace(",", " ").split()
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        known = ", ".join(NAMES)
        raise argparse.ArgumentTypeError(f"no such row: {', '.join(unknown)}; there are: {known}")
    return [name for name in NAMES if name in names]


def _open(
    stack: ExitStack, options: argparse.Namespace, cache: Path, progress: Progress
) -> tuple[Bench, str | None]:
    """Find the programs, start PostgreSQL if it is needed, and name the folders."""
    engines = (options.engine,) if options.engine else ENGINES
    load.find("wrk")
    url = None
    cache.mkdir(parents=True, exist_ok=True)
    if "postgres" in engines:
        find_pgbench()
        progress.say("starting PostgreSQL")
        url = stack.enter_context(postgres.server(cache / "postgres"))
    folder = stack.enter_context(
        tempfile.TemporaryDirectory(prefix="gridgift-bench-", ignore_cleanup_errors=True)
    )
    sizes = SMALL if options.small else Sizes()
    bench = Bench(
        Seeds(cache, url, progress), Path(folder), progress, options.seconds, options.rounds,
        sizes, engines,
    )  # fmt: skip
    return bench, url


def _measure(bench: Bench, names: list[str]) -> tuple[list[Result], bool]:
    """Measure row after row; one that breaks is told, and the others go on."""
    fresh: list[Result] = []
    broken = False
    for name in names:
        if bench.progress.elapsed() > LONGEST:
            bench.progress.say(f"[red]{name}: left out, the time is over[/red]")
            broken = True
            continue
        try:
            fresh.extend(MEASURES[name](bench))
        except Exception as problem:
            bench.progress.say(f"[red]{name}: not measured[/red]")
            bench.progress.console.print(f"{type(problem).__name__}: {problem}", markup=False)
            broken = True
    return fresh, broken


def _save(fresh: list[Result], found: Facts, folder: Path | None) -> Results:
    """Merge the rows with those that are there, and write all files anew."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        path, drawn, page = folder / "results.json", folder / "performance.svg", None
    else:
        path, drawn = ROOT / "bench" / "results.json", ROOT / "docs" / "performance.svg"
        page = ROOT / "docs" / "performance.md"
    results = report.rounded(report.read(path).merged(found, fresh))
    report.write(path, results)
    if picture.bars(results):
        picture.draw(results, drawn)
    if page is not None:
        page.write_text(report.put_into(page.read_text(encoding="utf-8"), results), "utf-8")
    return results


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d")


if __name__ == "__main__":
    sys.exit(main())
