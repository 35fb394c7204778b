"""Webhooks: addresses to which the store's events are posted (contract section 10)."""

from typing import Annotated, Any, ClassVar, Final

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from gridgift.domain import events, texts, webhooks
from gridgift.domain.ids import new_id
from gridgift.domain.webhook_failures import TooManyWebhooks, WebhookInactive, WebhookNotFound
from gridgift.domain.webhooks import (
    DISCORD,
    MAX_URL,
    MAX_WEBHOOKS,
    Format,
    Secrets,
    Wanted,
    Webhook,
)
from gridgift.http.edge.answers import ListResponse, PageQuery, list_reply, once
from gridgift.http.edge.api_key import ApiKey, KeyRequest
from gridgift.http.edge.path import id_parameter
from gridgift.http.edge.reply import Reply, encode_json
from gridgift.http.edge.route import Route, Tag
from gridgift.http.edge.shapes import has
from gridgift.webhook_views import (
    ISSUED_EXAMPLE,
    WEBHOOK_EXAMPLE,
    IssuedWebhook,
    WebhookResponse,
)

TAG: Final = Tag(
    "Webhooks",
    "Addresses to which what happens at the store is posted, signed as Standard Webhooks has it.",
)
READ: Final = ApiKey("webhooks:read")
WRITE: Final = ApiKey("webhooks:write")
PATH: Final = "/ext/v1/webhooks"
WEBHOOK_PATH: Final = f"{PATH}/{{webhook}}"
WEBHOOK_ID: Final = id_parameter(
    "webhook", "The webhook's id.", WEBHOOK_EXAMPLE["id"], WebhookNotFound
)

# The domain refuses what is wrong. JSON Schema can't know what a name leads to, nor which networks
# are private: this is the form of addresses that nothing is wrong with.
_LABEL: Final = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_REST: Final = r'(/[!-"$-\[\]-~]*)?$'  # no fragment, and no backslash
_ADDRESS: Final = rf"^https://({_LABEL}\.){{1,9}}[A-Za-z]{{2,3}}(:[1-9][0-9]{{0,3}})?{_REST}"
Url = Annotated[
    str,
    Meta(
        description="https, a public address, without a user name and without a fragment.",
        extra={
            "says": f"must be an address of at most {MAX_URL} printable ASCII characters",
            "parse": lambda text: text if texts.is_printable(text) else None,
        },
        extra_json_schema={"pattern": _ADDRESS, "maxLength": MAX_URL},
    ),
]
_ROOTS: Final = "|".join(root.replace(".", r"\.") for root in DISCORD)
_ELSEWHERE: Final = has(
    format={"const": "discord"}, url={"not": {"pattern": rf'^({_ROOTS})[!-"$-\[\]-~]*$'}}
)
EventType = Annotated[str, Meta(extra_json_schema={"enum": list(events.TYPES)})]
Types = Annotated[
    list[EventType],
    Meta(
        max_length=len(events.TYPES),
        description="Events of these types; none: of all, also of those that are added later.",
        extra={"says": f"must be a list of at most {len(events.TYPES)} types"},
    ),
]
Formats = Annotated[
    Format,
    Meta(
        description="standard: JSON for programs; discord: a line for people, to a channel. A "
        "server that allows private addresses takes discord at any address; this refuses it.",
        extra={"says": "must be standard or discord"},
    ),
]


class WebhookRequest(Struct, frozen=True):
    """Where to post, and what."""

    refused_shapes: ClassVar[tuple[dict[str, Any], ...]] = (_ELSEWHERE,)

    url: Url
    types: Types = []
    format: Formats = "standard"


class WebhookPatch(Struct, frozen=True):
    """What is omitted is left as it is; types are replaced whole."""

    refused_shapes: ClassVar[tuple[dict[str, Any], ...]] = (_ELSEWHERE,)

    url: Url | UnsetType = UNSET
    types: Types | UnsetType = UNSET
    format: Formats | UnsetType = UNSET
    active: bool | UnsetType = UNSET


async def create_webhook(request: KeyRequest[None, WebhookRequest]) -> Reply[IssuedWebhook]:
    """Have what happens from now on posted to an address."""
    body, services = request.body, request.services
    wanted = Wanted(body.url, tuple(body.types), body.format)
    made = await once(
        request, _show_new, webhooks.create, request.caller, new_id(), wanted,
        allow_private=services.settings.webhook_allow_private,
    )  # fmt: skip
    return _issued(made, services.webhook_secrets)


async def list_webhooks(
    request: KeyRequest[PageQuery, None],
) -> Reply[ListResponse[WebhookResponse]]:
    """Page through the store's webhooks."""
    query, store_id = request.query, request.store_id
    cursors = request.services.cursors.of(f"webhooks {store_id}", webhooks.KEY_TYPES)
    position = cursors.read(query.cursor)
    page = await request.operations.read(webhooks.list_of, store_id, position, query.limit)
    return list_reply(cursors, page.map(WebhookResponse.of), query.limit)


async def get_webhook(request: KeyRequest[None, None]) -> Reply[WebhookResponse]:
    """Read a webhook."""
    webhook_id = WEBHOOK_ID.of(request)
    return _show(await request.operations.read(webhooks.read, request.store_id, webhook_id))


