"""Many clients at once, each on a connection of its own."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import httpx2

from tests.serving import Server

T = TypeVar("T")

CLIENTS: Final = 64


def at_once(
    server: Server, work: Callable[[httpx2.AsyncClient, int], Awaitable[T]], clients: int = CLIENTS
) -> list[T]:
    """Let clients 0, 1, … do their work at the same time; return what each came back with."""

    async def run() -> list[T]:
        limits = httpx2.Limits(max_connections=clients, max_keepalive_connections=clients)
        async with httpx2.AsyncClient(
            base_url=server.url, headers=server.headers, limits=limits, timeout=60
        ) as client:
            return await asyncio.gather(*(work(client, number) for number in range(clients)))

    return asyncio.run(run())
