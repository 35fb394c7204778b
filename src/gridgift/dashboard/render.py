"""From values to pages: the templates, the headers of every page, redirects and what they say."""

import base64
import gzip
import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from gridgift import __version__
from gridgift.dashboard import filters
from gridgift.dashboard.forms import EMPTY, TOKEN
from gridgift.dashboard.menu import menu_for
from gridgift.domain import texts
from gridgift.http.edge.reply import NO_STORE, Header, Reply
from gridgift.http.edge.request import Request
from gridgift.http.edge.route import READS
from gridgift.http.edge.session import Browser, Operator, Visitor, cookie_header

if TYPE_CHECKING:
    from jinja2 import Environment  # imported with the first page: a server of programs needs none

AnyRequest = Request[Any, Any, Any]

THEMES: Final = ("system", "light", "dark")
THEME_COOKIE: Final = "gridgift-theme"
FLASH_COOKIE: Final = "gridgift-flash"
# Somewhere in the dashboard, and nowhere else; nothing in it ends a header's line.
_OURS: Final = re.compile(r"/dashboard(?:[/?][\w./?&=%+:;,~@-]*)?", re.ASCII)
MAX_SAID: Final = 600  # bytes of what is said
MAX_BACK: Final = 1_500  # characters of an address to which an undo leads back
MAX_FLASH: Final = 3_800  # bytes; a browser drops a cookie of more than 4096
YEAR: Final = 31_536_000  # seconds
SAID_FOR: Final = 60  # seconds, if no page comes that says it
UNDO_FOR: Final = 3_600  # seconds, on all pages, unless it is dismissed

_POLICY: Final = (
    "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' https://picture-service.secondlife.com; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types htmx"
)
# not no-referrer: with that a browser says of our own forms that their origin is null
_HEADERS: Final[tuple[Header, ...]] = (
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    NO_STORE,
)


class Undo(Struct, frozen=True):
    """The form that undoes what was done: where it is sent, and what it has."""

    path: str
    fields: Mapping[str, str] = {}


class Flash(Struct, frozen=True):
    """What the next page says once of what was just done, and how to undo it.

    With an ``undo`` all pages say it for an hour, until it is dismissed, undone, or something else
    is said. It travels in a cookie that is signed with the session's: nobody else can put words
    there.
    """

    text: str
    kind: Literal["done", "trouble"] = "done"
    undo: Undo | None = None


def render(
    request: AnyRequest,
    template: str,
    status: int = 200,
    *,
    headers: Sequence[Header] = (),
    **values: Any,
) -> Reply[None]:
    """Show a page; ``values`` are its template's.

    All templates have these besides: ``me`` (a ``SignedIn``, or None), ``form_token``, ``nonce``,
    ``draft`` (empty, unless it is given), ``changed`` (None, unless it is given), ``flash``,
    ``menu``, ``path``, ``target`` (the address, with what stands behind its question mark),
    ``theme``, ``zone`` (the store's), ``now`` (milliseconds), and ``part``: only a part of the page
    was asked for.
    """
    who, nonce = request.principal, secrets.token_urlsafe(16)
    me = who.signed_in if isinstance(who, Operator) else None
    path: str = request.scope["path"]
    flash, stays = _read_flash(request), False
    if flash is not None and flash.undo is not None:
        stays = request.method in READS or flash.undo.path != path
        flash = flash if stays else None  # it was not undone: the page says why
    usual = {
        "me": me,
        "form_token": who.form_token if isinstance(who, Browser) else "",
        "nonce": nonce,
        "draft": EMPTY,
        "changed": None,
        "flash": flash,
        "menu": menu_for(me.role) if me else [],
        "path": path,
        "target": request.target if request.method in READS else path,
        "theme": _theme(request),
        "zone": me.here.time_zone if me else "UTC",
        "now": request.received_at,
        "part": is_part(request),
        "version": __version__,
    }
    text = templates().get_template(template).render(**(usual | values))
    policy = (b"content-security-policy", _POLICY.format(nonce=nonce).encode())
    cookies: list[Header] = []
    if isinstance(who, Visitor) and who.is_new:
        cookies.append(cookie_header(request, who.cookie))
    if not stays and not is_part(request) and _cookie(request, FLASH_COOKIE):
        cookies.append(NOTHING_SAID)
    reply = Reply[None].html(text, status, (policy, *_HEADERS, *cookies, *headers))
    return _compressed(reply) if _may_be_compressed(request) else reply


