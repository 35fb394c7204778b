"""``gridgift card``: grant and look at gift cards."""

from pathlib import Path
from typing import Annotated

import typer
from msgspec import UNSET

from gridgift.cli import card_actions, card_changes, card_list
from gridgift.cli.card_labels import LabelOptions
from gridgift.cli.card_output import print_cards, print_entries, print_whole
from gridgift.cli.granting import GrantOptions, grant_file
from gridgift.cli.option_structs import Commands
from gridgift.cli.options import (
    CardArgument,
    CreditOption,
    CustomerArgument,
    ExpiresOption,
    OptionalReasonOption,
    StoreOptions,
    TextureOption,
)
from gridgift.cli.output import print_json, print_note
from gridgift.cli.session import find_store, operator, read_settings, read_store, run
from gridgift.domain import giftcards, grants, lists, residents, whole_cards
from gridgift.domain.giftcards import Terms
from gridgift.domain.grants import GrantRequest
from gridgift.domain.ids import new_id
from gridgift.domain.lists import Filters, PageRequest
from gridgift.domain.model import CardChange, Entry, GiftCard
from gridgift.domain.paging import Position
from gridgift.domain.residents import Identifier, parse_identifier, seen_as
from gridgift.domain.whole_cards import WholeCard
from gridgift.operations import Operations
from gridgift.views import EntryResponse, StoreGiftCard

PAGE = 1_000  # cards that are read at once


HeldCard = tuple[GiftCard, int]  # a card, and how much of it is held, in L$

app = Commands(help="Gift cards of a store.", no_args_is_help=True)
card_changes.add_to(app)
card_list.add_to(app)
card_actions.add_to(app)


@app.command("grant")
def grant(
    customer: CustomerArgument,
    credit: CreditOption,
    transfer: Annotated[bool, typer.Option("--transfer", help="Its owner may pass it on.")] = False,
    texture: TextureOption = None,
    expires: ExpiresOption = None,
    reason: OptionalReasonOption = "",
    *,
    options: LabelOptions,
) -> None:
    """Give a resident a gift card. Without a date it lasts as long as the store's cards do.

    With a reference the same command can be given again, by a script that was cut off for example:
    it grants nothing more, and prints the card that it granted before.
    """
    labels = options.labels()
    identifier, settings = parse_identifier(customer), read_settings(options.database)

    async def work(operations: Operations) -> CardChange:
        owner = await read_store(operations, options.store)
        expires_at = UNSET if expires is None else expires.at(owner.time_zone)
        terms = Terms(
            credit, transfer, texture, expires_at, reason, labels, note=options.note or UNSET
        )
        seen = seen_as(identifier, None, accept=settings.unknown_uuids == "accept")
        request = GrantRequest(operator(owner.id), identifier, terms, new_id(), seen)
        return await operations.write(grants.grant, request)

    change = run(settings, work)
    if change.entry is None:
        print_note("This was granted before under the same reference: here is that card.")
    if options.json:
        print_json(StoreGiftCard.of_store(change.card, change.held))
    else:
        print_cards([change.card])


@app.command("grant-many")
def grant_many(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE.csv", exists=True, dir_okay=False, readable=True, help="CSV in UTF-8."
        ),
    ],
    report: Annotated[
        Path | None,
        typer.Option(
            "--report",
            metavar="FILE",
            dir_okay=False,
            help="Where refused rows go; else FILE.refused.csv. No file is replaced.",
        ),
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Grant a file once more that was granted before.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check all rows, grant none.")] = False,
    *,
    options: StoreOptions,
) -> None:
    """Grant a card for each row of a CSV file. Given again after it broke off, it continues.

    The file is as a spreadsheet saves it; its first line names the columns, in any order and case.
    One says who: uuid (or key), username (or name, customer), or identifier for either. One says
    how many L$: credit (or gift card credits, of which 0 is no card). Others may be transfer (true
    or false), texture (a UUID), expires_at (2027-01-31, 2027-01-31T12:00:00Z or never), reason,
    reference (grants once), tags (with commas between them), metadata (a JSON object) and card
    note; the rest are left alone.

    Refused rows go into a report and do not keep the others out; then the exit code is 1.
    """
    chosen = report or file.with_name(f"{file.name.removesuffix('.csv')}.refused.csv")
    settings = read_settings(options.database)
    accept = settings.unknown_uuids == "accept"
    grant_file(
        settings, GrantOptions(file, options.store, chosen, again, dry_run, options.json, accept)
    )


@app.command("show")
def show(card_id: CardArgument, options: StoreOptions) -> None:
    """Show all of a card. That is what it is, its open holds, its history in sentences."""

    async def work(operations: Operations) -> WholeCard:
        store_id = await find_store(operations, options.store)
        return await operations.snapshot(whole_cards.read, store_id, card_id)

    print_whole(run(read_settings(options.database), work, update=False), options.json)


@app.command("history")
def history(card_id: CardArgument, options: StoreOptions) -> None:
    """Print a card's life: every entry of its ledger, oldest first."""

    async def work(operations: Operations) -> list[Entry]:
        store_id = await find_store(operations, options.store)
        _, _, entries = await operations.read(giftcards.read_with_entries, store_id, card_id)
        return entries

    entries = run(read_settings(options.database), work, update=False)
    if options.json:
        print_json([EntryResponse.of(entry) for entry in entries])
    else:
        print_entries(entries)


async def every_card(
    operations: Operations, store_id: str, identifier: Identifier, filters: Filters
) -> list[HeldCard]:
    """Return all of a resident's cards, page by page. Raises ``ResidentNotFound``."""
    owner = await operations.read(residents.find, store_id, identifier)
    found: list[HeldCard] = []
    position: Position | None = Position()
    while position is not None:
        request = PageRequest(owner.uuid, position, PAGE, filters)
        _, page = await operations.read(lists.list_of, store_id, request)
        ids = [card.id for card in page.rows]
        found += await operations.read(giftcards.read_each_with_held, store_id, ids)
        position = page.next
    return found
