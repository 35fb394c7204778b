"""What vendors in Second Life ask for: a card for a payment (contract section 9)."""

from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from gridgift.domain import purchases
from gridgift.domain.failures import IdentifierMalformed, ReceiverNotFound, TooManyLookUps
from gridgift.domain.ids import new_id
from gridgift.domain.instants import SECOND
from gridgift.domain.model import MAX_CREDIT
from gridgift.domain.purchases import Payment, Sale
from gridgift.domain.residents import Identifier, parse_identifier
from gridgift.domain.unit_failures import DirectoryPending, PaymentDiffers, RefundDue
from gridgift.fields import Credit, GrantedCredit, Uuid
from gridgift.http.api.in_world import TAG, Avatar, Language, Seen, resident_of
from gridgift.http.edge.in_world import IN_WORLD, Code, Message
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.route import Route
from gridgift.http.edge.unit import Unit, UnitRequest, digest, nonce_of, write
from gridgift.messages import say
from gridgift.views import CARD_EXAMPLE

UNKNOWN_FOR: Final = 600 * SECOND  # after a payment, until a friend who may be found is not

PaidAt = Annotated[
    int,
    Meta(
        ge=0,
        le=MAX_CREDIT,
        description="When it was paid: Unix seconds.",
        extra={"says": f"must be an integer from 0 to {MAX_CREDIT} (seconds)"},
    ),
]
Friend = Annotated[
    str,
    Meta(
        max_length=63,
        description="Whom the card is for: a username or an avatar UUID; empty: who has paid.",
        extra={"says": "must have at most 63 characters"},
    ),
]


class PurchaseRequest(Struct, frozen=True):
    """Who has paid how much (L$), when, and for whom."""

    avatar: Avatar
    name: Seen
    amount: GrantedCredit
    paid_at: PaidAt
    friend: Friend = ""
    lang: Language = ""


class PurchaseAnswer(Struct, frozen=True):
    """The card that was sold."""

    code: Code
    msg: Message
    credit: Credit
    card: Uuid


async def sell_gift_card(request: UnitRequest[None, PurchaseRequest]) -> Reply[PurchaseAnswer]:
    """Sell a card for a payment; whatever keeps it from that, for good, is a refund."""
    body = request.body
    receiver, refund = _read(body.friend)
    payment = Payment(
        nonce_of(request),
        digest(request),
        resident_of(body.avatar, body.name),
        body.amount,
        body.paid_at * SECOND,
        receiver,
    )
    sale = await _sell(request, payment, refund)
    if sale.card_id is None:
        raise RefundDue(sale.amount, str(sale.refund))
    friend = body.friend or body.name or body.avatar
    msg = say("purchased", body.lang, credit=sale.amount, friend=friend)
    return Reply.json(PurchaseAnswer("purchased", msg, sale.amount, sale.card_id))


async def _sell(
    request: UnitRequest[None, PurchaseRequest], payment: Payment, refund: str | None
) -> Sale:
    asked = (request.caller, request.principal.unit.id, payment, new_id())
    try:
        return await write(request, purchases.sell, *asked, refund)
    except ReceiverNotFound as failure:
        code = failure.code
    except DirectoryPending:
        if request.services.clock() < payment.paid_at + UNKNOWN_FOR:
            raise
        code = ReceiverNotFound.code
    return await write(request, purchases.sell, *asked, code)


def _read(friend: str) -> tuple[Identifier | None, str | None]:
    """Read whom a card is for; what nobody can be called is a reason to refund."""
    try:
        return (parse_identifier(friend) if friend else None), None
    except IdentifierMalformed as failure:
        return None, failure.code


_BODY: Final[dict[str, Any]] = {
    "avatar": CARD_EXAMPLE["ownerUuid"],
    "name": CARD_EXAMPLE["ownerUsername"],
    "amount": 250,
    "paid_at": 1_795_721_400,
    "friend": "jo.winter",
    "lang": "en-us",
}

ROUTES: Final = (
    Route(
        "POST",
        f"{IN_WORLD}purchase",
        Unit("vendor"),
        sell_gift_card,
        tag=TAG,
        summary="Sell a card for a payment",
        description="For who has paid, or for a friend. Each payment has a nonce of its own, which "
        "is kept for ever with what became of it: a card, or a refund.",
        body=PurchaseRequest,
        body_example=_BODY,
        answer=PurchaseAnswer,
        example={
            "code": "purchased",
            "msg": say("purchased", "en", credit=250, friend="jo.winter"),
            "credit": 250,
            "card": CARD_EXAMPLE["id"],
        },
        refusals=(RefundDue, PaymentDiffers, TooManyLookUps, DirectoryPending),
    ),
)