async def update_webhook(request: KeyRequest[None, WebhookPatch]) -> Reply[WebhookResponse]:
    """Change a webhook, or switch it off or on."""
    body = request.body
    types = body.types if isinstance(body.types, UnsetType) else tuple(body.types)
    wanted = Wanted(body.url, types, body.format, body.active)
    return await once(
        request, _show, webhooks.update, request.caller, WEBHOOK_ID.of(request), wanted,
        allow_private=request.services.settings.webhook_allow_private,
    )  # fmt: skip


async def delete_webhook(request: KeyRequest[None, None]) -> Reply[WebhookResponse]:
    """Delete a webhook."""
    return await once(request, _show, webhooks.delete, request.caller, WEBHOOK_ID.of(request))


async def rotate_webhook_secret(request: KeyRequest[None, None]) -> Reply[IssuedWebhook]:
    """Give a webhook another secret."""
    rotated = await once(request, _show, webhooks.rotate, request.caller, WEBHOOK_ID.of(request))
    return _issued(rotated, request.services.webhook_secrets)


async def ping_webhook(request: KeyRequest[None, None]) -> Reply[WebhookResponse]:
    """Have an event posted to a webhook, to try it."""
    return await once(request, _show, webhooks.ping, request.caller, WEBHOOK_ID.of(request))


def _show(webhook: Webhook) -> Reply[WebhookResponse]:
    return Reply.json(WebhookResponse.of(webhook))


def _show_new(webhook: Webhook) -> Reply[WebhookResponse]:
    return Reply.json(WebhookResponse.of(webhook), 201)


def _issued(reply: Reply[WebhookResponse], secrets: Secrets) -> Reply[IssuedWebhook]:
    """Add the secret to an answer that may have been stored: none is stored with it."""
    shown = msgspec.json.decode(reply.body, type=WebhookResponse)
    issued = IssuedWebhook.issued(shown, secrets)
    return Reply(reply.status, reply.headers, encode_json(issued))


ROUTES: Final = (
    Route(
        "POST",
        PATH,
        WRITE,
        create_webhook,
        tag=TAG,
        summary="Have the store's events posted to an address",
        description="What happens from now on. The answer has the secret that signs what is "
        f"posted; no other answer shows it. A store has {MAX_WEBHOOKS} webhooks at most.",
        body=WebhookRequest,
        body_example={"url": WEBHOOK_EXAMPLE["url"], "types": WEBHOOK_EXAMPLE["types"]},
        answer=IssuedWebhook,
        example=ISSUED_EXAMPLE,
        status=201,
        refusals=(TooManyWebhooks,),
    ),
    Route(
        "GET",
        PATH,
        READ,
        list_webhooks,
        tag=TAG,
        summary="Page through the store's webhooks",
        description="Oldest first.",
        query=PageQuery,
        answer=ListResponse[WebhookResponse],
        example=ListResponse.example(WEBHOOK_EXAMPLE),
    ),
    Route(
        "GET",
        WEBHOOK_PATH,
        READ,
        get_webhook,
        tag=TAG,
        summary="Read a webhook",
        description="Whether it is active, and since when it only fails.",
        path_parameters=(WEBHOOK_ID,),
        answer=WebhookResponse,
        example=WEBHOOK_EXAMPLE,
    ),
    Route(
        "PATCH",
        WEBHOOK_PATH,
        WRITE,
        update_webhook,
        tag=TAG,
        summary="Change a webhook, or switch it off or on",
        description="What is omitted is left. One that is switched on again gets what happened "
        "meanwhile.",
        path_parameters=(WEBHOOK_ID,),
        body=WebhookPatch,
        body_example={"types": WEBHOOK_EXAMPLE["types"], "active": True},
        answer=WebhookResponse,
        example=WEBHOOK_EXAMPLE,
    ),
    Route(
        "DELETE",
        WEBHOOK_PATH,
        WRITE,
        delete_webhook,
        tag=TAG,
        summary="Delete a webhook",
        description="Nothing more is posted to it. The answer has it as it was.",
        path_parameters=(WEBHOOK_ID,),
        answer=WebhookResponse,
        example=WEBHOOK_EXAMPLE,
    ),
    Route(
        "POST",
        f"{WEBHOOK_PATH}/actions/rotate-secret",
        WRITE,
        rotate_webhook_secret,
        tag=TAG,
        summary="Give a webhook another secret",
        description="No body. For a day what is posted is signed with the one before too.",
        path_parameters=(WEBHOOK_ID,),
        answer=IssuedWebhook,
        example=ISSUED_EXAMPLE
        | {"secretVersion": 2, "previousUntil": "2026-11-23T19:45:00Z"}
        | {"updatedAt": "2026-11-22T19:45:00Z"},
    ),
    Route(
        "POST",
        f"{WEBHOOK_PATH}/actions/ping",
        WRITE,
        ping_webhook,
        tag=TAG,
        summary="Have an event of the type ping posted to a webhook",
        description="No body. To this webhook alone, whatever its types are.",
        path_parameters=(WEBHOOK_ID,),
        answer=WebhookResponse,
        example=WEBHOOK_EXAMPLE,
        refusals=(WebhookInactive,),
    ),
)
