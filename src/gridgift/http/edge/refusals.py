"""What the HTTP edge refuses before any operation runs; in the same form as domain failures."""

from typing import ClassVar

from gridgift.domain.failures import Failure


class Unauthenticated(Failure):
    """A credential is missing, unknown or dead; ``challenge`` is its scheme (RFC 9110, 11.6.1)."""

    challenge: ClassVar[str]


class ApiKeyMissing(Unauthenticated):
    """No key, or an empty one (contract section 2)."""

    challenge = "ApiKey"
    code = "api_key_missing"

    def __init__(self) -> None:
        super().__init__("Send your API key in the X-API-Key header.")


class ApiKeyInvalid(Unauthenticated):
    """More than one key, or one that this server did not issue."""

    challenge = "ApiKey"
    code = "api_key_invalid"

    def __init__(self) -> None:
        super().__init__("The API key was not issued by this server, or more than one was sent.")


class ApiKeyRevoked(Unauthenticated):
    """The store's owner revoked the key."""

    challenge = "ApiKey"
    code = "api_key_revoked"

    def __init__(self) -> None:
        super().__init__("The API key was revoked.")


class ApiKeyExpired(Unauthenticated):
    """The key's time is over."""

    challenge = "ApiKey"
    code = "api_key_expired"

    def __init__(self) -> None:
        super().__init__("The API key has expired.")


class CustomerTokenInvalid(Unauthenticated):
    """The resident's token is missing, expired, revoked or not ours (contract section 8)."""

    challenge = "CustomerToken"
    code = "customer_token_invalid"

    def __init__(self) -> None:
        super().__init__("This link is no longer valid. Ask the store for a new one.")


class MetricsTokenInvalid(Unauthenticated):
    """Whoever asks for the metrics lacks the server's token for them."""

    challenge = "Bearer"
    code = "metrics_token_invalid"

    def __init__(self) -> None:
        super().__init__("The metrics need the bearer token that the server's operator set.")


class SignInNeeded(Unauthenticated):
    """A page of the dashboard was asked for without a session that works."""

    challenge = "Session"
    code = "sign_in_needed"

    def __init__(self) -> None:
        super().__init__("Sign in first.")


class SignInRefused(Unauthenticated):
    """The name or the password is wrong; which of them, nobody is told."""

    challenge = "Session"
    code = "sign_in_refused"

    def __init__(self) -> None:
        super().__init__("The name or the password is not right.")


class SignInLinkInvalid(Unauthenticated):
    """A link that signs in was used, has ended, or never was."""

    challenge = "Session"
    code = "sign_in_link_invalid"

    def __init__(self) -> None:
        super().__init__("This link was used already, or its 15 minutes are over.")


class OwnersOnly(Failure):
    """A clerk asks for a page that is the owner's."""

    code = "owners_only"

    def __init__(self) -> None:
        super().__init__("This page is for the store's owners.")


class FormOutdated(Failure):
    """A form has no token, or that of another session or store."""

    code = "form_outdated"

    def __init__(self) -> None:
        super().__init__(
            "This page was open since before you signed in, or chose another store. Nothing was "
            "changed: look at it again, then send it."
        )


class CrossSite(Failure):
    """A browser says that a form was sent from another site."""

    code = "cross_site"

    def __init__(self) -> None:
        super().__init__(
            "This form was not sent from this server's own address (GRIDGIFT_PUBLIC_URL). Nothing "
            "was changed."
        )


class ScopeMissing(Failure):
    """A valid key that was not given the endpoint's scope."""

    code = "scope_missing"

    def __init__(self, scope: str) -> None:
        super().__init__(f"The API key lacks the scope {scope}.")
        self.scope = scope


class RateLimited(Failure):
    """Too many requests; ``retry_after`` is in whole seconds."""

    code = "rate_limited"

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"Too many requests. Try again in {retry_after} s.")
        self.retry_after = retry_after


class PathNotFound(Failure):
    """No endpoint has this path; ``meant`` is one that it nearly is."""

    code = "path_not_found"

    def __init__(self, meant: str | None = None) -> None:
        instead = f"Was {meant} meant?" if meant else "The reference is at /docs."
        super().__init__(f"There is nothing at this path. {instead}")


class MethodNotAllowed(Failure):
    """The path exists, with other methods (``allow``)."""

    code = "method_not_allowed"

    def __init__(self, method: str, allow: str) -> None:
        *others, last = allow.split(", ")
        possible = f"{', '.join(others)} and {last} are" if others else f"{last} is"
        super().__init__(f"{method} is not possible here; {possible}.")
        self.allow = allow


class UnitUnknown(Unauthenticated):
    """No unit has the id that the object says, or it says none (contract section 9)."""

    challenge = "Unit"
    code = "unit_unknown"

    def __init__(self) -> None:
        super().__init__("Send the id of a unit of this server in the X-GC-Unit header.")


