"""Whether the clock goes on as it went; else what is done for good by its word has to wait."""

import time
from collections.abc import Callable
from typing import Final

from gridgift.domain import clock
from gridgift.domain.instants import SECOND
from gridgift.domain.units import SILENT_AFTER
from gridgift.logs import Log
from gridgift.storage.database import Tx

LEAP: Final = 3_600.0  # seconds by which a clock may run ahead between two looks at it
BELIEVED_AFTER: Final = 86_400.0  # seconds for which a clock that leapt must have stayed ahead
SLACK: Final = 1.0  # seconds by which a clock may be corrected without being set back

log = Log("gridgift.clock_watch")


class ClockWatch:
    """Doubts a clock that ran ahead: what is done for good by its word waits.

    Two witnesses: the monotonic clock of this process, so that no entry which was written after a
    jump can speak for it; and the newest card, for a process that was started after one. A clock
    that has stayed ahead for a day is believed.
    """

    def __init__(self, ticks: Callable[[], float] = time.monotonic) -> None:
        """Begin to watch; ``ticks`` gives seconds of a monotonic clock."""
        self._ticks, self._began = ticks, ticks()
        self._ahead: float | None = None  # of the monotonic clock, in seconds
        self._ahead_before: float | None = None
        self._doubted_since: float | None = None
        self._told: set[str] = set()

    async def trusts_age(self, tx: Tx) -> bool:
        """Tell whether a row is as old as the clock says, so that it may be deleted."""
        current = self._tell(not await clock.is_doubtful(tx), "the newest card is old")
        return self.is_steady(tx.now()) and current

    async def trusts_expiry(self, tx: Tx) -> bool:
        """Tell whether what has expired by the clock may be noted so, once and for all."""
        return self.is_steady(tx.now())

    async def trusts_silence(self, tx: Tx) -> bool:
        """Tell whether the server has listened as long as a unit may say nothing."""
        listened = self._ticks() - self._began
        return self.is_steady(tx.now()) and listened >= SILENT_AFTER / SECOND

    def is_steady(self, now: int) -> bool:
        """Tell whether the clock (milliseconds) goes on as it went."""
        tick = self._ticks()
        ahead = now / 1000 - tick
        if self._ahead is None or ahead < self._ahead + LEAP:
            self._ahead, self._doubted_since = ahead, None
        elif self._doubted_since is None:
            self._doubted_since = tick
        elif tick - self._doubted_since > BELIEVED_AFTER:
            self._ahead, self._doubted_since = ahead, None
        return self._tell(self._doubted_since is None, "the clock leapt")

    def was_set_back(self, now: int) -> bool:
        """Tell whether the clock (milliseconds) was set back since this was asked before."""
        ahead = now / 1000 - self._ticks()
        before, self._ahead_before = self._ahead_before, ahead
        return before is not None and ahead < before - SLACK

    def _tell(self, trusted: bool, why: str) -> bool:
        """Say once for each reason that the clock is doubted, until that is over."""
        if not trusted and why not in self._told:
            log.warning("clock doubted: nothing is deleted or noted as expired by it", why=why)
        (self._told.discard if trusted else self._told.add)(why)
        return trusted
