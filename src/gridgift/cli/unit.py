"""``gridgift unit``: objects in Second Life that act for a store."""

import secrets
from collections.abc import Sequence
from typing import Annotated, Any, Final

import msgspec
import typer

from gridgift.cli.option_structs import Commands
from gridgift.cli.options import (
    StoreOptions,
    TextureOption,
    one_of,
    read_expiry,
    read_reason,
    read_uuid,
)
from gridgift.cli.output import print_json, print_note
from gridgift.cli.session import (
    act,
    find_store,
    look,
    now,
    operator,
    read_all,
    read_settings,
    read_store,
    run,
)
from gridgift.cli.tables import print_table
from gridgift.domain import refunds, texts, units
from gridgift.domain.days import Expiry
from gridgift.domain.ids import new_id
from gridgift.domain.instants import format_instant
from gridgift.domain.model import MAX_CREDIT, Caller
from gridgift.domain.paging import Position
from gridgift.domain.refunds import Refund, RefundState
from gridgift.domain.units import PairingCode, Unit, UnitChanges, UnitKind, UnitSettings
from gridgift.fields import written
from gridgift.operations import Operations
from gridgift.storage.database import Tx
from gridgift.unit_views import PairingCodeResponse, RefundResponse, UnitResponse

REFUNDS: Final = 100  # shown at most

app = Commands(help="Units: objects in Second Life that act for a store.", no_args_is_help=True)


def read_name(text: str) -> str:
    """Read a unit's name."""
    if not texts.fits_name(text, *units.NAME_LENGTHS):
        raise typer.BadParameter(f"{texts.wanted_name(*units.NAME_LENGTHS)}.")
    return text


def _bound(option: str, help_: str, most: int = MAX_CREDIT) -> Any:
    return typer.Option(option, min=1, max=most, metavar="N", help=help_)


def _date(option: str, help_: str) -> Any:
    example = "2027-01-31T12:00:00Z, or the end of 2027-01-31 in the store's time zone"
    return typer.Option(option, parser=read_expiry, metavar="DATE", help=f"{help_}: {example}.")


UnitArgument = Annotated[
    str, typer.Argument(parser=read_uuid, metavar="UNIT", help="The unit's id.")
]
VendorArgument = Annotated[
    str | None, typer.Argument(parser=read_uuid, metavar="[UNIT]", help="One vendor's id.")
]
RefundArgument = Annotated[
    str, typer.Argument(parser=read_uuid, metavar="REFUND", help="The refund's id.")
]
StateOption = Annotated[
    RefundState | None,
    typer.Option(
        "--state",
        parser=one_of(refunds.STATES),
        metavar="STATE",
        help=f"Only {', '.join(refunds.STATES)}.",
    ),
]
NoteOption = Annotated[
    str, typer.Option("--note", parser=read_reason, metavar="TEXT", help="A note of your own.")
]
KindOption = Annotated[
    UnitKind,
    typer.Option(
        "--kind", parser=one_of(units.KINDS), metavar="KIND", help=f"{', '.join(units.KINDS)}."
    ),
]
NameOption = Annotated[
    str, typer.Option("--name", parser=read_name, metavar="NAME", help="What you call it.")
]
UsernameOption = Annotated[
    list[str] | None,
    typer.Option("--username", metavar="NAME", help="Whom it is for; repeat it."),
]
GroupOption = Annotated[
    bool, typer.Option("--group-only", help="Only for those who wear the object's group.")
]
TransferableOption = Annotated[
    bool, typer.Option("--transferable", help="The owners of its cards may pass them on.")
]
StartsOption = Annotated[Expiry | None, _date("--starts", "When giving begins")]
EndsOption = Annotated[Expiry | None, _date("--ends", "When giving ends")]
CreditOption = Annotated[int, _bound("--credit", "What each card has, in L$.")]
CardsOption = Annotated[int | None, _bound("--max-cards", "Cards in all rounds.")]
DayOption = Annotated[
    int | None, _bound("--max-cards-a-day", "Cards on a day of the store's time zone.")
]
SumOption = Annotated[int | None, _bound("--max-credit", "L$ of all its cards together.")]
AgeOption = Annotated[
    int | None, _bound("--min-account-days", "How old accounts must be.", units.MAX_ACCOUNT_DAYS)
]


@app.command("create")
def create(
    kind: KindOption,
    name: NameOption,
    credit: CreditOption = units.DEFAULT_CREDIT,
    texture: TextureOption = None,
    group_only: GroupOption = False,
    transferable: TransferableOption = False,
    starts: StartsOption = None,
    ends: EndsOption = None,
    max_cards: CardsOption = None,
    max_cards_a_day: DayOption = None,
    max_credit: SumOption = None,
    min_account_days: AgeOption = None,
    username: UsernameOption = None,
    *,
    options: StoreOptions,
) -> None:
    """Make a unit, and a code that pairs its object. It is good for 15 minutes."""

    async def work(operations: Operations) -> PairingCode:
        owner = await read_store(operations, options.store)
        settings = UnitSettings(
            name, credit, texture, group_only, transferable,
            starts_at=None if starts is None else starts.at(owner.time_zone),
            ends_at=None if ends is None else ends.at(owner.time_zone),
            max_cards=max_cards, max_cards_a_day=max_cards_a_day, max_credit=max_credit,
            min_account_days=min_account_days, usernames=tuple(username or ()),
        )  # fmt: skip
        random = secrets.token_bytes(units.CODE_BYTES)
        caller = operator(owner.id)
        return await operations.write(make, caller, new_id(), kind, settings, random)

    made = run(read_settings(options.database), work)
    if options.json:
        shown: dict[str, Any] = msgspec.to_builtins(UnitResponse.of(made.unit, now()))
        print_json(shown | {"pairingCode": made.code})
        return
    _table([made.unit])
    _print_code(made)