class UnitNotPaired(Unauthenticated):
    """No object is paired with the unit: none was yet, or the store revoked it."""

    challenge = "Unit"
    code = "unit_not_paired"

    def __init__(self) -> None:
        super().__init__("No object is paired with this unit. Pair one with a new code.")


class SignatureInvalid(Unauthenticated):
    """The request is not signed with the secret of the unit's last pairing."""

    challenge = "Unit"
    code = "signature_invalid"

    def __init__(self) -> None:
        super().__init__("X-GC-Sig is not this request's signature with the unit's secret.")


class TimeInvalid(Unauthenticated):
    """The request was signed too long ago, or is ahead of the server's clock, by ``seconds``."""

    challenge = "Unit"
    code = "time_invalid"

    def __init__(self, seconds: int) -> None:
        super().__init__(f"X-GC-Time is not within {seconds} s of the server's clock.")


class ShardRefused(Failure):
    """The object is on another grid than Second Life's own."""

    code = "shard_refused"

    def __init__(self) -> None:
        super().__init__("Units work on Second Life's main grid only.")


class ObjectNotPaired(Failure):
    """The object is another one than was paired: a copy, or one that has another owner now."""

    code = "object_not_paired"

    def __init__(self) -> None:
        super().__init__("Another object is paired with this unit. Pair this one with a new code.")


class UnitKindRefused(Failure):
    """The unit is of a kind that does not ask for this; ``kind`` is the one that does."""

    code = "unit_kind_refused"

    def __init__(self, kind: str) -> None:
        super().__init__(f"Only units of the kind {kind} may ask for this.")


class NonceInvalid(Failure):
    """A signed request has no UUID as its nonce."""

    code = "nonce_invalid"

    def __init__(self) -> None:
        super().__init__("Send a new UUID in the X-GC-Nonce header with each new request.")


class NonceReused(Failure):
    """The nonce came with another request before."""

    code = "nonce_reused"

    def __init__(self) -> None:
        super().__init__("This nonce was used for a different request. Take a new one.")


class ProductNotFound(Failure):
    """The store has sold no such product: it sells none here (contract section 8)."""

    code = "product_not_found"

    def __init__(self, product_id: str) -> None:
        super().__init__(f"There is no product {product_id} to deliver again.")


class NewsItemNotAvailable(Failure):
    """The post has no item to hand out: there are no posts here (contract section 8)."""

    code = "news_item_not_available"

    def __init__(self) -> None:
        super().__init__("This post has no item to hand out.")


class BodyMalformed(Failure):
    """The body is no JSON object in UTF-8."""

    code = "body_malformed"

    def __init__(self, why: str) -> None:
        super().__init__(f"The body must be one JSON object in UTF-8: {why}.")


class BodyUnexpected(Failure):
    """A body says something where none is taken; to ignore it could do what was not meant."""

    code = "body_unexpected"

    def __init__(self) -> None:
        super().__init__("This request takes no body; nothing was changed. Send it without one.")


class BodyTooLarge(Failure):
    """The body is larger than ``limit`` bytes."""

    code = "body_too_large"

    def __init__(self, limit: int) -> None:
        super().__init__(f"The body is larger than {limit} bytes.")


class BodyTooSlow(Failure):
    """The body did not arrive in time (``seconds``)."""

    code = "body_too_slow"

    def __init__(self, seconds: int) -> None:
        super().__init__(f"The body did not arrive within {seconds} s.")


class MediaTypeUnsupported(Failure):
    """The body is not declared as JSON, or as what the endpoint takes instead (``wanted``)."""

    code = "media_type_unsupported"

    def __init__(self, wanted: str = "JSON, with Content-Type: application/json") -> None:
        super().__init__(f"Send the body as {wanted}.")


class DatabaseOutOfReach(Failure):
    """The database is out of reach for now; nothing was changed."""

    code = "database_unavailable"

    def __init__(self) -> None:
        super().__init__("The database is out of reach for now. Try again soon.")


class InternalError(Failure):
    """A defect of this server; the log has the particulars under the request's id."""

    code = "internal_error"

    def __init__(self) -> None:
        super().__init__("Something went wrong here; the server's log knows more.")


class SelectionDiffers(Failure):
    """The filter finds other cards now than the dry run has shown; ``found`` is how many."""

    code = "selection_differs"

    def __init__(self, found: int) -> None:
        super().__init__(
            f"The filter finds other cards now than the dry run showed ({found} of them)."
        )


class TooManyGiftCards(Failure):
    """A filter finds more cards than one request may change (``most``)."""

    code = "too_many_gift_cards"

    def __init__(self, most: int) -> None:
        super().__init__(f"The filter finds more than {most} gift cards.")
