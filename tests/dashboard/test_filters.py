"""How times are written on a page: by the store's clock, in the words of a calendar."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from gridgift.dashboard.filters import date, date_time


@given(
    st.datetimes(datetime(1971, 1, 1), datetime(9998, 1, 1), timezones=st.just(UTC)),
    st.sampled_from(["America/Los_Angeles", "Europe/Berlin", "Asia/Kathmandu", "UTC"]),
)
def test_a_day_and_a_time_are_those_of_the_zone(moment: datetime, zone: str) -> None:
    instant, there = int(moment.timestamp() * 1000), moment.astimezone(ZoneInfo(zone))
    assert date(instant, zone) == f"{there.day} {there:%b %Y}"
    assert date_time(instant, zone) == f"{there.day} {there:%b %Y, %H:%M}"
