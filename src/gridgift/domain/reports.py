"""What a store owes and what of it ends, at any instant (contract section 10, decisions 44, 77).

Owed is what customers can spend: the credit of gift cards that are active and have not expired, and
store credit that has not expired. What is on disabled and expired cards, and what of store credit
expired before a job has noted it, stands beside it: all together is what the ledger's accounts
hold, and what ``verify`` computes from the entries.

A report looks at the whole store, some accounts at a time: neither its memory nor one of its
statements grows with the store.
"""

from collections import Counter
from datetime import date, timedelta
from typing import Any, Final, Literal, Self, get_args

from msgspec import Struct

from gridgift.domain import stores
from gridgift.domain.days import day_of, end_of
from gridgift.domain.failures import ValidationFailed
from gridgift.domain.ids import LAST_UUID, NIL_UUID
from gridgift.domain.model import AccountKind
from gridgift.domain.periods import EARLIEST, QUARTER, Period, periods_between, place_of
from gridgift.storage.database import Tx

ACCOUNTS: Final = 10_000  # cards or customers that one statement looks at
MAX_DAYS: Final = 366  # that can be looked ahead

Standing = Literal["open", "disabled", "expired"]  # what can be done with a card's credit
KINDS: Final[tuple[AccountKind, ...]] = get_args(AccountKind)
UNTIL: Final[dict[AccountKind, str]] = {"card": "cards_until", "credit": "customers_until"}
ENDING: Final[dict[AccountKind, str]] = {"card": "cards_ending", "credit": "credit_ending"}


class Sum(Struct, frozen=True):
    """How many cards or entries, and their L$ together."""

    count: int = 0
    amount: int = 0

    def __add__(self, other: "Sum") -> "Sum":
        """Take both together."""
        return Sum(self.count + other.count, self.amount + other.amount)


class Cards(Struct, frozen=True):
    """Cards that have credit: those that can be used, and those that can't be used now.

    An expired card is no disabled one, whether it is active or not.
    """

    open: Sum = Sum()
    disabled: Sum = Sum()
    expired: Sum = Sum()

    @classmethod
    def of(cls, standing: Standing, cards: Sum) -> Self:
        """Say how cards stand that all stand alike."""
        return cls(**{standing: cards})

    def __add__(self, other: "Cards") -> "Cards":
        """Take both together."""
        return Cards(
            self.open + other.open, self.disabled + other.disabled, self.expired + other.expired
        )


class StoreCredit(Struct, frozen=True):
    """Store credit in L$; ``restricted`` is for some purchases only.

    ``expired`` is what has expired, and what no entry says it of yet.
    """

    unrestricted: int = 0
    restricted: int = 0
    expired: int = 0


class Liability(Struct, frozen=True):
    """What a store owes at an instant (milliseconds).

    ``by_month`` has the cards by the month in which they were granted, written like 2026-11, in the
    store's time zone; ``by_source`` by who granted them: an actor's kind, or ``reissue``.
    """

    at: int
    time_zone: str
    cards: Cards
    credit: StoreCredit
    by_month: dict[str, Cards]
    by_source: dict[str, Cards]

    @property
    def owed(self) -> int:
        """What customers can spend, in L$."""
        return self.cards.open.amount + self.credit.unrestricted + self.credit.restricted

    @property
    def held(self) -> int:
        """What the ledger's accounts hold, whether or not it can be used, in L$."""
        idle = self.cards.disabled.amount + self.cards.expired.amount + self.credit.expired
        return self.owed + idle


class Ending(Struct, frozen=True):
    """What ends on a day: open cards, and lots of store credit."""

    period: Period
    cards: Sum
    credit: Sum


class _Totals(Struct):
    """What was added up of the cards so far."""

    cards: Cards
    by_month: dict[str, Cards]
    by_source: dict[str, Cards]

    def add(self, month: str, source: str, cards: Cards) -> None:
        self.cards += cards
        self.by_month[month] = self.by_month.get(month, Cards()) + cards
        self.by_source[source] = self.by_source.get(source, Cards()) + cards


