"""Instants: milliseconds inside, ISO 8601 in UTC outside (contract section 1)."""

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridgift.domain.instants import format_instant, parse_instant

FIRST = -62_135_596_800_000  # the year 1
LAST = 253_402_300_799_999  # the year 9999

instants = st.integers(FIRST, LAST)
offsets = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@pytest.mark.contract("1.7")
@given(instant=instants)
def test_what_is_written_reads_the_same(instant: int) -> None:
    text = format_instant(instant)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z", text)
    assert parse_instant(text) == instant


@given(moment=st.datetimes(timezones=offsets))
def test_any_offset_is_read_and_can_be_written_again(moment: datetime) -> None:
    instant = parse_instant(moment.isoformat(timespec="milliseconds"))
    if instant is None:  # in UTC it lies outside the years 1 to 9999
        with pytest.raises(OverflowError):
            moment.astimezone(UTC)
        return
    assert parse_instant(format_instant(instant)) == instant


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-11-22T19:30:00z", 1_795_375_800_000),
        ("2026-11-22T19:30:00.5Z", 1_795_375_800_500),
        ("2026-11-22T19:30:00.123999999Z", 1_795_375_800_123),
        ("2026-11-22T20:30:00+01:00", 1_795_375_800_000),
        ("1969-12-31T23:59:59.999Z", -1),
    ],
)
def test_examples(text: str, instant: int) -> None:
    assert parse_instant(text) == instant


@pytest.mark.parametrize(
    "text",
    [
        "", "tomorrow", "2026-11-22", "2026-11-22T19:30:00", "2026-11-22 19:30:00Z",
        "2026-11-22T19:30Z", "2026-13-22T19:30:00Z", "2026-02-30T19:30:00Z",
        "2026-11-22T25:30:00Z", "2026-11-22T19:30:00+0100", "2026-11-22T19:30:00+24:00",
        "20261122T193000Z", "2026-W47-7T19:30:00Z", "٢٠٢٦-11-22T19:30:00Z",
        "2026-11-22T19:30:00.Z", "2026-11-22T19:30:00Z\n", "0000-01-01T00:00:00Z",
        "9999-12-31T23:59:59-00:01", "0001-01-01T00:00:00+00:01",
    ],
)  # fmt: skip
def test_anything_else_is_no_instant(text: str) -> None:
    assert parse_instant(text) is None
