"""``gridgift migrate``: bring the database's schema up to this program."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

import typer

from gridgift.app import lacking, migrated
from gridgift.cli.options import DatabaseOptions
from gridgift.cli.output import print_json, print_note
from gridgift.cli.session import read_settings
from gridgift.cli.tables import print_table
from gridgift.settings import mask_url
from gridgift.storage.migrate import Migration, served_from


def migrate(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")
    ] = False,
    *,
    options: DatabaseOptions,
) -> None:
    """Bring the database up to date. Says which servers can go on serving it.

    A SQLite file that is missing is made. PostgreSQL needs this before the first start and after
    an update of Gridgift; with SQLite the server does it, and commands that change
    something do.
    """
    settings = read_settings(options.database)
    steps = asyncio.run(lacking(settings) if dry_run else migrated(settings))
    place = mask_url(settings.database_url)
    if options.json:
        names = [{"version": step.version, "name": step.name} for step in steps]
        outcome = {"toApply" if dry_run else "applied": names}
        print_json({"database": place, **outcome, "servedFrom": served_from(steps) or None})
    elif steps:
        heading = "TO APPLY" if dry_run else "APPLIED"
        print_table((heading, ""), [(f"{step.version:04d}", step.name) for step in steps])
        if steps[0].version > 1:
            print_note(_who_goes_on(steps))
    else:
        print_note(f"Nothing to do: {place} is up to date.")


def _who_goes_on(steps: Sequence[Migration]) -> str:
    """Say which servers can serve the database afterwards."""
    before, oldest = steps[0].version - 1, served_from(steps)
    if oldest > before:
        return f"Only servers that know migration {oldest:04d} can serve it: stop older ones first."
    return f"Servers that know no more than {before:04d} can serve it too: restart them in turn."
