"""``gridgift demo``: a store to try things on, with commands that can be pasted."""

import os
import shlex
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from gridgift.app import check_secret, signer
from gridgift.cli.listen import Listener, find_listener
from gridgift.cli.options import DatabaseOptions, HostOption, PortOption
from gridgift.cli.output import print_json
from gridgift.cli.sample import Demo, prepare
from gridgift.cli.serve import leave_on_signals, serve_on
from gridgift.cli.session import DATABASE_URL, new_token, operator, read_settings, run
from gridgift.cli.token import mint_token
from gridgift.cli.verify import verify_all
from gridgift.domain import operators, search
from gridgift.domain.card_filters import NO_FILTERS
from gridgift.domain.ids import new_id
from gridgift.domain.model import Store
from gridgift.domain.residents import Identifier
from gridgift.domain.tokens import page_address
from gridgift.operations import Operations
from gridgift.settings import Settings, mask_url
from gridgift.views import StoreGiftCard

DEMO_URL = "sqlite:///gridgift-demo.db"


def demo(
    host: HostOption = "127.0.0.1",
    port: PortOption = 8080,
    no_serve: Annotated[
        bool, typer.Option("--no-serve", help="Prepare and print, but do not serve.")
    ] = False,
    *,
    options: DatabaseOptions,
) -> None:
    """Serve a store to try things on.

    It has residents, cards, a key and all that the documentation's examples name; commands to
    paste are printed, and a link to a resident's page. Run again, it finds what it made. Without
    --database or GRIDGIFT_DATABASE_URL it is all in gridgift-demo.db, with the key in
    gridgift-demo.db.key.
    """
    leave_on_signals()
    settings = read_settings(options.database or (None if DATABASE_URL in os.environ else DEMO_URL))
    listener = Listener(host, port) if no_serve else find_listener(host, port)

    async def work(operations: Operations) -> tuple[Demo, int, str, str]:
        await check_secret(settings, operations)
        made = await prepare(operations, signer(settings), settings)
        await verify_all(operations)
        kelly = Identifier(uuid=made.residents[0].uuid)
        minted = await mint_token(operations, settings, made.store.id, kelly)
        base = settings.public_url or listener.url
        sign_in = await owner_link(operations, made.store, base)
        counted = await operations.read(search.count, made.store.id, NO_FILTERS, exact=True)
        return made, counted.value, page_address(made.store, base, minted.token), sign_in

    made, count, link, sign_in = run(settings, work, create=True)
    if options.json:
        print_json(_as_json(made, settings, listener.url, link, sign_in))
    else:
        print(guide(made, count, settings, listener.url, link, sign_in), flush=True)
    if not no_serve:
        serve_on(listener, settings, workers=1, json=False)


async def owner_link(operations: Operations, store: Store, base: str) -> str:
    """Return a link that signs the store's owner in to the dashboard, once."""
    name = store.owner_username
    await operations.write(operators.add, operator(store.id), name, "owner", new_id())
    link = await operations.write(operators.link, name, new_token())
    return operators.page_address(base, link.token)


def guide(made: Demo, count: int, settings: Settings, url: str, link: str, sign_in: str) -> str:
    """Write the commands, each on one line, in a text that bash takes as it stands.

    ``count`` is how many gift cards the store has.
    """
    curl = f"curl -w '\\n' -H 'X-API-Key: {made.key}'"
    send = "-H 'Content-Type: application/json' -d"
    terms = """'{"credit": 500, "transfer": true}'"""
    fields = """'{"credit": 750, "transfer": true, "active": true}'"""
    read, update, disable = (card.id for card in made.examples)
    someone = made.residents[0].username
    steps = (
        ("Who am I? The store that the key belongs to", f"{curl} {url}/v1/store"),
        ("A resident's gift cards", f"{curl} {url}/v1/customers/{someone}/giftcards"),
        ("One card", f"{curl} {url}/v1/giftcards/{read}"),
        (
            "Grant a card of L$500",
            f"{curl} {send} {terms} {url}/v1/customers/{someone}/actions/grant-gift-card",
        ),
        (
            "Replace a card's fields",
            f"{curl} -X PUT {send} {fields} {url}/v1/giftcards/{update}",
        ),
        ("Disable a card", f"{curl} -X POST {url}/v1/giftcards/{disable}/actions/disable"),
    )
    commands = "\n\n".join(f"# {title}\n{command}" for title, command in steps)
    names = ", ".join(resident.username for resident in made.residents)
    return (
        f"# {made.store.name} is ready: {count} gift cards, {len(made.cards)} of them those of "
        f"{names}.\n"
        f"# The dashboard is at {settings.public_url or url}/dashboard. "
        f"This link signs you in, once, "
        f"within 15 minutes:\n# {sign_in}\n\n"
        f"# API key: {made.key}\n"
        f"# The page of {someone}: {link}\n\n{commands}\n\n"
        f"# The same cards on the command line\n{_command_line(settings, someone)}\n\n"
        f"# Everything else: {url}/docs\n"
    )


def _command_line(settings: Settings, resident: str) -> str:
    """Write a command on the demo's database; whoever has it on PostgreSQL has said where it is."""
    path = Path(sys.argv[0])
    program = [str(path)] if path.name == "gridgift" else [sys.executable, "-m", "gridgift"]
    command = shlex.join([*program, "card", "list", resident])
    if settings.sqlite_path is None:
        return command
    return f"export {DATABASE_URL}={shlex.quote(settings.database_url)}\n{command}"


def _as_json(made: Demo, settings: Settings, url: str, link: str, sign_in: str) -> dict[str, Any]:
    return {
        "database": mask_url(settings.database_url),
        "store": made.store.id,
        "key": made.key,
        "url": url,
        "link": link,
        "dashboard": f"{settings.public_url or url}/dashboard",
        "signIn": sign_in,
        "residents": made.residents,
        "cards": [StoreGiftCard.of_store(card, held) for card, held in made.cards],
    }
