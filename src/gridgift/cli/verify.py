"""``gridgift verify``: re-compute every balance from the ledger."""

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from gridgift.cli.options import DatabaseOption, JsonOption
from gridgift.cli.output import print_json, print_note
from gridgift.cli.session import read_settings, run
from gridgift.cli.tables import print_table
from gridgift.cli.views import FaultView
from gridgift.domain import verify as ledgers
from gridgift.domain.verify import Fault
from gridgift.operations import Operations

SHOWN = 1_000  # faults that are printed; all are counted


def verify(database: DatabaseOption = None, json: JsonOption = False) -> None:
    """Re-sum and re-hash the whole ledger; list each fault, and exit with 1 if there is any.

    It reads one snapshot, changes nothing, and may run beside a server.
    """
    faults: list[Fault] = []

    def report(fault: Fault) -> None:
        if len(faults) < SHOWN:
            faults.append(fault)

    async def work(operations: Operations) -> tuple[int, int]:
        counts = await operations.read(ledgers.count)
        accounts = counts.cards + counts.customers
        with _bar() as bar:
            task = bar.add_task("verifying", total=accounts)
            found = await operations.snapshot(
                ledgers.verify, report, lambda seen: bar.advance(task, seen)
            )
        return accounts, found

    accounts, found = run(read_settings(database), work)
    if json:
        views = [FaultView.of(fault) for fault in faults]
        print_json({"accounts": accounts, "faults": found, "first": views})
    elif faults:
        print_table(
            ("STORE", "ACCOUNT", "ID", "FAULT"),
            [
                (fault.store_id, fault.account_kind, fault.account_id, fault.what)
                for fault in faults
            ],
        )
    if found:
        print_note(f"{found} faults in {accounts} accounts.")
        raise typer.Exit(1)
    print_note(f"{accounts} accounts add up.")


def _bar() -> Progress:
    return Progress(
        "{task.description}",
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
