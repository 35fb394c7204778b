"""Dates that people write: an instant, or a whole day in a store's time zone.

Time zones have their names from IANA's database, which the system has, or the package tzdata.
"""

import re
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Final, Self
from zoneinfo import ZoneInfo, available_timezones

from msgspec import Struct

from gridgift.domain.instants import FIRST, LAST, parse_instant

SECOND_LIFE: Final = "America/Los_Angeles"  # the time that Second Life shows
_NO_PLACES: Final = {"localtime", "Factory"}  # what one machine has chosen, and that none was

_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EXPECTED: Final = (
    "must be a date like 2027-01-31, a date and time like 2027-01-31T12:00:00Z "
    "(of the years 1 to 9999 in UTC), or never"
)


class Expiry(Struct, frozen=True):
    """Until when something is good: an instant in milliseconds, a day to its end, None for ever."""

    until: int | date | None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what people write. Raises ``ValueError``, which says what is expected."""
        if text.lower() == "never":
            return cls(None)
        until = parse_moment(text)
        if until is None:
            raise ValueError(_EXPECTED)
        return cls(until)

    def at(self, zone: str) -> int | None:
        """Return when it ends, in milliseconds; its day is one of a time zone. None: never."""
        return end_of(self.until, zone) if isinstance(self.until, date) else self.until


def start_of(day: date, zone: str) -> int:
    """Return when a day begins in a time zone, in milliseconds.

    East of Greenwich the year 1 begins before the first instant that can be written, which is taken
    instead.
    """
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
    return max(FIRST, (midnight - _EPOCH) // timedelta(milliseconds=1))


def end_of(day: date, zone: str) -> int:
    """Return when a day ends in a time zone: the instant at which the next one begins there.

    The last day that can be written, 9999-12-31, ends with the last instant that can be.
    """
    return LAST if day == date.max else start_of(day + timedelta(days=1), zone)


def local(instant: int, zone: str) -> datetime:
    """Return an instant (milliseconds) as clocks in a time zone have it.

    East of Greenwich the year 9999 is over some hours before the last instant that can be written
    (``instants.LAST``): there these hours are its last moment. West of it the year 1 has not begun
    at the first one (``instants.FIRST``), and that is its first moment.
    """
    try:
        return (_EPOCH + timedelta(milliseconds=instant)).astimezone(ZoneInfo(zone))
    except OverflowError:
        last = datetime.max if instant > 0 else datetime.min
        return last.replace(tzinfo=ZoneInfo(zone))


def later(instant: int, days: int, zone: str) -> int:
    """Return the instant so many days later at the same time of day in a time zone.

    Instants are in milliseconds. Raises ``OverflowError`` beyond the last one that can be written.
    """
    end = (local(instant, zone) + timedelta(days=days) - _EPOCH) // timedelta(milliseconds=1)
    if end > LAST:
        raise OverflowError(end)
    return end


def day_of(instant: int, zone: str) -> date:
    """Return the day in a time zone that has an instant (milliseconds)."""
    return local(instant, zone).date()


def parse_moment(text: str) -> int | date | None:
    """Read a date and time, in milliseconds, or a date; None if it is neither."""
    return parse_day(text) if _DATE.fullmatch(text) else parse_instant(text)


def parse_day(text: str) -> date | None:
    """Read a date like 2027-01-31; None if it is none."""
    try:
        return date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        return None


@cache
def zones() -> frozenset[str]:
    """Return the names of all time zones. It opens each one's file, so it is done once."""
    return frozenset(available_timezones() - _NO_PLACES)


def is_zone(name: str) -> bool:
    """Tell whether a time zone has this name."""
    return name in zones()
