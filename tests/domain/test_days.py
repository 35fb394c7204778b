"""Days in a time zone: a date lasts until its day has ended there, also where clocks are moved."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gridgift.domain.days import (
    SECOND_LIFE,
    Expiry,
    day_of,
    end_of,
    is_zone,
    local,
    start_of,
    zones,
)
from gridgift.domain.instants import FIRST, LAST, format_instant, parse_instant

ZONES = sorted(available_timezones())


@pytest.mark.parametrize(
    ("zone", "day", "end"),
    [
        (SECOND_LIFE, "2027-01-31", "2027-02-01T08:00:00Z"),
        (SECOND_LIFE, "2027-03-13", "2027-03-14T08:00:00Z"),
        (SECOND_LIFE, "2027-03-14", "2027-03-15T07:00:00Z"),  # a day of 23 hours
        (SECOND_LIFE, "2027-11-06", "2027-11-07T07:00:00Z"),
        (SECOND_LIFE, "2027-11-07", "2027-11-08T08:00:00Z"),  # a day of 25 hours
        (SECOND_LIFE, "2028-02-29", "2028-03-01T08:00:00Z"),
        ("Europe/Berlin", "2027-12-31", "2027-12-31T23:00:00Z"),
        ("Africa/Cairo", "2027-04-29", "2027-04-29T22:00:00Z"),  # the next one begins at 01:00
        ("America/Havana", "2027-11-06", "2027-11-07T04:00:00Z"),  # the next one has two midnights
        ("Asia/Kolkata", "2027-01-31", "2027-01-31T18:30:00Z"),
        ("Etc/GMT+12", "9999-12-30", "9999-12-31T12:00:00Z"),
        (
            "Etc/GMT+12",
            "9999-12-31",
            "9999-12-31T23:59:59.999Z",
        ),  # the last one that can be written
        ("Etc/GMT-14", "9999-12-31", "9999-12-31T23:59:59.999Z"),
        ("UTC", "2027-01-31", "2027-02-01T00:00:00Z"),
    ],
)
def test_a_day_ends(zone: str, day: str, end: str) -> None:
    until = Expiry.parse(day).at(zone)
    assert until is not None
    assert format_instant(until) == end
    assert until == end_of(date.fromisoformat(day), zone)


@given(st.dates(date(2026, 1, 1), date(2100, 1, 1)), st.sampled_from(ZONES))
@example(date(2027, 4, 29), "Africa/Cairo")
@example(date(2027, 11, 6), "America/Havana")
def test_the_end_is_the_first_instant_of_the_next_day(day: date, zone: str) -> None:
    end = datetime.fromtimestamp(end_of(day, zone) / 1000, UTC)
    assert end.astimezone(ZoneInfo(zone)).date() == day + timedelta(days=1)
    before = end - timedelta(milliseconds=1)
    assert before.astimezone(ZoneInfo(zone)).date() == day


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Europe/Berlin", "UTC", SECOND_LIFE])
def test_the_first_and_the_last_day_can_be_written_in_every_zone(zone: str) -> None:
    for day in (date.min, date.max):
        for instant in (start_of(day, zone), end_of(day, zone)):
            assert FIRST <= instant <= LAST
            assert parse_instant(format_instant(instant)) == instant
    assert day_of(start_of(date.min, zone), zone) == date.min
    assert day_of(end_of(date.max, zone) - 1, zone) == date.max


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Europe/Berlin", "UTC", SECOND_LIFE])
def test_the_last_instant_has_a_day_in_every_zone(zone: str) -> None:
    assert day_of(LAST, zone) == date.max
    assert f"{local(LAST, zone):%d %b %Y}" == "31 Dec 9999"


def test_what_is_no_day() -> None:
    assert Expiry.parse("2027-01-31T12:00:00-08:00").at(SECOND_LIFE) == 1_801_425_600_000
    assert Expiry.parse("Never").at(SECOND_LIFE) is None
    for text in (
        "2027-02-29",
        "2027-1-1",
        "31.01.2027",
        "10000-01-01",
        "0000-01-01",
        "2027-01-31T12:00",
        "",
        "now",
    ):
        with pytest.raises(ValueError, match="must be a date like"):
            Expiry.parse(text)


def test_zones_are_known_by_name() -> None:
    assert is_zone(SECOND_LIFE)
    for name in (
        "localtime",
        "Factory",
        "",
        "Mars/Olympus",
        "/etc/localtime",
        "../UTC",
        "America",
        "pst8",
        "\udcff",
        "\0",
    ):
        assert not is_zone(name)


def test_the_names_of_zones_are_looked_up_once() -> None:
    """Each look opens some 600 files, and a page that lists them asks for every one."""
    assert zones() is zones()
    assert all(is_zone(name) for name in zones())
    assert not zones() & {"localtime", "Factory"}
