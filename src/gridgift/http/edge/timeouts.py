"""A time-out that counts only time in which this process runs: a client can do nothing about it."""

import asyncio
import math
from types import TracebackType
from typing import ClassVar, Final

TICK: Final = 0.25  # seconds between two looks at what is under way
STOOD_STILL: Final = 0.1  # seconds that a tick comes late where nothing but load delays it


class RunningTimeout:
    """Cancels its block, and raises ``TimeoutError``, after so many seconds in which this runs.

    It may take a tick longer: all blocks of an event loop share one timer, where one for each was a
    fifth of what the loop did for a request. ``asyncio.timeout`` fires as soon as a process that
    was frozen (a suspended machine, a debugger, a stolen processor) goes on, before what arrived
    meanwhile is read.
    """

    def __init__(self, seconds: float) -> None:
        self.left = math.ceil(seconds / TICK) + 1  # ticks, of which the first may come at once
        self._fired = False

    def __enter__(self) -> None:
        task = asyncio.current_task()
        assert task is not None, "nothing else can be cancelled"
        self._task, self._cancelled_before = task, task.cancelling()
        self._ticks = _Ticks.of(task.get_loop())
        self._ticks.add(self)

    def __exit__(
        self,
        sort: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ticks.open.discard(self)
        is_ours = self._fired and self._task.uncancel() <= self._cancelled_before
        if is_ours and sort is asyncio.CancelledError:
            raise TimeoutError from error

    def fire(self) -> None:
        """Cancel the block."""
        self._fired = self._task.cancel()


class _Ticks:
    """The timer of an event loop, which runs while there are blocks."""

    newest: "ClassVar[_Ticks | None]" = None

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.open: set[RunningTimeout] = set()
        self._is_ticking = False

    @classmethod
    def of(cls, loop: asyncio.AbstractEventLoop) -> "_Ticks":
        """Return the newest timer if it is the loop's, else a new one."""
        if cls.newest is None or cls.newest.loop is not loop:
            cls.newest = cls(loop)
        return cls.newest

    def add(self, block: RunningTimeout) -> None:
        """Count a block's ticks until it is discarded."""
        self.open.add(block)
        if not self._is_ticking:
            self._is_ticking = True
            self._wait()

    def _wait(self) -> None:
        self._due = self.loop.time() + TICK
        self.loop.call_at(self._due, self._tick)

    def _tick(self) -> None:
        """Fire what has no tick left, or, after a standstill, one later: what is there is taken."""
        spared = 1 if self.loop.time() - self._due > STOOD_STILL else 0
        for block in [*self.open]:
            block.left -= 1
            if block.left + spared <= 0:
                self.open.discard(block)
                block.fire()
        self._is_ticking = bool(self.open)
        if self._is_ticking:
            self._wait()
