"""Gift cards over HTTP (contract section 6)."""

from functools import partial

from gridgift.domain import giftcards, residents
from gridgift.domain.grants import GrantRequest
from gridgift.domain.idempotency import Answer
from gridgift.domain.ids import new_id
from gridgift.domain.lists import ListAsk
from gridgift.domain.model import CardChange, GiftCard
from gridgift.http.call import REPLAYED, Call, reply_of
from gridgift.http.granting import Ask
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
    position = call.services.cursors.read(listing, query.cursor)
    ask = ListAsk(owner_uuid, position, query.limit, query.filters())
    owner, page = await call.knowing_residents(lambda: call.services.pages.ask(call.store_id, ask))
    shown = page.map(partial(GiftCardResponse.owned, owner))
    return call.list_reply(listing, shown, query.limit)


async def get_gift_card(call: Call) -> Reply:
    """Read one card."""
    card = await call.services.cards.ask(call.store_id, call.card_id())
    return call.conditional(_answer(card))


async def update_gift_card(call: Call) -> Reply:
    """Replace a card's four changeable fields."""
    body: UpdateGiftCardRequest = call.body
    return await call.write(
        giftcards.update,
        _changed,
        call.caller,
        call.card_id(),
        body.replacement(),
        call.if_match(),
    )


async def disable_gift_card(call: Call) -> Reply:
    """Make a card inactive."""
    return await call.write(
        giftcards.disable, _changed, call.caller, call.card_id(), call.if_match()
    )


async def grant_gift_card(call: Call) -> Reply:
    """Give a resident a new card."""
    body: GrantGiftCardRequest = call.body
    key, fingerprint = call.idempotency()
    request = GrantRequest(call.caller, call.identifier(), body.terms(), new_id())
    ask = Ask(request, _changed, key, fingerprint)
    given = await call.knowing_residents(lambda: call.services.grants.ask(call.store_id, ask))
    return reply_of(given.answer, (REPLAYED,) if given.replayed else ())


def _changed(change: CardChange) -> Answer:
    return _answer(change.card)


def _answer(card: GiftCard) -> Answer:
    body = encode_json(GiftCardResponse.of(card))
    return Answer(200, body, giftcards.etag(card))
