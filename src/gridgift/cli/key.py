"""``gridgift key``: API keys of a store."""

from typing import Annotated

import typer

from gridgift.app import check_secret, signer
from gridgift.cli.option_structs import Commands
from gridgift.cli.options import (
    ExpiresOption,
    ScopeOption,
    StoreOptions,
    UsageError,
    read_duration,
    read_scopes,
    read_uuid,
)
from gridgift.cli.output import print_json, print_note, printable
from gridgift.cli.session import (
    act,
    find_store,
    look,
    new_credential,
    now,
    operator,
    read_settings,
    read_store,
    run,
)
from gridgift.cli.tables import print_table
from gridgift.cli.views import KeyView, issued
from gridgift.domain import keys
from gridgift.domain.keys import IssuedKey
from gridgift.domain.model import Key
from gridgift.fields import written
from gridgift.operations import Operations

app = Commands(help="API keys of a store.", no_args_is_help=True)

KeyArgument = Annotated[str, typer.Argument(parser=read_uuid, metavar="ID", help="The key's id.")]
NameOption = Annotated[str, typer.Option("--name", metavar="NAME", help="What it is for.")]


@app.command("create")
def create(
    name: NameOption,
    scope: ScopeOption = None,
    expires: ExpiresOption = None,
    *,
    options: StoreOptions,
) -> None:
    """Make a key and print it, this once."""
    settings = read_settings(options.database)
    scopes = read_scopes(scope or [])

    async def work(operations: Operations) -> IssuedKey:
        owner = await read_store(operations, options.store)
        await check_secret(settings, operations)
        expires_at = None if expires is None else expires.at(owner.time_zone)
        return await operations.write(
            keys.create,
            operator(owner.id),
            signer(settings),
            name,
            scopes,
            new_credential(),
            expires_at=expires_at,
        )

    _show_new(run(settings, work), options.json)


@app.command("list")
def list_of(options: StoreOptions) -> None:
    """List a store's keys; of each only its preview is known."""
    found = look(options, keys.list_of)
    if options.json:
        print_json([KeyView.of(key) for key in found])
    else:
        _table(found)


@app.command("update")
def update(
    key_id: KeyArgument,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="Another name.")
    ] = None,
    scope: ScopeOption = None,
    *,
    options: StoreOptions,
) -> None:
    """Give a key another name, or other scopes. They take the place of the ones it has."""
    if name is None and not scope:
        raise UsageError("Say what to change: --name, --scope, or both.")
    scopes = read_scopes(scope) if scope else None

    async def work(operations: Operations) -> Key:
        return await operations.write(
            keys.update, operator(await find_store(operations, options.store)), key_id, name, scopes
        )

    _show(run(read_settings(options.database), work), options.json)


@app.command("rotate")
def rotate(
    key_id: KeyArgument,
    overlap: Annotated[
        int,
        typer.Option(
            "--overlap",
            parser=read_duration,
            metavar="TIME",
            help="How long the old key still works: 0, 90m, 24h, 7d.",
        ),
    ] = "24h",  # type: ignore[assignment]  # the parser reads it
    *,
    options: StoreOptions,
) -> None:
    """Replace a key by a new one with the same scopes. The old one works for the overlap."""
    settings = read_settings(options.database)

    async def work(operations: Operations) -> tuple[IssuedKey, Key]:
        store_id = await find_store(operations, options.store)
        await check_secret(settings, operations)
        new = await operations.write(
            keys.rotate, operator(store_id), signer(settings), key_id, overlap, new_credential()
        )
        return new, await operations.read(keys.read, store_id, key_id)

    new, old = run(settings, work)
    if options.json:
        print_json({**issued(new), "replaces": KeyView.of(old)})
        return
    _show_new(new, options.json)
    print_note(f"The old key {old.preview} works until {written(old.expires_at)}.")


@app.command("revoke")
def revoke(key_id: KeyArgument, options: StoreOptions) -> None:
    """End a key for good; servers notice within 5 seconds."""
    _show(act(options, keys.revoke, key_id), options.json)


def _show(key: Key, json: bool) -> None:
    if json:
        print_json(KeyView.of(key))
    else:
        _table([key])


def _show_new(new: IssuedKey, json: bool) -> None:
    """Print the key alone on standard output, so that ``KEY=$(gridgift key create …)`` works."""
    if json:
        print_json(issued(new))
        return
    print(new.key, flush=True)
    key = new.stored
    print_note(f"Key {key.name!r} ({key.id}) may: {', '.join(sorted(key.scopes))}.")
    print_note("Keep it: it is not shown again.")


def _table(found: list[Key]) -> None:
    print_table(
        ("ID", "NAME", "KEY", "SCOPES", "STATE", "LAST USED"),
        [
            (
                key.id,
                key.name,
                key.preview,
                " ".join(sorted(key.scopes)),
                _state(key, now()),
                written(key.last_used_at) or "never",
            )
            for key in found
        ],
    )


def _state(key: Key, at: int) -> str:
    if key.revoked_at is not None:
        return f"revoked {written(key.revoked_at)}"
    if key.expires_at is None:
        return "valid"
    verb = "expired" if key.expires_at <= at else "valid until"
    return f"{verb} {printable(written(key.expires_at))}"
