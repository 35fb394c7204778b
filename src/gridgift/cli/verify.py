"""``gridgift verify``: re-compute every balance from the ledger."""

import typer

from gridgift.cli.exit_codes import ExitCode
from gridgift.cli.options import DatabaseOption, JsonOption
from gridgift.cli.output import print_json, print_note
from gridgift.cli.phases import PhaseBar
from gridgift.cli.session import read_settings, run
from gridgift.cli.tables import print_table
from gridgift.cli.views import FaultView
from gridgift.domain import texts
from gridgift.domain import verify as ledgers
from gridgift.domain.verify import Fault, Unstated
from gridgift.operations import Operations

SHOWN = 1_000  # faults that are printed; all are counted


def ignore(fault: Fault) -> None:
    """Do nothing, in other commands: they print the number of faults, and this one lists them."""


def verify(database: DatabaseOption = None, json: JsonOption = False) -> None:
    """Compute the whole ledger again. Lists each fault, and exits with 1 if there is any.

    It reads one snapshot, changes nothing, and may run beside a server.
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
            found = await operations.snapshot(
                ledgers.verify, report, bar.advance_accounts, unstated.append
            )
        return accounts, found

    accounts, found = run(read_settings(database), work, update=False)
    if json:
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
