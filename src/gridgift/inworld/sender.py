"""How objects in Second Life send, in Python: ``common.lsl`` in its pace and patience.

At most one request in a second, three under way; what has no answer is sent again after a pause
that grows from failure to failure, ten times in all. ``tests/inworld/test_protocol.py`` compares
the instants with those of the scripts.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, Self

import msgspec
from msgspec import Struct

from gridgift.inworld.protocol import Asked

AT_ONCE: Final = 3  # requests under way at the same time
PATIENCE: Final = 15  # seconds until a request is sent again that has no answer
TRIES: Final = 10  # after so many nothing is sent again
LONGEST_PAUSE: Final = 60  # seconds

NO_ANSWER: Final = 499  # as Second Life calls it

Post = Callable[[Asked, dict[str, str]], Awaitable[tuple[int, bytes]]]


class Answer(Struct, frozen=True):
    """What came of a request in the end; the status is 0 if no answer came."""

    status: int
    members: dict[str, Any]

    @classmethod
    def read(cls, status: int, body: bytes) -> Self:
        """Read an answer; what is no object in JSON has no members."""
        try:
            return cls(status, msgspec.json.decode(body, type=dict[str, Any]))
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return cls(status, {})

    @property
    def code(self) -> str:
        """What has happened, for the script; empty if it is no answer of the server's."""
        return str(self.members.get("code", ""))


class _Job:
    """What is to be sent; ``request`` is the one that is under way."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.request: asyncio.Task[None] | None = None
        self.seconds = 0
        self.tries = 0
        self.settled: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()


class Sender:
    """Sends what a paired object asks for.

    ``post`` sends once, and returns a status and a body. Of the object's seconds ``speed`` pass in
    one.
    """

    def __init__(self, unit_id: str, secret: str, post: Post, speed: float = 1) -> None:
        self._unit_id, self._secret, self._post, self._speed = unit_id, secret, post, speed
        self._jobs: list[_Job] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._pause = 0  # seconds until something may be sent again
        self._failures = 0  # in a row
        self._has_sent = False  # in this second
        self.sent = 0
        self.repeated = 0

    @property
    def waiting(self) -> int:
        """How many requests are not settled."""
        return len(self._jobs)

    async def run(self) -> None:
        """Let the object's time pass, until this is cancelled; then what is under way is too."""
        try:
            while True:
                await asyncio.sleep(1 / self._speed)
                self._tick()
        finally:
            for task in self._tasks:
                task.cancel()

    async def ask(self, asked: Asked) -> Answer:
        """Send a request as often as it takes, and return what came of it."""
        job = _Job(asked)
        self._jobs.append(job)
        self._send_next()
        return await job.settled

    def _tick(self) -> None:
        self._has_sent = False
        self._pause = max(0, self._pause - 1)
        for job in reversed(self._jobs.copy()):
            if job.request is not None:
                job.seconds += 1
                if job.seconds >= PATIENCE:
                    self._again(job, 5)
        self._send_next()

    def _send_next(self) -> None:
        if self._pause or self._has_sent:
            return
        waiting = [job for job in self._jobs if job.request is None]
        under_way = len(self._jobs) - len(waiting)
        if not waiting or under_way >= AT_ONCE or (self._failures and under_way):
            return
        self._has_sent = True
        job = waiting[0]
        job.tries, job.seconds = job.tries + 1, 0
        job.request = asyncio.create_task(self._send(job))
        self._tasks.add(job.request)
        job.request.add_done_callback(self._tasks.discard)

    async def _send(self, job: _Job) -> None:
        self.sent += 1
        self.repeated += job.tries > 1
        headers = job.asked.headers(self._unit_id, self._secret, int(time.time()))
        answer = Answer.read(*await self._post(job.asked, headers))
        if job.request is asyncio.current_task():  # otherwise it was sent again meanwhile
            self._answered(job, answer)
            self._send_next()

    def _answered(self, job: _Job, answer: Answer) -> None:
        seconds = answer.members.get("retryAfter")
        if isinstance(seconds, int) and seconds > 0 and answer.status < 500:
            # not yet, says the server: this is no failure
            job.request, job.tries = None, 0
            self._pause = math.ceil(seconds * self._speed) + 1  # those are the server's seconds
        elif answer.status == NO_ANSWER:
            self._again(job, 5)
        elif answer.status >= 500 or not answer.code:
            self._again(job, 20)
        else:
            self._failures = 0
            self._settle(job, answer)

    def _again(self, job: _Job, seconds: int) -> None:
        self._failures += 1
        self._pause = min(seconds * self._failures, LONGEST_PAUSE)
        job.request = None
        if job.tries >= TRIES:
            self._settle(job, Answer(0, {}))

    def _settle(self, job: _Job, answer: Answer) -> None:
        self._jobs.remove(job)
        if not job.settled.done():  # nobody waits any more
            job.settled.set_result(answer)
