"""How units, and what they ask for, are refused; the rest of the list is in ``failures.py``."""

from typing import Final

from gridgift.domain.failures import Failure
from gridgift.domain.instants import SECOND

ASK_AGAIN_IN: Final = 5  # seconds


class UnitNotFound(Failure):
    """The store has no such unit; another store's is not found either."""

    code = "unit_not_found"

    def __init__(self, unit_id: str) -> None:
        super().__init__(f"There is no unit {unit_id} in this store.")


class AlreadyClaimed(Failure):
    """The resident has had the unit's card in this round: ``credit`` L$, with this ``card_id``."""

    code = "already_claimed"

    def __init__(self, credit: int, card_id: str) -> None:
        super().__init__(f"The resident has had this unit's gift card, {card_id}.")
        self.credit = credit
        self.card_id = card_id


class UnitPaused(Failure):
    """The store has switched the unit off for now."""

    code = "disabled"

    def __init__(self) -> None:
        super().__init__("The store has switched this unit off for now.")


class NotOpen(Failure):
    """The unit gives nothing yet, or nothing any more: of its start and its end."""

    code = "not_open"

    def __init__(self) -> None:
        super().__init__("This unit gives no gift cards at this time.")


class NotInGroup(Failure):
    """The unit is for those who wear the tag of its group."""

    code = "group_only"

    def __init__(self) -> None:
        super().__init__("This unit is for members of its group, with the group's tag on.")


class NotInvited(Failure):
    """The unit is for some residents only, by their usernames."""

    code = "not_invited"

    def __init__(self) -> None:
        super().__init__("The resident is not among those whom this unit is for.")


class AccountTooYoung(Failure):
    """The resident's account is not so many ``days`` old, or its age was not told."""

    code = "account_too_young"

    def __init__(self, days: int) -> None:
        super().__init__(f"This unit is for accounts that are {days} days old or older.")
        self.days = days


class UnitExhausted(Failure):
    """The unit has given as many cards, or as much, as the store lets it."""

    code = "exhausted"

    def __init__(self) -> None:
        super().__init__("This unit has given all of its gift cards.")


class UnitExhaustedToday(Failure):
    """The unit has given as many cards as the store lets it on one day."""

    code = "exhausted_today"

    def __init__(self) -> None:
        super().__init__("This unit has given all of today's gift cards.")


class PairingCodeInvalid(Failure):
    """The code is not the unit's, was used, or its time is over."""

    code = "pairing_code_invalid"

    def __init__(self) -> None:
        super().__init__("The pairing code is wrong, was used, or its 15 minutes are over.")


class DirectoryPending(Failure):
    """The store's directory was asked who ``identifier`` is, and has not answered yet.

    ``retry_after`` is in seconds.
    """

    code = "directory_pending"

    def __init__(self, identifier: str) -> None:
        super().__init__(
            f"The store's directory in Second Life was asked who {identifier} is. Repeat the "
            "request: nothing was done yet."
        )
        self.identifier = identifier
        self.retry_after = ASK_AGAIN_IN


class PaymentDiffers(Failure):
    """A vendor has told of another payment with the same nonce."""

    code = "payment_differs"

    def __init__(self) -> None:
        super().__init__("This nonce is that of a different payment. Take a new one for each.")


class RefundDue(Failure):
    """Nothing was sold for a payment, for good: ``amount`` L$ go back; ``reason`` is a code."""

    code = "refund"

    def __init__(self, amount: int, reason: str) -> None:
        super().__init__(f"Nothing was sold: give L$ {amount} back ({reason}).")
        self.amount = amount
        self.reason = reason


class RefundNotFound(Failure):
    """The vendor was paid nothing under this nonce, or has sold a card for it."""

    code = "refund_not_found"

    def __init__(self, refund_id: str) -> None:
        super().__init__(f"There is no refund {refund_id} of this unit.")


class RefundAlreadyPaid(Failure):
    """The L$ of a refund went back already."""

    code = "refund_already_paid"

    def __init__(self, refund_id: str) -> None:
        super().__init__(f"The refund {refund_id} is marked as paid already.")


class RefundUnderWay(Failure):
    """A vendor may be paying a refund at this moment.

    ``rest`` is for how many milliseconds more, ``retry_after`` the same in whole seconds.
    """

    code = "refund_under_way"

    def __init__(self, refund_id: str, rest: int) -> None:
        super().__init__(
            f"The vendor has begun to pay the refund {refund_id}. It is marked as paid once the "
            "vendor says so; if it says nothing, look whether the L$ went back."
        )
        self.retry_after = -(-rest // SECOND)
