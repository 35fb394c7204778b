"""A script in an object: its events come one after another, and time passes meanwhile."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tests.inworld.functions import Functions, Reset
from tests.inworld.lsl import Key, compiled

if TYPE_CHECKING:
    from tests.inworld.world import Thing

MOST_EVENTS: Final = 64


@dataclass(frozen=True)
class Touch:
    """Who has touched an object, and whether with the tag of its group."""

    key: str
    group: bool


class Script:
    """A script that runs."""

    def __init__(self, thing: "Thing", source: str, like: "Script | None" = None) -> None:
        self.thing, self.source, self.world = thing, source, thing.world
        self.events: deque[tuple[str, Sequence[Any], Sequence[Touch]]] = deque()
        self.dropped = 0  # events that came while the queue was full
        self.touches: Sequence[Touch] = ()
        self.listens: dict[int, str] = {}  # channel → whom to hear, all if empty
        self.interval = 0.0  # seconds between timer events
        self._timer: asyncio.Task[None] | None = None
        self.debit = False  # may pay from the owner's account
        self._arrived = asyncio.Event()
        self._code: Any = compiled(source)
        Functions(self).bind(self._code)
        if like is None:
            self.event("state_entry")
        else:  # a copy goes on where the original was
            vars(self._code).update(like._variables())
            self.listens = dict(like.listens)
            self.set_timer(like.interval)
        self._task = self.world.start(self._run())

    def event(self, name: str, *values: Any, touches: Sequence[Touch] = ()) -> None:
        """Let an event happen; what the queue can't hold is gone."""
        if name == "timer" and any(waiting[0] == name for waiting in self.events):
            return
        if len(self.events) >= MOST_EVENTS:
            self.dropped += 1
            return
        self.events.append((name, values, touches))
        self._arrived.set()

    def http_response(self, key: str, status: int, body: str) -> None:
        """Let an answer come."""
        self.event("http_response", Key(key), status, [], body)

    def stop(self) -> None:
        """End it."""
        self.set_timer(0)
        self._task.cancel()

    def set_timer(self, seconds: float) -> None:
        """Begin to wait anew, whatever was waited for."""
        if self._timer is not None:
            self._timer.cancel()
        self.interval = seconds
        self._timer = self.world.start(self._tick(seconds)) if seconds else None

    async def _tick(self, seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            self.event("timer")

    async def _run(self) -> None:
        while True:
            while not self.events:
                self._arrived.clear()
                await self._arrived.wait()
            name, values, self.touches = self.events.popleft()
            handler = getattr(self._code, f"edefault{name}", None)
            if handler is None:
                continue
            try:
                await self.world.running()
                await handler(*values)
            except Reset:
                self.set_timer(0)
                self.thing.replace(self)
                return

    def _variables(self) -> dict[str, Any]:
        """Return the script's global variables."""
        return {name: getattr(self._code, name) for name in type(self._code).__annotations__}
