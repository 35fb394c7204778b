"""Dates that people write: an instant, or a whole day in a store's time zone.

Time zones have their names from IANA's database, which the system has, or the package tzdata.
"""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Final, Self
from zoneinfo import ZoneInfo, available_timezones

from msgspec import Struct

from gridgift.domain.instants import parse_instant

SECOND_LIFE: Final = "America/Los_Angeles"  # the time that Second Life shows
_NO_PLACES: Final = {"localtime", "Factory"}  # what one machine has chosen, and that none was

_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EXPECTED: Final = (
    "must be a date like 2027-01-31, a date and time like 2027-01-31T12:00:00Z, or never"
)


class Expiry(Struct, frozen=True):
    """Until when something is good: an instant in milliseconds, a day to its end, None for ever."""

    until: int | date | None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what people write. Raises ``ValueError``, which says what is expected."""
        if text.lower() == "never":
            return cls(None)
        until = _parse_day(text) if _DATE.fullmatch(text) else parse_instant(text)
        if until is None:
            raise ValueError(_EXPECTED)
        return cls(until)

    def at(self, zone: str) -> int | None:
        """Return when it ends, in milliseconds; its day is one of a time zone. None: never."""
        return end_of(self.until, zone) if isinstance(self.until, date) else self.until


def end_of(day: date, zone: str) -> int:
    """Return when a day ends in a time zone: the instant at which the next one begins there."""
    next_day = day + timedelta(days=1)
    midnight = datetime(next_day.year, next_day.month, next_day.day, tzinfo=ZoneInfo(zone))
    return (midnight - _EPOCH) // timedelta(milliseconds=1)


def day_of(instant: int, zone: str) -> int:
    """Return which day it is in a time zone, as a proleptic Gregorian ordinal; of milliseconds."""
    return (_EPOCH + timedelta(milliseconds=instant)).astimezone(ZoneInfo(zone)).toordinal()


def is_zone(name: str) -> bool:
    """Tell whether a time zone has this name."""
    return name in available_timezones() - _NO_PLACES


def _parse_day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return None if day == date.max else day  # which has no next one
