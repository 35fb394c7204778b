"""Gridgift's own endpoints for cards and credit, ``/ext/v1`` (contract section 10)."""

from gridgift.domain import credit, giftcards, holds, ledger, transfers
from gridgift.domain.credit import CreditChange
from gridgift.domain.holds import HoldChange
from gridgift.domain.idempotency import Answer
from gridgift.domain.ids import new_id, parse_uuid
from gridgift.domain.instants import SECOND
from gridgift.domain.model import CardChange, GiftCard
from gridgift.domain.residents import parse_identifier
from gridgift.http.call import Call, reply_of
from gridgift.http.extension_schemas import (
    AdjustRequest,
    CreditChangeResponse,
    CreditResponse,
    DepositRequest,
    EntriesQuery,
    EntryResponse,
    GiftCardDetails,
    HoldRequest,
    HoldResponse,
    PatchGiftCardRequest,
    RefundRequest,
    ReissueRequest,
    SpendRequest,
    TransferRequest,
    lots_of,
)
from gridgift.http.reply import Reply, encode_json
from gridgift.http.schemas import instant_of

Shown = tuple[GiftCard, int]  # a card, and how much of its credit is held


async def get_gift_card_details(call: Call) -> Reply:
    """Read a card with its expiry and what of its credit is available."""
    shown = await call.read(giftcards.read_with_held, call.store_id, call.card_id())
    card, answer = shown[0], _details(shown)
    if card.held_until is not None:  # a hold's end frees credit without a new ETag
        return reply_of(answer)
    return call.conditional(answer)


async def patch_gift_card(call: Call) -> Reply:
    """Change only the fields that are named."""
    body: PatchGiftCardRequest = call.body
    return await call.write(
        giftcards.patch, _changed_card, call.caller, call.card_id(), body.patch(), call.if_match()
    )


async def patch_gift_card_by_post(call: Call) -> Reply:
    """Do the same for clients that have no PATCH."""
    return await patch_gift_card(call)


async def adjust_gift_card(call: Call) -> Reply:
    """Add to a card's credit, or take from it."""
    body: AdjustRequest = call.body
    return await call.write(
        giftcards.adjust, _changed_card, call.caller, call.card_id(), body.delta, body.reason
    )


async def transfer_gift_card(call: Call) -> Reply:
    """Give a card to another resident, for the store."""
    body: TransferRequest = call.body
    receiver = parse_identifier(body.receiver_identifier)
    return await call.write(
        transfers.transfer,
        _changed_card,
        call.caller,
        None,
        call.card_id(),
        receiver,
        body.reason or "",
    )


async def reissue_gift_card(call: Call) -> Reply:
    """Replace a lost card by a new one."""
    body: ReissueRequest = call.body
    return await call.write(
        transfers.reissue,
        lambda change: _changed_card(change, 201),
        call.caller,
        call.card_id(),
        new_id(),
        body.reason,
    )


async def list_gift_card_entries(call: Call) -> Reply:
    """Page through a card's ledger, oldest first."""
    query: EntriesQuery = call.query
    card_id = call.card_id()
    listing = f"entries {call.store_id} {card_id}"
    position = call.services.cursors.read(listing, query.cursor)
    await call.read(giftcards.read, call.store_id, card_id)
    page = await call.read(ledger.list_of, call.store_id, "card", card_id, position, query.limit)
    return call.list_reply(listing, page.map(EntryResponse.of), query.limit)


async def place_hold(call: Call) -> Reply:
    """Reserve part of a card's credit."""
    body: HoldRequest = call.body
    return await call.write(
        holds.place,
        lambda held: _held(held, 201),
        call.caller,
        call.card_id(),
        new_id(),
        body.amount,
        body.expires_in * SECOND,
    )


async def capture_hold(call: Call) -> Reply:
    """Take what a hold reserved."""
    return await call.write(holds.capture, _held, call.caller, call.card_id(), call.hold_id())


async def void_hold(call: Call) -> Reply:
    """Free what a hold reserved."""
    return await call.write(holds.void, _held, call.caller, call.card_id(), call.hold_id())


async def get_credit(call: Call) -> Reply:
    """Read a customer's store credit."""
    found = await call.read(credit.read_of, call.store_id, call.identifier())
    return Reply.json(CreditResponse.of(found))


async def deposit_credit(call: Call) -> Reply:
    """Give a customer store credit."""
    body: DepositRequest = call.body
    expires_at = instant_of(body.expires_at)
    return await call.write(
        credit.deposit,
        _changed,
        call.caller,
        call.identifier(),
        body.change(),
        new_id(),
        expires_at=expires_at,
        restricted=body.restricted,
    )


async def spend_credit(call: Call) -> Reply:
    """Take store credit, soonest expiry first."""
    body: SpendRequest = call.body
    return await call.write(
        credit.spend,
        _changed,
        call.caller,
        call.identifier(),
        body.change(),
        new_id(),
        restricted=body.restricted,
    )


async def refund_credit(call: Call) -> Reply:
    """Undo a spend, wholly or in part."""
    body: RefundRequest = call.body
    spend_id = parse_uuid(body.spend) or body.spend
    return await call.write(
        credit.refund, _changed, call.caller, call.identifier(), spend_id, body.change()
    )


def _details(shown: Shown, status: int = 200) -> Answer:
    card, held = shown
    return Answer(status, encode_json(GiftCardDetails.detailed(card, held)), giftcards.etag(card))


def _changed_card(change: CardChange, status: int = 200) -> Answer:
    return _details((change.card, change.held), status)


def _held(held: HoldChange, status: int = 200) -> Answer:
    return Answer(status, encode_json(HoldResponse.of(held.hold)))


def _changed(change: CreditChange) -> Answer:
    after = change.credit
    response = CreditChangeResponse(
        change.id, change.amount, after.total, after.restricted, lots_of(after)
    )
    return Answer(200, encode_json(response))
