"""``gridgift credit``: a customer's store credit."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Concatenate, Final

import typer

from gridgift.cli.card_output import print_credit_entries
from gridgift.cli.once import KeyedOptions, act_once
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
from gridgift.cli.session import find_store, look, read_settings, run
from gridgift.cli.tables import print_table
from gridgift.credit_views import CreditChangeResponse, CreditResponse, credit_entry
from gridgift.domain import credit, credit_lots, credit_moves, ledger, residents, stores
from gridgift.domain.accounts import Change
from gridgift.domain.credit import CreditChange
from gridgift.domain.credit_moves import Moving
from gridgift.domain.days import Expiry
from gridgift.domain.ids import new_id
from gridgift.domain.model import Caller, Entry
from gridgift.domain.residents import Identifier, parse_identifier
from gridgift.operations import Operations
from gridgift.storage.database import P, Tx

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
        _table(CreditResponse.of(found))


@app.command("deposit")
def deposit(
    context: typer.Context,
    customer: CustomerArgument,
    amount: AmountOption,
    reason: ReasonOption,
    reference: ReferenceOption,
    expires: ExpiresOption = None,
    restricted: RestrictedOption = False,
    *,
    options: KeyedOptions,
) -> None:
    """Give a customer store credit; without a date it never expires."""
    identifier, change = parse_identifier(customer), Change(amount, reason, reference)
    shown = _act(
        context, _deposit, identifier, change, new_id(), expires=expires, restricted=restricted
    )
    _print(shown, options.json)


@app.command("spend")
def spend(
    context: typer.Context,
    customer: CustomerArgument,
    amount: AmountOption,
    reason: ReasonOption,
    reference: ReferenceOption,
    restricted: RestrictedOption = False,
    *,
    options: KeyedOptions,
) -> None:
    """Take store credit, what expires soonest first. The answer's id is the spend's."""
    identifier, change = parse_identifier(customer), Change(amount, reason, reference)
    shown = _act(context, credit.spend, identifier, change, new_id(), restricted=restricted)
    _print(shown, options.json)


@app.command("refund")
def refund(
    context: typer.Context,
    customer: CustomerArgument,
    spend_id: Annotated[
        str,
        typer.Argument(parser=read_uuid, metavar="SPEND", help="The spend's id, see 'history'."),
    ],
    amount: AmountOption,
    reason: ReasonOption,
    reference: ReferenceOption,
    options: KeyedOptions,
) -> None:
    """Undo a spend, wholly or in part."""
    identifier, change = parse_identifier(customer), Change(amount, reason, reference)
    _print(_act(context, credit.refund, identifier, spend_id, change), options.json)


@app.command("move")
def move(
    context: typer.Context,
    customer: CustomerArgument,
    receiver: Annotated[
        str, typer.Argument(metavar="RECEIVER", help="Another resident: a username or a UUID.")
    ],
    reason: ReasonOption,
    reference: ReferenceOption,
    amount: MaybeAmountOption = None,
    *,
    options: KeyedOptions,
) -> None:
    """Move store credit to another resident. Without an amount all of it is moved."""
    giver, to = parse_identifier(customer), parse_identifier(receiver)
    moving = Moving(amount, reason, reference)
    _print(_act(context, credit_moves.move, giver, to, moving, new_id()), options.json)


@app.command("extend")
def extend(
    context: typer.Context,
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
    options: KeyedOptions,
) -> None:
    """Let a part of the credit that has a date end later."""
    identifier = parse_identifier(customer)
    _print(_act(context, _extend, identifier, lot_id, expires), options.json)


@app.command("history")
def history(customer: CustomerArgument, options: StoreOptions) -> None:
    """Print every entry of a customer's store credit, oldest first. It names spends and moves."""
    identifier = parse_identifier(customer)

    async def work(operations: Operations) -> list[Entry]:
        store_id = await find_store(operations, options.store)
        resident = await operations.read(residents.find, store_id, identifier)
        return await operations.read(ledger.entries, store_id, "credit", resident.uuid)

    entries = run(read_settings(options.database), work, update=False)
    if options.json:
        print_json([credit_entry(entry) for entry in entries])
    else:
        print_credit_entries(entries)


async def _deposit(
    tx: Tx,
    caller: Caller,
    identifier: Identifier,
    change: Change,
    lot_id: str,
    *,
    expires: Expiry | None,
    restricted: bool,
) -> CreditChange:
    end = None if expires is None else await _end(tx, caller, expires)
    rule = credit.depositing(change, lot_id, expires_at=end, restricted=restricted)
    return await credit.change(tx, credit.CreditRequest(caller, identifier, rule))


async def _extend(
    tx: Tx, caller: Caller, identifier: Identifier, lot_id: str, expires: Expiry
) -> CreditChange:
    end = await _end(tx, caller, expires)
    return await credit_lots.extend(tx, caller, identifier, lot_id, end)


async def _end(tx: Tx, caller: Caller, expires: Expiry) -> int | None:
    """Return the instant that it is in the store's time zone."""
    return expires.at((await stores.read(tx, caller.store_id)).time_zone)


def _act(
    context: typer.Context,
    operation: Callable[Concatenate[Tx, Caller, P], Coroutine[Any, Any, CreditChange]],
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> CreditChangeResponse:
    view = CreditChangeResponse
    return act_once(context, view, view.of, operation, *args, **kwargs)


def _print(shown: CreditChangeResponse, json: bool) -> None:
    if json:
        print_json(shown)
        return
    print_table(("ID", "L$"), [(shown.id, shown.amount)])
    print()
    _table(shown)


def _table(found: CreditResponse | CreditChangeResponse) -> None:
    """Print the dated parts, what of both sorts has no date, and how much each sort is."""
    rows: list[tuple[object, ...]] = [
        (lot.id, lot.amount, lot.expires_at, lot.restricted) for lot in found.lots
    ]
    sums = ((True, found.restricted), (False, found.total))
    for restricted, whole in sums:
        dated = sum(lot.amount for lot in found.lots if lot.restricted is restricted)
        if whole > dated:
            rows.append(("", whole - dated, "never", restricted))
    rows += [("in all", whole, "", sort) for sort, whole in sums if whole or not sort]
    print_table(HEADINGS, rows)
