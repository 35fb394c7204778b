"""Rate limits on the wire: who is counted, and the headers of the IETF draft about it."""

import ipaddress
from functools import cache
from typing import Any, Final

from gridgift.http.edge.refusals import RateLimited
from gridgift.http.edge.reply import Header
from gridgift.http.edge.request import Request
from gridgift.limits import PERIOD, Bucket
from gridgift.settings import Network

ADDRESS: Final = "address"  # the kind of bucket that counts failed authentications
FAILURES: Final = 60  # failed authentications a minute an address


async def count(request: Request[Any, Any, Any], bucket: Bucket, headers: list[Header]) -> None:
    """Count a request; ``headers`` gets what the answer tells of it (httpapi-ratelimit-headers).

    Raises ``RateLimited``.
    """
    services = request.services
    limiter = services.limits.of(bucket.kind)
    if not limiter.limit:
        return
    allowance = await limiter.take(bucket.name, services.ticks())
    if allowance is None:
        return
    headers.append(_policy(limiter.limit))
    headers.append((b"ratelimit", b'"default";r=%d;t=%d' % (allowance.left, allowance.reset)))
    if allowance.retry_after is not None:
        raise RateLimited(allowance.retry_after)


async def count_failure(request: Request[Any, Any, Any]) -> None:
    """Count a failed authentication of the request's address. Raises ``RateLimited``."""
    peer = (request.scope.get("client") or ("",))[0]
    forwarded = request.headers.get(b"x-forwarded-for")
    address = client_address(peer, forwarded, request.services.settings.trusted_proxies)
    await count(request, Bucket(ADDRESS, address), [])


def client_address(peer: str, forwarded: bytes | None, trusted: tuple[Network, ...]) -> str:
    """Return the address a request comes from: the last one that no trusted proxy vouches for.

    ``X-Forwarded-For`` is believed only as far as it was written by trusted proxies.
    """
    address = peer
    hops = [hop.strip() for hop in (forwarded or b"").decode("latin-1").split(",") if hop.strip()]
    while hops and _within(address, trusted):
        address = hops.pop()
    return address


@cache
def _policy(limit: int) -> Header:
    return b"ratelimit-policy", b'"default";q=%d;w=%d' % (limit, int(PERIOD))


def _within(address: str, networks: tuple[Network, ...]) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in networks)
