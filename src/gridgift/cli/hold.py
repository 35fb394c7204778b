"""``gridgift hold``: parts of gift cards' credit, reserved for purchases."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Concatenate, get_args

import typer

from gridgift.cli.once import KeyedOptions, act_once
from gridgift.cli.option_structs import Commands
from gridgift.cli.options import (
    AmountOption,
    CardArgument,
    MaybeAmountOption,
    OptionalReasonOption,
    StoreOptions,
    one_of,
    read_duration,
    read_uuid,
)
from gridgift.cli.output import print_json
from gridgift.cli.session import find_store, read_all, read_settings, run
from gridgift.cli.tables import print_table
from gridgift.domain import holds
from gridgift.domain.holds import HoldChange, Listed
from gridgift.domain.ids import new_id
from gridgift.domain.instants import SECOND
from gridgift.domain.model import Caller, Hold
from gridgift.fields import MAX_HOLD
from gridgift.operations import Operations
from gridgift.storage.database import P, Tx
from gridgift.views import HoldResponse

app = Commands(help="Holds: reserved parts of gift cards.", no_args_is_help=True)


def read_span(text: str) -> int:
    """Read for how long credit is held; return milliseconds."""
    span = read_duration(text)
    if not SECOND <= span <= MAX_HOLD * SECOND:
        raise typer.BadParameter(f"{text!r} is not from 1s to 7d.")
    return span


HoldArgument = Annotated[
    str, typer.Argument(parser=read_uuid, metavar="HOLD", help="The hold's id.")
]
ForOption = Annotated[
    int,
    typer.Option(
        "--for", parser=read_span, metavar="DURATION", help="From now: 15m, 24h; at most 7d."
    ),
]


@app.command("list")
def list_of(
    card_id: Annotated[
        str | None,
        typer.Argument(parser=read_uuid, metavar="[ID]", help="A card's id: all of its holds."),
    ] = None,
    state: Annotated[
        Listed,
        typer.Option(
            "--state",
            parser=one_of(get_args(Listed)),
            metavar="STATE",
            help="Of the whole store: open, lapsed, captured or voided.",
        ),
    ] = "open",
    *,
    options: StoreOptions,
) -> None:
    """List a card's holds, or the store's. Those of the store are in the order of their ends."""

    async def work(operations: Operations) -> list[Hold]:
        store_id = await find_store(operations, options.store)
        if card_id is not None:
            return await read_all(operations, holds.list_of_card, store_id, card_id)
        return await read_all(operations, holds.list_of_store, store_id, state)

    found = run(read_settings(options.database), work, update=False)
    shown = [HoldResponse.of(hold) for hold in found]
    if options.json:
        print_json(shown)
    else:
        _table(shown)


@app.command("place")
def place(
    context: typer.Context,
    card_id: CardArgument,
    amount: AmountOption,
    span: ForOption,
    reason: OptionalReasonOption = "",
    *,
    options: KeyedOptions,
) -> None:
    """Reserve a part of a card's credit. It is free again when the time is over."""
    _print(_act(context, holds.place, card_id, new_id(), amount, span, reason), options.json)


@app.command("extend")
def extend(
    context: typer.Context,
    card_id: CardArgument,
    hold_id: HoldArgument,
    span: ForOption,
    options: KeyedOptions,
) -> None:
    """Let an open hold end later."""
    _print(_act(context, holds.extend, card_id, hold_id, span), options.json)


@app.command("capture")
def capture(
    context: typer.Context,
    card_id: CardArgument,
    hold_id: HoldArgument,
    amount: MaybeAmountOption = None,
    *,
    options: KeyedOptions,
) -> None:
    """Take what a hold reserved, or a part of it. Then the rest is free."""
    _print(_act(context, holds.capture, card_id, hold_id, amount), options.json)


@app.command("void")
def void(
    context: typer.Context, card_id: CardArgument, hold_id: HoldArgument, options: KeyedOptions
) -> None:
    """Free what a hold reserved."""
    _print(_act(context, holds.void, card_id, hold_id), options.json)


def _act(
    context: typer.Context,
    operation: Callable[Concatenate[Tx, Caller, P], Coroutine[Any, Any, HoldChange]],
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> HoldResponse:
    return act_once(context, HoldResponse, _changed, operation, *args, **kwargs)


def _changed(change: HoldChange) -> HoldResponse:
    return HoldResponse.of(change.hold)


def _print(shown: HoldResponse, json: bool) -> None:
    if json:
        print_json(shown)
    else:
        _table([shown])


def _table(found: list[HoldResponse]) -> None:
    print_table(
        ("ID", "CARD", "L$", "STATE", "TAKEN", "ENDS"),
        [
            (hold.id, hold.gift_card_id, hold.amount, hold.state, hold.captured, hold.expires_at)
            for hold in found
        ],
    )
