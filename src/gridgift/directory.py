"""The resident directory: unknown usernames are looked up outside, politely.

The request is Linden Lab's name-to-agent-id form: ``POST`` with an ``api-key`` header and
``{"username", "lastname"}``; 200 answers ``{"agent_id"}``, 404 means that nobody has the name.
Found residents are remembered in the database, misses here for a while.
"""

import asyncio
import time
from collections import OrderedDict
from contextlib import AsyncExitStack
from typing import Final
from weakref import WeakValueDictionary

import httpx2

from gridgift.domain import residents
from gridgift.domain.failures import ResidentNotFound
from gridgift.domain.ids import NIL_UUID, parse_uuid
from gridgift.domain.model import Resident
from gridgift.limits import Bucket
from gridgift.logs import Log, reason
from gridgift.look_ups import Budgets
from gridgift.storage.database import Database

TIMEOUT: Final = 3.0  # seconds for one look-up, waiting for its turn included
INTERVAL: Final = 0.5  # seconds between two requests: the service takes about 2 a second
MISSED_FOR: Final = 600.0  # seconds that an unknown name is not asked for again
MAX_MISSES: Final = 10_000

log = Log("gridgift.directory")


class Directory:
    """Looks usernames up at a resolver and remembers what it says."""

    def __init__(
        self,
        database: Database,
        url: str,
        key: str,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._database = database
        address = httpx2.URL(url)
        self._client = httpx2.AsyncClient(
            auth=(address.username, address.password) if address.userinfo else None,
            headers={"api-key": key},
            timeout=TIMEOUT,
            transport=transport,
        )
        self._url = address.copy_with(userinfo=b"")  # which failures name, in the log
        self._lines: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._turn = asyncio.Lock()
        self._budgets = Budgets()
        self._next_request = 0.0
        self._misses: OrderedDict[str, float] = OrderedDict()

    async def learn(
        self, identifier: str, asker: Bucket | None = None, _store_id: str = ""
    ) -> None:
        """Look a username up for an API key or a link, and remember its resident.

        Raises ``ResidentNotFound`` if nobody has the name, if the identifier is a UUID (there is
        no way to ask for a UUID from outside), or if the directory could not be asked; and
        ``TooManyLookUps`` if the asker's budget is spent. ``asker`` is None for the server's own.
        Whom it finds is known at every store.
        """
        if parse_uuid(identifier) is not None or self._missed(identifier):
            raise ResidentNotFound(identifier)
        await self._budgets.take(asker)
        try:
            async with asyncio.timeout(TIMEOUT):
                uuid = await self._ask(identifier, asker)
        except (httpx2.HTTPError, ValueError, RecursionError, TimeoutError) as error:
            log.warning("directory failed", why=reason(error))
            raise ResidentNotFound(identifier, directory_failed=True) from error
        if uuid is None:
            self._note_miss(identifier)
            raise ResidentNotFound(identifier)
        await self._database.write(residents.remember, Resident(uuid, identifier))

    async def close(self) -> None:
        """Close the connections to the resolver."""
        await self._client.aclose()

    async def _ask(self, username: str, asker: Bucket | None) -> str | None:
        first, _, last = username.partition(".")
        await self._wait_for_turn(asker)
        response = await self._client.post(
            self._url, json={"username": first, "lastname": last or "resident"}
        )
        if response.status_code == httpx2.codes.NOT_FOUND:
            return None
        response.raise_for_status()
        answer = response.json()
        uuid = parse_uuid(str(answer.get("agent_id", ""))) if isinstance(answer, dict) else None
        if uuid is None or uuid == NIL_UUID:
            raise ValueError("the resolver's answer has no agent_id")
        return uuid

    async def _wait_for_turn(self, asker: Bucket | None) -> None:
        """Wait in a line of the asker's own, then in one of its kind, then for the next request.

        So each line has one place in the next one, and nobody who asks for many names keeps the
        others waiting for all of them.
        """
        lines = [] if asker is None else [f"{asker.kind} {asker.name}"]
        if asker is not None and asker.kind == "token":
            lines.append("token")  # all links together; each API key has a place
        async with AsyncExitStack() as stack:
            for name in lines:
                line = self._lines.setdefault(name, asyncio.Lock())
                await stack.enter_async_context(line)
            async with self._turn:
                await asyncio.sleep(self._next_request - time.monotonic())
                self._next_request = time.monotonic() + INTERVAL

    def _missed(self, username: str) -> bool:
        until = self._misses.get(username)
        if until is not None and until < time.monotonic():
            del self._misses[username]
            return False
        return until is not None

    def _note_miss(self, username: str) -> None:
        self._misses[username] = time.monotonic() + MISSED_FOR
        if len(self._misses) > MAX_MISSES:
            self._misses.popitem(last=False)
