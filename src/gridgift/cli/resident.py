"""``gridgift resident``: which username belongs to which avatar."""

from pathlib import Path
from typing import Annotated

import typer

from gridgift.cli.importing import import_residents
from gridgift.cli.options import DatabaseOption, JsonOption, read_uuid
from gridgift.cli.output import print_json
from gridgift.cli.session import make, read_settings
from gridgift.cli.store import read_resident
from gridgift.cli.tables import print_table
from gridgift.domain import residents

app = typer.Typer(help="Residents: usernames and avatars.", no_args_is_help=True)

ReassignOption = Annotated[
    bool,
    typer.Option("--reassign", help="Take a username from the resident who was noted wrongly."),
]


@app.command("add")
def add(
    username: Annotated[str, typer.Argument(metavar="USERNAME", help="As people write it.")],
    uuid: Annotated[
        str, typer.Argument(parser=read_uuid, metavar="UUID", help="The avatar's key.")
    ],
    reassign: ReassignOption = False,
    database: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Note that this avatar has this username now; its old ones go on leading to it."""
    resident = read_resident(username, uuid)
    kept = make(database, residents.remember, resident, reassign=reassign)
    if json:
        print_json(kept)
    else:
        print_table(("UUID", "USERNAME"), [(kept.uuid, kept.username)])


@app.command("import")
def import_file(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE.csv", exists=True, dir_okay=False, readable=True, help="CSV in UTF-8."
        ),
    ],
    reassign: ReassignOption = False,
    database: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Add the residents of a CSV file, as a spreadsheet saves it; its first line names the columns.

    One is username (or name, customer), as people write it: "First Last" or first.last. One is uuid
    (or key), the avatar's key. They may come in any order and case; other columns are left alone.
    A file that fits: username,uuid in the first line, and in the second
    kelly.moonwall,c7d8e9f0-1a2b-4c3d-9e4f-5a6b7c8d9e0f.

    Rows that are refused are reported and do not keep the others out; then the exit code is 1.
    """
    import_residents(read_settings(database), file, reassign=reassign, json=json)
