"""``gridgift export``: a store's books as files, on standard output."""

from collections.abc import Callable
from typing import Annotated, Any, Final

import typer

from gridgift.cli.card_filters import When, read_owner, read_when
from gridgift.cli.option_structs import Commands
from gridgift.cli.options import StoreOptions
from gridgift.cli.session import read_settings, read_store, run
from gridgift.domain.ids import parse_uuid
from gridgift.domain.model import Store
from gridgift.domain.redemptions import Wanted
from gridgift.exports import Form, Read, parts
from gridgift.ledger_files import ENTRY_FORMS, REDEMPTION_FORMS, entry_pages, redemption_pages
from gridgift.operations import Operations
from gridgift.storage.database import Tx

Forms = tuple[Form[Any], Form[Any]]  # CSV, and JSON lines

app: Final = Commands(help="A store's books, as CSV or JSON lines.", no_args_is_help=True)


class BetweenOptions(StoreOptions, frozen=True, kw_only=True):
    """In which time."""

    since: Annotated[
        When | None,
        typer.Option("--from", parser=read_when, metavar="DATE", help="From this day or time on."),
    ] = None
    until: Annotated[
        When | None,
        typer.Option("--to", parser=read_when, metavar="DATE", help="To the end of that day."),
    ] = None

    def instants(self, zone: str) -> tuple[int, int]:
        """Return from when to when that is, in milliseconds; days are those of a time zone."""
        begins_at = Wanted().begins_at if self.since is None else self.since.start(zone)
        return begins_at, Wanted().ends_at if self.until is None else self.until.end(zone)


class RedemptionOptions(BetweenOptions, frozen=True, kw_only=True):
    """Which redemptions."""

    owner: Annotated[
        str | None,
        typer.Option(
            "--owner", parser=read_owner, metavar="NAME", help="A username's beginning, or a UUID."
        ),
    ] = None


@app.command("redemptions")
def export_redemptions(options: RedemptionOptions) -> None:
    """Print the cards that became store credit. Each has what is left of it.

    The one that was changed last comes first. It is CSV, or with --json a JSON object on each line.
    """

    def wanted(store: Store) -> Read[Any]:
        begins_at, ends_at = options.instants(store.time_zone)
        uuid = parse_uuid(options.owner or "")
        prefix = None if uuid else options.owner
        return redemption_pages(store.id, Wanted(uuid, prefix, begins_at, ends_at))

    _print(options, REDEMPTION_FORMS, wanted)


@app.command("entries")
def export_entries(options: BetweenOptions) -> None:
    """Print every entry of the ledger. That is of all cards and all store credit.

    Those of one account come after the other, each oldest first. It is CSV, or with --json a JSON
    object on each line.
    """

    def wanted(store: Store) -> Read[Any]:
        return entry_pages(store.id, *options.instants(store.time_zone))

    _print(options, ENTRY_FORMS, wanted)


def _print(options: StoreOptions, forms: Forms, wanted: Callable[[Store], Read[Any]]) -> None:
    """Print a list page by page, whatever its length."""
    csv, json_lines = forms

    async def work(operations: Operations) -> None:
        read = wanted(await read_store(operations, options.store))
        form = json_lines if options.json else csv
        async for part in parts(form, operations, _anybody, read):
            print(part.decode(), end="", flush=True)

    run(read_settings(options.database), work, update=False)


async def _anybody(_: Tx) -> None:
    """Let the shell's user in."""
