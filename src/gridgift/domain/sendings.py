"""Cards that somebody of a store sends: rows that wait until they are checked and sent.

A sending is kept from its first check on, so that nobody has to keep a page open. What comes of its
rows stands in its import, whose identity is the file's (decision 17).
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, Self

from msgspec import Struct

from gridgift.domain import imports
from gridgift.domain.bulk import Row
from gridgift.domain.failures import Failure
from gridgift.domain.ids import NIL_UUID
from gridgift.domain.import_failures import ImportTaken
from gridgift.domain.imports import Import
from gridgift.domain.instants import DAY
from gridgift.domain.model import Caller
from gridgift.domain.sending_failures import SendingNotFound
from gridgift.storage.database import Tx

KEPT_FOR: Final = 7 * DAY
PAGE: Final = 100  # sendings that are looked at in one statement


class Sending(Struct, frozen=True):
    """What is sent: a CSV ``text`` of ``row_count`` rows, from a ``file`` unless that is empty.

    ``terms`` is a JSON object of what the text leaves open. ``digest`` is the import's identity.
    """

    store_id: str
    id: str
    digest: bytes
    file: str
    text: str
    terms: str
    row_count: int
    actor_id: str
    created_at: int = 0
    sent_at: int | None = None
    done_at: int | None = None

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> Self:
        """Build it from the columns of the SQL fragment ``sending``."""
        return cls(*row)

    @property
    def caller(self) -> Caller:
        """Who sends it: the ledger's entries name them, and the sending as the request."""
        return Caller(self.store_id, "operator", self.actor_id, f"send {self.id}")


async def add(tx: Tx, sending: Sending) -> None:
    """Keep a sending that is to be checked; nothing is sent yet."""
    await tx.run(
        "sending_add",
        store_id=sending.store_id, id=sending.id, digest=sending.digest, file=sending.file,
        text=sending.text, terms=sending.terms, row_count=sending.row_count,
        actor_id=sending.actor_id, created_at=tx.now(),
    )  # fmt: skip


async def find(tx: Tx, store_id: str, sending_id: str) -> tuple[Sending, Import | None]:
    """Return a sending, and what came of its file so far. Raises ``SendingNotFound``."""
    row = await tx.one("sending_find", store_id=store_id, id=sending_id)
    if row is None:
        raise SendingNotFound(sending_id)
    sending = Sending.from_row(row)
    return sending, await imports.find(tx, store_id, sending.digest)


async def list_of(tx: Tx, store_id: str, rows: int) -> list[Sending]:
    """Return the store's newest sendings, without their texts."""
    return [
        Sending.from_row(row)
        for row in await tx.all("sendings_newest", store_id=store_id, rows=rows)
    ]


async def send(tx: Tx, store_id: str, sending_id: str, *, again: bool) -> Sending:
    """Say that a sending is to be sent; return it as it was before.

    Nothing changes if that was said already. ``again``: although the same file was sent before.
    Raises ``SendingNotFound``, ``ImportFinished``, and ``ImportTaken`` while the same file is being
    sent.
    """
    sending, _ = await find(tx, store_id, sending_id)
    if sending.sent_at is not None:
        return sending
    file = {"store_id": store_id, "digest": sending.digest}
    if await tx.one("sending_rival", **file, id=sending_id) is not None:
        raise ImportTaken
    if not await tx.run("sending_send", store_id=store_id, id=sending_id, now=tx.now()):
        return (await find(tx, store_id, sending_id))[0]  # it was said meanwhile
    await imports.begin(tx, store_id, sending.digest, again=again, name=sending.file)
    return sending


async def unfinished(tx: Tx) -> list[tuple[str, str]]:
    """Return the stores and ids of sendings that are being sent, the oldest first."""
    rows = await tx.all("sendings_unfinished", rows=PAGE)
    return [(store_id, sending_id) for store_id, sending_id in rows]


async def grant(
    tx: Tx,
    sending: Sending,
    first: int,
    rows: Sequence[Row],
    ids: Sequence[str],
    say: Callable[[Failure], str] = imports.problem,
) -> None:
    """Grant the rows behind the ``first`` ones; ``say`` says why a row is refused.

    Raises ``ImportTaken`` if another server has done them.
    """
    begun = Import(sending.store_id, sending.digest, rows_done=first)
    await imports.grant(tx, sending.caller, begun, rows, ids, say, remember=False)


async def finish(tx: Tx, sending: Sending, bulk_id: str) -> None:
    """Note that all rows are done, or that its import was ended; it is not an error to be late."""
    if not await tx.run("sending_done", store_id=sending.store_id, id=sending.id, now=tx.now()):
        return
    begun = await imports.find(tx, sending.store_id, sending.digest)
    if begun is not None and begun.finished_at is None:
        amount = await imports.amount_of(tx, begun)
        await imports.finish(tx, sending.caller, begun, bulk_id, amount, keep_refusals=True)


async def forget(tx: Tx, rows: int) -> int:
    """Delete up to ``rows`` sendings of a week ago that are not being sent; return how many."""
    old = await tx.all("sendings_old", until_at=tx.now() - KEPT_FOR, rows=rows)
    for store_id, sending_id, digest in old:
        await _forget(tx, store_id, sending_id, digest)
    return len(old)


async def forget_those(tx: Tx, store_id: str, is_meant: Callable[[str], bool]) -> int:
    """Delete the store's sendings with a text that is meant; return how many.

    Not those that are being sent.
    """
    found, after = 0, NIL_UUID
    while rows := await tx.all("sendings_quiet", store_id=store_id, after=after, rows=PAGE):
        for (after,) in rows:
            sending, _ = await find(tx, store_id, after)
            if is_meant(sending.text):
                found += 1
                await _forget(tx, store_id, after, sending.digest)
    return found


async def _forget(tx: Tx, store_id: str, sending_id: str, digest: bytes) -> None:
    """Delete a sending, and why rows of it were refused."""
    await tx.run("sending_forget", store_id=store_id, id=sending_id)
    ended = await imports.find(tx, store_id, digest)
    if ended is not None and ended.finished_at is not None:
        await tx.run("refusals_forget", store_id=store_id, digest=digest)
