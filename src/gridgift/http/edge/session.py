"""The guards of the dashboard: a visitor, and an operator with a session.

One cookie has a random token. Before a sign-in it only ties forms to the browser; a sign-in puts
another one in its place, which is a session's. The browser sends it by itself, so each form carries
a second token, made from the cookie's, and a form that another site sends is refused before that.
"""

import base64
import hashlib
import re
import secrets
from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar, Final, TypeVar
from urllib.parse import urlsplit

from msgspec import Struct

from gridgift.domain import sessions
from gridgift.domain.failures import Failure
from gridgift.domain.operators import Role
from gridgift.domain.sessions import MINUTE, SignedIn
from gridgift.http.edge.guards import SecurityScheme
from gridgift.http.edge.limits import check_failures
from gridgift.http.edge.principal import Principal
from gridgift.http.edge.refusals import CrossSite, OwnersOnly, RateLimited, SignInNeeded
from gridgift.http.edge.reply import Header
from gridgift.http.edge.request import Request
from gridgift.http.edge.route import READS
from gridgift.limits import Bucket
from gridgift.storage.database import Tx

COOKIE: Final = "gridgift"

Q = TypeVar("Q")
B = TypeVar("B")
AnyRequest = Request[Any, Any, Any]


class Browser(Principal, frozen=True, kw_only=True):
    """Whoever has the cookie."""

    cookie: str

    @property
    def form_token(self) -> str:
        """What the forms of its pages carry: of this cookie, and for the store that is shown."""
        return form_token(self.cookie, self.store_id)


class Visitor(Browser, frozen=True, kw_only=True):
    """Somebody who has not signed in; ``is_new``: the cookie is still to be set."""

    is_new: bool


class Operator(Browser, frozen=True, kw_only=True):
    """An operator who has signed in, at the store that was chosen."""

    signed_in: SignedIn

    @property
    def role(self) -> Role:
        """What the operator is at this store."""
        return self.signed_in.role

    @property
    def zone(self) -> str:
        """The time zone of this store, in which its pages show times."""
        return self.signed_in.here.time_zone


VisitorRequest = Request[Visitor, Q, B]
OperatorRequest = Request[Operator, Q, B]


class _Door(Struct, frozen=True):
    """What both guards say of themselves."""

    scheme: ClassVar[SecurityScheme | None] = None
    cors: ClassVar[tuple[str, ...]] = ()
    keyed: ClassVar[bool] = False
    note: ClassVar[str] = ""

    def describe(self) -> Mapping[str, Any]:
        """Tell nothing: pages are not in the OpenAPI document."""
        return {}

    async def verify(self, request: AnyRequest) -> None:
        """Find nothing wrong: a form's token is looked at when it is decoded."""


class Visit(_Door, frozen=True):
    """Admits everyone, with a cookie; a form only from this server's own pages."""

    refusals: ClassVar[tuple[type[Failure], ...]] = (CrossSite,)

    async def admit(self, request: AnyRequest) -> Visitor:
        """Return whose browser it is."""
        check_origin(request)
        return visitor_of(request)

    def authorise(self, principal: Visitor) -> None:
        """Let everyone pass."""

    async def readmit(self, tx: Tx, principal: Visitor) -> None:
        """Let everyone pass."""


class Session(_Door, frozen=True):
    """Admits an operator who has signed in, and is at least this at the store."""

    role: Role

    refusals: ClassVar[tuple[type[Failure], ...]] = (
        SignInNeeded,
        OwnersOnly,
        CrossSite,
        RateLimited,
    )

    async def admit(self, request: AnyRequest) -> Operator:
        """Return the operator whose session the cookie opens, and note once a minute its use.

        Where an address has failed too often, a cookie that anyone can make up is not looked up.
        """
        check_origin(request)
        if not had_session(request):
            check_failures(request)
        operator = await operator_of(request)
        if operator is None:
            raise SignInNeeded
        session = operator.signed_in.session
        if session.seen_at <= request.received_at - MINUTE:
            await request.services.operations.write(sessions.note_use, session.id)
        return operator

    def authorise(self, principal: Operator) -> None:
        """Raise ``OwnersOnly`` to a clerk where the owner is needed."""
        _check_role(self.role, principal.role)

    async def readmit(self, tx: Tx, principal: Operator) -> None:
        """Raise what keeps the operator out by now: the session's end, or another role."""
        found = await sessions.find(tx, principal.cookie)
        if found is None or found.here.store_id != principal.store_id:
            raise SignInNeeded
        _check_role(self.role, found.role)


