"""The constant that much is measured against: Granian and Starlette, set up as Gridgift does it.

It imports nothing of Gridgift, whose weight it would then carry.

``python -m bench.hello PORT``
"""

import sys
from typing import Any, Final

from granian import Granian
from granian.constants import HTTPModes, Interfaces, Loops, SSLProtocols
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.common import AbstractServer
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

# as many bytes as a card has
CARD: Final = (
    b'{"id":"019aad3c-9d4b-7c1e-8f3a-2b1c0d9e8f7a","ownerUuid":"c7d8e9f0-1a2b-4c3d-9e4f-5a6b7c8d9e0f",'
    b'"ownerUsername":"r0012345","credit":500,"active":true,"redeemed":false,"transfer":false,'
    b'"texture":null,"purchased":false}'
)
# the same as those of gridgift serve, which a test compares
OPTIONS: Final[dict[str, Any]] = {
    "interface": Interfaces.ASGI,
    "workers": 1,
    "loop": Loops.auto,
    "http": HTTPModes.http1,
    "http1_settings": HTTP1Settings(header_read_timeout=10_000, max_buffer_size=128 * 1024),
    "websockets": False,
    "backlog": 2_048,
    "backpressure": 16_384,
    "log_level": LogLevels.error,
    "log_access": False,
    "ssl_cert": None,
    "ssl_key": None,
    "ssl_protocol_min": SSLProtocols.tls12,
    "respawn_failed_workers": True,
    "workers_kill_timeout": 8,
}


async def hello(_: Request) -> Response:
    """Answer the constant."""
    return Response(CARD, media_type="application/json")


app = Starlette(routes=[Route("/hello", hello, methods=["GET", "POST"])])


def main() -> None:
    """Serve it on a port of this machine."""
    server: AbstractServer[Any] = Granian(
        "bench.hello:app", address="127.0.0.1", port=int(sys.argv[1]), **OPTIONS
    )
    server.serve()


if __name__ == "__main__":
    main()
