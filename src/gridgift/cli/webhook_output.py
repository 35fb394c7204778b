"""What the commands on webhooks print."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from gridgift.cli.output import print_json, print_note
from gridgift.cli.tables import print_facts, print_table
from gridgift.domain import texts
from gridgift.domain.deliveries import Attempt, Delivery
from gridgift.domain.webhooks import Secrets, Webhook
from gridgift.fields import written
from gridgift.webhook_views import (
    DeliveryDetails,
    DeliveryResponse,
    IssuedWebhook,
    RedeliveredResponse,
    WebhookResponse,
)

HOST: Final = 28  # characters of a host in a table of 80 columns
ANSWER: Final = 200  # characters of an answer


def print_webhooks(found: Sequence[Webhook], json: bool) -> None:
    """Print a line for each webhook."""
    if json:
        print_json([WebhookResponse.of(webhook) for webhook in found])
        return
    print_table(
        ("ID", "STATE", "HOST"),
        [(each.id, _state(each), _cut(host_of(each), HOST)) for each in found],
    )


def print_issued(webhook: Webhook, secrets: Secrets, json: bool) -> None:
    """Print the secret alone on standard output, so that a script can keep it."""
    issued = IssuedWebhook.issued(WebhookResponse.of(webhook), secrets)
    if json:
        print_json(issued)
        return
    print(issued.secret, flush=True)
    print_note(f"It signs what the webhook {webhook.id} posts to {host_of(webhook)}.")
    print_note("Keep it: it is not shown again.")
    if webhook.previous_until is not None:
        print_note(f"The secret before it counts too until {written(webhook.previous_until)}.")


def print_webhook(webhook: Webhook, json: bool) -> None:
    """Print all there is to know of a webhook but its secret."""
    if json:
        print_json(WebhookResponse.of(webhook))
        return
    print_facts(
        [
            ("ID", webhook.id),
            ("STATE", _state(webhook)),
            ("FAILING SINCE", written(webhook.failing_since)),
            ("FORMAT", webhook.format),
            ("URL", webhook.url),
            ("TYPES", " ".join(webhook.types) or "all"),
        ],
    )


def print_deliveries(found: Sequence[Delivery], json: bool) -> None:
    """Print a line for each delivery."""
    if json:
        print_json([DeliveryResponse.of(delivery) for delivery in found])
        return
    print_table(
        ("ID", "TYPE", "STATE", "TRIES"),
        [(each.id, each.event_type, each.state, each.attempts) for each in found],
    )


def print_delivery(delivery: Delivery, attempts: list[Attempt], json: bool) -> None:
    """Print a delivery and its attempts."""
    if json:
        print_json(DeliveryDetails.detailed(delivery, attempts))
        return
    print_deliveries([delivery], json)
    print_note(f"Event {delivery.event_id}, {_when(delivery)}.")
    print()
    print_table(
        ("#", "WHEN", "STATUS", "MS", "ANSWER"),
        [
            (
                each.number,
                written(each.at),
                each.status,
                each.milliseconds,
                each.error or _cut(each.response, ANSWER),
            )
            for each in attempts
        ],
    )


def print_count(count: int, json: bool) -> None:
    """Print how many deliveries are attempted again."""
    if json:
        print_json(RedeliveredResponse.of(count, None))
        return
    said = texts.counted(count, "delivery is", "deliveries are")
    print_note(f"{said} posted again by a running server.")


def _state(webhook: Webhook) -> str:
    return "active" if webhook.active else str(webhook.disabled_reason).replace("_", " ")


def _when(delivery: Delivery) -> str:
    if delivery.next_attempt_at is not None:
        return f"to be posted at {written(delivery.next_attempt_at)}"
    return f"{delivery.state} at {written(delivery.finished_at)}"


def host_of(webhook: Webhook) -> str:
    """Return where a webhook posts to; the rest of its address may be a secret."""
    return urlsplit(webhook.url).hostname or ""


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}\N{HORIZONTAL ELLIPSIS}"
