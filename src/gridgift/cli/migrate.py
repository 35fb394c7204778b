"""``gridgift migrate``: bring the database's schema up to this program."""

import asyncio

from gridgift.app import migrated
from gridgift.cli.options import DatabaseOption, JsonOption
from gridgift.cli.output import print_json, print_note
from gridgift.cli.session import read_settings
from gridgift.cli.tables import print_table
from gridgift.settings import mask_url


def migrate(database: DatabaseOption = None, json: JsonOption = False) -> None:
    """Bring the database up to date.

    A SQLite file that is missing is made. PostgreSQL needs this before the first start and after
    an update of Gridgift; with SQLite every command does it.
    """
    settings = read_settings(database)
    applied = asyncio.run(migrated(settings))
    place = mask_url(settings.database_url)
    if json:
        names = [{"version": step.version, "name": step.name} for step in applied]
        print_json({"database": place, "applied": names})
    elif applied:
        print_table(("APPLIED", ""), [(f"{step.version:04d}", step.name) for step in applied])
    else:
        print_note(f"Nothing to do: {place} is up to date.")
