"""Gridgift's own endpoints for cards and credit, ``/ext/v1`` (contract section 10)."""

from gridgift.domain import credit, giftcards, holds, ledger, residents, transfers
from gridgift.domain.credit import Change, Credit
from gridgift.domain.failures import ValidationFailed
from gridgift.domain.holds import Held
from gridgift.domain.idempotency import Answer
from gridgift.domain.ids import new_id, parse_uuid
from gridgift.domain.instants import SECOND
from gridgift.domain.model import Caller, GiftCard
from gridgift.domain.residents import Identifier, parse_identifier
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
from gridgift.storage.database import Tx

Shown = tuple[GiftCard, int]  # a card, and how much of its credit is held
Changed = tuple[str, int, Credit]  # the id of a lot or a spend, its amount, the credit after


async def get_gift_card_details(call: Call) -> Reply:
    """Read a card with its expiry and what of its credit is available."""
    shown = await call.read(giftcards.read_shown, call.store_id, call.card_id(), call.now)
    card, answer = shown[0], _details(shown)
    if card.held_until is not None:  # a hold's end frees credit without a new ETag
        return reply_of(answer)
    return call.conditional(answer)


async def patch_gift_card(call: Call) -> Reply:
    """Change only the fields that are named."""
    body: PatchGiftCardRequest = call.body
    return await call.write(
        _patch, _details, call.caller, call.card_id(), body, call.if_match(), call.now
    )


async def patch_gift_card_by_post(call: Call) -> Reply:
    """Do the same for clients that have no PATCH."""
    return await patch_gift_card(call)


async def adjust_gift_card(call: Call) -> Reply:
    """Add to a card's credit, or take from it."""
    body: AdjustRequest = call.body
    if not body.delta:
        raise ValidationFailed({"delta": ["must not be 0"]})
    return await call.write(_adjust, _details, call.caller, call.card_id(), body, call.now)


async def transfer_gift_card(call: Call) -> Reply:
    """Give a card to another resident, for the store."""
    body: TransferRequest = call.body
    receiver = parse_identifier(body.receiver_identifier)
    return await call.write(
        _transfer, _details, call.caller, call.card_id(), receiver, body.reason or "", call.now
    )


async def reissue_gift_card(call: Call) -> Reply:
    """Replace a lost card by a new one."""
    body: ReissueRequest = call.body
    return await call.write(
        transfers.reissue,
        lambda card: _details((card, 0), 201),
        call.caller,
        call.card_id(),
        new_id(),
        body.reason,
        call.now,
    )


async def list_gift_card_entries(call: Call) -> Reply:
    """Page through a card's ledger, oldest first."""
    query: EntriesQuery = call.query
    card_id = call.card_id()
    listing = f"entries {call.store_id} {card_id}"
    cursors = call.services.cursors.of(listing, ledger.KEY_TYPES)
    position = cursors.read(query.cursor)
    await call.read(giftcards.read, call.store_id, card_id)
    page = await call.read(ledger.list_of, call.store_id, "card", card_id, position, query.limit)
    return call.list_reply(cursors, page.map(EntryResponse.of), query.limit)


async def place_hold(call: Call) -> Reply:
    """Reserve part of a card's credit."""
    body: HoldRequest = call.body
    expires_at = call.now + body.expires_in * SECOND
    return await call.write(
        holds.place,
        lambda held: _held(held, 201),
        call.caller,
        call.card_id(),
        new_id(),
        body.amount,
        expires_at,
        call.now,
    )


async def capture_hold(call: Call) -> Reply:
    """Take what a hold reserved."""
    return await call.write(
        holds.capture, _held, call.caller, call.card_id(), call.hold_id(), call.now
    )


async def void_hold(call: Call) -> Reply:
    """Free what a hold reserved."""
    return await call.write(
        holds.void, _held, call.caller, call.card_id(), call.hold_id(), call.now
    )


async def get_credit(call: Call) -> Reply:
    """Read a customer's store credit."""
    found = await call.read(_credit, call.store_id, call.identifier(), call.now)
    return Reply.json(CreditResponse.of(found))


async def deposit_credit(call: Call) -> Reply:
    """Give a customer store credit."""
    body: DepositRequest = call.body
    expires_at = instant_of(body.expires_at)
    return await call.write(
        _deposit, _changed, call.caller, call.identifier(), body, expires_at, new_id(), call.now
    )


async def spend_credit(call: Call) -> Reply:
    """Take store credit, soonest expiry first."""
    return await call.write(
        _spend, _changed, call.caller, call.identifier(), call.body, new_id(), call.now
    )


async def refund_credit(call: Call) -> Reply:
    """Undo a spend, wholly or in part."""
    return await call.write(_refund, _changed, call.caller, call.identifier(), call.body, call.now)


async def _patch(
    tx: Tx,
    caller: Caller,
    card_id: str,
    body: PatchGiftCardRequest,
    if_match: frozenset[str] | None,
    now: int,
) -> Shown:
    card = await giftcards.patch(tx, caller, card_id, body.patch(), if_match, now)
    return card, await giftcards.held(tx, card, now)


async def _adjust(tx: Tx, caller: Caller, card_id: str, body: AdjustRequest, now: int) -> Shown:
    card = await giftcards.adjust(tx, caller, card_id, body.delta, body.reason, now)
    return card, await giftcards.held(tx, card, now)


async def _transfer(
    tx: Tx, caller: Caller, card_id: str, receiver: Identifier, reason: str, now: int
) -> Shown:
    card = await transfers.transfer(tx, caller, None, card_id, receiver, now, reason=reason)
    return card, 0


async def _credit(tx: Tx, store_id: str, identifier: Identifier, now: int) -> Credit:
    return await credit.read(tx, store_id, await residents.find(tx, identifier), now)


async def _deposit(
    tx: Tx,
    caller: Caller,
    identifier: Identifier,
    body: DepositRequest,
    expires_at: int | None,
    lot_id: str,
    now: int,
) -> Changed:
    resident = await residents.find(tx, identifier)
    after = await credit.deposit(
        tx,
        caller,
        resident,
        body.change(),
        lot_id,
        now,
        expires_at=expires_at,
        restricted=body.restricted,
    )
    return lot_id, body.amount, after


async def _spend(
    tx: Tx, caller: Caller, identifier: Identifier, body: SpendRequest, spend_id: str, now: int
) -> Changed:
    resident = await residents.find(tx, identifier)
    change: Change = body.change()
    after = await credit.spend(
        tx, caller, resident, change, spend_id, now, restricted=body.restricted
    )
    return spend_id, body.amount, after


async def _refund(
    tx: Tx, caller: Caller, identifier: Identifier, body: RefundRequest, now: int
) -> Changed:
    resident = await residents.find(tx, identifier)
    spend_id = parse_uuid(body.spend) or body.spend
    after = await credit.refund(tx, caller, resident, spend_id, body.change(), now)
    return spend_id, body.amount, after


def _details(shown: Shown, status: int = 200) -> Answer:
    card, held = shown
    return Answer(status, encode_json(GiftCardDetails.detailed(card, held)), giftcards.etag(card))


def _held(held: Held, status: int = 200) -> Answer:
    return Answer(status, encode_json(HoldResponse.of(held.hold)))


def _changed(changed: Changed) -> Answer:
    changed_id, amount, after = changed
    response = CreditChangeResponse(
        changed_id, amount, after.total, after.restricted, lots_of(after)
    )
    return Answer(200, encode_json(response))
