"""``gridgift webhook``: addresses to which a store's events are posted."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Concatenate, Final, get_args

import typer
from msgspec import UNSET

from gridgift.app import check_secret
from gridgift.cli.option_structs import Commands
from gridgift.cli.options import (
    StoreOptions,
    UsageError,
    one_of,
    read_uuid,
)
from gridgift.cli.output import print_json, print_note
from gridgift.cli.session import act, find_store, look, now, operator, read_settings, run
from gridgift.cli.webhook_output import (
    host_of,
    print_count,
    print_deliveries,
    print_delivery,
    print_issued,
    print_webhook,
    print_webhooks,
)
from gridgift.domain import deliveries, webhooks
from gridgift.domain.deliveries import State, Which
from gridgift.domain.ids import new_id
from gridgift.domain.instants import parse_instant
from gridgift.domain.model import Caller
from gridgift.domain.paging import Position
from gridgift.domain.webhooks import Format, Secrets, Wanted, Webhook
from gridgift.operations import Operations
from gridgift.settings import server_secret
from gridgift.storage.database import P, T, Tx
from gridgift.webhook_views import WebhookResponse

Issued = tuple[Webhook, Secrets]  # a webhook, and what makes its secret

app = Commands(help="Addresses to which events are posted.", no_args_is_help=True)


def read_instant(text: str) -> int:
    """Read a date and time with an offset; return milliseconds."""
    instant = parse_instant(text)
    if instant is None:
        raise typer.BadParameter(f"{text!r} is not a date and time like 2027-01-31T12:00:00Z.")
    return instant


FORMATS: Final[tuple[Format, ...]] = get_args(Format)
STATES: Final[tuple[State, ...]] = get_args(State)
WHICH: Final[tuple[Which, ...]] = get_args(Which)

WebhookArgument = Annotated[
    str, typer.Argument(parser=read_uuid, metavar="ID", help="The webhook's id.")
]
DeliveryArgument = Annotated[
    str | None, typer.Argument(parser=read_uuid, metavar="[DELIVERY]", help="One delivery's id.")
]
TypesOption = Annotated[
    list[str] | None,
    typer.Option("--type", metavar="TYPE", help="Only events of this type; repeatable."),
]
FormatOption = Annotated[
    Format | None,
    typer.Option(
        "--format",
        parser=one_of(FORMATS),
        metavar="FORMAT",
        help="standard: JSON for programs, signed; discord: a line for people.",
    ),
]


@app.command("add")
def add(
    url: Annotated[str, typer.Argument(metavar="URL", help="Begins with https://.")],
    types: TypesOption = None,
    kind: FormatOption = None,
    *,
    options: StoreOptions,
) -> None:
    """Have what happens from now on posted to an address. Prints the secret that signs it."""
    wanted = Wanted(url, tuple(types or ()), kind or UNSET)
    private = read_settings(options.database).webhook_allow_private
    print_issued(
        *_issue(options, webhooks.create, new_id(), wanted, allow_private=private), options.json
    )


@app.command("list")
def list_of(options: StoreOptions) -> None:
    """List a store's webhooks, oldest first."""
    page = look(options, webhooks.list_of, Position(), webhooks.MAX_WEBHOOKS)
    print_webhooks(page.rows, options.json)


@app.command("show")
def show(webhook_id: WebhookArgument, options: StoreOptions) -> None:
    """Show a webhook. That is its whole address, its types, and since when it fails."""
    print_webhook(look(options, webhooks.read, webhook_id), options.json)


@app.command("update")
def update(
    webhook_id: WebhookArgument,
    url: Annotated[str | None, typer.Option("--url", metavar="URL", help="Another one.")] = None,
    types: TypesOption = None,
    all_types: Annotated[bool, typer.Option("--all-types", help="Events of all types.")] = False,
    kind: FormatOption = None,
    active: Annotated[
        bool | None, typer.Option("--on/--off", help="Whether anything is posted to it.")
    ] = None,
    *,
    options: StoreOptions,
) -> None:
    """Change a webhook. One that is switched on again gets what happened meanwhile."""
    if types and all_types:
        raise UsageError("Say --type or --all-types, not both.")
    wanted = Wanted(
        UNSET if url is None else url,
        tuple(types or ()) if types or all_types else UNSET,
        kind or UNSET,
        UNSET if active is None else active,
    )
    if wanted == Wanted():
        raise UsageError("Say what to change: --url, --type, --all-types, --format, --on or --off.")
    private = read_settings(options.database).webhook_allow_private
    print_webhook(
        act(options, webhooks.update, webhook_id, wanted, allow_private=private), options.json
    )


