"""Redemptions, and all entries of the ledger, for a store's books (contract section 10)."""

from collections.abc import Callable
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from gridgift.domain import redemptions, search
from gridgift.domain.failures import ValidationFailed
from gridgift.domain.ids import parse_uuid
from gridgift.domain.redemptions import Wanted
from gridgift.domain.residents import parse_prefix
from gridgift.exports import Form, Read, parts
from gridgift.fields import Cursor, Limit, OwnerPrefix, When, instant_of
from gridgift.http.api.events import READ
from gridgift.http.edge.answers import ListResponse, file_reply, list_reply
from gridgift.http.edge.api_key import KeyRequest
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.route import Route, Tag
from gridgift.ledger_files import (
    ENTRY_FORMS,
    REDEMPTION_FORMS,
    Redemption,
    entry_pages,
    redemption_pages,
)
from gridgift.views import CARD_EXAMPLE

TAG: Final = Tag(
    "Ledger", "What happened at the store, for its books: redemptions, and all entries as files."
)
REDEMPTIONS: Final = "/ext/v1/redemptions"
ENTRIES: Final = "/ext/v1/entries"

_EXAMPLE: Final[dict[str, Any]] = {
    "giftCardId": CARD_EXAMPLE["id"],
    "ownerUuid": CARD_EXAMPLE["ownerUuid"],
    "ownerUsername": CARD_EXAMPLE["ownerUsername"],
    "amount": 500,
    "redeemedAt": "2026-11-24T08:15:00Z",
    "actor": {"kind": "resident", "id": CARD_EXAMPLE["ownerUuid"]},
    "storeCredit": 750,
    "left": 120,
}
_WHOLE: Final = (
    "A file that breaks off is not whole: its connection ends without an end of the answer."
)


class Between(Struct, frozen=True, rename={"begins": "from", "ends": "to"}):
    """In which time; what is left out has no end there."""

    begins: Annotated[When, Meta(description="Then or later.")] | None = None
    ends: Annotated[When, Meta(description="Before this.")] | None = None

    @property
    def instants(self) -> tuple[int, int]:
        """From when to when that is, in milliseconds."""
        ends_at = instant_of(self.ends)
        return instant_of(self.begins) or 0, Wanted().ends_at if ends_at is None else ends_at


class RedemptionFilters(Between, frozen=True):
    """Which redemptions."""

    owner: OwnerPrefix | None = None

    @property
    def wanted(self) -> Wanted:
        """Which redemptions, as the domain has it."""
        owner = self.owner or ""
        uuid = parse_uuid(owner)
        prefix = parse_prefix(owner) if owner and uuid is None else None
        return Wanted(uuid, prefix, *self.instants)


class RedemptionsQuery(RedemptionFilters, frozen=True):
    """Which page of them."""

    limit: Limit = 100
    cursor: Cursor | None = None


async def list_redemptions(
    request: KeyRequest[RedemptionsQuery, None],
) -> Reply[ListResponse[Redemption]]:
    """Page through the redemptions of the store's cards."""
    query, store_id, wanted = request.query, request.store_id, request.query.wanted
    asked = msgspec.json.encode(wanted).decode()
    cursors = request.services.cursors.of(f"redemptions {store_id} {asked}", search.KEY_TYPES)
    page = await request.operations.read(
        redemptions.list_of, store_id, wanted, cursors.read(query.cursor), query.limit
    )
    return list_reply(cursors, page.map(Redemption.of), query.limit)


async def export_redemptions_as_csv(request: KeyRequest[RedemptionFilters, None]) -> Reply[None]:
    """Answer with a CSV file of the redemptions."""
    return await _file(request, _CSV_OF_REDEMPTIONS, _redemptions(request))


async def export_redemptions_as_json_lines(
    request: KeyRequest[RedemptionFilters, None],
) -> Reply[None]:
    """Answer with a line of JSON for each redemption."""
    return await _file(request, _LINES_OF_REDEMPTIONS, _redemptions(request))


async def export_entries_as_csv(request: KeyRequest[Between, None]) -> Reply[None]:
    """Answer with a CSV file of the ledger's entries."""
    return await _file(request, _CSV_OF_ENTRIES, _entries(request))


async def export_entries_as_json_lines(request: KeyRequest[Between, None]) -> Reply[None]:
    """Answer with a line of JSON for each of the ledger's entries."""
    return await _file(request, _LINES_OF_ENTRIES, _entries(request))


def _redemptions(request: KeyRequest[RedemptionFilters, None]) -> Read[Any]:
    return redemption_pages(request.store_id, request.query.wanted)


def _entries(request: KeyRequest[Between, None]) -> Read[Any]:
    return entry_pages(request.store_id, *request.query.instants)


async def _file(request: KeyRequest[Any, None], form: Form[Any], read: Read[Any]) -> Reply[None]:
    written = parts(form, request.operations, request.check, read)
    return await file_reply(form.media_type, form.name, written)


_CSV_OF_REDEMPTIONS, _LINES_OF_REDEMPTIONS = REDEMPTION_FORMS
_CSV_OF_ENTRIES, _LINES_OF_ENTRIES = ENTRY_FORMS


def _row(
    path: str, form: Form[Any], handler: Callable[..., Any], **more: Any
) -> Route[Any, Any, None, None]:
    """Return the row of a file."""
    return Route(
        "GET", f"{path}/export.{form.kind}", READ, handler,
        tag=TAG, media_type=form.media_type, refusals=(ValidationFailed,), **more,
    )  # fmt: skip


_OF_REDEMPTIONS: Final[dict[str, Any]] = {
    "query": RedemptionFilters,
    "description": f"All that the list finds, in its order. {_WHOLE}",
}
_OF_ENTRIES: Final[dict[str, Any]] = {
    "query": Between,
    "description": "Of one account after the other, gift cards first, each oldest first. " + _WHOLE,
}
ROUTES: Final = (
    Route(
        "GET",
        REDEMPTIONS,
        READ,
        list_redemptions,
        tag=TAG,
        summary="Page through redemptions",
        description="Gift cards that became store credit, how much that was, and how much of "
        "it is left. The card that was changed last comes first. A page may have fewer than its "
        "limit, and another one after it.",
        query=RedemptionsQuery,
        answer=ListResponse[Redemption],
        example=ListResponse.example(_EXAMPLE),
    ),
    _row(
        REDEMPTIONS, _CSV_OF_REDEMPTIONS, export_redemptions_as_csv,
        summary="Export redemptions as CSV", **_OF_REDEMPTIONS,
    ),
    _row(
        REDEMPTIONS, _LINES_OF_REDEMPTIONS, export_redemptions_as_json_lines,
        summary="Export redemptions as JSON lines", **_OF_REDEMPTIONS,
    ),
    _row(
        ENTRIES, _CSV_OF_ENTRIES, export_entries_as_csv,
        summary="Export the ledger's entries as CSV", **_OF_ENTRIES,
    ),
    _row(
        ENTRIES, _LINES_OF_ENTRIES, export_entries_as_json_lines,
        summary="Export the ledger's entries as JSON lines", **_OF_ENTRIES,
    ),
)  # fmt: skip
