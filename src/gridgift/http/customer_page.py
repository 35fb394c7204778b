"""What the resident's own page calls, ``/v1/customer/*`` (contract section 8)."""

import secrets
from functools import partial
from typing import Final

from gridgift.domain import credit, lists, redemption, stores, tokens, transfers
from gridgift.domain.credit import Credit
from gridgift.domain.idempotency import Answer
from gridgift.domain.ids import new_id
from gridgift.domain.instants import HOUR, format_instant
from gridgift.domain.keys import RANDOM_BYTES, NewCredential
from gridgift.domain.lists import ListAsk
from gridgift.domain.model import OwnedCard, Store
from gridgift.domain.paging import Page, Position, page_of
from gridgift.domain.residents import parse_identifier
from gridgift.domain.tokens import MintedToken
from gridgift.http.call import Call
from gridgift.http.customer_schemas import (
    AccountsResponse,
    ContextResponse,
    CustomerGiftCardResponse,
    CustomerListQuery,
    CustomerTransferRequest,
    MintTokenRequest,
    MintTokenResponse,
    ProfileResponse,
    UnreadCount,
    UnreadResponse,
)
from gridgift.http.reply import NO_STORE, Reply, encode_json

TRUE: Final = Answer(200, b"true")


async def mint_customer_token(call: Call) -> Reply:
    """Make a link that opens a resident's own page."""
    body: MintTokenRequest = call.body
    services = call.services
    store = await call.read(stores.read, call.store_id)

    def answer(minted: MintedToken) -> Answer:
        url = tokens.page_address(store, services.settings.public_url, minted.token)
        expires_at = format_instant(minted.stored.expires_at)
        return Answer(200, encode_json(MintTokenResponse(minted.token, url, expires_at)))

    return await call.write_afresh(
        tokens.mint,
        answer,
        call.caller,
        services.tokens.signer,
        parse_identifier(body.customer_identifier),
        services.settings.token_hours * HOUR,
        NewCredential(new_id(), secrets.token_bytes(RANDOM_BYTES)),
    )


async def get_profile(call: Call) -> Reply:
    """Tell whom the page is for."""
    resident = call.resident
    return Reply.json(ProfileResponse(resident.uuid, resident.username, None))


async def get_context(call: Call) -> Reply:
    """Tell which store the page is of."""
    store: Store = await call.read(stores.read, call.store_id)
    return Reply.json(ContextResponse.of(store))


async def get_account(call: Call) -> Reply:
    """Read the resident's store credit."""
    found: Credit = await call.read(credit.read, call.store_id, call.resident)
    return Reply.json(AccountsResponse.of(call.store_id, found))


async def list_own_gift_cards(call: Call) -> Reply:
    """List the resident's cards but those that expired unredeemed."""
    query: CustomerListQuery = call.query
    if query.store_id is not None and query.store_id.lower() != call.store_id:
        return await list_nothing(call)
    listing = f"own giftcards {call.store_id} {call.resident.uuid}"
    position = call.services.cursors.read(listing, query.cursor)
    owner, page = await call.read(
        lists.list_shown,
        call.store_id,
        ListAsk(call.resident.uuid, position, query.limit),
        call.now,
    )
    show = partial(CustomerGiftCardResponse.own, call.store_id, owner)
    return call.list_reply(listing, page.map(show), query.limit)


async def redeem_own_gift_card(call: Call) -> Reply:
    """Turn a card into store credit."""
    return await call.write(
        redemption.redeem,
        lambda change: TRUE,
        call.caller,
        call.resident,
        call.card_id(),
        new_id(),
    )


async def transfer_own_gift_card(call: Call) -> Reply:
    """Pass a card on."""
    body: CustomerTransferRequest = call.body
    return await call.write(
        transfers.transfer,
        lambda change: TRUE,
        call.caller,
        call.resident,
        call.card_id(),
        parse_identifier(body.receiver_identifier),
    )


async def list_nothing(call: Call) -> Reply:
    """Answer for the lists that gift cards have nothing to do with."""
    query: CustomerListQuery = call.query
    call.services.cursors.read("nothing", query.cursor)
    empty: Page[OwnedCard] = page_of([], Position(), query.limit)
    return call.list_reply("nothing", empty, query.limit)


async def list_transactions(call: Call) -> Reply:
    """List in-world transactions: none are kept here."""
    return await list_nothing(call)


async def list_redeliverable_products(call: Call) -> Reply:
    """List products to redeliver: none are kept here."""
    return await list_nothing(call)


async def list_news(call: Call) -> Reply:
    """List news: there are none."""
    return await list_nothing(call)


async def get_unread_news(call: Call) -> Reply:
    """Count unread news: there are none."""
    return Reply.json(UnreadResponse(0, [UnreadCount(call.store_id, 0)]))


async def mark_news_seen(call: Call) -> Reply:
    """Take note of nothing."""
    return Reply(204, (NO_STORE,))
