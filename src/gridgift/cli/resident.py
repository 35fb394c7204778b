"""``gridgift resident``: which username belongs to which avatar."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer

from gridgift.cli.erasing import erase_resident
from gridgift.cli.importing import import_residents
from gridgift.cli.option_structs import Commands
from gridgift.cli.options import DatabaseOptions, read_uuid
from gridgift.cli.output import print_json, print_note
from gridgift.cli.session import make, read, read_settings, run, write
from gridgift.cli.tables import print_table
from gridgift.cli.views import NameView
from gridgift.domain import naming
from gridgift.domain.ids import NIL_UUID
from gridgift.domain.model import Resident
from gridgift.domain.residents import Holder, parse_identifier, read_resident
from gridgift.operations import Operations
from gridgift.views import ResidentResponse

PAGE: Final = 1_000  # rows that are read at once

app = Commands(help="Residents: usernames and avatars.", no_args_is_help=True)

ReassignOption = Annotated[
    bool,
    typer.Option("--reassign", help="Take a username from the resident who was noted wrongly."),
]
UsernameArgument = Annotated[str, typer.Argument(metavar="USERNAME", help="As people write it.")]


@app.command("add")
def add(
    username: UsernameArgument,
    uuid: Annotated[
        str, typer.Argument(parser=read_uuid, metavar="UUID", help="The avatar's key.")
    ],
    reassign: ReassignOption = False,
    *,
    options: DatabaseOptions,
) -> None:
    """Note that an avatar has this username now. Its old ones go on leading to it."""
    resident = read_resident(username, uuid)
    _print_kept(*make(options.database, naming.give, resident, reassign=reassign), options.json)


@app.command("rename")
def rename(
    identifier: Annotated[
        str, typer.Argument(metavar="IDENTIFIER", help="The present username, or the UUID.")
    ],
    username: UsernameArgument,
    reassign: ReassignOption = False,
    *,
    options: DatabaseOptions,
) -> None:
    """Note another username of a known resident. The old ones go on leading there."""
    wanted = parse_identifier(identifier)
    given = write(options.database, naming.rename, wanted, username, reassign=reassign)
    _print_kept(*given, options.json)


@app.command("show")
def show(
    identifier: Annotated[
        str, typer.Argument(metavar="IDENTIFIER", help="A username, also an old one, or the UUID.")
    ],
    options: DatabaseOptions,
) -> None:
    """Show a resident with all usernames. The newest is first, each with who noted it."""
    resident, names = read(options.database, naming.names_of, parse_identifier(identifier))
    shown = [NameView.of(name) for name in names]
    if options.json:
        print_json({**msgspec.to_builtins(ResidentResponse.of(resident)), "names": shown})
        return
    print_table(("UUID", "USERNAME"), [(resident.uuid, resident.username)])
    print()
    rows = [(each.username, each.seen_at, each.noted_by) for each in shown]
    print_table(("NAME", "SEEN", "NOTED BY STORE"), rows)


@app.command("search")
def search(
    prefix: Annotated[str, typer.Argument(metavar="PREFIX", help="What a username begins with.")],
    options: DatabaseOptions,
) -> None:
    """Find residents by the beginning of a username. One that they had counts too."""
    begins = naming.read_prefix(prefix)

    async def work(operations: Operations) -> list[Resident]:
        found: dict[str, Resident] = {}
        page, after = await operations.read(naming.search, begins, "", PAGE), ""
        while page:
            found |= {resident.uuid: resident for _, resident in page}
            after = page[-1][0]
            page = await operations.read(naming.search, begins, after, PAGE)
        return list(found.values())

    found = run(read_settings(options.database), work, update=False)
    _print(found, [ResidentResponse.of(each) for each in found] if options.json else None)


@app.command("list")
def list_all(options: DatabaseOptions) -> None:
    """List all residents whom the server knows. They are in the order of their UUIDs."""

    async def work(operations: Operations) -> list[Resident]:
        page = found = await operations.read(naming.list_all, NIL_UUID, PAGE)
        while page:
            page = await operations.read(naming.list_all, page[-1].uuid, PAGE)
            found = found + page
        return found

    found = run(read_settings(options.database), work, update=False)
    _print(found, [ResidentResponse.of(each) for each in found] if options.json else None)


@app.command("erase")
def erase(
    identifier: Annotated[
        str, typer.Argument(metavar="IDENTIFIER", help="A username, also an old one, or the UUID.")
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would go, and change nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask whether to go on.")] = False,
    *,
    options: DatabaseOptions,
) -> None:
    """Erase all names of a resident for good, and end their links.

    Cards, store credit and the ledger stay under the avatar's UUID, which stands in the names'
    place. Texts that stores wrote into the ledger stay too, and are listed.
    """
    erase_resident(options.database, identifier, dry_run=dry_run, yes=yes, json=options.json)


def _print_kept(kept: Resident, before: Holder | None, json: bool) -> None:
    """Print a resident who got a username, which may have been another's."""
    _print([kept], kept if json else None)
    if before is not None and before.uuid != kept.uuid:
        print_note(f"{kept.username} led to {before.uuid} until now.")


def _print(found: Sequence[Resident], json: object | None) -> None:
    """Print residents as a table, or what ``--json`` asks for."""
    if json is not None:
        print_json(json)
    else:
        print_table(("UUID", "USERNAME"), [(each.uuid, each.username) for each in found])


@app.command("import")
def import_file(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE.csv", exists=True, dir_okay=False, readable=True, help="CSV in UTF-8."
        ),
    ],
    reassign: ReassignOption = False,
    *,
    options: DatabaseOptions,
) -> None:
    """Add the residents of a CSV file.

    The file is as a spreadsheet saves it; its first line names the columns.
    One is username (or name, customer), as people write it: "First Last" or first.last. One is uuid
    (or key), the avatar's key. They may come in any order and case; other columns are left alone.
    A file that fits: username,uuid in the first line, and in the second
    kelly.moonwall,c7d8e9f0-1a2b-4c3d-9e4f-5a6b7c8d9e0f.

    Rows that are refused are reported and do not keep the others out; then the exit code is 1.
    """
    import_residents(read_settings(options.database), file, reassign=reassign, json=options.json)
