"""Why something was refused, in the words of the people of a store.

A failure's own sentence is for whoever called the API: it has ids, and names what the API has. What
is shown on the dashboard, or kept to be shown there, is said by ``reason``.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from gridgift.domain import (
    bulk_change_failures,
    failures,
    labels,
    scopes,
    sending_failures,
    unit_failures,
    webhook_failures,
)
from gridgift.domain.failures import Failure, ValidationFailed
from gridgift.domain.texts import isolated

_MONEY: Final = re.compile(r"(?<=L\$) ([0-9]+)")
_LONG: Final = re.compile(r"(?<![\w-])[0-9]{4,}(?![\w-])")  # no year of a date, nor a UUID's part


def reason(failure: Failure) -> str:
    """Say in a sentence why something was refused; fields have their names before what is wrong."""
    if isinstance(failure, ValidationFailed):
        return " ".join(
            f"{field.replace('_', ' ')}: {people_told(said[0])}."
            for field, said in failure.errors.items()
        )
    own = _REASONS.get(type(failure))
    return _MONEY.sub(_money, failure.detail) if own is None else own(failure)


def people_told(complaint: str) -> str:
    """Say what is wrong with a field in people's words; a number has its thousands apart."""
    said = _TOLD.get(complaint, complaint).replace("an integer", "a whole number")
    return _LONG.sub(lambda found: f"{int(found[0]):,}", said)


def _money(found: "re.Match[str]") -> str:
    """Write an amount as pages write it, with a space that does not break."""
    return f"\N{NO-BREAK SPACE}{int(found[1]):,}"


def _unknown(failure: failures.ResidentNotFound) -> str:
    said = f"Nobody known here is called {failure.identifier}."
    if failure.directory_failed:
        return f"{said} Unknown names could not be looked up just now: try again later."
    return f"{said} Check how it is spelled."


# Complaints that name what the API has, in other words.
_TOLD: Final[Mapping[str, str]] = {
    labels.METADATA_WANTED: (
        f"must be at most {labels.MAX_MEMBERS} names, each with its text, written like "
        f'{{"shop": "main street"}}; a name has 1 to {labels.MAX_NAME} printable characters, '
        f"a text at most {labels.MAX_VALUE}, and all of it {labels.MAX_METADATA}"
    ),
    scopes.NONE_NAMED: "tick at least one",
}


def _taken(failure: failures.ReferenceTaken) -> str:
    names = ", ".join(name.replace("_", " ") for name in failure.differs)
    also = f", which was given with another {names}" if names else ""
    return f"The order {isolated(failure.reference)} has a card already{also}."


_REASONS: Final[Mapping[type[Failure], Callable[[Any], str]]] = {
    failures.IdentifierMalformed: lambda failure: (
        "This is neither a username, such as kelly.moonwall, nor an avatar's UUID."
    ),
    failures.ResidentNotFound: _unknown,
    failures.ReceiverNotFound: lambda failure: (
        f"Nobody known here is called {failure.identifier}. Check how it is spelled."
    ),
    failures.ReceiverIsOwner: lambda failure: "They have this card already.",
    failures.GiftCardNotFound: lambda failure: "There is no such card in your store.",
    failures.GiftCardRedeemed: lambda failure: "The card is used up.",
    failures.GiftCardExpired: lambda failure: "The card has expired.",
    failures.GiftCardInactive: lambda failure: "The card is switched off.",
    failures.GiftCardVoid: lambda failure: "There is no credit on the card.",
    failures.GiftCardHeld: lambda failure: "Some of the card is reserved for a purchase.",
    failures.GiftCardNotTransferable: lambda failure: "Its owner may not pass the card on.",
    failures.NoLongerMatching: lambda failure: (
        "The card has changed meanwhile: it is not one of those that were looked for any more."
    ),
    failures.KeyNameTaken: lambda failure: "Another key of your store is called so already.",
    failures.ReferenceTaken: _taken,
    failures.ReferenceFixed: lambda failure: "The card has another order already, which stays.",
    failures.HoldNotFound: lambda failure: "Nothing like that is reserved of this card.",
    failures.KeyNotFound: lambda failure: "There is no such key in your store.",
    failures.KeyNotUsable: lambda failure: "The key was revoked, or its last day is over.",
    failures.OperatorNotFound: lambda failure: "Nobody like that is in your team.",
    unit_failures.UnitNotFound: lambda failure: "There is no such unit in your store.",
    unit_failures.RefundNotFound: lambda failure: "Nothing like that is owed by this unit.",
    unit_failures.RefundAlreadyPaid: lambda failure: "It is marked as paid already.",
    unit_failures.RefundUnderWay: lambda failure: (
        "The vendor has begun to pay it back, and marks it as paid once that is done. If it does "
        "not, look whether the L$ went back."
    ),
    unit_failures.DirectoryPending: lambda failure: (
        f"Your directory in Second Life was asked who {failure.identifier} is. Nothing was done "
        "yet: try again in a moment."
    ),
    webhook_failures.WebhookNotFound: lambda failure: "There is no such webhook in your store.",
    webhook_failures.WebhookInactive: lambda failure: "The webhook is switched off.",
    webhook_failures.DeliveryNotFound: lambda failure: (
        "Nothing like that was posted there, or it is no longer kept."
    ),
    sending_failures.SendingNotFound: lambda failure: (
        "There is no such sending: each is kept for a week."
    ),
    bulk_change_failures.BulkChangeNotFound: lambda failure: (
        "There is no such change of many cards: each is kept for a week."
    ),
    failures.CaptureExceedsHold: lambda failure: (
        f"Only L$\N{NO-BREAK SPACE}{failure.held:,} is reserved."
    ),
}
