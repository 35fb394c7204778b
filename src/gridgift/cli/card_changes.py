"""``gridgift card``: what can be done with one gift card."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Concatenate

import typer
from msgspec import UNSET

from gridgift.cli.card_labels import MetadataOption, ReferenceOption, read_metadata
from gridgift.cli.card_output import labels_of, print_card
from gridgift.cli.once import KeyedOptions, act_once
from gridgift.cli.options import (
    NONE,
    CardArgument,
    OptionalReasonOption,
    ReasonOption,
    Setting,
    StoreOptions,
    UsageError,
    or_none,
    read_note,
    read_texture,
    value_of,
)
from gridgift.cli.output import print_json
from gridgift.cli.session import find_store, read_all, read_settings, run
from gridgift.cli.tables import print_facts, print_table
from gridgift.domain import giftcards, notes, redemption, transfers
from gridgift.domain.giftcards import Patch
from gridgift.domain.ids import new_id
from gridgift.domain.locked import CardRequest, Rule, change
from gridgift.domain.model import MAX_CREDIT, Caller, CardChange, Entry
from gridgift.domain.notes import Labelled, Labelling
from gridgift.domain.residents import parse_identifier
from gridgift.operations import Operations
from gridgift.storage.database import P, Tx
from gridgift.views import LabelsResponse, NoteResponse, StoreGiftCard


def adjust(
    context: typer.Context,
    card_id: CardArgument,
    delta: Annotated[
        int,
        typer.Option(
            "--delta",
            min=-MAX_CREDIT,
            max=MAX_CREDIT,
            metavar="N",
            help="L$ to add, or to take: -50.",
        ),
    ],
    reason: ReasonOption,
    options: KeyedOptions,
) -> None:
    """Add to a card's credit, or take from what is not held."""
    print_card(_act(context, giftcards.adjust, card_id, delta, reason), options.json)


def transfer(
    context: typer.Context,
    card_id: CardArgument,
    receiver: Annotated[
        str, typer.Argument(metavar="RECEIVER", help="A resident's username or avatar UUID.")
    ],
    reason: ReasonOption,
    options: KeyedOptions,
) -> None:
    """Give a card to another resident; only they could give it back."""
    to = parse_identifier(receiver)
    print_card(_act(context, transfers.transfer, None, card_id, to, reason), options.json)


def reissue(
    context: typer.Context,
    card_id: CardArgument,
    reason: ReasonOption,
    options: KeyedOptions,
) -> None:
    """Replace a lost card by a new one. It has the lost one's credit, and that one is void."""
    print_card(_act(context, _reissue, card_id, new_id(), reason), options.json)


def expire(
    context: typer.Context,
    card_id: CardArgument,
    reason: OptionalReasonOption = "",
    *,
    options: KeyedOptions,
) -> None:
    """Let a card's date be over now."""
    print_card(_act(context, _change, card_id, giftcards.ending(reason)), options.json)


def redeem(context: typer.Context, card_id: CardArgument, options: KeyedOptions) -> None:
    """Make a card its owner's store credit, for its owner. This can't be undone."""
    print_card(_act(context, _redeem, card_id, new_id()), options.json)


def update(
    context: typer.Context,
    card_id: CardArgument,
    texture: Annotated[
        Setting | None,
        typer.Option(
            "--texture",
            parser=or_none(read_texture),
            metavar="UUID",
            help=f"The picture, a texture; '{NONE}' for none.",
        ),
    ] = None,
    transfer: Annotated[
        bool | None,
        typer.Option("--transfer/--no-transfer", help="Whether its owner may pass it on."),
    ] = None,
    *,
    options: KeyedOptions,
) -> None:
    """Change a card's picture, or whether it may be passed on."""
    if texture is None and transfer is None:
        raise UsageError("Say what to change: --texture, --transfer or --no-transfer.")
    changes = Patch(texture=value_of(texture), transfer=UNSET if transfer is None else transfer)
    print_card(_act(context, _change, card_id, giftcards.patching(changes)), options.json)


