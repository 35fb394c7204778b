"""Rate limits: a token bucket per API key, and one per address for failed authentications.

Buckets live in this process: with several workers or replicas each counts for itself, unless
requests are counted by something that all of them share (``Limiter.shared``).
"""

import ipaddress
import math
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final

from msgspec import Struct

from gridgift.http.refusals import RateLimited
from gridgift.http.reply import Header
from gridgift.settings import Network

PER: Final = 60.0  # seconds in which a bucket fills
FAILURES: Final = 60  # failed authentications a minute an address
MAX_BUCKETS: Final = 20_000  # the least recently used one is dropped beyond that


class Bucket:
    """Tokens left at an instant (seconds of a monotonic clock); refilled when looked at."""

    __slots__ = ("seen", "tokens")

    def __init__(self, tokens: float, seen: float) -> None:
        self.tokens = tokens
        self.seen = seen


class Window(Struct, frozen=True):
    """How many requests all servers counted since a window began; ``ends_in`` is in seconds."""

    counted: int
    ends_in: int


SharedCount = Callable[[str], Awaitable[Window | None]]


class Limiter:
    """Buckets of ``limit`` requests a minute each, by name; a limit of 0 lets everyone pass.

    ``shared`` counts a name's request for all servers; when it answers None, the bucket decides.
    """

    def __init__(self, limit: int, shared: SharedCount | None = None) -> None:
        self.limit = limit
        self.shared = shared if limit else None
        self._rate = limit / PER
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()
        self._policy: Header = (b"ratelimit-policy", b'"default";q=%d;w=%d' % (limit, int(PER)))

    def take(self, name: str, now: float) -> int:
        """Take a token and return how many are left. Raises ``RateLimited``.

        ``now`` is in seconds of a monotonic clock.
        """
        if not self.limit:
            return 0
        bucket = self._buckets.get(name)
        if bucket is None:
            bucket = self._buckets[name] = Bucket(self.limit, now)
            if len(self._buckets) > MAX_BUCKETS:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(name)
            refilled = bucket.tokens + (now - bucket.seen) * self._rate
            bucket.tokens = min(float(self.limit), refilled)
            bucket.seen = now
        if bucket.tokens < 1:
            raise RateLimited(max(1, math.ceil((1 - bucket.tokens) / self._rate)))
        bucket.tokens -= 1
        return int(bucket.tokens)

    def headers(self, left: int, reset: int | None = None) -> tuple[Header, ...]:
        """Describe the limit as in the IETF draft (httpapi-ratelimit-headers).

        ``reset`` is the seconds until all is left again; None: what a bucket takes to fill.
        """
        if not self.limit:
            return ()
        if reset is None:
            reset = math.ceil((self.limit - left) / self._rate)
        return (self._policy, (b"ratelimit", b'"default";r=%d;t=%d' % (left, reset)))


def client_address(peer: str, forwarded: bytes | None, trusted: tuple[Network, ...]) -> str:
    """Return the address a request comes from: the last one that no trusted proxy vouches for.

    ``X-Forwarded-For`` is believed only as far as it was written by trusted proxies.
    """
    address = peer
    hops = [hop.strip() for hop in (forwarded or b"").decode("latin-1").split(",") if hop.strip()]
    while hops and _within(address, trusted):
        address = hops.pop()
    return address


def _within(address: str, networks: tuple[Network, ...]) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in networks)
