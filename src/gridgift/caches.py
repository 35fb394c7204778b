"""What look-ups found, remembered for a moment: bounded in time, in number and in bytes.

Callers choose the keys, some of them without being known to anyone: whatever they send, the memory
stays within bounds.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

from msgspec import Struct

REMEMBERED_FOR: Final = 4.0  # seconds; the contract allows 5 (section 2)
MAX_ENTRIES: Final = 10_000
MAX_BYTES: Final = 4 * 1024 * 1024  # of the keys

V = TypeVar("V")


class _Found(Struct, Generic[V], frozen=True):
    """What a look-up found; ``until`` is in seconds of the monotonic clock."""

    value: V
    until: float


class LookUps(Generic[V]):
    """Look-ups by a text from outside, each remembered for ``REMEMBERED_FOR`` seconds.

    Beyond ``MAX_ENTRIES`` or ``MAX_BYTES`` the oldest ones are dropped. ``tick`` is in seconds of
    a monotonic clock.
    """

    def __init__(self) -> None:
        self._found: OrderedDict[bytes, _Found[V]] = OrderedDict()
        self._bytes = 0
        self._forgotten = 0  # times; a look-up that one of them overtook may be out of date

    @property
    def size(self) -> int:
        """How many bytes the keys have that are remembered."""
        return self._bytes

    def recall(self, key: bytes, tick: float) -> V | None:
        """Return what was found, while that may still be relied on; None: nothing is known."""
        found = self._found.get(key)
        return None if found is None or found.until < tick else found.value

    async def find(self, key: bytes, tick: float, look_up: Callable[[], Awaitable[V]]) -> V:
        """Return what was found before, or look it up and remember it. Raises what that raises."""
        found = self._found.get(key)
        if found is not None and found.until >= tick:
            return found.value
        forgotten = self._forgotten
        value = await look_up()
        if forgotten == self._forgotten:
            self._remember(key, _Found(value, tick + REMEMBERED_FOR))
        return value

    def forget(self, is_old: Callable[[V], bool] = lambda _: True) -> None:
        """Look up again what is out of date: everything, unless ``is_old`` tells."""
        self._forgotten += 1
        for key in [key for key, found in self._found.items() if is_old(found.value)]:
            self._drop(key)

    def _remember(self, key: bytes, found: _Found[V]) -> None:
        self._drop(key)
        self._found[key] = found
        self._bytes += len(key)
        while len(self._found) > MAX_ENTRIES or self._bytes > MAX_BYTES:
            self._drop(next(iter(self._found)))

    def _drop(self, key: bytes) -> None:
        if self._found.pop(key, None) is not None:
            self._bytes -= len(key)
