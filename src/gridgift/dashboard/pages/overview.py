"""The first page."""

from typing import Final

from gridgift.dashboard.page import Page
from gridgift.dashboard.render import render
from gridgift.domain import search
from gridgift.domain.search import Filters
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.session import OperatorRequest, Session


async def show_overview(request: OperatorRequest[None, None]) -> Reply[None]:
    """Show the store and how many cards it has."""
    cards = await request.operations.read(search.count, request.store_id, Filters(), exact=False)
    return render(request, "overview.html", cards=cards)


PAGES: Final = (Page("GET", "/dashboard", Session("clerk"), show_overview),)
