"""Expiries in requests: what the document says of them is what is taken and refused."""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridgift.domain.instants import format_instant, parse_instant
from gridgift.fields import EXPIRY_PATTERN
from gridgift.http.reference.openapi import document
from gridgift.http.table import ROUTES
from tests.api import ApiFixture, problem
from tests.http.checks import one_engine, unchanged
from tests.http.requests import path_of, prepared

NEW_YEAR: Final = datetime(2026, 1, 1, tzinfo=UTC)  # before any instant that is ahead
DATED: Final = [
    pytest.param(route, id=f"{route.method} {route.path}")
    for route in ROUTES
    if "expires_at" in getattr(route.body, "__struct_fields__", ())
]
# Not those that answer for each of many cards.
OF_ONE: Final = [case for case in DATED if "ids" not in case.values[0].body.__struct_fields__]
TAKEN: Final = (
    "2026-12-31T23:59:59Z", "2099-01-01T00:00:00+14:00", "9998-12-31t23:59:59.123456789z",
)  # fmt: skip
REFUSED: Final = (
    "0001-01-01T00:00:00Z", "1999-12-31T23:59:59Z", "2025-12-31T23:59:59Z", "2027-01-31",
    "2025-12-31T23:59:59-12:00", "2027-01-31T12:00:60Z", "2027-01-31T12:00:00.1234567890Z",
    "2027-01-31T12:00:00", "2027-01-31 12:00:00Z", "soon", "",
)  # fmt: skip


def patterns(value: Any) -> list[str]:
    """Find the patterns of all expiries that requests may have, in a part of the document."""
    if isinstance(value, list):
        return [pattern for inner in value for pattern in patterns(inner)]
    if not isinstance(value, dict):
        return []
    own = [value["pattern"]] if {"format", "pattern"} <= value.keys() else []
    of_dates = own if value.get("format") == "date-time" else []
    return of_dates + [pattern for inner in value.values() for pattern in patterns(inner)]


def test_the_document_has_the_pattern_for_each() -> None:
    found = patterns(document(ROUTES, "http://shop.test"))
    assert found == [EXPIRY_PATTERN] * len({route.values[0].body for route in DATED})
    assert len(DATED) >= 4


@pytest.mark.contract("6.28", "10.22", "10.54")
@pytest.mark.parametrize("route", OF_ONE)
@one_engine
def test_what_the_document_excludes_is_refused(api: ApiFixture, route: Any) -> None:
    parts, body = prepared(api, route)
    path, only_later = path_of(route, **parts), "{lot}" in route.path
    with unchanged(api):
        for text in REFUSED:
            assert not re.search(EXPIRY_PATTERN, text)
            response = api.call(route.method, path, json=body | {"expiresAt": text})
            assert list(problem(response, 400, "validation_failed")["errors"]) == ["expiresAt"]
    for text in TAKEN[-1:] if only_later else TAKEN:
        assert re.search(EXPIRY_PATTERN, text)
        response = api.call(route.method, path, json=body | {"expiresAt": text})
        assert response.status_code == route.status, response.text


@pytest.mark.contract("6.28")
@given(
    st.datetimes(timezones=st.just(UTC)),
    st.integers(-23 * 60 - 59, 23 * 60 + 59),
    st.sampled_from(["seconds", "milliseconds", "microseconds"]),
)
def test_nothing_that_is_ahead_is_excluded(moment: datetime, offset: int, places: str) -> None:
    try:
        there = moment.astimezone(timezone(timedelta(minutes=offset)))
    except OverflowError:
        there = moment
    text = there.isoformat(timespec=places)
    read = parse_instant(text)
    if read is None:
        return
    ahead = moment >= NEW_YEAR + timedelta(days=1)
    assert bool(re.search(EXPIRY_PATTERN, text)) >= ahead
    assert parse_instant(format_instant(read)) == read
