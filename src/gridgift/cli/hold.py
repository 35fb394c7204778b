"""``gridgift hold``: parts of gift cards' credit, reserved for purchases."""

from typing import Annotated, get_args

import typer

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
from gridgift.cli.session import act, find_store, read_all, read_settings, run
from gridgift.cli.tables import print_table
from gridgift.domain import holds
from gridgift.domain.holds import HoldChange, Listed
from gridgift.domain.ids import new_id
from gridgift.domain.instants import SECOND
from gridgift.domain.model import Hold
from gridgift.fields import MAX_HOLD, written
from gridgift.operations import Operations
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
    if options.json:
        print_json([HoldResponse.of(hold) for hold in found])
    else:
        _table(found)


@app.command("place")
def place(
    card_id: CardArgument,
    amount: AmountOption,
    span: ForOption,
    reason: OptionalReasonOption = "",
    *,
    options: StoreOptions,
) -> None:
    """Reserve a part of a card's credit. It is free again when the time is over."""
    _print(act(options, holds.place, card_id, new_id(), amount, span, reason), options.json)


@app.command("extend")
def extend(
    card_id: CardArgument,
    hold_id: HoldArgument,
    span: ForOption,
    options: StoreOptions,
) -> None:
    """Let an open hold end later."""
    _print(act(options, holds.extend, card_id, hold_id, span), options.json)


@app.command("capture")
def capture(
    card_id: CardArgument,
    hold_id: HoldArgument,
    amount: MaybeAmountOption = None,
    *,
    options: StoreOptions,
) -> None:
    """Take what a hold reserved, or a part of it. Then the rest is free."""
    _print(act(options, holds.capture, card_id, hold_id, amount), options.json)


@app.command("void")
def void(card_id: CardArgument, hold_id: HoldArgument, options: StoreOptions) -> None:
    """Free what a hold reserved."""
    _print(act(options, holds.void, card_id, hold_id), options.json)


def _print(change: HoldChange, json: bool) -> None:
    if json:
        print_json(HoldResponse.of(change.hold))
    else:
        _table([change.hold])


def _table(found: list[Hold]) -> None:
    print_table(
        ("ID", "CARD", "L$", "STATE", "TAKEN", "ENDS"),
        [
            (
                hold.id,
                hold.card_id,
                hold.amount,
                hold.state,
                hold.captured,
                written(hold.expires_at),
            )
            for hold in found
        ],
    )
