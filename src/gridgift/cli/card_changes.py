"""``gridgift card``: what can be done with one gift card."""

from typing import Annotated

import typer

from gridgift.cli.card_output import print_cards
from gridgift.cli.options import (
    CardArgument,
    DatabaseOption,
    JsonOption,
    StoreOption,
    read_note,
    read_text,
)
from gridgift.cli.output import print_json
from gridgift.cli.session import act, find_store, read_all, read_settings, run
from gridgift.cli.tables import print_table
from gridgift.domain import giftcards, notes, transfers
from gridgift.domain.ids import new_id
from gridgift.domain.locked import CardRequest, Rule, change
from gridgift.domain.model import MAX_CREDIT, Caller, CardChange, Entry
from gridgift.domain.residents import parse_identifier
from gridgift.operations import Operations
from gridgift.storage.database import Tx
from gridgift.views import NoteResponse, StoreGiftCard

ReasonOption = Annotated[
    str, typer.Option("--reason", parser=read_text, metavar="TEXT", help="For the ledger.")
]


def adjust(
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
    store: StoreOption = None,
    database: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Add to a card's credit, or take from what is not held."""
    _print(act(database, store, giftcards.adjust, card_id, delta, reason), json)


def transfer(
    card_id: CardArgument,
    receiver: Annotated[
        str, typer.Argument(metavar="RECEIVER", help="A resident's username or avatar UUID.")
    ],
    reason: ReasonOption,
    store: StoreOption = None,
    database: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Give a card to another resident; only they could give it back."""
    to = parse_identifier(receiver)
    _print(act(database, store, transfers.transfer, None, card_id, to, reason), json)


def reissue(
    card_id: CardArgument,
    reason: ReasonOption,
    store: StoreOption = None,
    database: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Replace a lost card by a new one. It has the lost one's credit, and that one is void."""
    _print(act(database, store, transfers.reissue, card_id, new_id(), reason).new, json)


def expire(
    card_id: CardArgument,
    store: StoreOption = None,
    database: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Let a card's date be over now."""
    _print(act(database, store, _change, card_id, giftcards.ending()), json)


def note(
    card_id: CardArgument,
    text: Annotated[
        str,
        typer.Argument(
            parser=read_note, metavar="TEXT", help=f"At most {notes.MAX_TEXT} characters."
        ),
    ],
    store: StoreOption = None,
    database: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Write a note on a card, for the store. It can't be changed afterwards."""
    entry = act(database, store, _change, card_id, notes.noting(text)).entry
    assert entry is not None, "a note is an entry"
    _print_notes([entry], json)


def list_notes(
    card_id: CardArgument,
    store: StoreOption = None,
    database: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """List the notes on a card, oldest first."""

    async def work(operations: Operations) -> list[Entry]:
        store_id = await find_store(operations, store)
        return await read_all(operations, notes.list_of, store_id, card_id)

    _print_notes(run(read_settings(database), work), json)


def add_to(app: typer.Typer) -> None:
    """Make these commands of a group."""
    app.command("adjust")(adjust)
    app.command("transfer")(transfer)
    app.command("reissue")(reissue)
    app.command("expire")(expire)
    app.command("note")(note)
    app.command("notes")(list_notes)


async def _change(tx: Tx, caller: Caller, card_id: str, rule: Rule[CardChange]) -> CardChange:
    return await change(tx, CardRequest(caller, card_id, rule))


def _print(changed: CardChange, json: bool) -> None:
    if json:
        print_json(StoreGiftCard.of_store(changed.card, changed.held))
    else:
        print_cards([changed.card])


def _print_notes(found: list[Entry], json: bool) -> None:
    shown = [NoteResponse.of(entry) for entry in found]
    if json:
        print_json(shown)
    else:
        print_table(
            ("WHEN", "WHO", "NOTE"),
            [(each.created_at, f"{each.author.kind} {each.author.id}", each.text)
             for each in shown],
        )  # fmt: skip
