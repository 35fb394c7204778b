"""A receiver of webhooks for tests: real HTTP on a port of this machine, in a thread of its own."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from ssl import SSLContext
from typing import Any, Final

from msgspec import Struct

OK: Final = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


class Received(Struct, frozen=True):
    """A request as it came; ``at`` is in seconds of the monotonic clock."""

    at: float
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)

    @property
    def id(self) -> str:
        """The message's id."""
        return self.headers["webhook-id"]


def says(status: int, body: bytes = b"", headers: Mapping[str, str] = {}) -> bytes:
    """Write a whole answer."""
    lines = [f"HTTP/1.1 {status} Whatever", f"content-length: {len(body)}"]
    lines += [f"{name}: {text}" for name, text in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Receiver:
    """Keeps what it gets. ``answer`` says what it answers, ``delay`` after how many seconds."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.answer: Callable[[Received], bytes] = lambda _: OK
        self.delay = 0.0
        self.connections = 0
        self.url = ""

    @classmethod
    @contextmanager
    def started(
        cls, host: str = "127.0.0.1", port: int = 0, tls: SSLContext | None = None
    ) -> Iterator["Receiver"]:
        """Listen until the block ends."""
        receiver, loop = cls(), asyncio.new_event_loop()
        server = loop.run_until_complete(
            asyncio.start_server(receiver._converse, host, port, ssl=tls, backlog=1_000)
        )
        receiver.port = server.sockets[0].getsockname()[1]
        receiver.url = f"http{'s' if tls else ''}://{host}:{receiver.port}/hook"
        thread = threading.Thread(target=loop.run_forever)
        thread.start()
        try:
            yield receiver
        finally:
            loop.call_soon_threadsafe(server.close)  # no other thread may
            loop.call_soon_threadsafe(receiver._end, loop)
            thread.join()
            loop.close()

    def ids(self, target: str = "") -> list[str]:
        """Return the ids of what came, all of it or that to one target, in this order."""
        return [each.id for each in self.received if target in {"", each.target}]

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                self.received.append(one := await self._read(reader))
                await asyncio.sleep(self.delay)
                writer.write(self.answer(one))
                await writer.drain()

    async def _read(self, reader: asyncio.StreamReader) -> Received:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {
            name.lower(): text for name, _, text in (line.partition(": ") for line in lines) if name
        }
        body = await reader.readexactly(int(headers["content-length"]))
        return Received(time.monotonic(), first.split(" ")[1], headers, body)

    def _end(self, loop: asyncio.AbstractEventLoop) -> None:
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.call_soon(loop.stop)
