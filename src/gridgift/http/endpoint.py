"""The one pipeline: authenticate → authorise → limit → decode → operation → encode → log."""

import random
import re
from collections.abc import Sequence
from typing import Final

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from gridgift.domain.failures import Failure
from gridgift.domain.instants import format_instant
from gridgift.http.auth import A_co, Authenticator
from gridgift.http.call import Call
from gridgift.http.cors import PREFLIGHT, VARY
from gridgift.http.decode import decode_body, decode_query, discard_body, has_body, read_body
from gridgift.http.limits import Limiter, client_address
from gridgift.http.problems import problem_reply
from gridgift.http.refusals import (
    ApiKeyExpired,
    ApiKeyInvalid,
    ApiKeyMissing,
    ApiKeyRevoked,
    BodyTooLarge,
    BodyTooSlow,
    CustomerTokenInvalid,
    DatabaseOutOfReach,
    InternalError,
    MethodNotAllowed,
    PathNotFound,
    RateLimited,
    ScopeMissing,
)
from gridgift.http.reply import CLOSE, NO_SNIFFING, NO_STORE, Header, Reply
from gridgift.http.route import CUSTOMER, PUBLIC, Route
from gridgift.http.services import Services
from gridgift.logs import Log, RequestLine
from gridgift.storage.database import DatabaseUnavailable

HUNG_UP: Final = 499  # what the log says of a client that left before its answer