@app.command("rotate")
def rotate(webhook_id: WebhookArgument, options: StoreOptions) -> None:
    """Give a webhook another secret and print it. The one before counts for a day more."""
    print_issued(*_issue(options, webhooks.rotate, webhook_id), options.json)


@app.command("ping")
def ping(webhook_id: WebhookArgument, options: StoreOptions) -> None:
    """Have an event of the type ping posted to a webhook. A running server does it."""
    print_webhook(act(options, webhooks.ping, webhook_id), options.json)
    print_note(f"'gridgift webhook deliveries {webhook_id}' shows what came of it.")


@app.command("remove")
def remove(webhook_id: WebhookArgument, options: StoreOptions) -> None:
    """Delete a webhook: nothing more is posted to it."""
    webhook = act(options, webhooks.delete, webhook_id)
    if options.json:
        print_json(WebhookResponse.of(webhook))
    else:
        print_note(f"The webhook {webhook.id} to {host_of(webhook)} is deleted.")


@app.command("deliveries")
def list_deliveries(
    webhook_id: WebhookArgument,
    delivery_id: DeliveryArgument = None,
    state: Annotated[
        State | None,
        typer.Option(
            "--state", parser=one_of(STATES), metavar="STATE", help=f"Only {', '.join(STATES)}."
        ),
    ] = None,
    kind: Annotated[
        str | None, typer.Option("--type", metavar="TYPE", help="Only events of this type.")
    ] = None,
    most: Annotated[
        int, typer.Option("--limit", min=1, max=1000, metavar="N", help="How many to look at.")
    ] = 50,
    *,
    options: StoreOptions,
) -> None:
    """List what was posted to a webhook, newest first. Of one delivery it lists the attempts."""
    if delivery_id is not None:
        delivery, attempts = look(options, deliveries.read, webhook_id, delivery_id)
        print_delivery(delivery, attempts, options.json)
        return
    page = look(options, deliveries.list_of, webhook_id, state, kind, Position(), most)
    print_deliveries(page.rows, options.json)


@app.command("redeliver")
def redeliver(
    webhook_id: WebhookArgument,
    delivery_id: DeliveryArgument = None,
    since: Annotated[
        int | None,
        typer.Option(
            "--from",
            parser=read_instant,
            metavar="TIME",
            help="What happened then or later, like 2027-01-31T12:00:00Z.",
        ),
    ] = None,
    until: Annotated[
        int | None,
        typer.Option(
            "--to",
            parser=read_instant,
            metavar="TIME",
            help="What happened before then; else up to now.",
        ),
    ] = None,
    state: Annotated[
        Which,
        typer.Option(
            "--state",
            parser=one_of(WHICH),
            metavar="STATE",
            help="Those that failed, were dropped, were delivered, or all.",
        ),
    ] = "failed",
    *,
    options: StoreOptions,
) -> None:
    """Post a delivery again, or those of a time from --from on."""
    if delivery_id is not None and since is None and until is None:
        again = _change(options, deliveries.redeliver, webhook_id, delivery_id)
        print_deliveries([again], options.json)
    elif delivery_id is None and since is not None:
        end = now() if until is None else until
        print_count(_redeliver_all(options, webhook_id, state, since, end), options.json)
    else:
        raise UsageError("Say which: a delivery's id, or --from with a time.")


def _redeliver_all(
    options: StoreOptions, webhook_id: str, state: Which, since: int, until: int
) -> int:
    """Have deliveries of a time attempted again, some at once; return how many."""
    first, count = None, 0
    while True:
        again = _change(options, deliveries.redeliver_range, webhook_id, state, since, until, first)
        count += again.count
        if again.next is None:
            return count
        first = again.next


def _change(
    options: StoreOptions,
    operation: Callable[Concatenate[Tx, str, P], Coroutine[Any, Any, T]],
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """Run one operation on the named store, or on the only one, in a transaction."""

    async def work(operations: Operations) -> T:
        store_id = await find_store(operations, options.store)
        return await operations.write(operation, store_id, *args, **kwargs)

    return run(read_settings(options.database), work)


def _issue(
    options: StoreOptions,
    operation: Callable[Concatenate[Tx, Caller, P], Coroutine[Any, Any, Webhook]],
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> Issued:
    """Run one operation that gives a webhook a new secret, if the server's own is at hand."""
    settings = read_settings(options.database)

    async def work(operations: Operations) -> Webhook:
        caller = operator(await find_store(operations, options.store))
        await check_secret(settings, operations)
        return await operations.write(operation, caller, *args, **kwargs)

    return run(settings, work), Secrets(server_secret(settings))
