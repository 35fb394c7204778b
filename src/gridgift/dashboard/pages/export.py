"""Export: cards, redemptions and the ledger's entries, as files for spreadsheets and programs."""

from collections.abc import Callable, Iterable
from typing import Any, Final

from msgspec import Struct

from gridgift import card_files, ledger_files
from gridgift.card_files import PAGE
from gridgift.dashboard.page import AnyPage, Page
from gridgift.dashboard.pages.cards import CARDS, FAR, Day, instant_of
from gridgift.dashboard.pages.many_cards import Chosen
from gridgift.dashboard.pages.residents import REDEMPTIONS, ResidentsQuery
from gridgift.dashboard.render import render
from gridgift.domain.days import day_of, end_of, start_of
from gridgift.domain.failures import ValidationFailed
from gridgift.domain.ids import parse_uuid
from gridgift.domain.paging import Position
from gridgift.domain.redemptions import Wanted
from gridgift.domain.search import Search
from gridgift.exports import Form, Read, parts
from gridgift.http.edge.answers import file_reply
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.session import OperatorRequest, Session

EXPORT: Final = "/dashboard/export"


class Days(Struct, frozen=True):
    """From which of the store's days to which; both count. Left out, it has no end there."""

    first: Day | None = None
    last: Day | None = None

    def between(self, zone: str) -> tuple[int, int]:
        """Return from when to when that is, in milliseconds. Raises ``ValidationFailed``."""
        begins_at = instant_of(start_of, self.first, zone, 0)
        ends_at = instant_of(end_of, self.last, zone, FAR)
        if ends_at <= begins_at:
            raise ValidationFailed({"last": ["must not be before the first day"]})
        return begins_at, ends_at


async def show_export(request: OperatorRequest[None, None]) -> Reply[None]:
    """Show what can be exported."""
    today = day_of(request.received_at, request.principal.zone)
    return render(request, "export.html", first=today.replace(day=1), last=today)


def cards(request: OperatorRequest[Chosen, None]) -> Read[Any]:
    """Return what reads the cards that the list has, or that were ticked in it."""
    query = request.query
    filters = query.filters(request.received_at, request.principal.zone)
    ids = [card_id for card_id in map(parse_uuid, query.ids) if card_id] if query.ids else None
    wanted = Search(filters, *query.wanted, Position(), PAGE)
    return card_files.pages(request.store_id, wanted, ids)


def redemptions(request: OperatorRequest[ResidentsQuery, None]) -> Read[Any]:
    """Return what reads the redemptions that the list has."""
    if request.query.finds_nobody:
        return ledger_files.nothing
    return ledger_files.redemption_pages(request.store_id, Wanted(*request.query.who))


def entries(request: OperatorRequest[Days, None]) -> Read[Any]:
    """Return what reads the ledger's entries of some days."""
    begins_at, ends_at = request.query.between(request.principal.zone)
    return ledger_files.entry_pages(request.store_id, begins_at, ends_at)


def _files(
    path: str,
    query: type[Struct],
    read: Callable[[OperatorRequest[Any, None]], Read[Any]],
    forms: Iterable[Form[Any]],
) -> Iterable[AnyPage]:
    """Return a row for each form of a file."""
    for form in forms:

        async def answer(
            request: OperatorRequest[Any, None], form: Form[Any] = form
        ) -> Reply[None]:
            written = parts(form, request.operations, request.check, read(request))
            return await file_reply(form.media_type, form.name, written)

        address = f"{path}.{form.kind}"
        yield Page("GET", address, _OWNER, answer, query=query, media_type=form.media_type)


_OWNER: Final = Session("owner")
PAGES: Final[tuple[AnyPage, ...]] = (
    Page("GET", EXPORT, _OWNER, show_export),
    *_files(f"{CARDS}/export", Chosen, cards, card_files.FORMS),
    *_files(f"{REDEMPTIONS}/export", ResidentsQuery, redemptions, ledger_files.REDEMPTION_FORMS),
    *_files(f"{EXPORT}/entries", Days, entries, ledger_files.ENTRY_FORMS),
)
