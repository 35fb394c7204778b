"""``gridgift credit``: a customer's store credit."""

from typing import Annotated, Final

import typer

from gridgift.cli.card_output import print_entries
from gridgift.cli.option_structs import Commands
from gridgift.cli.options import (
    AmountOption,
    CustomerArgument,
    ExpiresOption,
    MaybeAmountOption,
    ReasonOption,
    StoreOptions,
    read_expiry,
    read_text,
    read_uuid,
)
from gridgift.cli.output import print_json
from gridgift.cli.session import act, find_store, look, operator, read_settings, read_store, run
from gridgift.cli.tables import print_table
from gridgift.credit_views import CreditChangeResponse, CreditResponse
from gridgift.domain import credit, credit_lots, credit_moves, ledger, residents
from gridgift.domain.accounts import Change
from gridgift.domain.credit import Credit, CreditChange
from gridgift.domain.credit_moves import Moving
from gridgift.domain.days import Expiry
from gridgift.domain.ids import new_id
from gridgift.domain.model import Entry
from gridgift.domain.residents import parse_identifier
from gridgift.fields import written
from gridgift.operations import Operations
from gridgift.views import EntryResponse

app = Commands(help="Customers' store credit.", no_args_is_help=True)

ReferenceOption = Annotated[
    str,
    typer.Option(
        "--reference", parser=read_text, metavar="TEXT", help="Yours: an order, a ticket."
    ),
]
RestrictedOption = Annotated[
    bool, typer.Option("--restricted", help="For purchases that allow restricted credit.")
]
HEADINGS: Final = ("LOT", "L$", "EXPIRES", "RESTRICTED")


@app.command("show")
def show(customer: CustomerArgument, options: StoreOptions) -> None:
    """Show what a customer has: in sum, and each part that has a date."""
    found = look(options, credit.read_of, parse_identifier(customer))
    if options.json:
        print_json(CreditResponse.of(found))
    else:
        _table(found)


@app.command("deposit")
def deposit(
    customer: CustomerArgument,
    amount: AmountOption,
    reason: ReasonOption,
    reference: ReferenceOption,
    expires: ExpiresOption = None,
    restricted: RestrictedOption = False,
    *,
    options: StoreOptions,
) -> None:
    """Give a customer store credit; without a date it never expires."""
    identifier, change = parse_identifier(customer), Change(amount, reason, reference)

    async def work(operations: Operations) -> CreditChange:
        owner = await read_store(operations, options.store)
        rule = credit.depositing(
            change,
            new_id(),
            expires_at=None if expires is None else expires.at(owner.time_zone),
            restricted=restricted,
        )
        request = credit.CreditRequest(operator(owner.id), identifier, rule)
        return await operations.write(credit.change, request)

    _print(run(read_settings(options.database), work), options.json)


@app.command("spend")
def spend(
    customer: CustomerArgument,
    amount: AmountOption,
    reason: ReasonOption,
    reference: ReferenceOption,
    restricted: RestrictedOption = False,
    *,
    options: StoreOptions,
) -> None:
    """Take store credit, what expires soonest first. The answer's id is the spend's."""
    identifier, change = parse_identifier(customer), Change(amount, reason, reference)
    done = act(options, credit.spend, identifier, change, new_id(), restricted=restricted)
    _print(done, options.json)


@app.command("refund")
def refund(
    customer: CustomerArgument,
    spend_id: Annotated[
        str, typer.Argument(parser=read_uuid, metavar="SPEND", help="The spend's id.")
    ],
    amount: AmountOption,
    reason: ReasonOption,
    reference: ReferenceOption,
    options: StoreOptions,
) -> None:
    """Undo a spend, wholly or in part."""
    identifier, change = parse_identifier(customer), Change(amount, reason, reference)
    _print(act(options, credit.refund, identifier, spend_id, change), options.json)


@app.command("move")
def move(
    customer: CustomerArgument,
    receiver: Annotated[
        str, typer.Argument(metavar="RECEIVER", help="Another resident: a username or a UUID.")
    ],
    reason: ReasonOption,
    reference: ReferenceOption,
    amount: MaybeAmountOption = None,
    *,
    options: StoreOptions,
) -> None:
    """Move store credit to another resident. Without an amount all of it is moved."""
    giver, to = parse_identifier(customer), parse_identifier(receiver)
    moving = Moving(amount, reason, reference)
    _print(act(options, credit_moves.move, giver, to, moving, new_id()), options.json)


@app.command("extend")
def extend(
    customer: CustomerArgument,
    lot_id: Annotated[
        str, typer.Argument(parser=read_uuid, metavar="LOT", help="The lot's id, see 'show'.")
    ],
    expires: Annotated[
        Expiry,
        typer.Option(
            "--expires", parser=read_expiry, metavar="DATE", help="As for a deposit, or never."
        ),
    ],
    options: StoreOptions,
) -> None:
    """Let a part of the credit that has a date end later."""
    identifier = parse_identifier(customer)

    async def work(operations: Operations) -> CreditChange:
        owner = await read_store(operations, options.store)
        end = expires.at(owner.time_zone)
        return await operations.write(
            credit_lots.extend, operator(owner.id), identifier, lot_id, end
        )

    _print(run(read_settings(options.database), work), options.json)


@app.command("history")
def history(customer: CustomerArgument, options: StoreOptions) -> None:
    """Print every entry of a customer's store credit, oldest first."""
    identifier = parse_identifier(customer)

    async def work(operations: Operations) -> list[Entry]:
        store_id = await find_store(operations, options.store)
        resident = await operations.read(residents.find, store_id, identifier)
        return await operations.read(ledger.entries, store_id, "credit", resident.uuid)

    entries = run(read_settings(options.database), work, update=False)
    if options.json:
        print_json([EntryResponse.of(entry) for entry in entries])
    else:
        print_entries(entries)


def _print(change: CreditChange, json: bool) -> None:
    if json:
        print_json(CreditChangeResponse.of(change))
        return
    print_table(("ID", "L$"), [(change.id, change.amount)])
    print()
    _table(change.credit)


def _table(found: Credit) -> None:
    """Print the dated parts, and what of both sorts has no date."""
    rows: list[tuple[object, ...]] = [
        (lot.id, lot.remaining, written(lot.expires_at), lot.restricted) for lot in found.lots
    ]
    for restricted, whole in ((True, found.restricted), (False, found.total)):
        dated = sum(lot.remaining for lot in found.lots if lot.restricted is restricted)
        if whole > dated or not (restricted or rows):
            rows.append(("", whole - dated, "never", restricted))
    print_table(HEADINGS, rows)
