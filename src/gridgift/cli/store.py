"""``gridgift store``: whom keys and cards belong to."""

from typing import Annotated

import typer

from gridgift.cli.options import DatabaseOption, JsonOption, read_uuid
from gridgift.cli.output import print_json, print_table
from gridgift.cli.session import now, read, write
from gridgift.cli.shapes import StoreShape
from gridgift.domain import stores
from gridgift.domain.failures import IdentifierMalformed, ValidationFailed
from gridgift.domain.ids import NIL_UUID, new_id
from gridgift.domain.model import Resident, Store
from gridgift.domain.residents import parse_username
from gridgift.domain.stores import NewStore

app = typer.Typer(help="Stores: whom keys and cards belong to.", no_args_is_help=True)


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the store is called.")],
    owner: Annotated[str, typer.Option("--owner", metavar="USERNAME", help="Who owns it.")],
    owner_uuid: Annotated[
        str,
        typer.Option(
            "--owner-uuid", parser=read_uuid, metavar="UUID", help="The owner's avatar key."
        ),
    ],
    logo: Annotated[
        str | None,
        typer.Option("--logo", parser=read_uuid, metavar="UUID", help="The logo, a texture."),
    ] = None,
    database: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Make a store."""
    new = NewStore(name, read_resident(owner, owner_uuid), logo)
    _show(write(database, stores.create, new, new_id(), now()), json)


@app.command("list")
def list_all(database: DatabaseOption = None, json: JsonOption = False) -> None:
    """List every store of this server."""
    found = read(database, stores.list_all)
    if json:
        print_json([StoreShape.of(store) for store in found])
    else:
        _table(found)


def read_resident(username: str, uuid: str) -> Resident:
    """Put a username, as people write it, and an avatar's UUID together.

    Raises ``ValidationFailed``.
    """
    try:
        name = parse_username(username)
    except IdentifierMalformed:
        raise ValidationFailed({"username": [f"{username!r} is not a username"]}) from None
    if uuid == NIL_UUID:
        raise ValidationFailed({"uuid": ["the all-zero UUID is nobody's"]})
    return Resident(uuid, name)


def _show(store: Store, json: bool) -> None:
    if json:
        print_json(StoreShape.of(store))
    else:
        _table([store])


def _table(found: list[Store]) -> None:
    print_table(
        ("ID", "NAME", "OWNER", "OWNER'S UUID"),
        [(store.id, store.name, store.owner_username, store.owner_uuid) for store in found],
    )
