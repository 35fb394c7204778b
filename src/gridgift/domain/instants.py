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
LAST: Final = 253_402_300_799_999  # the last one that can be written: of the year 9999


def format_instant(milliseconds: int) -> str:
    """Write an instant like ``2026-11-22T19:30:00Z``; with milliseconds only if it has some."""
    seconds, rest = divmod(milliseconds, SECOND)
    return f"{_date_and_time(seconds)}.{rest:03d}Z" if rest else _date_and_time(seconds) + "Z"


@lru_cache(maxsize=256)  # the present second is written many times
def _date_and_time(seconds: int) -> str:
    return (_EPOCH + timedelta(seconds=seconds)).replace(tzinfo=None).isoformat()


def parse_instant(text: str) -> int | None:
    """Read an ISO 8601 date and time with an offset; None if it is not one (RFC 3339)."""
    if not _ISO.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text.upper()).astimezone(UTC)
        return (moment - _EPOCH) // _MILLISECOND
    except (ValueError, OverflowError):
        return None
