"""``gridgift unit``: objects in Second Life that act for a store."""

import secrets
from typing import Any, Final

import msgspec

from gridgift.cli.option_structs import Commands
from gridgift.cli.options import StoreOptions, TextureOption
from gridgift.cli.output import print_json
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
from gridgift.cli.unit_options import (
    AgeOption,
    CardsOption,
    CreditOption,
    DayOption,
    EndsOption,
    GroupOption,
    KindOption,
    NameOption,
    NoteOption,
    RefundArgument,
    StartsOption,
    StateOption,
    SumOption,
    TransferableOption,
    UnitArgument,
    UpdateOptions,
    UsernameOption,
    VendorArgument,
)
from gridgift.cli.unit_output import (
    print_claims,
    print_code,
    print_refunds,
    print_unit,
    print_units,
)
from gridgift.domain import claims, refunds, units
from gridgift.domain.claims import Claim
from gridgift.domain.ids import new_id
from gridgift.domain.model import Caller
from gridgift.domain.paging import Position
from gridgift.domain.units import PairingCode, Unit, UnitChanges, UnitKind, UnitSettings
from gridgift.operations import Operations
from gridgift.storage.database import Tx
from gridgift.unit_views import PairingCodeResponse, RefundResponse, UnitResponse

REFUNDS: Final = 100  # shown at most

app = Commands(help="Units: objects in Second Life that act for a store.", no_args_is_help=True)


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
    print_units([made.unit], json=False)
    print_code(made)


@app.command("list")
def list_of(options: StoreOptions) -> None:
    """List a store's units, oldest first."""

    async def work(operations: Operations) -> list[Unit]:
        store_id = await find_store(operations, options.store)
        return await read_all(operations, units.list_of, store_id)

    print_units(run(read_settings(options.database), work, update=False), options.json)


@app.command("show")
def show(unit_id: UnitArgument, options: StoreOptions) -> None:
    """Show a unit."""
    print_unit(look(options, units.read, unit_id), options.json)


@app.command("update")
def update(unit_id: UnitArgument, options: UpdateOptions) -> None:
    """Change what a unit gives, and to whom. What is left out stays as it is."""

    async def work(operations: Operations) -> Unit:
        owner = await read_store(operations, options.store)
        changes = options.changes(owner.time_zone)
        return await operations.write(units.update, operator(owner.id), unit_id, changes)

    print_unit(run(read_settings(options.database), work), options.json)


@app.command("begin-round")
def begin_round(unit_id: UnitArgument, options: StoreOptions) -> None:
    """Let every resident have one more card of a unit. Bounds count those of all rounds."""
    print_unit(act(options, units.begin_round, unit_id), options.json)


@app.command("claims")
def list_claims(unit_id: UnitArgument, options: StoreOptions) -> None:
    """List the cards that a unit has given, oldest first."""

    async def work(operations: Operations) -> list[Claim]:
        store_id = await find_store(operations, options.store)
        return await read_all(operations, claims.list_of, store_id, unit_id)

    print_claims(run(read_settings(options.database), work, update=False), options.json)


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
        print_code(new)


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
    print_unit(act(options, units.revoke, unit_id), options.json)


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
    print_refunds(found, options.json)


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
        print_refunds([paid], json=False)


def _update(unit_id: str, changes: UnitChanges, options: StoreOptions) -> None:
    print_unit(act(options, units.update, unit_id, changes), options.json)


async def make(
    tx: Tx, caller: Caller, unit_id: str, kind: UnitKind, settings: UnitSettings, random: bytes
) -> PairingCode:
    """Make a unit and its first code, both or neither."""
    await units.create(tx, caller, unit_id, kind, settings)
    return await units.renew_code(tx, caller.store_id, unit_id, random)
