"""The closed list of ways in which an operation can be refused.

Each failure has a stable ``code`` and a ``detail`` sentence that may be shown to the caller; the
HTTP status of each stands in ``http/edge/problems.py``.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar


class Failure(Exception):
    """A refusal. ``detail`` is one sentence for people; ``code`` is for programs."""

    code: ClassVar[str]

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class ValidationFailed(Failure):
    """Some fields are not acceptable; ``errors`` maps the domain's field names to sentences.

    The detail has the first of them, for callers that show nothing else. Fields and sentences may
    repeat what was sent; "?" stands for each of its lone surrogates, which no answer could have.

    Each edge shows the fields under its own names: JSON members, options, form fields.
    """

    code = "validation_failed"

    def __init__(self, errors: Mapping[str, Sequence[str]]) -> None:
        self.errors = {
            _encodable(field): [_encodable(each) for each in messages]
            for field, messages in errors.items()
        }
        (first, messages), *others = self.errors.items()
        also = f" Not acceptable either: {', '.join(field for field, _ in others)}."
        super().__init__(f"{first}: {messages[0]}.{also if others else ''}")


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


class IdentifierMalformed(Failure):
    """The text is neither a username nor an avatar UUID (contract section 5)."""

    code = "identifier_malformed"

    def __init__(self) -> None:
        super().__init__(
            "The identifier is neither a Second Life username, like kelly.moonwall, "
            "nor an avatar UUID."
        )


class ReferenceTaken(Failure):
    """The reference is another card's, ``card_id`` (None: of an earlier row of the same request).

    ``differs`` names what was asked for otherwise when that card was granted.
    """

    code = "reference_taken"

    def __init__(
        self, reference: str, card_id: str | None = None, differs: Sequence[str] = ()
    ) -> None:
        holder = "another one of these gift cards" if card_id is None else f"gift card {card_id}"
        also = f", which was granted with another {', '.join(differs)}" if differs else ""
        super().__init__(f"The reference {reference} is that of {holder}{also}.")
        self.reference, self.differs = reference, tuple(differs)
        self.card_id = card_id


class ReferenceFixed(Failure):
    """The card has a reference already; it stands for good, so that no order grants twice."""

    code = "reference_fixed"

    def __init__(self, card_id: str, reference: str) -> None:
        super().__init__(f"Gift card {card_id} has the reference {reference}, which stays.")


class CursorInvalid(Failure):
    """The cursor was not made by this server for this list (contract section 4)."""

    code = "cursor_invalid"

    def __init__(self) -> None:
        super().__init__(
            "The cursor was not issued by this server for this list. Start again without a cursor."
        )


class ResidentNotFound(Failure):
    """No such resident is known; ``identifier`` is the normalised username or UUID."""

    code = "resident_not_found"

    def __init__(self, identifier: str, *, directory_failed: bool = False) -> None:
        super().__init__(_unknown(identifier, directory_failed))
        self.identifier = identifier
        self.directory_failed = directory_failed


class CustomerNotFound(Failure):
    """The resident is no customer of the store."""

    code = "customer_not_found"

    def __init__(self, username: str) -> None:
        super().__init__(f"{username} is no customer of this store.")


class TooManyLookUps(Failure):
    """A caller has asked for too many unknown usernames; ``retry_after`` is in whole seconds."""

    code = "too_many_look_ups"

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"Too many unknown usernames. Look more up in {retry_after} s.")
        self.retry_after = retry_after


class UsernameTaken(Failure):
    """The username already leads to another resident, ``holder`` (an avatar UUID)."""

    code = "username_taken"

    def __init__(self, username: str, holder: str) -> None:
        super().__init__(f"The username {username} already belongs to {holder}.")
        self.holder = holder


class StoreNotFound(Failure):
    """The store does not exist."""

    code = "store_not_found"

    def __init__(self, store_id: str) -> None:
        super().__init__(f"There is no store {store_id}.")


class GiftCardNotFound(Failure):
    """The store has no such card; another store's card is not found either."""

    code = "gift_card_not_found"

    def __init__(self, card_id: str) -> None:
        super().__init__(f"There is no gift card {card_id} in this store.")


class GiftCardRedeemed(Failure):
    """The card was redeemed, so nothing about it can change any more."""

    code = "gift_card_redeemed"

    def __init__(self, card_id: str) -> None:
        super().__init__(f"Gift card {card_id} was redeemed and can't be changed.")


class GiftCardExpired(Failure):
    """The card's date is over; nobody can redeem it or pass it on."""

    code = "gift_card_expired"

    def __init__(self, card_id: str) -> None:
        super().__init__(f"Gift card {card_id} has expired.")


class GiftCardInactive(Failure):
    """The store has disabled the card."""

    code = "gift_card_inactive"

    def __init__(self, card_id: str) -> None:
        super().__init__(f"Gift card {card_id} is not active.")


class GiftCardVoid(Failure):
    """The card has no credit left, so there is nothing to replace."""

    code = "gift_card_void"

    def __init__(self, card_id: str) -> None:
        super().__init__(f"Gift card {card_id} has no credit to move to a new one.")


class NoLongerMatching(Failure):
    """The card has changed since it was found, and is none of those any more that are meant."""

    code = "no_longer_matching"

    def __init__(self, card_id: str) -> None:
        super().__init__(f"Gift card {card_id} does not match the filter any more.")


