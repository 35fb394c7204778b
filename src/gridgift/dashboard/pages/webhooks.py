"""Webhooks: addresses to which what happens is posted, and what came of it."""

from typing import Any, Final

from msgspec import Struct

from gridgift.dashboard.acting import act
from gridgift.dashboard.filters import host
from gridgift.dashboard.forms import EMPTY, Draft
from gridgift.dashboard.page import Page, forms_about
from gridgift.dashboard.render import Flash, redirect, render
from gridgift.dashboard.seen import Seen, SeenForm, SwitchForm
from gridgift.domain import deliveries, events, webhooks
from gridgift.domain.actions import About
from gridgift.domain.deliveries import Attempt, Delivery, State
from gridgift.domain.ids import new_id
from gridgift.domain.paging import Page as Rows
from gridgift.domain.paging import Position
from gridgift.domain.webhook_failures import DeliveryNotFound, WebhookNotFound
from gridgift.domain.webhooks import MAX_WEBHOOKS, Format, Wanted, Webhook
from gridgift.fields import Cursor
from gridgift.http.edge.path import id_parameter
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.session import OperatorRequest, Session
from gridgift.storage.database import Tx
from gridgift.webhook_views import DELIVERY_EXAMPLE, WEBHOOK_EXAMPLE

WEBHOOKS: Final = "/dashboard/webhooks"
ROWS: Final = 50

WEBHOOK: Final = id_parameter("id", "A webhook's id.", WEBHOOK_EXAMPLE["id"], WebhookNotFound)
DELIVERY: Final = id_parameter(
    "delivery", "A delivery's id.", DELIVERY_EXAMPLE["id"], DeliveryNotFound
)
STATES: Final[dict[State, str]] = {
    "pending": "On its way",
    "delivered": "Delivered",
    "failed": "Failed",
    "dropped": "Given up",
}
# The types of events, in words: gift_card.redeemed is "Gift card redeemed".
TYPES: Final = {
    name: name.replace("_", " ").replace(".", " ").capitalize() for name in events.TYPES
}


class Endpoint(Struct, frozen=True):
    """The form that says where to post, and what; without types: everything."""

    url: str
    format: Format = "standard"
    types: list[str] = []

    @property
    def wanted(self) -> Wanted:
        """What the webhook shall be."""
        return Wanted(self.url, tuple(self.types), self.format)


class Change(Endpoint, frozen=True, kw_only=True):
    """The form for a webhook that there is, as it was shown."""

    seen: str = ""


class DeliveriesQuery(Struct, frozen=True):
    """Which deliveries; without a state: all of them."""

    state: State | None = None
    cursor: Cursor | None = None


async def show_webhooks(
    request: OperatorRequest[None, object], draft: Draft = EMPTY
) -> Reply[None]:
    """Show where what happens is posted to."""
    found = await request.operations.read(
        webhooks.list_of, request.store_id, Position(), MAX_WEBHOOKS
    )
    return render(
        request, "webhooks.html", webhooks=found.rows, types=TYPES, draft=draft, seen=_SEEN
    )


async def create_webhook(request: OperatorRequest[None, Endpoint]) -> Reply[None]:
    """Make a webhook, and show this once the secret that signs what is posted."""
    made = await act(
        request, "webhook_made", _which,
        webhooks.create, request.caller, new_id(), request.body.wanted,
        allow_private=request.services.settings.webhook_allow_private,
    )  # fmt: skip
    return await _show(request, made.id, EMPTY, secret_of=made)


async def show_webhook(request: OperatorRequest[Any, object], draft: Draft = EMPTY) -> Reply[None]:
    """Show a webhook, and a page of what was posted to it."""
    return await _show(request, WEBHOOK.of(request), draft)


async def change_webhook(request: OperatorRequest[None, Change]) -> Reply[None]:
    """Have something else posted, or elsewhere."""
    webhook_id = WEBHOOK.of(request)
    changed = await act(
        request, "webhook_changed", _which, _SEEN.only(request, webhook_id, webhooks.update),
        request.caller, webhook_id, request.body.wanted,
        allow_private=request.services.settings.webhook_allow_private,
    )  # fmt: skip
    return _done(request, changed.id, "The webhook is changed.")


async def switch_webhook(request: OperatorRequest[None, SwitchForm]) -> Reply[None]:
    """Have nothing posted for now, or go on where it was left."""
    webhook_id, wanted = WEBHOOK.of(request), Wanted(active=request.body.to == "on")
    changed = await act(
        request, "webhook_resumed" if wanted.active else "webhook_paused", _which,
        _SEEN.only(request, webhook_id, webhooks.update), request.caller, webhook_id, wanted,
    )  # fmt: skip
    said = "It gets what it missed, and what comes." if changed.active else "Nothing is posted now."
    return _done(request, changed.id, said)


async def rotate_secret(request: OperatorRequest[None, SeenForm]) -> Reply[None]:
    """Give a webhook another secret, and show it this once."""
    webhook_id = WEBHOOK.of(request)
    rotated = await act(
        request, "webhook_secret_changed", _which,
        _SEEN.only(request, webhook_id, webhooks.rotate), request.caller, webhook_id,
    )  # fmt: skip
    return await _show(request, rotated.id, EMPTY, secret_of=rotated)


async def send_test(request: OperatorRequest[None, SeenForm]) -> Reply[None]:
    """Have a test event posted."""
    webhook_id = WEBHOOK.of(request)
    webhook = await act(
        request, "webhook_tested", _which,
        _SEEN.only(request, webhook_id, webhooks.ping), request.caller, webhook_id,
    )  # fmt: skip
    said = "A test event, “ping”, is on its way: load the page again to see what came of it."
    return _done(request, webhook.id, said)


