"""``gridgift store``: whom keys and cards belong to."""

from collections.abc import Callable, Iterable
from typing import Annotated, TypeVar

import typer
from msgspec import UNSET, UnsetType

from gridgift.cli.option_structs import Commands
from gridgift.cli.options import (
    DatabaseOptions,
    TimeZoneOption,
    UsageError,
    read_days,
    read_texture,
    read_uuid,
)
from gridgift.cli.output import print_json
from gridgift.cli.session import make, read, read_settings, read_store, run, write
from gridgift.cli.tables import print_facts, print_table
from gridgift.cli.views import StoreView
from gridgift.domain import stores, texts
from gridgift.domain.days import SECOND_LIFE
from gridgift.domain.ids import new_id
from gridgift.domain.model import Store
from gridgift.domain.residents import read_resident
from gridgift.domain.stores import NewStore, StoreChanges
from gridgift.operations import Operations

T = TypeVar("T")

app = Commands(help="Stores: whom keys and cards belong to.", no_args_is_help=True)


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
        typer.Option("--logo", parser=read_texture, metavar="UUID", help="The logo, a texture."),
    ] = None,
    time_zone: TimeZoneOption = None,
    *,
    options: DatabaseOptions,
) -> None:
    """Make a store."""
    zone = SECOND_LIFE if time_zone is None else time_zone
    new = NewStore(name, read_resident(owner, owner_uuid), logo, time_zone=zone)
    _show(make(options.database, stores.create, new, new_id()), options.json)


@app.command("update")
def update(
    store_id: Annotated[str, typer.Argument(parser=read_uuid, metavar="ID", help="Its id.")],
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="What it is called.")
    ] = None,
    logo: Annotated[
        str | None, typer.Option("--logo", metavar="UUID", help="A texture; 'none' for no logo.")
    ] = None,
    location_slurl: Annotated[
        str | None,
        typer.Option(
            "--location-slurl",
            metavar="SLURL",
            help="Where the store is on Second Life's map; 'none' for no place.",
        ),
    ] = None,
    contact: Annotated[
        str | None,
        typer.Option(
            "--contact",
            metavar="TEXT",
            help="Whom residents ask, as their page says it; 'none' to name nobody.",
        ),
    ] = None,
    card_lifetime: Annotated[
        str | None,
        typer.Option(
            "--card-lifetime",
            metavar="DAYS",
            help="How long a card granted without a date is good for; 'none': for ever.",
        ),
    ] = None,
    customer_origin: Annotated[
        str | None,
        typer.Option(
            "--customer-origin",
            metavar="ORIGIN",
            help="Where the store deployed its customers' page; 'none': the one served here.",
        ),
    ] = None,
    time_zone: TimeZoneOption = None,
    announce: Annotated[
        str | None,
        typer.Option(
            "--announce",
            metavar="no|yes|link",
            help="Whether residents are told of new cards in Second Life, and with their link.",
        ),
    ] = None,
    *,
    options: DatabaseOptions,
) -> None:
    """Change what a store is called and how its cards behave."""
    changes = StoreChanges(
        name=UNSET if name is None else name,
        logo=_optional("--logo", logo, read_texture),
        location_slurl=_text(location_slurl),
        contact=_text(contact),
        card_lifetime=_optional("--card-lifetime", card_lifetime, read_days),
        customer_origin=_optional("--customer-origin", customer_origin, str),
        time_zone=UNSET if time_zone is None else time_zone,
        announce=UNSET if announce is None else announce,
    )
    if changes == StoreChanges():
        raise UsageError("Say what to change, such as --name, --contact or --card-lifetime.")
    _show(write(options.database, stores.update, store_id, changes), options.json)


@app.command("show")
def show(
    store_id: Annotated[
        str | None,
        typer.Argument(
            parser=read_uuid, metavar="[ID]", help="Its id; not needed when there is only one."
        ),
    ] = None,
    *,
    options: DatabaseOptions,
) -> None:
    """Show a store with all of its settings."""

    async def work(operations: Operations) -> Store:
        return await read_store(operations, store_id)

    view = StoreView.of(run(read_settings(options.database), work, update=False))
    if options.json:
        print_json(view)
    else:
        print_facts(_facts(view))


@app.command("list")
def list_all(options: DatabaseOptions) -> None:
    """List every store of this server."""
    found = read(options.database, stores.list_all)
    if options.json:
        print_json([StoreView.of(store) for store in found])
    else:
        _table(found)


def _optional(
    option: str, text: str | None, read: Callable[[str], T | None]
) -> T | UnsetType | None:
    """Return an option's value: UNSET if it was left out, None for 'none'."""
    if text is None:
        return UNSET
    try:
        return None if text == "none" else read(text)
    except typer.BadParameter as error:
        raise typer.BadParameter(error.message, param_hint=f"'{option}'") from None


def _text(text: str | None) -> str | UnsetType:
    """Return an option's text: UNSET if it was left out, an empty one for 'none'."""
    if text is None:
        return UNSET
    return "" if text == "none" else text


def _show(store: Store, json: bool) -> None:
    if json:
        print_json(StoreView.of(store))
    else:
        _table([store])


def _facts(store: StoreView) -> Iterable[tuple[str, object]]:
    yield "ID", store.id
    yield "NAME", store.name
    yield "OWNER", store.owner_username
    yield "OWNER'S UUID", store.owner_uuid
    yield "LOGO", store.logo
    yield "ON THE MAP", store.location_slurl
    yield "CONTACT", store.contact
    yield "CARDS LAST", _lifetime(store.card_lifetime)
    yield "CUSTOMER PAGE", store.customer_origin
    yield "TIME ZONE", store.time_zone
    yield "ANNOUNCED", store.announce
    yield "CREATED", store.created_at


def _lifetime(days: int | None) -> str:
    return "for ever" if days is None else texts.counted(days, "day")


def _table(found: list[Store]) -> None:
    print_table(
        (
            "ID",
            "NAME",
            "OWNER",
            "OWNER'S UUID",
            "CARDS LAST",
            "CUSTOMER PAGE",
            "TIME ZONE",
            "ANNOUNCED",
        ),
        [
            (
                store.id,
                store.name,
                store.owner_username,
                store.owner_uuid,
                _lifetime(store.card_lifetime),
                store.customer_origin,
                store.time_zone,
                store.announce,
            )
            for store in found
        ],
    )
