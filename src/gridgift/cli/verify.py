"""``gridgift verify``: re-compute every balance from the ledger."""

from collections import Counter
from collections.abc import Mapping
from typing import Annotated

import typer

from gridgift.cli.exit_codes import ExitCode
from gridgift.cli.options import DatabaseOption, JsonOption
from gridgift.cli.output import print_json, print_note
from gridgift.cli.phases import PhaseBar
from gridgift.cli.session import operator, read_settings, run
from gridgift.cli.tables import print_table
from gridgift.cli.views import FaultView
from gridgift.domain import stores, texts
from gridgift.domain import verify as ledgers
from gridgift.domain.verify import Fault, Unstated
from gridgift.operations import Operations
from gridgift.storage.database import DatabaseRefused, DatabaseUnavailable

NoEventOption = Annotated[
    bool, typer.Option("--no-event", help="Write nothing, not even an event about faults.")
]
SHOWN = 1_000  # faults that are printed; all are counted


def ignore(fault: Fault) -> None:
    """Do nothing, in other commands: they print the number of faults, and this one lists them."""


def verify(
    no_event: NoEventOption = False, database: DatabaseOption = None, json: JsonOption = False
) -> None:
    """Compute the whole ledger again. Lists each fault, and exits with 1 if there is any.

    It reads one snapshot and may run beside a server. It changes nothing, but for an event
    verify.failed of each store with faults.
    """
    faults: list[Fault] = []
    unstated: list[Unstated] = []
    of_stores = Counter[str]()

    def report(fault: Fault) -> None:
        of_stores[fault.store_id] += 1
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
        if not no_event:
            await _note(operations, of_stores)
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


async def _note(operations: Operations, faults: Mapping[str, int]) -> None:
    """Note an event of each store with faults; a database that can't be written stays as it is."""
    try:
        for store in await operations.read(stores.list_all) if faults else ():
            if store.id in faults:
                caller = operator(store.id)
                await operations.write(ledgers.note_failed, caller, faults[store.id])
    except (DatabaseRefused, DatabaseUnavailable) as error:
        print_note(f"No event tells of it, for the database can't be written: {error}.")
