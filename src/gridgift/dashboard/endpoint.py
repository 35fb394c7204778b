"""The pipeline for pages: forms in place of JSON, and pages in place of problem details."""

from collections.abc import Iterable
from typing import Any, Final

import msgspec
from msgspec import Struct
from starlette.types import Receive

from gridgift.dashboard.forms import (
    Draft,
    decode_fields,
    decode_form,
    kept,
    read_pairs,
    urlencoded,
)
from gridgift.dashboard.menu import menu_for
from gridgift.dashboard.page import Page
from gridgift.dashboard.render import redirect, render
from gridgift.domain import failures
from gridgift.domain.failures import CursorInvalid, Failure, ValidationFailed
from gridgift.http.edge import refusals
from gridgift.http.edge.decode import MAX_BODY, read_body
from gridgift.http.edge.endpoint import AnyRequest, Endpoint
from gridgift.http.edge.guards import Guard
from gridgift.http.edge.problems import PROBLEMS
from gridgift.http.edge.refusals import (
    BodyTooLarge,
    BodyTooSlow,
    CrossSite,
    FormOutdated,
    PathNotFound,
    SignInNeeded,
)
from gridgift.http.edge.reply import Header, Reply
from gridgift.http.edge.route import READS, AnyRoute
from gridgift.http.edge.services import Services
from gridgift.http.edge.session import Operator, had_session, visitor_of
from gridgift.reasons import people_told, reason

HOME: Final = "/dashboard"
SIGN_IN: Final = "/dashboard/sign-in"
DOMAIN: Final = Failure.__module__.removesuffix("failures")  # which has a module for each noun's

# What people are told, where programs are told something else.
WORDS: Final[dict[type[Failure], tuple[str, str]]] = {
    failures.PreconditionFailed: (
        "It has changed",
        "What you saw has changed meanwhile, and nothing was saved. Look at it once more.",
    ),
    failures.HoldClosed: (
        "Not reserved any more",
        "It is not reserved any more: it was paid with or released, or its time is over.",
    ),
    CursorInvalid: (
        "This part of the list is not there",
        "The address was cut off, or is an old one. Show the list from its beginning.",
    ),
    failures.CustomerNotFound: (
        "Not among your residents",
        "They have no gift card and no store credit of this store. Whoever is given some is here.",
    ),
    refusals.BodyMalformed: (
        "The form did not arrive whole",
        "Nothing was changed. Go back, load the page again, and send it once more.",
    ),
    refusals.BodyTooSlow: (
        "The form did not arrive whole",
        "It took too long. Nothing was changed: go back, and send it once more.",
    ),
    refusals.BodyTooLarge: (
        "That is too much at once",
        "Nothing was changed. Go back, and send less: of a large file, a part at a time.",
    ),
    refusals.PathNotFound: ("There is no such page", "It may have moved, or been mistyped."),
    refusals.MethodNotAllowed: ("There is no such page", "It may have moved, or been mistyped."),
    refusals.SignInLinkInvalid: (
        "The link does not work any more",
        "It was used already, or its 15 minutes are over. Ask for a new one where you got it.",
    ),
    refusals.OwnersOnly: (
        "Only for owners",
        "This page is for the owners of the store. Ask one of them to do it, or to make you one.",
    ),
    refusals.CrossSite: (
        "Sent from another address",
        "The form came from a page at another address than this server's own. Nothing was changed: "
        "open the dashboard at its own address, and send it there.",
    ),
    refusals.RateLimited: ("Too much at once", "Wait a moment, then load the page again."),
    refusals.DatabaseOutOfReach: (
        "Just a moment",
        "The database is out of reach. Nothing was changed: load the page again in a few seconds.",
    ),
    refusals.InternalError: (
        "Something went wrong here",
        "It is not your fault. Whoever runs this server finds more in its log.",
    ),
}


