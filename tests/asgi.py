"""An application in this process, called as a client of httpx calls a server.

Starlette's client hands eight things from thread to thread for a request, and begins a thread for
each application. This one hands over one for a request, to an event loop that the next application
uses again.
"""

import asyncio
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any, Final

import httpx2
from starlette.types import ASGIApp, Message


class EventLoop:
    """An event loop in a thread of its own, for whom runs in another one."""

    _idle: Final[list["EventLoop"]] = []

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        Thread(target=self._loop.run_forever, name="event loop", daemon=True).start()

    @classmethod
    @contextmanager
    def borrowed(cls) -> Iterator["EventLoop"]:
        """Take one that nobody uses; what is still to do in it in the end is cancelled."""
        loop = cls._idle.pop() if cls._idle else cls()
        try:
            yield loop
        finally:
            loop.call(_cancel_others)
        cls._idle.append(loop)

    def call(self, function: Any, *args: Any) -> Any:
        """Call a function there, or run a coroutine; return or raise what came of it."""

        async def run() -> Any:
            result = function(*args)
            return await result if inspect.isawaitable(result) else result

        future = asyncio.run_coroutine_threadsafe(run(), self._loop)
        try:
            return future.result()
        finally:
            future.cancel()  # where the wait was broken off


async def _cancel_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


class AppClient(httpx2.Client):
    """Sends requests to an application, and raises what it raises."""

    def __init__(self, app: ASGIApp, portal: EventLoop, base_url: str) -> None:
        self.app = app
        self.portal = portal
        self.peer = ("testclient", 50_000)
        super().__init__(
            base_url=base_url,
            headers={"user-agent": "testclient"},
            transport=_Transport(self),
            follow_redirects=True,
        )

    @classmethod
    @contextmanager
    def opened(cls, app: ASGIApp, base_url: str) -> Iterator["AppClient"]:
        """Begin the application, and end it."""
        with EventLoop.borrowed() as portal:
            client = cls(app, portal, base_url)
            lifespan = _Lifespan(app)
            portal.call(lifespan.begin)
            try:
                yield client
            finally:
                portal.call(lifespan.end)


class _Lifespan:
    """An application's life, from its startup to its shutdown."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def begin(self) -> None:
        """Start it, or raise why it does not start."""
        self._events: asyncio.Queue[Message] = asyncio.Queue()
        self._answers: asyncio.Queue[Message] = asyncio.Queue()
        self._life = asyncio.create_task(
            self._app({"type": "lifespan"}, self._events.get, self._answers.put)  # type: ignore[arg-type]
        )
        await self._tell("startup")

    async def end(self) -> None:
        """Let it end, and wait until it has."""
        await self._tell("shutdown")
        await self._life

    async def _tell(self, event: str) -> None:
        await self._events.put({"type": f"lifespan.{event}"})
        answer = asyncio.create_task(self._answers.get())
        await asyncio.wait({answer, self._life}, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done() or answer.result()["type"].endswith(".failed"):
            answer.cancel()
            await self._life
        assert answer.result()["type"] == f"lifespan.{event}.complete"


class _Transport(httpx2.BaseTransport):
    """Hands a request over to the loop, where httpx calls the application."""

    def __init__(self, client: AppClient) -> None:
        self._client = client

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Answer a request, once the application has done all that it does for it."""
        request.read()
        return self._client.portal.call(self._answer, request)

    async def _answer(self, request: httpx2.Request) -> httpx2.Response:
        within = httpx2.ASGITransport(self._client.app, client=self._client.peer)
        response = await within.handle_async_request(request)
        response.stream = httpx2.ByteStream(await response.aread())
        return response
