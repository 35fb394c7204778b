"""The first page: what the store owes now, and what of it ends soon."""

from typing import Final

from gridgift.dashboard.page import Page
from gridgift.dashboard.render import render
from gridgift.domain import reports
from gridgift.domain.reports import Ending, Liability, Sum
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.session import OperatorRequest, Session

SOON: Final = 30  # days
# Who granted cards, in the words of a shopkeeper; a source that is not here is shown as it is.
SOURCES: Final = {
    "key": "Your shop's programs",
    "operator": "Your team",
    "unit": "Units in Second Life",
    "resident": "Residents",
    "system": "The server",
    "reissue": "In place of another card",
}


async def show_overview(request: OperatorRequest[None, None]) -> Reply[None]:
    """Show what the store owes; one report of a store is made at a time."""
    owed: Liability | None = None
    ending: list[Ending] = []
    with request.services.reports.taken(request.store_id) as free:
        if free:
            owed = await request.operations.snapshot(reports.liability, request.store_id)
            ending = await request.operations.snapshot(reports.ending, request.store_id, SOON)
    return render(
        request,
        "overview.html",
        owed=owed,
        ending=[day for day in ending if day.cards.count or day.credit.count],
        cards_ending=sum((day.cards for day in ending), Sum()),
        credit_ending=sum((day.credit for day in ending), Sum()),
        days=SOON,
        sources=SOURCES,
    )


PAGES: Final = (Page("GET", "/dashboard", Session("clerk"), show_overview),)
