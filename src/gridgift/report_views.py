"""What is shown of a report, for the API and the command line (contract section 10)."""

from typing import Annotated, Any, Final, Self

import msgspec
from msgspec import Meta, Struct

from gridgift.domain.activity import Activity, Figures, Happened
from gridgift.domain.instants import format_instant
from gridgift.domain.reports import Cards, Ending, Liability
from gridgift.fields import Instant

Amount = Annotated[int, Meta(description="Linden Dollars (L$).")]

_SUM: Final = {"count": 40, "amount": 12_500}
_NONE: Final = {"count": 0, "amount": 0}
_CARDS: Final[dict[str, Any]] = {
    "open": _SUM,
    "disabled": {"count": 1, "amount": 250},
    "expired": {"count": 2, "amount": 700},
}
LIABILITY_EXAMPLE: Final[dict[str, Any]] = {
    "at": "2026-11-22T19:30:00Z",
    "timeZone": "America/Los_Angeles",
    "owed": 15_000,
    "giftCards": _CARDS,
    "storeCredit": {"unrestricted": 2_000, "restricted": 500, "expired": 0},
    "byMonth": [{"month": "2026-11"} | _CARDS],
    "bySource": [{"source": "key"} | _CARDS],
}
_FIGURES: Final[dict[str, Any]] = {
    "granted": {"count": 45, "amount": 15_000},
    "adjusted": {"count": 1, "amount": -50},
    "captured": _NONE,
    "redeemed": {"count": 3, "amount": 1_500},
    "expired": {"count": 2, "amount": 700},
    "deposited": {"count": 2, "amount": 1_200},
    "spent": {"count": 1, "amount": 300},
    "refunded": {"count": 1, "amount": 100},
    "creditExpired": _NONE,
}
ACTIVITY_EXAMPLE: Final[dict[str, Any]] = {
    "timeZone": "America/Los_Angeles",
    "periods": [
        {
            "first": "2026-11-01",
            "from": "2026-11-01T07:00:00Z",
            "to": "2026-12-01T08:00:00Z",
            "complete": False,
            "figures": _FIGURES,
        }
    ],
    "total": _FIGURES,
}


class SumView(Struct, frozen=True):
    """How many, and their L$ together."""

    count: int
    amount: Amount


class CardsView(Struct, frozen=True):
    """Gift cards that have credit, by whether it can be used."""

    open: Annotated[SumView, Meta(description="Active, and not expired: this is owed.")]
    disabled: Annotated[SumView, Meta(description="Not active, and not expired.")]
    expired: Annotated[SumView, Meta(description="Past their date, active or not.")]

    @classmethod
    def of(cls, cards: Cards, **more: Any) -> Self:
        """Show sums; ``more`` has further fields."""
        sums = msgspec.to_builtins(cards)
        return msgspec.convert(sums | more, cls)


class MonthView(CardsView, frozen=True, kw_only=True):
    """Gift cards that were granted in one month."""

    month: Annotated[str, Meta(description="Like 2026-11, in the store's time zone.")]


class SourceView(CardsView, frozen=True, kw_only=True):
    """Gift cards of one source."""

    source: Annotated[str, Meta(description="Who granted them, or reissue.")]


class StoreCreditView(Struct, frozen=True):
    """Store credit, in L$."""

    unrestricted: Amount
    restricted: Annotated[int, Meta(description="Owed too, for some purchases only.")]
    expired: Annotated[int, Meta(description="Past its date, and not taken off yet; not owed.")]


class LiabilityResponse(Struct, frozen=True, rename="camel"):
    """What the store owes: open gift cards, and store credit."""

    at: Instant
    time_zone: str
    owed: Annotated[int, Meta(description="What customers can spend, in L$.")]
    gift_cards: CardsView
    store_credit: StoreCreditView
    by_month: list[MonthView]
    by_source: list[SourceView]

    @classmethod
    def of(cls, found: Liability) -> Self:
        """Show a report."""
        return cls(
            format_instant(found.at),
            found.time_zone,
            found.owed,
            CardsView.of(found.cards),
            StoreCreditView(*msgspec.structs.astuple(found.credit)),
            [MonthView.of(cards, month=month) for month, cards in found.by_month.items()],
            [SourceView.of(cards, source=source) for source, cards in found.by_source.items()],
        )


class FiguresView(Struct, frozen=True, rename="camel"):
    """What happened. All but ``adjusted`` count as positive."""

    granted: SumView
    adjusted: Annotated[SumView, Meta(description="Changes of cards' credit, up or down.")]
    captured: Annotated[SumView, Meta(description="Taken from cards by holds.")]
    redeemed: Annotated[SumView, Meta(description="From cards into store credit.")]
    expired: Annotated[SumView, Meta(description="Cards past their date, with what they have.")]
    deposited: Annotated[SumView, Meta(description="Into store credit, redeemed cards aside.")]
    spent: SumView
    refunded: SumView
    credit_expired: SumView

    @classmethod
    def of(cls, figures: Figures) -> Self:
        """Show what happened."""
        return msgspec.convert(figures, cls, from_attributes=True)


class PeriodView(Struct, frozen=True, rename={"begins_at": "from", "ends_at": "to"}):
    """What happened in a day, a week or a month."""

    first: Annotated[str, Meta(description="Its first day, like 2026-11-01.")]
    begins_at: Instant
    ends_at: Annotated[Instant, Meta(description="When the next one begins.")]
    complete: Annotated[bool, Meta(description="Whether it is over.")]
    figures: FiguresView

    @classmethod
    def of(cls, happened: Happened) -> Self:
        """Show a period."""
        period = happened.period
        return cls(
            period.first.isoformat(),
            format_instant(period.begins_at),
            format_instant(period.ends_at),
            happened.complete,
            FiguresView.of(happened.figures),
        )


class ActivityResponse(Struct, frozen=True, rename="camel"):
    """What happened to the store's credit, by periods, oldest first."""

    time_zone: str
    periods: list[PeriodView]
    total: FiguresView

    @classmethod
    def of(cls, found: Activity) -> Self:
        """Show a report."""
        periods = [PeriodView.of(each) for each in found.periods]
        return cls(found.time_zone, periods, FiguresView.of(found.total))


class EndingView(Struct, frozen=True, rename="camel"):
    """What ends on a day."""

    day: str
    gift_cards: SumView
    store_credit: SumView

    @classmethod
    def of(cls, ending: Ending) -> Self:
        """Show a day."""
        cards, credit = [SumView(each.count, each.amount) for each in (ending.cards, ending.credit)]
        return cls(ending.period.first.isoformat(), cards, credit)