def _check_role(needed: Role, role: Role) -> None:
    if needed == "owner" and role != "owner":
        raise OwnersOnly


def visitor_of(request: AnyRequest) -> Visitor:
    """Return whose browser it is, whether or not somebody has signed in with it."""
    cookie = read_cookie(request)
    return Visitor(cookie=cookie or new_token(), is_new=cookie is None)


def had_session(request: AnyRequest) -> bool:
    """Tell whether a browser's cookie was given out for a session, whether or not it works.

    Not so those of sessions that began under another server's secret, or before they were marked.
    """
    cookie = read_cookie(request)
    return cookie is not None and request.services.credentials.is_of_a_session(cookie)


async def operator_of(request: AnyRequest) -> Operator | None:
    """Return the operator who has signed in with this browser, if one has."""
    cookie = read_cookie(request)
    if cookie is None:
        return None
    found = await request.services.operations.read(sessions.find, cookie)
    if found is None:
        return None
    store_id, name = found.here.store_id, found.operator.name
    return Operator(
        store_id=store_id,
        actor_kind="operator",
        actor_id=name,
        bucket=Bucket("operator", found.operator.id),
        log_fields={"store": store_id, "operator": name},
        expires_at=found.session.ends_at,
        cookie=cookie,
        signed_in=found,
    )


def form_token(cookie: str, store_id: str) -> str:
    """Return what forms carry that were shown to a browser, of a store ("" before a sign-in)."""
    digest = hashlib.sha256(f"form {cookie} {store_id}".encode()).digest()
    return base64.urlsafe_b64encode(digest[:24]).decode()


def new_token() -> str:
    """Choose the token of a cookie or a link: 32 random bytes."""
    return secrets.token_urlsafe(32)


def check_origin(request: AnyRequest) -> None:
    """Raise ``CrossSite`` for a form that a browser sends from another site's page.

    ``Sec-Fetch-Site`` says it (Fetch Metadata); browsers that lack it, or reach the server by plain
    HTTP, send ``Origin``, which is compared with ``GRIDGIFT_PUBLIC_URL``. ``Host`` decides nothing:
    proxies rewrite it. A program that sends neither can't be tricked.
    """
    if request.method in READS:
        return
    site, origin = request.headers.get(b"sec-fetch-site"), request.headers.get(b"origin")
    if site is not None:
        own = site in {b"same-origin", b"none"}
    else:
        public_url = request.services.settings.public_url
        own = origin is None or origin.decode("latin-1") == _origin_of(public_url)
    if not own:
        raise CrossSite


@cache
def _origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def read_cookie(request: AnyRequest) -> str | None:
    """Return the token in the request's cookie."""
    lines = request.headers.get(b"cookie", b"").decode("latin-1")
    found = _pattern(_cookie_name(request)).search(lines)
    return None if found is None else found[1]


@cache
def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?:^|[;,])\s*{name}=([\w-]{{43}})\s*(?:$|[;,])", re.ASCII)


def cookie_header(request: AnyRequest, token: str) -> Header:
    """Return the header that sets the cookie, for as long as the browser runs."""
    return b"set-cookie", f"{_cookie_name(request)}={token}; {_attributes(request)}".encode()


def _cookie_name(request: AnyRequest) -> str:
    """Return the cookie's name; by TLS it has the prefix that keeps other hosts from setting it."""
    return f"__Host-{COOKIE}" if _by_tls(request) else COOKIE


def _attributes(request: AnyRequest) -> str:
    secure = "; Secure" if _by_tls(request) else ""
    return f"Path=/; HttpOnly; SameSite=Lax{secure}"


def _by_tls(request: AnyRequest) -> bool:
    public = request.services.settings.public_url
    return request.scope.get("scheme") == "https" or public.startswith("https://")
