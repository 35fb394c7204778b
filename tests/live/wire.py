"""HTTP/1.1 by hand: bytes on a socket, for what no client library would send."""

import socket
import time
from types import TracebackType
from typing import Any, Final, Self

import msgspec
from msgspec import Struct

from tests.serving import Server

PATIENCE: Final = 60.0  # seconds


class Answer(Struct, frozen=True):
    """A response as it stood on the wire; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """Decode the body."""
        return msgspec.json.decode(self.body)

    @property
    def code(self) -> Any:
        """The problem's code; fails for anything but problem details."""
        assert self.headers["content-type"] == "application/problem+json", self
        return self.json()["code"]


class Wire:
    """One connection to a server."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)
        self._read = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        sort: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.socket.close()

    def send(self, *parts: bytes) -> None:
        """Send bytes as they are."""
        self.socket.sendall(b"".join(parts))

    def request(
        self,
        method: str,
        target: str | bytes,
        body: bytes | None = None,
        *headers: str,
        version: str = "1.1",
        key: bool = True,
    ) -> None:
        """Send a whole request; with a body it is said to be JSON of that length."""
        self.send(self.head(method, target, *headers, body=body, version=version, key=key))
        self.send(body or b"")

    def head(
        self,
        method: str,
        target: str | bytes,
        *headers: str,
        body: bytes | None = None,
        version: str = "1.1",
        key: bool = True,
    ) -> bytes:
        """Write the request line and the headers."""
        raw = target if isinstance(target, bytes) else target.encode()
        lines = [f"Host: 127.0.0.1:{self.server.port}", *headers]
        if key:
            lines.append(f"X-API-Key: {self.server.key}")
        if body is not None:
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        first = method.encode() + b" " + raw + b" HTTP/" + version.encode()
        return b"\r\n".join([first, *(line.encode("latin-1") for line in lines), b"", b""])

    def is_waited_for(self) -> bool:
        """Tell whether the server waits for a body now, which was to be told by 100 Continue."""
        return self._until(b"\r\n\r\n").startswith(b"HTTP/1.1 100 ")

    def answer(self, *, bodiless: bool = False) -> Answer:
        """Read one response; ``bodiless`` after a HEAD request."""
        head = self._until(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        status = int(first.split(" ")[1])
        headers = dict(line.lower().split(": ", 1) for line in lines if line)
        if 100 <= status < 200:
            return self.answer(bodiless=bodiless)
        length = 0 if bodiless or status in {204, 304} else int(headers["content-length"])
        return Answer(status, headers, self._exactly(length))

    def closed(self, within: float = PATIENCE) -> bool:
        """Tell whether the server closes the connection without sending more."""
        self.socket.settimeout(within)
        try:
            return self._read == b"" and self.socket.recv(1) == b""
        except ConnectionError:
            return True
        except TimeoutError:
            return False
        finally:
            self.socket.settimeout(PATIENCE)

    def silent(self, seconds: float = 0.2) -> bool:
        """Tell whether nothing more comes."""
        time.sleep(seconds)
        self.socket.setblocking(False)
        try:
            return self._read == b"" and self.socket.recv(1) == b""
        except BlockingIOError:
            return True
        finally:
            self.socket.settimeout(PATIENCE)

    def _until(self, mark: bytes) -> bytes:
        while mark not in self._read:
            self._read += self._more()
        found, _, self._read = self._read.partition(mark)
        return found

    def _exactly(self, length: int) -> bytes:
        while len(self._read) < length:
            self._read += self._more()
        found, self._read = self._read[:length], self._read[length:]
        return found

    def _more(self) -> bytes:
        chunk = self.socket.recv(65536)
        if not chunk:
            raise ConnectionResetError("the server closed the connection")
        return chunk
