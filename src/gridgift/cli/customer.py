"""``gridgift customer``: who got a gift card or store credit of a store."""

from collections.abc import Sequence
from typing import Annotated, Final

import typer
from msgspec import UNSET

from gridgift.cli.option_structs import Commands
from gridgift.cli.options import CustomerArgument, StoreOptions, one_of
from gridgift.cli.output import print_json
from gridgift.cli.session import find_store, look, read_settings, run
from gridgift.cli.tables import print_facts, print_table
from gridgift.customer_views import (
    SORTS,
    CardsOfCustomer,
    FoundCustomer,
    WholeCustomer,
    wanted_by,
)
from gridgift.domain import customer_search
from gridgift.domain.customer_search import Found, Wanted
from gridgift.domain.paging import Position
from gridgift.domain.residents import parse_identifier
from gridgift.operations import Operations
from gridgift.storage.database import Tx

PAGE: Final = 1_000_000  # customers; for some orders all of them are looked at for each page
HEADINGS: Final = ("USERNAME", "CREDIT", "RESTRICTED", "SPENT", "LAST CARD")
COUNTED: Final = {"cards": "CARDS", "activity": "LAST ACTIVITY"}  # headings, by the order

app = Commands(help="A store's customers.", no_args_is_help=True)


@app.command("list")
def list_of(
    begins: Annotated[
        str,
        typer.Option(
            "--search", metavar="TEXT", help="The beginning of a username, or an avatar's UUID."
        ),
    ] = "",
    sort: Annotated[
        str | None,
        typer.Option(
            "--sort",
            parser=one_of(SORTS),
            metavar="KEY",
            help="credit, lastCard, cards or lastActivity; with a - before it downwards.",
        ),
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, metavar="N", help="At most so many customers.")
    ] = None,
    *,
    options: StoreOptions,
) -> None:
    """List a store's customers, or those who are called so.

    By credit and by lastCard those who have credit, or were granted a card; by cards those who have
    some now; and by lastActivity those to whose cards or credit anything has happened; that
    something expired does not count.
    """
    uuid, prefix = customer_search.read_search(begins)
    wanted = wanted_by(prefix, sort)

    async def work(operations: Operations) -> Sequence[Found]:
        store_id = await find_store(operations, options.store)
        if uuid is not None:
            return await operations.read(customer_search.by_uuid, store_id, uuid)
        return await operations.snapshot(_all, store_id, wanted, limit)

    found = run(read_settings(options.database), work, update=False)
    if options.json:
        print_json([FoundCustomer.of(each) for each in found])
    else:
        _print(found, COUNTED.get(wanted.order) if uuid is None else None)


@app.command("show")
def show(customer: CustomerArgument, options: StoreOptions) -> None:
    """Show a customer, and what the newest 1000 gift cards amount to."""
    found, cards = look(options, customer_search.read, parse_identifier(customer))
    whole = WholeCustomer.of(found, gift_cards=CardsOfCustomer.of(cards))
    if options.json:
        print_json(whole)
        return
    counted = whole.gift_cards
    print_facts(
        [
            ("USERNAME", whole.username),
            ("UUID", whole.uuid),
            ("CUSTOMER SINCE", whole.created_at),
            ("STORE CREDIT", whole.credit),
            ("RESTRICTED", whole.restricted_credit),
            ("SPENT", whole.spent),
            ("GIFT CARDS", f"{counted.count}, or more" if counted.capped else counted.count),
            ("USABLE NOW", f"{counted.usable}, for L$ {counted.credit}"),
            ("LAST CARD", whole.last_card_at),
        ]
    )


async def _all(tx: Tx, store_id: str, wanted: Wanted, limit: int | None) -> list[Found]:
    """Return all that are wanted, up to a limit, page after page of one state of the store."""
    found: list[Found] = []
    position: Position | None = Position()
    while position is not None and len(found) != limit:
        rows = PAGE if limit is None else min(PAGE, limit - len(found))
        page = await customer_search.list_of(tx, store_id, wanted, position, rows)
        found += page.rows
        position = page.next
    return found


def _print(found: Sequence[Found], counted: str | None) -> None:
    """Print a table, with what the customers were counted or compared by, if they were."""
    print_table(
        HEADINGS if counted is None else (*HEADINGS, counted),
        [_cells(FoundCustomer.of(each), counted) for each in found],
    )


def _cells(shown: FoundCustomer, counted: str | None) -> tuple[object, ...]:
    cells = (
        shown.username, shown.credit, shown.restricted_credit, shown.spent, shown.last_card_at
    )  # fmt: skip
    if counted is None:
        return cells
    more = shown.gift_card_count if counted == COUNTED["cards"] else shown.last_activity_at
    return (*cells, "" if more is UNSET else more)
