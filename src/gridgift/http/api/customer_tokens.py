"""Customer tokens: links that open a resident's own page (contract section 8)."""

import re
import secrets
from typing import Annotated, Final

from msgspec import Meta, Struct

from gridgift.domain import failures, stores, tokens
from gridgift.domain.ids import new_id
from gridgift.domain.instants import HOUR, format_instant
from gridgift.domain.keys import RANDOM_BYTES, NewCredential
from gridgift.domain.residents import parse_identifier
from gridgift.domain.tokens import MintedToken
from gridgift.fields import Identifier, Instant
from gridgift.http.edge.answers import write
from gridgift.http.edge.api_key import ApiKey, KeyRequest
from gridgift.http.edge.customer_token import CUSTOMER_PAGE, CUSTOMER_TOKEN
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.route import Route

_VIEW: Final = "[A-Za-z0-9_-]*"

View = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=64,
        description="What the page shows first, such as giftcards: the link has it in its query.",
        extra={
            "says": "must have 1 to 64 letters, digits, hyphens and underscores",
            "parse": re.compile(_VIEW).fullmatch,
        },
        extra_json_schema={"pattern": f"^{_VIEW}$"},
    ),
]
NoCollective = Annotated[
    None,
    Meta(
        description="Only null: Gridgift has no collectives.",
        extra={"says": "can't be named: Gridgift has no collectives"},
    ),
]


class MintTokenRequest(Struct, frozen=True, rename="camel"):
    """For whom, by a username or an avatar UUID, and where the link leads."""

    customer_identifier: Identifier
    view: View | None = None
    collective_id: NoCollective = None


class MintTokenResponse(Struct, frozen=True, rename="camel"):
    """A token, and the address that opens the resident's page with it."""

    token: str
    url: str
    expires_at: Instant


async def mint_customer_token(
    request: KeyRequest[None, MintTokenRequest],
) -> Reply[MintTokenResponse]:
    """Make a link that opens a resident's own page."""
    services = request.services
    store = await request.operations.read(stores.read, request.store_id)
    minted = await write(
        request,
        tokens.mint,
        request.caller,
        services.credentials.of(CUSTOMER_TOKEN).signer,
        parse_identifier(request.body.customer_identifier),
        services.settings.token_hours * HOUR,
        NewCredential(new_id(), secrets.token_bytes(RANDOM_BYTES)),
    )
    view, public_url = request.body.view or "", services.settings.public_url
    return _show(minted, tokens.page_address(store, public_url, minted.token, view))


def _show(minted: MintedToken, url: str) -> Reply[MintTokenResponse]:
    expires_at = format_instant(minted.stored.expires_at)
    return Reply.json(MintTokenResponse(minted.token, url, expires_at))


ROUTES: Final = (
    Route(
        "POST",
        "/v1/customer-tokens",
        ApiKey("customertokens:mint"),
        mint_customer_token,
        tag=CUSTOMER_PAGE,
        summary="Make a link to a resident's own page",
        description="Whoever has the link may redeem and pass on the resident's cards until it "
        "expires. Each call makes a new one, also with an Idempotency-Key: tokens are not kept.",
        body=MintTokenRequest,
        body_example={"customerIdentifier": "kelly.moonwall"},
        answer=MintTokenResponse,
        example={
            "token": "gct_PAYLOAD.SIGNATURE",
            "url": "https://gifts.example.com/me#ct=gct_PAYLOAD.SIGNATURE",
            "expiresAt": "2026-11-23T19:30:00Z",
        },
        refusals=(failures.IdentifierMalformed, failures.ResidentNotFound),
        replayable=False,
    ),
)
