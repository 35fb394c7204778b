"""One attempt to deliver a webhook: signed, posted to a public address, and what was answered.

Signatures are those of Standard Webhooks (https://www.standardwebhooks.com). A name is looked up
once for a connection, all of its addresses are checked, and the connection goes to one of them:
what the name leads to a moment later counts for nothing (DNS rebinding). TLS and the Host header
keep the name. Nothing here follows a redirect, keeps a cookie or uses a proxy.
"""

import asyncio
import base64
import hmac
import re
import socket
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from ipaddress import IPv4Address, IPv6Address, ip_address
from ssl import SSLContext
from typing import Final

import httpcore2
import httpx2
from msgspec import Struct

from gridgift import __version__
from gridgift.domain.addresses import is_public
from gridgift.domain.texts import UNPRINTABLE
from gridgift.logs import reason
from gridgift.webhook_messages import MAX_WAIT, Message, Outcome

TIMEOUT: Final = 15.0  # seconds for an attempt, looking the name up included
CONNECTS_WITHIN: Final = 4.0  # seconds until the next one of a name's addresses is tried
RESPONSE_KEPT: Final = 2_048  # bytes
ERROR_KEPT: Final = 300  # bytes; some repeat what the receiver said
IDLE: Final = 64  # connections that nobody uses
IDLE_FOR: Final = 4.0  # seconds; common servers close them after 5
SECRET_PREFIX: Final = "whsec_"  # noqa: S105

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Awaitable[Sequence[Address]]]
Headers = dict[bytes | str, bytes | str]

_SECONDS: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
_UNSHOWN: Final = re.compile(rf"(?![\t\n])[{UNPRINTABLE}]")


class Heard(Struct):
    """What was heard of an answer so far."""

    status: int | None = None
    body: bytes = b""
    wait: float = 0.0


def signed(message: Message, seconds: int) -> Headers:
    """Return the headers of Standard Webhooks for an attempt at a time (seconds since 1970)."""
    content = b"%s.%d.%s" % (message.id.encode(), seconds, message.body)
    return {
        "webhook-id": message.id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": " ".join(_signature(secret, content) for secret in message.secrets),
    }


