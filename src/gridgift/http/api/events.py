"""The store's events: a feed that is read by cursor and can be waited for (contract section 10)."""

import re
from typing import Annotated, Final

from msgspec import Meta

from gridgift.domain import events
from gridgift.domain.events import LOOKED_AT, EventPage
from gridgift.domain.paging import Page, Position
from gridgift.event_views import EVENT_EXAMPLE, EventResponse
from gridgift.http.edge.answers import ListResponse, PageQuery, list_reply
from gridgift.http.edge.api_key import ApiKey, KeyRequest
from gridgift.http.edge.refusals import RateLimited
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.route import Route, Tag

TAG: Final = Tag("Events", "What happened at the store, to be read on and on, or waited for.")
WAIT_RETRY: Final = 5  # seconds after which a place to wait may be free
READ: Final = ApiKey("events:read")

_ANY_TYPE: Final = f"({'|'.join(map(re.escape, events.TYPES))})"
Types = Annotated[
    str,
    Meta(
        description=f"Separated by commas: {', '.join(events.TYPES)}.",
        extra_json_schema={"pattern": f"^({_ANY_TYPE}(,{_ANY_TYPE})*)?$"},
    ),
]
Wait = Annotated[
    int,
    Meta(
        ge=0,
        le=25,
        description="Seconds to wait for an event if there is none yet.",
        extra={"says": "must be an integer from 0 to 25 (seconds)"},
    ),
]


class EventsQuery(PageQuery, frozen=True):
    """Which events, from where on, and for how long to wait."""

    types: Types = ""
    wait: Wait = 0


async def list_events(
    request: KeyRequest[EventsQuery, None],
) -> Reply[ListResponse[EventResponse]]:
    """Read what happened at the store, oldest first, and wait for what comes."""
    query = request.query
    types = events.check_types(query.types.split(",")) if query.types else frozenset()
    cursors = request.services.cursors.of(f"events {request.store_id}", events.KEY_TYPES)
    position = cursors.read(query.cursor)
    found = await _next(request, position, types)
    if query.wait and found.next == position:
        with request.services.waiting.places.taken(request.principal.id) as free:
            if not free:
                raise RateLimited(WAIT_RETRY)
            found = await _waited(request, found, types)
    page = Page([EventResponse.of(each) for each in found.rows], found.next, None)
    return list_reply(cursors, page, query.limit)


async def _next(
    request: KeyRequest[EventsQuery, None], position: Position, types: frozenset[str]
) -> EventPage:
    return await request.operations.read(
        events.page, request.store_id, position, request.query.limit, types
    )


async def _waited(
    request: KeyRequest[EventsQuery, None], found: EventPage, types: frozenset[str]
) -> EventPage:
    """Wait for the next events of some types; without any in time, answer with the position."""
    services, store_id = request.services, request.store_id
    until = services.ticks() + request.query.wait
    while not found.rows and (left := until - services.ticks()) > 0:
        last = int(found.next.keys[0]) if found.next.keys else 0
        if not await services.waiting.until_after(store_id, last, left):
            break
        found = await _next(request, found.next, types)
    return found


ROUTES: Final = (
    Route(
        "GET",
        "/ext/v1/events",
        READ,
        list_events,
        tag=TAG,
        summary="Read what happened at the store",
        description="Oldest first, for 90 days. nextCursor is never null: at the end it brings "
        "what comes later, and with wait the answer is kept back until something comes. For an "
        f"answer with types up to {LOOKED_AT} events are looked at: if none of them is of these "
        "types, data is empty and nextCursor another one than was sent.",
        query=EventsQuery,
        answer=ListResponse[EventResponse],
        example=ListResponse.example(EVENT_EXAMPLE),
    ),
)
