"""Pages for people: the reference, a page on every error code, and the resident's own page."""

import gzip
import json
import os
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import PathLike, StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from gridgift import __version__, messages
from gridgift.domain import stores
from gridgift.domain.failures import Failure
from gridgift.domain.texts import isolated, shown
from gridgift.http.edge.accept import prefers_html
from gridgift.http.edge.customer_token import CUSTOMER_PAGE
from gridgift.http.edge.endpoint import AnyRequest, Endpoint, Missing
from gridgift.http.edge.guards import PUBLIC, PublicRequest
from gridgift.http.edge.path import PathParameter
from gridgift.http.edge.problems import BY_CODE
from gridgift.http.edge.refusals import PathNotFound
from gridgift.http.edge.reply import JSON, NO_STORE, Header, Reply
from gridgift.http.edge.route import READS, Route, Tag
from gridgift.http.edge.session import had_session, operator_of

if TYPE_CHECKING:
    from jinja2 import Environment  # imported with the first page: a server of programs needs none

_OWN_THINGS_ONLY: Header = (
    b"content-security-policy",
    b"default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    b"frame-ancestors 'none'",
)
_BY_LANGUAGE: Header = (b"vary", b"Accept-Language")
# The page holds a token that is worth money: nothing may be framed, injected, or sent elsewhere.
_NOTHING_OUT: Final[tuple[Header, ...]] = (
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        b"img-src 'self' https://picture-service.secondlife.com; base-uri 'none'; "
        b"form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
        b"trusted-types 'none'",
    ),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
_RESIDENTS_PAGE: Final = (
    *_NOTHING_OUT,
    (b"cache-control", b"no-cache"),
    _BY_LANGUAGE,
)
_NOT_KEPT: Final[tuple[Header, ...]] = (NO_STORE, (b"vary", b"Accept, Accept-Language"))
_MISSING_PAGE: Final = (*_NOTHING_OUT, *_NOT_KEPT)

SERVER_TROUBLE: Final = 500  # and statuses above
FOR_PEOPLE: Final = frozenset({"/", "/me"})  # whose endpoints are a ``PageForPeople``

# Where programs ask: people who come there are told the same.
_OF_PROGRAMS: Final = ("/v1/", "/ext/", "/inworld/")

TEXTS: Final = frozenset({".css", ".js", ".svg"})  # files that are much smaller compressed
COMPRESSED_MOST: Final = 256 * 1024  # bytes: what is larger would hold up other requests

DOCUMENTATION: Final = Tag("Documentation", "This document, and pages for people.")
CODE: Final = PathParameter(
    "code", "An error's code.", {"type": "string"}, "gift_card_redeemed", str
)


class Assets(StaticFiles):
    """What the pages load, compressed for browsers that take it (RFC 9110, 12.5.3).

    A file that is not there is refused by the endpoint given.
    """

    def __init__(self, directory: str, refuse: ASGIApp) -> None:
        super().__init__(directory=directory)
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send a file."""
        try:
            await super().__call__(scope, receive, send)
        except (HTTPException, ValueError):  # ValueError: a NUL in the path
            await self._refuse(scope, receive, send)

    def file_response(
        self, full_path: PathLike, stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """Answer with a file, or that it is still what the browser has."""
        plain = super().file_response(full_path, stat_result, scope, status_code)
        small = stat_result.st_size <= COMPRESSED_MOST
        if plain.status_code != 200 or not small or Path(full_path).suffix not in TEXTS:
            return plain
        plain.headers["vary"] = "Accept-Encoding"
        if "gzip" not in Headers(scope=scope).get("accept-encoding", ""):
            return plain
        kept = {name: plain.headers[name] for name in ("content-type", "last-modified", "vary")}
        again = {"content-encoding": "gzip", "etag": f"W/{plain.headers['etag']}"}
        return Response(_compressed(str(full_path), stat_result.st_mtime_ns), headers=kept | again)


@lru_cache(maxsize=32)
def _compressed(path: str, _: int) -> bytes:
    """Return a file compressed; the number is when it was changed."""
    return gzip.compress(Path(path).read_bytes(), 9, mtime=0)


async def get_missing_asset(request: PublicRequest[None, None]) -> Reply[None]:
    """Refuse; a file that is there never comes here."""
    raise PathNotFound


class MissingAddress(Missing):
    """Every path that has no endpoint: a page for people, a problem for programs."""

    def _show(self, request: AnyRequest, failure: Failure) -> Reply[Any]:
        if not isinstance(failure, PathNotFound) or not _is_for_people(request):
            return super()._show(request, failure)
        page = _texts_page("missing.html", _language(request))
        return Reply.html(page, 404, _MISSING_PAGE)


class PageForPeople(Endpoint):
    """A page for whoever comes: if the server has trouble, a browser is told so in a page."""

    def _show(self, request: AnyRequest, failure: Failure) -> Reply[Any]:
        told = super()._show(request, failure)
        if told.status < SERVER_TROUBLE or not _is_for_people(request):
            return told
        language = _language(request)
        texts = messages.home_texts(language)
        title = texts["trouble_title"]
        page = _page(
            "sheet.html", told.status, language=language, title=title, heading=title,
            lead=texts["trouble"],
        )  # fmt: skip
        return msgspec.structs.replace(page, headers=(*page.headers, *_NOT_KEPT))


def _is_for_people(request: AnyRequest) -> bool:
    """Tell whether a browser asks for an address where people may look for a page."""
    path: str = request.scope["path"]
    reads = request.method in READS and not path.startswith(_OF_PROGRAMS)
    return reads and prefers_html(request.headers.get(b"accept"))


async def get_home(request: PublicRequest[None, None]) -> Reply[None]:
    """Lead an operator who has signed in to the dashboard, and show others the three ways on.

    A single store is named. Of several none is: whoever comes is the customer of one alone.
    """
    if had_session(request) and await operator_of(request) is not None:
        return Reply(303, ((b"location", b"/dashboard"), NO_STORE))
    found = await request.operations.read(stores.list_all)
    language = _language(request)
    texts, count = messages.home_texts(language), len(found)
    name = found[0].name if count == 1 else ""
    key, store = "one" if name else "several" if count else "none", isolated(name)
    page = _page(
        "home.html", language=language, texts=texts,
        title=name or "Gridgift", heading=name or texts["title"],
        lead=texts[key].format(store=store, count=count),
        ask=texts["ask" if name else "ask_store"].format(store=store),
    )  # fmt: skip
    return msgspec.structs.replace(page, headers=(*page.headers, _BY_LANGUAGE))


async def get_reference(request: PublicRequest[None, None]) -> Reply[None]:
    """Show the interactive reference; all that it loads is here."""
    return _page("reference.html")


async def get_openapi(request: PublicRequest[None, None]) -> Reply[dict[str, Any]]:
    """Answer with the OpenAPI document."""
    return Reply(200, (JSON, NO_STORE), request.services.document())


async def get_errors(request: PublicRequest[None, None]) -> Reply[None]:
    """List every error code."""
    return _page("errors.html", problems=BY_CODE)


async def get_error(request: PublicRequest[None, None]) -> Reply[None]:
    """Explain one error code; it is where a problem's ``type`` points."""
    code = CODE.of(request)
    if code not in BY_CODE:
        return _page("errors.html", status=404, problems=BY_CODE)
    return _page("error.html", code=code, problem=BY_CODE[code])


