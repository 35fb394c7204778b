"""Saved views of the list of cards: names that an operator gives to a filter and an order."""

from typing import Final

from msgspec import Struct

from gridgift.dashboard.forms import Draft, NoFields
from gridgift.dashboard.page import Page
from gridgift.dashboard.pages.cards import CARDS, CardsQuery, show_list
from gridgift.dashboard.render import Flash, redirect
from gridgift.domain import saved_views
from gridgift.domain.failures import ValidationFailed
from gridgift.domain.ids import NIL_UUID, new_id, parse_uuid
from gridgift.domain.saved_views import SavedView
from gridgift.domain.texts import isolated
from gridgift.http.edge.answers import write
from gridgift.http.edge.path import UUID_SCHEMA, PathParameter
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.session import OperatorRequest, Session

VIEWS: Final = "/dashboard/views"
VIEW: Final = PathParameter(
    "id", "A saved view.", UUID_SCHEMA, "x", lambda text: parse_uuid(text) or NIL_UUID
)


class View(Struct, frozen=True):
    """The form: a name, and the query of the list's address that it is for."""

    name: str
    query: str = ""


async def save(request: OperatorRequest[None, View]) -> Reply[None]:
    """Save what the list shows under a name."""
    query = CardsQuery.of(request.body.query)
    view = SavedView(new_id(), request.body.name, query.encoded)
    await write(request, saved_views.add, request.store_id, _operator_id(request), view)
    said = Flash(f"“{isolated(view.name)}” stands among your views.")
    return redirect(request, query.address(), flash=said)


async def rename(request: OperatorRequest[None, View]) -> Reply[None]:
    """Give a view another name."""
    query = CardsQuery.of(request.body.query)
    view = SavedView(VIEW.of(request), request.body.name, query.encoded)
    await write(request, saved_views.rename, request.store_id, _operator_id(request), view)
    said = Flash(f"The view is called “{isolated(view.name)}”.")
    return redirect(request, query.address(), flash=said)


async def remove(request: OperatorRequest[None, NoFields]) -> Reply[None]:
    """Remove a view; the cards stay as they are."""
    await write(
        request, saved_views.remove, request.store_id, _operator_id(request), VIEW.of(request)
    )
    return redirect(request, CARDS, flash=Flash("The view is removed."))


async def show_again(request: OperatorRequest[None, View], draft: Draft) -> Reply[None]:
    """Show the list that was to be saved, with what is wrong with the name."""
    try:
        query = CardsQuery.of(draft.value("query"))
    except ValidationFailed:
        query = CardsQuery()
    return await show_list(request, query, draft)


def _operator_id(request: OperatorRequest[None, object]) -> str:
    return request.principal.signed_in.operator.id


_CLERK: Final = Session("clerk")

PAGES: Final = (
    Page("POST", VIEWS, _CLERK, save, body=View, again=show_again),
    Page(
        "POST",
        f"{VIEWS}/{{id}}",
        _CLERK,
        rename,
        body=View,
        again=show_again,
        path_parameters=(VIEW,),
    ),
    Page("POST", f"{VIEWS}/{{id}}/remove", _CLERK, remove, body=NoFields, path_parameters=(VIEW,)),
)
