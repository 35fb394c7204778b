"""``gridgift verify``: re-compute every balance from the ledger."""

from collections.abc import Sequence
from typing import Annotated

import typer

from gridgift.cli.exit_codes import ExitCode
from gridgift.cli.options import DatabaseOptions
from gridgift.cli.output import print_json, print_note
from gridgift.cli.phases import PhaseBar
from gridgift.cli.session import operator, read_settings, run
from gridgift.cli.tables import print_table
from gridgift.cli.views import FaultView
from gridgift.domain import texts, verifications
from gridgift.domain import verify as ledgers
from gridgift.domain.verify import Added, Fault, Unstated
from gridgift.operations import Operations
from gridgift.storage.database import DatabaseRefused, DatabaseUnavailable

NoEventOption = Annotated[
    bool,
    typer.Option("--no-event", help="Write nothing: neither the result nor an event about faults."),
]
SHOWN = 1_000  # faults that are printed; all are counted


def ignore(_: object) -> None:
    """Do nothing, in other commands: they print the number of faults, and this one lists them."""


def verify(no_event: NoEventOption = False, *, options: DatabaseOptions) -> None:
    """Compute the whole ledger again. Lists each fault, and exits with 1 if there is any.

    It reads one snapshot and may run beside a server. It changes nothing, but keeps of each store
    what came of it, for the dashboard and 'gridgift doctor', with an event verify.failed of one
    with faults.
    """
    faults: list[Fault] = []
    unstated: list[Unstated] = []

    def report(fault: Fault) -> None:
        if len(faults) < SHOWN:
            faults.append(fault)

    async def work(operations: Operations) -> tuple[int, int]:
        counts = await operations.read(ledgers.count)
        accounts = counts.cards + counts.customers
        bar = PhaseBar()
        with bar.shown:
            bar.begin("verifying", accounts)
            added: list[Added] = []
            found = await operations.snapshot(
                ledgers.verify, report, bar.advance_accounts, unstated.append, added.append
            )
        if not no_event:
            await keep(operations, added)
        return accounts, found

    accounts, found = run(read_settings(options.database), work, update=False)
    if options.json:
        views = [FaultView.of(fault) for fault in faults]
        missing = len(unstated)
        print_json({"accounts": accounts, "faults": found, "unstated": missing, "first": views})
    elif faults:
        print_table(
            ("STORE", "ACCOUNT", "ID", "FAULT"),
            [
                (fault.store_id, fault.account_kind, fault.account_id, fault.what)
                for fault in faults
            ],
        )
    if unstated:
        print_note(
            f"{texts.counted(len(unstated), 'account has', 'accounts have')} lots or holds of an "
            "earlier version, of which no entry states all that decides: 'gridgift attest' writes "
            "it down."
        )
    if found:
        print_note(f"{texts.counted(found, 'fault')} in {texts.counted(accounts, 'account')}.")
        raise typer.Exit(ExitCode.REFUSED)
    print_note(f"{texts.counted(accounts, 'account adds', 'accounts add')} up.")


async def verify_all(operations: Operations) -> None:
    """Verify without a word, and keep what came of it."""
    added: list[Added] = []
    await operations.snapshot(ledgers.verify, ignore, ignore, ignore, added.append)
    await keep(operations, added)


async def keep(operations: Operations, added: Sequence[Added]) -> None:
    """Keep what came of each store; a database that can't be written stays as it is."""
    try:
        for each in added:
            await operations.write(verifications.keep, operator(each.store_id), each)
    except (DatabaseRefused, DatabaseUnavailable) as error:
        print_note(f"The result is kept nowhere, for the database can't be written: {error}.")
