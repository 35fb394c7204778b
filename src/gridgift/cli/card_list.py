"""``gridgift card list``: the search over a store's cards."""

import re
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from typing import Annotated, Any, Final, TypeVar, cast

import typer
from msgspec import structs

from gridgift import card_csv, card_files
from gridgift.cli.card_filters import FilterOptions
from gridgift.cli.options import UsageError
from gridgift.cli.output import print_json
from gridgift.cli.session import read_settings, read_store, run
from gridgift.cli.tables import print_table
from gridgift.domain import residents, search
from gridgift.domain.card_filters import Filters
from gridgift.domain.paging import Page, Position
from gridgift.domain.residents import parse_identifier
from gridgift.domain.search import Found, Search, SortBy
from gridgift.fields import written
from gridgift.operations import Operations
from gridgift.search_views import StoreFoundGiftCard
from gridgift.storage.database import Tx

T = TypeVar("T")

PAGE: Final = 1_000  # cards that are read at once, without their notes

_SORT: Final = re.compile("-?(created|credit|expiry|updated)")


def read_sort(text: str) -> str:
    """Read what cards are sorted by."""
    if not _SORT.fullmatch(text):
        raise typer.BadParameter(
            f"{text!r} is not created, credit, expiry or updated, or one of them after a -."
        )
    return text


class ListOptions(FilterOptions, frozen=True, kw_only=True):
    """What to list, and how."""

    customer: Annotated[
        str | None,
        typer.Argument(
            metavar="[IDENTIFIER]", help="A resident's username or avatar UUID: only their cards."
        ),
    ] = None
    sort: Annotated[
        str,
        typer.Option(
            "--sort",
            parser=read_sort,
            metavar="KEY",
            help="created, credit, expiry or updated; with a - before it downwards.",
        ),
    ] = "created"
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, metavar="N", help="At most so many cards.")
    ] = None
    count: Annotated[bool, typer.Option("--count", help="Only say how many there are.")] = False
    csv: Annotated[bool, typer.Option("--csv", help="Answer in CSV, for spreadsheets.")] = False


def list_of(options: ListOptions) -> None:
    """List a store's cards, the oldest first. With options those that all of them fit.

    --created-to takes a whole day; a date and time is that instant. What --csv writes no
    spreadsheet runs.
    """
    if options.csv + options.json + options.count > 1 and (options.csv or not options.json):
        raise UsageError("--csv, --json and --count can't go together.")

    async def work(operations: Operations) -> None:
        store = await read_store(operations, options.store)
        filters = options.filters(store.time_zone)
        if options.customer is not None:
            identifier = parse_identifier(options.customer)
            owner = await operations.read(residents.find, store.id, identifier)
            if options.owner is not None:
                raise UsageError("--owner and a resident can't go together.")
            filters = structs.replace(filters, owner_uuid=owner.uuid)
        if options.count:
            counted = await operations.snapshot(search.count, store.id, filters, exact=True)
            print_json({"count": counted.value}) if options.json else print(counted.value)
        elif options.csv:
            await _print_csv(operations, store.id, options, filters)
        else:
            pages = _pages(operations, store.id, options, filters, search.search, PAGE)
            found = [found async for page in pages for found in page]
            if options.json:
                print_json([StoreFoundGiftCard.of_store(each, store.id) for each in found])
            else:
                _print(found)

    run(read_settings(options.database), work, update=False)


async def _print_csv(
    operations: Operations, store_id: str, options: ListOptions, filters: Filters
) -> None:
    """Print cards page by page, whatever their number."""
    print(card_csv.heading(), end="")
    read, at_once = card_files.read_page, card_files.PAGE
    async for page in _pages(operations, store_id, options, filters, read, at_once):
        print(card_csv.lines(page), end="", flush=True)


async def _pages(
    operations: Operations,
    store_id: str,
    options: ListOptions,
    filters: Filters,
    read: Callable[[Tx, str, Search], Coroutine[Any, Any, Page[T]]],
    at_once: int,
) -> AsyncIterator[Sequence[T]]:
    """Yield the cards that match, up to the limit, each page of so many read by itself."""
    left, position = options.limit, cast("Position | None", Position())
    sort_by = cast("SortBy", options.sort.removeprefix("-"))
    while position is not None and left != 0:
        limit = at_once if left is None else min(at_once, left)
        wanted = Search(filters, sort_by, options.sort.startswith("-"), position, limit)
        page = await operations.read(read, store_id, wanted)
        yield page.rows
        left = None if left is None else left - len(page.rows)
        position = page.next


def _print(found: Sequence[Found]) -> None:
    print_table(
        ("ID", "OWNER", "L$", "ACTIVE", "REDEEMED", "EXPIRES", "SOURCE", "TAGS"),
        [
            (
                card.id,
                card.owner_username,
                card.credit,
                card.active,
                card.redeemed,
                written(card.expires_at) or "never",
                card.source,
                ", ".join(labels.tags),
            )
            for card, labels in ((each.card, each.labels) for each in found)
        ],
    )


def add_to(app: typer.Typer) -> None:
    """Make this a command of a group."""
    app.command("list")(list_of)
