"""A time-out that counts only time in which this process runs: a client can do nothing about it."""

import asyncio
from types import TracebackType
from typing import Final

STOOD_STILL: Final = 0.1  # seconds that a timer comes late where nothing but load delays it


class RunningTimeout:
    """Cancels its block, and raises ``TimeoutError``, after so many seconds in which this runs.

    ``asyncio.timeout`` fires as soon as a process that was frozen (a suspended machine, a debugger,
    a stolen processor) goes on, before what arrived meanwhile is read.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()
        self._timeout = asyncio.timeout(None)

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()
        self._wait(self._seconds)

    async def __aexit__(
        self,
        sort: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._handle.cancel()
        await self._timeout.__aexit__(sort, error, trace)

    def _wait(self, seconds: float) -> None:
        self._due = self._loop.time() + seconds
        self._handle = self._loop.call_at(self._due, self._check)

    def _check(self) -> None:
        late = self._loop.time() - self._due
        if late > STOOD_STILL:
            self._wait(late)
        else:
            self._timeout.reschedule(self._due)  # in the next turn: what is there is taken
