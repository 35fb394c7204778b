"""How times are written on a page: by the store's clock, in the words of a calendar."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridgift.dashboard.filters import ago, date, date_time, lasting


@given(
    st.datetimes(datetime(1971, 1, 1), datetime(9998, 1, 1), timezones=st.just(UTC)),
    st.sampled_from(["America/Los_Angeles", "Europe/Berlin", "Asia/Kathmandu", "UTC"]),
)
def test_a_day_and_a_time_are_those_of_the_zone(moment: datetime, zone: str) -> None:
    instant, there = int(moment.timestamp() * 1000), moment.astimezone(ZoneInfo(zone))
    assert date(instant, zone) == f"{there.day} {there:%b %Y}"
    assert date_time(instant, zone) == f"{there.day} {there:%b %Y, %H:%M}"


@pytest.mark.parametrize(
    ("seconds", "past", "future", "so_far"),
    [
        (0, "just now", "just now", "for 1 minute"),
        (59, "just now", "in a moment", "for 1 minute"),
        (60, "1 minute ago", "in 1 minute", "for 1 minute"),
        (2 * 3600 + 5, "2 hours ago", "in 2 hours", "for 2 hours"),
        (86_400, "1 day ago", "in 1 day", "for 1 day"),
    ],
)
def test_how_long_it_is(seconds: int, past: str, future: str, so_far: str) -> None:
    span, now = seconds * 1000, 10**12
    assert (ago(now - span, now), ago(now + span, now)) == (past, future)
    assert lasting(now - span, now) == so_far
