"""What vendors in Second Life ask for: to sell a card, or to give L$ back (contract section 9)."""

from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from gridgift.domain import purchases, refunds
from gridgift.domain.failures import IdentifierMalformed, ReceiverNotFound, TooManyLookUps
from gridgift.domain.ids import new_id
from gridgift.domain.instants import SECOND
from gridgift.domain.model import MAX_CREDIT
from gridgift.domain.purchases import Payment, Sale
from gridgift.domain.residents import Identifier, parse_identifier
from gridgift.domain.unit_failures import (
    DirectoryPending,
    PaymentDiffers,
    RefundAlreadyPaid,
    RefundDue,
    RefundNotFound,
)
from gridgift.fields import Credit, GrantedCredit, Uuid
from gridgift.http.api.in_world import TAG, Avatar, Flag, Language, Seen, resident_of
from gridgift.http.edge.in_world import IN_WORLD, Code, Message
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.route import Route
from gridgift.http.edge.unit import Unit, UnitRequest, digest, nonce_of, time_of, write
from gridgift.messages import say
from gridgift.unit_views import REFUND_EXAMPLE
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


class GiveBackRequest(Struct, frozen=True):
    """Which payment the object wants to give back, or says that it has."""

    payment: Annotated[Uuid, Meta(description="The nonce of the purchase.")]
    paid: Annotated[Flag, Meta(description="0: may it be given back? 1: it was.")]
    lang: Language = ""


class GiveBackAnswer(Struct, frozen=True):
    """How much to give back (L$), or what went back; and when that was asked."""

    code: Code
    msg: Message
    amount: Credit
    asked: Annotated[
        int, Meta(description="`X-GC-Time` of the request: who reads it a minute later asks again.")
    ]


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


async def give_back(request: UnitRequest[None, GiveBackRequest]) -> Reply[GiveBackAnswer]:
    """Tell whether a payment is still to be given back; or note that it was."""
    body = request.body
    code, operation = (
        ("refund_paid", refunds.note_paid) if body.paid else ("refund_begun", refunds.begin)
    )
    refund = await write(request, operation, request.caller, body.payment.lower())
    msg = say(code, body.lang, amount=refund.amount)
    return Reply.json(GiveBackAnswer(code, msg, refund.amount, time_of(request)))


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
    Route(
        "POST",
        f"{IN_WORLD}refund",
        Unit("vendor"),
        give_back,
        tag=TAG,
        summary="Ask whether to give a payment back",
        description="Before an object gives L$ back it asks, with `paid` 0: for 10 minutes nobody "
        "else can mark the refund as paid. It pays at once, or asks again, and then says so with "
        "`paid` 1. Nothing is kept under the nonce.",
        body=GiveBackRequest,
        body_example={"payment": REFUND_EXAMPLE["id"], "paid": 0, "lang": "en-us"},
        answer=GiveBackAnswer,
        example={
            "code": "refund_begun",
            "msg": say("refund_begun", "en", amount=250),
            "amount": 250,
            "asked": 1_795_721_400,
        },
        refusals=(RefundNotFound, RefundAlreadyPaid),
    ),
)