def label(
    context: typer.Context,
    card_id: CardArgument,
    reference: ReferenceOption = None,
    metadata: MetadataOption = None,
    no_metadata: Annotated[
        bool, typer.Option("--no-metadata", help="Take all of it away.")
    ] = False,
    *,
    options: KeyedOptions,
) -> None:
    """Give a card a reference, or other metadata. That is in place of all it has.

    A reference that a card has stays. 'gridgift card tag' changes its tags.
    """
    if metadata and no_metadata:
        raise UsageError("Say --metadata or --no-metadata, not both.")
    if reference is None and not metadata and not no_metadata:
        raise UsageError("Say what to change: --reference, --metadata or --no-metadata.")
    wanted = Labelling(
        reference=UNSET if reference is None else reference,
        metadata=read_metadata(metadata) if metadata or no_metadata else UNSET,
    )
    shown = act_once(context, LabelsResponse, _labelled, notes.label, card_id, wanted)
    if options.json:
        print_json(shown)
    else:
        print_facts(labels_of(shown))


def note(
    context: typer.Context,
    card_id: CardArgument,
    text: Annotated[
        str,
        typer.Argument(
            parser=read_note, metavar="TEXT", help=f"At most {notes.MAX_TEXT} characters."
        ),
    ],
    options: KeyedOptions,
) -> None:
    """Write a note on a card, for the store. It can't be changed afterwards."""
    noted = act_once(context, NoteResponse, _noted, _change, card_id, notes.noting(text))
    _print_notes([noted], options.json)


def list_notes(card_id: CardArgument, options: StoreOptions) -> None:
    """List the notes on a card, oldest first."""

    async def work(operations: Operations) -> list[Entry]:
        store_id = await find_store(operations, options.store)
        return await read_all(operations, notes.list_of, store_id, card_id)

    found = run(read_settings(options.database), work, update=False)
    _print_notes([NoteResponse.of(entry) for entry in found], options.json)


def add_to(app: typer.Typer) -> None:
    """Make these commands of a group."""
    app.command("adjust")(adjust)
    app.command("transfer")(transfer)
    app.command("reissue")(reissue)
    app.command("expire")(expire)
    app.command("redeem")(redeem)
    app.command("update")(update)
    app.command("label")(label)
    app.command("note")(note)
    app.command("notes")(list_notes)


async def _change(tx: Tx, caller: Caller, card_id: str, rule: Rule[CardChange]) -> CardChange:
    return await change(tx, CardRequest(caller, card_id, rule))


async def _reissue(
    tx: Tx, caller: Caller, card_id: str, new_card_id: str, reason: str
) -> CardChange:
    return (await transfers.reissue(tx, caller, card_id, new_card_id, reason)).new


async def _redeem(tx: Tx, caller: Caller, card_id: str, lot_id: str) -> CardChange:
    return (await redemption.redeem_for_owner(tx, caller, card_id, lot_id)).card


def _act(
    context: typer.Context,
    operation: Callable[Concatenate[Tx, Caller, P], Coroutine[Any, Any, CardChange]],
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> StoreGiftCard:
    return act_once(context, StoreGiftCard, _changed, operation, *args, **kwargs)


def _changed(changed: CardChange) -> StoreGiftCard:
    return StoreGiftCard.of_store(changed.card, changed.held)


def _labelled(labelled: Labelled) -> LabelsResponse:
    return LabelsResponse.of(labelled.labels)


def _noted(changed: CardChange) -> NoteResponse:
    assert changed.entry is not None, "a note is an entry"
    return NoteResponse.of(changed.entry)


def _print_notes(shown: list[NoteResponse], json: bool) -> None:
    if json:
        print_json(shown)
    else:
        print_table(
            ("WHEN", "WHO", "NOTE"),
            [(each.created_at, f"{each.author.kind} {each.author.id}", each.text)
             for each in shown],
        )  # fmt: skip