class GiftCardNotTransferable(Failure):
    """The card may not be passed on."""

    code = "gift_card_not_transferable"

    def __init__(self, card_id: str) -> None:
        super().__init__(f"Gift card {card_id} can't be passed on.")


class GiftCardHeld(Failure):
    """Part of the card's credit is reserved by an open hold."""

    code = "gift_card_held"

    def __init__(self, card_id: str) -> None:
        super().__init__(f"Part of gift card {card_id} is held for a purchase.")


class ReceiverNotFound(Failure):
    """A transfer names a resident that nobody knows; ``identifier`` as in ``ResidentNotFound``."""

    code = "receiver_not_found"

    def __init__(self, identifier: str, *, directory_failed: bool = False) -> None:
        super().__init__(_unknown(identifier, directory_failed))
        self.identifier = identifier


class ReceiverIsOwner(Failure):
    """A transfer of a card, or a move of credit (``what``), names the owner as its receiver."""

    code = "receiver_is_owner"

    def __init__(self, what: str = "gift card") -> None:
        super().__init__(f"The receiver has this {what} already.")


class InsufficientCredit(Failure):
    """There is less credit than the operation needs; ``available`` is in L$."""

    code = "insufficient_credit"

    def __init__(self, available: int) -> None:
        super().__init__(f"Only L$ {available} is available.")
        self.available = available


class CreditLimitExceeded(Failure):
    """An account can't hold so much (``limit``, in L$), or so many open ``lots``."""

    code = "credit_limit_exceeded"

    def __init__(self, *, limit: int | None = None, lots: int | None = None) -> None:
        more = f"over L$ {limit}" if lots is None else f"in more than {lots} lots"
        super().__init__(f"The balance would be {more}.")


class HoldNotFound(Failure):
    """The card has no such hold."""

    code = "hold_not_found"

    def __init__(self, hold_id: str) -> None:
        super().__init__(f"There is no hold {hold_id} on this gift card.")


class HoldClosed(Failure):
    """The hold was captured or voided, or its time is over (``state``)."""

    code = "hold_closed"

    def __init__(self, hold_id: str, state: str) -> None:
        super().__init__(f"Hold {hold_id} is {state}.")
        self.state = state


class SpendNotFound(Failure):
    """The customer has no such spend at this store."""

    code = "spend_not_found"

    def __init__(self, spend_id: str) -> None:
        super().__init__(f"There is no spend {spend_id} of this customer.")


class LotNotFound(Failure):
    """The customer has no such lot of store credit at this store."""

    code = "lot_not_found"

    def __init__(self, lot_id: str) -> None:
        super().__init__(f"There is no lot {lot_id} of this customer.")


class LotClosed(Failure):
    """Nothing is left of the lot of store credit (``state`` spent), or its time is over."""

    code = "lot_closed"

    def __init__(self, lot_id: str, state: str) -> None:
        super().__init__(f"Lot {lot_id} is {state}.")
        self.state = state


class CaptureExceedsHold(Failure):
    """More than is held would be captured; ``held`` is what the hold reserves, in L$."""

    code = "capture_exceeds_hold"

    def __init__(self, held: int) -> None:
        super().__init__(f"The hold reserves L$ {held}, no more can be captured.")
        self.held = held


class RefundExceedsSpend(Failure):
    """More than was spent would be given back; ``refundable`` is what is left, in L$."""

    code = "refund_exceeds_spend"

    def __init__(self, refundable: int) -> None:
        super().__init__(f"Only L$ {refundable} of this spend can still be refunded.")
        self.refundable = refundable


class PreconditionFailed(Failure):
    """``If-Match`` names a version that is not the present one (RFC 9110, 13.1.1)."""

    code = "precondition_failed"

    def __init__(self, etag: str) -> None:
        super().__init__(f"It has changed; its ETag was {etag}. Read it again.")


class IdempotencyKeyReused(Failure):
    """The idempotency key was used for another request (contract section 10)."""

    code = "idempotency_key_reused"

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was already used for a different request.")


class RowsRefused(Failure):
    """An atomic bulk grant in which some rows can't be granted, so that none was.

    ``rows`` has the number (from 1) and the failure of each of them, in order.
    """

    code = "rows_refused"

    def __init__(self, rows: Sequence[tuple[int, Failure]]) -> None:
        super().__init__(f"{len(rows)} of the rows can't be granted, so none was.")
        self.rows = rows


class OperatorNotFound(Failure):
    """No operator has this name, or works at this store."""

    code = "operator_not_found"

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no operator {name}.")


class KeyNotFound(Failure):
    """The store has no such API key."""

    code = "key_not_found"

    def __init__(self, key_id: str) -> None:
        super().__init__(f"There is no key {key_id} in this store.")


class KeyNameTaken(Failure):
    """Another key of the store that was not revoked has this name."""

    code = "key_name_taken"

    def __init__(self, name: str) -> None:
        super().__init__(f"Another key of this store is already called {name!r}.")


class KeyNotUsable(Failure):
    """The key was revoked or has expired, so it can be neither rotated nor changed."""

    code = "key_not_usable"

    def __init__(self, key_id: str) -> None:
        super().__init__(f"Key {key_id} was revoked or has expired.")


def _unknown(identifier: str, directory_failed: bool) -> str:
    detail = f"No resident {identifier} is known here."
    if directory_failed:
        detail += " The resident directory could not be asked; try again later."
    return detail
