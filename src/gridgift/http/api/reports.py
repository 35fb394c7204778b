"""What a store owes, and what happened to its credit, in sums (contract section 10)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from gridgift.domain import activity, reports
from gridgift.domain.days import parse_day, parse_moment
from gridgift.domain.failures import ValidationFailed
from gridgift.domain.periods import By
from gridgift.http.edge.api_key import ApiKey, KeyRequest
from gridgift.http.edge.refusals import RateLimited
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.route import Route, Tag
from gridgift.report_views import (
    ACTIVITY_EXAMPLE,
    LIABILITY_EXAMPLE,
    ActivityResponse,
    LiabilityResponse,
)

TAG: Final = Tag("Reports", "Sums over the whole store, for its books.")
READ: Final = ApiKey("reports:read")
RETRY: Final = 2  # seconds after which a report that is being made may be ready

_DATE: Final = "(20|2[1-9]|[3-9][0-9])[0-9]{2}-[0-9]{2}-[0-9]{2}"
_TIME: Final = r"[Tt][0-9]{2}:[0-9]{2}:[0-5][0-9](\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})"

Moment = Annotated[
    str,
    Meta(
        description="A date and time, or a date: the end of that day in the store's time zone.",
        extra={
            "says": "must be a date like 2026-11-30, or a date and time like 2026-11-30T12:00:00Z",
            "parse": parse_moment,
        },
        extra_json_schema={"pattern": f"^{_DATE}({_TIME})?$"},
    ),
]
Day = Annotated[
    str,
    Meta(
        description="A date in the store's time zone.",
        extra={"says": "must be a date like 2026-11-30", "parse": parse_day},
        extra_json_schema={"format": "date", "pattern": f"^{_DATE}$"},
    ),
]


class LiabilityQuery(Struct, frozen=True):
    """At which instant; now if that is left out."""

    at: Moment | None = None


class ActivityQuery(Struct, frozen=True, rename={"first": "from", "last": "to"}):
    """Which periods: those of the first day and the last day, and all between them."""

    first: (
        Annotated[Day, Meta(description="In the first period; without it there are twelve.")] | None
    ) = None
    last: Annotated[Day, Meta(description="In the last period; without it, today.")] | None = None
    by: By = "month"


async def read_liability(request: KeyRequest[LiabilityQuery, None]) -> Reply[LiabilityResponse]:
    """Add up what the store owes."""
    at = request.query.at
    until = None if at is None else parse_moment(at)
    with only_one(request):
        found = await request.operations.snapshot(reports.liability, request.store_id, until)
    return Reply.json(LiabilityResponse.of(found))


async def read_activity(request: KeyRequest[ActivityQuery, None]) -> Reply[ActivityResponse]:
    """Add up what happened."""
    query = request.query
    first, last = (None if text is None else parse_day(text) for text in (query.first, query.last))
    with only_one(request):
        found = await request.operations.snapshot(
            activity.activity, request.store_id, query.by, first, last
        )
    return Reply.json(ActivityResponse.of(found))


@contextmanager
def only_one(request: KeyRequest[Any, None]) -> Iterator[None]:
    """Make one report of a store at a time. Raises ``RateLimited`` to others."""
    with request.services.reports.taken(request.store_id) as free:
        if not free:
            raise RateLimited(RETRY)
        yield


_COST: Final = (
    "It looks at the whole store, which takes seconds where there are a million cards: a server "
    "process makes one report of a store at a time, and two in all."
)
ROUTES: Final = (
    Route(
        "GET",
        "/ext/v1/reports/liability",
        READ,
        read_liability,
        tag=TAG,
        summary="Read what the store owes",
        description="The credit of gift cards that are active and not expired, and store credit; "
        "beside it what is on other cards. At an instant that is over it is what the ledger's "
        f"entries say of then. {_COST}",
        query=LiabilityQuery,
        answer=LiabilityResponse,
        example=LIABILITY_EXAMPLE,
        refusals=(ValidationFailed,),
    ),
    Route(
        "GET",
        "/ext/v1/reports/activity",
        READ,
        read_activity,
        tag=TAG,
        summary="Read what was granted, redeemed and spent",
        description="By days, weeks from Monday on, or months, in the store's time zone; up to 400 "
        f"of them, each whole. {_COST}",
        query=ActivityQuery,
        answer=ActivityResponse,
        example=ACTIVITY_EXAMPLE,
        refusals=(ValidationFailed,),
    ),
)
