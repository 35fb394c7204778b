"""Residents: the store's customers, and all there is of one; and what was redeemed lately."""

import secrets
from typing import Any, Final
from urllib.parse import urlencode

from msgspec import Struct

from gridgift.dashboard.acting import act
from gridgift.dashboard.forms import NoFields
from gridgift.dashboard.page import Page
from gridgift.dashboard.render import base_address, render
from gridgift.dashboard.timeline import credit_moments, others_in, who_did
from gridgift.domain import (
    credit,
    customer_search,
    ledger,
    redemptions,
    residents,
    search,
    stores,
    tokens,
)
from gridgift.domain.actions import About
from gridgift.domain.customer_search import Cards, Found, Wanted
from gridgift.domain.failures import CustomerNotFound
from gridgift.domain.ids import new_id, parse_uuid
from gridgift.domain.instants import DAY, HOUR
from gridgift.domain.keys import RANDOM_BYTES, NewCredential
from gridgift.domain.model import Entry
from gridgift.domain.paging import Position
from gridgift.domain.residents import Identifier, parse_prefix
from gridgift.domain.search import Filters, Search
from gridgift.fields import Cursor
from gridgift.http.edge.customer_token import CUSTOMER_TOKEN
from gridgift.http.edge.path import id_parameter
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.session import OperatorRequest, Session
from gridgift.storage.database import Tx
from gridgift.views import CARD_EXAMPLE

RESIDENTS: Final = "/dashboard/residents"
REDEMPTIONS: Final = "/dashboard/redemptions"
ROWS: Final = 50
REDEEMED: Final = 25  # redemptions on a page
CARDS: Final = 20  # of a resident's cards, the newest
ENTRIES: Final = 50  # of a resident's account, the newest
SOON: Final = 30 * DAY

RESIDENT: Final = id_parameter("uuid", "A customer.", CARD_EXAMPLE["ownerUuid"], CustomerNotFound)


class ResidentsQuery(Struct, frozen=True):
    """Which residents: ``q`` is the beginning of a name, or a UUID."""

    q: str = ""
    cursor: Cursor | None = None

    @property
    def who(self) -> tuple[str | None, str | None]:
        """The UUID that was typed, and the beginning of a name; neither, of what is none."""
        typed = self.q.strip()
        return parse_uuid(typed), parse_prefix(typed) if typed else None

    @property
    def finds_nobody(self) -> bool:
        """Whether what was typed is neither a UUID nor the beginning of a name."""
        return bool(self.q.strip()) and self.who == (None, None)

    def export(self, kind: str) -> str:
        """Return the address of these redemptions as a file."""
        return f"{REDEMPTIONS}/export.{kind}?{urlencode({'q': self.q})}"


class Whole(Struct, frozen=True):
    """All that is shown of a customer; cards and entries are the newest ones, newest first."""

    found: Found
    counted: Cards
    credit: credit.Credit
    cards: list[search.Found]
    entries: list[Entry]
    names: dict[str, str]


async def list_residents(request: OperatorRequest[ResidentsQuery, None]) -> Reply[None]:
    """Show a page of the customers: who was given a card last, or those with a name."""
    query, (uuid, prefix) = request.query, request.query.who
    wanted = Wanted("name", prefix=prefix) if prefix else Wanted("card", descending=True)
    cursors = request.services.cursors.of(
        f"dashboard residents {request.store_id} {prefix}", wanted.key_types
    )
    found, following, previous = [], None, None
    if uuid is not None:
        found = await request.operations.read(customer_search.by_uuid, request.store_id, uuid)
    elif not query.finds_nobody:
        page = await request.operations.read(
            customer_search.list_of, request.store_id, wanted, cursors.read(query.cursor), ROWS
        )
        found, following, previous = [*page.rows], page.next, page.previous
    return render(
        request, "residents.html",
        query=query, found=found,
        next=cursors.write(following), previous=cursors.write(previous),
    )  # fmt: skip


async def show_resident(request: OperatorRequest[None, object], link: str = "") -> Reply[None]:
    """Show one resident; ``link`` was just made, and is shown this once."""
    whole = await request.operations.read(_read, request.store_id, RESIDENT.of(request))
    undated = whole.credit.total + whole.credit.restricted
    undated -= sum(lot.remaining for lot in whole.credit.lots)
    return render(
        request, "resident.html",
        whole=whole, customer=whole.found.customer, undated=undated, link=link, soon=SOON,
        moments=credit_moments(whole.entries, whole.names, request.principal),
        hours=request.services.settings.token_hours,
    )  # fmt: skip


async def make_link(request: OperatorRequest[None, NoFields]) -> Reply[None]:
    """Make a link to the resident's own page, and show it."""
    services, uuid = request.services, RESIDENT.of(request)
    store = await request.operations.read(stores.read, request.store_id)
    await request.operations.read(_read, request.store_id, uuid)  # none for a stranger
    minted = await act(
        request, "resident_link_made", lambda minted: About(minted.stored.resident_uuid),
        tokens.mint, request.caller, services.credentials.of(CUSTOMER_TOKEN).signer,
        Identifier(uuid=uuid), services.settings.token_hours * HOUR,
        NewCredential(new_id(), secrets.token_bytes(RANDOM_BYTES)),
    )  # fmt: skip
    return await show_resident(
        request, tokens.page_address(store, base_address(request), minted.token)
    )


async def list_redemptions(request: OperatorRequest[ResidentsQuery, None]) -> Reply[None]:
    """Show a page of redemptions, the last one first."""
    query, (uuid, prefix) = request.query, request.query.who
    cursors = request.services.cursors.of(
        f"dashboard redemptions {request.store_id} {uuid} {prefix}", search.KEY_TYPES
    )
    found, following, previous = [], None, None
    if not query.finds_nobody:
        page = await request.operations.read(
            redemptions.list_of, request.store_id, cursors.read(query.cursor), REDEEMED,
            owner_uuid=uuid, owner_prefix=prefix,
        )  # fmt: skip
        found, following, previous = [*page.rows], page.next, page.previous
    return render(
        request, "redemptions.html",
        query=query, found=found,
        who=lambda each: who_did(each.actor_kind, each.actor_id, request.principal),
        next=cursors.write(following), previous=cursors.write(previous),
    )  # fmt: skip


async def _read(tx: Tx, store_id: str, uuid: str) -> Whole:
    found, counted = await customer_search.read(tx, store_id, Identifier(uuid=uuid))
    wanted = Search(Filters(owner_uuid=uuid), "created", True, Position(), CARDS)
    cards = await search.search(tx, store_id, wanted)
    account = await credit.read_of(tx, store_id, Identifier(uuid=uuid))
    newest = Position(backward=True)
    entries = await ledger.list_of(tx, store_id, "credit", uuid, newest, ENTRIES)
    names = await residents.shown_names(tx, sorted(others_in(entries.rows)))
    return Whole(found, counted, account, [*cards.rows], [*entries.rows][::-1], names)


_CLERK: Final = Session("clerk")

PAGES: Final[tuple[Page[Any, Any, Any], ...]] = (
    Page("GET", RESIDENTS, _CLERK, list_residents, query=ResidentsQuery),
    Page("GET", f"{RESIDENTS}/{{uuid}}", _CLERK, show_resident, path_parameters=(RESIDENT,)),
    Page(
        "POST", f"{RESIDENTS}/{{uuid}}/link", _CLERK, make_link, body=NoFields,
        path_parameters=(RESIDENT,),
    ),
    Page("GET", REDEMPTIONS, _CLERK, list_redemptions, query=ResidentsQuery),
)  # fmt: skip