async def get_residents_page(request: PublicRequest[None, None]) -> Reply[None]:
    """Show the page on which a resident sees, redeems and passes on gift cards.

    It is the same for everyone, but for the language that the browser asks for: the token stands
    in the fragment, which no browser sends (contract section 8).
    """
    return Reply.html(_texts_page("me.html", _language(request)), headers=_RESIDENTS_PAGE)


@cache
def _texts_page(template: str, language: str) -> str:
    """Return a page of the catalogue's texts: it is the same for all who read one language."""
    texts = messages.page_texts(language)
    page = _templates().get_template(template)
    catalogue = json.dumps(texts, ensure_ascii=False)
    return page.render(version=__version__, language=language, texts=texts, catalogue=catalogue)


def _language(request: AnyRequest) -> str:
    accepted = request.headers.get(b"accept-language", b"")
    return messages.language_of(accepted.decode("latin-1"))


@cache
def _templates() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("gridgift.http"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=shown,
    )


def _page(template: str, status: int = 200, **values: Any) -> Reply[None]:
    text = _templates().get_template(template).render(version=__version__, **values)
    return Reply.html(text, status, (_OWN_THINGS_ONLY,))


ASSET: Final = PathParameter("path", "A file's path.", {"type": "string"}, "me.css", str)
MISSING_ASSET: Final = Route(
    "GET",
    "/static/{path}",
    PUBLIC,
    get_missing_asset,
    tag=DOCUMENTATION,
    summary="A file that is not there",
    description="Files that are there are sent without it.",
    path_parameters=(ASSET,),
)

ROUTES: Final = (
    Route(
        "GET",
        "/me",
        PUBLIC,
        get_residents_page,
        tag=CUSTOMER_PAGE,
        summary="The resident's own page",
        description="For stores that deploy none. It reads the token from its address's fragment, "
        "`#ct=…`; without one it says how to get it.",
        media_type="text/html",
    ),
    Route(
        "GET",
        "/",
        PUBLIC,
        get_home,
        tag=DOCUMENTATION,
        summary="Whose server this is",
        description="A page for people, with the ways on for residents, owners and programmers; an "
        "operator who has signed in is led to /dashboard.",
        media_type="text/html",
    ),
    Route(
        "GET",
        "/docs",
        PUBLIC,
        get_reference,
        tag=DOCUMENTATION,
        summary="The interactive reference",
        description="This document for people, to read and to try. All that it loads is here.",
        media_type="text/html",
    ),
    Route(
        "GET",
        "/openapi.json",
        PUBLIC,
        get_openapi,
        tag=DOCUMENTATION,
        summary="This document",
        description="In OpenAPI 3.1, derived from the table that the server itself runs by.",
        answer=dict[str, Any],
    ),
    Route(
        "GET",
        "/errors",
        PUBLIC,
        get_errors,
        tag=DOCUMENTATION,
        summary="All error codes",
        description="A page for people, with every code that a problem can have.",
        media_type="text/html",
    ),
    Route(
        "GET",
        "/errors/{code}",
        PUBLIC,
        get_error,
        tag=DOCUMENTATION,
        summary="What an error code means",
        description="A page for people, to which a problem's type leads: why, and what to do.",
        path_parameters=(CODE,),
        media_type="text/html",
    ),
)
