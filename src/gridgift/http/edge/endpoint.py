"""The one pipeline: admit → count → authorise → decode → handler → reply → log."""

import random
import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Final

from msgspec import Struct
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from gridgift.domain.failures import Failure
from gridgift.domain.instants import format_instant
from gridgift.http.edge.cors import VARY, preflight_headers, readable
from gridgift.http.edge.decode import (
    decode_body,
    decode_query,
    discard_body,
    has_body,
    read_body,
    says_nothing,
)
from gridgift.http.edge.guards import Guard
from gridgift.http.edge.in_world import IN_WORLD, refusal_in_world
from gridgift.http.edge.limits import count, count_failure, limited_look_up
from gridgift.http.edge.principal import NOBODY, Principal
from gridgift.http.edge.problems import problem_reply
from gridgift.http.edge.refusals import (
    BodyMalformed,
    BodyTooLarge,
    BodyTooSlow,
    BodyUnexpected,
    DatabaseOutOfReach,
    InternalError,
    MethodNotAllowed,
    PathNotFound,
    RateLimited,
    Unauthenticated,
)
from gridgift.http.edge.reply import CLOSE, NO_SNIFFING, NO_STORE, Header, Reply, Stream
from gridgift.http.edge.request import Request
from gridgift.http.edge.route import READS, AnyRoute
from gridgift.http.edge.services import Services
from gridgift.logs import Log
from gridgift.storage.database import DatabaseUnavailable

BULK_RETRY: Final = 2  # seconds after which a place for a request of many rows may be free
CLIENT_CLOSED: Final = 499  # logged for a client that closed its connection before the answer

