"""Days, weeks and months of a store's time zone, one after the other (decision 28)."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final, Literal

from msgspec import Struct

from gridgift.domain.days import start_of
from gridgift.domain.failures import ValidationFailed

By = Literal["day", "week", "month"]

QUARTER: Final = 900_000  # milliseconds: what the statements of reports count time in
MAX_PERIODS: Final = 400  # in one report
EARLIEST: Final = date(2000, 1, 1)
LONGEST: Final = 31  # days that a period can have


class Period(Struct, frozen=True):
    """From the instant at which its ``first`` day begins up to that at which the next period does.

    Instants are in milliseconds.
    """

    first: date
    begins_at: int
    ends_at: int


def periods_between(by: By, first: date, last: date, zone: str) -> list[Period]:
    """Return the whole periods from the one of the first day to that of the last.

    Weeks begin on Monday (ISO 8601). Raises ``ValidationFailed`` for days in the wrong order or
    before ``EARLIEST``, and for too many periods.
    """
    if first < EARLIEST:
        raise ValidationFailed({"from": [f"must not be before {EARLIEST}"]})
    if first > last:
        raise ValidationFailed({"from": ["must not be after 'to'"]})
    starts = [beginning(by, first)]
    while starts[-1] <= last and len(starts) <= MAX_PERIODS + 1:
        starts.append(following(by, starts[-1]))
    if len(starts) > MAX_PERIODS + 1:
        raise ValidationFailed({"from": [f"at most {MAX_PERIODS} periods before 'to'"]})
    instants = [start_of(day, zone) for day in starts]
    return [Period(*each) for each in zip(starts, instants, instants[1:], strict=False)]


def beginning(by: By, day: date) -> date:
    """Return the first day of a day's period."""
    if by == "month":
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if by == "week" else day


def following(by: By, first: date) -> date:
    """Return the first day of the next period."""
    if by == "month":
        return (first + timedelta(days=LONGEST)).replace(day=1)
    return first + timedelta(days=7 if by == "week" else 1)


def earlier(by: By, day: date, periods: int) -> date:
    """Return the first day of the period that is so many before that of a day."""
    first = beginning(by, day)
    if by == "month":
        year, month = divmod(first.year * 12 + first.month - 1 - periods, 12)
        return date(year, month + 1, 1)
    return first - timedelta(days=periods * (7 if by == "week" else 1))


def place_of(quarter: int, periods: Sequence[Period]) -> int:
    """Return which of some periods a quarter of an hour is in, by its number since the epoch."""
    return bisect_right(periods, quarter * QUARTER, key=lambda period: period.begins_at) - 1
