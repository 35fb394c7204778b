"""Pages for people: the reference, a page on every error code, and the resident's own page."""

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from gridgift import __version__
from gridgift.http.call import Call
from gridgift.http.openapi import document
from gridgift.http.problems import BY_CODE
from gridgift.http.refusals import PathNotFound
from gridgift.http.reply import JSON, NO_STORE, Header, Reply, encode_json
from gridgift.http.route import PUBLIC, Route

if TYPE_CHECKING:
    from jinja2 import Environment  # imported with the first page: a server of programs needs none

_OWN_THINGS_ONLY: Header = (
    b"content-security-policy",
    b"default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    b"frame-ancestors 'none'",
)
# The page holds a token that is worth money: nothing may be framed, injected, or sent elsewhere.
_RESIDENTS_PAGE: Final[tuple[Header, ...]] = (
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        b"img-src 'self' https://picture-service.secondlife.com; base-uri 'none'; "
        b"form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
        b"trusted-types 'none'",
    ),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cache-control", b"no-cache"),
)


class Assets(StaticFiles):
    """What the pages load; a file that is not there is refused by the endpoint given."""

    def __init__(self, directory: str, refuse: ASGIApp) -> None:
        super().__init__(directory=directory)
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send a file."""
        try:
            await super().__call__(scope, receive, send)
        except (HTTPException, ValueError):  # ValueError: a NUL in the path
            await self._refuse(scope, receive, send)


async def get_missing_asset(call: Call) -> Reply:
    """Refuse; a file that is there never comes here."""
    raise PathNotFound


MISSING_ASSET: Final = Route(
    method="GET",
    path="/static/{path}",
    scope=PUBLIC,
    handler=get_missing_asset,
    tag="Documentation",
    summary="A file that is not there",
)


async def get_home(call: Call) -> Reply:
    """Send whoever opens the bare address to the reference."""
    return Reply(307, ((b"location", b"/docs"),))


async def get_reference(call: Call) -> Reply:
    """Show the interactive reference; all that it loads is here."""
    return _page("reference.html")


async def get_openapi(call: Call) -> Reply:
    """Answer with the OpenAPI document."""
    return Reply(200, (JSON, NO_STORE), _document(call.services.settings.public_url))


async def get_errors(call: Call) -> Reply:
    """List every error code."""
    return _page("errors.html", problems=BY_CODE)


async def get_error(call: Call) -> Reply:
    """Explain one error code; it is where a problem's ``type`` points."""
    code = call.path["code"]
    if code not in BY_CODE:
        return _page("errors.html", status=404, problems=BY_CODE)
    return _page("error.html", code=code, problem=BY_CODE[code])


async def get_residents_page(call: Call) -> Reply:
    """Show the page on which a resident sees, redeems and passes on gift cards.

    It is the same for everyone: the token stands in the fragment, which no browser sends
    (contract section 8).
    """
    text = _templates().get_template("me.html").render(version=__version__)
    return Reply.html(text, headers=_RESIDENTS_PAGE)


@cache
def _templates() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("gridgift.http"), autoescape=True, undefined=StrictUndefined
    )


@cache
def _document(public_url: str) -> bytes:
    from gridgift.http.routes import ROUTES

    return encode_json(document(ROUTES, public_url))


def _page(template: str, status: int = 200, **values: Any) -> Reply:
    text = _templates().get_template(template).render(**values)
    return Reply.html(text, status, (_OWN_THINGS_ONLY,))
