"""What ``gridgift inworld simulate`` shows: a table that lives, or lines into a pipe."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from gridgift.cli.simulation import FAULTS, Simulation, tallies
from gridgift.cli.simulation_check import Check
from gridgift.cli.tables import print_facts, print_table
from gridgift.domain.texts import counted

EVERY: Final = 0.25  # seconds, in a terminal
A_LINE_EVERY: Final = 5.0  # into a pipe
NAMES: Final = {"delivery": "delivery unit", "terminal": "terminal", "vendor": "vendor"}
HEADINGS: Final = (
    "OBJECTS", "REQUESTS", "AGAIN", *(fault.upper() for fault in FAULTS), "DONE", "REFUSED",
    "NO ANSWER", "WAITING",
)  # fmt: skip


@asynccontextmanager
async def shown(simulation: Simulation, json: bool) -> AsyncIterator[None]:
    """Show how far a simulation is while it runs; as JSON nothing is shown meanwhile."""
    show = None if json else _live if sys.stdout.isatty() else _lines
    task = None if show is None else asyncio.create_task(show(simulation))
    try:
        yield
    finally:
        if task is not None:
            task.cancel()
            await asyncio.wait([task])


async def _live(simulation: Simulation) -> None:
    from rich.console import Console  # a pipe does without
    from rich.live import Live
    from rich.table import Table

    console = Console(highlight=False, emoji=False)
    with Live(console=console, auto_refresh=False, transient=True) as live:
        while True:
            table = Table(*HEADINGS, box=None, header_style="bold", caption_justify="left")
            for row in _rows(simulation):
                table.add_row(*map(str, row))
            table.caption = progress(simulation)
            live.update(table, refresh=True)
            await asyncio.sleep(EVERY)


async def _lines(simulation: Simulation) -> None:
    beginning = time.monotonic()
    while True:
        print(f"{time.monotonic() - beginning:.0f} s: {progress(simulation)}", flush=True)
        await asyncio.sleep(A_LINE_EVERY)


def progress(simulation: Simulation) -> str:
    """Say how far a simulation is."""
    requests = sum(row["requests"] for row in tallies(simulation))
    there = len(simulation.visitors)
    paid, card, back = (sum(simulation.paid(each)) for each in (None, "card", "refund"))
    return (
        f"{simulation.left} of {counted(there, 'resident')} done, {counted(requests, 'request')}; "
        f"L${paid} paid = {card} in cards + {back} back + {paid - card - back} open"
    )


def _rows(simulation: Simulation) -> list[tuple[object, ...]]:
    return [
        (
            counted(row["objects"], NAMES[row["kind"]]), row["requests"],
            row["repeated"], *(row[fault] for fault in FAULTS), row["done"],
            sum(row["refused"].values()), row["unanswered"], row["waiting"],
        )
        for row in tallies(simulation)
    ]  # fmt: skip


def print_summary(simulation: Simulation, checked: Check) -> None:
    """Print what was sent, what was refused, and where the L$ are."""
    print_table(HEADINGS, _rows(simulation))
    print()
    refused = [
        f"{code} {number}" for row in tallies(simulation) for code, number in row["refused"].items()
    ]
    sold, back = simulation.paid("card"), simulation.paid("refund")
    print_facts(
        [
            ("Residents", f"{simulation.left} of {len(simulation.visitors)} did all they came for"),
            ("Refused", ", ".join(refused) or "nothing"),
            ("Cards for a touch", checked.cards),
            (
                "L$",
                f"{sum(simulation.paid())} paid = {checked.sold} in {counted(len(sold), 'card')} "
                f"+ {sum(back)} in {counted(len(back), 'refund')}",
            ),
        ]
    )


def summary(simulation: Simulation, checked: Check, seconds: float) -> dict[str, Any]:
    """Return the same for scripts."""
    return {
        "seconds": round(seconds, 1),
        "residents": len(simulation.visitors),
        "residentsDone": simulation.left,
        "objects": tallies(simulation),
        "cards": checked.cards,
        "paid": sum(simulation.paid()),
        "sold": checked.sold,
        "refunded": sum(simulation.paid("refund")),
        "open": sum(simulation.paid("")),
        "wrong": checked.wrong,
    }