async def delete_webhook(request: OperatorRequest[None, SeenForm]) -> Reply[None]:
    """Have nothing posted any more."""
    webhook_id = WEBHOOK.of(request)
    await act(
        request, "webhook_deleted", _which,
        _SEEN.only(request, webhook_id, webhooks.delete), request.caller, webhook_id,
    )  # fmt: skip
    return redirect(request, WEBHOOKS, flash=Flash("The webhook is deleted."))


async def show_delivery(
    request: OperatorRequest[None, object], draft: Draft = EMPTY
) -> Reply[None]:
    """Show a delivery, and each attempt."""
    webhook, delivery, attempts = await request.operations.read(
        _read_delivery, request.store_id, WEBHOOK.of(request), DELIVERY.of(request)
    )
    draft, changed = _SEEN.compared(draft, webhook, request.principal.zone)
    return render(
        request, "delivery.html", webhook=webhook, delivery=delivery, attempts=attempts,
        states=STATES, types=TYPES, draft=draft, changed=changed, seen=_SEEN,
    )  # fmt: skip


async def redeliver(request: OperatorRequest[None, SeenForm]) -> Reply[None]:
    """Post a delivery once more."""
    webhook_id, delivery_id = WEBHOOK.of(request), DELIVERY.of(request)
    again = await act(
        request, "delivery_repeated",
        lambda again: About(again.webhook_id, TYPES.get(again.event_type, again.event_type)),
        _SEEN.only(request, webhook_id, deliveries.redeliver),
        request.store_id, webhook_id, delivery_id,
    )  # fmt: skip
    to = f"{WEBHOOKS}/{webhook_id}/deliveries/{again.id}"
    return redirect(request, to, flash=Flash("It is posted once more."))


async def _show(
    request: OperatorRequest[Any, object],
    webhook_id: str,
    draft: Draft,
    secret_of: Webhook | None = None,
) -> Reply[None]:
    """Show a webhook; ``secret_of`` says that its secret is to be shown."""
    query = request.query if isinstance(request.query, DeliveriesQuery) else DeliveriesQuery()
    store_id, services = request.store_id, request.services
    named = f"dashboard deliveries {store_id} {webhook_id} {query.state}"
    cursors = services.cursors.of(named, deliveries.KEY_TYPES)
    webhook, page = await request.operations.read(
        _read_webhook, store_id, webhook_id, query.state, cursors.read(query.cursor)
    )
    draft, changed = _SEEN.compared(draft, webhook, request.principal.zone)
    secret = secret_of and services.webhook_secrets.of(webhook.id, webhook.secret_version)
    return render(
        request, "webhook.html", webhook=webhook, found=page.rows, query=query, secret=secret,
        next=cursors.write(page.next), previous=cursors.write(page.previous),
        states=STATES, types=TYPES, draft=draft, changed=changed, seen=_SEEN,
    )  # fmt: skip


async def _read_webhook(
    tx: Tx, store_id: str, webhook_id: str, state: State | None, position: Position
) -> tuple[Webhook, Rows[Delivery]]:
    webhook = await webhooks.read(tx, store_id, webhook_id)
    return webhook, await deliveries.list_of(tx, store_id, webhook_id, state, None, position, ROWS)


async def _read_delivery(
    tx: Tx, store_id: str, webhook_id: str, delivery_id: str
) -> tuple[Webhook, Delivery, list[Attempt]]:
    delivery, attempts = await deliveries.read(tx, store_id, webhook_id, delivery_id)
    return await webhooks.read(tx, store_id, webhook_id), delivery, attempts


def _which(webhook: Webhook) -> About:
    return About(webhook.id, host(webhook.url))


def _done(request: OperatorRequest[None, Any], webhook_id: str, said: str) -> Reply[None]:
    return redirect(request, f"{WEBHOOKS}/{webhook_id}", flash=Flash(said))


def _values(webhook: Webhook, _: str) -> dict[str, object]:
    """Return what a webhook's page shows, but for how it does."""
    names = ("url", "format", "types", "active", "secret_version")
    return {name: getattr(webhook, name) for name in names}


_SEEN: Final = Seen(webhooks.lock, lambda webhook: host(webhook.url), _values)
_OWNER: Final = Session("owner")
_ONE: Final = f"{WEBHOOKS}/{{id}}"
_SENT: Final = f"{_ONE}/deliveries/{{delivery}}"
_ABOUT_ONE: Final[tuple[tuple[str, Any, Any], ...]] = (
    ("change", change_webhook, Change),
    ("switch", switch_webhook, SwitchForm),
    ("rotate", rotate_secret, SeenForm),
    ("test", send_test, SeenForm),
    ("delete", delete_webhook, SeenForm),
)

PAGES: Final = (
    Page("GET", WEBHOOKS, _OWNER, show_webhooks),
    Page("POST", WEBHOOKS, _OWNER, create_webhook, body=Endpoint, again=show_webhooks),
    Page("GET", _ONE, _OWNER, show_webhook, query=DeliveriesQuery, path_parameters=(WEBHOOK,)),
    *forms_about(_ONE, WEBHOOK, _OWNER, show_webhook, _ABOUT_ONE),
    Page("GET", _SENT, _OWNER, show_delivery, path_parameters=(WEBHOOK, DELIVERY)),
    Page(
        "POST",
        f"{_SENT}/again",
        _OWNER,
        redeliver,
        body=SeenForm,
        path_parameters=(WEBHOOK, DELIVERY),
        again=show_delivery,
    ),
)
