"""Rate limits: a token bucket for each API key, customer token or address that is counted.

Buckets live in this process: with several workers or replicas each counts for itself, unless
requests are counted by something that all of them share (``Limiter.shared``, decision 6).
"""

import math
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Final

from msgspec import Struct

PERIOD: Final = 60.0  # seconds in which a bucket fills
UNIT: Final = "unit"  # the kind of bucket that counts requests of a unit's object
OF_A_UNIT: Final = 150  # of them a minute; a script can make 75
BULKS: Final = 4  # requests of many rows that a process takes at once
BULKS_OF_A_STORE: Final = 2
REPORTS: Final = 2  # requests that look at a whole store, that a process takes at once
REPORTS_OF_A_STORE: Final = 1
MAX_BUCKETS: Final = 20_000  # the least recently used one is dropped beyond that


class Bucket(Struct, frozen=True):
    """Which bucket a request is counted in: a kind ("key", "token", "address") and a name."""

    kind: str
    name: str


class Allowance(Struct, frozen=True):
    """What a bucket says to a request: ``left`` requests after it, full again in ``reset`` s.

    ``retry_after`` is in whole seconds; None: the request may pass.
    """

    left: int
    reset: int
    retry_after: int | None = None


class Window(Struct, frozen=True):
    """How many requests all servers counted since a window began; ``ends_in`` is in seconds."""

    counted: int
    ends_in: int


SharedCount = Callable[[str], Awaitable[Window | None]]
Count = Callable[[str, str], Awaitable[Window | None]]  # of a kind and a name, for all servers


class _Tokens:
    """Tokens left at an instant (seconds of a monotonic clock); refilled when looked at."""

    __slots__ = ("left", "seen")

    def __init__(self, left: float, seen: float) -> None:
        self.left = left
        self.seen = seen


class Limiter:
    """Buckets of ``limit`` requests a minute each, by name; a limit of 0 lets everyone pass.

    ``shared`` counts a name's request for all servers; when it answers None, the bucket decides.
    """

    def __init__(self, limit: int, shared: SharedCount | None = None) -> None:
        self.limit = limit
        self._shared = shared if limit else None
        self._rate = limit / PERIOD
        self._buckets: OrderedDict[str, _Tokens] = OrderedDict()
        self._closed: OrderedDict[str, float] = OrderedDict()  # until when, by name

    async def take(self, name: str, now: float) -> Allowance | None:
        """Count one request; None: there is no limit.

        ``now`` is in seconds of a monotonic clock.
        """
        if not self.limit:
            return None
        window = None if self._shared is None else await self._shared(name)
        allowance = self._in_bucket(name, now) if window is None else self._in_window(window)
        if allowance.retry_after is not None:
            self._close(name, now + allowance.retry_after)
        return allowance

    def closed_for(self, name: str, now: float) -> int:
        """Return for how many seconds requests of a name are over the limit; counts nothing.

        Known only of those that were told so when they were counted.
        """
        return max(0, math.ceil(self._closed.get(name, now) - now))

    def _close(self, name: str, until: float) -> None:
        self._closed[name] = until
        self._closed.move_to_end(name)
        if len(self._closed) > MAX_BUCKETS:
            self._closed.popitem(last=False)

    def _in_window(self, window: Window) -> Allowance:
        left = self.limit - window.counted
        return Allowance(max(0, left), window.ends_in, window.ends_in if left < 0 else None)

    def _in_bucket(self, name: str, now: float) -> Allowance:
        tokens = self._buckets.get(name)
        if tokens is None:
            tokens = self._buckets[name] = _Tokens(self.limit, now)
            if len(self._buckets) > MAX_BUCKETS:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(name)
            refilled = tokens.left + (now - tokens.seen) * self._rate
            tokens.left = min(float(self.limit), refilled)
            tokens.seen = now
        if tokens.left < 1:
            return Allowance(0, int(PERIOD), max(1, math.ceil((1 - tokens.left) / self._rate)))
        tokens.left -= 1
        left = int(tokens.left)
        return Allowance(left, math.ceil((self.limit - left) / self._rate))


class RateLimits:
    """A limiter for each kind of bucket, made when the kind is first counted.

    ``per_minute`` has the limits of known kinds, ``default`` is that of any other.
    ``count`` counts a request of a kind and a name for all servers (None: it can't be asked).
    """

    def __init__(
        self,
        per_minute: Mapping[str, int],
        default: int,
        count: Count | None = None,
    ) -> None:
        self._per_minute = per_minute
        self._default = default
        self._count = count
        self._limiters: dict[str, Limiter] = {}

    def of(self, kind: str) -> Limiter:
        """Return the limiter of a kind."""
        limiter = self._limiters.get(kind)
        if limiter is None:
            shared = None if self._count is None else partial(self._count, kind)
            limit = self._per_minute.get(kind, self._default)
            limiter = self._limiters[kind] = Limiter(limit, shared)
        return limiter


class Places:
    """How many pieces of heavy work this process does at once: in all, and of one name."""

    def __init__(self, in_all: int, of_each: int) -> None:
        self._in_all = in_all
        self._of_each = of_each
        self._taken: Counter[str] = Counter()

    @contextmanager
    def taken(self, name: str) -> Iterator[bool]:
        """Take a place of a name until the block ends; False: there is none now."""
        free = self._taken.total() < self._in_all and self._taken[name] < self._of_each
        self._taken[name] += free
        try:
            yield free
        finally:
            self._taken[name] -= free
            if not self._taken[name]:
                del self._taken[name]
