"""What happened to a store's credit, by days, weeks or months (contract section 10)."""

from collections.abc import Sequence
from datetime import date
from typing import Final, Literal

from msgspec import Struct, structs

from gridgift.domain import reports, stores
from gridgift.domain.days import day_of
from gridgift.domain.failures import ValidationFailed
from gridgift.domain.model import EntryKind
from gridgift.domain.periods import EARLIEST, By, Period, earlier, periods_between, place_of
from gridgift.domain.reports import Sum
from gridgift.storage.database import Tx

USUAL: Final = 12  # periods, if nobody says when the first one is

Figure = Literal[
    "granted", "adjusted", "captured", "redeemed", "expired", "deposited", "spent", "refunded",
    "credit_expired",
]  # fmt: skip

# The figure that an entry counts for, and whether what left an account counts as positive.
_FIGURES: Final[dict[EntryKind, tuple[Figure, int]]] = {
    "granted": ("granted", 1),
    "imported": ("granted", 1),
    "updated": ("adjusted", 1),
    "adjusted": ("adjusted", 1),
    "captured": ("captured", -1),
    "redeemed": ("redeemed", -1),
    "expired": ("expired", 1),
    "credit_deposited": ("deposited", 1),
    "credit_spent": ("spent", -1),
    "credit_refunded": ("refunded", 1),
    "credit_expired": ("credit_expired", -1),
}


class Figures(Struct, frozen=True):
    """What happened, with L$; all but ``adjusted`` are positive.

    ``granted`` to ``expired`` are of gift cards, ``deposited`` to ``credit_expired`` of store
    credit, into which ``redeemed`` goes too. An expired card keeps its credit, expired store credit
    is gone. Both expire when that is noted, some seconds after their date.
    """

    granted: Sum = Sum()
    adjusted: Sum = Sum()
    captured: Sum = Sum()
    redeemed: Sum = Sum()
    expired: Sum = Sum()
    deposited: Sum = Sum()
    spent: Sum = Sum()
    refunded: Sum = Sum()
    credit_expired: Sum = Sum()

    @classmethod
    def of(cls, kind: EntryKind, entries: Sum) -> "Figures":
        """Return what entries of a kind count for."""
        if kind not in _FIGURES:
            return cls()
        figure, sign = _FIGURES[kind]
        return cls(**{figure: Sum(entries.count, sign * entries.amount)})

    def __add__(self, other: "Figures") -> "Figures":
        """Take both together."""
        mine, theirs = structs.astuple(self), structs.astuple(other)
        return Figures(*(a + b for a, b in zip(mine, theirs, strict=True)))


class Happened(Struct, frozen=True):
    """What happened in a period; ``complete`` tells whether that is over."""

    period: Period
    complete: bool
    figures: Figures


class Activity(Struct, frozen=True):
    """What happened in some periods, oldest first, and in all of them."""

    time_zone: str
    periods: Sequence[Happened]
    total: Figures


async def activity(
    tx: Tx,
    store_id: str,
    by: By,
    first: date | None = None,
    last: date | None = None,
    until: int | date | None = None,
) -> Activity:
    """Add up what happened in the periods from that of the first day to that of the last.

    Days are those of the store's time zone; the last one may be today, as it is by default. Without
    a first one there are ``USUAL`` periods, or fewer, since ``EARLIEST``. With ``until``, as
    ``reports.liability`` takes it, nothing after that instant counts, and its day is today. Raises
    ``StoreNotFound``, and ``ValidationFailed`` for days in the future, before ``EARLIEST`` or in
    the wrong order, and for too many periods. To be run as a snapshot.
    """
    zone, now = (await stores.read(tx, store_id)).time_zone, tx.now()
    at = reports.instant_of(until, zone, now)
    over = now if until is None else at + 1  # of the present millisecond more may come
    today = day_of(at, zone)
    last = last or today
    if last > today:
        known = "in the future" if until is None else "after 'at'"
        raise ValidationFailed({"to": [f"must not be {known}"]})
    if first is None:
        if last < EARLIEST:
            field = "to" if until is None or last != today else "at"
            raise ValidationFailed({field: [f"must not be before {EARLIEST}"]})
        first = max(earlier(by, last, USUAL - 1), EARLIEST)
    periods = periods_between(by, first, last, zone)
    figures = [Figures()] * len(periods)
    ends_at = periods[-1].ends_at if until is None else min(over, periods[-1].ends_at)
    times = {"begins_at": periods[0].begins_at, "ends_at": ends_at}
    for account_kind in reports.KINDS:
        for span in await reports.spans(tx, store_id, account_kind):
            values = span | times | {"account_kind": account_kind}
            for kind, quarter, *sums in await tx.all("accounts_activity", **values):
                figures[place_of(quarter, periods)] += Figures.of(kind, Sum(*sums))
    happened = [
        Happened(period, period.ends_at <= over, each)
        for period, each in zip(periods, figures, strict=True)
    ]
    return Activity(zone, happened, sum(figures, Figures()))
