"""``gridgift secret``: the server's secret, with which keys and links are signed."""

from typing import Annotated

import typer

from gridgift.cli.option_structs import Commands
from gridgift.cli.options import DatabaseOptions, UsageError
from gridgift.cli.output import print_json, print_note
from gridgift.cli.session import read_settings, run
from gridgift.domain import secrets, texts
from gridgift.domain.secrets import Ended
from gridgift.operations import Operations
from gridgift.settings import Settings, new_secret, secret_name

app = Commands(help="The server's secret, which signs keys and links.", no_args_is_help=True)


@app.callback()
def only() -> None:
    """Keep the command's name though it is the only one."""


@app.command("replace")
def replace(
    yes: Annotated[bool, typer.Option("--yes", help="End all keys and links.")] = False,
    *,
    options: DatabaseOptions,
) -> None:
    """Begin anew with another secret. For when the old one is lost or has leaked.

    Every API key and every resident's link ends, units must be paired anew, webhooks sign with
    other secrets, and second factors take recovery codes only. A secret in a file is made; where
    GRIDGIFT_SECRET is set, set another one first. Stop the servers before, and start them
    afterwards.
    """
    if not yes:
        raise UsageError("Every API key and every resident's link will end: say --yes.")
    settings = read_settings(options.database)
    ended = run(settings, lambda operations: _replace(settings, operations))
    if options.json:
        print_json(ended)
    print_note(f"{secret_name(settings)} has the secret that counts from now on.")
    gone = f"{texts.counted(ended.keys, 'key')} and {texts.counted(ended.tokens, 'link')}"
    print_note(f"{gone} ended: make new ones.")
    if ended.units:
        print_note(f"{texts.counted(ended.units, 'unit')} must be paired anew.")
    if ended.webhooks:
        signs = texts.counted(ended.webhooks, "webhook signs", "webhooks sign")
        print_note(f"{signs} with another secret: 'gridgift webhook rotate' prints it.")
    if ended.operators:
        has = texts.counted(ended.operators, "operator has", "operators have")
        print_note(
            f"{has} a second factor whose app shows codes that don't count any more: a recovery "
            "code does, or 'gridgift operator link NAME --without-second-factor'."
        )


async def _replace(settings: Settings, operations: Operations) -> Ended:
    known = await operations.read(secrets.known)
    if settings.secret and known.fingerprint == secrets.fingerprint(settings.secret.encode()):
        raise UsageError("GRIDGIFT_SECRET is the secret that is to be replaced: set another one.")
    with new_secret(settings) as secret:
        return await operations.write(secrets.replace, secrets.fingerprint(secret))
