"""A change of many gift cards: what would come of it, how far it is, and what came of it."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

from gridgift import changing
from gridgift.dashboard.acting import act
from gridgift.dashboard.forms import EMPTY, Draft, NoFields
from gridgift.dashboard.page import Page
from gridgift.dashboard.pages.many_cards import DO, MANY, keep
from gridgift.dashboard.render import redirect, render
from gridgift.domain import bulk_changes, locked
from gridgift.domain.actions import About
from gridgift.domain.bulk_change_failures import BulkChangeNotFound
from gridgift.domain.bulk_changes import OPPOSITE, OUTCOMES, BulkChange, Terms, Told, What
from gridgift.domain.failures import ValidationFailed
from gridgift.domain.many import CARDS_AT_ONCE, OutcomeWord
from gridgift.domain.texts import counted
from gridgift.http.edge.path import id_parameter
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.session import OperatorRequest, Session
from gridgift.spreadsheets import heading, lines
from gridgift.storage.database import Tx
from gridgift.views import CARD_EXAMPLE

LISTED: Final = 200  # rows that a page shows of each kind
BEGUN: Final[Mapping[What, str]] = {
    "off": "to be switched off",
    "on": "to be switched on",
    "extend": "to end later",
    "tag": "to be given a tag",
    "untag": "to lose a tag",
}

CHANGE: Final = id_parameter("id", "A change.", CARD_EXAMPLE["id"], BulkChangeNotFound)


class Line(Struct, frozen=True):
    """A card as it is now, with its credit in L$; it has no ``owner`` if it is not there."""

    id: str
    problem: str
    owner: str = ""
    credit: int = 0


async def show_change(request: OperatorRequest[None, object], draft: Draft = EMPTY) -> Reply[None]:
    """Show what would come of a change, how far it is, or what came of it."""
    change = await _read(request)
    if change.started_at is None:
        told = await changing.check(
            request.operations, request.caller, change.id, request.services.bulk_turn
        )
        counts = {word: len(found) for word, found in told.items()}
    else:
        is_done = change.done_at is not None
        told = await _read_told(request, change, LISTED) if is_done else bulk_changes.told((), ())
        counts = {word: getattr(change, word) for word in OUTCOMES}
    shown = await request.operations.read(_lines, request.store_id, told)
    return render(
        request, "many_change.html",
        draft=draft, change=change, what=DO[change.asked.what], counts=counts, shown=shown,
        listed=LISTED, has_opposite=change.asked.what in OPPOSITE,
    )  # fmt: skip


async def start(request: OperatorRequest[None, NoFields]) -> Reply[None]:
    """Change the cards: a few at once, more of them beside requests."""
    change_id = CHANGE.of(request)
    change = await act(
        request, "cards_changed", _begun, bulk_changes.start, request.caller, change_id
    )
    if change.card_count <= CARDS_AT_ONCE:
        await changing.go_on(request.services.operations, request.store_id, change_id)
    return redirect(request, f"{MANY}/{change_id}")


async def prepare_opposite(request: OperatorRequest[None, NoFields]) -> Reply[None]:
    """Keep the opposite of a change, of the cards that it changed, and show what comes of it."""
    change = await _read(request)
    asked = change.asked
    if asked.what not in OPPOSITE:
        raise ValidationFailed({"what": ["has no opposite"]})
    told = await _read_told(request, change, change.card_count)
    terms = Terms(OPPOSITE[asked.what], tag=asked.tag)
    return await keep(request, terms, [each.card_id for each in told["changed"]])


async def show_results(request: OperatorRequest[None, None]) -> Reply[None]:
    """Answer with what came of each card as a CSV file."""
    change = await _read(request)
    told = await _read_told(request, change, change.card_count)
    text = await asyncio.to_thread(_csv, told)
    headers = (
        (b"content-type", b"text/csv; charset=utf-8"),
        (b"content-disposition", b'attachment; filename="results.csv"'),
        (b"cache-control", b"no-store"),
    )
    return Reply(200, headers, text.encode())


def _begun(change: BulkChange) -> About | None:
    """Say what is done to how many cards; a change that was begun before was recorded then."""
    text = f"{counted(change.card_count, 'card')} {BEGUN[change.asked.what]}"
    return About(change.id, text) if change.started_at is None else None


def _csv(told: Told) -> str:
    rows = ((each.card_id, word, each.problem) for word in OUTCOMES for each in told[word])
    return heading(("id", "outcome", "problem")) + lines(rows)


async def _read(request: OperatorRequest[Any, Any]) -> BulkChange:
    return await request.operations.read(bulk_changes.find, request.store_id, CHANGE.of(request))


async def _read_told(request: OperatorRequest[Any, Any], change: BulkChange, rows: int) -> Told:
    return await request.operations.read(bulk_changes.told_of, change, rows)


async def _lines(tx: Tx, store_id: str, told: Told) -> dict[OutcomeWord, list[Line]]:
    """Return what a page shows of cards."""
    shown = {word: found[:LISTED] for word, found in told.items()}
    ids = {each.card_id for found in shown.values() for each in found}
    cards = await locked.look_each(tx, store_id, ids)
    return {
        word: [
            Line(each.card_id, each.problem, now.card.owner_username, now.card.credit)
            if (now := cards.get(each.card_id))
            else Line(each.card_id, each.problem)
            for each in found
        ]
        for word, found in shown.items()
    }


_CLERK: Final = Session("clerk")
_ONE: Final[dict[str, Any]] = {"path_parameters": (CHANGE,)}
PAGES: Final = (
    Page("GET", f"{MANY}/{{id}}", _CLERK, show_change, **_ONE),
    Page("POST", f"{MANY}/{{id}}", _CLERK, start, body=NoFields, again=show_change, **_ONE),
    Page(
        "POST", f"{MANY}/{{id}}/opposite", _CLERK, prepare_opposite, body=NoFields,
        again=show_change, **_ONE,
    ),
    Page("GET", f"{MANY}/{{id}}/results", _CLERK, show_results, media_type="text/csv", **_ONE),
)  # fmt: skip
