"""The search over all gift cards of a store (contract section 10)."""

from collections.abc import Iterable
from contextlib import AsyncExitStack
from typing import Annotated, Final, cast

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from gridgift.domain import search
from gridgift.domain.card_filters import NO_FILTERS, Filters
from gridgift.domain.ids import parse_uuid
from gridgift.domain.model import MAX_CREDIT
from gridgift.domain.residents import parse_prefix
from gridgift.domain.search import Found, Search, SortBy
from gridgift.fields import (
    Credit,
    Cursor,
    Limit,
    Member,
    OwnerPrefix,
    Reference,
    Tag,
    Text,
    When,
    instant_of,
)
from gridgift.http.api.giftcards import EXTENSION_TAG, READ
from gridgift.http.edge.answers import Pagination
from gridgift.http.edge.api_key import KeyRequest
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.route import Route
from gridgift.search_views import FOUND_EXAMPLE, FoundGiftCard

SORTS: Final = "created|credit|expiry|updated"
SOURCES: Final = "key|operator|resident|unit|system|reissue"


def _one_of(words: str, description: str) -> Meta:
    *others, last = words.split("|")
    says = f"must be {', '.join(others)} or {last}"
    return Meta(pattern=f"^({words})$", description=description, extra={"says": says})


class CardFilters(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Which cards of a store; the filters combine with AND, and without any all are meant."""

    owner: OwnerPrefix | None = None
    active: Annotated[bool, Meta(description="Only active, or only inactive ones.")] | None = None
    redeemed: Annotated[bool, Meta(description="Only redeemed, or only others.")] | None = None
    expired: Annotated[bool, Meta(description="Only those whose date is over.")] | None = None
    expiring_from: Annotated[When, Meta(description="Their date is this or later.")] | None = None
    expiring_before: Annotated[When, Meta(description="Their date is before this.")] | None = None
    credit_from: Annotated[Credit, Meta(description="At least so much, in L$.")] = 0
    credit_to: Annotated[Credit, Meta(description="At most so much, in L$.")] = MAX_CREDIT
    created_from: Annotated[When, Meta(description="Made then or later.")] | None = None
    created_to: Annotated[When, Meta(description="Made before this.")] | None = None
    source: (
        Annotated[str, _one_of(SOURCES, "Who granted it, or that it replaces a lost card.")] | None
    ) = None
    tag: Tag | None = None
    reference: Reference | None = None
    note: (
        Annotated[
            Text, Meta(description="One of its newest 20 notes has this, in any letter case.")
        ]
        | UnsetType
    ) = UNSET
    metadata: Member | UnsetType = UNSET

    def filters(self) -> Filters:
        """Return which cards to find."""
        owner = self.owner or ""
        uuid = parse_uuid(owner)
        created_to = instant_of(self.created_to)
        return Filters(
            uuid,
            parse_prefix(owner) if uuid is None and owner else None,
            self.active,
            self.redeemed,
            self.expired,
            instant_of(self.expiring_from),
            instant_of(self.expiring_before),
            self.credit_from,
            self.credit_to,
            instant_of(self.created_from) or 0,
            NO_FILTERS.created_to if created_to is None else created_to - 1,
            self.source,
            self.tag,
            self.reference,
            note=self.note,
            metadata=self.metadata,
        )


class GiftCardFilters(CardFilters, frozen=True, rename="camel"):
    """Which cards of a store, and in which order."""

    sort: Annotated[
        str,
        Meta(
            pattern=f"^-?({SORTS})$",
            description="A - before it: downwards. Cards that never expire end last.",
            extra={"says": f"must be one of {SORTS.replace('|', ', ')}, or one after a -"},
        ),
    ] = "-created"

    @property
    def sort_by(self) -> SortBy:
        """What the cards are sorted by."""
        return cast("SortBy", self.sort.removeprefix("-"))

    @property
    def descending(self) -> bool:
        """Whether they are sorted downwards."""
        return self.sort.startswith("-")


class SearchQuery(GiftCardFilters, frozen=True, rename="camel"):
    """Which page of the cards."""

    limit: Limit = 100
    cursor: Cursor | None = None
    count: (
        Annotated[str, _one_of("exact|capped", "Count all that match, or up to 10 000.")] | None
    ) = None


class CountResponse(Struct, frozen=True):
    """How many cards match."""

    value: int
    exact: Annotated[bool, Meta(description="If false, there are at least so many.")]


class GiftCardSearchResponse(Struct, frozen=True):
    """A page of cards, and if wanted how many there are."""

    data: list[FoundGiftCard]
    pagination: Pagination
    count: CountResponse | UnsetType = UNSET


async def search_gift_cards(
    request: KeyRequest[SearchQuery, None],
) -> Reply[GiftCardSearchResponse]:
    """Search the store's cards."""
    query, filters = request.query, request.query.filters()
    asked = msgspec.json.encode((query.sort, filters)).decode()
    cursors = request.services.cursors.of(f"search {request.store_id} {asked}", search.KEY_TYPES)
    position = cursors.read(query.cursor)
    wanted = Search(filters, query.sort_by, query.descending, position, query.limit)
    page = await request.operations.read(search.search, request.store_id, wanted)
    links = Pagination(cursors.write(page.next), cursors.write(page.previous), query.limit)
    count = await _count(request, filters)
    return Reply.json(GiftCardSearchResponse(shown(page.rows), links, count))


def shown(found: Iterable[Found]) -> list[FoundGiftCard]:
    """Show the cards that were found."""
    return [FoundGiftCard.found(each) for each in found]


async def _count(
    request: KeyRequest[SearchQuery, None], filters: Filters
) -> CountResponse | UnsetType:
    """Count if it is wanted; exact counts, which look at every card, come one after the other."""
    if request.query.count is None:
        return UNSET
    exact = request.query.count == "exact"
    async with AsyncExitStack() as turns:
        if exact:
            await turns.enter_async_context(request.services.bulk_turn)
        counted = await request.operations.snapshot(
            search.count, request.store_id, filters, exact=exact
        )
    return CountResponse(counted.value, counted.exact)


ROUTES: Final = (
    Route(
        "GET",
        "/ext/v1/giftcards",
        READ,
        search_gift_cards,
        tag=EXTENSION_TAG,
        summary="Search the store's gift cards",
        description="The filters combine with AND. A page looks at a bounded number of cards, so "
        "it can have fewer rows than limit, or none, and a nextCursor that leads on: the list ends "
        "where nextCursor is null. A cursor belongs to the same filters and the same sort.",
        query=SearchQuery,
        answer=GiftCardSearchResponse,
        example={
            "data": [FOUND_EXAMPLE],
            "pagination": {"nextCursor": None, "previousCursor": None, "limit": 100},
        },
    ),
)
