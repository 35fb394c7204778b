"""Instants: milliseconds since the Unix epoch inside, ISO 8601 in UTC with ``Z`` on the wire."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_ISO: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:[Zz]|[+-]\d{2}:\d{2})", re.ASCII
)

SECOND: Final = 1_000
MINUTE: Final = 60_000
HOUR: Final = 3_600_000
DAY: Final = 86_400_000
FIRST: Final = -62_135_596_800_000  # the first instant that can be written: of the year 1
LAST: Final = 253_402_300_799_999  # the last one that can be written: of the year 9999


@lru_cache(maxsize=1_024)
def format_instant(milliseconds: int) -> str:
    """Write an instant like ``2026-11-22T19:30:00Z``; with milliseconds only if it has some."""
    days, of_day = divmod(milliseconds, DAY)
    seconds, rest = divmod(of_day, SECOND)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    written = f"{_date(days)}T{hour:02}:{minute:02}:{second:02}"
    return f"{written}.{rest:03}Z" if rest else f"{written}Z"


@lru_cache(maxsize=1_024)  # a list has many instants of few days
def _date(days: int) -> str:
    return (_EPOCH + timedelta(days=days)).date().isoformat()


def parse_instant(text: str) -> int | None:
    """Read an ISO 8601 date and time with an offset; None if it is not one (RFC 3339)."""
    if not _ISO.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text.upper()).astimezone(UTC)
        return (moment - _EPOCH) // _MILLISECOND
    except (ValueError, OverflowError):
        return None
