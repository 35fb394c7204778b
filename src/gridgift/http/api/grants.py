"""Granting one gift card (contract section 6)."""

from typing import Annotated, Any, Final

from msgspec import UNSET, Meta, Struct, UnsetType

from gridgift.domain import failures, grants
from gridgift.domain.giftcards import Terms
from gridgift.domain.grants import GrantRequest
from gridgift.domain.ids import new_id, texture_of
from gridgift.domain.model import Labels
from gridgift.domain.residents import parse_username, seen_as
from gridgift.fields import (
    Expiry,
    GrantedCredit,
    Metadata,
    Note,
    Reference,
    Tags,
    Username,
    Uuid,
    instant_of,
)
from gridgift.http.api.giftcards import TAG, WRITE, show_change
from gridgift.http.edge.answers import batched
from gridgift.http.edge.api_key import KeyRequest
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.route import Route
from gridgift.http.parameters import IDENTIFIER
from gridgift.views import CARD_EXAMPLE, GiftCardResponse

Announce = Annotated[
    bool,
    Meta(description="Whether the resident is told in Second Life; else the store's setting."),
]


class GrantGiftCardRequest(Struct, frozen=True, rename="camel"):
    """What a resident is given; without ``expiresAt`` the card lasts as the store has it.

    ``username`` is whose UUID the path has, in case nobody has heard of them yet.
    """

    credit: GrantedCredit
    transfer: bool = False
    texture: Uuid | None = None
    expires_at: Expiry | None | UnsetType = UNSET
    reference: Reference | None = None
    tags: Tags = []
    metadata: Metadata = {}
    username: Username | None = None
    announce: Announce | UnsetType = UNSET
    note: Annotated[Note, Meta(description="What is noted on the card.")] | UnsetType | None = UNSET

    @property
    def known_as(self) -> str | None:
        """Return the username, normalised."""
        return None if self.username is None else parse_username(self.username)

    def terms(self, reason: str = "") -> Terms:
        """Return what to grant."""
        expires_at: int | None | UnsetType = UNSET
        if not isinstance(self.expires_at, UnsetType):
            expires_at = instant_of(self.expires_at)
        labels = Labels.of(self.reference, self.tags, self.metadata)
        texture = texture_of(self.texture)
        return Terms(
            self.credit, self.transfer, texture, expires_at, reason, labels,
            announce=self.announce, note=self.note or UNSET,
        )  # fmt: skip


async def grant_gift_card(
    request: KeyRequest[None, GrantGiftCardRequest],
) -> Reply[GiftCardResponse]:
    """Give a resident a new card."""
    body, identifier = request.body, IDENTIFIER.of(request)
    seen = seen_as(identifier, body.known_as, accept=accepts(request))
    wanted = GrantRequest(request.caller, identifier, body.terms(), new_id(), seen)
    return await batched(request, show_change, grants.GRANT_EACH, wanted)


def accepts(request: KeyRequest[Any, Any]) -> bool:
    """Tell whether this server takes avatars of whom it has not heard, without a username."""
    return request.services.settings.unknown_uuids == "accept"


ROUTES: Final = (
    Route(
        "POST",
        "/v1/customers/{identifier}/actions/grant-gift-card",
        WRITE,
        grant_gift_card,
        tag=TAG,
        summary="Grant a gift card",
        description="The resident becomes the store's customer. An avatar's UUID that nobody knows "
        "is registered if the body has its username. Under a reference a store grants "
        "one card: the same request once more is answered with that card as it is now, and any "
        "other one is refused.",
        path_parameters=(IDENTIFIER,),
        body=GrantGiftCardRequest,
        body_example={"credit": 500, "transfer": True},
        answer=GiftCardResponse,
        example=CARD_EXAMPLE,
        etag=True,
        refusals=(failures.ReferenceTaken, failures.UsernameTaken),
    ),
)
