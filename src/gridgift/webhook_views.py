"""What is shown of webhooks and of what was delivered to them, for the API and the command line."""

from typing import Annotated, Any, Final, Self

import msgspec
from msgspec import Meta, Struct

from gridgift.domain.deliveries import Attempt, Delivery, State
from gridgift.domain.instants import format_instant
from gridgift.domain.webhooks import DisabledReason, Format, Secrets, Webhook
from gridgift.fields import Instant, Uuid, written
from gridgift.views import shown

WEBHOOK_EXAMPLE: Final[dict[str, Any]] = {
    "id": "019aad40-5555-7666-8777-888899990000",
    "url": "https://shop.example.com/hooks/gridgift",
    "types": ["gift_card.redeemed", "gift_card.transferred"],
    "format": "standard",
    "active": True,
    "disabledReason": None,
    "failingSince": None,
    "secretVersion": 1,
    "previousUntil": None,
    "createdAt": "2026-11-22T19:30:00Z",
    "updatedAt": "2026-11-22T19:30:00Z",
}
ISSUED_EXAMPLE: Final[dict[str, Any]] = WEBHOOK_EXAMPLE | {
    "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwAAAAAAAAAAA="
}
DELIVERY_EXAMPLE: Final[dict[str, Any]] = {
    "id": "019aad41-6666-7777-8888-99990000aaaa",
    "webhookId": WEBHOOK_EXAMPLE["id"],
    "eventId": "7f0d3a52-55c1-5d0e-8b3f-6f1f3a1f9f10",
    "eventType": "gift_card.redeemed",
    "state": "pending",
    "attempts": 1,
    "nextAttemptAt": "2026-11-22T19:30:05Z",
    "createdAt": "2026-11-22T19:30:00Z",
    "finishedAt": None,
}
ATTEMPT_EXAMPLE: Final[dict[str, Any]] = {
    "number": 1,
    "at": "2026-11-22T19:30:00Z",
    "status": 503,
    "milliseconds": 48,
    "response": "Back in a minute.",
    "error": "",
}
DELIVERY_DETAILS_EXAMPLE: Final[dict[str, Any]] = DELIVERY_EXAMPLE | {"log": [ATTEMPT_EXAMPLE]}


class WebhookResponse(Struct, frozen=True, rename="camel"):
    """An address to which the store's events are posted; without types, those of all types."""

    id: Uuid
    url: str
    types: list[str]
    format: Format
    active: Annotated[bool, Meta(description="Whether anything is posted to it.")]
    disabled_reason: Annotated[
        DisabledReason | None,
        Meta(description="Why it is not active: by hand, a 410, or nothing but failures."),
    ]
    failing_since: Annotated[
        Instant | None, Meta(description="The first attempt since which none has succeeded.")
    ]
    secret_version: Annotated[int, Meta(description="1, and one more with each new secret.")]
    previous_until: Annotated[
        Instant | None, Meta(description="Until then the secret before the last change counts too.")
    ]
    created_at: Instant
    updated_at: Instant

    @classmethod
    def of(cls, webhook: Webhook, **more: Any) -> Self:
        """Show a webhook; ``more`` has further fields."""
        return shown(
            cls, webhook,
            types=list(webhook.types),
            failing_since=written(webhook.failing_since),
            previous_until=written(webhook.previous_until),
            **more,
        )  # fmt: skip


class IssuedWebhook(WebhookResponse, frozen=True, rename="camel"):
    """A webhook with its newest secret: shown when it is made, and when the secret is changed."""

    secret: Annotated[str, Meta(description="Keep it: with it you check what is posted.")]

    @classmethod
    def issued(cls, shown: WebhookResponse, secrets: Secrets) -> Self:
        """Show a webhook, as it was shown without its secret, with it."""
        secret = secrets.of(shown.id, shown.secret_version)
        return cls(**msgspec.structs.asdict(shown), secret=secret)


class DeliveryResponse(Struct, frozen=True, rename="camel"):
    """An event that was, or is to be, posted to a webhook."""

    id: Uuid
    webhook_id: Uuid
    event_id: Annotated[Uuid, Meta(description="The header webhook-id, and the event's id.")]
    event_type: str
    state: State
    attempts: Annotated[int, Meta(description="How many were made.")]
    next_attempt_at: Instant | None
    created_at: Instant
    finished_at: Instant | None

    @classmethod
    def of(cls, delivery: Delivery, **more: Any) -> Self:
        """Show a delivery; ``more`` has further fields."""
        return shown(cls, delivery, **more)


class AttemptResponse(Struct, frozen=True):
    """What came of an attempt. Without a status no answer came, and the error says why."""

    number: int
    at: Instant
    status: int | None
    milliseconds: int
    response: Annotated[str, Meta(description="The first 2048 bytes of the answer.")]
    error: str

    @classmethod
    def of(cls, attempt: Attempt) -> Self:
        """Show an attempt."""
        return shown(cls, attempt, at=format_instant(attempt.at))


class DeliveryDetails(DeliveryResponse, frozen=True, rename="camel"):
    """A delivery with its attempts of the last 30 days, oldest first."""

    log: list[AttemptResponse]

    @classmethod
    def detailed(cls, delivery: Delivery, attempts: list[Attempt]) -> Self:
        """Show a delivery with its attempts."""
        return cls.of(delivery, log=[AttemptResponse.of(each) for each in attempts])


class RedeliveredResponse(Struct, frozen=True, rename="camel"):
    """How many deliveries are posted once more, and where others go on, if there are more."""

    redelivered: int
    more: Annotated[bool, Meta(description="Whether there are more than can be at once.")]
    next_cursor: Annotated[
        str | None, Meta(description="What to send as cursor, with all else as before.")
    ]

    @classmethod
    def of(cls, count: int, cursor: str | None) -> Self:
        """Show how many there were, and the cursor to go on from."""
        return cls(count, cursor is not None, cursor)
