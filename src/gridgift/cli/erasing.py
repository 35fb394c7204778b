"""``gridgift resident erase``: look, ask, and erase in one transaction after the other."""

import asyncio
import sys
from collections.abc import Sequence
from typing import Final

import typer
from msgspec import Struct

from gridgift.cli.exit_codes import ExitCode
from gridgift.cli.options import UsageError
from gridgift.cli.output import print_json, print_note
from gridgift.cli.session import read_settings, run
from gridgift.cli.tables import print_table
from gridgift.domain import erasing, stores, texts
from gridgift.domain.erasing import Erased, Mark, Mention, Names, NamesChanged, Redact
from gridgift.domain.residents import parse_identifier
from gridgift.operations import Operations
from gridgift.redaction import redacting
from gridgift.storage.database import Row
from gridgift.views import shown

WAIT: Final = 30.0  # seconds for writes that were at work; a server lets none take so long
PAUSE: Final = 0.05  # seconds


class MentionView(Struct, frozen=True, rename="camel"):
    """A ledger entry in whose texts a name stands."""

    store_id: str
    account_kind: str
    account_id: str
    seq: int


class ErasureView(Struct, frozen=True, rename="camel"):
    """What goes or, if ``erased``, went; ``mentions`` stay. ``links`` are counted as they end."""

    uuid: str
    usernames: Sequence[str]
    erased: bool
    links: int
    answers: int
    refusals: int
    responses: int
    mentions: Sequence[MentionView]

    @classmethod
    def of(
        cls, names: Names, what: Erased, mentions: Sequence[Mention], *, erased: bool
    ) -> "ErasureView":
        """Show what an erasure does, or has done."""
        views = [shown(MentionView, each) for each in mentions]
        return cls(
            names.resident.uuid, names.usernames, erased, what.links, what.answers, what.refusals,
            what.responses, views,
        )  # fmt: skip


def erase_resident(
    database: str | None, identifier: str, *, dry_run: bool, yes: bool, json: bool
) -> None:
    """Erase a resident and print what went, or with ``dry_run`` what would go."""
    wanted = parse_identifier(identifier)

    async def work(operations: Operations) -> None:
        names = await operations.read(erasing.names_of, wanted)
        redact = redacting(names)
        found = await _look(operations, names, redact)
        mentions = await operations.read(erasing.mentions, names)
        if not json:
            _print(names, found, mentions)
        if not dry_run:
            if not yes:
                _ask(names)
            found = await erase_in_steps(operations, names, found.answers)
        if json:
            print_json(ErasureView.of(names, found, mentions, erased=not dry_run))
        elif not dry_run:
            links = texts.counted(found.links, "link")
            print_note(f"{names.resident.uuid} has no name any more; {links} ended.")

    run(read_settings(database), work, update=not dry_run)


async def _look(operations: Operations, names: Names, redact: Redact) -> Erased:
    """Count in what the names stand."""
    answers = 0
    place: Mark | None = Mark()
    while place is not None:
        swept = await operations.read(erasing.sweep_answers, redact, place, dry=True)
        answers, place = answers + swept.found, swept.next
    refusals = await operations.read(erasing.sweep, names, erasing.REFUSALS, dry=True)
    responses = await operations.read(erasing.sweep, names, erasing.RESPONSES, dry=True)
    return Erased(names.usernames, 0, answers, refusals, responses)


async def erase_in_steps(operations: Operations, names: Names, answers: int) -> Erased:
    """Erase the names, and then what requests that had read one stored meanwhile.

    Most answers, and other texts, come first, in small transactions: until the names are gone they
    can be found again, so a run that was broken off is begun anew.
    """
    start = await operations.read(erasing.begun)
    responses = 0
    while True:
        redact = redacting(names)
        await _sweep(operations, redact, Mark())
        responses += await _sweep_responses(operations, names)
        try:
            erased = await operations.write(erasing.erase, names, redact, start)
            break
        except NamesChanged:
            names = await operations.read(erasing.names_of, parse_identifier(names.resident.uuid))
    await _wait_for_writes(operations)
    await _sweep(operations, redact, start)
    return Erased(erased.usernames, erased.links, answers, erased.refusals, responses)


async def _sweep_responses(operations: Operations, names: Names) -> int:
    found, responses = 0, erasing.RESPONSES
    for store in await operations.read(stores.list_all):
        place: Row | None = tuple(responses.first.values())
        while place is not None:
            swept = await operations.write(erasing.sweep_page, names, responses, store.id, place)
            place, found = swept[0], found + swept[1]
    return found


async def _sweep(operations: Operations, redact: Redact, start: Mark) -> None:
    place: Mark | None = start
    while place is not None:
        place = (await operations.write(erasing.sweep_answers, redact, place)).next


async def _wait_for_writes(operations: Operations) -> None:
    """Wait until the writes that are at work now have ended."""
    running = await operations.read(erasing.at_work)
    waited = 0.0
    while running and waited < WAIT:
        await asyncio.sleep(PAUSE)
        waited += PAUSE
        running &= await operations.read(erasing.at_work)


def _ask(names: Names) -> None:
    """Ask whether to go on. Raises ``UsageError`` where nobody can be asked, ``Exit`` if not."""
    if not sys.stdin.isatty():
        raise UsageError("Nothing can bring the names back: say --yes.")
    if not typer.confirm(f"Erase the names of {names.resident.uuid} for good?", err=True):
        print_note("Nothing was erased.")
        raise typer.Exit(ExitCode.REFUSED)


def _print(names: Names, found: Erased, mentions: Sequence[Mention]) -> None:
    print_table(("UUID", "NAME"), [(names.resident.uuid, name) for name in names.usernames])
    answers = texts.counted(found.answers, "stored answer")
    refusals = texts.counted(found.refusals, "refused row")
    responses = texts.counted(found.responses, "answer")
    print_note(
        f"The names go, from {answers}, {refusals} of unfinished imports and {responses} of "
        "webhooks' receivers too."
    )
    if mentions:
        print()
        rows = [(each.store_id, each.account_kind, each.account_id, each.seq) for each in mentions]
        print_table(("STORE", "ACCOUNT", "ID", "ENTRY"), rows)
        count = texts.counted(len(mentions), "ledger entry has", "ledger entries have")
        print_note(f"{count} a name in a text that a store wrote: these stay, with their hashes.")
    print_note(
        "What a store called units, keys and files stays too, and what was copied or exported."
    )
