"""The first page: what the store owes, what needs a hand, and what happened week by week."""

from datetime import date, timedelta
from typing import Final

from msgspec import Struct

from gridgift.dashboard.charts import Chart, chart
from gridgift.dashboard.filters import shared_hosts
from gridgift.dashboard.page import Page
from gridgift.dashboard.pages.cards import SOURCES, CardsQuery
from gridgift.dashboard.pages.moved import MovedQuery, What
from gridgift.dashboard.pages.residents import CustomersQuery
from gridgift.dashboard.render import render
from gridgift.domain import (
    activity,
    keys,
    refunds,
    reports,
    search,
    silence,
    verifications,
    webhooks,
)
from gridgift.domain.activity import Activity, Figures
from gridgift.domain.card_filters import Filters
from gridgift.domain.days import day_of
from gridgift.domain.instants import DAY
from gridgift.domain.model import Key
from gridgift.domain.paging import Position
from gridgift.domain.refunds import Owed
from gridgift.domain.reports import Ending, Liability, Sum
from gridgift.domain.search import Count
from gridgift.domain.units import Unit
from gridgift.domain.webhooks import MAX_WEBHOOKS, Webhook
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.session import OperatorRequest, Session
from gridgift.storage.database import Tx

SOON: Final = 30  # days
LARGE: Final = 5_000  # L$ on a card that nobody uses
UNUSED: Final = 90 * DAY  # for which it was given


class Week(Struct, frozen=True):
    """A week: its first and last day, what happened, and what is on the books at its end (L$)."""

    first: date
    last: date
    label: str
    complete: bool
    figures: Figures
    held: int

    def moved(self, what: What) -> str:
        """Return the address of the rows behind one of its figures."""
        return MovedQuery(what, f"{self.first}", f"{self.last}").address()

    @property
    def cards(self) -> CardsQuery:
        """The cards that were given in it."""
        return CardsQuery(given_from=f"{self.first}", given_to=f"{self.last}")


class Summary(Struct, frozen=True):
    """What the ledger says of the store."""

    owed: Liability
    ending: list[Ending]
    weeks: list[Week]
    large: Count

    @property
    def ending_days(self) -> list[Ending]:
        """The days on which something ends."""
        return [day for day in self.ending if day.cards.count or day.credit.count]

    @property
    def cards_ending(self) -> Sum:
        """What ends soon on cards."""
        return sum((day.cards for day in self.ending), Sum())

    @property
    def credit_ending(self) -> Sum:
        """What ends soon of store credit."""
        return sum((day.credit for day in self.ending), Sum())

    @property
    def moved(self) -> Chart:
        """What was given and redeemed, drawn."""
        return chart(
            [week.label for week in self.weeks],
            {
                "Given": [(w.figures.granted.amount, w.cards.address()) for w in self.weeks],
                "Redeemed": [(redeemed(w.figures).amount, w.moved("redeemed")) for w in self.weeks],
            },
        )

    @property
    def held(self) -> Chart:
        """What is on the books, drawn."""
        held = [(week.held, week.moved("held")) for week in self.weeks]
        return chart([week.label for week in self.weeks], {"Held": held})


class Trouble(Struct, frozen=True):
    """What an owner should look at: webhooks that fail, keys that end soon, refunds, silence.

    ``shared_hosts`` are those to which several of the store's webhooks lead.
    """

    webhooks: list[Webhook] = []
    shared_hosts: frozenset[str] = frozenset()
    keys: list[Key] = []
    refunds: Owed = Owed(0, 0)
    silent: list[Unit] = []


async def show_overview(request: OperatorRequest[None, None]) -> Reply[None]:
    """Show what the store owes; one report of a store is made at a time."""
    operations, store_id, now = request.operations, request.store_id, request.received_at
    zone = request.principal.zone
    large = CardsQuery(show="usable", least=LARGE, given_to=f"{day_of(now - UNUSED, zone)}")
    last = day_of(now, zone) + timedelta(days=SOON - 1)
    soon = CardsQuery(show="usable", least=1, ends_by=f"{last}")
    summary: Summary | None = None
    trouble = Trouble()
    with request.services.reports.taken(store_id) as free:
        if free:
            filters = large.filters(now, zone)
            summary = await operations.snapshot(_add_up, store_id, filters)
    if request.principal.role == "owner":
        trouble = await operations.read(_find_trouble, store_id, now)
    verified = await operations.read(verifications.read, store_id)
    return render(
        request, "overview.html",
        summary=summary, trouble=trouble, verified=verified, soon=soon, large=large, days=SOON,
        sources=SOURCES, redeemed=redeemed, cards=CardsQuery, residents=CustomersQuery,
    )  # fmt: skip


def redeemed(figures: Figures) -> Sum:
    """Return what was taken from cards: paid with them, or turned into store credit."""
    return figures.captured + figures.redeemed


async def _add_up(tx: Tx, store_id: str, large: Filters) -> Summary:
    owed = await reports.liability(tx, store_id)
    return Summary(
        owed,
        await reports.ending(tx, store_id, SOON),
        _weeks(await activity.activity(tx, store_id, "week"), owed.held),
        await search.count(tx, store_id, large, exact=False),
    )


def _weeks(happened: Activity, held: int) -> list[Week]:
    """Return the weeks with what was held at their ends: what is held now, less what came since."""
    weeks = []
    for each in reversed(happened.periods):
        last = day_of(each.period.ends_at - 1, happened.time_zone)
        label = f"{each.period.first.day} {each.period.first:%b}"
        weeks.append(Week(each.period.first, last, label, each.complete, each.figures, held))
        held -= _net(each.figures)
    return weeks[::-1]


def _net(figures: Figures) -> int:
    """Return by how much more is held; what is redeemed moves from a card to store credit."""
    came = figures.granted.amount + figures.adjusted.amount + figures.deposited.amount
    went = figures.captured.amount + figures.spent.amount + figures.credit_expired.amount
    return came + figures.refunded.amount - went


async def _find_trouble(tx: Tx, store_id: str, now: int) -> Trouble:
    found = await webhooks.list_of(tx, store_id, Position(), MAX_WEBHOOKS)
    failing = [
        webhook
        for webhook in found.rows
        if webhook.failing_since is not None or webhook.disabled_reason in {"gone", "failing"}
    ]
    ending = [
        key
        for key in await keys.list_of(tx, store_id)
        if key.works(now) and key.expires_at is not None and key.expires_at <= now + SOON * DAY
    ]
    owed, silent = await refunds.owed(tx, store_id), await silence.of_store(tx, store_id)
    shared = shared_hosts(webhook.url for webhook in found.rows)
    return Trouble(failing, shared, ending, owed, silent)


PAGES: Final = (Page("GET", "/dashboard", Session("clerk"), show_overview),)