class PageEndpoint(Endpoint):
    """All there is at one path of the dashboard."""

    async def _answer(
        self, request: AnyRequest, receive: Receive, extra: list[Header]
    ) -> Reply[Any]:
        route = self._routes.get(request.method)
        try:
            return await super()._answer(request, receive, extra)
        except Failure as failure:
            again = route.again if isinstance(route, Page) else None
            if again is None or not _belongs_to_the_form(failure):
                raise
            try:
                _, words = _words(failure)
                reply = await again(request, Draft.refused(_form_of(request), failure, words))
            except Failure:  # what the form is about is not there: nothing to show it on
                raise failure from None
            return msgspec.structs.replace(reply, status=PROBLEMS[type(failure)].status)

    async def _leave_body(self, request: AnyRequest, receive: Receive, error: Exception) -> bool:
        """Keep a form whose sender has to sign in first: ``MAX_BODY`` of it, if anyone sends it."""
        if request.method in READS or not isinstance(error, SignInNeeded):
            return await super()._leave_body(request, receive, error)
        limit = self._routes[request.method].body_limit if had_session(request) else MAX_BODY
        try:
            request.raw_body = await read_body(request.headers, receive, limit)
        except (BodyTooLarge, BodyTooSlow):
            return False
        return True

    def _decode_query(self, query: type[Struct], request: AnyRequest) -> Any:
        return decode_fields(read_pairs(_form_of(request)), query)

    def _decode(self, body: type[Struct], route: AnyRoute, request: AnyRequest) -> Any:
        return decode_form(_form_of(request), request.principal, body)

    def _show(self, request: AnyRequest, failure: Failure) -> Reply[Any]:
        problem = PROBLEMS[type(failure)]
        if not isinstance(failure, SignInNeeded):
            title, detail = _words(failure)
            own = request.services.settings.public_url if isinstance(failure, CrossSite) else ""
            return render(
                request, "problem.html", problem.status, title=title, detail=detail, server=own,
                way=_way_on(request, failure),
            )  # fmt: skip
        if request.method in READS:
            return redirect(request, SIGN_IN, next=request.target)
        request.principal, sent = visitor_of(request), kept(_form_of(request))
        return render(
            request, "sign_in.html", problem.status, next=request.target, kept=sent, ended=True
        )


class MissingPage(PageEndpoint):
    """Every path below the dashboard's that has no page."""

    def __init__(self, services: Services, guards: Iterable[Guard[Any]] = ()) -> None:
        super().__init__(services, "", {}, guards)

    def _route(self, request: AnyRequest) -> AnyRoute:
        raise PathNotFound


def _way_on(request: AnyRequest, failure: Failure) -> tuple[str, str] | None:
    """Return the address of the nearest page there is, and its name; None: the first one is."""
    path: str = request.scope["path"]
    of_the_address = isinstance(failure, (ValidationFailed, CursorInvalid))
    is_file = "." in path.rpartition("/")[2]
    if of_the_address and request.method in READS and not is_file:
        return path, "Show it from its beginning"
    who = request.principal
    lines = menu_for(who.signed_in.role) if isinstance(who, Operator) else ()
    above = (line for line in lines if path.startswith(f"{line.path}/") and line.path != HOME)
    return next(((line.path, f"To {line.label}") for line in above), None)


def _words(failure: Failure) -> tuple[str, str]:
    """Return what people are told of a failure: a title, and more."""
    if isinstance(failure, ValidationFailed):
        said = people_told(next(iter(failure.errors.values()))[0])
        return "That can't be shown", f"What was typed, or stands in the address, {said}."
    return WORDS.get(type(failure), (PROBLEMS[type(failure)].title, reason(failure)))


def _form_of(request: AnyRequest) -> bytes:
    """Return what was typed: it stands in a form, or in the address of a page that is read."""
    if request.method in READS:
        query: bytes = request.scope["query_string"]
        return query
    return urlencoded(request.raw_body, request.headers.get(b"content-type", b""))


def _belongs_to_the_form(failure: Failure) -> bool:
    """Tell whether a failure is of what was typed: found by an operation, or the form is old."""
    of_the_domain = type(failure).__module__.startswith(DOMAIN)
    return of_the_domain or isinstance(failure, FormOutdated)
