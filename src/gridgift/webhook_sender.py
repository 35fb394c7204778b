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
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
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

TIMEOUT: Final = 15.0  # seconds for an attempt, looking the name up included
CONNECTS_WITHIN: Final = 4.0  # seconds until the next one of a name's addresses is tried
RESPONSE_KEPT: Final = 2_048  # bytes
CONNECTIONS: Final = 64
SECRET_PREFIX: Final = "whsec_"  # noqa: S105
MAX_WAIT: Final = 86_400.0  # seconds that a receiver may ask to be left alone

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Awaitable[Sequence[Address]]]
Headers = dict[bytes | str, bytes | str]

_SECONDS: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
_UNSHOWN: Final = re.compile(rf"(?![\t\n])[{UNPRINTABLE}]")


class Message(Struct, frozen=True):
    """What is posted: JSON under an id, signed with each of ``secrets`` (``whsec_…``)."""

    id: str
    url: str
    body: bytes
    secrets: tuple[str, ...] = ()


class Outcome(Struct, frozen=True):
    """What came of an attempt.

    ``status`` is None if no answer came, and then ``error`` says why. ``response`` is the beginning
    of the answer. ``wait`` is how many seconds the receiver wants to be left alone, 0 if it did not
    say.
    """

    status: int | None
    milliseconds: int
    response: str = ""
    error: str = ""
    wait: float = 0.0

    @property
    def delivered(self) -> bool:
        """Tell whether the receiver has it: no other answer than a 2xx counts."""
        return self.status is not None and 200 <= self.status < 300


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

    ``allowed`` says to which addresses, ``resolve`` finds those of a name, and ``clock`` gives
    seconds since the epoch.
    """

    def __init__(
        self,
        allowed: Callable[[Address], bool] = is_public,
        *,
        resolve: "Resolve | None" = None,
        trust: SSLContext | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._clock = clock
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=trust or httpx2.create_ssl_context(),
            max_connections=CONNECTIONS,
            keepalive_expiry=TIMEOUT,
            network_backend=CheckedNetwork(allowed, resolve or look_up),
        )

    async def post(self, message: Message) -> Outcome:
        """Make one attempt; whatever goes wrong is its outcome.

        An answer whose beginning came in time counts, also if its rest did not.
        """
        began, heard, error = time.monotonic(), Heard(), ""
        try:
            async with asyncio.timeout(TIMEOUT):
                await self._exchange(message, heard)
        except Exception as failure:  # of the network, of TLS, of HTTP, of the address
            error = "" if heard.status is not None else reason(failure)
        taken = round((time.monotonic() - began) * 1000)
        return Outcome(heard.status, taken, _shown(heard.body), error, heard.wait)

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.aclose()

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
        content = message.body
        async with self._pool.stream("POST", where, headers=headers, content=content) as response:
            heard.wait = asked_to_wait(response.headers)
            heard.status = response.status
            async for part in response.aiter_stream():
                heard.body = (heard.body + part)[:RESPONSE_KEPT]
                if len(heard.body) == RESPONSE_KEPT:
                    break


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
