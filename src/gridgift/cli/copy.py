"""``gridgift copy``: a whole database into another one, on whichever engine each of them is."""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from gridgift.app import copying
from gridgift.cli.exit_codes import ExitCode
from gridgift.cli.options import JsonOption, UsageError
from gridgift.cli.output import print_json, print_note
from gridgift.cli.phases import PhaseBar
from gridgift.cli.session import now, read_settings
from gridgift.cli.tables import print_table
from gridgift.cli.verify import ignore
from gridgift.domain import events, texts, verify
from gridgift.settings import Settings, mask_url, secret_file

if TYPE_CHECKING:
    from gridgift.storage.tables import Copied

FromArgument = Annotated[
    str, typer.Argument(metavar="FROM", help="sqlite:///FILE or postgresql://…: what is copied.")
]
ToArgument = Annotated[
    str, typer.Argument(metavar="TO", help="An empty database, or one whose copy broke off.")
]


def copy(source: FromArgument, target: ToArgument, json: JsonOption = False) -> None:
    """Copy a whole database into an empty one. Both are compared in the end.

    Stop the server first. A copy that broke off goes on when it is run again; until it is whole,
    nothing serves it. The exit code is 1 if the copy is not the source, or does not add up.
    """
    ours, theirs = read_settings(source, "FROM"), read_settings(target, "TO")
    _check_places(ours, theirs)
    progress = PhaseBar()
    with copying(ours, theirs, progress.advance) as work:
        sizes = work.prepare(now())
        with progress.shown:
            progress.begin("copying", sum(sizes.values()))
            work.move()
            progress.begin("comparing", 2 * sum(sizes.values()))
            copied = work.compare()
            progress.begin("verifying", copied.accounts)
            faults = work.examine(verify.verify, ignore, progress.advance_accounts)
        work.finish(events.resume)
    _report(ours, theirs, copied, faults, json)
    if faults:
        raise typer.Exit(ExitCode.REFUSED)


def _check_places(ours: Settings, theirs: Settings) -> None:
    here, there = ours.sqlite_path, theirs.sqlite_path
    if here is not None and not os.access(here, os.F_OK):  # any other command would make it
        raise UsageError(f"There is no database {here}: name another as FROM.")
    same_file = here is not None and there is not None and here.resolve() == there.resolve()
    if same_file or ours.database_url == theirs.database_url:
        raise UsageError("FROM and TO are the same database.")


def _report(ours: Settings, theirs: Settings, copied: "Copied", faults: int, json: bool) -> None:
    places = [mask_url(settings.database_url) for settings in (ours, theirs)]
    digests = [(name, tally.rows, tally.hex()) for name, tally in copied.tables.items()]
    note = _note_on_secret(ours, theirs)
    if json:
        tables = [{"table": name, "rows": rows, "digest": hex_} for name, rows, hex_ in digests]
        heads = {"accounts": copied.accounts, "digest": copied.heads, "faults": faults}
        print_json(
            {"from": places[0], "to": places[1], "tables": tables, "ledger": heads, "left": note}
        )
    else:
        print_table(("TABLE", "ROWS", "DIGEST"), digests)
    print_note(f"{places[1]} holds all of {places[0]}; both have the ledger {copied.heads}.")
    if faults:
        said = texts.counted(faults, "fault")
        print_note(f"The ledger has {said} on both sides: see 'gridgift verify'.")
    print_note(note)


def _note_on_secret(ours: Settings, theirs: Settings) -> str:
    """Say what to do with the one thing that is in no table."""
    if ours.secret or ours.sqlite_path is None:
        return "Not copied: GRIDGIFT_SECRET. Set the same one for the new server."
    kept = secret_file(ours.sqlite_path)
    if theirs.sqlite_path is not None:
        there = secret_file(theirs.sqlite_path)
        return f"Not copied: the server's secret. Run 'cp -p {kept} {there}'."
    return f"Not copied: the server's secret. Set GRIDGIFT_SECRET to the text in {kept}."