@app.command("list")
def list_of(options: StoreOptions) -> None:
    """List a store's units, oldest first."""

    async def work(operations: Operations) -> list[Unit]:
        store_id = await find_store(operations, options.store)
        return await read_all(operations, units.list_of, store_id)

    _print(run(read_settings(options.database), work, update=False), options.json)


@app.command("show")
def show(unit_id: UnitArgument, options: StoreOptions) -> None:
    """Show a unit."""
    _print_one(look(options, units.read, unit_id), options.json)


@app.command("pair")
def pair(unit_id: UnitArgument, options: StoreOptions) -> None:
    """Make a new code, which pairs one object within 15 minutes."""
    random = secrets.token_bytes(units.CODE_BYTES)

    async def work(operations: Operations) -> PairingCode:
        store_id = await find_store(operations, options.store)
        return await operations.write(units.renew_code, store_id, unit_id, random)

    new = run(read_settings(options.database), work)
    if options.json:
        shown: dict[str, Any] = msgspec.to_builtins(PairingCodeResponse.of(new))
        print_json({"id": new.unit.id, "pairingCode": new.code, "expiresAt": shown["expiresAt"]})
    else:
        _print_code(new)


@app.command("pause")
def pause(unit_id: UnitArgument, options: StoreOptions) -> None:
    """Switch a unit off for now."""
    _update(unit_id, UnitChanges(paused=True), options)


@app.command("resume")
def resume(unit_id: UnitArgument, options: StoreOptions) -> None:
    """Switch a unit on again."""
    _update(unit_id, UnitChanges(paused=False), options)


@app.command("revoke")
def revoke(unit_id: UnitArgument, options: StoreOptions) -> None:
    """End a unit's object: whatever it asks is refused. Another one can be paired."""
    _print_one(act(options, units.revoke, unit_id), options.json)


@app.command("refunds")
def list_refunds(
    unit_id: VendorArgument = None,
    state: StateOption = None,
    *,
    options: StoreOptions,
) -> None:
    """List payments for which nothing was sold: the newest hundred."""

    newest = (state, Position(), REFUNDS)
    if unit_id is None:
        found = look(options, refunds.list_of, *newest).rows
    else:
        found = look(options, refunds.list_of_unit, unit_id, *newest).rows
    if options.json:
        print_json([RefundResponse.of(each) for each in found])
    else:
        _print_refunds(found)


@app.command("refund-paid")
def mark_refund_paid(
    unit_id: UnitArgument,
    refund_id: RefundArgument,
    note: NoteOption = "",
    *,
    options: StoreOptions,
) -> None:
    """Say that you gave a payment back; the vendor does not then."""

    paid = act(options, refunds.mark_paid, unit_id, refund_id, note)
    if options.json:
        print_json(RefundResponse.of(paid))
    else:
        _print_refunds([paid])


def _print_refunds(found: Sequence[Refund]) -> None:
    print_table(
        ("ID", "UNIT", "PAID BY", "L$", "WHY", "PAID AT", "STATE"),
        [
            (
                each.id,
                each.unit_id,
                each.payer_username,
                each.amount,
                each.reason,
                written(each.paid_at),
                each.state,
            )
            for each in found
        ],
    )


def _update(unit_id: str, changes: UnitChanges, options: StoreOptions) -> None:
    _print_one(act(options, units.update, unit_id, changes), options.json)


async def make(
    tx: Tx, caller: Caller, unit_id: str, kind: UnitKind, settings: UnitSettings, random: bytes
) -> PairingCode:
    """Make a unit and its first code, both or neither."""
    await units.create(tx, caller, unit_id, kind, settings)
    return await units.renew_code(tx, caller.store_id, unit_id, random)


def _print_code(new: PairingCode) -> None:
    print(new.code)
    print_note(
        f"Put {new.unit.id} into the object's description, and the code into its menu "
        f"until {format_instant(new.expires_at)}."
    )


def _print_one(unit: Unit, json: bool) -> None:
    if json:
        print_json(UnitResponse.of(unit, now()))
    else:
        _table([unit])


def _print(found: list[Unit], json: bool) -> None:
    if json:
        at = now()
        print_json([UnitResponse.of(unit, at) for unit in found])
    else:
        _table(found)


def _table(found: list[Unit]) -> None:
    at = now()
    print_table(
        ("ID", "KIND", "NAME", "L$", "PAUSED", "ROUND", "CARDS", "PAIRED", "SEEN", "SILENT SINCE"),
        [
            (
                unit.id,
                unit.kind,
                unit.settings.name,
                unit.settings.credit,
                unit.settings.paused,
                unit.round_number,
                unit.cards,
                written(unit.paired_at),
                written(unit.seen_at),
                written(unit.silent_since(at)),
            )
            for unit in found
        ],
    )
