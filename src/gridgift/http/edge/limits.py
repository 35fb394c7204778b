"""Rate limits on the wire: who is counted, and the headers of the IETF draft about it."""

import ipaddress
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any, Final

from gridgift.http.edge.refusals import RateLimited
from gridgift.http.edge.reply import Header
from gridgift.http.edge.request import Request
from gridgift.limits import OF_A_UNIT, PERIOD, UNIT, Bucket, Count, RateLimits
from gridgift.settings import Network, Settings

ADDRESS: Final = "address"  # the kind of bucket that counts failed authentications
ORIGIN: Final = "origin"  # that which counts look-ups of origins that no store has
FAILURES: Final = 60  # of either, a minute an address
UNHEARD: Final = "unheard"  # that which counts look-ups of units, where failures are too many
OF_UNHEARD: Final = 600  # a minute an address
ACCOUNT: Final = "account"  # that which counts passwords that are tried, by the name
DOOR: Final = "sign-in"  # and by the address
OF_AN_ACCOUNT: Final = 10  # a minute
AT_THE_DOOR: Final = 20

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def rate_limits(settings: Settings, shared: Count | None = None) -> RateLimits:
    """Limit requests by their key, token or operator, and failures to prove it by address.

    Passwords and codes that are tried are limited whatever the settings say. ``shared`` counts
    them for all servers.
    """
    sign_ins = {ACCOUNT: OF_AN_ACCOUNT, DOOR: AT_THE_DOOR}
    if not settings.rate_limit:
        return RateLimits(sign_ins, 0, shared)
    per_minute = {
        "key": settings.rate_limit, "token": settings.token_rate_limit,
        ADDRESS: FAILURES, ORIGIN: FAILURES, UNIT: OF_A_UNIT, UNHEARD: OF_UNHEARD,
    }  # fmt: skip
    return RateLimits(per_minute | sign_ins, settings.rate_limit, shared)


async def count(request: Request[Any, Any, Any], bucket: Bucket, headers: list[Header]) -> None:
    """Count a request; ``headers`` gets what the answer tells of it (httpapi-ratelimit-headers).

    Raises ``RateLimited``.
    """
    services = request.services
    limiter = services.limits.of(bucket.kind)
    allowance = await limiter.take(bucket.name, services.ticks())
    if allowance is None:  # there is no limit
        return
    headers.append(_policy(limiter.limit))
    headers.append((b"ratelimit", b'"default";r=%d;t=%d' % (allowance.left, allowance.reset)))
    if allowance.retry_after is not None:
        raise RateLimited(allowance.retry_after)


def check_failures(request: Request[Any, Any, Any]) -> None:
    """Raise ``RateLimited`` if the request's address has failed too often; counts nothing.

    For guards, before they look up what anyone can make up.
    """
    _check_open(request, Bucket(ADDRESS, address_of(request)))


async def count_failure(request: Request[Any, Any, Any], kind: str = ADDRESS) -> None:
    """Count a failed authentication of the request's address. Raises ``RateLimited``.

    ``kind`` is that of another bucket of the address.
    """
    bucket = Bucket(kind, address_of(request))
    _check_open(request, bucket)
    await count(request, bucket, [])


async def limited_look_up(
    request: Request[Any, Any, Any], look_up: Callable[[], Awaitable[bool]]
) -> bool:
    """Run a look-up that anyone may cause; those that find nothing are counted by the address.

    Raises ``RateLimited`` beyond ``FAILURES`` a minute, and then looks nothing up.
    """
    bucket = Bucket(ORIGIN, address_of(request))
    _check_open(request, bucket)
    found = await look_up()
    if not found:
        await count(request, bucket, [])
    return found


def _check_open(request: Request[Any, Any, Any], bucket: Bucket) -> None:
    """Raise ``RateLimited`` if a bucket was found empty, and is still; counts nothing."""
    services = request.services
    wait = services.limits.of(bucket.kind).closed_for(bucket.name, services.ticks())
    if wait:
        raise RateLimited(wait)


def address_of(request: Request[Any, Any, Any]) -> str:
    """Return whom a request comes from; see ``client_address``."""
    peer = (request.scope.get("client") or ("",))[0]
    forwarded = request.headers.get(b"x-forwarded-for")
    return client_address(peer, forwarded, request.services.settings.trusted_proxies)


def client_address(peer: str, forwarded: bytes | None, trusted: tuple[Network, ...]) -> str:
    """Return whom a request comes from: the last address that no trusted proxy vouches for.

    ``X-Forwarded-For`` is believed only as far as it was written by trusted proxies, and up to
    the first hop that is no address. Of IPv6 it is the network of 64 bits, within which a
    customer of any provider may choose addresses freely (RFC 6177). A peer without an address is
    "".
    """
    address = _parse(peer)
    hops = [hop for hop in (forwarded or b"").decode("latin-1").split(",") if hop.strip()]
    while hops and address is not None and any(address in network for network in trusted):
        hop = _parse(hops.pop())
        if hop is None:
            break
        address = hop
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((int(address), 64), strict=False))
    return "" if address is None else str(address)


def _parse(text: str) -> Address | None:
    """Read an address as proxies write it: with a port or without, IPv4 also within IPv6."""
    text = text.strip(' "')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


@cache
def _policy(limit: int) -> Header:
    return b"ratelimit-policy", b'"default";q=%d;w=%d' % (limit, int(PERIOD))