_SAFE_ID: Final = re.compile(rb"[A-Za-z0-9._:-]{1,64}")
_METHODS: Final = frozenset(
    {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"}
)
_FAILED_LOGIN: Final = (
    ApiKeyMissing,
    ApiKeyInvalid,
    ApiKeyRevoked,
    ApiKeyExpired,
    CustomerTokenInvalid,
)

log = Log("gridgift.http")


class Endpoint:
    """Everything at one path: an ASGI app over the routes of its methods."""

    def __init__(self, services: Services, path: str, routes: dict[str, Route]) -> None:
        self._services = services
        self._path = path
        self._routes = dict(routes)
        if "GET" in routes:
            self._routes["HEAD"] = routes["GET"]
        self._allow = ", ".join(sorted(self._routes))
        self._for_customers = any(route.scope is CUSTOMER for route in routes.values())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request and write one line about it."""
        started = self._services.ticks()
        headers = _combined(scope["headers"])
        request_id = _request_id(headers)
        call = Call(
            services=self._services,
            method=scope["method"],
            scope=scope,
            headers=headers,
            path=scope.get("path_params", {}),
            request_id=request_id,
            now=self._services.clock(),
        )
        extra: list[Header] = [(b"x-request-id", request_id.encode()), NO_SNIFFING]
        try:
            reply = await self._answer(call, receive, extra)
        except ClientDisconnect:
            self._log(call, HUNG_UP, started)
            return
        except Exception as error:
            if isinstance(error, BodyTooLarge | BodyTooSlow):
                extra.append(CLOSE)  # the rest of the body is still on its way
            reply = self._refuse(call, error)
        if self._for_customers:
            extra.extend(await self._cors(call))
        await reply.send(send, extra, head=call.method == "HEAD")
        self._log(call, reply.status, started)

    async def _answer(self, call: Call, receive: Receive, extra: list[Header]) -> Reply:
        if self._for_customers and self._is_preflight(call):
            return Reply(204, (NO_STORE, *PREFLIGHT))
        try:
            route = self._route(call.method)
            if route.scope is CUSTOMER:
                call.visitor = await self._authenticate(call, self._services.tokens)
                await self._limit(self._services.token_limiter, call.visitor.token.id, extra)
            elif route.scope is not PUBLIC:
                call.key = await self._authenticate(call, self._services.keys)
                await self._limit(self._services.limiter, call.key.id, extra)
                if route.scope not in call.key.scopes:
                    raise ScopeMissing(route.scope)
            if route.query is not None:
                call.query = decode_query(call.scope["query_string"], route.query)
        except Exception:
            if not await discard_body(call.headers, receive):
                extra.append(CLOSE)
            raise
        if route.body is not None or has_body(call.headers):
            call.raw_body = await read_body(call.headers, receive, route.body_limit)
        if route.body is not None:
            call.body = decode_body(call.raw_body, call.headers, route.body)
        return await route.handler(call)

    def _route(self, method: str) -> Route:
        route = self._routes.get(method)
        if route is None:
            if not self._routes:
                raise PathNotFound
            raise MethodNotAllowed(method[:16], self._allow)
        return route

    async def _authenticate(self, call: Call, ring: Authenticator[A_co]) -> A_co:
        services = self._services
        try:
            return await ring.authenticate(call.headers, call.now, services.ticks())
        except _FAILED_LOGIN:
            peer = (call.scope.get("client") or ("",))[0]
            forwarded = call.headers.get(b"x-forwarded-for")
            address = client_address(peer, forwarded, services.settings.trusted_proxies)
            await self._limit(services.failed_logins, address, [])
            raise

    async def _limit(self, limiter: Limiter, name: str, extra: list[Header]) -> None:
        """Count a request; the answer, be it a refusal, tells in ``extra`` what is left."""
        if limiter.shared is not None and await self._limit_shared(limiter, name, extra):
            return
        try:
            left = limiter.take(name, self._services.ticks())
        except RateLimited:
            extra.extend(limiter.headers(0))
            raise
        extra.extend(limiter.headers(left))

    async def _limit_shared(self, limiter: Limiter, name: str, extra: list[Header]) -> bool:
        """Count a request where all servers do; False: that can't be asked now."""
        assert limiter.shared is not None
        window = await limiter.shared(name)
        if window is None:
            return False
        left = limiter.limit - window.counted
        extra.extend(limiter.headers(max(0, left), window.ends_in))
        if left < 0:
            raise RateLimited(window.ends_in)
        return True

    def _is_preflight(self, call: Call) -> bool:
        """Tell it from an OPTIONS request; it is useless to a page on an origin of no store."""
        return call.method == "OPTIONS" and b"access-control-request-method" in call.headers

    async def _cors(self, call: Call) -> tuple[Header, ...]:
        """Let the store's own customer page read the answer, whatever it is."""
        store_id = call.visitor.token.store_id if call.visitor is not None else None
        try:
            return await self._services.origins.headers(
                call.headers.get(b"origin"), store_id, self._services.ticks()
            )
        except DatabaseUnavailable:
            return (VARY,)

    def _refuse(self, call: Call, error: Exception) -> Reply:
        """Turn what was raised into a problem; only a defect of ours is logged with its trace."""
        if isinstance(error, Failure):
            failure = error
        elif isinstance(error, DatabaseUnavailable):
            log.error("database unavailable", request_id=call.request_id, why=str(error))
            failure = DatabaseOutOfReach()
        else:
            log.error("internal error", request_id=call.request_id, exc_info=error)
            failure = InternalError()
        return problem_reply(
            failure,
            self._services.settings.public_url,
            call.target.partition("?")[0],
            call.request_id,
            call.headers.get(b"accept"),
        )

    def _log(self, call: Call, status: int, started: float) -> None:
        visitor = call.visitor
        seconds = self._services.ticks() - started
        method = call.method if call.method in _METHODS else "other"
        self._services.metrics.observe(method, self._path, status, seconds)
        self._services.request_log.write(
            RequestLine(
                timestamp=format_instant(call.now),
                level="info",
                request_id=call.request_id,
                method=method,
                route=self._path,
                status=status,
                ms=round(seconds * 1000, 2),
                store=call.store_id if call.key or visitor else None,
                key=call.key.id if call.key else None,
                resident=visitor.token.resident_uuid if visitor else None,
            )
        )


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