_SAFE_ID: Final = re.compile(rb"[A-Za-z0-9._:-]{1,64}")
_METHODS: Final = frozenset(
    {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"}
)

AnyRequest = Request[Any, Any, Any]

log = Log("gridgift.http")


class Endpoint:
    """Everything at one path: an ASGI app over the routes of its methods."""

    def __init__(
        self,
        services: Services,
        path: str,
        routes: dict[str, AnyRoute],
        guards: Iterable[Guard[Any]] = (),
    ) -> None:
        """Serve a path; ``guards`` are those of its surroundings, beside its routes' own."""
        self._services = services
        self._path = path
        self._routes = dict(routes)
        if "GET" in routes:
            self._routes["HEAD"] = routes["GET"]
        self._allow = ", ".join(sorted(self._routes))
        called = [g for g in (*guards, *(route.guard for route in routes.values())) if g.cors]
        self._cors_below = tuple({path for guard in called for path in guard.cors})
        carriers = [guard.scheme.header for guard in called if guard.scheme is not None]
        self._preflight = preflight_headers(carriers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request and write one line about it."""
        started = self._services.ticks()
        request, extra = self._request(scope)
        try:
            reply = await self._answer(request, receive, extra)
        except ClientDisconnect:
            self._log(request, CLIENT_CLOSED, started)
            # One that only sends no more, or no HTTP, still reads; without an answer it has a 500.
            cut = self._refuse(request, BodyMalformed("it ends too early"))
            await cut.send(send, [*extra, CLOSE], head=request.method == "HEAD")
            return
        except Exception as error:
            if isinstance(error, BodyTooLarge | BodyTooSlow):
                extra.append(CLOSE)  # the rest of the body is still on its way
            reply = self._refuse(request, error)
        if self._cors_below and self._cors_applies(request):
            try:
                extra.extend(await self._cors(request))
            except Exception as error:
                extra.append(VARY)
                reply = self._refuse(request, error)
        if isinstance(reply, Stream):
            reply = reply.while_read(receive)
        try:
            await reply.send(send, extra, head=request.method == "HEAD")
        except ClientDisconnect:
            self._log(request, CLIENT_CLOSED, started)
            return
        self._log(request, reply.status, started)

    async def refuse(self, scope: Scope, send: Send, error: Exception) -> None:
        """Answer with the problem that an exception is, one that escaped the pipeline itself."""
        request, extra = self._request(scope)
        reply = self._refuse(request, error)
        await reply.send(send, extra, head=request.method == "HEAD")

    def _request(self, scope: Scope) -> tuple[AnyRequest, list[Header]]:
        """Return the request, not yet admitted, and the headers that any answer to it has."""
        services, headers = self._services, _combined(scope["headers"])
        request: AnyRequest = Request(
            services=services,
            method=scope["method"],
            scope=scope,
            headers=headers,
            path=scope.get("path_params", {}),
            id=_request_id(headers),
            received_at=services.clock(),
            principal=NOBODY,
            query=None,
            body=None,
        )
        return request, [(b"x-request-id", request.id.encode()), NO_SNIFFING]

    async def _answer(
        self, request: AnyRequest, receive: Receive, extra: list[Header]
    ) -> Reply[Any]:
        if self._is_preflight(request) and self._cors_applies(request):
            return Reply(204, (NO_STORE, *self._preflight))
        try:
            route = self._route(request)
            principal = await self._admit(route, request)
            if principal.bucket is not None:
                await count(request, principal.bucket, extra)
            route.guard.authorise(principal)
            query: type[Struct] | None = route.query
            if query is not None:
                request.query = self._decode_query(query, request)
        except Exception as error:
            if not await self._leave_body(request, receive, error):
                extra.append(CLOSE)
            raise
        if route.rows is None:
            return await self._carry_out(route, request, receive)
        with request.services.bulks.taken(request.store_id) as free:
            if free:
                return await self._carry_out(route, request, receive)
        if not await discard_body(request.headers, receive, route.body_limit):
            extra.append(CLOSE)
        raise RateLimited(BULK_RETRY)

    async def _leave_body(self, request: AnyRequest, receive: Receive, _: Exception) -> bool:
        """Read the body of a request that is refused; return whether there is no rest of it."""
        return await discard_body(request.headers, receive)

    async def _carry_out(
        self, route: AnyRoute, request: AnyRequest, receive: Receive
    ) -> Reply[Any]:
        """Read and decode the body, and let the handler answer."""
        if route.body is not None or has_body(request.headers):
            request.raw_body = await read_body(request.headers, receive, route.body_limit)
            if request.admitted_long_ago:  # the body took its time
                await self._admit_again(route, request)
        try:
            await route.guard.verify(request)
        except Unauthenticated:
            await count_failure(request)
            raise
        if route.body is not None:
            request.body = self._decode(route.body, route, request)
        elif request.raw_body and route.rows is None and not says_nothing(request.raw_body):
            raise BodyUnexpected
        reply: Reply[Any] = await route.handler(request)
        if route.method in READS and request.admitted_long_ago:  # writes look in the transaction
            await self._admit_again(route, request)
        return reply

    def _decode(self, body: type[Struct], route: AnyRoute, request: AnyRequest) -> Any:
        """Read the body as the route's type has it."""
        return decode_body(request.raw_body, request.headers, body, required=route.body_required)

    def _decode_query(self, query: type[Struct], request: AnyRequest) -> Any:
        """Read the query as the route's type has it."""
        return decode_query(request.scope["query_string"], query)

    def _route(self, request: AnyRequest) -> AnyRoute:
        route = self._routes.get(request.method)
        if route is None:
            raise MethodNotAllowed(request.method[:16], self._allow)
        return route

    async def _admit(self, route: AnyRoute, request: AnyRequest) -> Principal:
        """Admit a request; failed authentications are limited for each address."""
        try:
            principal: Principal = await route.guard.admit(request)
        except Unauthenticated:
            await count_failure(request)
            raise
        request.principal, request.readmit = principal, route.guard.readmit
        request.admitted_at = self._services.ticks()
        return principal

    async def _admit_again(self, route: AnyRoute, request: AnyRequest) -> None:
        """Admit a request once more that was admitted long ago."""
        route.guard.authorise(await self._admit(route, request))

    def _cors_applies(self, request: AnyRequest) -> bool:
        """Tell whether a page on another origin may read the answer, whatever it is."""
        path: str = request.scope["path"]
        return path.startswith(self._cors_below)

    def _is_preflight(self, request: AnyRequest) -> bool:
        """Tell a preflight (Fetch standard, CORS) from another OPTIONS request."""
        return request.method == "OPTIONS" and b"access-control-request-method" in request.headers

    async def _cors(self, request: AnyRequest) -> tuple[Header, ...]:
        """Let the store's own customer page read the answer, whatever it is.

        Raises ``RateLimited`` to a preflight, which nothing else was wanted of.
        """
        origin = request.headers.get(b"origin")
        try:
            if origin is not None and await self._is_configured(origin, request):
                return readable(origin)
        except DatabaseUnavailable:
            pass
        except RateLimited:
            if self._is_preflight(request):
                raise
        return (VARY,)

    async def _is_configured(self, origin: bytes, request: AnyRequest) -> bool:
        """Tell whether a page is the token's store's, or, of a request without one, any store's."""
        services, store_id = request.services, request.store_id
        origins, tick = services.origins, services.ticks()
        if store_id:
            return await origins.is_of_store(origin, store_id, tick)
        return await origins.is_of_any(origin, tick, partial(limited_look_up, request))

    def _refuse(self, request: AnyRequest, error: Exception) -> Reply[Any]:
        """Turn what was raised into an answer; only a defect of ours is logged with its trace."""
        if isinstance(error, Failure):
            failure = error
        elif isinstance(error, DatabaseUnavailable):
            log.error("database unavailable", request_id=request.id, why=str(error))
            failure = DatabaseOutOfReach()
        else:
            log.error("internal error", request_id=request.id, exc_info=error)
            failure = InternalError()
        try:
            return self._show(request, failure)
        except Exception as defect:
            log.error("refusal not shown", request_id=request.id, exc_info=defect)
            return self._problem(request, InternalError())

    def _show(self, request: AnyRequest, failure: Failure) -> Reply[Any]:
        """Answer with a problem, or as objects in Second Life read it."""
        path = request.target.partition("?")[0]
        if path.startswith(IN_WORLD):
            return refusal_in_world(failure, path, request.body)
        return self._problem(request, failure)

    def _problem(self, request: AnyRequest, failure: Failure) -> Reply[Any]:
        path = request.target.partition("?")[0]
        public_url, accept = self._services.settings.public_url, request.headers.get(b"accept")
        return problem_reply(failure, public_url, path, request.id, accept)

    def _log(self, request: AnyRequest, status: int, started: float) -> None:
        services = self._services
        seconds = services.ticks() - started
        method = request.method if request.method in _METHODS else "other"
        services.metrics.observe(method, self._path, status, seconds)
        services.request_log.write(
            {
                **request.principal.log_fields,
                "event": "request",
                "request_id": request.id,
                "method": method,
                "route": self._path,
                "status": status,
                "ms": round(seconds * 1000, 2),
                "timestamp": format_instant(request.received_at),
                "level": "info",
            }
        )


class Missing(Endpoint):
    """Every path that has no endpoint.

    ``guards`` are those of all paths; ``meant`` finds the path that one nearly is.
    """

    def __init__(
        self, services: Services, guards: Iterable[Guard[Any]], meant: Callable[[str], str | None]
    ) -> None:
        super().__init__(services, "", {}, guards)
        self._meant = meant

    def _route(self, request: AnyRequest) -> AnyRoute:
        raise PathNotFound(self._meant(request.scope["path"]))


def _combined(lines: Sequence[Header]) -> dict[bytes, bytes]:
    """Join a header's lines into one list (RFC 9110, 5.3), so that none is overlooked."""
    single = dict(lines)
    if len(single) == len(lines):
        return single
    headers: dict[bytes, bytes] = {}
    for name, value in lines:
        headers[name] = headers[name] + b", " + value if name in headers else value
    return headers


def _request_id(headers: dict[bytes, bytes]) -> str:
    """Keep a caller's id if it is safe to repeat, else make one (contract section 3)."""
    given = headers.get(b"x-request-id")
    if given is not None and _SAFE_ID.fullmatch(given):
        return given.decode()
    return f"{random.getrandbits(96):024x}"
