"""``gridgift operator``: the people of a store, who use the dashboard."""

from typing import Annotated

import typer
from msgspec import Struct

from gridgift.cli.option_structs import Commands
from gridgift.cli.options import (
    DatabaseOptions,
    OperatorArgument,
    StoreOptions,
    read_uuid,
)
from gridgift.cli.output import print_json, print_note
from gridgift.cli.session import (
    find_store,
    new_token,
    operator,
    read_settings,
    run,
    system_user,
    write,
)
from gridgift.cli.tables import print_table
from gridgift.domain import operators, second_factor
from gridgift.domain.actions import Who
from gridgift.domain.ids import NIL_UUID, new_id
from gridgift.domain.instants import format_instant
from gridgift.domain.operators import ROLES, Member, NewLink
from gridgift.operations import Operations
from gridgift.settings import Settings

app = Commands(help="The people of a store, who use the dashboard.", no_args_is_help=True)


class OperatorView(Struct, frozen=True, rename="camel"):
    """What ``--json`` prints of an operator at a store."""

    id: str
    name: str
    store_id: str
    role: str
    has_password: bool
    has_second_factor: bool
    added_at: str

    @classmethod
    def of(cls, store_id: str, member: Member) -> "OperatorView":
        """Show somebody of a store's team."""
        return cls(
            member.id, member.name, store_id, member.role, member.has_password,
            member.has_second_factor, format_instant(member.added_at),
        )  # fmt: skip


@app.command("add")
def add(
    name: OperatorArgument,
    role: Annotated[
        str, typer.Option("--role", metavar="ROLE", help=f"{' or '.join(ROLES)}.")
    ] = ROLES[0],
    *,
    options: StoreOptions,
) -> None:
    """Let a person work at a store, or give them another role. Prints a link that signs them in."""
    settings = read_settings(options.database)

    async def work(operations: Operations) -> tuple[str, Member, NewLink]:
        store_id = await find_store(operations, options.store)
        member = await operations.write(operators.add, operator(store_id), name, role, new_id())
        return store_id, member, await operations.write(operators.link, name, new_token())

    store_id, member, link = run(settings, work)
    if options.json:
        print_json({"operator": OperatorView.of(store_id, member), **_shape(settings, link)})
    else:
        _table([(store_id, member)])
        _print_link(settings, link)


@app.command("list")
def list_all(options: StoreOptions) -> None:
    """List who works at a store."""

    async def work(operations: Operations) -> list[tuple[str, Member]]:
        store_id = await find_store(operations, options.store)
        return [(store_id, one) for one in await operations.read(operators.team, store_id)]

    found = run(read_settings(options.database), work, update=False)
    if options.json:
        print_json([OperatorView.of(*one) for one in found])
    else:
        _table(found)


@app.command("remove")
def remove(
    name: OperatorArgument,
    store: Annotated[
        str | None,
        typer.Option(
            "--store", parser=read_uuid, metavar="ID", help="Which store; otherwise every one."
        ),
    ] = None,
    *,
    options: DatabaseOptions,
) -> None:
    """End a person's work at a store, or at all. Every session of theirs ends."""
    ended = write(options.database, operators.remove, operator(NIL_UUID), name, store)
    if options.json:
        print_json({"removedFrom": [one.store_id for one in ended]})
    else:
        stores = ", ".join(one.store_name for one in ended)
        print(f"{name} is signed out, and works no more at {stores}.")


@app.command("link")
def link(
    name: OperatorArgument,
    without_second_factor: Annotated[
        bool,
        typer.Option(
            "--without-second-factor",
            help="End the person's second factor: the app and all recovery codes are lost.",
        ),
    ] = False,
    *,
    options: DatabaseOptions,
) -> None:
    """Make a link that signs a person in, once, within 15 minutes."""
    if without_second_factor:
        who = Who(NIL_UUID, new_id(), system_user(), "", "gridgift operator link")
        caller = operator(NIL_UUID)
        made = write(options.database, second_factor.link_without, caller, who, name, new_token())
    else:
        made = write(options.database, operators.link, name, new_token())
    settings = read_settings(options.database)
    if options.json:
        print_json(_shape(settings, made))
    else:
        _print_link(settings, made)


def _shape(settings: Settings, link: NewLink) -> dict[str, str]:
    url = operators.page_address(settings.public_url, link.token)
    return {"url": url, "expiresAt": format_instant(link.expires_at)}


def _print_link(settings: Settings, link: NewLink) -> None:
    print(operators.page_address(settings.public_url, link.token))
    if not settings.public_url:
        print_note(
            "The link lacks the server's address. For a whole one, set GRIDGIFT_PUBLIC_URL to the "
            "address that operators reach, such as https://gifts.example.com."
        )


def _table(found: list[tuple[str, Member]]) -> None:
    print_table(
        ("NAME", "ROLE", "STORE", "PASSWORD", "2FA", "ADDED"),
        [
            (
                one.name,
                one.role,
                store_id,
                one.has_password,
                one.has_second_factor,
                format_instant(one.added_at),
            )
            for store_id, one in found
        ],
    )
