"""A fast clock: time jumps to what is due next, and stands while a server is asked."""

import asyncio
import selectors
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")


class Clock(selectors.DefaultSelector):
    """The place where an event loop waits: this one does so only for answers from outside."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self._awaited = 0

    @contextmanager
    def standing(self) -> Iterator[None]:
        """Let no time pass."""
        self._awaited += 1
        try:
            yield
        finally:
            self._awaited -= 1

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait, or let the time be over at once."""
        if self._awaited or not timeout:
            return super().select(timeout)
        ready = super().select(0)
        if not ready:
            self.now += timeout
        return ready


class FastLoop(asyncio.SelectorEventLoop):
    """An event loop with such a clock."""

    def __init__(self) -> None:
        self.clock = Clock()
        super().__init__(self.clock)

    def time(self) -> float:
        """Seconds since the world began."""
        return self.clock.now


def play(scenario: Coroutine[Any, Any, T]) -> T:
    """Run a scenario on a fast clock."""
    with asyncio.Runner(loop_factory=FastLoop) as runner:
        return runner.run(scenario)
