"""What was redeemed, changed by hand, spent and held: the rows behind the first page's figures."""

from collections.abc import Mapping
from typing import Any, Final, Literal, get_args
from urllib.parse import urlencode

from msgspec import Struct, structs

from gridgift.dashboard.actors import names_of
from gridgift.dashboard.forms import EMPTY, Draft, decode_fields
from gridgift.dashboard.page import Page
from gridgift.dashboard.pages.cards import FAR, Day, instant_of
from gridgift.dashboard.render import render
from gridgift.dashboard.timeline import who_did
from gridgift.domain import held, moved, residents
from gridgift.domain.days import end_of, start_of
from gridgift.domain.ledger import read_card_state, reason_of
from gridgift.domain.model import Entry, EntryKind
from gridgift.domain.moved import Moved
from gridgift.domain.paging import Page as Rows
from gridgift.domain.paging import Position
from gridgift.domain.reports import Sum
from gridgift.fields import Cursor
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.session import OperatorRequest, Session
from gridgift.storage.database import Tx

MOVED: Final = "/dashboard/moved"
ROWS: Final = 50
What = Literal[Moved, "held"]
SHOWN: Final[Mapping[What, str]] = {
    "redeemed": "Redeemed",
    "changed": "Changed by hand",
    "spent": "Store credit spent",
    "held": "Held",
}
assert set(SHOWN) == {*get_args(Moved), "held"}
SAID: Final[Mapping[EntryKind, str]] = {
    "captured": "Paid with",
    "redeemed": "Became store credit",
    "updated": "Edited",
    "adjusted": "Added or taken",
    "credit_spent": "Spent",
}
assert set(SAID) == {kind for kinds in moved.KINDS.values() for kind in kinds}


class MovedQuery(Struct, frozen=True):
    """Which rows: of which figure, from which of the store's days to which; both count.

    Of what is ``held`` those at the last day's end.
    """

    what: What = "redeemed"
    first: Day | None = None
    last: Day | None = None
    cursor: Cursor | None = None

    def between(self, zone: str) -> tuple[int, int]:
        """Return from when to when that is, in milliseconds."""
        return instant_of(start_of, self.first, zone, 0), instant_of(end_of, self.last, zone, FAR)

    def address(self, **other: str | None) -> str:
        """Return the address of the list from its beginning, with some of this changed."""
        named = structs.asdict(self) | {"cursor": None} | other
        return f"{MOVED}?{urlencode({name: text for name, text in named.items() if text})}"


class Found(Struct, frozen=True):
    """A page of the list, what all of its pages add up to (None: not now), and names by ids.

    Of what is held it is only L$: nobody has counted the rows.
    """

    page: Rows[Entry]
    total: Sum | int | None
    names: Mapping[str, str]


async def show_moved(request: OperatorRequest[MovedQuery, None]) -> Reply[None]:
    """Show a page of the rows that are asked for."""
    return await _show(request, request.query)


async def ask_again(request: OperatorRequest[Any, Any], draft: Draft) -> Reply[None]:
    """Show the first page without what is wrong in the address; of a day, say so at its field."""
    right = [(name, text) for name, found in draft.values.items() for text in found
             if name not in {"cursor", *draft.errors}]  # fmt: skip
    return await _show(request, decode_fields(right, MovedQuery), draft)


async def _show(
    request: OperatorRequest[Any, Any], query: MovedQuery, draft: Draft = EMPTY
) -> Reply[None]:
    """Show a page of the rows, the newest first; one store's are added up once at a time."""
    store_id, zone = request.store_id, request.principal.zone
    types = held.KEY_TYPES if query.what == "held" else moved.KEY_TYPES
    cursors = request.services.cursors.of(f"dashboard moved {store_id} {query.address()}", types)
    times, position = query.between(zone), cursors.read(query.cursor)
    with request.services.reports.taken(store_id) as free:
        found = await request.operations.snapshot(
            _read, store_id, query.what, *times, position, add_up=free
        )
    sign = -1 if query.what in {"redeemed", "spent"} else 1
    return render(
        request, "moved.html",
        query=query, draft=draft, shown=SHOWN, said=SAID, held=query.what == "held", sign=sign,
        found=found, resident=_resident, reason=reason_of,
        who=lambda each: who_did(each.actor_kind, each.actor_id, request.principal, found.names),
        next=cursors.write(found.page.next), previous=cursors.write(found.page.previous),
    )  # fmt: skip


async def _read(
    tx: Tx,
    store_id: str,
    what: What,
    begins_at: int,
    ends_at: int,
    position: Position,
    *,
    add_up: bool,
) -> Found:
    total: Sum | int | None = None
    if what == "held":
        page = await held.list_of(tx, store_id, ends_at - 1, position, ROWS)
        total = await held.total(tx, store_id, ends_at - 1) if add_up else None
    else:
        page = await moved.list_of(tx, store_id, what, begins_at, ends_at, position, ROWS)
        total = await moved.total(tx, store_id, what, begins_at, ends_at) if add_up else None
    names = await residents.shown_names(tx, sorted(set(map(_resident, page.rows))))
    actors = ((entry.actor_kind, entry.actor_id) for entry in page.rows)
    return Found(page, total, names | await names_of(tx, store_id, actors))


def _resident(entry: Entry) -> str:
    """Return whose card or credit it was."""
    if entry.account_kind == "credit":
        return entry.account_id
    return read_card_state(entry.state).owner_uuid


PAGES: Final = (
    Page("GET", MOVED, Session("clerk"), show_moved, query=MovedQuery, again=ask_again),
)