def redirect(
    request: AnyRequest,
    to: str,
    *,
    flash: Flash | None = None,
    headers: Sequence[Header] = (),
    cookie: str = "",
    **query: str,
) -> Reply[None]:
    """Lead the browser to another page after a form (303: by GET), with a word on what was done.

    ``cookie`` is the session's from now on; "": the one that the request has.
    """
    address = f"{to}?{urlencode(query)}" if query else to
    said = [cookie_header(request, cookie)] if cookie else []
    if flash is not None:
        signed_by = cookie or request.principal.cookie
        seconds = SAID_FOR if flash.undo is None else UNDO_FOR
        said.append(_set(FLASH_COOKIE, _packed(flash, signed_by), seconds))
    if b"hx-request" in request.headers:  # a redirect would be followed within the page
        return Reply(200, ((b"hx-redirect", address.encode()), *_HEADERS, *said, *headers))
    return Reply(303, ((b"location", address.encode()), *_HEADERS, *said, *headers))


def own_page(address: str, otherwise: str) -> str:
    """Return an address that a form carried if it is below ``otherwise``, else that."""
    return address if _OURS.fullmatch(address) and address.startswith(otherwise) else otherwise


def is_part(request: AnyRequest) -> bool:
    """Tell whether htmx asks, for a part of the page that it has."""
    return b"hx-request" in request.headers


def base_address(request: AnyRequest) -> str:
    """Return where this server is: its public address, or as the browser has it."""
    host = request.headers.get(b"host", b"").decode("latin-1")
    return request.services.settings.public_url or f"{request.scope.get('scheme', 'http')}://{host}"


def theme_header(theme: str) -> Header:
    """Return the header that keeps somebody's choice of colours."""
    return _set(THEME_COOKIE, theme, YEAR)


@cache
def templates() -> "Environment":
    """Return the templates; each is compiled when it is first shown."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    found = Environment(
        loader=PackageLoader("gridgift.dashboard"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=texts.shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters.update(filters.FILTERS)
    found.globals["TOKEN"] = TOKEN
    found.globals["THEMES"] = THEMES
    return found


def _may_be_compressed(request: AnyRequest) -> bool:
    """Tell whether nobody else's page led here.

    From the length of a compressed page that shows what it was asked for, whoever asks often enough
    learns what else it has: the form's token (decision 53).
    """
    accepted = b"gzip" in request.headers.get(b"accept-encoding", b"")
    return accepted and request.headers.get(b"sec-fetch-site") in {b"same-origin", b"none"}


def _compressed(reply: Reply[None]) -> Reply[None]:
    """Compress a page quickly: a quarter of its bytes is left."""
    encoded = (b"content-encoding", b"gzip")
    return msgspec.structs.replace(
        reply, headers=(*reply.headers, encoded), body=gzip.compress(reply.body, 1, mtime=0)
    )


def _theme(request: AnyRequest) -> str:
    theme = _cookie(request, THEME_COOKIE)
    return theme if theme in THEMES else THEMES[0]


def _read_flash(request: AnyRequest) -> Flash | None:
    """Return what was left to be said to this session; any other cookie is passed over."""
    who, (packed, _, signature) = request.principal, _cookie(request, FLASH_COOKIE).partition(".")
    if not isinstance(who, Browser) or not hmac.compare_digest(
        signature.encode(), _signature(packed, who.cookie).encode()
    ):
        return None
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(packed), type=Flash)
    except (ValueError, msgspec.MsgspecError):
        return None


def _packed(flash: Flash, cookie: str) -> str:
    """Return a signed cookie's value that no browser drops."""
    text = flash.text.encode()[:MAX_SAID].decode(errors="ignore")
    for cut in (Flash(text, flash.kind, flash.undo), Flash(text, flash.kind)):
        packed = base64.urlsafe_b64encode(msgspec.json.encode(cut)).decode()
        if len(packed) <= MAX_FLASH:
            break
    return f"{packed}.{_signature(packed, cookie)}"


def _signature(packed: str, cookie: str) -> str:
    return hmac.new(cookie.encode(), b"flash " + packed.encode(), "sha256").hexdigest()


def _cookie(request: AnyRequest, name: str) -> str:
    """Return the value of a cookie that decides nothing."""
    lines = request.headers.get(b"cookie", b"").decode("latin-1")
    pairs = (part.strip().partition("=") for part in lines.replace(",", ";").split(";"))
    return next((value for found, _, value in pairs if found == name), "")


def _set(name: str, value: str, seconds: int) -> Header:
    text = f"{name}={value}; Path=/dashboard; Max-Age={seconds}; HttpOnly; SameSite=Lax"
    return b"set-cookie", text.encode()


NOTHING_SAID: Final = _set(FLASH_COOKIE, "", 0)  # ends what pages say of what was just done
