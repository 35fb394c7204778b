"""A change of many gift cards: what would come of it, how far it is, and what came of it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from gridgift import changing
from gridgift.dashboard.acting import act
from gridgift.dashboard.forms import EMPTY, Draft, NoFields
from gridgift.dashboard.page import Page
from gridgift.dashboard.pages.many_cards import DO, MANY, keep, said
from gridgift.dashboard.render import redirect, render
from gridgift.domain import bulk_changes, locked
from gridgift.domain.actions import About
from gridgift.domain.bulk_change_failures import BulkChangeNotFound
from gridgift.domain.bulk_changes import LISTED, BulkChange, CardOutcome, What
from gridgift.domain.failures import ValidationFailed
from gridgift.domain.many import CARDS_AT_ONCE
from gridgift.domain.paging import Page as Rows
from gridgift.domain.paging import Position
from gridgift.exports import csv, parts
from gridgift.http.edge.answers import file_reply
from gridgift.http.edge.path import id_parameter
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.session import OperatorRequest, Session
from gridgift.spreadsheets import Value, heading, lines
from gridgift.storage.database import Tx
from gridgift.views import CARD_EXAMPLE

RESULTS: Final = csv("results", lambda: heading(("id", "outcome", "problem")), lines)
PAGE: Final = 1_000  # rows of a file that are in memory at once
BEGUN: Final[Mapping[What, str]] = {
    "off": "to be switched off",
    "on": "to be switched on",
    "extend": "to end later",
    "tag": "to be given a tag",
    "untag": "to lose a tag",
    "shorten": "to end as before",
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
    is_begun, read = change.started_at is not None, request.operations.read
    is_told = change.checked_at is not None and is_begun == (change.done_at is not None)
    told = await read(bulk_changes.told_of, change, LISTED if is_told else 0)
    shown = {word: await read(_lines, request.store_id, found) for word, found in told.items()}
    left = await read(bulk_changes.unreached, change, LISTED if is_begun else 0)
    return render(
        request, "many_change.html",
        draft=draft, change=change, what=DO[change.asked.what], said=said(change), shown=shown,
        left=await read(_lines, request.store_id, left),
    )  # fmt: skip


async def start(request: OperatorRequest[None, NoFields]) -> Reply[None]:
    """Change the cards: a few at once, more of them beside requests."""
    change_id = CHANGE.of(request)
    change = await act(
        request, "cards_changed", _begun, bulk_changes.start, request.caller, change_id
    )
    if change is not None and change.card_count <= CARDS_AT_ONCE:
        await changing.go_on(request.services.operations, request.store_id, change_id)
    return redirect(request, f"{MANY}/{change_id}")


async def stop(request: OperatorRequest[None, NoFields]) -> Reply[None]:
    """End a change that is being done, or is still being looked at: no card more is changed."""
    change_id = CHANGE.of(request)
    await act(
        request, "cards_change_stopped", _stopped, bulk_changes.stop, request.store_id, change_id
    )
    return redirect(request, f"{MANY}/{change_id}")


async def prepare_opposite(request: OperatorRequest[None, NoFields]) -> Reply[None]:
    """Keep the opposite of a change, of the cards that it changed, and show what comes of it."""
    change = await _read(request)
    if change.done_at is None or change.started_at is None:
        raise ValidationFailed({"what": ["was not done"]})
    return await keep(request, change.asked.opposite(change.id))


async def show_results(request: OperatorRequest[None, None]) -> Reply[None]:
    """Answer with what came of each card as a CSV file."""
    change = await _read(request)

    async def read(tx: Tx, at: Position) -> Rows[Iterable[Value]]:
        if change.started_at is None:
            return Rows((), None, None)
        return (await bulk_changes.results(tx, change, at, PAGE)).map(iter)

    written = parts(RESULTS, request.operations, request.check, read)
    return await file_reply(RESULTS.media_type, RESULTS.name, written)


def _begun(change: BulkChange | None) -> About | None:
    """Say what is done to how many cards; a change that was begun before was recorded then."""
    if change is None:
        return None
    return About(change.id, f"{_cards(change)} {BEGUN[change.asked.what]}")


def _cards(change: BulkChange) -> str:
    return f"{change.card_count:,} {'card' if change.card_count == 1 else 'cards'}"


def _stopped(change: BulkChange | None) -> About | None:
    """Say how many cards were done before somebody stopped it."""
    if change is None:
        return None
    if change.started_at is None:
        return About(change.id, "none done, its cards were still being found")
    return About(change.id, f"{change.rows_done:,} of {_cards(change)} done")


async def _read(request: OperatorRequest[Any, Any]) -> BulkChange:
    return await request.operations.read(bulk_changes.find, request.store_id, CHANGE.of(request))


async def _lines(tx: Tx, store_id: str, outcomes: Sequence[CardOutcome]) -> list[Line]:
    """Return what a page shows of cards."""
    cards = await locked.look_each(tx, store_id, [each.card_id for each in outcomes])
    return [
        Line(each.card_id, each.problem, now.card.owner_username, now.card.credit)
        if (now := cards.get(each.card_id))
        else Line(each.card_id, each.problem)
        for each in outcomes
    ]


_CLERK: Final = Session("clerk")
_ONE: Final[dict[str, Any]] = {"path_parameters": (CHANGE,)}
PAGES: Final = (
    Page("GET", f"{MANY}/{{id}}", _CLERK, show_change, **_ONE),
    Page("POST", f"{MANY}/{{id}}", _CLERK, start, body=NoFields, again=show_change, **_ONE),
    Page(
        "POST", f"{MANY}/{{id}}/stop", _CLERK, stop, body=NoFields, again=show_change, **_ONE
    ),
    Page(
        "POST", f"{MANY}/{{id}}/opposite", _CLERK, prepare_opposite, body=NoFields,
        again=show_change, **_ONE,
    ),
    Page("GET", f"{MANY}/{{id}}/results", _CLERK, show_results, media_type="text/csv", **_ONE),
)  # fmt: skip
