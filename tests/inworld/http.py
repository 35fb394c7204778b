"""``llHTTPRequest``: really sent over HTTP, within the bounds of Second Life, and with faults."""

import asyncio
import json
import random
import uuid
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import httpx2

if TYPE_CHECKING:
    from tests.inworld.scripts import Script
    from tests.inworld.world import World

NULL_KEY: Final = str(uuid.UUID(int=0))
MOST_IN_20_S: Final = 25
SILENCE: Final = 40.0  # seconds without a call, after which one is let through again
MOST_ERRORS: Final = 5  # answers of 500 and more in 60 s
TIME_OUT: Final = 60.0
NO_ANSWER: Final = 499
THROTTLED: Final = 420
MOST_HEADERS: Final = 8

NAMES: Final = {  # options of llHTTPRequest by their numbers, and how many values each has
    0: ("method", 1),
    1: ("mimetype", 1),
    2: ("max_length", 1),
    3: ("verify", 1),
    5: ("header", 2),
    8: ("accept", 1),
    9: ("extended_error", 1),
}


@dataclass
class Options:
    """What a script asks for."""

    method: str = "GET"
    mimetype: str = "text/plain;charset=utf-8"
    max_length: int = 2048
    verify: int = 1
    accept: str = "text/plain;charset=utf-8"
    extended_error: int = 0
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, values: Sequence[Any]) -> "Options":
        """Read the list of options."""
        options, rest = cls(), deque(values)
        while rest:
            name, count = NAMES[rest.popleft()]
            given = [rest.popleft() for _ in range(count)]
            if name == "header":
                options.headers[given[0]] = given[1]
            else:
                setattr(options, name, given[0])
        assert len(options.headers) <= MOST_HEADERS
        assert sum(len(name + text) for name, text in options.headers.items()) <= 4096
        return options


BUSY: Final = '{"code":"rate_limited","msg":"I am very busy.","retryAfter":7}'
PAGE: Final = "<html>Not Gridgift</html>"
INSTEAD: Final = {  # faults that have an answer, though the server was not asked
    "unavailable": (503, PAGE),
    "foreign": (404, PAGE),
    "busy": (429, BUSY),
}


class Faults:
    """What goes wrong on the way, by chance: each is a share of the requests.

    ``dropped`` is never sent, of ``lost`` the answer never comes, the others are ``INSTEAD``.
    """

    def __init__(self, **shares: float) -> None:
        assert shares.keys() <= {"dropped", "lost", *INSTEAD}
        self.shares = shares

    def choose(self, chance: random.Random) -> str:
        """Return what happens to a request: nothing, if it is empty."""
        good = 1 - sum(self.shares.values())
        return chance.choices((*self.shares, ""), (*self.shares.values(), good))[0]


class Throttle:
    """How many requests an object may send."""

    def __init__(self) -> None:
        self.calls: deque[float] = deque()
        self.errors: deque[float] = deque()
        self.closed = False
        self.last = float("-inf")

    def passes(self, now: float) -> bool:
        """Count a call, and say whether it is sent."""
        if self.closed and now - self.last >= SILENCE:
            self.closed = False
            self.calls.clear()
            self.errors.clear()
        self.last = now
        _forget(self.calls, now - 20)
        _forget(self.errors, now - 60)
        full = len(self.calls) >= MOST_IN_20_S or len(self.errors) >= MOST_ERRORS
        self.closed = self.closed or full
        if not self.closed:
            self.calls.append(now)
        return not self.closed

    def count_answer(self, status: int, now: float) -> None:
        """Count an answer that is an error of the server's."""
        if status >= 500:
            self.errors.append(now)


def _forget(times: deque[float], before: float) -> None:
    while times and times[0] <= before:
        times.popleft()


@dataclass
class Sent:
    """A request that left a script, and what became of it."""

    at: float
    sender: str  # the object's key
    path: str
    headers: dict[str, str]
    body: str
    fault: str = ""
    status: int = 0


class Http:
    """What the objects of a world send."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.client = httpx2.AsyncClient(timeout=30, verify=False)  # there is no TLS
        self.faults = Faults()
        self.sent: list[Sent] = []
        self.throttled = 0

    def request(self, script: "Script", url: str, values: Sequence[Any], body: str) -> str:
        """Send a request, and return the key under which its answer comes."""
        options, key = Options.read(values), str(uuid.uuid4())
        if script.thing.throttle.passes(self.world.now):
            self.world.start(self._send(script, key, url, options, body))
            return key
        self.throttled += 1
        if not options.extended_error:
            return NULL_KEY
        problem = json.dumps({"title": "Throttled", "detail": "Too many requests."})
        self.world.start(self._answer_later(script, key, THROTTLED, problem))
        return key

    async def _answer_later(self, script: "Script", key: str, status: int, body: str) -> None:
        await asyncio.sleep(0.1)
        script.http_response(key, status, body)

    async def _send(
        self, script: "Script", key: str, url: str, options: Options, body: str
    ) -> None:
        sent = Sent(self.world.now, script.thing.key, httpx2.URL(url).path, options.headers, body)
        sent.fault = self.faults.choose(self.world.chance)
        self.sent.append(sent)
        beginning, era = self.world.now, self.world.era
        await asyncio.sleep(self.world.chance.uniform(0.1, 1.0))
        answer = await self._ask(script, url, options, body, sent.fault)
        if answer is None:
            await asyncio.sleep(beginning + TIME_OUT - self.world.now)
        sent.status, text = answer or (NO_ANSWER, "")
        script.thing.throttle.count_answer(sent.status, self.world.now)
        if self.world.era == era:  # answers that a restart of the region meets never come
            script.http_response(key, sent.status, text)

    async def _ask(
        self, script: "Script", url: str, options: Options, body: str, fault: str
    ) -> tuple[int, str] | None:
        if fault == "dropped":
            return None
        if fault in INSTEAD:
            return INSTEAD[fault]
        headers = options.headers | script.thing.headers() | {
            "Content-Type": options.mimetype,
            "Accept": options.accept,
        }  # fmt: skip
        try:
            with self.world.clock.standing():
                response = await self.client.request(
                    options.method, url, content=body.encode(), headers=headers
                )
        except httpx2.TransportError:
            return None
        return None if fault == "lost" else _seen(response, options)


def _seen(response: httpx2.Response, options: Options) -> tuple[int, str]:
    """Return what a script sees of an answer."""
    kind = response.headers.get("content-type", "").partition(";")[0]
    if kind not in {part.strip() for part in options.accept.replace(";", ",").split(",")}:
        return 415, "Unsupported or unknown Content-Type."
    return response.status_code, response.content[: options.max_length].decode(errors="replace")
