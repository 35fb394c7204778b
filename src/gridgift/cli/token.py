"""``gridgift token``: links that open a resident's own page."""

from typing import Any

import msgspec

from gridgift.app import check_secret, token_signer
from gridgift.cli.option_structs import Commands
from gridgift.cli.options import (
    CustomerArgument,
    StoreOptions,
)
from gridgift.cli.output import print_json, print_note
from gridgift.cli.session import find_store, new_credential, operator, read_settings, run
from gridgift.domain import stores, texts, tokens
from gridgift.domain.instants import HOUR, format_instant
from gridgift.domain.model import Store
from gridgift.domain.residents import Identifier, parse_identifier
from gridgift.domain.tokens import MintedToken, page_address
from gridgift.operations import Operations
from gridgift.settings import Settings

app = Commands(help="Links that open a resident's own page.", no_args_is_help=True)


@app.command("mint")
def mint(customer: CustomerArgument, options: StoreOptions) -> None:
    """Make a link to a resident's page. Whoever has it may use the resident's cards."""
    identifier = parse_identifier(customer)
    settings = read_settings(options.database)

    async def work(operations: Operations) -> tuple[MintedToken, Store]:
        store_id = await find_store(operations, options.store)
        minted = await mint_token(operations, settings, store_id, identifier)
        return minted, await operations.read(stores.read, store_id)

    minted, owner = run(settings, work)
    url = page_address(owner, settings.public_url, minted.token)
    if options.json:
        shape: dict[str, Any] = {
            "token": minted.token,
            "url": url,
            "expiresAt": format_instant(minted.stored.expires_at),
        }
        print_json(msgspec.to_builtins(shape))
    else:
        print(url)
    if not (owner.customer_origin or settings.public_url):
        print_note(
            "The link lacks the server's address. For a whole one, set GRIDGIFT_PUBLIC_URL to the "
            "address that residents reach, such as https://gifts.example.com."
        )


@app.command("revoke")
def revoke(customer: CustomerArgument, options: StoreOptions) -> None:
    """End every link of a resident at a store."""
    identifier = parse_identifier(customer)

    async def work(operations: Operations) -> int:
        return await operations.write(
            tokens.revoke_of, await find_store(operations, options.store), identifier
        )

    ended = run(read_settings(options.database), work)
    if options.json:
        print_json({"revoked": ended})
    else:
        print(f"{texts.counted(ended, 'link')} ended.")


async def mint_token(
    operations: Operations, settings: Settings, store_id: str, customer: Identifier
) -> MintedToken:
    """Make a token for a resident, good as long as the settings have it."""
    await check_secret(settings, operations)
    return await operations.write(
        tokens.mint,
        operator(store_id),
        token_signer(settings),
        customer,
        settings.token_hours * HOUR,
        new_credential(),
    )
