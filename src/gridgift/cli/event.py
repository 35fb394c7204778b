"""``gridgift event``: what happens at a store."""

import asyncio
from contextlib import suppress
from functools import partial
from typing import Annotated, Final

import msgspec
import typer

from gridgift.cli.option_structs import Commands
from gridgift.cli.options import StoreOptions
from gridgift.cli.session import find_store, read_settings, run
from gridgift.cli.tables import print_line
from gridgift.domain import events
from gridgift.domain.paging import Position
from gridgift.event_views import EventResponse
from gridgift.operations import Operations

PAGE: Final = 100  # events read at once
LOOKS_EVERY: Final = 0.5  # seconds

app = Commands(help="What happens at a store.", no_args_is_help=True)


@app.command("tail")
def tail(
    types: Annotated[
        list[str] | None, typer.Option("--type", metavar="TYPE", help="Only these; repeatable.")
    ] = None,
    kept: Annotated[
        bool, typer.Option("--kept", help="Begin with the oldest that is kept.")
    ] = False,
    once: Annotated[
        bool, typer.Option("--once", help="Print what is there, and wait for nothing.")
    ] = False,
    *,
    options: StoreOptions,
) -> None:
    """Print a line for each event, until Ctrl-C. With --json each is a JSON object."""
    wanted = events.check_types(types or [])
    work = partial(_tail, options.store, wanted, kept=kept, once=once, json=options.json)
    with suppress(KeyboardInterrupt):
        run(read_settings(options.database), work, update=False)


async def _tail(
    store: str | None,
    types: frozenset[str],
    operations: Operations,
    *,
    kept: bool,
    once: bool,
    json: bool,
) -> None:
    store_id = await find_store(operations, store)
    position = Position()
    if not kept:
        position = events.behind((await operations.read(events.newest, [store_id]))[store_id])
    while True:
        page = await operations.read(events.page, store_id, position, PAGE, types)
        for event in page.rows:
            _print(EventResponse.of(event), json)
        if page.next == position:
            if once:
                return
            await asyncio.sleep(LOOKS_EVERY)
        position = page.next


def _print(event: EventResponse, json: bool) -> None:
    if json:
        print(msgspec.json.encode(event).decode(), flush=True)
        return
    delta = f"L$ {event.delta:+}" if event.delta else ""
    subject = next(iter(event.about.values()))  # what it is about comes first
    line = f"{event.time:<24} {event.type:<21} {delta:>14} {subject} {event.actor.kind}"
    print_line(f"{line} {event.actor.id}")
