"""Gift cards over HTTP (contract section 6)."""

from functools import partial

from gridgift.domain import giftcards, lists, residents
from gridgift.domain.grants import Ask
from gridgift.domain.idempotency import Answer
from gridgift.domain.ids import new_id
from gridgift.domain.model import GiftCard
from gridgift.http.call import REPLAYED, Call, reply_of
from gridgift.http.reply import Reply, encode_json
from gridgift.http.schemas import (
    GiftCardResponse,
    GiftCardsQuery,
    GrantGiftCardRequest,
    UpdateGiftCardRequest,
)


async def list_gift_cards(call: Call) -> Reply:
    """List a customer's cards, oldest first, a page at a time."""
    query: GiftCardsQuery = call.query
    identifier = call.identifier()
    owner_uuid = identifier.uuid or (await call.read(residents.find, identifier)).uuid
    listing = f"giftcards {call.store_id} {owner_uuid}"
    cursors = call.services.cursors.of(listing, lists.KEY_TYPES)
    position = cursors.read(query.cursor)
    ask = lists.PageRequest(owner_uuid, position, query.limit, query.filters())
    owner, page = await call.knowing_residents(lambda: call.services.pages.ask(call.store_id, ask))
    shown = page.map(partial(GiftCardResponse.owned, owner))
    return call.list_reply(cursors, shown, query.limit)


async def get_gift_card(call: Call) -> Reply:
    """Read one card."""
    card = await call.services.cards.ask(call.store_id, call.card_id())
    return call.conditional(_answer(card))


async def update_gift_card(call: Call) -> Reply:
    """Replace a card's four changeable fields."""
    body: UpdateGiftCardRequest = call.body
    return await call.write(
        giftcards.update,
        _answer,
        call.caller,
        call.card_id(),
        body.replacement(),
        call.if_match(),
        call.now,
    )


async def disable_gift_card(call: Call) -> Reply:
    """Make a card inactive."""
    return await call.write(
        giftcards.disable, _answer, call.caller, call.card_id(), call.if_match(), call.now
    )


async def grant_gift_card(call: Call) -> Reply:
    """Give a resident a new card."""
    body: GrantGiftCardRequest = call.body
    key, fingerprint = call.idempotency()
    ask = Ask(
        call.caller, call.identifier(), body.terms(), new_id(), call.now, _answer, key, fingerprint
    )
    given = await call.knowing_residents(lambda: call.services.grants.ask(call.store_id, ask))
    return reply_of(given.answer, (REPLAYED,) if given.replayed else ())


def _answer(card: GiftCard) -> Answer:
    body = encode_json(GiftCardResponse.of(card))
    return Answer(200, body, giftcards.etag(card))