async def liability(tx: Tx, store_id: str, until: int | date | None = None) -> Liability:
    """Return what a store owes now or, by its entries alone, what it owed at an instant.

    ``until`` is that instant (milliseconds), or a day of the store's time zone: its last
    millisecond. All that happened up to then counts. Raises ``StoreNotFound``, and
    ``ValidationFailed`` for the future. To be run as a snapshot.
    """
    zone = (await stores.read(tx, store_id)).time_zone
    at, suffix = instant_of(until, zone, tx.now()), "" if until is None else "_at"
    totals = _Totals(Cards(), {}, {})
    for span in await spans(tx, store_id, "card"):
        for standing, source, quarter, *sums in await tx.all(f"cards_owed{suffix}", **span, at=at):
            month = f"{day_of(quarter * QUARTER, zone):%Y-%m}"
            totals.add(month, source, Cards.of(standing, Sum(*sums)))
    credit = Counter[str]()
    for span in await spans(tx, store_id, "credit"):
        for standing, amount in await tx.all(f"credit_owed{suffix}", **span, at=at):
            credit[standing] += amount
    return Liability(
        at,
        zone,
        totals.cards,
        StoreCredit(**credit),
        dict(sorted(totals.by_month.items())),
        dict(sorted(totals.by_source.items())),
    )


async def ending(tx: Tx, store_id: str, days: int, until: int | date | None = None) -> list[Ending]:
    """Return what ends today, from now on, and on the days after it, ``days`` in all.

    Days are those of the store's time zone. With ``until``, as ``liability`` takes it, it is what
    would have been returned at that instant, on its day and those after it, by the entries alone.
    Raises ``StoreNotFound``, and ``ValidationFailed`` for too many days, for the future and for a
    day before ``EARLIEST``. To be run as a snapshot.
    """
    zone = (await stores.read(tx, store_id)).time_zone
    at, suffix = instant_of(until, zone, tx.now()), "" if until is None else "_at"
    first = day_of(at, zone)
    if not 1 <= days <= MAX_DAYS:
        raise ValidationFailed({"days": [f"must be from 1 to {MAX_DAYS}"]})
    if first < EARLIEST:
        raise ValidationFailed({"at": [f"must not be before {EARLIEST}"]})
    periods = periods_between("day", first, first + timedelta(days=days - 1), zone)
    times = {"at": at, "ends_at": periods[-1].ends_at}
    sums = {kind: [Sum()] * days for kind in ENDING}
    for kind, ended in sums.items():
        parts = await spans(tx, store_id, kind) if suffix else [{"store_id": store_id}]
        for part in parts:
            for quarter, *each in await tx.all(f"{ENDING[kind]}{suffix}", **part, **times):
                ended[place_of(quarter, periods)] += Sum(*each)
    return [Ending(*each) for each in zip(periods, *sums.values(), strict=True)]


def instant_of(until: int | date | None, zone: str, now: int) -> int:
    """Return an instant that is over, of a day its last millisecond; without any it is now.

    Raises ``ValidationFailed`` for the future.
    """
    at = end_of(until, zone) - 1 if isinstance(until, date) else until
    if at is not None and at > now:
        said = "must not be in the future, and a date is the end of that day; without it, it is now"
        raise ValidationFailed({"at": [said]})
    return now if at is None else at


async def spans(tx: Tx, store_id: str, kind: AccountKind) -> list[dict[str, Any]]:
    """Divide all accounts: return the values of statements that look at some at a time."""
    found: list[dict[str, Any]] = []
    after: str | None = NIL_UUID
    while after is not None:
        row = await tx.one(UNTIL[kind], store_id=store_id, after=after, rows=ACCOUNTS)
        until = None if row is None else row[0]
        found.append({"store_id": store_id, "after": after, "until": until or LAST_UUID})
        after = until
    return found
