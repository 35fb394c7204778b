"""``gridgift attest``: state in the ledger what earlier versions left out of lots and holds."""

import typer

from gridgift.cli.exit_codes import ExitCode
from gridgift.cli.options import DatabaseOptions
from gridgift.cli.output import print_json, print_note
from gridgift.cli.phases import PhaseBar
from gridgift.cli.session import operator, read_settings, run
from gridgift.domain import attest as attesting
from gridgift.domain import texts
from gridgift.domain import verify as ledgers
from gridgift.domain.attest import Found
from gridgift.operations import Operations


def attest(options: DatabaseOptions) -> None:
    """Write down what entries of earlier versions leave out. That is the terms of lots and holds.

    Do it once, after the update of all servers; from then on 'gridgift verify' finds any change of
    them. An account with faults is left alone: then the exit code is 1.
    """

    async def work(operations: Operations) -> Found:
        counts = await operations.read(ledgers.count)
        bar = PhaseBar()
        with bar.shown:
            bar.begin("verifying", counts.cards + counts.customers)
            found = await operations.snapshot(attesting.find, bar.advance_accounts)
        for each in found.sound:
            await operations.write(attesting.attest, operator(each.store_id), each)
        return found

    found = run(read_settings(options.database), work)
    if options.json:
        print_json({"attested": len(found.sound), "faulty": len(found.faulty)})
    else:
        print_note(f"{texts.counted(len(found.sound), 'account')} attested.")
    if found.faulty:
        left = texts.counted(len(found.faulty), "has faults and was", "have faults and were")
        print_note(f"{left} left alone: see 'gridgift verify'.")
        raise typer.Exit(ExitCode.REFUSED)