def _signature(secret: str, content: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    return "v1," + base64.b64encode(hmac.digest(key, content, "sha256")).decode()


class Sender:
    """Posts messages. Made inside a running event loop.

    ``allow_private`` lets them go to any address, else ``allowed`` says to which; ``resolve`` finds
    those of a name, and ``clock`` gives seconds since the epoch.
    """

    def __init__(
        self,
        *,
        allow_private: bool = False,
        allowed: Callable[[Address], bool] = is_public,
        resolve: "Resolve | None" = None,
        trust: SSLContext | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._clock = clock
        network = CheckedNetwork((lambda _: True) if allow_private else allowed, resolve or look_up)
        self._connections = Connections(network, trust or httpx2.create_ssl_context())

    async def post(self, message: Message) -> Outcome:
        """Make one attempt; whatever goes wrong is its outcome.

        An answer whose beginning came in time counts, also if its rest did not.
        """
        began, heard, error = time.monotonic(), Heard(), ""
        try:
            async with asyncio.timeout(TIMEOUT):
                await self._exchange(message, heard)
        except Exception as failure:  # of the network, of TLS, of HTTP, of the address
            said = reason(failure).encode("utf-8", "replace")[:ERROR_KEPT]
            error = "" if heard.status is not None else _shown(said)
        taken = round((time.monotonic() - began) * 1000)
        return Outcome(heard.status, taken, _shown(heard.body), error, heard.wait)

    async def close(self) -> None:
        """Close the connections."""
        await self._connections.close()

    async def _exchange(self, message: Message, heard: Heard) -> None:
        url = httpx2.URL(message.url)
        headers: Headers = {
            "host": url.netloc,
            "content-type": "application/json",
            "accept-encoding": "identity",  # what is kept of an answer is its first bytes
            "user-agent": f"Gridgift/{__version__}",
        }
        if message.secrets:
            headers |= signed(message, int(self._clock()))
        where = httpcore2.URL(
            scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
        )
        async with (
            self._connections.to(where.origin) as connection,
            connection.stream("POST", where, headers=headers, content=message.body) as response,
        ):
            heard.wait = asked_to_wait(response.headers)
            heard.status = response.status
            async for part in response.aiter_stream():
                heard.body = (heard.body + part)[:RESPONSE_KEPT]
                if len(heard.body) == RESPONSE_KEPT:
                    break


class Connections:
    """Connections to receivers, each kept for a moment after its attempt, for the next one."""

    def __init__(self, network: "CheckedNetwork", trust: SSLContext) -> None:
        self._network = network
        self._trust = trust
        self._idle: list[httpcore2.AsyncHTTPConnection] = []  # the longest idle first

    @asynccontextmanager
    async def to(self, origin: httpcore2.Origin) -> AsyncIterator[httpcore2.AsyncHTTPConnection]:
        """Yield a connection to an origin that nobody else uses."""
        while self._idle and (len(self._idle) > IDLE or self._idle[0].has_expired()):
            await self._idle.pop(0).aclose()
        connection = self._taken(origin) or httpcore2.AsyncHTTPConnection(
            origin, self._trust, keepalive_expiry=IDLE_FOR, network_backend=self._network
        )
        try:
            yield connection
        finally:
            if connection.is_available():
                self._idle.append(connection)
            else:
                await connection.aclose()

    def _taken(self, origin: httpcore2.Origin) -> httpcore2.AsyncHTTPConnection | None:
        """Take the newest idle connection to an origin, if it is still good."""
        for index, connection in reversed(list(enumerate(self._idle))):
            if connection.can_handle_request(origin) and not connection.has_expired():
                return self._idle.pop(index)
        return None

    async def close(self) -> None:
        """Close those that are idle."""
        while self._idle:
            await self._idle.pop().aclose()


def asked_to_wait(headers: Iterable[tuple[bytes, bytes]]) -> float:
    """Return how many seconds a receiver wants to be left alone, at most a day; 0: it said nothing.

    It says so with ``Retry-After`` in seconds (RFC 9110, 10.2.3), or as Discord does when a bucket
    is empty: ``X-RateLimit-Remaining: 0`` with ``X-RateLimit-Reset-After``.
    """
    said = {name.lower(): text.decode("latin-1").strip() for name, text in headers}
    text = said.get(b"retry-after", "")
    if not text and said.get(b"x-ratelimit-remaining") == "0":
        text = said.get(b"x-ratelimit-reset-after", "")
    return min(float(text), MAX_WAIT) if _SECONDS.fullmatch(text) else 0.0


def _shown(body: bytes) -> str:
    """Return the beginning of an answer as text that can be stored and printed."""
    return _UNSHOWN.sub("\ufffd", body.decode("utf-8", "replace"))


class CheckedNetwork(httpcore2.AnyIOBackend):
    """Connects to names, by addresses that were checked and no others."""

    def __init__(self, allowed: Callable[[Address], bool], resolve: Resolve) -> None:
        self._allowed = allowed
        self._resolve = resolve

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to one of a name's addresses, if all of them are allowed."""
        addresses = [str(each) for each in await self._checked(host, port)]
        connect = partial(
            super().connect_tcp, local_address=local_address, socket_options=socket_options
        )
        for address in addresses[:-1]:
            with suppress(httpcore2.ConnectError, httpcore2.ConnectTimeout):
                return await connect(address, port, CONNECTS_WITHIN)
        return await connect(addresses[-1], port, timeout)

    async def _checked(self, host: str, port: int) -> Sequence[Address]:
        addresses = await self._resolve(host, port)
        if not addresses or not all(map(self._allowed, addresses)):
            raise httpcore2.ConnectError(f"{host} has an address that is not public")
        return addresses


async def look_up(host: str, port: int) -> Sequence[Address]:
    """Return all addresses of a name. Raises ``OSError``.

    Each look-up has a thread of its own: a name server that does not answer would else hold those
    that other work needs, and the end of the process.
    """
    with suppress(ValueError):
        return [ip_address(host.strip("[]"))]
    loop = asyncio.get_running_loop()
    found: asyncio.Future[Sequence[Address]] = loop.create_future()

    def ask() -> None:
        try:
            rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answer: Sequence[Address] | OSError = [ip_address(row[4][0]) for row in rows]
        except (OSError, ValueError) as error:  # ValueError: it is no name at all
            answer = error if isinstance(error, OSError) else OSError(str(error))
        with suppress(RuntimeError):  # the loop was closed meanwhile
            loop.call_soon_threadsafe(_settle, found, answer)

    threading.Thread(target=ask, name="look a name up", daemon=True).start()
    return await found


def _settle(
    found: "asyncio.Future[Sequence[Address]]", answer: Sequence[Address] | OSError
) -> None:
    if found.done():  # nobody waits any longer
        return
    if isinstance(answer, OSError):
        found.set_exception(answer)
    else:
        found.set_result(answer)
