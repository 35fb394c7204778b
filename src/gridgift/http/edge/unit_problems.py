"""The problems of units and of what they ask for: a part of the table in ``problems.py``."""

from typing import Final

from gridgift.domain import unit_failures
from gridgift.domain.failures import Failure
from gridgift.http.edge import refusals
from gridgift.http.edge.problem import Problem, data

UNIT_PROBLEMS: Final[dict[type[Failure], Problem]] = {
    unit_failures.UnitNotFound: Problem(
        404, "No such unit", "Check the id; a unit is seen with its own store's keys only."
    ),
    unit_failures.AlreadyClaimed: Problem(
        409,
        "The unit's card was claimed already",
        "Each resident has one card in a round.",
        members={"credit": data("credit"), "card": data("card_id")},
        examples={"credit": 100, "card": "019aad3c-9d4b-7c1e-8f3a-2b1c0d9e8f7a"},
    ),
    unit_failures.DirectoryPending: Problem(
        409,
        "The directory has not answered yet",
        "Send the same request again, with its Idempotency-Key, once Retry-After is over.",
        members={"retryAfter": data("retry_after")},
        examples={"retryAfter": unit_failures.ASK_AGAIN_IN},
    ),
    unit_failures.PaymentDiffers: Problem(
        409, "The nonce is another payment's", "Take a new nonce for each payment."
    ),
    unit_failures.RefundDue: Problem(
        422,
        "The payment is to be refunded",
        "Give the L$ back to who has paid; the same request is refused for ever.",
        members={"reason": data("reason"), "amount": data("amount")},
        examples={"reason": "exhausted", "amount": 250},
    ),
    unit_failures.RefundNotFound: Problem(
        404, "No such refund", "Check the id: it is the nonce of the payment."
    ),
    unit_failures.RefundAlreadyPaid: Problem(
        409, "The refund is paid already", "Nothing is left to do."
    ),
    unit_failures.RefundUnderWay: Problem(
        409,
        "The vendor is paying the refund",
        "Read it again after Retry-After: if it is owed still, look whether the L$ went back.",
        members={"retryAfter": data("retry_after")},
        examples={"retryAfter": 600},
    ),
    unit_failures.PairingCodeInvalid: Problem(
        403, "The pairing code does not work", "Make a new code; it is good once, for 15 minutes."
    ),
    refusals.UnitUnknown: Problem(
        401, "No such unit", "Put the unit's id into the object's description."
    ),
    refusals.UnitNotPaired: Problem(
        401, "The unit has no object", "Make a code and type it into the object's menu."
    ),
    refusals.SignatureInvalid: Problem(
        401,
        "The signature is wrong",
        "Pair the object anew: the one that was paired last is heard.",
    ),
    refusals.TimeInvalid: Problem(
        401, "The request's time is wrong", "Sign each request anew with the present time."
    ),
    refusals.ShardRefused: Problem(
        403, "Not on this grid", "Place the object on Second Life's main grid."
    ),
    refusals.ObjectNotPaired: Problem(
        403, "Another object is paired", "Pair this object; a copy is paired anew."
    ),
    refusals.UnitKindRefused: Problem(
        403, "The unit is of another kind", "Make a unit of the right kind for this object."
    ),
    refusals.NonceInvalid: Problem(400, "The nonce is no UUID", "Send a UUID in X-GC-Nonce."),
    refusals.NonceReused: Problem(
        409, "The nonce was used before", "Repeat a nonce with the same request only."
    ),
    unit_failures.UnitPaused: Problem(410, "The unit is switched off", "The store can resume it."),
    unit_failures.NotOpen: Problem(
        403, "The unit gives nothing at this time", "Come back within the dates of the unit."
    ),
    unit_failures.NotInGroup: Problem(
        403, "The unit is for its group", "Wear the tag of the group that the object is set to."
    ),
    unit_failures.NotInvited: Problem(
        403, "The unit is for others", "The store can add the username to the unit's list."
    ),
    unit_failures.AccountTooYoung: Problem(
        403, "The account is too young", "The store can lower the unit's minimum age."
    ),
    unit_failures.UnitExhausted: Problem(
        410, "The unit has given everything", "The store can raise the unit's bounds."
    ),
    unit_failures.UnitExhaustedToday: Problem(
        410, "The unit has given everything of today", "Come back tomorrow, in the store's time."
    ),
}
