"""The closed list of ways in which an operation can be refused.

Each failure has a stable ``code`` and a ``detail`` sentence that may be shown to the caller; the
HTTP status of each stands in ``http/problems.py``.
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
    """Some fields are not acceptable; ``errors`` maps JSON field names to sentences."""

    code = "validation_failed"

    def __init__(self, errors: Mapping[str, Sequence[str]]) -> None:
        fields = ", ".join(errors)
        super().__init__(f"Some values are not acceptable: {fields}.")
        self.errors = {field: list(messages) for field, messages in errors.items()}


class IdentifierMalformed(Failure):
    """The text is neither a username nor an avatar UUID (contract section 5)."""

    code = "identifier_malformed"

    def __init__(self) -> None:
        super().__init__("The identifier is neither a Second Life username nor an avatar UUID.")


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
        detail = f"No resident {identifier} is known here."
        if directory_failed:
            detail += " The resident directory could not be asked; try again later."
        super().__init__(detail)
        self.identifier = identifier


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


class PreconditionFailed(Failure):
    """``If-Match`` names a version that the card no longer has (RFC 9110, 13.1.1)."""

    code = "precondition_failed"

    def __init__(self, etag: str) -> None:
        super().__init__(f"The card has changed; its ETag was {etag}. Read it again.")


class IdempotencyKeyReused(Failure):
    """The idempotency key was used for another request (contract section 10)."""

    code = "idempotency_key_reused"

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was already used for a different request.")


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
